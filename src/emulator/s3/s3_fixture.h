#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/s3/s3.h"
#include "http/service.h"
#include "wire/checksum.h"
#include "wire/uri.h"

/// For the tests of this folder: S3 on an ephemeral store, driven through requests as values.
namespace sortie::emulator {

/// Says yes unless the action is forbidden; remembers what it was asked.
class FakeAuthorizer final : public Authorizer {
 public:
  AwsResult<void> authorize(const Call& /*call*/, const AuthorizationRequest& question) override {
    asked.push_back(question);
    for (const auto& action : forbidden) {
      if (question.action == action) return aws_fail(403, "AccessDenied", "User: x may not " + action);
    }
    return {};
  }
  std::vector<AuthorizationRequest> asked;
  std::vector<std::string> forbidden;
};

struct Answer {
  int status = 0;
  http::Headers headers;
  std::string body;
  bool cut = false;  ///< the body ended in an error

  [[nodiscard]] std::string header(std::string_view name) const { return std::string(headers.get_or(name, "")); }
  /// The text of the first element of that name.
  [[nodiscard]] std::string element(std::string_view name) const {
    const auto open = "<" + std::string(name) + ">";
    const auto at = body.find(open);
    if (at == std::string::npos) return {};
    const auto end = body.find("</", at);
    return body.substr(at + open.size(), end - at - open.size());
  }
  [[nodiscard]] std::vector<std::string> elements(std::string_view name) const {
    std::vector<std::string> found;
    const auto open = "<" + std::string(name) + ">";
    for (auto at = body.find(open); at != std::string::npos; at = body.find(open, at + 1)) {
      found.push_back(body.substr(at + open.size(), body.find("</", at) - at - open.size()));
    }
    return found;
  }
  [[nodiscard]] std::string code() const { return element("Code"); }
};

/// A body of `size` bytes made as it is read; fails after `fail_after` bytes.
class MadeBody final : public http::BodySource {
 public:
  explicit MadeBody(std::uint64_t size, std::uint64_t fail_after = ~0ULL, std::string error_code = {})
      : size_(size), fail_after_(fail_after), error_code_(std::move(error_code)) {}
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return size_; }
  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    if (at_ >= fail_after_) {
      Error error{ErrorKind::protocol, "cut", error_code_, {}, {}, {}};
      co_return std::unexpected(std::move(error));
    }
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>({buffer.size(), size_ - at_, fail_after_ - at_, 100'000}));
    for (std::size_t i = 0; i < count; ++i) buffer[i] = byte_at(at_ + i);
    at_ += count;
    co_return count;
  }
  static char byte_at(std::uint64_t at) { return static_cast<char>('a' + at % 23); }
  static std::string bytes(std::uint64_t size) {
    std::string text(size, '\0');
    for (std::uint64_t i = 0; i < size; ++i) text[i] = byte_at(i);
    return text;
  }

 private:
  std::uint64_t size_;
  std::uint64_t fail_after_;
  std::string error_code_;
  std::uint64_t at_ = 0;
};

inline http::Body made(std::uint64_t size, std::uint64_t fail_after = ~0ULL, std::string error_code = {}) {
  return std::unique_ptr<http::BodySource>(std::make_unique<MadeBody>(size, fail_after, std::move(error_code)));
}

class S3Fixture : public testing::Test {
 protected:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  S3Fixture() : store_(Store::ephemeral().value()) { restart(); }

  void restart() {
    s3_.reset();
    s3_ = std::make_unique<S3>(io_.get_executor(), clock_, *store_, authorizer_, pool_);
  }

  Call make_call(std::string method, std::string path, http::Body body = {}, const Fields& headers = {}) {
    Call call;
    call.service = "s3";
    call.region = region_;
    call.account = "111111111111";
    call.request_id = "REQUEST";
    call.principal.kind = Principal::Kind::user;
    call.principal.arn = "arn:aws:iam::111111111111:user/x";
    call.signature = Call::Signature::header;
    call.signature_version = "AWS4-HMAC-SHA256";
    call.request.method = std::move(method);
    const auto question = path.find('?');
    call.request.path = path.substr(0, question);
    if (question != std::string::npos) call.request.query = path.substr(question + 1);
    for (const auto& [name, value] : headers) call.request.headers.add(name, value);
    call.request.body = std::move(body);
    return call;
  }

  Answer send(Call call) {
    Answer answer;
    asio::co_spawn(
        io_,
        [](S3& s3, Call call, Answer& answer) -> Task<void> {
          auto response = co_await s3.handle(std::move(call));
          answer.status = response.status;
          answer.headers = std::move(response.headers);
          auto body = co_await response.body.read_all(256 << 20);
          answer.cut = !body.has_value();
          if (body) answer.body = *std::move(body);
        }(*s3_, std::move(call), answer),
        [](const std::exception_ptr& failure) {
          if (failure) std::rethrow_exception(failure);
        });
    io_.restart();
    io_.run();
    return answer;
  }

  Answer send(std::string method, std::string path, http::Body body = {}, const Fields& headers = {}) {
    return send(make_call(std::move(method), std::move(path), std::move(body), headers));
  }

  /// DeleteObjects, with the digest that it needs.
  Answer delete_many(const std::string& xml) {
    const std::string md5 = wire::base64_encode(wire::checksum(wire::ChecksumAlgorithm::md5, xml));
    return send("POST", "/bucket?delete", xml, {{"Content-MD5", md5}});
  }

  /// Files in the folder of object data.
  std::vector<std::string> files() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(store_->blobs("s3").value())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  asio::io_context io_;
  FakeClock clock_;
  FakeAuthorizer authorizer_;
  BlockingPool pool_{1};
  std::string region_ = "us-east-1";
  std::unique_ptr<Store> store_;
  std::unique_ptr<S3> s3_;
};

}  // namespace sortie::emulator
