#include "emulator/lambda/catalogue/code_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "base/unique_fd.h"
#include "emulator/core/protocol.h"
#include "emulator/lambda/catalogue/unzip.h"
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

/// Shows the files of `from` in `to` as well, by links; what is there already gives way.
Result<void> lay_over(const fs::path& from, const fs::path& to) {
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(from, error)) {
    auto target = to / entry.path().lexically_relative(from);
    auto status = fs::symlink_status(target, error);
    error.clear();
    if (entry.is_directory(error) && !entry.is_symlink(error)) {
      if (fs::is_directory(status)) continue;
      fs::remove(target, error);
      fs::create_directory(target, entry.path(), error);
    } else {
      if (fs::exists(status)) fs::remove_all(target, error);
      if (entry.is_symlink(error)) {
        fs::copy_symlink(entry.path(), target, error);
      } else {
        fs::create_hard_link(entry.path(), target, error);
      }
    }
    if (error) return fail_errno(error.value(), "make " + target.string());
  }
  if (error) return fail_errno(error.value(), "read " + from.string());
  return {};
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

/// Checks, names by its content, unpacks and stores one package.
Result<Code> keep(const fs::path& blobs, std::string_view package, std::size_t limit) {
  if (package.size() > limit) return fail(ErrorKind::usage, "the package is too large");
  auto digest = wire::sha256(package);
  Code code{.id = wire::hex_encode(digest), .sha256 = wire::base64_encode(digest), .size = package.size()};
  RETURN_IF_ERROR(unpack(blobs, code.id, package));
  return code;
}

AwsResult<Code> told(Result<Code> code, std::size_t limit) {
  if (code) return *std::move(code);
  if (code.error().kind != ErrorKind::usage) return std::unexpected(to_aws_error(code.error()));
  return aws_fail(413, "RequestEntityTooLargeException",
                  fmt::format("Zipped size must be smaller than {} bytes", limit));
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

Task<AwsResult<Code>> CodeStore::add(std::string package, std::size_t limit) {
  auto blobs = root();
  if (!blobs) co_return std::unexpected(to_aws_error(blobs.error()));
  auto job = [package = std::move(package), limit, blobs = *std::move(blobs)] { return keep(blobs, package, limit); };
  co_return told(co_await pool_.run(std::move(job)), limit);
}

Task<AwsResult<Code>> CodeStore::add_base64(boost::json::string text, std::size_t limit) {
  auto blobs = root();
  if (!blobs) co_return std::unexpected(to_aws_error(blobs.error()));
  auto job = [text = std::move(text), limit, blobs = *std::move(blobs)]() -> Result<Code> {
    const auto package = wire::base64_decode(text);
    if (!package) return fail(ErrorKind::protocol, "the package is not base64");
    return keep(blobs, *package, limit);
  };
  co_return told(co_await pool_.run(std::move(job)), limit);
}
Task<Result<fs::path>> CodeStore::merged(std::vector<std::string> ids) {
  if (ids.size() == 1) co_return folder(ids.front());
  auto blobs = root();
  auto merges = store_.blobs("lambda-layers");
  if (!blobs || !merges) co_return std::unexpected(!blobs ? blobs.error() : merges.error());
  auto job = [ids = std::move(ids), blobs = *std::move(blobs), merges = *std::move(merges)]() -> Result<fs::path> {
    std::string all;
    for (const auto& id : ids) all += id + "\n";
    auto target = merges / wire::sha256_hex(all);
    std::error_code error;
    if (fs::exists(target, error)) return target;
    auto temporary = merges / (make_request_id() + ".tmp");
    fs::create_directory(temporary, error);
    ::chmod(temporary.c_str(), 0755);
    auto done = error ? fail_errno(error.value(), "make " + temporary.string()) : Result<void>();
    for (const auto& id : ids) {
      if (done) done = lay_over(blobs / id, temporary);
    }
    if (done) done = publish(temporary, target);
    if (!done) {
      remove_tree(temporary);
      return std::unexpected(done.error());
    }
    return target;
  };
  co_return co_await pool_.run(std::move(job));
}

Task<std::uint64_t> CodeStore::unpacked_size(std::vector<std::string> ids) {
  auto blobs = root();
  if (!blobs) co_return 0;
  auto job = [ids = std::move(ids), blobs = *std::move(blobs)] {
    std::uint64_t total = 0;
    std::error_code ignored;
    for (const auto& id : ids) {
      for (const auto& entry : fs::recursive_directory_iterator(blobs / id, ignored)) {
        if (entry.is_regular_file(ignored) && !entry.is_symlink(ignored)) total += entry.file_size(ignored);
      }
    }
    return total;
  };
  co_return co_await pool_.run(std::move(job));
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
