#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"
#include "wire/xml.h"

/// A bucket's website configuration, and what it makes of a visit.
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html
namespace sortie::emulator::s3 {

/// What S3 says of a bucket without a website.
inline constexpr std::string_view k_no_website = "NoSuchWebsiteConfiguration";
inline constexpr std::string_view k_no_website_message = "The specified bucket does not have a website configuration";

/// The target of a redirection; empty members keep the request's own.
struct Redirect {
  std::string protocol;
  std::string host;
  std::optional<std::string> key;         ///< instead of the key
  std::optional<std::string> new_prefix;  ///< instead of the prefix of the rule's condition
  int status = 301;
};

struct RoutingRule {
  std::string prefix;  ///< of the key; every key has the empty one
  int error = 0;       ///< the rule is for visits that end so; 0: for all, before the key is looked for
  Redirect redirect;
};

struct Website {
  std::optional<Redirect> redirect_all;
  std::string index;  ///< what is appended to folders; not empty unless all is redirected
  std::string error;  ///< key of the error document, may be empty
  std::vector<RoutingRule> rules;

  /// The first rule for the key and an error's status, 0 before there is one.
  [[nodiscard]] const RoutingRule* find_rule(std::string_view key, int error) const;
};

/// A visit as its redirections see it.
struct Visit {
  std::string scheme;
  std::string host;   ///< with the port
  std::string key;    ///< decoded
  std::string query;  ///< encoded
};

/// Reads `<WebsiteConfiguration>`; AWS's errors for what AWS does not take.
AwsResult<Website> read_website(const wire::XmlNode& root);

/// The address of a redirection. `prefix` is the rule's. Characters that no header can carry are percent-encoded.
std::string redirect_address(const Redirect& redirect, std::string_view prefix, const Visit& visit);

/// The page that a website answers with an error, `status` and headers included. `of_document`: why the error document
/// could not be had.
http::Response error_page(const AwsError& error, const std::optional<AwsError>& of_document,
                          const std::string& request_id, const std::string& host_id);
/// The headers by which a website's answer says which error it is.
void add_error_headers(http::Response& response, const AwsError& error);

}  // namespace sortie::emulator::s3
