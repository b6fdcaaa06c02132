#include "emulator/core/router.h"

#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "emulator/core/function_url_host.h"
#include "emulator/core/protocol.h"

namespace sortie::emulator {

namespace {

constexpr std::size_t k_max_form = 1024 * 1024;
/// Where custom resources leave their answers; the secret in the path is what AWS's signature is.
constexpr std::string_view k_custom_responses = "cloudformation-custom-resource-response-";

/// The Host header (or what the URL says) in lower case, without the port.
std::string host_of(const http::Request& request) {
  std::string host = ascii_lower(request.headers.get_or("Host", request.host));
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// `us-east-1`, `us-gov-west-1`, `ap-southeast-2`.
bool is_region(std::string_view text) {
  return text.size() >= 9 && std::ranges::count(text, '-') >= 2 && text.back() >= '0' && text.back() <= '9' &&
         text[2] == '-';
}

struct Scope {
  std::string region;
  std::string service;
};

/// Region and service of the credential scope, read without checking anything.
std::optional<Scope> scope_of(const http::Request& request) {
  const std::string_view authorization = request.headers.get_or("Authorization", "");
  std::string credential;
  if (const auto at = authorization.find("Credential="); at != std::string_view::npos) {
    const std::string_view rest = authorization.substr(at + 11);
    credential = std::string(rest.substr(0, rest.find_first_of(", ")));
  } else {
    credential = query_parameter(request.query, "X-Amz-Credential");
  }
  const auto parts = split(credential, '/');
  if (parts.size() < 5) return std::nullopt;
  return Scope{std::string(parts[parts.size() - 3]), std::string(parts[parts.size() - 2])};
}

bool is_signed(const http::Request& request) {
  return request.headers.contains("Authorization") || request.query.find("X-Amz-Signature=") != std::string::npos ||
         request.query.find("Signature=") != std::string::npos;
}

/// The service of a query-protocol API version.
std::string_view service_of_version(std::string_view version) {
  if (version == "2010-05-08") return "iam";
  if (version == "2011-06-15") return "sts";
  if (version == "2010-05-15") return "cloudformation";
  return {};
}

std::string join(std::span<const std::string_view> labels) {
  std::string text;
  for (std::string_view label : labels) text += (text.empty() ? "" : ".") + std::string(label);
  return text;
}

/// `s3-website` and a region in a label of its own, or in the same one; nothing when there is no such label. Only where
/// `anywhere` can the region be left out.
std::optional<Destination> read_website_host(std::span<const std::string_view> labels, bool anywhere) {
  constexpr std::string_view k_label = "s3-website";
  for (std::size_t i = labels.size(); i-- > 0;) {
    if (!labels[i].starts_with(k_label)) continue;
    auto tail = labels.subspan(i + 1);
    std::string_view region = labels[i].substr(k_label.size());
    if (region.starts_with('-')) {
      region.remove_prefix(1);
    } else if (region.empty() && !tail.empty()) {
      region = tail.front();
      tail = tail.subspan(1);
    }
    if (!tail.empty() || !(is_region(region) || (anywhere && region.empty()))) continue;
    return Destination{"s3", std::string(region), join(labels.first(i)), true, {}};
  }
  return std::nullopt;
}

/// What S3's label says behind `s3`: nothing, `fips`, `accelerate`, a region, or both with a dash between.
struct S3Label {
  std::string_view variant;
  std::string_view region;
};

/// Nothing for a label that is not S3's own: `s3-control` and its kin are other services.
std::optional<S3Label> read_s3_label(std::string_view label) {
  if (label == "s3") return S3Label{};
  if (!label.starts_with("s3-")) return std::nullopt;
  label.remove_prefix(3);
  if (is_region(label)) return S3Label{{}, label};
  // Northern Virginia's names from before there were regions in names.
  if (label == "external-1" || label == "external-2") return S3Label{{}, "us-east-1"};
  for (const std::string_view variant : {"fips", "accelerate"}) {
    if (label == variant) return S3Label{variant, {}};
    const bool regional = variant == "fips" && label.starts_with("fips-") && is_region(label.substr(5));
    if (regional) return S3Label{variant, label.substr(5)};
  }
  return std::nullopt;
}

/// The labels behind S3's own may be `dualstack`, a region, or both; the region, or nothing when they are not that.
std::optional<std::string_view> read_s3_tail(std::span<const std::string_view> labels) {
  if (!labels.empty() && labels.front() == "dualstack") labels = labels.subspan(1);
  if (labels.empty()) return std::string_view();
  if (labels.size() == 1 && is_region(labels[0])) return labels[0];
  return std::nullopt;
}

/// S3's forms; nothing when no label is S3's.
std::optional<Destination> read_s3_host(std::span<const std::string_view> labels) {
  for (std::size_t i = labels.size(); i-- > 0;) {
    const auto label = read_s3_label(labels[i]);
    const auto tail = read_s3_tail(labels.subspan(i + 1));
    if (!label || !tail) continue;
    Destination destination;
    destination.service = "s3";
    destination.virtual_bucket = join(labels.first(i));
    destination.region = std::string(tail->empty() ? label->region : *tail);
    return destination;
  }
  return std::nullopt;
}

Destination read_aws_host(std::string_view name) {
  const auto labels = split(name, '.');
  if (auto website = read_website_host(labels, false)) return *std::move(website);
  if (auto s3 = read_s3_host(labels)) {
    // A bucket of CloudFormation's own.
    if (s3->virtual_bucket.starts_with(k_custom_responses)) s3->service = "cloudformation";
    return *std::move(s3);
  }
  Destination destination;
  std::string_view service = labels.front();
  // S3's kin has the account or an access point in front.
  const auto kin = std::ranges::find_if(labels, [](std::string_view label) { return label.starts_with("s3"); });
  if (kin != labels.end()) {
    destination.service = std::string(*kin);
    destination.unsupported = fmt::format("the embedded AWS does not serve {}.amazonaws.com", name);
    return destination;
  }
  if (service == "streaming-logs") service = "logs";  // StartLiveTail's host
  if (service.ends_with("-fips")) service.remove_suffix(5);
  destination.service = std::string(service);
  if (labels.size() == 2 && is_region(labels[1])) {
    destination.region = std::string(labels[1]);
  } else if (labels.size() != 1) {
    destination.unsupported = fmt::format("the embedded AWS does not know the host name {}.amazonaws.com", name);
  }
  return destination;
}

/// localhost, an address, or a name of the user's own: the request itself must say what it wants.
Destination read_request(const http::Request& request, const std::string& host) {
  Destination destination;
  if (const auto scope = scope_of(request)) {
    destination.service = scope->service;
  } else if (request.headers.get_or("X-Amz-Target", "").starts_with("Logs_20140328.")) {
    destination.service = "logs";
  } else if (request.headers.get_or("X-Amz-Target", "").starts_with("AmazonSSM.")) {
    destination.service = "ssm";
  } else {
    std::string version = query_parameter(request.query, "Version");
    if (version.empty() && !request.body.streaming()) version = query_parameter(request.body.bytes(), "Version");
    destination.service = std::string(service_of_version(version));
  }
  if (destination.service.empty()) destination.service = "s3";
  constexpr std::string_view k_local = ".localhost";
  if (destination.service == "s3" && host.ends_with(k_local)) {
    std::string bucket = host.substr(0, host.size() - k_local.size());
    if (bucket.ends_with(".s3")) bucket.resize(bucket.size() - 3);
    if (bucket != "s3") destination.virtual_bucket = std::move(bucket);
  }
  return destination;
}

/// An error of a service that is not there, in the protocol that the request seems to speak. `x-amzn-errortype` is for
/// clients of REST and JSON whose requests do not show it.
http::Response render_without_service(const AwsError& error, const std::string& request_id,
                                      const http::Request& request) {
  if (request.headers.contains("X-Amz-Target")) return render_json11_error(error, request_id);
  if (request.headers.get_or("Content-Type", "").find("json") != std::string_view::npos) {
    return render_rest_json_error(error, request_id);
  }
  auto response = render_query_error("https://sortie.invalid/doc/", error, request_id);
  response.headers.add("x-amzn-errortype", error.code);
  return response;
}

/// Each service's own word for a failure that is not the caller's.
AwsError storage_failure(std::string_view service, std::string_view why) {
  std::string code = "InternalFailure";
  if (service == "s3") code = "InternalError";
  if (service == "iam") code = "ServiceFailure";
  if (service == "lambda") code = "ServiceException";
  if (service == "logs") code = "ServiceUnavailableException";
  if (service == "ssm") code = "InternalServerError";
  return {500, std::move(code), fmt::format("The state of the embedded AWS cannot be read or written: {}", why), {}};
}

}  // namespace

Destination find_destination(const http::Request& request) {
  if (auto url = parse_function_url_host(request.headers.get_or("Host", request.host))) {
    return {.service = "lambda", .region = std::move(url->region), .function_url = true};
  }
  const std::string host = host_of(request);
  for (std::string_view suffix : {".amazonaws.com", ".amazonaws.com.cn"}) {
    if (host.ends_with(suffix)) return read_aws_host(std::string_view(host).substr(0, host.size() - suffix.size()));
  }
  constexpr std::string_view k_local = ".localhost";
  if (host.ends_with(k_local)) {
    const auto labels = split(std::string_view(host).substr(0, host.size() - k_local.size()), '.');
    if (auto website = read_website_host(labels, true)) return *std::move(website);
  }
  if (host.ends_with(".api.aws") || host.ends_with(".on.aws")) {
    Destination destination;
    destination.service = host.substr(0, host.find('.'));
    destination.unsupported = fmt::format("the embedded AWS does not serve {}: use the amazonaws.com name", host);
    return destination;
  }
  return read_request(request, host);
}

Router::Router(const Clock& clock, Identities& identities, std::string account, std::string default_region)
    : authenticator_(clock, identities), account_(std::move(account)), default_region_(std::move(default_region)) {}

void Router::add(AwsService& service) {
  services_[std::string(service.name())] = &service;
}

Task<Result<http::Response>> Router::handle(http::Request request) {
  if (!request.headers.contains("Host")) request.headers.add("Host", http::authority(request));
  const bool form = request.headers.get_or("Content-Type", "").starts_with("application/x-www-form-urlencoded");
  if (form && request.body.streaming() && !is_signed(request) && !find_destination(request).function_url) {
    ASSIGN_OR_CO_RETURN(request.body, co_await request.body.read_all(k_max_form));
  }
  Destination destination = find_destination(request);
  const auto service = services_.find(destination.service);
  if (service == services_.end() || !destination.unsupported.empty()) {
    const std::string why = destination.unsupported.empty()
                                ? fmt::format("the embedded AWS has no service \"{}\"", destination.service)
                                : destination.unsupported;
    co_return refuse_host(destination, {501, "NotImplemented", why, {}}, request);
  }
  const bool authenticate =
      !destination.function_url || public_requests_ == nullptr || !public_requests_->is_public(request);
  Call call;
  call.request = std::move(request);
  call.service = std::move(destination.service);
  call.region = std::move(destination.region);
  call.account = account_;
  call.request_id = call.service == "s3" ? make_s3_request_id() : make_request_id();
  call.virtual_bucket = std::move(destination.virtual_bucket);
  call.website = destination.website;
  const bool signs = authenticate && !call.website && !call.virtual_bucket.starts_with(k_custom_responses);
  co_return co_await dispatch(*service->second, std::move(call), signs);
}

http::Response Router::refuse_host(const Destination& destination, const AwsError& error,
                                   const http::Request& request) const {
  const auto scope = scope_of(request);
  for (const std::string& name : {destination.service, scope ? scope->service : std::string()}) {
    // The other services around S3 speak its language.
    const auto service = services_.find(name.starts_with("s3") ? std::string("s3") : name);
    if (service == services_.end()) continue;
    return service->second->render_error(error, name == "s3" ? make_s3_request_id() : make_request_id(), request);
  }
  return render_without_service(error, make_request_id(), request);
}

Task<http::Response> Router::dispatch(AwsService& service, Call call, bool authenticate) {
  if (authenticate) {
    const auto authenticated = co_await authenticator_.authenticate(call);
    if (!authenticated) co_return service.render_error(authenticated.error(), call.request_id, call.request);
  }
  if (call.region.empty()) call.region = default_region_;
  co_return co_await deliver(service, std::move(call));
}

Task<http::Response> Router::call(const Call& on_behalf_of, const std::string& service, http::Request request) {
  Call call;
  call.service = service;
  call.region = on_behalf_of.region;
  call.account = account_;
  call.request_id = service == "s3" ? make_s3_request_id() : make_request_id();
  call.principal = on_behalf_of.principal;
  call.signature = Call::Signature::header;
  call.signature_version = "AWS4-HMAC-SHA256";
  call.signed_at = on_behalf_of.signed_at;
  const auto found = services_.find(service);
  if (found == services_.end()) {
    const std::string why = fmt::format("the embedded AWS has no service \"{}\"", service);
    co_return render_without_service({501, "NotImplemented", why, {}}, call.request_id, request);
  }
  call.request = std::move(request);
  co_return co_await deliver(*found->second, std::move(call));
}

Task<http::Response> Router::deliver(AwsService& service, Call call) {
  const std::string request_id = call.request_id;
  std::string why;
  try {
    co_return co_await service.handle(std::move(call));
  } catch (const SQLite::Exception& error) {
    why = error.what();
  } catch (const std::system_error& error) {
    why = error.what();
  }
  // The disk is full, or the state is damaged: an answer, not the end of the program. Nothing was acknowledged.
  co_return service.render_error(storage_failure(service.name(), why), request_id, http::Request{});
}

}  // namespace sortie::emulator
