#include "emulator/logs/operation.h"

#include <fmt/format.h>

#include "emulator/core/json_service.h"
#include "wire/arn.h"
#include "wire/checksum.h"

namespace sortie::emulator::logs {

AwsResult<void> Operation::allow(std::string_view action, const std::string& resource, const std::string& group,
                                 const std::map<std::string, std::string>& request_tags) const {
  AuthorizationRequest request;
  request.action = fmt::format("logs:{}", action);
  request.resource = resource;
  request.resource_account = call.account;
  for (const auto& [key, value] : request_tags) {
    request.context.emplace_back("aws:RequestTag/" + key, value);
    request.context.emplace_back("aws:TagKeys", key);
  }
  if (const auto existing = store.find_group(call.region, group)) {
    for (const auto& [key, value] : store.tags(*existing)) {
      request.context.emplace_back("aws:ResourceTag/" + key, value);
    }
  }
  return json_decision(authorizer.authorize(call, request));
}

AwsResult<Group> Operation::existing_group(const std::string& name) const {
  auto group = store.find_group(call.region, name);
  if (!group) return aws_fail(400, "ResourceNotFoundException", "The specified log group does not exist.");
  return *std::move(group);
}

AwsResult<Stream> Operation::existing_stream(const Group& group, const std::string& name) const {
  auto stream = store.find_stream(group, name);
  if (!stream) return aws_fail(400, "ResourceNotFoundException", "The specified log stream does not exist.");
  return *std::move(stream);
}

std::string group_arn(const Call& call, std::string_view group) {
  return fmt::format("arn:{}:logs:{}:{}:log-group:{}", wire::partition_of(call.region), call.region, call.account,
                     group);
}

std::string stream_arn(const Call& call, std::string_view group, std::string_view stream) {
  return fmt::format("{}:log-stream:{}", group_arn(call, group), stream);
}

std::string make_token(std::string_view kind, std::string_view content) {
  return wire::base64_encode(fmt::format("{}/{}", kind, content));
}

std::optional<std::string> read_token(std::string_view kind, std::string_view token) {
  auto text = wire::base64_decode(token);
  if (!text || !text->starts_with(fmt::format("{}/", kind))) return std::nullopt;
  return text->substr(kind.size() + 1);
}

}  // namespace sortie::emulator::logs
