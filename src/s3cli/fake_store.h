#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "aws/scripted_service.h"
#include "wire/checksum.h"
#include "wire/uri.h"

/// For tests: an object store of one bucket that can be told to fail.
namespace sortie::s3cli {

/// A body that breaks off: `text`, then an error instead of the end.
class BrokenBody final : public http::BodySource {
 public:
  BrokenBody(std::string text, std::uint64_t promised) : text_(std::move(text)), promised_(promised) {}
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return promised_; }
  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    if (at_ == text_.size()) co_return fail(ErrorKind::network, "connection closed before the end of the body");
    const auto count = std::min(buffer.size(), text_.size() - at_);
    std::memcpy(buffer.data(), text_.data() + at_, count);
    at_ += count;
    co_return count;
  }

 private:
  std::string text_;
  std::uint64_t promised_;
  std::size_t at_ = 0;
};

inline http::Response refusal(int status, const std::string& code) {
  return {
      status, {{"x-amz-request-id", "REQ1"}}, fmt::format("<Error><Code>{}</Code><Message>m</Message></Error>", code)};
}

class FakeStore final : public http::Service {
 public:
  /// Looks at a request first; what it returns is the answer.
  std::function<std::optional<http::Response>(const aws::SeenRequest&)> intercept;
  bool knows_ranges = true;
  bool knows_checksums = true;
  std::map<std::string, std::string> objects;
  std::vector<aws::SeenRequest> seen;

  Task<Result<http::Response>> handle(http::Request request) override {
    aws::SeenRequest now{request.method, request.path, request.headers, ""};
    if (!request.query.empty()) now.url += "?" + request.query;
    ASSIGN_OR_CO_RETURN(now.body, co_await request.body.read_all(1 << 28));
    seen.push_back(now);
    if (intercept) {
      if (auto answer = intercept(now)) co_return *std::move(answer);
    }
    co_return answer(now, request.path, request.query);
  }

  /// How many requests of that method had this in their URL.
  [[nodiscard]] int count(const std::string& method, const std::string& part) const {
    return static_cast<int>(std::ranges::count_if(
        seen, [&](const auto& request) { return request.method == method && request.url.contains(part); }));
  }

 private:
  http::Response answer(const aws::SeenRequest& request, const std::string& key, const std::string& query) {
    const auto parameters = wire::parse_query(query).value_or(std::vector<wire::QueryParameter>{});
    if (request.method == "PUT" && query.contains("partNumber")) {
      parts_[std::stoi(std::string(*wire::find_parameter(parameters, "partNumber")))] = request.body;
      return {200, {{"ETag", "\"part\""}}, ""};
    }
    if (request.method == "PUT") {
      objects[key] = request.body;
      return {200, {{"ETag", "\"e\""}}, ""};
    }
    if (request.method == "POST" && query.starts_with("uploads")) {
      parts_.clear();
      return {200, {}, "<InitiateMultipartUploadResult><UploadId>U1</UploadId></InitiateMultipartUploadResult>"};
    }
    if (request.method == "POST") {
      auto& object = objects[key];
      object.clear();
      for (const auto& [number, bytes] : parts_) object += bytes;
      return {200, {}, "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"};
    }
    if (request.method == "DELETE") return {204, {}, ""};
    const auto found = objects.find(key);
    if (found == objects.end()) return refusal(404, "NoSuchKey");
    if (request.method == "HEAD") return {200, {{"Content-Length", std::to_string(found->second.size())}}, ""};
    return read(found->second, std::string(request.headers.get_or("range", "")));
  }

  http::Response read(const std::string& bytes, const std::string& range) const {
    http::Response out{200, {{"ETag", "\"e\""}}, bytes};
    if (!range.empty() && knows_ranges) {
      const auto dash = range.find('-');
      const auto first = std::stoull(range.substr(6, dash - 6));
      if (first >= bytes.size()) return refusal(416, "InvalidRange");
      const auto last = dash + 1 == range.size()
                            ? bytes.size() - 1
                            : std::min<std::uint64_t>(std::stoull(range.substr(dash + 1)), bytes.size() - 1);
      out.status = 206;
      out.headers.add("Content-Range", fmt::format("bytes {}-{}/{}", first, last, bytes.size()));
      out.body = bytes.substr(first, last - first + 1);
    }
    out.headers.add("Content-Length", std::to_string(*out.body.length()));
    if (knows_checksums && *out.body.length() == bytes.size()) {
      out.headers.add("x-amz-checksum-crc32",
                      wire::base64_encode(wire::checksum(wire::ChecksumAlgorithm::crc32, bytes)));
    }
    return out;
  }

  std::map<int, std::string> parts_;
};

}  // namespace sortie::s3cli
