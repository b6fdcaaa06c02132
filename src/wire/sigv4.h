#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"

/// AWS Signature Version 4, both sides: "AWS Signature Version 4 for API requests" in the IAM user guide and
/// "Authenticating Requests" in the S3 API reference. Pure: time is an argument. For signature version 2 see sigv2.h.
namespace sortie::wire {

using HeaderView = std::pair<std::string_view, std::string_view>;

/// A request as signatures see it. Views: the owner keeps the bytes alive during the call.
struct RequestParts {
  std::string_view method;
  std::string_view path;   ///< as on the wire, without the query
  std::string_view query;  ///< as on the wire, without the question mark
  std::span<const HeaderView> headers;
};

inline constexpr std::string_view k_empty_sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
inline constexpr std::string_view k_unsigned_payload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view k_streaming_payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
inline constexpr std::string_view k_streaming_payload_trailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
inline constexpr std::string_view k_streaming_unsigned_trailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// How a service builds the canonical path.
struct PathRules {
  bool normalize = true;      ///< remove `.`, `..` and empty segments (RFC 3986, 5.2.4)
  bool double_encode = true;  ///< encode the wire's bytes once more; otherwise each byte is encoded exactly once
  /// S3 does neither; every other service does both.
  static PathRules for_service(std::string_view service);
};

/// `date/region/service/aws4_request`.
struct Scope {
  std::string date;  ///< YYYYMMDD
  std::string region;
  std::string service;
  [[nodiscard]] std::string to_string() const;
};

/// The 32 bytes derived from a secret for one scope.
std::string derive_signing_key(std::string_view secret, const Scope& scope);

/// Derived keys by secret and scope: saves four of five HMACs a request. Bounded; not thread-safe.
class SigningKeyCache {
 public:
  /// Valid until the next call.
  const std::string& get(std::string_view secret, const Scope& scope);

 private:
  static constexpr std::size_t k_max_entries = 1024;
  std::unordered_map<std::string, std::string> keys_;
  std::string lookup_;
};

struct SigningCredentials {
  std::string_view access_key_id;
  std::string_view secret_access_key;
  std::string_view session_token;  ///< empty: none
};

struct SigningOptions {
  std::string region;
  std::string service;
  PathRules path;
  bool content_sha256_header = false;  ///< add and sign `x-amz-content-sha256` (S3 wants it)
  bool sign_session_token = true;      ///< false: the token is appended after signing
};

/// What signing made.
struct Signature {
  std::vector<std::pair<std::string, std::string>> headers;  ///< header form: to be set on the request
  std::string query;                                         ///< query form: the whole query of the signed URL
  std::string signature;                                     ///< 64 hexadecimal digits; the seed of signed chunks
  std::string amz_date;                                      ///< YYYYMMDDTHHMMSSZ
  Scope scope;
  std::string signing_key;  ///< raw, for chunk signatures
  std::string canonical_request;
  std::string string_to_sign;
};

/// Signs in header form. The request must carry `Host`; every header given is signed, except those that proxies and
/// clients change (Authorization, Connection, Expect, User-Agent, X-Amzn-Trace-Id, Transfer-Encoding …).
/// `payload_hash` is the body's sha256 in hex or one of the constants above.
Signature sign_headers(const RequestParts& request, std::string_view payload_hash,
                       const SigningCredentials& credentials, const SigningOptions& options, SystemTime now,
                       SigningKeyCache* cache = nullptr);

/// Signs in query form ("presigned URL"), valid for `expires` (1 s to 7 days) from `now`. S3 wants
/// `k_unsigned_payload`.
Signature presign(const RequestParts& request, std::string_view payload_hash, const SigningCredentials& credentials,
                  const SigningOptions& options, SystemTime now, std::chrono::seconds expires,
                  SigningKeyCache* cache = nullptr);

/// Why a signature is refused; a service answers each in its own code and words.
struct SignatureError {
  enum class Reason : std::uint8_t {
    missing,        ///< neither an Authorization header nor signature parameters
    unsupported,    ///< another algorithm or version
    incomplete,     ///< a part is missing (`IncompleteSignature`)
    malformed,      ///< a part cannot be read: credential scope, date, expiry, duplicate parameters
    not_signed,     ///< a header that must be signed is not (`host`, `x-amz-*` in S3)
    expired,        ///< a presigned URL past its time
    not_yet_valid,  ///< a presigned URL from the future
    skewed,         ///< signed more than 15 minutes away from our clock
    mismatch,       ///< another signature was calculated
  };
  Reason reason = Reason::missing;
  std::string message;            ///< a lower-case fragment naming the part
  std::string canonical_request;  ///< mismatch: ours, as S3's error body shows it
  std::string string_to_sign;     ///< mismatch: ours
  std::string unsigned_headers;   ///< not_signed: their names, `, ` between; empty for `host`
  SystemTime signed_at{};         ///< expired, not_yet_valid and skewed: what the request says
  SystemTime valid_until{};       ///< expired
};

/// The signature a request carries, not yet checked.
struct ParsedSignature {
  enum class Kind : std::uint8_t { v4_header, v4_query, v2_header, v2_query };
  Kind kind = Kind::v4_header;
  std::string access_key_id;
  Scope scope;                                  ///< version 4
  std::vector<std::string> signed_headers;      ///< version 4; lower case, sorted as given
  std::string signature;                        ///< hex (4) or base64 (2)
  std::string amz_date;                         ///< version 4: the date text that was signed
  SystemTime signed_at{};                       ///< query version 2: not known, zero
  std::optional<std::chrono::seconds> expires;  ///< version 4 query
  SystemTime expires_at{};                      ///< version 2 query
  std::string session_token;                    ///< empty: none
  /// `x-amz-content-sha256` as sent in a header or the query, empty when absent.
  std::string content_sha256;

  [[nodiscard]] bool is_query() const { return kind == Kind::v4_query || kind == Kind::v2_query; }
  [[nodiscard]] bool is_v2() const { return kind == Kind::v2_header || kind == Kind::v2_query; }
};

/// Reads the signature of a request: `Authorization: AWS4-HMAC-SHA256 …` or `AWS KEY:SIG`, `X-Amz-Signature` or
/// `Signature` in the query. Checks form, not truth. Both forms at once are malformed.
std::expected<ParsedSignature, SignatureError> parse_authorization(const RequestParts& request);

/// The payload hash that the canonical request names. S3: what the request states, `UNSIGNED-PAYLOAD` for a presigned
/// URL that states nothing, and empty (the caller answers `MissingSecurityHeader`) for a header form that states
/// nothing. Other services: `body_sha256`, what was really received.
std::string payload_hash_for(const ParsedSignature& parsed, std::string_view body_sha256);

/// Checks time and signature (version 4) in constant time; for version 2 use `verify_v2`. `payload_hash` as from
/// `payload_hash_for`. On success returns the raw signing key, with which chunk signatures go on.
std::expected<std::string, SignatureError> verify(const ParsedSignature& parsed, const RequestParts& request,
                                                  std::string_view payload_hash, std::string_view secret,
                                                  SystemTime now, SigningKeyCache* cache = nullptr);

/// The same without the check of time.
std::expected<std::string, SignatureError> verify_signature(const ParsedSignature& parsed, const RequestParts& request,
                                                            std::string_view payload_hash, std::string_view secret,
                                                            SigningKeyCache* cache = nullptr);
/// Only the time: 15 minutes of skew for headers, start and expiry for queries (both versions).
std::expected<void, SignatureError> verify_time(const ParsedSignature& parsed, SystemTime now);

/// Exposed for tests and error bodies.
std::string canonical_path(std::string_view path, PathRules rules);
/// Sorted and encoded once; without the parameter `without` (lower case).
std::string canonical_query(std::string_view query, std::string_view without = {});

}  // namespace sortie::wire
