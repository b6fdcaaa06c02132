#include "emulator/lambda/api/destinations.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "wire/arn.h"
#include "wire/json.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr char k_pattern[] =
    R"(Member must satisfy regular expression pattern: $|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*))";

/// Whether `text` fits the pattern: of an ARN the parts that a typing error breaks are looked at.
bool is_destination(std::string_view text) {
  if (text.empty() || text.starts_with("kafka://")) return true;
  auto arn = wire::parse_arn(text);
  if (!arn || !arn->partition.starts_with("aws")) return false;
  return std::all_of(arn->service.begin(), arn->service.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

/// As AWS's messages write the document.
std::string describe_way(const json::object& destinations, std::string_view member, std::string_view name) {
  const auto* way = wire::find(destinations, member);
  if (way == nullptr || !way->is_object()) return "null";
  auto arn = wire::string_or(way->get_object(), "Destination", "null");
  return fmt::format("{}(destination={})", name, arn);
}

}  // namespace

AwsResult<void> check_destinations(const Operation& operation, const Function& function) {
  const auto& destinations = wire::object_or_empty(operation.body, "DestinationConfig");
  std::vector<std::string> broken;
  std::vector<std::string> arns;
  for (auto [member, name] : {std::pair{"OnSuccess", "onSuccess"}, {"OnFailure", "onFailure"}}) {
    auto arn = wire::string_or(wire::object_or_empty(destinations, member), "Destination");
    if (!is_destination(arn)) {
      broken.push_back(constraint(arn, fmt::format("destinationConfig.{}.destination", name), k_pattern));
    } else if (!arn.empty()) {
      arns.push_back(std::move(arn));
    }
  }
  if (!broken.empty()) return std::unexpected(validation_error(broken));
  for (const auto& text : arns) {
    auto arn = wire::parse_arn(text);
    const auto service = arn ? arn->service : std::string();
    if (service == "sqs" || service == "sns" || service == "events" || service == "s3") {
      return std::unexpected(
          not_implemented("lambda", "event invoke configurations with destinations other than functions"));
    }
    if (service != "lambda") {
      return std::unexpected(invalid_parameter(fmt::format(
          "The provided destination config DestinationConfig(onSuccess={}, onFailure={}) is invalid.",
          describe_way(destinations, "OnSuccess", "OnSuccess"), describe_way(destinations, "OnFailure", "OnFailure"))));
    }
    auto ref = operation.name_of(NameUse::other, text, {});
    auto* other = ref ? operation.functions.find(ref->region, ref->name) : nullptr;
    if (other == &function) {
      return std::unexpected(invalid_parameter("You can't specify the function as a destination for itself."));
    }
    if (other == nullptr || other->find(ref->qualifier) == nullptr) {
      return std::unexpected(invalid_parameter(fmt::format("The destination ARN {} is invalid.", text)));
    }
  }
  return {};
}

}  // namespace sortie::emulator::lambda
