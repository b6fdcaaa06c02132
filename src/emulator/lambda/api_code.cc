#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "emulator/core/protocol.h"
#include "emulator/lambda/service.h"
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

/// Empty when the caller has no key that could sign it.
std::string Service::code_location(const Call& call, std::string_view kind, const std::string& arn,
                                   const std::string& code_id) {
  auto key = identities_.find_key(call.principal.access_key_id);
  if (!key) return {};
  const auto& from = call.request;
  // Who calls a name of AWS's gets one that speaks TLS; who calls localhost gets where he called.
  const std::string scheme = from.host.ends_with(".amazonaws.com") ? "https" : from.scheme;
  const std::string authority(from.headers.get_or("Host", http::authority(from)));
  const auto path =
      fmt::format("/snapshots/{}/{}/{}", kind,
                  arn.substr(arn.rfind(":" + std::string(kind == "layers" ? "layer" : "function") + ":") + 1), code_id);
  const wire::HeaderView host{"host", authority};
  wire::SigningOptions options{
      .region = call.region, .service = "lambda", .path = wire::PathRules::for_service("lambda")};
  auto signature =
      wire::presign({.method = "GET", .path = path, .query = {}, .headers = {&host, 1}}, wire::k_empty_sha256,
                    {call.principal.access_key_id, key->secret_access_key, key->session_token}, options, clock_.now(),
                    k_location_valid);
  return fmt::format("{}://{}{}?{}", scheme, authority, path, signature.query);
}

/// Parts: `functions` or `layers`, what follows the account in the ARN, and the package.
Task<Service::Answer> Service::get_snapshot(Request& request) {
  const auto& kind = request.parts.at(0);
  const auto& resource = request.parts.at(1);
  const auto& code = request.parts.at(2);
  auto missing = aws_fail(404, "ResourceNotFoundException", "The resource you requested does not exist.");
  auto arn = FunctionRef{request.call.region, options_.account, {}, {}}.arn();
  arn.replace(arn.rfind("function:"), std::string::npos, resource);
  bool known = false;
  if (kind == "layers") {
    auto ref = parse_layer_arn(arn);
    if (!ref) co_return missing;
    if (auto allowed = authorize_layer(request.call, "GetLayerVersion", *ref); !allowed) {
      co_return std::unexpected(allowed.error());
    }
    const auto* version = layers_.find(*ref);
    known = version != nullptr && version->code_id == code;
  } else if (kind == "functions") {
    auto ref = name_of(request, NameUse::other, arn, {});
    if (!ref) co_return std::unexpected(ref.error());
    if (auto allowed = authorize(request.call, "lambda:GetFunction", ref->arn()); !allowed) {
      co_return std::unexpected(allowed.error());
    }
    const auto* function = registry_.find(ref->region, ref->name);
    const auto* version = function != nullptr ? function->find(ref->qualifier) : nullptr;
    known = version != nullptr && version->code_id == code;
  }
  if (!known) co_return missing;
  auto path = codes_.zip_file(code);
  if (!path) co_return missing;
  UniqueFd file(::open(path->c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) co_return missing;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  co_return http::Response{
      .status = 200,
      .headers = {{"x-amzn-RequestId", request.call.request_id}, {"Content-Type", "application/zip"}},
      .body = http::Body(std::make_unique<FileBody>(std::move(file), size, blocking_))};
}

}  // namespace sortie::emulator::lambda
