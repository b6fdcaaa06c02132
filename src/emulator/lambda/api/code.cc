#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "emulator/lambda/api/layer_access.h"
#include "emulator/lambda/api/operation.h"

/// Packages for download: what `Code.Location` and `Content.Location` lead to. On AWS that is a presigned URL of a
/// bucket of Lambda's own; here it is one of this service, presigned by the caller's own key.
namespace sortie::emulator::lambda {
namespace {

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

/// Whether the function or layer that the path names has the package that it names, for those who may see it.
AwsResult<bool> may_download(const Operation& operation) {
  const auto& kind = operation.parts.at(0);
  const auto& name = operation.parts.at(1);
  const auto& code = operation.parts.at(2);
  auto has_code = [&code](const auto& item) { return item.second.code_id == code; };
  if (kind == "layers") {
    const auto* layer = operation.layers.find(operation.call.region, name);
    if (layer == nullptr) return false;
    auto found = std::find_if(layer->versions.begin(), layer->versions.end(), has_code);
    if (found == layer->versions.end()) return false;
    RETURN_IF_ERROR(authorize_layer(operation, "GetLayerVersion", layer->ref(found->first)));
    return true;
  }
  const auto* function = kind == "functions" ? operation.functions.find(operation.call.region, name) : nullptr;
  if (function == nullptr) return false;
  RETURN_IF_ERROR(operation.allow("GetFunction", function->arn()));
  return function->latest.code_id == code ||
         std::any_of(function->versions.begin(), function->versions.end(), has_code);
}

Task<Answer> get_snapshot(Operation& operation) {
  ASSIGN_OR_CO_RETURN(const bool there, may_download(operation));
  auto path = operation.packages.store().zip_file(operation.parts.at(2));
  UniqueFd file(there && path ? ::open(path->c_str(), O_RDONLY | O_CLOEXEC) : -1);
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) {
    co_return aws_fail(404, "ResourceNotFoundException", "The resource you requested does not exist.");
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  co_return http::Response{
      .status = 200,
      .headers = {{"x-amzn-RequestId", operation.call.request_id}, {"Content-Type", "application/zip"}},
      .body = http::Body(std::make_unique<FileBody>(std::move(file), size, operation.blocking))};
}

constexpr Row k_operations[] = {
    {"GetSnapshot", get_snapshot, {.method = "GET", .path = "/snapshots/{Kind}/{Name}/{Code}"}},
};

}  // namespace

std::span<const Row> code_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
