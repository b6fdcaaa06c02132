#include <fmt/format.h>

#include <array>

#include "emulator/core/pattern.h"
#include "emulator/core/protocol.h"
#include "emulator/core/validation.h"
#include "emulator/ssm/operation.h"

/// Operations that make parameters and delete them.
/// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
namespace sortie::emulator::ssm {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_name = 2048;
constexpr std::size_t k_max_description = 1024;
constexpr std::size_t k_max_pattern = 1024;
constexpr std::size_t k_max_standard = 4096;
constexpr std::size_t k_max_advanced = 8192;
constexpr std::size_t k_max_request_value = 1 << 20;
constexpr std::int64_t k_max_parameters = 10'000;
constexpr std::size_t k_max_names = 10;
constexpr char k_default_key[] = "alias/aws/ssm";
constexpr std::array<std::string_view, 3> k_types{"String", "StringList", "SecureString"};
constexpr std::array<std::string_view, 3> k_tiers{"Standard", "Advanced", "Intelligent-Tiering"};

std::unexpected<AwsError> refuse(std::string message) {
  return aws_fail(400, "ValidationException", std::move(message));
}

/// What PutParameter says.
struct Put {
  Parameter parameter;
  bool overwrite = false;
  std::optional<Tags> tags;
};

AwsResult<Put> read_put(const json::object& input) {
  Arguments arguments(input);
  Put put;
  Parameter& parameter = put.parameter;
  parameter.name = arguments.text("Name", 1, k_max_name);
  parameter.value = arguments.text("Value", 0, k_max_request_value);
  parameter.type = arguments.choice("Type", k_types);
  parameter.description = arguments.optional_text("Description", k_max_description);
  parameter.key_id = arguments.optional_text("KeyId", 256);
  parameter.allowed_pattern = arguments.optional_text("AllowedPattern", k_max_pattern);
  parameter.tier = arguments.choice("Tier", k_tiers);
  if (arguments.has("DataType")) parameter.data_type = arguments.optional_text("DataType", 128);
  put.overwrite = arguments.flag("Overwrite");
  put.tags = arguments.tags("Tags");
  const auto policies = arguments.optional_text("Policies", 4096);
  RETURN_IF_ERROR(arguments.check());
  // An empty list takes policies away: there are none.
  if (!policies.empty() && policies != "[]") {
    return std::unexpected(not_implemented("ssm", "PutParameter with Policies"));
  }
  if (parameter.data_type == "aws:ec2:image" || parameter.data_type == "aws:ssm:integration") {
    return std::unexpected(not_implemented("ssm", "PutParameter with DataType " + parameter.data_type));
  }
  if (parameter.data_type != "text") {
    return refuse("The following data type is not supported: " + parameter.data_type +
                  " (Data type names are all lowercase.)");
  }
  return put;
}

AwsResult<void> check_value(const Parameter& parameter) {
  if (parameter.value.empty()) {
    return refuse(violation("value", "", constraint::min_length(1) + "."));
  }
  if (parameter.type == "StringList") {
    // Items are what stands between commas.
    const std::string& list = parameter.value;
    if (list.front() == ',' || list.back() == ',' || list.contains(",,")) {
      return refuse("Parameter value can't have an empty item in a StringList");
    }
  }
  if (parameter.allowed_pattern.empty()) return {};
  const auto pattern = Pattern::parse(parameter.allowed_pattern);
  if (!pattern) {
    return aws_fail(400, "InvalidAllowedPatternException",
                    fmt::format("The allowed pattern {} isn't a valid regular expression: {}",
                                parameter.allowed_pattern, pattern.error()));
  }
  if (pattern->matches(parameter.value)) return {};
  return aws_fail(400, "ParameterPatternMismatchException",
                  fmt::format("Parameter value doesn't match the allowed pattern {}", parameter.allowed_pattern));
}

/// Standard or Advanced, for what was asked for.
AwsResult<std::string> choose_tier(const Parameter& wanted, const std::optional<Parameter>& before) {
  const auto size = wanted.value.size();
  std::string tier = wanted.tier;
  if (tier == "Intelligent-Tiering") {
    const bool advanced = size > k_max_standard || (before && before->tier == "Advanced");
    tier = advanced ? "Advanced" : "Standard";
  } else if (tier.empty()) {
    tier = before ? before->tier : "Standard";
  }
  if (before && before->tier == "Advanced" && tier == "Standard") {
    return refuse(
        "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter "
        "tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a "
        "standard parameter.");
  }
  if (tier == "Standard" && size > k_max_standard) {
    return refuse(
        "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter "
        "value, upgrade the parameter to use the advanced-parameter tier. For more information, see "
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html");
  }
  if (size > k_max_advanced) {
    return refuse("Advanced tier parameters support a maximum parameter value of 8192 characters.");
  }
  return tier;
}

AwsResult<void> check_key(const Call& call, Parameter& parameter) {
  if (parameter.type != "SecureString") {
    if (parameter.key_id.empty()) return {};
    return refuse("KeyId is required for SecureString type parameter only.");
  }
  if (parameter.key_id.empty()) parameter.key_id = k_default_key;
  if (parameter.key_id == k_default_key || parameter.key_id.ends_with(std::string(":") + k_default_key)) return {};
  // The embedded AWS has no KMS: no other key can be there.
  return aws_fail(400, "InvalidKeyId",
                  fmt::format("{} '{}' does not exist: region {} of the embedded AWS has the key {} alone",
                              parameter.key_id.starts_with("alias/") ? "Alias" : "Key", parameter.key_id, call.region,
                              k_default_key));
}

/// What an overwritten parameter keeps when the request does not say.
AwsResult<void> inherit(Parameter& parameter, const Parameter& before, const json::object& input) {
  if (parameter.type.empty()) parameter.type = before.type;
  if (parameter.type != before.type) {
    return aws_fail(400, "HierarchyTypeMismatchException",
                    "Parameter Store doesn't support changing a parameter type in a hierarchy. For example, you can't "
                    "change a parameter from a String type to a SecureString type. You must create a new, unique "
                    "parameter.");
  }
  if (!input.contains("AllowedPattern")) parameter.allowed_pattern = before.allowed_pattern;
  if (!input.contains("Description")) parameter.description = before.description;
  if (parameter.key_id.empty()) parameter.key_id = before.key_id;
  parameter.version = before.version;
  return {};
}

AwsResult<void> check_room(Operation& operation, const Parameter& parameter, const std::optional<Parameter>& before) {
  const auto& region = operation.call.region;
  if (!before) {
    if (operation.store.count(region) < k_max_parameters) return {};
    return aws_fail(400, "ParameterLimitExceeded",
                    "You have exceeded the number of parameters for this AWS account and region: delete one or more "
                    "parameters and try again.");
  }
  const auto oldest =
      operation.store.find_version(region, parameter.name, before->version + 1 - ParameterStore::k_kept_versions);
  if (!oldest || oldest->labels.empty()) return {};
  return aws_fail(400, "ParameterMaxVersionLimitExceeded",
                  fmt::format("You attempted to create a new version of {} by calling the PutParameter API with the "
                              "overwrite flag. Version {}, the oldest version, can't be deleted because it has a label "
                              "associated with it. Move the label to another version of the parameter, and try again.",
                              parameter.name, oldest->version));
}

ContextKeys request_context(const Put& put) {
  ContextKeys context{{"ssm:Overwrite", put.overwrite ? "true" : "false"}};
  for (const auto& [key, value] : put.tags.value_or(Tags())) {
    context.emplace_back("aws:RequestTag/" + key, value);
    context.emplace_back("aws:TagKeys", key);
  }
  return context;
}

AwsResult<json::object> put_parameter(Operation& operation) {
  ASSIGN_OR_RETURN(Put put, read_put(operation.input));
  Parameter& parameter = put.parameter;
  RETURN_IF_ERROR(operation.allow("PutParameter", parameter.name, request_context(put)));
  RETURN_IF_ERROR(check_new_name(operation.call, parameter.name));
  if (put.tags && put.overwrite) {
    return refuse(
        "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove "
        "overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or "
        "RemoveTagsFromResource.");
  }
  if (put.tags) {
    RETURN_IF_ERROR(operation.allow("AddTagsToResource", parameter.name, request_context(put)));
    RETURN_IF_ERROR(check_tags(*put.tags));
  }
  const auto before = operation.store.find(operation.call.region, parameter.name);
  if (before && !put.overwrite) {
    return aws_fail(400, "ParameterAlreadyExists",
                    "The parameter already exists. To overwrite this value, set the overwrite option in the request to "
                    "true.");
  }
  if (!before && parameter.type.empty()) {
    return refuse("A parameter type is required when you create a parameter.");
  }
  if (before) RETURN_IF_ERROR(inherit(parameter, *before, operation.input));
  RETURN_IF_ERROR(check_key(operation.call, parameter));
  RETURN_IF_ERROR(check_value(parameter));
  ASSIGN_OR_RETURN(parameter.tier, choose_tier(parameter, before));
  RETURN_IF_ERROR(check_room(operation, parameter, before));
  ++parameter.version;
  parameter.modified = operation.clock.now();
  parameter.modified_by = operation.call.principal.arn;
  operation.store.add(operation.call.region, parameter, put.tags);
  return json::object{{"Version", parameter.version}, {"Tier", parameter.tier}};
}

AwsResult<json::object> delete_parameter(Operation& operation) {
  Arguments arguments(operation.input);
  const auto text = arguments.text("Name", 1, k_max_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto name, parse_name(operation.call, text));
  RETURN_IF_ERROR(operation.allow("DeleteParameter", name.name));
  if (!name.selector.empty() || !operation.store.erase(operation.call.region, name.name)) {
    return aws_fail(400, "ParameterNotFound", fmt::format("Parameter {} not found.", text));
  }
  return json::object();
}

AwsResult<json::object> delete_parameters(Operation& operation) {
  Arguments arguments(operation.input);
  const auto texts = arguments.texts("Names", k_max_names);
  RETURN_IF_ERROR(arguments.check());
  std::vector<ParameterName> names;
  for (const auto& text : texts) {
    ASSIGN_OR_RETURN(auto name, parse_name(operation.call, text));
    RETURN_IF_ERROR(operation.allow("DeleteParameters", name.name));
    names.push_back(std::move(name));
  }
  json::array deleted;
  json::array invalid;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool done = names[i].selector.empty() && operation.store.erase(operation.call.region, names[i].name);
    (done ? deleted : invalid).emplace_back(texts[i]);
  }
  return json::object{{"DeletedParameters", std::move(deleted)}, {"InvalidParameters", std::move(invalid)}};
}

}  // namespace

std::span<const Row> write_operations() {
  static constexpr Row k_operations[]{
      {.name = "PutParameter", .handler = put_parameter, .lacks = "policies, data types of EC2 and integrations"},
      {"DeleteParameter", delete_parameter},
      {"DeleteParameters", delete_parameters},
  };
  return k_operations;
}

}  // namespace sortie::emulator::ssm
