#include "emulator/core/authentication.h"

#include <algorithm>
#include <expected>
#include <optional>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/number.h"
#include "emulator/core/form_upload.h"
#include "emulator/core/refusal.h"
#include "emulator/core/verified_body.h"
#include "wire/checksum.h"
#include "wire/chunked_signing.h"
#include "wire/sigv2.h"
#include "wire/sigv4.h"

namespace sortie::emulator {

namespace {

using Reason = wire::SignatureError::Reason;

/// The request's views; valid while the request's headers are not changed.
struct Parts {
  explicit Parts(const http::Request& request) {
    headers.reserve(request.headers.size());
    for (const auto& [name, value] : request.headers) headers.emplace_back(name, value);
    view = {request.method, request.path, request.query, headers};
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  std::vector<wire::HeaderView> headers;
  wire::RequestParts view;
};

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

/// `aws-chunked` is the coding of the transfer, not of the object.
void remove_aws_chunked(http::Headers& headers) {
  std::string_view rest = headers.get_or("Content-Encoding", "");
  std::string kept;
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    std::string_view coding = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    while (!coding.empty() && coding.front() == ' ') coding.remove_prefix(1);
    while (!coding.empty() && coding.back() == ' ') coding.remove_suffix(1);
    if (coding.empty() || http::iequals(coding, "aws-chunked")) continue;
    if (!kept.empty()) kept += ", ";
    kept += coding;
  }
  if (kept.empty()) {
    headers.remove("Content-Encoding");
  } else {
    headers.set("Content-Encoding", std::move(kept));
  }
}

AwsError refuse_body(std::string_view service, const Error& error) {
  if (error.kind != ErrorKind::protocol) {
    return {400, "RequestTimeout", "The request body was not received: " + error.message, {}};
  }
  const bool json = service == "lambda" || service == "logs" || service == "ssm";
  return {413,
          json ? "RequestEntityTooLargeException" : "RequestEntityTooLarge",
          "The request body is larger than the embedded AWS takes.",
          {}};
}

/// Operations of STS that carry their proof in the body.
bool may_be_unsigned(const Call& call) {
  if (call.service == "s3") return true;
  return call.service == "sts" && !call.request.body.streaming() &&
         call.request.body.bytes().find("Action=AssumeRoleWith") != std::string_view::npos;
}

/// Everything about the payload that only S3 has: the stated hash, unsigned payloads, aws-chunked.
AwsResult<void> check_s3_payload(Call& call, std::string_view stated, std::optional<wire::ChunkSigning> signing) {
  http::Request& request = call.request;
  if (stated.empty() || stated == wire::k_unsigned_payload) return {};
  if (is_sha256(stated)) {
    if (request.body.streaming()) {
      request.body = hashed_body(std::move(request.body), ascii_lower(stated));
      return {};
    }
    const std::string actual = wire::sha256_hex(request.body.bytes());
    if (http::iequals(actual, stated)) return {};
    AwsError error{400,
                   "XAmzContentSHA256Mismatch",
                   "The provided 'x-amz-content-sha256' header does not match what was computed.",
                   {}};
    error.fields = {{"ClientComputedContentSHA256", std::string(stated)}, {"S3ComputedContentSHA256", actual}};
    return std::unexpected(std::move(error));
  }
  const auto mode = wire::chunk_mode_from(stated);
  const bool needs_signing = mode && *mode != wire::ChunkMode::unsigned_trailer;
  if (!mode || (needs_signing && !signing)) {
    return aws_fail(400, "InvalidArgument",
                    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
                    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or a valid sha256 "
                    "value.");
  }
  const auto length = parse_number<std::uint64_t>(request.headers.get_or("x-amz-decoded-content-length", ""));
  if (!length) {
    return aws_fail(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
  wire::ChunkedDecoderOptions options;
  options.mode = *mode;
  if (needs_signing) options.signing = std::move(signing);
  options.decoded_length = length;
  options.trailer_names = std::string(request.headers.get_or("x-amz-trailer", ""));
  std::shared_ptr<Trailers> trailers;
  if (!options.trailer_names.empty()) trailers = std::make_shared<Trailers>();
  call.trailers = trailers;
  request.body = chunked_body(std::move(request.body), std::move(options), std::move(trailers));
  remove_aws_chunked(request.headers);
  return {};
}

}  // namespace

struct Authenticator::Impl {
  const Clock& clock;
  Identities& identities;
  wire::SigningKeyCache signing_keys;

  /// Who signs, as far as it can be said without the body: the key exists and its token is right.
  AwsResult<Identities::Key> find_key(const Call& call, const wire::ParsedSignature& parsed);
  AwsResult<void> check_scope(const Call& call, const wire::ParsedSignature& parsed);
  AwsResult<void> verify_s3(Call& call, const wire::ParsedSignature& parsed, const Identities::Key& key);
  /// The signature of a posted form's policy.
  AwsResult<void> verify_form(Call& call);
  AwsResult<void> verify_buffered(const Call& call, const wire::ParsedSignature& parsed, const Identities::Key& key);
};

AwsResult<Identities::Key> Authenticator::Impl::find_key(const Call& call, const wire::ParsedSignature& parsed) {
  auto key = identities.find_key(parsed.access_key_id);
  if (!key || !key->active) return std::unexpected(refuse_key(call.service, parsed.access_key_id));
  if (!wire::equal_in_constant_time(key->session_token, parsed.session_token)) {
    return std::unexpected(refuse_token(call.service, parsed));
  }
  if (key->expires && *key->expires <= clock.now()) {
    return std::unexpected(refuse_expired_token(call.service, parsed));
  }
  return *std::move(key);
}

AwsResult<void> Authenticator::Impl::check_scope(const Call& call, const wire::ParsedSignature& parsed) {
  if (parsed.is_v2()) {
    if (call.service == "s3" && !call.region.empty() && !takes_signature_v2(call.region)) {
      return std::unexpected(refuse_signature_v2());
    }
    if (call.service == "s3") return {};
    wire::SignatureError error;
    error.reason = Reason::unsupported;
    error.message = "signature version 2 is not supported";
    return std::unexpected(refuse_signature(call.service, error, &parsed, clock.now()));
  }
  if (parsed.scope.service != call.service) return std::unexpected(refuse_scope_service(call.service, parsed));
  if (!call.region.empty() && parsed.scope.region != call.region) {
    return std::unexpected(refuse_scope_region(call.service, parsed, call.region));
  }
  // The name that SDKs have for the global endpoint is no region to sign for.
  if (call.service == "s3" && parsed.scope.region == "aws-global") {
    return std::unexpected(refuse_scope_region(call.service, parsed, "us-east-1"));
  }
  return {};
}

AwsResult<void> Authenticator::Impl::verify_s3(Call& call, const wire::ParsedSignature& parsed,
                                               const Identities::Key& key) {
  const SystemTime now = clock.now();
  const Parts parts(call.request);
  const auto refused = [&](const wire::SignatureError& error) {
    return std::unexpected(refuse_signature(call.service, error, &parsed, now));
  };
  if (parsed.is_v2()) {
    const auto verified = wire::verify_v2(parsed, parts.view, call.virtual_bucket, key.secret_access_key, now);
    if (!verified) return refused(verified.error());
    return check_s3_payload(call, call.request.headers.get_or("x-amz-content-sha256", ""), std::nullopt);
  }
  const std::string stated = wire::payload_hash_for(parsed, {});
  if (stated.empty()) {
    return aws_fail(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  }
  auto signing_key = wire::verify(parsed, parts.view, stated, key.secret_access_key, now, &signing_keys);
  if (!signing_key) return refused(signing_key.error());
  wire::ChunkSigning signing{*std::move(signing_key), parsed.amz_date, parsed.scope.to_string(), parsed.signature};
  return check_s3_payload(call, stated, std::move(signing));
}

AwsResult<void> Authenticator::Impl::verify_buffered(const Call& call, const wire::ParsedSignature& parsed,
                                                     const Identities::Key& key) {
  const std::string_view bytes = call.request.body.bytes();
  const std::string sha256 = bytes.empty() ? std::string(wire::k_empty_sha256) : wire::sha256_hex(bytes);
  const Parts parts(call.request);
  const auto verified = wire::verify(parsed, parts.view, wire::payload_hash_for(parsed, sha256), key.secret_access_key,
                                     clock.now(), &signing_keys);
  if (verified) return {};
  return std::unexpected(refuse_signature(call.service, verified.error(), &parsed, clock.now()));
}

Authenticator::Authenticator(const Clock& clock, Identities& identities)
    : impl_(new Impl{clock, identities, wire::SigningKeyCache()}) {}

Authenticator::~Authenticator() = default;

AwsResult<void> Authenticator::Impl::verify_form(Call& call) {
  const auto parsed = form_signature(*call.form);
  if (!parsed) return std::unexpected(parsed.error());
  if (!*parsed) return {};
  auto key = find_key(call, **parsed);
  if (!key) return std::unexpected(key.error());
  if (!form_matches(**parsed, *call.form, key->secret_access_key)) {
    wire::SignatureError error;
    error.reason = Reason::mismatch;
    error.string_to_sign = *call.form->field("policy");
    return std::unexpected(refuse_signature(call.service, error, &**parsed, clock.now()));
  }
  call.principal = std::move(key->principal);
  call.signature = Call::Signature::form;
  call.signature_version = (*parsed)->scope.region.empty() ? "AWS" : "AWS4-HMAC-SHA256";
  call.signed_at = (*parsed)->signed_at;
  if (!(*parsed)->scope.region.empty()) call.region = (*parsed)->scope.region;
  identities.note_use(call);
  return {};
}

Task<AwsResult<void>> Authenticator::authenticate(Call& call) {
  if (call.service == "s3" && call.request.method == "OPTIONS") co_return AwsResult<void>{};
  if (is_form_upload(call)) {
    if (auto read = co_await read_form(call); !read) co_return read;
    co_return impl_->verify_form(call);
  }
  std::expected<wire::ParsedSignature, wire::SignatureError> parsed = [&] {
    const Parts parts(call.request);
    return wire::parse_authorization(parts.view);
  }();
  if (!parsed) {
    if (parsed.error().reason == Reason::missing && may_be_unsigned(call)) {
      if (call.service != "s3") co_return AwsResult<void>{};
      co_return check_s3_payload(call, call.request.headers.get_or("x-amz-content-sha256", ""), std::nullopt);
    }
    wire::ParsedSignature form;
    form.kind = wire::ParsedSignature::Kind::v4_query;
    const bool in_query = call.request.query.contains("X-Amz-Credential=");
    co_return std::unexpected(
        refuse_signature(call.service, parsed.error(), in_query ? &form : nullptr, impl_->clock.now()));
  }
  if (auto scoped = impl_->check_scope(call, *parsed); !scoped) co_return scoped;
  auto key = impl_->find_key(call, *parsed);
  if (!key) co_return std::unexpected(key.error());
  if (const auto timely = wire::verify_time(*parsed, impl_->clock.now()); !timely) {
    co_return std::unexpected(refuse_signature(call.service, timely.error(), &*parsed, impl_->clock.now()));
  }

  if (call.service != "s3" && call.request.body.streaming()) {
    auto bytes = co_await call.request.body.read_all(k_max_buffered_body);
    if (!bytes) co_return std::unexpected(refuse_body(call.service, bytes.error()));
    call.request.body = *std::move(bytes);
  }
  AwsResult<void> verified =
      call.service == "s3" ? impl_->verify_s3(call, *parsed, *key) : impl_->verify_buffered(call, *parsed, *key);
  if (!verified) co_return verified;

  call.principal = std::move(key->principal);
  call.signature = parsed->is_query() ? Call::Signature::query : Call::Signature::header;
  call.signature_version = parsed->is_v2() ? "AWS" : "AWS4-HMAC-SHA256";
  call.signed_at = parsed->signed_at;
  if (!parsed->is_v2()) call.region = parsed->scope.region;
  impl_->identities.note_use(call);
  co_return AwsResult<void>{};
}

}  // namespace sortie::emulator
