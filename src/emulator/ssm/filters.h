#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "emulator/ssm/operation.h"

/// `ParameterFilters` of listings.
/// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
namespace sortie::emulator::ssm {

struct Filter {
  std::string key;     ///< Name, Type, KeyId, Path, Label, Tier, DataType, `tag:KEY`
  std::string option;  ///< Equals, BeginsWith, Contains; of Path Recursive, OneLevel
  std::vector<std::string> values;
};

/// Which listing: not every key is there for both.
enum class Listing : std::uint8_t { by_path, describe };

/// 400 InvalidFilterKey, InvalidFilterOption, InvalidFilterValue, ValidationException.
AwsResult<std::vector<Filter>> read_filters(Arguments& arguments, Listing listing);
/// All of them must match.
bool matches(const std::vector<Filter>& filters, const Parameter& parameter, const Tags& tags);
/// Whether `name` lies below `path`, directly or at any depth.
bool lies_below(std::string_view name, std::string_view path, bool recursive);

}  // namespace sortie::emulator::ssm
