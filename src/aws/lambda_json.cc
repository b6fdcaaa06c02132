#include "aws/lambda_json.h"

#include "wire/checksum.h"
#include "wire/json.h"

namespace sortie::aws {

namespace {

json::object code_json(const FunctionCode& code) {
  json::object out;
  if (!code.s3_bucket.empty()) {
    out["S3Bucket"] = code.s3_bucket;
    out["S3Key"] = code.s3_key;
    if (!code.s3_object_version.empty()) out["S3ObjectVersion"] = code.s3_object_version;
  } else {
    out["ZipFile"] = "";  // filled in by serialize_with_zip
  }
  return out;
}

json::object map_json(const std::map<std::string, std::string>& map) {
  json::object out;
  for (const auto& [key, value] : map) out[key] = value;
  return out;
}

json::array list_json(const std::vector<std::string>& list) {
  json::array out;
  for (const auto& item : list) out.emplace_back(item);
  return out;
}

template <class T>
void put(json::object& out, std::string_view name, const std::optional<T>& value) {
  if (value) out[json::string_view(name.data(), name.size())] = *value;
}

}  // namespace

json::object create_function_json(const CreateFunctionRequest& request) {
  json::object out;
  out["FunctionName"] = request.name;
  out["Role"] = request.role;
  out["Code"] = code_json(request.code);
  out["Runtime"] = request.runtime;
  out["Handler"] = request.handler;
  out["Architectures"] = json::array{request.architecture};
  out["Timeout"] = request.timeout_seconds;
  out["MemorySize"] = request.memory_mb;
  out["Publish"] = request.publish;
  if (!request.description.empty()) out["Description"] = request.description;
  if (request.ephemeral_storage_mb) out["EphemeralStorage"] = {{"Size", *request.ephemeral_storage_mb}};
  if (!request.environment.empty()) out["Environment"] = {{"Variables", map_json(request.environment)}};
  if (!request.tags.empty()) out["Tags"] = map_json(request.tags);
  if (!request.layers.empty()) out["Layers"] = list_json(request.layers);
  if (!request.subnet_ids.empty() || !request.security_group_ids.empty()) {
    out["VpcConfig"] = {{"SubnetIds", list_json(request.subnet_ids)},
                        {"SecurityGroupIds", list_json(request.security_group_ids)}};
  }
  return out;
}

json::object update_function_code_json(const UpdateFunctionCodeRequest& request) {
  json::object out = code_json(request.code);
  out["Publish"] = request.publish;
  if (request.dry_run) out["DryRun"] = true;
  if (request.architecture) out["Architectures"] = json::array{*request.architecture};
  put(out, "RevisionId", request.revision_id);
  return out;
}

json::object update_function_configuration_json(const UpdateFunctionConfigurationRequest& request) {
  json::object out;
  put(out, "Role", request.role);
  put(out, "Runtime", request.runtime);
  put(out, "Handler", request.handler);
  put(out, "Description", request.description);
  put(out, "Timeout", request.timeout_seconds);
  put(out, "MemorySize", request.memory_mb);
  put(out, "RevisionId", request.revision_id);
  if (request.ephemeral_storage_mb) out["EphemeralStorage"] = {{"Size", *request.ephemeral_storage_mb}};
  if (request.environment) out["Environment"] = {{"Variables", map_json(*request.environment)}};
  return out;
}

std::string serialize_with_zip(const json::object& body, const FunctionCode& code) {
  std::string text = json::serialize(body);
  constexpr std::string_view k_empty = R"("ZipFile":"")";
  // The first one: inside a JSON string the quotes would be escaped, and Code comes before what the user names.
  const std::size_t at = code.zip.empty() ? std::string::npos : text.find(k_empty);
  if (at == std::string::npos) return text;
  const std::size_t front = at + k_empty.size() - 1;
  std::string whole;
  whole.reserve(text.size() + (code.zip.size() + 2) / 3 * 4);
  whole.append(text, 0, front);
  base64_append(whole, code.zip);
  return whole.append(text, front);
}

FunctionConfiguration read_function_configuration(const json::object& object) {
  FunctionConfiguration out;
  const auto text = [&](std::string_view name) { return wire::string_or(object, name); };
  out.name = text("FunctionName");
  out.arn = text("FunctionArn");
  out.runtime = text("Runtime");
  out.role = text("Role");
  out.handler = text("Handler");
  out.description = text("Description");
  out.code_size = wire::int_or(object, "CodeSize");
  out.code_sha256 = text("CodeSha256");
  out.timeout_seconds = int(wire::int_or(object, "Timeout"));
  out.memory_mb = int(wire::int_or(object, "MemorySize"));
  out.ephemeral_storage_mb = int(wire::int_or(wire::object_or_empty(object, "EphemeralStorage"), "Size"));
  out.last_modified = text("LastModified");
  out.version = text("Version");
  out.revision_id = text("RevisionId");
  out.state = text("State");
  out.state_reason = text("StateReason");
  out.state_reason_code = text("StateReasonCode");
  out.last_update_status = text("LastUpdateStatus");
  out.last_update_status_reason = text("LastUpdateStatusReason");
  out.last_update_status_reason_code = text("LastUpdateStatusReasonCode");
  out.package_type = text("PackageType");
  out.log_group = wire::string_or(wire::object_or_empty(object, "LoggingConfig"), "LogGroup");
  out.environment = wire::string_map(wire::object_or_empty(wire::object_or_empty(object, "Environment"), "Variables"));
  const auto& architectures = wire::array_or_empty(object, "Architectures");
  if (!architectures.empty() && architectures[0].is_string()) out.architecture = architectures[0].get_string();
  return out;
}

}  // namespace sortie::aws
