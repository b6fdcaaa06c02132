#include "emulator/lambda/code_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "base/unique_fd.h"
#include "emulator/core/protocol.h"
#include "emulator/lambda/unzip.h"
#include "wire/checksum.h"

namespace sortie::emulator::lambda {
namespace {

namespace fs = std::filesystem;

Result<void> write_file(const fs::path& path, std::string_view bytes) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return fail_errno(errno, "make " + path.string());
  while (!bytes.empty()) {
    auto count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "write " + path.string());
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

void remove_tree(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

/// Moves `from` to `to`; an older `to` of the same content wins.
Result<void> publish(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (!error) return {};
  remove_tree(from);
  std::error_code ignored;
  if (fs::exists(to, ignored)) return {};
  return fail_errno(error.value(), "rename " + to.string());
}

Result<void> unpack(const fs::path& root, const std::string& id, std::string_view zip) {
  std::error_code error;
  auto folder = root / id;
  if (fs::exists(folder, error)) return {};
  // Others may unpack the same content at the same time: each has its own name until the rename.
  auto temporary = root / (make_request_id() + ".tmp");
  auto temporary_zip = root / (make_request_id() + ".zip.tmp");
  if (::mkdir(temporary.c_str(), 0755) != 0) return fail_errno(errno, "make " + temporary.string());
  ::chmod(temporary.c_str(), 0755);  // whatever the umask says: functions see it as /var/task
  auto unpacked = unzip(zip, temporary);
  Result<void> done;
  if (!unpacked) {
    done = std::unexpected(unpacked.error());
  } else {
    done = write_file(temporary_zip, zip);
  }
  if (done) done = publish(temporary_zip, root / (id + ".zip"));
  if (done) done = publish(temporary, folder);
  if (!done) {
    remove_tree(temporary);
    remove_tree(temporary_zip);
  }
  return done;
}

AwsError to_aws_error(const Error& error) {
  if (error.code == k_unzipped_too_large) {
    return {400, "InvalidParameterValueException", "Unzipped size must be smaller than 262144000 bytes", {}};
  }
  if (error.kind == ErrorKind::protocol) {
    return {400,
            "InvalidParameterValueException",
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
            {}};
  }
  return {500, "ServiceException", "The package cannot be stored: " + describe(error), {}};
}

}  // namespace

Result<fs::path> CodeStore::root() {
  ASSIGN_OR_RETURN(auto blobs, store_.blobs("lambda"));
  return blobs;
}

Result<fs::path> CodeStore::folder(const std::string& id) {
  ASSIGN_OR_RETURN(auto blobs, root());
  return blobs / id;
}

Result<fs::path> CodeStore::zip_file(const std::string& id) {
  ASSIGN_OR_RETURN(auto blobs, root());
  return blobs / (id + ".zip");
}

Task<Outcome<Code>> CodeStore::add(std::string package, Encoding encoding, std::size_t limit) {
  auto blobs = root();
  if (!blobs) co_return std::unexpected(to_aws_error(blobs.error()));
  auto job = [package = std::move(package), encoding, limit, blobs = *std::move(blobs)]() mutable -> Result<Code> {
    if (encoding == Encoding::base64) {
      auto decoded = wire::base64_decode(package);
      if (!decoded) return fail(ErrorKind::protocol, "the package is not base64");
      package = *std::move(decoded);
    }
    if (package.size() > limit) {
      Error error{.kind = ErrorKind::usage, .message = "the package is too large"};
      return std::unexpected(std::move(error));
    }
    auto digest = wire::sha256(package);
    Code code{.id = wire::hex_encode(digest), .sha256 = wire::base64_encode(digest), .size = package.size()};
    RETURN_IF_ERROR(unpack(blobs, code.id, package));
    return code;
  };
  auto code = co_await pool_.run(std::move(job));
  if (code) co_return *std::move(code);
  if (code.error().kind == ErrorKind::usage) {
    co_return aws_fail(413, "RequestEntityTooLargeException",
                       fmt::format("Zipped size must be smaller than {} bytes", limit));
  }
  co_return std::unexpected(to_aws_error(code.error()));
}

std::vector<std::string> CodeStore::all() {
  std::vector<std::string> ids;
  if (store_.is_ephemeral()) return ids;  // its folder is made when it is needed first
  auto blobs = root();
  if (!blobs) return ids;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(*blobs, ignored)) {
    auto name = entry.path().filename();
    if (name.extension().empty() || name.extension() == ".zip") ids.push_back(name.stem().string());
  }
  return ids;
}

Task<void> CodeStore::remove(std::string id) {
  auto blobs = root();
  if (!blobs) co_return;
  auto job = [folder = *blobs / id, zip = *blobs / (id + ".zip"), trash = *blobs / (make_request_id() + ".tmp")] {
    std::error_code ignored;
    fs::remove(zip, ignored);
    // Renamed first, so that a package half removed is never taken for a whole one.
    fs::rename(folder, trash, ignored);
    remove_tree(trash);
    return true;
  };
  co_await pool_.run(std::move(job));
}

}  // namespace sortie::emulator::lambda
