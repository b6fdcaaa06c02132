#include "wire/sigv4.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/json.h"

namespace sortie::wire {
namespace {

namespace fs = std::filesystem;
using Reason = SignatureError::Reason;

constexpr std::string_view k_secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SystemTime k_now = *parse_iso8601("2015-08-30T12:36:00Z");

/// A request as text: owns what RequestParts views.
struct TextRequest {
  std::string method, path, query, body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<HeaderView> views;

  RequestParts parts() {
    views.assign(headers.begin(), headers.end());
    return {method, path, query, views};
  }
};

TextRequest parse_request(const std::string& text) {
  TextRequest request;
  std::istringstream in(text);
  std::string line;
  std::getline(in, line);
  request.method = line.substr(0, line.find(' '));
  auto target = line.substr(line.find(' ') + 1, line.rfind(' ') - line.find(' ') - 1);
  request.path = target.substr(0, target.find('?'));
  if (target.contains('?')) request.query = target.substr(target.find('?') + 1);
  while (std::getline(in, line) && !line.empty()) {
    if (line.front() == ' ')
      request.headers.back().second += "\n" + line;
    else
      request.headers.emplace_back(line.substr(0, line.find(':')), line.substr(line.find(':') + 1));
  }
  std::getline(in, request.body, '\0');
  return request;
}

fs::path vectors_folder() {
  const char* given = std::getenv("SORTIE_REFERENCE");
  const fs::path reference =
      given != nullptr ? fs::path(given) : fs::path(__FILE__).parent_path() / "../../../shared/reference";
  return reference / "sigv4-vectors";
}

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  while (text.ends_with('\n') && path.filename() != "request.txt") text.pop_back();
  return text;
}

struct Vector {
  explicit Vector(const fs::path& folder)
      : context(*parse_json_object(slurp(folder / "context.json"))),
        request(parse_request(slurp(folder / "request.txt"))),
        token(string_or(object_or_empty(context, "credentials"), "token")) {
    const auto normalize = bool_or(context, "normalize");
    options = {"us-east-1",
               "service",
               {normalize, true},
               bool_or(context, "sign_body"),
               !bool_or(context, "omit_session_token")};
    credentials = {"AKIDEXAMPLE", k_secret, token};
  }
  [[nodiscard]] std::string payload_hash() const {
    return sha256_hex(options.content_sha256_header ? request.body : "");
  }

  json::object context;
  TextRequest request;
  std::string token;
  SigningOptions options;
  SigningCredentials credentials;
};

class AwsVectors : public testing::Test {
 protected:
  static std::vector<fs::path> folders() {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(vectors_folder(), ignored)) {
      if (entry.is_directory()) found.push_back(entry.path());
    }
    return found;
  }
};

TEST_F(AwsVectors, HeaderForm) {
  const auto all = folders();
  if (all.empty()) GTEST_SKIP() << "no signing vectors at " << vectors_folder() << "; set SORTIE_REFERENCE";
  EXPECT_GE(all.size(), 38U);
  for (const auto& folder : all) {
    SCOPED_TRACE(folder.filename());
    Vector vector(folder);
    const auto signature =
        sign_headers(vector.request.parts(), vector.payload_hash(), vector.credentials, vector.options, k_now);
    EXPECT_EQ(signature.canonical_request, slurp(folder / "header-canonical-request.txt"));
    EXPECT_EQ(signature.string_to_sign, slurp(folder / "header-string-to-sign.txt"));
    EXPECT_EQ(signature.signature, slurp(folder / "header-signature.txt"));
    const auto expected = parse_request(slurp(folder / "header-signed-request.txt"));
    EXPECT_EQ(
        signature.headers.back().second,
        std::ranges::find(expected.headers, "Authorization", &std::pair<std::string, std::string>::first)->second);
  }
}

TEST_F(AwsVectors, QueryForm) {
  const auto all = folders();
  if (all.empty()) GTEST_SKIP() << "no signing vectors at " << vectors_folder() << "; set SORTIE_REFERENCE";
  for (const auto& folder : all) {
    SCOPED_TRACE(folder.filename());
    Vector vector(folder);
    const auto seconds = std::chrono::seconds(int_or(vector.context, "expiration_in_seconds"));
    const auto signature =
        presign(vector.request.parts(), vector.payload_hash(), vector.credentials, vector.options, k_now, seconds);
    EXPECT_EQ(signature.canonical_request, slurp(folder / "query-canonical-request.txt"));
    EXPECT_EQ(signature.string_to_sign, slurp(folder / "query-string-to-sign.txt"));
    EXPECT_EQ(signature.signature, slurp(folder / "query-signature.txt"));
    EXPECT_EQ(signature.query, parse_request(slurp(folder / "query-signed-request.txt")).query);
  }
}

TEST_F(AwsVectors, VerifyBothForms) {
  const auto all = folders();
  if (all.empty()) GTEST_SKIP() << "no signing vectors at " << vectors_folder() << "; set SORTIE_REFERENCE";
  for (const auto& folder : all) {
    SCOPED_TRACE(folder.filename());
    Vector vector(folder);
    // Verification uses the rules of the service; these vectors turn normalization off, as only S3 does.
    if (!vector.options.path.normalize) continue;
    for (const auto* file : {"header-signed-request.txt", "query-signed-request.txt"}) {
      auto request = parse_request(slurp(folder / file));
      // The token is outside of the signed query there; a verifier cannot know that.
      if (!vector.options.sign_session_token && std::string_view(file).starts_with("query")) continue;
      const auto parsed = parse_authorization(request.parts());
      ASSERT_TRUE(parsed) << parsed.error().message;
      EXPECT_TRUE(verify(*parsed, request.parts(), vector.payload_hash(), k_secret, k_now)) << file;
    }
  }
}

TextRequest vanilla() {
  TextRequest request;
  request.method = "GET";
  request.path = "/";
  request.headers = {{"Host", "example.amazonaws.com"}};
  return request;
}

const SigningOptions k_service{"us-east-1", "service", {}, false, true};
const SigningOptions k_s3{"us-east-1", "s3", PathRules::for_service("s3"), true, true};
const SigningCredentials k_credentials{"AKIDEXAMPLE", k_secret, ""};

void apply(TextRequest& request, const Signature& signature) {
  for (const auto& header : signature.headers) request.headers.push_back(header);
}

TextRequest signed_vanilla() {
  auto request = vanilla();
  apply(request, sign_headers(request.parts(), k_empty_sha256, k_credentials, k_service, k_now));
  return request;
}

std::expected<std::string, SignatureError> check(TextRequest& request, std::string_view secret = k_secret,
                                                 SystemTime now = k_now) {
  const auto parsed = parse_authorization(request.parts());
  if (!parsed) return std::unexpected(parsed.error());
  return verify(*parsed, request.parts(), payload_hash_for(*parsed, sha256_hex(request.body)), secret, now);
}

Reason reason(TextRequest& request, std::string_view secret = k_secret, SystemTime now = k_now) {
  const auto result = check(request, secret, now);
  EXPECT_FALSE(result) << "accepted";
  return result ? Reason::missing : result.error().reason;
}

TEST(Sigv4, VanillaGetHasThePublishedSignature) {
  auto request = vanilla();
  const auto signature = sign_headers(request.parts(), k_empty_sha256, k_credentials, k_service, k_now);
  EXPECT_EQ(signature.signature, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(Sigv4, VanillaPresignHasThePublishedSignature) {
  auto request = vanilla();
  const auto signature =
      presign(request.parts(), k_empty_sha256, k_credentials, k_service, k_now, std::chrono::seconds(3600));
  EXPECT_EQ(signature.signature, "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d");
}

TEST(Sigv4, UserGuideKeyDerivation) {
  EXPECT_EQ(hex_encode(derive_signing_key(k_secret, {"20150830", "us-east-1", "iam"})),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

TEST(Sigv4, AcceptsItsOwn) {
  auto request = signed_vanilla();
  const auto key = check(request);
  ASSERT_TRUE(key);
  EXPECT_EQ(*key, derive_signing_key(k_secret, {"20150830", "us-east-1", "service"}));
}

TEST(Sigv4, RefusesAnotherSecretAndShowsItsWork) {
  auto request = signed_vanilla();
  const auto result = check(request, "another");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::mismatch);
  EXPECT_TRUE(result.error().canonical_request.starts_with("GET\n/\n\nhost:example.amazonaws.com\n"));
  EXPECT_TRUE(result.error().string_to_sign.starts_with("AWS4-HMAC-SHA256\n20150830T123600Z\n"));
}

TEST(Sigv4, RefusesEveryTamperedPart) {
  const auto tampered = [](auto change) {
    auto request = signed_vanilla();
    change(request);
    return reason(request);
  };
  EXPECT_EQ(tampered([](auto& r) { r.method = "PUT"; }), Reason::mismatch);
  EXPECT_EQ(tampered([](auto& r) { r.path = "/other"; }), Reason::mismatch);
  EXPECT_EQ(tampered([](auto& r) { r.query = "a=b"; }), Reason::mismatch);
  EXPECT_EQ(tampered([](auto& r) { r.body = "x"; }), Reason::mismatch);
  EXPECT_EQ(tampered([](auto& r) { r.headers[0].second = "evil.amazonaws.com"; }), Reason::mismatch);
  EXPECT_EQ(tampered([](auto& r) { r.headers.emplace_back("Host", "second.amazonaws.com"); }), Reason::mismatch);
  EXPECT_EQ(tampered([](auto& r) { r.headers.back().second.back() ^= 1; }), Reason::mismatch);
}

TEST(Sigv4, HeadersAreGoodForFifteenMinutesEachWay) {
  auto request = signed_vanilla();
  EXPECT_TRUE(check(request, k_secret, k_now + std::chrono::minutes(15)));
  EXPECT_TRUE(check(request, k_secret, k_now - std::chrono::minutes(15)));
  EXPECT_EQ(reason(request, k_secret, k_now + std::chrono::minutes(16)), Reason::skewed);
  EXPECT_EQ(reason(request, k_secret, k_now - std::chrono::minutes(16)), Reason::skewed);
}

TextRequest presigned(std::chrono::seconds expires) {
  auto request = vanilla();
  request.path = "/bucket/a key (1).txt";
  request.query = presign(request.parts(), k_unsigned_payload, k_credentials, k_s3, k_now, expires).query;
  return request;
}

TEST(Sigv4, PresignedUrlsExpire) {
  auto request = presigned(std::chrono::seconds(60));
  EXPECT_TRUE(check(request, k_secret, k_now + std::chrono::seconds(60)));
  EXPECT_EQ(reason(request, k_secret, k_now + std::chrono::seconds(61)), Reason::expired);
  EXPECT_EQ(reason(request, k_secret, k_now - std::chrono::minutes(16)), Reason::not_yet_valid);
}

TEST(Sigv4, PresignedUrlsLastAWeekAtMost) {
  auto request = presigned(std::chrono::seconds(604'801));
  EXPECT_EQ(reason(request), Reason::malformed);
}

TEST(Sigv4, ThePathMayComeEncodedAnotherWay) {
  auto request = presigned(std::chrono::seconds(60));
  request.path = "/bucket/a%20key%20%281%29.txt";
  EXPECT_TRUE(check(request));
}

TEST(Sigv4, S3RefusesUnsignedAmzHeaders) {
  auto request = vanilla();
  apply(request, sign_headers(request.parts(), k_empty_sha256, k_credentials, k_s3, k_now));
  EXPECT_TRUE(check(request));
  request.headers.emplace_back("x-amz-acl", "public-read");
  request.headers.emplace_back("X-Amz-Meta-A", "1");
  const auto refused = check(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::not_signed);
  EXPECT_EQ(refused.error().unsigned_headers, "x-amz-acl, x-amz-meta-a");
}

/// SDKs before mid-2016 sent the header without signing it; the hash is a line of the canonical request all the same.
TEST(Sigv4, S3TakesAnUnsignedHeaderOfThePayloadsHash) {
  auto options = k_s3;
  options.content_sha256_header = false;
  auto request = vanilla();
  request.body = "hi";
  apply(request, sign_headers(request.parts(), sha256_hex("hi"), k_credentials, options, k_now));
  request.headers.emplace_back("X-Amz-Content-Sha256", sha256_hex("hi"));
  EXPECT_TRUE(check(request));
  request.headers.back().second = sha256_hex("ho");
  EXPECT_EQ(reason(request), Reason::mismatch);
  request.headers.back().second = k_unsigned_payload;
  EXPECT_EQ(reason(request), Reason::mismatch);
}

TEST(Sigv4, HostMustBeSigned) {
  auto request = vanilla();
  request.headers = {{"Content-Type", "text/plain"}};
  apply(request, sign_headers(request.parts(), k_empty_sha256, k_credentials, k_service, k_now));
  EXPECT_EQ(reason(request), Reason::not_signed);
}

TEST(Sigv4, TokenCanBeSignedOrAppended) {
  const SigningCredentials temporary{"ASIA", k_secret, "the token"};
  auto options = k_service;
  for (const bool sign : {true, false}) {
    options.sign_session_token = sign;
    auto request = vanilla();
    apply(request, sign_headers(request.parts(), k_empty_sha256, temporary, options, k_now));
    EXPECT_EQ(parse_authorization(request.parts())->session_token, "the token");
    EXPECT_TRUE(check(request));
  }
}

TEST(Sigv4, ProxiesMayChangeWhatIsNotSigned) {
  auto request = vanilla();
  request.headers.emplace_back("User-Agent", "sortie");
  request.headers.emplace_back("X-Amzn-Trace-Id", "Root=1");
  apply(request, sign_headers(request.parts(), k_empty_sha256, k_credentials, k_service, k_now));
  request.headers[1].second = "proxy";
  request.headers[2].second = "Root=2";
  EXPECT_TRUE(check(request));
}

TEST(Sigv4, TheDateHeaderServesToo) {
  auto request = signed_vanilla();
  std::erase_if(request.headers, [](const auto& h) { return h.first == "X-Amz-Date"; });
  request.headers.emplace_back("Date", "Sun, 30 Aug 2015 12:36:00 GMT");
  const auto parsed = parse_authorization(request.parts());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->amz_date, "20150830T123600Z");
}

struct BadAuthorization {
  std::string_view value;
  Reason reason;
};

TEST(Sigv4, BadAuthorizationHeaders) {
  const std::vector<BadAuthorization> cases = {
      {"", Reason::missing},
      {"Basic dXNlcjpwYXNz", Reason::unsupported},
      {"AWS4-ECDSA-P256-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=0", Reason::unsupported},
      {"AWS4-HMAC-SHA256", Reason::incomplete},
      {"AWS4-HMAC-SHA256 Credential=AK/20150830/us-east-1/s/aws4_request, SignedHeaders=host", Reason::incomplete},
      {"AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0", Reason::incomplete},
      {"AWS4-HMAC-SHA256 Credential=AK/us-east-1/s/aws4_request, SignedHeaders=host, Signature=0", Reason::malformed},
      {"AWS4-HMAC-SHA256 Credential=AK/20150830/r/s/aws5, SignedHeaders=host, Signature=0", Reason::malformed},
      {"AWS4-HMAC-SHA256 Credential=AK/20150831/r/s/aws4_request, SignedHeaders=host, Signature=0", Reason::malformed},
      {"AWS4-HMAC-SHA256 Credential=/20150830/r/s/aws4_request, SignedHeaders=host, Signature=0", Reason::malformed},
      {"AWS nocolon", Reason::malformed},
  };
  for (const auto& bad : cases) {
    auto request = vanilla();
    request.headers.emplace_back("X-Amz-Date", "20150830T123600Z");
    request.headers.emplace_back("Authorization", bad.value);
    EXPECT_EQ(reason(request), bad.reason) << bad.value;
  }
}

TEST(Sigv4, OnlyOneMechanism) {
  auto request = signed_vanilla();
  request.query = presigned(std::chrono::seconds(60)).query;
  EXPECT_EQ(reason(request), Reason::malformed);
}

TEST(Sigv4, QueryParametersOnce) {
  auto request = presigned(std::chrono::seconds(60));
  request.query += "&X-Amz-Expires=604800";
  EXPECT_EQ(reason(request), Reason::malformed);
}

TEST(Sigv4, QueryParametersMustBeThere) {
  auto request = presigned(std::chrono::seconds(60));
  request.query.erase(0, request.query.find('&') + 1);
  EXPECT_EQ(reason(request), Reason::incomplete);
}

TEST(Sigv4, PayloadHashes) {
  ParsedSignature parsed;
  parsed.scope.service = "lambda";
  EXPECT_EQ(payload_hash_for(parsed, "body"), "body");
  parsed.scope.service = "s3";
  EXPECT_EQ(payload_hash_for(parsed, "body"), "");
  parsed.kind = ParsedSignature::Kind::v4_query;
  EXPECT_EQ(payload_hash_for(parsed, "body"), "UNSIGNED-PAYLOAD");
  parsed.content_sha256 = "stated";
  EXPECT_EQ(payload_hash_for(parsed, "body"), "stated");
}

TEST(SigningKeyCache, GivesTheDerivedKeyAgain) {
  SigningKeyCache cache;
  const Scope scope{"20150830", "us-east-1", "iam"};
  EXPECT_EQ(cache.get(k_secret, scope), derive_signing_key(k_secret, scope));
  EXPECT_EQ(cache.get(k_secret, scope), derive_signing_key(k_secret, scope));
  EXPECT_NE(cache.get("other", scope), derive_signing_key(k_secret, scope));
}

TEST(CanonicalPath, Rules) {
  EXPECT_EQ(canonical_path("", {true, true}), "/");
  EXPECT_EQ(canonical_path("/a/../b/./c//d/", {true, true}), "/b/c/d/");
  EXPECT_EQ(canonical_path("/../..", {true, true}), "/");
  EXPECT_EQ(canonical_path("/a%20b", {true, true}), "/a%2520b");
  EXPECT_EQ(canonical_path("/a%20b+c/../x", {false, false}), "/a%20b%2Bc/../x");
}

TEST(CanonicalQuery, SortsAndEncodesOnce) {
  EXPECT_EQ(canonical_query("b=2&a=1&a=0&c"), "a=0&a=1&b=2&c=");
  EXPECT_EQ(canonical_query("k=a+b&s=%2f"), "k=a%20b&s=%2F");
  EXPECT_EQ(canonical_query("a=1&X-Amz-Signature=5", "x-amz-signature"), "a=1");
}

}  // namespace
}  // namespace sortie::wire
