#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/task.h"
#include "emulator/core/call.h"

namespace sortie::emulator::cloudformation {

/// Receives the answers of custom resources: AWS gives each request a presigned URL of S3, here it is a URL with a
/// secret of 128 bits that takes one PUT. io_context thread only.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
class CustomResponses {
 public:
  static constexpr std::size_t k_longest = 4096;
  static constexpr std::string_view k_bucket_prefix = "cloudformation-custom-resource-response-";

  /// The URL for one answer.
  struct ResponseUrl {
    std::string secret;
    std::string url;
  };
  /// `name` is what the URL shows (stack, logical id).
  ResponseUrl open(const std::string& region, std::string_view name);
  /// The answer that was put there; nothing before. Longer answers are cut behind `k_longest` bytes.
  [[nodiscard]] std::optional<std::string> find(const std::string& secret) const;
  void close(const std::string& secret);

  /// A request to such a URL. Unknown ones are denied; a second answer replaces the first.
  Task<http::Response> receive(Call call);

 private:
  std::map<std::string, std::optional<std::string>, std::less<>> answers_;
};

/// What a custom resource has answered.
struct CustomAnswer {
  std::string physical_id;
  boost::json::object data;  ///< the attributes of Fn::GetAtt
  std::string failure;       ///< why it is a failure, empty for success
};

/// Reads an answer to `message`, the document that the function was sent. Anything may stand in `body`.
CustomAnswer read_custom_answer(std::string_view body, const boost::json::object& message);

}  // namespace sortie::emulator::cloudformation
