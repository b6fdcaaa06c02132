#include "emulator/lambda/execution/runtime_api.h"

#include <boost/json.hpp>
#include <cctype>
#include <cstring>

#include "wire/json.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr std::string_view k_prefix = "/2018-06-01/runtime/";
constexpr std::size_t k_id_limit = 128;
constexpr std::size_t k_type_limit = 256;
/// Larger error documents are passed on, but not looked into.
constexpr std::size_t k_document_limit = 256 * 1024;

RuntimeCall only(RuntimeCall call, std::string_view method, std::string_view wanted) {
  if (method != wanted) call.kind = RuntimeCall::Kind::wrong_method;
  return call;
}

std::string member_of(std::string_view document, std::string_view name) {
  auto parsed = wire::parse_json_object(document, 32, k_document_limit);
  return parsed ? wire::string_or(*parsed, name) : std::string();
}

}  // namespace

RuntimeCall parse_runtime_call(std::string_view method, std::string_view path) {
  using Kind = RuntimeCall::Kind;
  if (!path.starts_with(k_prefix)) return {};
  path.remove_prefix(k_prefix.size());
  if (path == "invocation/next") return only({Kind::next, {}}, method, "GET");
  if (path == "init/error") return only({Kind::init_error, {}}, method, "POST");
  constexpr std::string_view k_invocation = "invocation/";
  if (!path.starts_with(k_invocation)) return {};
  path.remove_prefix(k_invocation.size());
  auto slash = path.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash > k_id_limit) return {};
  auto action = path.substr(slash + 1);
  std::string id(path.substr(0, slash));
  if (action == "response") return only({Kind::response, std::move(id)}, method, "POST");
  if (action == "error") return only({Kind::error, std::move(id)}, method, "POST");
  return {};
}

http::Response runtime_accepted() {
  return {
      .status = 202, .headers = {{"Content-Type", "application/json"}}, .body = std::string("{\"status\":\"OK\"}\n")};
}

http::Response runtime_error(int status, std::string_view type, std::string_view message) {
  json::object body{{"errorMessage", message}, {"errorType", type}};
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = json::serialize(body) + "\n"};
}

std::string error_type_of(std::string_view document) {
  auto type = member_of(document, "errorType");
  if (type.size() > k_type_limit) type.resize(k_type_limit);
  return type;
}

std::string error_message_of(std::string_view document) {
  return member_of(document, "errorMessage");
}

std::string error_document(std::string_view type, std::string_view message) {
  return json::serialize(json::object{{"errorType", type}, {"errorMessage", message}});
}

std::string signal_name(int number) {
  const char* description = ::sigdescr_np(number);
  if (description == nullptr) return "signal " + std::to_string(number);
  std::string name(description);
  name[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
  return name;
}

}  // namespace sortie::emulator::lambda
