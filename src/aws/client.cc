#include "aws/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/deadline.h"
#include "wire/arn.h"
#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/sigv2.h"
#include "wire/sigv4.h"
#include "wire/uri.h"

namespace sortie::aws {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t k_error_body_limit = 1024 * 1024;
/// A clock further off than this is corrected; smaller differences do not make AWS refuse a request.
constexpr std::chrono::minutes k_skew_worth_correcting{4};

bool is_valid_region(std::string_view region) {
  return !region.empty() && region.size() <= 64 && std::all_of(region.begin(), region.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::optional<milliseconds> retry_after_of(const http::Headers& headers) {
  const auto number = [](std::string_view text) -> std::optional<std::int64_t> {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value < 0 || value > 86'400'000) return std::nullopt;
    return value;
  };
  if (const auto text = headers.get("x-amz-retry-after")) {
    if (const auto value = number(*text)) return milliseconds(*value);
  }
  if (const auto text = headers.get("retry-after")) {
    if (const auto value = number(*text)) return std::chrono::seconds(*value);
  }
  return std::nullopt;
}

std::vector<wire::HeaderView> views_of(const http::Headers& headers) {
  return {headers.begin(), headers.end()};
}

wire::SigningCredentials signing_credentials(const Credentials& credentials) {
  return {credentials.access_key_id, credentials.secret_access_key, credentials.session_token};
}

std::string payload_hash_of(const Operation& operation) {
  if (const auto stated = operation.headers.get("x-amz-content-sha256")) return std::string(*stated);
  if (operation.stream) return std::string(wire::k_unsigned_payload);
  return operation.body.empty() ? std::string(wire::k_empty_sha256) : wire::sha256_hex(operation.body);
}

/// One attempt's end: an answer, or why there is none.
struct Attempt {
  http::Response response;
  std::string body;            ///< when it was read
  std::optional<Error> error;  ///< nothing: 2xx
  int status = 0;              ///< 0: no answer
  std::optional<milliseconds> retry_after;
  std::optional<SystemTime> server_date;
};

}  // namespace

std::string service_host(const ServiceTraits& traits, std::string_view region) {
  const auto suffix = wire::dns_suffix_of(region);
  if (!traits.global) return fmt::format("{}.{}.{}", traits.endpoint_name, region, suffix);
  if (region.starts_with("cn-")) return fmt::format("{}.cn-north-1.{}", traits.endpoint_name, suffix);
  if (region.starts_with("us-gov-")) return fmt::format("{}.us-gov.{}", traits.endpoint_name, suffix);
  return fmt::format("{}.{}", traits.endpoint_name, suffix);
}

struct Client::State {
  State(ClientConfig given, ServiceTraits service_traits) : config(std::move(given)), traits(service_traits) {
    signing.service = traits.signing_name;
    signing.region = signing_region();
    signing.path = wire::PathRules::for_service(traits.signing_name);
    signing.content_sha256_header = traits.signing_name == "s3";
  }

  [[nodiscard]] std::string signing_region() const {
    if (!traits.global) return config.region;
    if (config.region.starts_with("cn-")) return "cn-north-1";
    return config.region.starts_with("us-gov-") ? "us-gov-west-1" : "us-east-1";
  }

  [[nodiscard]] std::string what(const Operation& operation) const {
    return fmt::format("{} {}", traits.name, operation.name);
  }

  /// Everything but body and signature.
  [[nodiscard]] Result<http::Request> build(const Operation& operation) const {
    http::Request request;
    request.method = operation.method;
    request.path = operation.path;
    request.query = operation.query;
    request.headers = operation.headers;
    if (config.endpoint_url) {
      ASSIGN_OR_RETURN(const auto url, wire::parse_url(*config.endpoint_url));
      request.scheme = url.scheme;
      request.host = url.host;
      request.port = url.port;
      if (url.path != "/") {
        request.path = url.path.ends_with('/') ? url.path.substr(0, url.path.size() - 1) : url.path;
        request.path += operation.path;
      }
    } else {
      if (!is_valid_region(config.region)) {
        return fail(ErrorKind::config,
                    config.region.empty() ? "no region" : fmt::format("'{}' is not a region", config.region),
                    "give --region, set AWS_REGION, or set `region` in the profile");
      }
      request.host = service_host(traits, config.region);
    }
    if (!operation.bucket_in_host.empty()) request.host = operation.bucket_in_host + "." + request.host;
    request.headers.set("Host", http::authority(request));
    request.headers.set("User-Agent", config.user_agent);
    return request;
  }

  void sign(http::Request& request, const Operation& operation, const Credentials& credentials) {
    const auto headers = views_of(request.headers);
    const wire::RequestParts parts{request.method, request.path, request.query, headers};
    const auto key = signing_credentials(credentials);
    const auto made = operation.signature_version == 2
                          ? wire::sign_headers_v2(parts, operation.bucket_in_host, key, now())
                          : wire::sign_headers(parts, payload_hash_of(operation), key, signing, now(), &keys).headers;
    for (const auto& [name, value] : made) request.headers.set(name, value);
  }

  [[nodiscard]] std::string presigned_query(const http::Request& request, const Operation& operation,
                                            const Credentials& credentials, std::chrono::seconds expires) {
    const auto headers = views_of(request.headers);
    const wire::RequestParts parts{request.method, request.path, request.query, headers};
    const auto key = signing_credentials(credentials);
    if (operation.signature_version == 2) {
      return wire::presign_v2(parts, operation.bucket_in_host, key, now(), expires);
    }
    return wire::presign(parts, wire::k_unsigned_payload, key, signing, now(), expires, &keys).query;
  }

  [[nodiscard]] SystemTime now() const { return config.clock.now() + clock_offset; }

  ClientConfig config;
  ServiceTraits traits;
  wire::SigningOptions signing;
  wire::SigningKeyCache keys;
  RetryQuota quota;
  milliseconds clock_offset{0};  ///< the service's clock minus ours, once it said that ours is off
};

/// The steps of a call; apart from Client, so that a call holds the state and not the client.
struct Client::Call {
  std::shared_ptr<State> state;
  Operation operation;
  std::optional<std::size_t> read_limit;  ///< nothing: the caller reads the body

  Task<Result<Attempt>> run();
  Task<Attempt> attempt();
  Task<Result<http::Request>> prepare();
  Task<Attempt> receive(http::Response response);
  bool corrects_clock(const Attempt& failed);
  RetryClass class_of(const Attempt& failed) const;
  Task<void> wait(int attempt_number, RetryClass reason, std::optional<milliseconds> retry_after);
};

Task<Result<http::Request>> Client::Call::prepare() {
  ASSIGN_OR_CO_RETURN(auto request, state->build(operation));
  if (!operation.anonymous) {
    ASSIGN_OR_CO_RETURN(const auto credentials, co_await state->config.credentials.get());
    state->sign(request, operation, credentials);
  }
  if (operation.stream) {
    ASSIGN_OR_CO_RETURN(request.body, operation.stream());
  } else {
    request.body = operation.body;
  }
  co_return request;
}

Task<Attempt> Client::Call::attempt() {
  Attempt out;
  auto request = co_await prepare();
  if (!request) {
    out.error = wrap(std::move(request).error(), state->what(operation));
    // Credentials that cannot be had now are not asked for again here: their provider has its own retries.
    out.status = -1;
    co_return out;
  }
  const auto deadline = operation.attempt_timeout ? deadline_in(*operation.attempt_timeout) : k_no_deadline;
  auto response = co_await with_deadline(deadline, state->config.service.handle(*std::move(request)),
                                         state->what(operation) + ": no answer in time");
  if (!response) {
    out.error = wrap(std::move(response).error(), state->what(operation));
    co_return out;
  }
  co_return co_await receive(*std::move(response));
}

Task<Attempt> Client::Call::receive(http::Response response) {
  Attempt out;
  out.status = response.status;
  out.response = std::move(response);
  auto& received = out.response;
  const bool is_success = received.status >= 200 && received.status < 300;
  if (const auto date = received.headers.get("date")) out.server_date = wire::parse_http_date(*date);
  if (is_success && !read_limit) co_return out;
  auto body = co_await received.body.read_all(is_success ? *read_limit : k_error_body_limit);
  if (is_success && !body) {
    out.status = 0;
    out.error = wrap(std::move(body).error(), state->what(operation));
    co_return out;
  }
  if (body) out.body = *std::move(body);
  if (is_success) co_return out;
  out.retry_after = retry_after_of(received.headers);
  out.error = read_error(state->traits.protocol, state->what(operation), received.status, received.headers, out.body);
  co_return out;
}

bool Client::Call::corrects_clock(const Attempt& failed) {
  // The answer to a HEAD has no body to say more than 403.
  const bool bare_refusal = operation.method == "HEAD" && failed.status == 403;
  if (!failed.server_date || (!is_clock_skew_code(failed.error->code) && !bare_refusal)) return false;
  const auto offset = *failed.server_date - state->config.clock.now();
  const auto change = offset - state->clock_offset;
  if (change < k_skew_worth_correcting && change > -k_skew_worth_correcting) return false;
  state->clock_offset = offset;
  return true;
}

RetryClass Client::Call::class_of(const Attempt& failed) const {
  if (operation.retry == Retry::never || failed.status < 0) return RetryClass::no;
  const auto reason = classify(failed.status, failed.error->code, failed.error->kind);
  if (operation.retry == Retry::throttled_only && reason != RetryClass::throttled) return RetryClass::no;
  return reason;
}

Task<void> Client::Call::wait(int attempt_number, RetryClass reason, std::optional<milliseconds> retry_after) {
  const auto& options = state->config.retry;
  const auto delay = retry_delay(options, attempt_number, reason, retry_after);
  if (options.sleep)
    co_await options.sleep(delay);
  else
    co_await sleep_for(delay);
}

Task<Result<Attempt>> Client::Call::run() {
  bool clock_corrected = false;
  bool credentials_renewed = false;
  int paid = 0;
  for (int number = 1;; ++number) {
    auto made = co_await attempt();
    if (!made.error) {
      state->quota.give_back(std::max(paid, 1));
      co_return made;
    }
    if (!clock_corrected && corrects_clock(made)) {
      clock_corrected = true;
      continue;
    }
    if (!credentials_renewed && is_expired_credentials_code(made.error->code)) {
      credentials_renewed = true;
      state->config.credentials.invalidate();
      continue;
    }
    const auto reason = class_of(made);
    const bool again = reason != RetryClass::no && number < state->config.retry.max_attempts;
    if (!again || !state->quota.take(reason)) co_return std::unexpected(*std::move(made.error));
    paid = RetryQuota::cost(reason);
    co_await wait(number, reason, made.retry_after);
  }
}

Client::Client(ClientConfig config, ServiceTraits traits)
    : state_(std::make_shared<State>(std::move(config), traits)) {}

const ClientConfig& Client::config() const {
  return state_->config;
}

Task<Result<http::Response>> Client::send(Operation operation) {
  Call call{state_, std::move(operation), std::nullopt};
  ASSIGN_OR_CO_RETURN(auto made, co_await call.run());
  co_return std::move(made.response);
}

Task<Result<Reply>> Client::call(Operation operation, std::size_t limit) {
  Call call{state_, std::move(operation), limit};
  ASSIGN_OR_CO_RETURN(auto made, co_await call.run());
  Reply reply;
  reply.status = made.response.status;
  reply.request_id = request_id_of(made.response.headers);
  reply.headers = std::move(made.response.headers);
  reply.body = std::move(made.body);
  co_return reply;
}

Task<Result<std::string>> Client::presign(Operation operation, std::chrono::seconds expires) {
  // The user of a URL sends headers of its own: only what was asked for and the host are signed.
  const auto state = state_;
  ASSIGN_OR_CO_RETURN(auto request, state->build(operation));
  ASSIGN_OR_CO_RETURN(const auto credentials, co_await state->config.credentials.get());
  request.headers.remove("User-Agent");
  const auto query = state->presigned_query(request, operation, credentials, expires);
  co_return fmt::format("{}://{}{}?{}", request.scheme, http::authority(request), request.path, query);
}

}  // namespace sortie::aws
