#include "emulator/lambda/api/code_upload.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "wire/json.h"
#include "wire/sigv4.h"

namespace sortie::emulator::lambda {
namespace {

constexpr std::size_t k_direct_zip_limit = 52'428'800;
constexpr std::size_t k_s3_zip_limit = 262'144'000;
constexpr auto k_location_valid = std::chrono::minutes(10);

}  // namespace

namespace json = boost::json;

Task<AwsResult<Code>> take_code(Operation& operation, std::string_view member) {
  json::object none;
  auto* found = member.empty() ? nullptr : operation.body.if_contains(member);
  auto& code = member.empty() ? operation.body : found != nullptr && found->is_object() ? found->get_object() : none;
  for (std::string_view unknown : {"ImageUri", "SourceKMSKeyArn", "S3ObjectStorageMode"}) {
    if (wire::find(code, unknown) != nullptr) {
      co_return std::unexpected(not_implemented("lambda", std::string("code with ").append(unknown)));
    }
  }
  auto* zip = code.if_contains("ZipFile");
  if (zip != nullptr && zip->is_string() && !zip->get_string().empty()) {
    co_return co_await operation.packages.store().add_base64(std::move(zip->get_string()), k_direct_zip_limit);
  }
  auto bucket = wire::string_or(code, "S3Bucket");
  auto key = wire::string_or(code, "S3Key");
  if (bucket.empty() || key.empty()) {
    co_return std::unexpected(invalid_parameter("Please provide a source for function code."));
  }
  auto object = co_await operation.objects.get_object(operation.call, bucket, key,
                                                      wire::string_or(code, "S3ObjectVersion"), k_s3_zip_limit);
  if (!object) {
    auto message = object.error().message;
    if (object.error().code == "NoSuchBucket" && message.ends_with('.')) message.pop_back();
    co_return std::unexpected(invalid_parameter(fmt::format(
        "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}", object.error().code, message)));
  }
  co_return co_await operation.packages.store().add(*std::move(object), k_s3_zip_limit);
}

std::string code_location(const Operation& operation, std::string_view kind, const std::string& name,
                          const std::string& code_id) {
  auto key = operation.identities.find_key(operation.call.principal.access_key_id);
  if (!key) return {};
  const auto& from = operation.call.request;
  // Who calls a name of AWS's gets one that speaks TLS; who calls localhost gets where he called.
  const std::string_view scheme = from.host.ends_with(".amazonaws.com") ? "https" : std::string_view(from.scheme);
  const std::string authority(from.headers.get_or("Host", http::authority(from)));
  const auto path = fmt::format("/snapshots/{}/{}/{}", kind, name, code_id);
  const wire::HeaderView host{"host", authority};
  const wire::SigningOptions options{
      .region = operation.call.region, .service = "lambda", .path = wire::PathRules::for_service("lambda")};
  auto signature =
      wire::presign({.method = "GET", .path = path, .query = {}, .headers = {&host, 1}}, wire::k_empty_sha256,
                    {operation.call.principal.access_key_id, key->secret_access_key, key->session_token}, options,
                    operation.clock.now(), k_location_valid);
  return fmt::format("{}://{}{}?{}", scheme, authority, path, signature.query);
}

}  // namespace sortie::emulator::lambda
