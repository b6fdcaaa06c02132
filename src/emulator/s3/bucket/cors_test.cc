#include "emulator/s3/bucket/cors.h"

#include <gtest/gtest.h>

namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_rules =
    "<CORSRule><AllowedOrigin>https://app.example</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>"
    "<AllowedMethod>POST</AllowedMethod><AllowedHeader>Content-*</AllowedHeader><AllowedHeader>x-amz-ACL</"
    "AllowedHeader>"
    "<ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-amz-version-id</ExposeHeader><MaxAgeSeconds>600</MaxAgeSeconds>"
    "</CORSRule><CORSRule><AllowedOrigin>https://*.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>"
    "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>HEAD</AllowedMethod></CORSRule>";

/// The position of the rule that allows it, -1 for none.
int rule_for(const std::string& origin, const std::string& method, const std::string& headers = "") {
  const auto rules = read_cors_rules(k_rules);
  http::Request request;
  request.method = "OPTIONS";
  request.headers = {{"Origin", origin}, {"Access-Control-Request-Method", method}};
  if (!headers.empty()) request.headers.add("Access-Control-Request-Headers", headers);
  const CorsRule* rule = find_cors_rule(rules, *read_cors_question(request));
  return rule == nullptr ? -1 : static_cast<int>(rule - rules.data());
}

TEST(Cors, TheFirstRuleThatFitsCounts) {
  EXPECT_EQ(rule_for("https://app.example", "PUT"), 0);
  EXPECT_EQ(rule_for("https://app.example", "GET"), 1);
  EXPECT_EQ(rule_for("https://other.example", "PUT"), -1);
  EXPECT_EQ(rule_for("http://anywhere", "HEAD"), 2);
}

TEST(Cors, OriginsMatchAsAWhole) {
  EXPECT_EQ(rule_for("https://app.example.evil", "PUT"), -1);
  EXPECT_EQ(rule_for("https://a.b.example", "GET"), 1);
  EXPECT_EQ(rule_for("https://example", "GET"), -1);
  EXPECT_EQ(rule_for("https://.example", "GET"), 1);
}

TEST(Cors, EveryHeaderMustBeAllowedInAnyCase) {
  EXPECT_EQ(rule_for("https://app.example", "PUT", "content-type, X-Amz-Acl"), 0);
  EXPECT_EQ(rule_for("https://app.example", "PUT", "content-type,authorization"), -1);
  EXPECT_EQ(rule_for("https://app.example", "GET", "content-type"), -1);
}

TEST(Cors, TheAnswerSaysWhatIsAllowed) {
  const auto rules = read_cors_rules(k_rules);
  http::Response response;
  add_cors_headers(response, rules[0], {"https://app.example", "PUT", {"content-type", "x-amz-acl"}});
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Methods"), "PUT, POST");
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Headers"), "content-type, x-amz-acl");
  EXPECT_EQ(response.headers.get("Access-Control-Expose-Headers"), "ETag, x-amz-version-id");
  EXPECT_EQ(response.headers.get("Access-Control-Max-Age"), "600");
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Credentials"), "true");
  http::Response open;
  add_cors_headers(open, rules[2], {"https://app.example", "HEAD", {}});
  EXPECT_EQ(open.headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(open.headers.get("Access-Control-Allow-Credentials"), std::nullopt);
}

TEST(Cors, WithoutOriginNothingIsAsked) {
  EXPECT_FALSE(read_cors_question(http::Request()));
}

}  // namespace
}  // namespace sortie::emulator::s3
