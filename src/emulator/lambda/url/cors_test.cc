#include "emulator/lambda/url/cors.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace sortie::emulator::lambda {
namespace {

boost::json::object cors(const char* text) {
  return boost::json::parse(text).as_object();
}

std::string sent(const http::Headers& headers) {
  std::string text;
  for (const auto& [name, value] : headers) text += name + "=" + value + "\n";
  return text;
}

http::Request preflight(const std::string& origin) {
  return {.method = "OPTIONS", .headers = {{"Origin", origin}, {"Access-Control-Request-Method", "PUT"}}};
}

const char* k_full = R"({"AllowCredentials":true,"AllowHeaders":["Date","X-A"],"AllowMethods":["GET","PUT"],)"
                     R"("AllowOrigins":["https://a.example","http://*"],"ExposeHeaders":["X-B"],"MaxAge":300})";

TEST(UrlCors, AnswersAPreflight) {
  const auto response = answer_preflight(cors(k_full), preflight("https://a.example"));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(
      sent(response->headers),
      "Vary=Origin\nAccess-Control-Allow-Origin=https://a.example\nAccess-Control-Allow-Credentials=true\n"
      "Access-Control-Allow-Methods=GET,PUT\nAccess-Control-Allow-Headers=Date,X-A\nAccess-Control-Max-Age=300\n");
}

TEST(UrlCors, ForeignOriginsAreToldNothing) {
  const auto response = answer_preflight(cors(k_full), preflight("https://b.example"));
  ASSERT_TRUE(response);
  EXPECT_EQ(sent(response->headers), "");
  http::Headers headers;
  add_cors_headers(cors(k_full), "https://b.example", headers);
  add_cors_headers(cors(k_full), "", headers);
  add_cors_headers({}, "https://a.example", headers);
  EXPECT_EQ(sent(headers), "");
}

TEST(UrlCors, OtherRequestsAreTheFunctions) {
  EXPECT_FALSE(answer_preflight({}, preflight("https://a.example")));
  EXPECT_FALSE(answer_preflight(cors(k_full), {.method = "OPTIONS", .headers = {{"Origin", "https://a.example"}}}));
  auto other = preflight("https://a.example");
  other.method = "GET";
  EXPECT_FALSE(answer_preflight(cors(k_full), other));
}

TEST(UrlCors, EveryOriginWithAndWithoutCredentials) {
  const auto origin_of = [](const char* text, const char* origin) {
    http::Headers headers;
    add_cors_headers(cors(text), origin, headers);
    return std::string(headers.get_or("Access-Control-Allow-Origin", "(none)"));
  };
  EXPECT_EQ(origin_of(R"({"AllowOrigins":["*"]})", "https://x"), "*");
  EXPECT_EQ(origin_of(R"({"AllowOrigins":["*"],"AllowCredentials":true})", "https://x"), "https://x");
  EXPECT_EQ(origin_of(R"({"AllowOrigins":["http://*"]})", "http://x:80"), "http://x:80");
  EXPECT_EQ(origin_of(R"({"AllowOrigins":["http://*"]})", "https://x"), "(none)");
}

TEST(UrlCors, TheConfigurationWins) {
  http::Headers headers{{"access-control-allow-origin", "evil"}, {"Access-Control-Expose-Headers", "Y"}, {"A", "b"}};
  add_cors_headers(cors(k_full), "http://b", headers);
  EXPECT_EQ(headers.get_or("Access-Control-Allow-Origin", ""), "http://b");
  EXPECT_EQ(headers.get_or("Access-Control-Expose-Headers", ""), "X-B");
  EXPECT_EQ(headers.get_or("Access-Control-Allow-Credentials", ""), "true");
  EXPECT_EQ(headers.get_or("A", ""), "b");
}

}  // namespace
}  // namespace sortie::emulator::lambda
