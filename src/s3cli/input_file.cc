#include "s3cli/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "wire/checksum.h"

namespace sortie::s3cli {

namespace {

constexpr std::size_t k_step_bytes = 256 * 1024;

/// One pread that is not interrupted. 0 is the end of the file.
Result<std::size_t> read_at(int fd, std::span<char> buffer, std::uint64_t offset) {
  for (;;) {
    const ssize_t count = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return fail_errno(errno, "read the file");
  }
}

std::unexpected<Error> became_shorter() {
  return fail(ErrorKind::internal, "the file became shorter while it was read");
}

class SliceSource final : public http::BodySource {
 public:
  explicit SliceSource(Slice slice) : slice_(slice), left_(slice.size) {}

  [[nodiscard]] std::optional<std::uint64_t> length() const override { return slice_.size; }

  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    if (left_ == 0) co_return std::size_t{0};
    buffer = buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size())));
    ASSIGN_OR_CO_RETURN(const auto count, read_at(slice_.fd, buffer, slice_.offset + slice_.size - left_));
    if (count == 0) co_return became_shorter();
    left_ -= count;
    co_return count;
  }

 private:
  Slice slice_;
  std::uint64_t left_;
};

std::unexpected<Error> open_failure(const std::string& path, int error) {
  return fail_errno(error, fmt::format("open {}", path));
}

}  // namespace

Result<std::string> read_small_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return open_failure(path, errno);
  auto text = read_up_to(fd.get(), limit + 1);
  if (!text) return std::unexpected(wrap(std::move(text).error(), path));
  if (text->size() > limit) return fail(ErrorKind::config, fmt::format("{} is larger than {} bytes", path, limit));
  return text;
}

Result<InputFile> InputFile::open(const std::string& path) {
  InputFile out{.fd = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), .path = path};
  if (!out.fd) return open_failure(path, errno);
  struct stat status{};
  if (::fstat(out.fd.get(), &status) != 0) return fail_errno(errno, path);
  if (S_ISDIR(status.st_mode)) return fail(ErrorKind::usage, fmt::format("{} is a directory", path));
  if (S_ISREG(status.st_mode)) out.size = static_cast<std::uint64_t>(status.st_size);
  return out;
}

http::Body make_body(Slice slice) {
  return {std::make_unique<SliceSource>(slice)};
}

Result<SliceDigest> digest_of(Slice slice, bool want_crc32, bool want_sha256) {
  std::uint32_t crc = 0;
  wire::Checksum sha(wire::ChecksumAlgorithm::sha256);
  const auto capacity = static_cast<std::size_t>(std::min<std::uint64_t>(slice.size, k_step_bytes));
  const auto buffer = std::make_unique_for_overwrite<char[]>(capacity);
  for (std::uint64_t done = 0; done < slice.size;) {
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(slice.size - done, capacity));
    ASSIGN_OR_RETURN(const auto count, read_at(slice.fd, {buffer.get(), room}, slice.offset + done));
    if (count == 0) return became_shorter();
    const std::string_view bytes(buffer.get(), count);
    if (want_crc32) crc = wire::crc32(bytes, crc);
    if (want_sha256) sha.update(bytes);
    done += count;
  }
  SliceDigest out;
  if (want_sha256) out.sha256 = wire::hex_encode(sha.finish());
  if (want_crc32) {
    const char big_endian[4] = {static_cast<char>(crc >> 24), static_cast<char>(crc >> 16), static_cast<char>(crc >> 8),
                                static_cast<char>(crc)};
    out.crc32 = wire::base64_encode({big_endian, sizeof(big_endian)});
  }
  return out;
}

Result<std::string> read_up_to(int fd, std::size_t limit) {
  std::string out;
  while (out.size() < limit) {
    const auto before = out.size();
    const auto room = std::min(limit - before, std::max<std::size_t>(4096, std::min(before, k_step_bytes)));
    out.resize(before + room);
    const ssize_t count = ::read(fd, out.data() + before, room);
    if (count < 0 && errno == EINTR) {
      out.resize(before);
      continue;
    }
    if (count < 0) return fail_errno(errno, "read");
    out.resize(before + static_cast<std::size_t>(count));
    if (count == 0) break;
  }
  return out;
}

}  // namespace sortie::s3cli
