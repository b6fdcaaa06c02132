#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"
#include "http/message.h"
#include "wire/xml.h"

/// Cross-origin resource sharing as a bucket's configuration allows it. "Using cross-origin resource sharing (CORS)",
/// S3 user guide.
namespace sortie::emulator::s3 {

struct CorsRule {
  std::vector<std::string> origins;  ///< with one `*` at most
  std::vector<std::string> methods;
  std::vector<std::string> headers;  ///< with one `*` at most
  std::vector<std::string> exposed;
  std::string max_age;  ///< seconds; empty for none
};

/// The content to keep of a CORSConfiguration. MalformedXML against the schema; InvalidRequest for methods and
/// wildcards that S3 does not take.
AwsResult<std::string> read_cors(const wire::XmlNode& root);

/// The rules in the content of a kept CORSConfiguration.
std::vector<CorsRule> read_cors_rules(std::string_view content);

/// `Origin` and the `Access-Control-Request-…` headers of a browser's request.
struct CorsQuestion {
  std::string origin;
  std::string method;                ///< of the request that is, or that is to come
  std::vector<std::string> headers;  ///< of `Access-Control-Request-Headers`, in lower case
};

/// Nothing for a request without `Origin`.
std::optional<CorsQuestion> read_cors_question(const http::Request& request);

/// The first rule that allows it, null when none does.
const CorsRule* find_cors_rule(const std::vector<CorsRule>& rules, const CorsQuestion& question);

/// Adds `Access-Control-…` and `Vary`.
void add_cors_headers(http::Response& response, const CorsRule& rule, const CorsQuestion& question);

}  // namespace sortie::emulator::s3
