#include <fmt/format.h>

#include <algorithm>

#include "aws/credentials.h"
#include "aws/credentials_detail.h"
#include "base/deadline.h"
#include "wire/uri.h"

namespace sortie::aws {

namespace {

constexpr std::size_t k_answer_limit = 256 * 1024;
constexpr std::chrono::seconds k_container_timeout{5};
// Outside of EC2 nothing answers at the metadata address; nobody should wait long for that.
constexpr std::chrono::seconds k_metadata_timeout{1};
constexpr std::string_view k_container_host = "169.254.170.2";
constexpr std::string_view k_metadata_host = "169.254.169.254";

struct Fetched {
  int status = 0;
  std::string body;
};

/// The same request once more; it has no body.
http::Request copy_of(const http::Request& request) {
  http::Request out;
  out.method = request.method;
  out.scheme = request.scheme;
  out.host = request.host;
  out.port = request.port;
  out.path = request.path;
  out.query = request.query;
  out.headers = request.headers;
  return out;
}

Task<Result<Fetched>> fetch_once(http::Service& service, http::Request request, std::chrono::seconds timeout,
                                 std::string what) {
  const auto deadline = deadline_in(timeout);
  auto response = co_await with_deadline(deadline, service.handle(std::move(request)), what + ": no answer in time");
  if (!response) co_return std::unexpected(wrap(std::move(response).error(), what));
  auto body = co_await with_deadline(deadline, response->body.read_all(k_answer_limit), what + ": no answer in time");
  if (!body) co_return std::unexpected(wrap(std::move(body).error(), what));
  co_return Fetched{response->status, *std::move(body)};
}

/// A 200 answer's body. Who answers that it cannot now, or not so often, is asked again; who does not answer at all is
/// not there.
Task<Result<std::string>> fetch(const ChainOptions& options, http::Request request, std::chrono::seconds timeout,
                                std::string what) {
  request.headers.set("Host", http::authority(request));
  request.headers.set("User-Agent", "sortie");
  for (int attempt = 1;; ++attempt) {
    ASSIGN_OR_CO_RETURN(auto fetched, co_await fetch_once(options.service, copy_of(request), timeout, what));
    if (fetched.status == 200) co_return std::move(fetched.body);
    const auto reason = classify(fetched.status, {}, ErrorKind::unavailable);
    if (reason == RetryClass::no || attempt >= options.retry.max_attempts) {
      co_return fail(fetched.status == 404 ? ErrorKind::not_found : ErrorKind::unavailable,
                     fmt::format("{}: HTTP {}", what, fetched.status));
    }
    const auto delay = retry_delay(options.retry, attempt, reason, std::nullopt);
    co_await (options.retry.sleep ? options.retry.sleep(delay) : sleep_for(delay));
  }
}

/// Plain http is for this machine and the addresses that container platforms use.
bool may_be_plain_http(std::string_view host) {
  return host == "localhost" || host.starts_with("127.") || host == "[::1]" || host == k_container_host ||
         host == "169.254.170.23" || host == "[fd00:ec2::23]";
}

class ContainerCredentials final : public CredentialsProvider {
 public:
  explicit ContainerCredentials(ChainOptions options) : options_(std::move(options)) {}

  Task<Result<Credentials>> get() override {
    ASSIGN_OR_CO_RETURN(const auto url, address());
    http::Request request;
    request.method = "GET";
    request.scheme = url.scheme;
    request.host = url.host;
    request.port = url.port;
    request.path = url.path;
    request.query = url.query;
    ASSIGN_OR_CO_RETURN(const auto token, authorization());
    if (!token.empty()) request.headers.set("Authorization", token);
    ASSIGN_OR_CO_RETURN(const auto body,
                        co_await fetch(options_, std::move(request), k_container_timeout, "container credentials"));
    co_return read_credentials_json(body, "container credentials");
  }

 private:
  [[nodiscard]] Result<wire::Url> address() const {
    const auto relative = value_of(options_.environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    if (!relative.empty()) return wire::parse_url(fmt::format("http://{}{}", k_container_host, relative));
    const auto full = value_of(options_.environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (full.empty()) return fail(ErrorKind::config, "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set");
    auto url = wire::parse_url(full);
    if (!url) return fail(ErrorKind::usage, "AWS_CONTAINER_CREDENTIALS_FULL_URI: " + url.error().message);
    if (url->scheme == "http" && !may_be_plain_http(url->host)) {
      return fail(ErrorKind::usage, fmt::format("AWS_CONTAINER_CREDENTIALS_FULL_URI: {} needs https", url->host));
    }
    return url;
  }

  [[nodiscard]] Result<std::string> authorization() const {
    const auto file = value_of(options_.environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    std::string token = value_of(options_.environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (!file.empty()) {
      auto read = read_small_file(file);
      if (!read) return fail(ErrorKind::usage, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: " + read.error().message);
      token = *std::move(read);
    }
    if (std::any_of(token.begin(), token.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; })) {
      return fail(ErrorKind::usage, "the container authorization token contains a line break");
    }
    return token;
  }

  ChainOptions options_;
};

/// EC2's instance metadata, version 2: a session token first.
class InstanceCredentials final : public CredentialsProvider {
 public:
  explicit InstanceCredentials(ChainOptions options) : options_(std::move(options)) {}

  Task<Result<Credentials>> get() override {
    if (value_of(options_.environment, "AWS_EC2_METADATA_DISABLED") == "true") {
      co_return fail(ErrorKind::config, "instance metadata is disabled");
    }
    auto put = request("PUT", "/latest/api/token");
    if (!put) co_return std::unexpected(put.error());
    put->headers.set("X-aws-ec2-metadata-token-ttl-seconds", "21600");
    auto token = co_await fetch(options_, *std::move(put), k_metadata_timeout, "instance metadata");
    if (!token) co_return fail(ErrorKind::config, token.error().message);
    ASSIGN_OR_CO_RETURN(const auto roles, co_await read("/latest/meta-data/iam/security-credentials/", *token));
    const auto role = roles.substr(0, roles.find('\n'));
    if (role.empty()) co_return fail(ErrorKind::config, "instance metadata: the instance has no role");
    ASSIGN_OR_CO_RETURN(const auto body,
                        co_await read("/latest/meta-data/iam/security-credentials/" + wire::uri_encode(role), *token));
    co_return read_credentials_json(body, fmt::format("instance role {}", role));
  }

 private:
  [[nodiscard]] Result<http::Request> request(std::string method, std::string path) const {
    auto endpoint = value_of(options_.environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (endpoint.empty()) endpoint = fmt::format("http://{}", k_metadata_host);
    const auto url = wire::parse_url(endpoint);
    if (!url) return fail(ErrorKind::usage, "AWS_EC2_METADATA_SERVICE_ENDPOINT: " + url.error().message);
    http::Request out;
    out.method = std::move(method);
    out.scheme = url->scheme;
    out.host = url->host;
    out.port = url->port;
    out.path = std::move(path);
    return out;
  }

  Task<Result<std::string>> read(std::string path, std::string token) const {
    ASSIGN_OR_CO_RETURN(auto get, request("GET", std::move(path)));
    get.headers.set("X-aws-ec2-metadata-token", std::move(token));
    auto body = co_await fetch(options_, std::move(get), k_metadata_timeout, "instance metadata");
    // No role on the instance: nothing here, the search goes on.
    if (!body && body.error().kind == ErrorKind::not_found) co_return fail(ErrorKind::config, body.error().message);
    co_return body;
  }

  ChainOptions options_;
};

}  // namespace

std::unique_ptr<CredentialsProvider> container_credentials(ChainOptions options) {
  return std::make_unique<ContainerCredentials>(std::move(options));
}

std::unique_ptr<CredentialsProvider> instance_credentials(ChainOptions options) {
  return std::make_unique<InstanceCredentials>(std::move(options));
}

}  // namespace sortie::aws
