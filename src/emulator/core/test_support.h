#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/core/ports.h"
#include "http/message.h"
#include "wire/checksum.h"
#include "wire/sigv4.h"

/// For tests of the embedded AWS's services alone.
namespace sortie::emulator::testing_support {

/// Runs a task to its end on an io_context of its own.
template <class T>
T run(Task<T> task) {
  asio::io_context io;
  std::optional<T> result;
  asio::co_spawn(
      io,
      [](Task<T> inner, std::optional<T>& out) -> Task<void> { out.emplace(co_await std::move(inner)); }(
                                                   std::move(task), result),
      [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
      });
  io.run();
  return std::move(result).value();
}

inline std::string text_of(http::Response& response) {
  return run(response.body.read_all(std::size_t{16} * 1024 * 1024)).value_or("(unreadable)");
}

struct SigningKey {
  std::string id;
  std::string secret;
  std::string token;
};

/// Signs a request whose Host header is set, as an SDK would.
inline void sign(http::Request& request, const SigningKey& key, std::string_view service, std::string_view region,
                 SystemTime now, std::string payload_hash = {}) {
  if (payload_hash.empty()) payload_hash = wire::sha256_hex(request.body.bytes());
  std::vector<wire::HeaderView> headers(request.headers.begin(), request.headers.end());
  wire::SigningOptions options;
  options.region = std::string(region);
  options.service = std::string(service);
  options.path = wire::PathRules::for_service(service);
  options.content_sha256_header = service == "s3";
  const auto signature = wire::sign_headers({request.method, request.path, request.query, headers}, payload_hash,
                                            {key.id, key.secret, key.token}, options, now);
  for (const auto& [name, value] : signature.headers) request.headers.set(name, value);
}

/// Says yes unless the action is forbidden; remembers what it was asked.
class FakeAuthorizer : public Authorizer {
 public:
  AwsResult<void> authorize(const Call& /*call*/, const AuthorizationRequest& request) override {
    asked.push_back(request);
    if (forbidden.contains(request.action)) return aws_fail(403, "AccessDenied", "User: x is not authorized");
    return {};
  }
  std::vector<AuthorizationRequest> asked;
  std::set<std::string> forbidden;
};

/// Keys by their ids; every role may be assumed, with `credentials`.
class FakeIdentities : public Identities {
 public:
  std::optional<Key> find_key(std::string_view id) override {
    const auto found = keys.find(id);
    return found == keys.end() ? std::nullopt : std::optional(found->second);
  }
  AwsResult<void> check_assumable(const std::string& /*role*/, const std::string& /*service*/) override { return {}; }
  AwsResult<SessionCredentials> assume_for_service(const std::string& /*role*/, const std::string& /*service*/,
                                                   const std::string& /*session*/,
                                                   std::chrono::seconds /*duration*/) override {
    return credentials;
  }
  std::map<std::string, Key, std::less<>> keys;
  SessionCredentials credentials;
};

/// Bytes that come in pieces of the given size, with or without a known length.
class PiecewiseSource final : public http::BodySource {
 public:
  PiecewiseSource(std::string bytes, std::size_t piece, bool known_length = true)
      : bytes_(std::move(bytes)), piece_(piece), known_length_(known_length) {}
  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    const std::size_t count = std::min({buffer.size(), piece_, bytes_.size() - at_});
    std::copy_n(bytes_.data() + at_, count, buffer.data());
    at_ += count;
    co_return count;
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override {
    return known_length_ ? std::optional<std::uint64_t>(bytes_.size()) : std::nullopt;
  }

 private:
  std::string bytes_;
  std::size_t piece_;
  bool known_length_;
  std::size_t at_ = 0;
};

}  // namespace sortie::emulator::testing_support
