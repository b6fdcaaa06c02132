#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/core/sql.h"
#include "emulator/core/store.h"

namespace sortie::emulator::ssm {

/// One version of a parameter.
struct Parameter {
  std::string name;
  std::int64_t version = 0;
  std::string type;  ///< String, StringList, SecureString
  std::string value;
  std::string description;
  std::string key_id;  ///< of a SecureString
  std::string allowed_pattern;
  std::string tier;  ///< Standard, Advanced
  std::string data_type = "text";
  SystemTime modified{};
  std::string modified_by;  ///< ARN
  std::vector<std::string> labels;
};

using Tags = std::map<std::string, std::string>;

/// What is kept: the last versions of each parameter, with their labels, and its tags. Every change is written when the
/// call returns. Database failures are SQLite::Exception.
class ParameterStore {
 public:
  static constexpr std::int64_t k_kept_versions = 100;

  explicit ParameterStore(Store& store);

  /// The newest version.
  std::optional<Parameter> find(const std::string& region, const std::string& name);
  std::optional<Parameter> find_version(const std::string& region, const std::string& name, std::int64_t version);
  std::optional<Parameter> find_label(const std::string& region, const std::string& name, const std::string& label);
  /// The newest version of each whose name is `after` the given one, by name, at most `limit`. `prefix`: of the name.
  std::vector<Parameter> list(const std::string& region, const std::string& prefix, const std::string& after,
                              std::size_t limit);
  /// All kept versions, the oldest first.
  std::vector<Parameter> history(const std::string& region, const std::string& name);
  std::int64_t count(const std::string& region);

  /// Adds a version; the oldest goes when there would be more than k_kept_versions.
  void add(const std::string& region, const Parameter& parameter, const std::optional<Tags>& tags);
  void set_labels(const std::string& region, const Parameter& parameter);
  /// With all its versions and tags. False: there is none.
  bool erase(const std::string& region, const std::string& name);

  Tags tags(const std::string& region, const std::string& name);
  void set_tags(const std::string& region, const std::string& name, const Tags& tags);

 private:
  static Parameter read(const Query& row);
  void write_tags(const std::string& region, const std::string& name, const Tags& tags);

  Statements statements_;
};

}  // namespace sortie::emulator::ssm
