#include "emulator/iam/request_context.h"

#include <fmt/format.h>

#include "wire/date.h"

namespace sortie::emulator::iam {

namespace {

bool answer(std::vector<std::string>& values, std::string value) {
  values.push_back(std::move(value));
  return true;
}

bool answer(std::vector<std::string>& values, bool value) {
  return answer(values, std::string(value ? "true" : "false"));
}

bool answer_header(const http::Request& request, std::string_view name, std::vector<std::string>& values) {
  const auto value = request.headers.get(name);
  return value && answer(values, std::string(*value));
}

std::string principal_type(Principal::Kind kind) {
  switch (kind) {
    case Principal::Kind::anonymous: return "Anonymous";
    case Principal::Kind::root: return "Account";
    case Principal::Kind::user: return "User";
    case Principal::Kind::assumed_role: return "AssumedRole";
    case Principal::Kind::service: return "Service";
  }
  return "Anonymous";
}

}  // namespace

bool RequestContext::find(std::string_view key, std::vector<std::string>& values) const {
  const std::size_t before = values.size();
  for (const auto& [name, value] : request_.context) {
    if (http::iequals(name, key)) values.push_back(value);
  }
  if (values.size() > before) return true;
  return key.starts_with("aws:") && find_global(key.substr(4), values);
}

bool RequestContext::find_global(std::string_view name, std::vector<std::string>& values) const {
  if (name.starts_with("principal") || name == "userid" || name == "username" || name == "sourceidentity") {
    return find_principal(name, values);
  }
  if (name == "sourceip") return !call_.request.peer_address.empty() && answer(values, call_.request.peer_address);
  if (name == "securetransport") {
    return !call_.request.scheme.empty() && answer(values, call_.request.scheme == "https");
  }
  if (name == "currenttime") return answer(values, wire::format_iso8601(now_));
  if (name == "epochtime") return answer(values, fmt::format("{}", now_.time_since_epoch().count() / 1000));
  if (name == "requestedregion") return !call_.region.empty() && answer(values, call_.region);
  if (name == "useragent") return answer_header(call_.request, "User-Agent", values);
  if (name == "referer") return answer_header(call_.request, "Referer", values);
  if (name == "viaawsservice") return answer(values, false);
  if (name == "resourceaccount") {
    return answer(values, request_.resource_account.empty() ? call_.account : request_.resource_account);
  }
  if (name == "tokenissuetime") {
    return principal_.temporary && answer(values, wire::format_iso8601(principal_.token_issued));
  }
  if (name == "multifactorauthpresent") return principal_.temporary && answer(values, false);
  return false;
}

bool RequestContext::find_principal(std::string_view name, std::vector<std::string>& values) const {
  const bool known = principal_.kind != Principal::Kind::anonymous;
  const bool service = principal_.kind == Principal::Kind::service;
  if (name == "principaltype") return answer(values, principal_type(principal_.kind));
  if (name == "principalisawsservice") return answer(values, service);
  if (name == "principalservicename") return service && answer(values, principal_.name);
  if (name == "username") {
    return principal_.kind == Principal::Kind::user && !principal_.name.empty() && answer(values, principal_.name);
  }
  if (name == "sourceidentity")
    return !principal_.source_identity.empty() && answer(values, principal_.source_identity);
  if (!known) return false;
  if (name == "principalarn") {
    const bool session = principal_.kind == Principal::Kind::assumed_role;
    const std::string& arn = session ? principal_.role_arn : principal_.arn;
    return !arn.empty() && answer(values, arn);
  }
  if (name == "principalaccount") return !principal_.account.empty() && answer(values, principal_.account);
  if (name == "userid") return !principal_.user_id.empty() && answer(values, principal_.user_id);
  if (name.starts_with("principaltag/")) return find_principal_tag(name.substr(13), values);
  return false;
}

bool RequestContext::find_principal_tag(std::string_view tag, std::vector<std::string>& values) const {
  for (const auto& [key, value] : principal_.session_tags) {
    if (http::iequals(key, tag)) return answer(values, value);
  }
  if (tags_ == nullptr) return false;
  for (const auto& [key, value] : *tags_) {
    if (http::iequals(key, tag)) return answer(values, value);
  }
  return false;
}

}  // namespace sortie::emulator::iam
