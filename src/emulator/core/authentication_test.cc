#include "emulator/core/authentication.h"

#include <gtest/gtest.h>

#include "emulator/core/test_support.h"
#include "wire/chunked_signing.h"
#include "wire/date.h"
#include "wire/sigv2.h"

namespace sortie::emulator {
namespace {

using testing_support::PiecewiseSource;
using testing_support::run;
using testing_support::sign;
using testing_support::SigningKey;

const SigningKey k_alice{"AKIAALICEALICEALICE1", "alice-secret", ""};
const SigningKey k_session{"ASIASESSIONSESSION12", "session-secret", "session-token"};

/// Alice's key, and one of a session.
struct TwoKeys final : testing_support::FakeIdentities {
  TwoKeys() {
    for (const SigningKey& key : {k_alice, k_session}) {
      Key& known = keys[key.id];
      known.principal.kind = Principal::Kind::user;
      known.principal.access_key_id = key.id;
      known.secret_access_key = key.secret;
      known.session_token = key.token;
    }
    keys[k_session.id].expires = SystemTime::max();
  }
};

class Authentication : public testing::Test {
 protected:
  static Call call(std::string service, std::string method = "POST", std::string body = "payload") {
    Call call;
    call.service = std::move(service);
    call.request.method = std::move(method);
    call.request.path = "/some/path";
    call.request.headers.add("Host", "example.amazonaws.com");
    call.request.body = std::move(body);
    return call;
  }

  Call signed_call(const std::string& service, const SigningKey& key = k_alice, std::string body = "payload") {
    Call made = call(service, "POST", std::move(body));
    sign(made.request, key, service, "us-east-1", clock.now());
    return made;
  }

  /// The error's code, empty when the request was believed.
  std::string outcome(Call& made) {
    const auto result = run(authenticator.authenticate(made));
    error = result ? AwsError{} : result.error();
    return error.code;
  }
  std::string outcome(Call&& made) { return outcome(made); }

  static Result<std::string> read(Call& made) { return run(made.request.body.read_all(1 << 24)); }

  FakeClock clock;
  TwoKeys identities;
  Authenticator authenticator{clock, identities};
  AwsError error;
};

TEST_F(Authentication, BelievesASignedRequest) {
  Call made = signed_call("lambda");
  EXPECT_EQ(outcome(made), "");
  EXPECT_EQ(made.principal.access_key_id, k_alice.id);
  EXPECT_EQ(made.region, "us-east-1");
  EXPECT_EQ(made.signature, Call::Signature::header);
  EXPECT_EQ(made.signature_version, "AWS4-HMAC-SHA256");
}

TEST_F(Authentication, BelievesAStreamedBodyAndKeepsItInMemory) {
  Call made = signed_call("lambda");
  made.request.body = http::Body(std::make_unique<PiecewiseSource>("payload", 3));
  EXPECT_EQ(outcome(made), "");
  EXPECT_EQ(made.request.body.bytes(), "payload");
}

TEST_F(Authentication, BelievesASessionWithItsToken) {
  EXPECT_EQ(outcome(signed_call("sts", k_session)), "");
}

struct Tampering {
  const char* what;
  void (*change)(http::Request&);
};

void PrintTo(const Tampering& tampering, std::ostream* out) {
  *out << tampering.what;
}

class Tampered : public Authentication, public testing::WithParamInterface<Tampering> {};

TEST_P(Tampered, IsRefused) {
  Call lambda = signed_call("lambda");
  GetParam().change(lambda.request);
  EXPECT_EQ(outcome(lambda), "InvalidSignatureException");
  EXPECT_EQ(error.status, 403);
  Call iam = signed_call("iam");
  GetParam().change(iam.request);
  EXPECT_EQ(outcome(iam), "SignatureDoesNotMatch");
}

INSTANTIATE_TEST_SUITE_P(
    Requests, Tampered,
    testing::Values(Tampering{"method", [](http::Request& r) { r.method = "PUT"; }},
                    Tampering{"path", [](http::Request& r) { r.path = "/other"; }},
                    Tampering{"query", [](http::Request& r) { r.query = "a=b"; }},
                    Tampering{"host", [](http::Request& r) { r.headers.set("Host", "other.amazonaws.com"); }},
                    Tampering{"body", [](http::Request& r) { r.body = std::string("other"); }},
                    Tampering{"date", [](http::Request& r) { r.headers.set("X-Amz-Date", "20150830T123601Z"); }}));

TEST_F(Authentication, RefusesUnknownKeysInEachProtocol) {
  const SigningKey stranger{"AKIASTRANGERSTRANGER", "x", ""};
  EXPECT_EQ(outcome(signed_call("lambda", stranger)), "UnrecognizedClientException");
  EXPECT_EQ(error.message, "The security token included in the request is invalid.");
  EXPECT_EQ(error.status, 403);
  EXPECT_EQ(outcome(signed_call("logs", stranger)), "UnrecognizedClientException");
  EXPECT_EQ(error.status, 400);
  EXPECT_EQ(outcome(signed_call("iam", stranger)), "InvalidClientTokenId");
  EXPECT_EQ(outcome(signed_call("s3", stranger)), "InvalidAccessKeyId");
  EXPECT_EQ(error.message, "The AWS Access Key Id you provided does not exist in our records.");
}

TEST_F(Authentication, RefusesInactiveKeys) {
  identities.keys.at(k_alice.id).active = false;
  EXPECT_EQ(outcome(signed_call("sts")), "InvalidClientTokenId");
}

TEST_F(Authentication, RefusesAWrongSecret) {
  const SigningKey forged{k_alice.id, "guess", ""};
  EXPECT_EQ(outcome(signed_call("lambda", forged)), "InvalidSignatureException");
  EXPECT_EQ(outcome(signed_call("s3", forged)), "SignatureDoesNotMatch");
  EXPECT_EQ(error.message,
            "The request signature we calculated does not match the signature you provided. Check your key and "
            "signing method.");
  ASSERT_FALSE(error.fields.empty());
  EXPECT_EQ(error.fields[0].second, k_alice.id);
}

TEST_F(Authentication, RefusesMissingAndWrongTokens) {
  const SigningKey missing{k_session.id, k_session.secret, ""};
  const SigningKey wrong{k_session.id, k_session.secret, "another"};
  const SigningKey superfluous{k_alice.id, k_alice.secret, "token"};
  for (const SigningKey& key : {missing, wrong, superfluous}) {
    EXPECT_EQ(outcome(signed_call("lambda", key)), "UnrecognizedClientException");
  }
  EXPECT_EQ(outcome(signed_call("s3", wrong)), "InvalidToken");
  EXPECT_EQ(outcome(signed_call("s3", missing)), "InvalidAccessKeyId");
}

TEST_F(Authentication, RefusesExpiredSessions) {
  identities.keys.at(k_session.id).expires = clock.now();
  EXPECT_EQ(outcome(signed_call("lambda", k_session)), "ExpiredTokenException");
  EXPECT_EQ(outcome(signed_call("sts", k_session)), "ExpiredToken");
  EXPECT_EQ(error.message, "The security token included in the request is expired");
  EXPECT_EQ(outcome(signed_call("s3", k_session)), "ExpiredToken");
  EXPECT_EQ(error.message, "The provided token has expired.");
}

TEST_F(Authentication, AllowsFifteenMinutesOfSkew) {
  Call early = signed_call("lambda");
  Call late = signed_call("lambda");
  Call s3 = signed_call("s3");
  clock.advance(std::chrono::minutes(14));
  EXPECT_EQ(outcome(early), "");
  clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(outcome(late), "InvalidSignatureException");
  EXPECT_TRUE(error.message.starts_with("Signature expired: 20150830T123600Z is now earlier than")) << error.message;
  EXPECT_EQ(outcome(s3), "RequestTimeTooSkewed");
}

TEST_F(Authentication, RefusesTheFuture) {
  clock.advance(std::chrono::hours(1));
  Call made = signed_call("sts");
  clock.advance(-std::chrono::hours(1));
  EXPECT_EQ(outcome(made), "SignatureDoesNotMatch");
  EXPECT_TRUE(error.message.starts_with("Signature not yet current:")) << error.message;
}

TEST_F(Authentication, RefusesUnsignedRequestsExceptInS3) {
  EXPECT_EQ(outcome(call("lambda")), "MissingAuthenticationTokenException");
  EXPECT_EQ(outcome(call("iam")), "MissingAuthenticationToken");
  Call anonymous = call("s3", "GET", "");
  EXPECT_EQ(outcome(anonymous), "");
  EXPECT_EQ(anonymous.principal.kind, Principal::Kind::anonymous);
}

TEST_F(Authentication, RefusesIncompleteHeaders) {
  Call made = call("lambda");
  made.request.headers.add("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request");
  made.request.headers.add("X-Amz-Date", "20150830T123600Z");
  EXPECT_EQ(outcome(made), "IncompleteSignatureException");
  Call basic = call("s3");
  basic.request.headers.add("Authorization", "Basic abc");
  EXPECT_EQ(outcome(basic), "InvalidRequest");
}

TEST_F(Authentication, RefusesAnotherServicesScope) {
  Call made = call("lambda");
  sign(made.request, k_alice, "iam", "us-east-1", clock.now());
  EXPECT_EQ(outcome(made), "InvalidSignatureException");
  EXPECT_EQ(error.message, "Credential should be scoped to correct service: 'lambda'.");
}

TEST_F(Authentication, RefusesAnotherRegionsScope) {
  Call made = signed_call("s3");
  made.region = "eu-west-1";
  EXPECT_EQ(outcome(made), "AuthorizationHeaderMalformed");
  EXPECT_EQ(error.message,
            "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'");
}

// --- presigned

class Presigned : public Authentication {
 protected:
  Call presigned(std::chrono::seconds expires) {
    Call made = call("s3", "GET", "");
    std::vector<wire::HeaderView> headers(made.request.headers.begin(), made.request.headers.end());
    wire::SigningOptions options;
    options.region = "us-east-1";
    options.service = "s3";
    options.path = wire::PathRules::for_service("s3");
    made.request.query = wire::presign({"GET", made.request.path, "", headers}, wire::k_unsigned_payload,
                                       {k_alice.id, k_alice.secret, ""}, options, clock.now(), expires)
                             .query;
    return made;
  }
};

TEST_F(Presigned, IsBelievedUntilItExpires) {
  Call first = presigned(std::chrono::seconds(60));
  Call second = presigned(std::chrono::seconds(60));
  clock.advance(std::chrono::seconds(59));
  EXPECT_EQ(outcome(first), "");
  EXPECT_EQ(first.signature, Call::Signature::query);
  clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(outcome(second), "AccessDenied");
  EXPECT_EQ(error.message, "Request has expired");
}

TEST_F(Presigned, IsRefusedWhenChanged) {
  Call other_key = presigned(std::chrono::seconds(60));
  other_key.request.path = "/some/other";
  EXPECT_EQ(outcome(other_key), "SignatureDoesNotMatch");
  Call longer = presigned(std::chrono::seconds(60));
  const auto at = longer.request.query.find("X-Amz-Expires=60");
  ASSERT_NE(at, std::string::npos);
  longer.request.query.insert(at + 16, "0");
  EXPECT_EQ(outcome(longer), "SignatureDoesNotMatch");
}

TEST_F(Presigned, NeedsAllItsParameters) {
  Call made = presigned(std::chrono::seconds(60));
  const auto at = made.request.query.find("X-Amz-Expires=60");
  made.request.query.erase(at, 17);
  EXPECT_EQ(outcome(made), "AuthorizationQueryParametersError");
}

TEST_F(Authentication, BelievesVersionTwoInS3Alone) {
  Call made = call("s3", "GET", "");
  std::vector<wire::HeaderView> headers(made.request.headers.begin(), made.request.headers.end());
  const auto fields =
      wire::sign_headers_v2({"GET", made.request.path, "", headers}, "", {k_alice.id, k_alice.secret, ""}, clock.now());
  for (const auto& [name, value] : fields) made.request.headers.set(name, value);
  Call lambda = call("lambda", "GET", "");
  lambda.request.headers = made.request.headers;
  Call changed = call("s3", "GET", "");
  changed.request.headers = made.request.headers;
  changed.request.path = "/other";
  EXPECT_EQ(outcome(made), "");
  EXPECT_EQ(made.signature_version, "AWS");
  EXPECT_EQ(outcome(lambda), "IncompleteSignatureException");
  EXPECT_EQ(outcome(changed), "SignatureDoesNotMatch");
}

/// Regions that opened after January 2014 know version 4 alone.
TEST_F(Authentication, BelievesVersionTwoInOldRegionsAlone) {
  for (const auto& [region, expected] :
       {std::pair("us-east-1", ""), std::pair("eu-west-1", ""), std::pair("", ""),
        std::pair("eu-central-1", "InvalidRequest"), std::pair("us-east-2", "InvalidRequest")}) {
    Call made = call("s3", "GET", "");
    made.region = region;
    std::vector<wire::HeaderView> headers(made.request.headers.begin(), made.request.headers.end());
    const auto fields = wire::sign_headers_v2({"GET", made.request.path, "", headers}, "",
                                              {k_alice.id, k_alice.secret, ""}, clock.now());
    for (const auto& [name, value] : fields) made.request.headers.set(name, value);
    EXPECT_EQ(outcome(made), expected) << region;
  }
  EXPECT_EQ(error.message,
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
}

// --- payloads of S3

class Payload : public Authentication {
 protected:
  Call upload(std::string signed_bytes, std::string sent, bool known_length = true) {
    Call made = call("s3", "PUT", std::move(signed_bytes));
    sign(made.request, k_alice, "s3", "us-east-1", clock.now());
    made.request.body = http::Body(std::make_unique<PiecewiseSource>(std::move(sent), 5, known_length));
    return made;
  }

  /// An aws-chunked upload of `bytes` in chunks of 10, altered by `alter` after signing.
  Call chunked(const std::string& bytes, wire::ChunkMode mode, void (*alter)(std::string&) = nullptr) {
    Call made = call("s3", "PUT", "");
    const bool trailer = mode != wire::ChunkMode::signed_chunks;
    made.request.headers.add("x-amz-decoded-content-length", std::to_string(bytes.size()));
    made.request.headers.add("Content-Encoding", "aws-chunked,gzip");
    if (trailer) made.request.headers.add("x-amz-trailer", "x-amz-checksum-crc32");
    std::vector<wire::HeaderView> headers(made.request.headers.begin(), made.request.headers.end());
    wire::SigningOptions options{"us-east-1", "s3", wire::PathRules::for_service("s3"), true, true};
    const auto signature = wire::sign_headers({"PUT", made.request.path, "", headers}, wire::to_string(mode),
                                              {k_alice.id, k_alice.secret, ""}, options, clock.now());
    for (const auto& [name, value] : signature.headers) made.request.headers.set(name, value);
    wire::ChunkSigning signing{signature.signing_key, signature.amz_date, signature.scope.to_string(),
                               signature.signature};
    wire::ChunkedEncoder encoder(mode, signing, trailer ? std::optional(wire::ChecksumAlgorithm::crc32) : std::nullopt);
    std::string coded;
    for (std::size_t at = 0; at < bytes.size(); at += 10)
      coded += encoder.chunk(std::string_view(bytes).substr(at, 10));
    coded += encoder.finish();
    if (alter != nullptr) alter(coded);
    made.request.body = http::Body(std::make_unique<PiecewiseSource>(std::move(coded), 7));
    return made;
  }
};

TEST_F(Payload, OfTheSignedHashIsRead) {
  Call made = upload("the object", "the object");
  EXPECT_EQ(outcome(made), "");
  EXPECT_EQ(read(made).value(), "the object");
}

TEST_F(Payload, OfAnotherHashFailsToRead) {
  for (const bool known_length : {true, false}) {
    Call made = upload("the object", "the 0bject", known_length);
    EXPECT_EQ(outcome(made), "");
    const auto bytes = read(made);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().code, "XAmzContentSHA256Mismatch");
  }
}

TEST_F(Payload, IsCheckedBeforeItsLastBytesAreGivenOut) {
  Call made = upload("the object", "the 0bject");
  EXPECT_EQ(outcome(made), "");
  std::string buffer(5, '\0');
  EXPECT_TRUE(run(made.request.body.read(buffer)));
  EXPECT_FALSE(run(made.request.body.read(buffer)));
}

TEST_F(Payload, InMemoryIsCheckedAtOnce) {
  Call made = signed_call("s3");
  made.request.body = std::string("changed");
  EXPECT_EQ(outcome(made), "XAmzContentSHA256Mismatch");
}

TEST_F(Payload, OfAHashWhoseHeaderIsNotSignedIsCheckedAllTheSame) {
  Call made = call("s3", "PUT", "hi");
  std::vector<wire::HeaderView> headers(made.request.headers.begin(), made.request.headers.end());
  const wire::SigningOptions options{"us-east-1", "s3", wire::PathRules::for_service("s3"), false, true};
  const std::string hash = wire::sha256_hex("hi");
  const auto signature = wire::sign_headers({"PUT", made.request.path, "", headers}, hash,
                                            {k_alice.id, k_alice.secret, ""}, options, clock.now());
  for (const auto& [name, value] : signature.headers) made.request.headers.set(name, value);
  made.request.headers.add("X-Amz-Content-Sha256", hash);
  Call changed = call("s3", "PUT", "ho");
  changed.request.headers = made.request.headers;
  Call other_hash = call("s3", "PUT", "ho");
  other_hash.request.headers = made.request.headers;
  other_hash.request.headers.set("X-Amz-Content-Sha256", wire::sha256_hex("ho"));
  EXPECT_EQ(outcome(made), "");
  EXPECT_EQ(outcome(changed), "XAmzContentSHA256Mismatch");
  EXPECT_EQ(outcome(other_hash), "SignatureDoesNotMatch");
}

TEST_F(Payload, UnsignedIsNotChecked) {
  Call made = call("s3", "PUT", "");
  sign(made.request, k_alice, "s3", "us-east-1", clock.now(), std::string(wire::k_unsigned_payload));
  made.request.body = std::string("anything");
  EXPECT_EQ(outcome(made), "");
}

TEST_F(Payload, HashMustBeStated) {
  Call made = call("s3", "PUT", "");
  sign(made.request, k_alice, "s3", "us-east-1", clock.now(), "nonsense");
  EXPECT_EQ(outcome(made), "InvalidArgument");
}

TEST_F(Payload, InChunksIsDecoded) {
  const std::string bytes = "thirty-five bytes make four chunks.";
  for (const auto mode :
       {wire::ChunkMode::signed_chunks, wire::ChunkMode::signed_chunks_trailer, wire::ChunkMode::unsigned_trailer}) {
    Call made = chunked(bytes, mode);
    EXPECT_EQ(outcome(made), "");
    EXPECT_EQ(made.request.body.length(), bytes.size());
    EXPECT_EQ(read(made).value_or("failed"), bytes);
    EXPECT_EQ(made.request.headers.get_or("Content-Encoding", ""), "gzip");
  }
}

TEST_F(Payload, TrailersAreHandedOver) {
  Call made = chunked("0123456789abc", wire::ChunkMode::unsigned_trailer);
  EXPECT_EQ(outcome(made), "");
  ASSERT_NE(made.trailers, nullptr);
  EXPECT_TRUE(made.trailers->fields.empty());
  EXPECT_TRUE(read(made));
  ASSERT_EQ(made.trailers->fields.size(), 1U);
  EXPECT_EQ(made.trailers->fields[0].first, "x-amz-checksum-crc32");
}

TEST_F(Payload, InChangedChunksFailsToRead) {
  Call made = chunked("0123456789abc", wire::ChunkMode::signed_chunks,
                      [](std::string& coded) { coded[coded.find("abc")] = 'X'; });
  EXPECT_EQ(outcome(made), "");
  const auto bytes = read(made);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, "SignatureDoesNotMatch");
}

TEST_F(Payload, WithAWrongTrailerFailsToRead) {
  Call made = chunked("0123456789abc", wire::ChunkMode::unsigned_trailer,
                      [](std::string& coded) { coded[coded.find("abc")] = 'X'; });
  EXPECT_EQ(outcome(made), "");
  EXPECT_EQ(read(made).error().code, "BadDigest");
}

TEST_F(Payload, CutOffFailsToRead) {
  Call made = chunked("0123456789abc", wire::ChunkMode::signed_chunks,
                      [](std::string& coded) { coded.resize(coded.size() - 20); });
  EXPECT_EQ(outcome(made), "");
  EXPECT_FALSE(read(made));
}

TEST_F(Payload, InChunksNeedsItsLength) {
  Call made = call("s3", "PUT", "");
  sign(made.request, k_alice, "s3", "us-east-1", clock.now(), std::string(wire::k_streaming_payload));
  EXPECT_EQ(outcome(made), "MissingContentLength");
}

}  // namespace
}  // namespace sortie::emulator
