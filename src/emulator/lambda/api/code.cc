#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"
#include "wire/sigv4.h"

/// Packages for download: what `Code.Location` and `Content.Location` lead to. On AWS that is a presigned URL of a
/// bucket of Lambda's own; here it is one of this service, presigned by the caller's own key.
namespace sortie::emulator::lambda {
namespace {

constexpr auto k_location_valid = std::chrono::minutes(10);

/// A file, read on the pool.
class FileBody final : public http::BodySource {
 public:
  FileBody(UniqueFd file, std::uint64_t size, BlockingPool& pool) : file_(std::move(file)), size_(size), pool_(pool) {}

  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    auto job = [fd = file_.get(), buffer]() -> Result<std::size_t> {
      for (;;) {
        auto count = ::read(fd, buffer.data(), buffer.size());
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return fail_errno(errno, "read a package");
      }
    };
    co_return co_await pool_.run(std::move(job));
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return size_; }

 private:
  UniqueFd file_;
  std::uint64_t size_;
  BlockingPool& pool_;
};

}  // namespace

/// `kind` is `functions` or `layers`. Empty when the caller has no key that could sign it.
std::string Service::code_location(const Call& call, std::string_view kind, const std::string& name,
                                   const std::string& code_id) {
  auto key = identities_.find_key(call.principal.access_key_id);
  if (!key) return {};
  const auto& from = call.request;
  // Who calls a name of AWS's gets one that speaks TLS; who calls localhost gets where he called.
  const std::string_view scheme = from.host.ends_with(".amazonaws.com") ? "https" : std::string_view(from.scheme);
  const std::string authority(from.headers.get_or("Host", http::authority(from)));
  const auto path = fmt::format("/snapshots/{}/{}/{}", kind, name, code_id);
  const wire::HeaderView host{"host", authority};
  const wire::SigningOptions options{
      .region = call.region, .service = "lambda", .path = wire::PathRules::for_service("lambda")};
  auto signature =
      wire::presign({.method = "GET", .path = path, .query = {}, .headers = {&host, 1}}, wire::k_empty_sha256,
                    {call.principal.access_key_id, key->secret_access_key, key->session_token}, options, clock_.now(),
                    k_location_valid);
  return fmt::format("{}://{}{}?{}", scheme, authority, path, signature.query);
}

/// Whether the function or layer that the path names has the package that it names, for those who may see it.
AwsResult<bool> Service::may_download(const Request& request) {
  const auto& kind = request.parts.at(0);
  const auto& name = request.parts.at(1);
  const auto& code = request.parts.at(2);
  auto has_code = [&code](const auto& item) { return item.second.code_id == code; };
  if (kind == "layers") {
    const auto* layer = layers_.find(request.call.region, name);
    if (layer == nullptr) return false;
    auto found = std::find_if(layer->versions.begin(), layer->versions.end(), has_code);
    if (found == layer->versions.end()) return false;
    auto allowed = authorize_layer(request.call, "GetLayerVersion", layer->ref(found->first));
    if (!allowed) return std::unexpected(allowed.error());
    return true;
  }
  const auto* function = kind == "functions" ? registry_.find(request.call.region, name) : nullptr;
  if (function == nullptr) return false;
  auto allowed = authorize(request.call, "lambda:GetFunction", function->arn());
  if (!allowed) return std::unexpected(allowed.error());
  return function->latest.code_id == code ||
         std::any_of(function->versions.begin(), function->versions.end(), has_code);
}

Task<Service::Answer> Service::get_snapshot(Request& request) {
  auto allowed = may_download(request);
  if (!allowed) co_return std::unexpected(allowed.error());
  auto path = codes_.zip_file(request.parts.at(2));
  UniqueFd file(*allowed && path ? ::open(path->c_str(), O_RDONLY | O_CLOEXEC) : -1);
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) {
    co_return aws_fail(404, "ResourceNotFoundException", "The resource you requested does not exist.");
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  co_return http::Response{
      .status = 200,
      .headers = {{"x-amzn-RequestId", request.call.request_id}, {"Content-Type", "application/zip"}},
      .body = http::Body(std::make_unique<FileBody>(std::move(file), size, blocking_))};
}

}  // namespace sortie::emulator::lambda
