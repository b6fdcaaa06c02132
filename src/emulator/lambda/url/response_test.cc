#include "emulator/lambda/url/response.h"

#include <gtest/gtest.h>

namespace sortie::emulator::lambda {
namespace {

const std::string k_json = "application/json";
const std::string k_zeros(8, '\0');

std::string body_of(const std::optional<http::Response>& response) {
  return response ? std::string(response->body.bytes()) : "(malformed)";
}

std::string header_of(const std::optional<http::Response>& response, std::string_view name) {
  return response ? std::string(response->headers.get_or(name, "(absent)")) : "(malformed)";
}

TEST(UrlResponse, WithoutAStatusTheAnswerIsTheBody) {
  for (const auto& [answer, body] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"({"hello": "world"})", R"({"hello":"world"})"},
           {R"(["hello", 3, true])", R"(["hello",3,true])"},
           {"3.1", "3.1"},
           {"null", "null"},
           {R"("hi \"you\"")", R"(hi "you")"},
           {R"({"a b" : " \" : , ", "headers": {"x": "y"}})", R"({"a b":" \" : , ","headers":{"x":"y"}})"},
           {R"({"statusCode": null})", R"({"statusCode":null})"},
       }) {
    const auto response = url_response(answer, k_json);
    EXPECT_EQ(body_of(response), body) << answer;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(header_of(response, "Content-Type"), k_json);
  }
}

TEST(UrlResponse, AStatusMakesItAResponse) {
  const auto response = url_response(
      R"({"statusCode":201,"headers":{"content-type":"text/html","X-Number":5,"x-none":null},"body":"<b>",)"
      R"("cookies":["a=1; Secure","b=2"]})",
      k_json);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(body_of(response), "<b>");
  EXPECT_EQ(header_of(response, "Content-Type"), "text/html");
  EXPECT_EQ(header_of(response, "x-number"), "5");
  EXPECT_EQ(header_of(response, "x-none"), "(absent)");
  std::string cookies;
  for (const auto& [name, value] : response->headers) cookies += name == "Set-Cookie" ? value + "|" : "";
  EXPECT_EQ(cookies, "a=1; Secure|b=2|");
}

TEST(UrlResponse, OfABody) {
  const auto body = [](const std::string& more) {
    return body_of(url_response(R"({"statusCode":200)" + more + "}", k_json));
  };
  EXPECT_EQ(body(""), "");
  EXPECT_EQ(body(R"(,"body":null)"), "");
  EXPECT_EQ(body(R"(,"body":{"a": [1, 2.5, "x", {}, []]})"), R"({"a":[1,2.5,"x",{},[]]})");
  EXPECT_EQ(body(R"(,"body":"AAH/","isBase64Encoded":true)"), std::string("\0\1\xff", 3));
  EXPECT_EQ(body(R"(,"body":"no base64!","isBase64Encoded":true)"), "(malformed)");
  EXPECT_EQ(header_of(url_response(R"({"statusCode":"204"})", k_json), "Content-Type"), k_json);
}

TEST(UrlResponse, WhatIsNoResponseIsMalformed) {
  for (const char* answer : {
           R"({"statusCode":"x"})",
           R"({"statusCode":99})",
           R"({"statusCode":101})",
           R"({"statusCode":600})",
           R"({"statusCode":200.5})",
           R"({"statusCode":[]})",
           R"({"statusCode":200,"headers":[]})",
           R"({"statusCode":200,"headers":{"a":{}}})",
           R"({"statusCode":200,"headers":{"a b":"x"}})",
           R"({"statusCode":200,"headers":{"":"x"}})",
           R"({"statusCode":200,"headers":{"a":"x\r\nSet-Cookie: y"}})",
           R"({"statusCode":200,"cookies":"a=1"})",
           R"({"statusCode":200,"cookies":[1]})",
           R"({"statusCode":200,"cookies":["a\u0000"]})",
       }) {
    EXPECT_FALSE(url_response(answer, k_json)) << answer;
  }
}

TEST(UrlResponse, HeadersHaveALimit) {
  const std::string much(k_prelude_limit, 'x');
  EXPECT_FALSE(url_response(R"({"statusCode":200,"headers":{"a":")" + much + R"("}})", k_json));
  std::string many;
  for (int i = 0; i < 501; ++i) many += (i == 0 ? "\"h" : ",\"h") + std::to_string(i) + "\":\"\"";
  EXPECT_FALSE(url_response(R"({"statusCode":200,"headers":{)" + many + "}}", k_json));
}

TEST(UrlResponse, WhatTheFrontSaysItselfIsRenamed) {
  const auto response = url_response(
      R"({"statusCode":200,"headers":{"Content-Length":"5","connection":"close","Date":"x","X-Amzn-RequestId":"i"},"body":"b"})",
      k_json);
  EXPECT_EQ(header_of(response, "Content-Length"), "(absent)");
  EXPECT_EQ(header_of(response, "x-amzn-remapped-content-length"), "5");
  EXPECT_EQ(header_of(response, "x-amzn-remapped-connection"), "close");
  EXPECT_EQ(header_of(response, "x-amzn-remapped-date"), "x");
  EXPECT_EQ(header_of(response, "x-amzn-requestid"), "(absent)");
}

TEST(UrlResponse, WhatIsNotJsonGoesOnAsItIs) {
  const auto response = url_response("<html>", "text/html");
  EXPECT_EQ(body_of(response), "<html>");
  EXPECT_EQ(header_of(response, "Content-Type"), "text/html");
  EXPECT_EQ(header_of(url_response("\xff", ""), "Content-Type"), "application/octet-stream");
}

TEST(UrlResponse, APreludeCountsInABufferedAnswerToo) {
  const std::string type(k_http_integration);
  const auto response = url_response(R"({"statusCode":202,"headers":{"a":"b"}})" + k_zeros + "body", type);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 202);
  EXPECT_EQ(body_of(response), "body");
  EXPECT_FALSE(url_response("{}", type));
  EXPECT_FALSE(url_response("{" + k_zeros, type));
  EXPECT_EQ(body_of(url_response("", type)), "");
}

using State = PreludeReader::State;

TEST(Prelude, ComesInPieces) {
  const std::string text = R"({"statusCode":404,"cookies":["a=1"]})" + k_zeros + std::string("\0body", 5);
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    PreludeReader reader;
    auto state = reader.feed(text.substr(0, cut));
    std::string rest;
    if (state == State::more) {
      state = reader.feed(text.substr(cut));
    } else {
      rest = text.substr(cut);
    }
    ASSERT_EQ(state, State::complete) << cut;
    EXPECT_EQ(reader.head().status, 404);
    EXPECT_EQ(reader.rest() + rest, std::string("\0body", 5)) << cut;
  }
}

TEST(Prelude, WithoutATypeTheBodyIsBytes) {
  PreludeReader reader;
  ASSERT_EQ(reader.feed("{}" + k_zeros), State::complete);
  EXPECT_EQ(reader.head().status, 200);
  EXPECT_EQ(reader.head().headers.get_or("Content-Type", ""), "application/octet-stream");
}

TEST(Prelude, MalformedOnes) {
  for (const std::string& text : {"{}" + std::string(7, '\0') + "x", "[]" + k_zeros, "x" + k_zeros, k_zeros,
                                  R"({"statusCode":1})" + k_zeros, std::string(k_prelude_limit + 1, ' ')}) {
    PreludeReader reader;
    EXPECT_EQ(reader.feed(text), State::malformed) << text.substr(0, 30);
  }
}

}  // namespace
}  // namespace sortie::emulator::lambda
