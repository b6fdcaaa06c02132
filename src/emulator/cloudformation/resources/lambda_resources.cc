#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/base64.h"
#include "base/zip_writer.h"
#include "emulator/cloudformation/resources/lambda_types.h"
#include "emulator/cloudformation/resources/response_modules.h"
#include "emulator/cloudformation/template/values.h"
#include "wire/checksum.h"
#include "wire/uri.h"

/// Functions; lambda_version_resources.cc has versions, aliases, permissions and layers.
namespace sortie::emulator::cloudformation {
namespace lambda {

std::string function_path(std::string_view function) {
  return "/2015-03-31/functions/" + wire::uri_encode(function);
}

Step step(std::string method, std::string path, const boost::json::object* body) {
  return Step{.service = "lambda", .request = lambda_request(std::move(method), std::move(path), body)};
}

}  // namespace lambda

namespace {

namespace json = boost::json;
using Change = Property::Change;
using lambda::function_path;
using lambda::step;

constexpr std::size_t k_name_limit = 64;
constexpr std::size_t k_max_inline = 4096 * 1024;
constexpr auto k_first_wait = std::chrono::milliseconds(20);
constexpr auto k_longest_wait = std::chrono::milliseconds(1000);
constexpr int k_most_polls = 600;

constexpr Property unsupported(std::string_view name, Shape shape = Shape::object) {
  return {name, shape, Change::in_place, false, true};
}

constexpr std::array k_properties = {
    Property{"Architectures", Shape::texts},
    Property{"Code", Shape::object, Change::in_place, true},
    Property{"DeadLetterConfig", Shape::object},
    Property{"Description"},
    Property{"Environment", Shape::object},
    Property{"EphemeralStorage", Shape::object},
    Property{"FileSystemConfigs", Shape::list},
    Property{"FunctionName", Shape::text, Change::replaces},
    Property{"Handler"},
    Property{"ImageConfig", Shape::object},
    Property{"KmsKeyArn"},
    Property{"Layers", Shape::texts},
    Property{"LoggingConfig", Shape::object},
    Property{"MemorySize", Shape::number},
    Property{"PackageType", Shape::text, Change::replaces},
    Property{"ReservedConcurrentExecutions", Shape::number},
    Property{"Role", Shape::text, Change::in_place, true},
    Property{"Runtime"},
    Property{"SnapStart", Shape::object},
    Property{"Tags", Shape::list},
    Property{"Timeout", Shape::number},
    Property{"TracingConfig", Shape::object},
    Property{"VpcConfig", Shape::object},
    unsupported("CapacityProviderConfig"),
    unsupported("CodeSigningConfigArn", Shape::text),
    unsupported("DurableConfig"),
    unsupported("FunctionScalingConfig"),
    unsupported("PublishToLatestPublished", Shape::boolean),
    unsupported("RecursiveLoop", Shape::text),
    unsupported("RuntimeManagementConfig"),
    unsupported("TenancyConfig"),
};
constexpr std::array<std::string_view, 1> k_attributes = {"Arn"};

/// Properties that are members of the same name in CreateFunction and UpdateFunctionConfiguration.
constexpr std::array k_configuration = {"Role",
                                        "Handler",
                                        "Runtime",
                                        "Description",
                                        "Timeout",
                                        "MemorySize",
                                        "Environment",
                                        "EphemeralStorage",
                                        "Layers",
                                        "LoggingConfig",
                                        "TracingConfig",
                                        "VpcConfig",
                                        "DeadLetterConfig",
                                        "FileSystemConfigs",
                                        "ImageConfig",
                                        "KMSKeyArn",
                                        "SnapStart"};

std::string property_of(std::string_view member) {
  return member == "KMSKeyArn" ? "KmsKeyArn" : std::string(member);
}

/// Values inside that a template may have as text or number, and Lambda only as the other.
json::value shape_member(std::string_view member, const json::value& value) {
  if (!value.is_object()) return value;
  json::object object = value.get_object();
  if (member == "EphemeralStorage" && object.contains("Size")) {
    const auto size = to_number(scalar_text(object["Size"]).value_or(""));
    if (size) object["Size"] = static_cast<std::int64_t>(*size);
  }
  if (member == "Environment" && object.contains("Variables") && object["Variables"].is_object()) {
    for (auto& variable : object["Variables"].get_object()) {
      if (auto text = scalar_text(variable.value())) variable.value() = json::string(*text);
    }
  }
  return object;
}

/// What Lambda has where a template says nothing: an update to that is an update to these.
json::value default_of(std::string_view member) {
  if (member == "Description" || member == "KMSKeyArn") return json::string();
  if (member == "Timeout") return 3;
  if (member == "MemorySize") return 128;
  if (member == "Environment") return json::object{{"Variables", json::object()}};
  if (member == "EphemeralStorage") return json::object{{"Size", 512}};
  if (member == "Layers" || member == "FileSystemConfigs") return json::array();
  if (member == "TracingConfig") return json::object{{"Mode", "PassThrough"}};
  if (member == "LoggingConfig") return json::object{{"LogFormat", "Text"}};
  if (member == "SnapStart") return json::object{{"ApplyOn", "None"}};
  return json::object();
}

/// A file of the package, not compressed: the same template gives the same package everywhere.
Packed stored(std::string_view content) {
  wire::Checksum checksum(wire::ChecksumAlgorithm::crc32);
  checksum.update(content);
  std::uint32_t crc = 0;
  for (char byte : checksum.finish()) crc = crc << 8U | static_cast<unsigned char>(byte);
  return {.data = std::string(content), .stored = true, .crc32 = crc, .size = content.size()};
}

AwsResult<json::object> code_of(const Properties& properties) {
  const Properties code = object_of(properties, "Code");
  json::object result;
  if (code.contains("ZipFile")) {
    const std::string text = text_of(code, "ZipFile");
    const std::string runtime = text_of(properties, "Runtime");
    const bool python = runtime.starts_with("python");
    if (!python && !runtime.starts_with("nodejs")) {
      return refuse("ZipFile can only be used when Runtime is set to any of the nodejs and python runtimes.");
    }
    if (text.size() > k_max_inline) return refuse("The inline code of ZipFile is longer than 4 MB.");
    const Packed function = stored(text);
    const ResponseModule module = response_module(python);
    const Packed module_content = stored(module.content);
    std::vector<ZipPart> files{{.path = python ? "index.py" : "index.js", .content = &function}};
    if (text.contains(module.name.substr(0, module.name.find('.')))) {
      files.push_back({.path = std::string(module.name), .content = &module_content});
    }
    const auto archive = write_zip(files);
    if (!archive) return refuse(archive.error().message);
    result["ZipFile"] = base64_encode(*archive);
    return result;
  }
  if (code.contains("ImageUri"))
    return refuse("The embedded AWS does not implement functions made of images. AWS does.");
  for (const auto& member : code) {
    const std::string_view name = member.key();
    if (name != "S3Bucket" && name != "S3Key" && name != "S3ObjectVersion") {
      return refuse(fmt::format("Encountered unsupported property {}", name));
    }
    result[name] = text_of(code, name);
  }
  if (!result.contains("S3Bucket") || !result.contains("S3Key")) {
    return refuse("Please provide a source for function code: ZipFile, or S3Bucket and S3Key.");
  }
  return result;
}

/// Asks until the function is neither pending nor being updated.
Step wait_until_active(const std::string& function, int poll) {
  Step wait = step("GET", function_path(function) + "/configuration");
  if (poll > 0) wait.delay = std::min(k_first_wait * (1 << std::min(poll, 6)), k_longest_wait);
  wait.then = [function, poll](const Reply& reply, ResourceState& state) {
    const json::object body = reply.json();
    Plan more;
    const bool pending = text_of(body, "State") == "Pending" || text_of(body, "LastUpdateStatus") == "InProgress";
    if (text_of(body, "State") == "Failed") state.failure = text_of(body, "StateReason");
    if (text_of(body, "LastUpdateStatus") == "Failed") state.failure = text_of(body, "LastUpdateStatusReason");
    if (pending && poll >= k_most_polls) state.failure = "Exceeded attempts to wait";
    if (pending && poll < k_most_polls) more.push_back(wait_until_active(function, poll + 1));
    return more;
  };
  return wait;
}

Step set_concurrency(const std::string& function, const Properties& properties) {
  const std::string path = "/2017-10-31/functions/" + wire::uri_encode(function) + "/concurrency";
  if (!properties.contains("ReservedConcurrentExecutions")) return step("DELETE", path);
  const json::object body{{"ReservedConcurrentExecutions", properties.at("ReservedConcurrentExecutions")}};
  return step("PUT", path, &body);
}

/// A role that was just made cannot be assumed for some seconds.
bool role_is_too_new(const Reply& reply) {
  return reply.code == "InvalidParameterValueException" && reply.message.find("assumed by Lambda") != std::string::npos;
}

AwsResult<Plan> create_function(const ResourceContext& context, const Properties& properties, ResourceState& state) {
  ASSIGN_OR_RETURN(json::object code, code_of(properties));
  json::object body{{"FunctionName", state.physical_id}, {"Code", std::move(code)}};
  for (const char* member : k_configuration) {
    const std::string property = property_of(member);
    if (properties.contains(property)) body[member] = shape_member(member, properties.at(property));
  }
  for (const char* member : {"Architectures", "PackageType"}) {
    if (properties.contains(member)) body[member] = properties.at(member);
  }
  json::object tags;
  for (const auto& [key, value] : tags_of(properties)) tags[key] = value;
  if (!tags.empty()) body["Tags"] = std::move(tags);
  Plan plan;
  Step create = step("POST", "/2015-03-31/functions", &body);
  create.creates = true;
  create.then = [](const Reply& reply, ResourceState& result) {
    result.attributes["Arn"] = text_of(reply.json(), "FunctionArn");
    return Plan();
  };
  if (context.retry_limit.count() > 0) create.retry_if = role_is_too_new;
  plan.push_back(std::move(create));
  plan.push_back(wait_until_active(state.physical_id, 0));
  if (properties.contains("ReservedConcurrentExecutions"))
    plan.push_back(set_concurrency(state.physical_id, properties));
  return plan;
}

void change_tags(Plan& plan, const Properties& before, const Properties& after, const ResourceState& state) {
  const TagChanges changes = tag_changes(before, after);
  const std::string path = "/2017-03-31/tags/" + wire::uri_encode(text_of(state.attributes, "Arn"));
  if (!changes.gone.empty()) {
    Step untag = step("DELETE", path);
    for (const std::string& key : changes.gone) {
      untag.request.query += (untag.request.query.empty() ? "tagKeys=" : "&tagKeys=") + wire::uri_encode(key);
    }
    plan.push_back(std::move(untag));
  }
  if (changes.put.empty()) return;
  json::object tags;
  for (const auto& [key, value] : changes.put) tags[key] = value;
  const json::object body{{"Tags", std::move(tags)}};
  plan.push_back(step("POST", path, &body));
}

AwsResult<Plan> update_function(const ResourceContext&, const Properties& before, const Properties& after,
                                ResourceState& state) {
  const std::string& function = state.physical_id;
  Plan plan;
  json::object configuration;
  for (const char* member : k_configuration) {
    const std::string property = property_of(member);
    if (!differs(before, after, property)) continue;
    configuration[member] = after.contains(property) ? shape_member(member, after.at(property)) : default_of(member);
  }
  if (!configuration.empty()) {
    plan.push_back(step("PUT", function_path(function) + "/configuration", &configuration));
    plan.push_back(wait_until_active(function, 0));
  }
  if (differs(before, after, "Code") || differs(before, after, "Architectures")) {
    ASSIGN_OR_RETURN(json::object code, code_of(after));
    if (after.contains("Architectures")) code["Architectures"] = after.at("Architectures");
    plan.push_back(step("PUT", function_path(function) + "/code", &code));
    plan.push_back(wait_until_active(function, 0));
  }
  if (differs(before, after, "ReservedConcurrentExecutions")) plan.push_back(set_concurrency(function, after));
  change_tags(plan, before, after, state);
  return plan;
}

AwsResult<Plan> remove_function(const ResourceContext&, const Resource& resource) {
  Plan plan;
  plan.push_back(step("DELETE", function_path(resource.physical_id)));
  plan.back().tolerated = {"ResourceNotFoundException"};
  return plan;
}

const std::array k_types = {
    ResourceType{.name = "AWS::Lambda::Function",
                 .properties = k_properties,
                 .attributes = k_attributes,
                 .name_property = "FunctionName",
                 .choose_id =
                     [](const ResourceContext& context, const Properties& properties) {
                       const std::string name = text_of(properties, "FunctionName");
                       return name.empty() ? generated_name(context, k_name_limit) : name;
                     },
                 .create = create_function,
                 .update = update_function,
                 .remove = remove_function},
    lambda_version_type(),
    lambda_alias_type(),
    lambda_permission_type(),
    lambda_layer_version_type(),
    lambda_url_type(),
    lambda_event_invoke_type(),
};

}  // namespace

std::span<const ResourceType> lambda_resource_types() {
  return k_types;
}

}  // namespace sortie::emulator::cloudformation
