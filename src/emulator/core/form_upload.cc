#include "emulator/core/form_upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/form_data.h"

namespace sortie::emulator {
namespace {

constexpr std::size_t k_max_fields = 20 * 1024;
constexpr std::size_t k_read_bytes = 64 * 1024;
constexpr std::string_view k_version_4[] = {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Signature"};
constexpr std::string_view k_version_2[] = {"AWSAccessKeyId", "Signature"};

/// The file's bytes: what was read along with the fields, then the rest of the body, up to the delimiter.
class FileSource final : public http::BodySource {
 public:
  FileSource(http::Body inner, std::string pending, std::string delimiter)
      : inner_(std::move(inner)), pending_(std::move(pending)), delimiter_(std::move(delimiter)) {}

  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    for (;;) {
      const auto end = std::string_view(pending_).substr(given_).find(delimiter_);
      const bool ended = end != std::string::npos;
      const std::size_t left = pending_.size() - given_;
      // The delimiter may have begun in what is held back.
      const std::size_t sure = ended ? end : left - std::min(left, delimiter_.size() - 1);
      if (sure > 0 || ended) {
        const std::size_t count = std::min(sure, buffer.size());
        std::memcpy(buffer.data(), pending_.data() + given_, count);
        given_ += count;
        co_return count;
      }
      pending_.erase(0, given_);
      given_ = 0;
      const std::size_t held = pending_.size();
      pending_.resize(held + k_read_bytes);
      ASSIGN_OR_CO_RETURN(const std::size_t count, co_await inner_.read(std::span(pending_).subspan(held)));
      pending_.resize(held + count);
      if (count == 0) co_return fail(ErrorKind::protocol, "the form ends within its file");
    }
  }

 private:
  http::Body inner_;
  std::string pending_;
  std::string delimiter_;
  std::size_t given_ = 0;
};

AwsError malformed_form() {
  return {400, "MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.", {}};
}

AwsError missing_field(std::string_view name) {
  return {400,
          "InvalidArgument",
          fmt::format("Bucket POST must contain a field named '{}'.  If it is specified, please check the order of the "
                      "fields.",
                      name),
          {{"ArgumentName", std::string(name)}, {"ArgumentValue", ""}}};
}

/// Whether any of the fields is there; refused when only some are.
template <std::size_t N>
AwsResult<bool> has_all(const FormUpload& form, const std::string_view (&names)[N]) {
  const auto there = [&](std::string_view name) { return form.field(name).has_value(); };
  if (std::ranges::none_of(names, there)) return false;
  const auto* missing = std::ranges::find_if_not(names, there);
  if (missing != std::end(names)) return std::unexpected(missing_field(*missing));
  return true;
}

std::optional<wire::Scope> scope_of(std::string_view credential, std::string& key_id) {
  std::string_view parts[5];
  for (int i = 4; i > 0; --i) {
    const auto slash = credential.rfind('/');
    if (slash == std::string_view::npos) return std::nullopt;
    parts[i] = credential.substr(slash + 1);
    credential = credential.substr(0, slash);
  }
  key_id = credential;
  if (parts[4] != "aws4_request" || parts[1].size() != 8) return std::nullopt;
  return wire::Scope{std::string(parts[1]), std::string(parts[2]), std::string(parts[3])};
}

}  // namespace

bool is_form_upload(const Call& call) {
  const http::Request& request = call.request;
  return call.service == "s3" && request.method == "POST" && !request.headers.contains("Authorization") &&
         wire::form_boundary(request.headers.get_or("Content-Type", ""));
}

Task<AwsResult<void>> read_form(Call& call) {
  const std::string boundary = *wire::form_boundary(call.request.headers.get_or("Content-Type", ""));
  std::string text;
  for (;;) {
    auto head = wire::read_form_head(text, boundary);
    if (!head) co_return std::unexpected(malformed_form());
    if (*head) {
      auto form = std::make_shared<FormUpload>();
      form->fields = std::move((*head)->fields);
      form->has_file = (*head)->has_file;
      form->file_name = std::move((*head)->file_name);
      call.form = std::move(form);
      if (!(*head)->has_file) {
        call.request.body = std::string();
      } else {
        call.request.body = std::unique_ptr<http::BodySource>(std::make_unique<FileSource>(
            std::move(call.request.body), text.substr((*head)->file_at), wire::form_delimiter(boundary)));
      }
      co_return AwsResult<void>();
    }
    if (text.size() > k_max_fields) {
      co_return aws_fail(400, "MaxPostPreDataLengthExceeded",
                         "Your POST request fields preceding the upload file were too large.");
    }
    const std::size_t held = text.size();
    text.resize(held + k_read_bytes);
    auto count = co_await call.request.body.read(std::span(text).subspan(held));
    if (!count || *count == 0) co_return std::unexpected(malformed_form());
    text.resize(held + *count);
  }
}

AwsResult<std::optional<wire::ParsedSignature>> form_signature(const FormUpload& form) {
  if (!form.field("policy")) return std::nullopt;
  const auto version_4 = has_all(form, k_version_4);
  if (!version_4) return std::unexpected(version_4.error());
  const auto version_2 = has_all(form, k_version_2);
  if (!version_2) return std::unexpected(version_2.error());
  wire::ParsedSignature parsed;
  parsed.kind = wire::ParsedSignature::Kind::v2_query;  // a refusal shows the string that is signed, and no request
  parsed.session_token = form.field("x-amz-security-token").value_or("");
  if (*version_4) {
    const auto scope = scope_of(*form.field("X-Amz-Credential"), parsed.access_key_id);
    if (!scope) {
      return aws_fail(400, "AuthorizationQueryParametersError",
                      "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
                      "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
    }
    parsed.scope = *scope;
    parsed.amz_date = *form.field("X-Amz-Date");
    parsed.signature = *form.field("X-Amz-Signature");
    parsed.signed_at = wire::parse_amz_date(parsed.amz_date).value_or(SystemTime{});
    return parsed;
  }
  if (!*version_2) return aws_fail(403, "AccessDenied", "Access Denied");
  parsed.access_key_id = *form.field("AWSAccessKeyId");
  parsed.signature = *form.field("Signature");
  return parsed;
}

bool form_matches(const wire::ParsedSignature& parsed, const FormUpload& form, std::string_view secret) {
  const std::string_view policy = *form.field("policy");
  const std::string expected =
      parsed.scope.region.empty()
          ? wire::base64_encode(wire::hmac_sha1(secret, policy))
          : wire::hex_encode(wire::hmac_sha256(wire::derive_signing_key(secret, parsed.scope), policy));
  return wire::equal_in_constant_time(expected, parsed.signature);
}

}  // namespace sortie::emulator
