#include "emulator/s3/website/website.h"

#include <fmt/format.h>

#include "emulator/s3/s3_fixture.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_index = "<IndexDocument><Suffix>index.html</Suffix></IndexDocument>";

AwsResult<Website> read(std::string_view content) {
  const auto document =
      wire::XmlDocument::parse(fmt::format("<WebsiteConfiguration>{}</WebsiteConfiguration>", content));
  return read_website(document.value().root());
}

std::string code_of(std::string_view content) {
  const auto site = read(content);
  return site ? "" : site.error().code;
}

std::string rules(std::string_view content) {
  return fmt::format("{}<RoutingRules>{}</RoutingRules>", k_index, content);
}

std::string rule(std::string_view condition, std::string_view redirect) {
  return rules(fmt::format("<RoutingRule>{}<Redirect>{}</Redirect></RoutingRule>", condition, redirect));
}

TEST(Website, NeedsAnIndexOrAnotherHost) {
  EXPECT_EQ(code_of(k_index), "");
  EXPECT_EQ(code_of("<RedirectAllRequestsTo><HostName>a.example</HostName></RedirectAllRequestsTo>"), "");
  EXPECT_EQ(code_of(""), "InvalidArgument");
  EXPECT_EQ(code_of("<IndexDocument><Suffix>a/b</Suffix></IndexDocument>"), "InvalidArgument");
  EXPECT_EQ(code_of("<IndexDocument><Suffix/></IndexDocument>"), "InvalidArgument");
  EXPECT_EQ(code_of(fmt::format("{}<ErrorDocument/>", k_index)), "MalformedXML");
  EXPECT_EQ(code_of(fmt::format("{}{}", k_index, k_index)), "MalformedXML");
  EXPECT_EQ(code_of(fmt::format("{}<Other/>", k_index)), "MalformedXML");
  EXPECT_EQ(code_of("<RedirectAllRequestsTo/>"), "MalformedXML");
}

TEST(Website, RulesAreChecked) {
  EXPECT_EQ(code_of(rule("", "<HostName>a.example</HostName>")), "");
  EXPECT_EQ(code_of(rule("<Condition/>", "<HostName>a.example</HostName>")), "InvalidRequest");
  EXPECT_EQ(code_of(rule("", "<Protocol>ftp</Protocol>")), "InvalidRequest");
  EXPECT_EQ(code_of(rule("", "<ReplaceKeyWith>a</ReplaceKeyWith><ReplaceKeyPrefixWith/>")), "InvalidRequest");
  for (const char* status : {"200", "300", "400", "x", "3011", ""}) {
    EXPECT_EQ(code_of(rule("", fmt::format("<HttpRedirectCode>{}</HttpRedirectCode>", status))), "InvalidRequest");
    const std::string when = fmt::format("<HttpErrorCodeReturnedEquals>{}</HttpErrorCodeReturnedEquals>", status);
    EXPECT_EQ(code_of(rule("<Condition>" + when + "</Condition>", "")),
              std::string_view(status) == "400" ? "" : "InvalidRequest");
  }
  EXPECT_EQ(code_of(rules("")), "MalformedXML");
  EXPECT_EQ(code_of(rules("<RoutingRule/>")), "MalformedXML");
  std::string many;
  for (int i = 0; i < 51; ++i) many += "<RoutingRule><Redirect/></RoutingRule>";
  EXPECT_EQ(code_of(rules(many)), "InvalidRequest");
}

TEST(Website, TheFirstRuleThatFitsCounts) {
  const auto site =
      read(rules("<RoutingRule><Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition><Redirect/></RoutingRule>"
                 "<RoutingRule><Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals>"
                 "<KeyPrefixEquals>images/</KeyPrefixEquals></Condition><Redirect/></RoutingRule>"
                 "<RoutingRule><Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition>"
                 "<Redirect/></RoutingRule>"));
  ASSERT_TRUE(site.has_value());
  EXPECT_EQ(site->find_rule("docs/a", 0), site->rules.data());
  EXPECT_EQ(site->find_rule("other", 0), nullptr);
  EXPECT_EQ(site->find_rule("images/a", 404), &site->rules[1]);
  EXPECT_EQ(site->find_rule("docs/a", 404), &site->rules[2]);
  EXPECT_EQ(site->find_rule("images/a", 403), nullptr);
}

TEST(Website, RedirectionsChangeWhatTheyName) {
  const Visit visit{"http", "site.example:80", "docs/a b", "x=1"};
  Redirect redirect;
  EXPECT_EQ(redirect_address(redirect, "", visit), "http://site.example:80/docs/a%20b?x=1");
  redirect.protocol = "https";
  redirect.host = "other.example";
  EXPECT_EQ(redirect_address(redirect, "", visit), "https://other.example/docs/a%20b?x=1");
  redirect.new_prefix = "documents/";
  EXPECT_EQ(redirect_address(redirect, "docs/", visit), "https://other.example/documents/a%20b?x=1");
  redirect.new_prefix = "";
  EXPECT_EQ(redirect_address(redirect, "docs/", visit), "https://other.example/a%20b?x=1");
  redirect.new_prefix.reset();
  redirect.key = "#!/page";
  EXPECT_EQ(redirect_address(redirect, "docs/", visit), "https://other.example/#!/page?x=1");
}

TEST(Website, NothingOfAConfigurationCanEndAHeader) {
  Redirect redirect;
  redirect.host = "a\r\nSet-Cookie: x";
  EXPECT_EQ(redirect_address(redirect, "", {"http", "h", "k", ""}), "http://a%0D%0ASet-Cookie:%20x/k");
  http::Response response;
  add_error_headers(response, {404, "NoSuchKey", "The", {{"Key", "a\r\nb"}}});
  EXPECT_EQ(response.headers.get_or("x-amz-error-detail-Key", ""), "a%0D%0Ab");
}

}  // namespace
}  // namespace sortie::emulator::s3

namespace sortie::emulator {
namespace {

class WebsiteTest : public S3Fixture {
 protected:
  WebsiteTest() {
    send("PUT", "/bucket");
    send("DELETE", "/bucket?publicAccessBlock");
    configure(std::string(s3::k_index) + "<ErrorDocument><Key>error.html</Key></ErrorDocument>");
    send("PUT", "/bucket/index.html", "root", {{"Content-Type", "text/html"}});
    send("PUT", "/bucket/docs/index.html", "docs");
  }

  void configure(const std::string& content) {
    ASSERT_EQ(send("PUT", "/bucket?website", "<WebsiteConfiguration>" + content + "</WebsiteConfiguration>").status,
              200);
  }

  Answer visit(const std::string& path, const std::string& method = "GET", const Fields& headers = {},
               const std::string& bucket = "bucket") {
    Call call = make_call(method, path, {}, headers);
    call.request.scheme = "http";
    call.request.headers.add("Host", "site");
    call.virtual_bucket = bucket;
    call.website = true;
    call.principal = {};
    call.signature = Call::Signature::none;
    call.signature_version.clear();
    return send(std::move(call));
  }
};

TEST_F(WebsiteTest, FoldersHaveIndexDocuments) {
  EXPECT_EQ(visit("/").body, "root");
  EXPECT_EQ(visit("/").header("Content-Type"), "text/html");
  EXPECT_EQ(visit("/docs/").body, "docs");
  const Answer bare = visit("/docs");
  EXPECT_EQ(bare.status, 302);
  EXPECT_EQ(bare.header("Location"), "/docs/");
  EXPECT_EQ(visit("/", "HEAD").body, "");
  EXPECT_EQ(visit("/", "HEAD").header("Content-Length"), "4");
  EXPECT_EQ(visit("/none/").status, 404);
  EXPECT_TRUE(visit("/none/").body.contains("<li>Key: none/index.html</li>"));
}

TEST_F(WebsiteTest, QueriesAndApiHeadersMeanNothing) {
  EXPECT_EQ(visit("/?acl&versionId=x").body, "root");
  EXPECT_EQ(visit("/?response-content-type=x").header("Content-Type"), "text/html");
  EXPECT_EQ(visit("/", "GET", {{"x-amz-expected-bucket-owner", "1"}}).status, 200);
  EXPECT_EQ(visit("/", "GET", {{"Range", "bytes=1-2"}}).body, "oo");
  EXPECT_EQ(visit("/", "GET", {{"If-None-Match", visit("/").header("ETag")}}).status, 304);
}

TEST_F(WebsiteTest, ErrorsArePagesOrTheErrorDocument) {
  const Answer page = visit("/<none>");
  EXPECT_EQ(page.status, 404);
  EXPECT_TRUE(page.body.contains("<li>Key: &lt;none&gt;</li>")) << page.body;
  EXPECT_TRUE(page.body.contains("Attempting to Retrieve a Custom Error Document"));
  EXPECT_EQ(page.header("x-amz-error-code"), "NoSuchKey");
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  send("PUT", "/bucket/error.html", "sorry");
  const Answer document = visit("/none", "GET", {{"Range", "bytes=0-1"}, {"If-None-Match", "*"}});
  EXPECT_EQ(document.status, 404);
  EXPECT_EQ(document.body, "sorry");
  EXPECT_EQ(document.header("x-amz-error-code"), "NoSuchKey");
  EXPECT_EQ(visit("/none", "HEAD").body, "");
  EXPECT_EQ(visit("/", "POST").status, 405);
  EXPECT_TRUE(visit("/", "POST").body.contains("<h1>405 Method Not Allowed</h1>"));
}

TEST_F(WebsiteTest, WhatIsNotThereIsAPageToo) {
  EXPECT_TRUE(visit("/", "GET", {}, "nobody").body.contains("<li>Code: NoSuchBucket</li>"));
  EXPECT_EQ(visit("/", "GET", {}, "").header("Location"), "https://aws.amazon.com/s3/");
  EXPECT_TRUE(visit("/%zz").body.contains("<h1>400 Bad Request</h1>"));
  send("DELETE", "/bucket?website");
  EXPECT_TRUE(visit("/").body.contains("<li>Code: NoSuchWebsiteConfiguration</li>"));
}

TEST_F(WebsiteTest, AnotherRegionIsNamed) {
  region_ = "eu-west-1";
  const Answer answer = visit("/");
  EXPECT_EQ(answer.status, 400);
  EXPECT_TRUE(answer.body.contains("bucket.s3-website.us-east-1.amazonaws.com")) << answer.body;
}

TEST_F(WebsiteTest, ReadingMustBeAllowed) {
  authorizer_.forbidden = {"s3:GetObject"};
  const Answer denied = visit("/");
  EXPECT_EQ(denied.status, 403);
  EXPECT_TRUE(denied.body.contains("<li>Message: Access Denied</li>"));
  EXPECT_EQ(visit("/docs").status, 403) << "the index below it is no secret that is told";
  authorizer_.forbidden = {"s3:ListBucket"};
  EXPECT_EQ(visit("/none").status, 403);
  EXPECT_EQ(visit("/docs").status, 302);
}

TEST_F(WebsiteTest, ObjectsCanLeadAway) {
  send("PUT", "/bucket/old", "", {{"x-amz-website-redirect-location", "/docs/"}});
  EXPECT_EQ(visit("/old").status, 301);
  EXPECT_EQ(visit("/old").header("Location"), "/docs/");
}

TEST_F(WebsiteTest, RulesForErrorsComeAfterThePage) {
  configure(s3::rule("<Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition>",
                     "<ReplaceKeyWith>docs/</ReplaceKeyWith><HttpRedirectCode>307</HttpRedirectCode>"));
  EXPECT_EQ(visit("/").status, 200);
  EXPECT_EQ(visit("/none?a=b").status, 307);
  EXPECT_EQ(visit("/none?a=b").header("Location"), "http://site/docs/?a=b");
  configure(s3::rule("<Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition>",
                     "<ReplaceKeyPrefixWith>new/</ReplaceKeyPrefixWith>"));
  EXPECT_EQ(visit("/docs/index.html").header("Location"), "http://site/new/index.html");
}

TEST_F(WebsiteTest, AllCanBeRedirected) {
  configure("<RedirectAllRequestsTo><HostName>a.example</HostName><Protocol>https</Protocol></RedirectAllRequestsTo>");
  EXPECT_EQ(visit("/docs/x?y=z").header("Location"), "https://a.example/docs/x?y=z");
  EXPECT_EQ(visit("/docs/x").status, 301);
}

TEST_F(WebsiteTest, ConfigurationsHaveActionsOfTheirOwn) {
  for (const auto& [method, action] : {std::pair{"GET", "s3:GetBucketWebsite"}, std::pair{"PUT", "s3:PutBucketWebsite"},
                                       std::pair{"DELETE", "s3:DeleteBucketWebsite"}}) {
    authorizer_.forbidden = {action};
    EXPECT_EQ(send(method, "/bucket?website").status, 403) << action;
  }
}

}  // namespace
}  // namespace sortie::emulator
