#include "emulator/s3/store/content_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "base/number.h"
#include "base/signal.h"
#include "base/unique_fd.h"
#include "emulator/s3/protocol/errors.h"
#include "emulator/s3/store/decrypting_body.h"

namespace sortie::emulator::s3 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_inline_bytes = 64 * 1024;
constexpr std::size_t k_buffer_bytes = 256 * 1024;
constexpr std::size_t k_least_read = 4 * 1024;

constexpr const char* k_tables = R"sql(
CREATE TABLE IF NOT EXISTS s3_content(
  id INTEGER PRIMARY KEY, refs INTEGER NOT NULL, size INTEGER NOT NULL, bytes BLOB);
CREATE TABLE IF NOT EXISTS s3_content_seal(content INTEGER PRIMARY KEY, salt BLOB NOT NULL, proof BLOB NOT NULL);
)sql";

Failure disk_failure(int error_number, std::string_view what) {
  return s3_fail(500, "InternalError",
                 fmt::format("The embedded AWS could not {} object data: {}.", what, std::strerror(error_number)));
}

/// Why a body ended early, as S3 says it.
Failure body_failure(const Error& error) {
  if (error.code.empty()) {
    return s3_fail(400, "IncompleteBody",
                   "You did not provide the number of bytes specified by the Content-Length HTTP header");
  }
  return s3_fail(error.code == "SignatureDoesNotMatch" ? 403 : 400, error.code, error.message);
}

/// 0, or the error number.
int write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

}  // namespace

Received::Received(Received&& other) noexcept
    : size(other.size),
      digests(std::move(other.digests)),
      bytes(std::move(other.bytes)),
      seal(std::move(other.seal)),
      file(std::exchange(other.file, fs::path())) {}

Received::~Received() {
  if (!file.empty()) ::unlink(file.c_str());
}

/// What readers share with the store: contents being read are unlinked when the last reader is done.
struct ContentStore::State {
  fs::path folder;
  std::unordered_map<std::int64_t, int> readers;
  std::unordered_set<std::int64_t> doomed;

  [[nodiscard]] fs::path path(std::int64_t id) const { return folder / fmt::format("{}", id); }
  void drop(std::int64_t id) {
    if (readers.contains(id)) {
      doomed.insert(id);
    } else {
      ::unlink(path(id).c_str());
    }
  }
  void unpin(std::int64_t id) {
    if (--readers[id] > 0) return;
    readers.erase(id);
    if (doomed.erase(id) > 0) ::unlink(path(id).c_str());
  }
};

/// An upload on its way; shared with the pool, so that a request that is given up cannot pull the buffer away.
struct ContentStore::Upload {
  explicit Upload(const std::vector<ChecksumAlgorithm>& algorithms) : digests(algorithms) {}

  void encrypt_with(const CustomerKey& key) {
    received.seal = key.make_seal();
    cipher = key.cipher(*received.seal, 0);
  }
  /// Hashes the bytes; afterwards they are as they are kept.
  void take(std::string& bytes) {
    digests.update(bytes);
    if (cipher) cipher->apply(bytes);
  }

  Digests digests;
  std::optional<wire::AesCtr> cipher;
  std::string buffer;    ///< being filled
  std::string draining;  ///< on the pool meanwhile
  bool busy = false;
  std::optional<Signal> drained;  ///< notified when `busy` ends
  UniqueFd file;
  Received received;
  int error_number = 0;
};

ContentStore::ContentStore(Store& store, Statements& statements, BlockingPool& pool)
    : files_(store), statements_(statements), pool_(pool), state_(std::make_shared<State>()) {
  store.db().exec(k_tables);
  auto highest = statements_.query("SELECT coalesce(max(id),0)+1 FROM s3_content");
  highest.next();
  next_id_ = highest.integer(0);
  if (!store.is_ephemeral()) remove_orphans();
}

ContentStore::~ContentStore() = default;

/// Files that a killed process had renamed but not committed.
void ContentStore::remove_orphans() {
  const auto where = folder();
  if (!where) return;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(*where, ignored)) {
    const std::string name = entry.path().filename();
    const auto parsed = parse_number<std::int64_t>(name);
    if (!parsed) continue;
    const std::int64_t id = *parsed;
    auto row = statements_.query("SELECT 1 FROM s3_content WHERE id=? AND bytes IS NULL");
    row.bind(id);
    if (!row.next()) ::unlink(entry.path().c_str());
  }
}

AwsResult<fs::path> ContentStore::folder() {
  if (!state_->folder.empty()) return state_->folder;
  auto made = files_.blobs("s3");
  if (!made)
    return s3_fail(500, "InternalError", "The embedded AWS has no folder for object data: " + made.error().message);
  state_->folder = *made;
  return *made;
}

AwsResult<void> ContentStore::create_file(Upload& upload) {
  ASSIGN_OR_RETURN(const auto where, folder());
  fs::path path = where / fmt::format("upload-{}.tmp", next_temporary_++);
  upload.file.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!upload.file) return disk_failure(errno, "write");
  upload.received.file = std::move(path);
  return {};
}

/// Hashes, encrypts and writes what is in `draining` on the pool.
Task<void> ContentStore::run_drain(BlockingPool& pool, std::shared_ptr<Upload> upload) {
  co_await pool.run([upload] {
    upload->take(upload->draining);
    upload->error_number = write_all(upload->file.get(), upload->draining);
    return true;
  });
  upload->busy = false;
  upload->drained->notify();
}

Task<AwsResult<void>> ContentStore::finish_drain(std::shared_ptr<Upload> upload) {
  while (upload->busy) co_await upload->drained->wait();
  if (upload->error_number != 0) co_return disk_failure(upload->error_number, "write");
  co_return AwsResult<void>();
}

/// Hands the buffer to the pool when it has done with the one before. The next bytes are received meanwhile.
Task<AwsResult<void>> ContentStore::start_drain(std::shared_ptr<Upload> upload) {
  if (!upload->file) {
    CO_RETURN_IF_ERROR(create_file(*upload));
  }
  const auto executor = co_await asio::this_coro::executor;
  if (!upload->drained) upload->drained.emplace(executor);
  CO_RETURN_IF_ERROR(co_await finish_drain(upload));
  std::swap(upload->buffer, upload->draining);
  upload->buffer.clear();
  upload->busy = true;
  asio::co_spawn(executor, run_drain(pool_, upload), asio::detached);
  co_return AwsResult<void>();
}

Task<AwsResult<Received>> ContentStore::receive(http::Body body, std::vector<ChecksumAlgorithm> algorithms,
                                                std::uint64_t limit, std::optional<CustomerKey> key) {
  auto upload = std::make_shared<Upload>(algorithms);
  if (key) upload->encrypt_with(*key);
  // A small body is never handed to the pool: room for one byte more than is kept inline shows that it has ended.
  const std::uint64_t announced = std::min(body.length().value_or(k_buffer_bytes), limit);
  const std::size_t room = announced <= k_inline_bytes ? static_cast<std::size_t>(announced) + 1 : k_buffer_bytes;
  for (;;) {
    const std::size_t used = upload->buffer.size();
    upload->buffer.resize(std::max(room, used + k_least_read));
    auto count = co_await body.read(std::span(upload->buffer).subspan(used));
    if (!count) co_return body_failure(count.error());
    upload->buffer.resize(used + *count);
    upload->received.size += *count;
    if (upload->received.size > limit) {
      co_return s3_fail(
          400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size",
          {{"ProposedSize", fmt::to_string(upload->received.size)}, {"MaxSizeAllowed", fmt::to_string(limit)}});
    }
    if (*count == 0) break;
    if (upload->buffer.size() < k_buffer_bytes) continue;
    CO_RETURN_IF_ERROR(co_await start_drain(upload));
  }
  if (!upload->file && upload->buffer.size() <= k_inline_bytes) {
    upload->take(upload->buffer);
    upload->received.bytes = std::move(upload->buffer);
  } else if (!upload->buffer.empty()) {
    CO_RETURN_IF_ERROR(co_await start_drain(upload));
  }
  CO_RETURN_IF_ERROR(co_await finish_drain(upload));
  if (upload->file && ::close(upload->file.release()) != 0) co_return disk_failure(errno, "write");
  upload->received.digests = upload->digests.finish();
  co_return std::move(upload->received);
}

/// Streams pieces. Files are read straight into the caller's buffer where the kernel has them in memory, else on the
/// pool into a buffer of this reader's own.
class ContentStore::Reader final : public http::BodySource {
 public:
  struct Part {
    std::int64_t content = 0;
    std::uint64_t offset = 0;
    std::uint64_t left = 0;
    std::optional<std::string> bytes;  ///< of an inline content
  };

  Reader(std::shared_ptr<State> state, BlockingPool& pool, std::vector<Part> parts)
      : state_(std::move(state)), pool_(pool), parts_(std::move(parts)), buffer_(std::make_shared<Buffer>()) {
    for (const Part& part : parts_) {
      ++state_->readers[part.content];
      length_ += part.left;
    }
  }
  ~Reader() override {
    for (const Part& part : parts_) state_->unpin(part.content);
  }

  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }

  Task<Result<std::size_t>> read(std::span<char> out) override {
    while (at_ < parts_.size() && parts_[at_].left == 0) next_part();
    if (at_ == parts_.size()) co_return 0;
    Part& part = parts_[at_];
    if (part.bytes) co_return take(part, out, std::string_view(*part.bytes).substr(part.offset, part.left));
    if (ready_.empty()) {
      if (const std::size_t count = read_cached(part, out); count > 0) co_return count;
      CO_RETURN_IF_ERROR(co_await fill(part));
    }
    const std::size_t count = take(part, out, ready_);
    ready_.remove_prefix(count);
    co_return count;
  }

 private:
  struct Buffer {
    UniqueFd file;
    std::vector<char> bytes;
    ssize_t count = 0;
    int error_number = 0;
  };

  void next_part() {
    ++at_;
    buffer_->file.reset();
    ready_ = {};
  }

  static std::size_t take(Part& part, std::span<char> out, std::string_view from) {
    const std::size_t count = std::min(out.size(), from.size());
    std::memcpy(out.data(), from.data(), count);
    part.offset += count;
    part.left -= count;
    return count;
  }

  /// Opens a file whose path the kernel has in memory (openat2(2), Linux 5.12); empty: the pool has to.
  static UniqueFd open_cached(const std::string& path) {
    open_how how{.flags = O_RDONLY | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_CACHED};
    return UniqueFd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  }

  /// As much as can be had without waiting for the disk; 0: the pool has to read.
  std::size_t read_cached(Part& part, std::span<char> out) {
    if (!buffer_->file) buffer_->file = open_cached(state_->path(part.content));
    if (!buffer_->file) return 0;
    const iovec into{out.data(), static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), part.left))};
    const ssize_t count = ::preadv2(buffer_->file.get(), &into, 1, static_cast<off_t>(part.offset), RWF_NOWAIT);
    if (count <= 0) return 0;
    part.offset += static_cast<std::uint64_t>(count);
    part.left -= static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }

  Task<Result<void>> fill(const Part& part) {
    const std::size_t wanted = std::min<std::uint64_t>(k_buffer_bytes, part.left);
    co_await pool_.run([buffer = buffer_, path = state_->path(part.content), offset = part.offset, wanted] {
      buffer->bytes.resize(wanted);
      if (!buffer->file) buffer->file.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      do {
        buffer->count = ::pread(buffer->file.get(), buffer->bytes.data(), wanted, static_cast<off_t>(offset));
      } while (buffer->count < 0 && errno == EINTR);
      buffer->error_number = errno;
      return true;
    });
    if (buffer_->count < 0) co_return fail_errno(buffer_->error_number, "read object data");
    if (buffer_->count == 0) co_return fail(ErrorKind::internal, "object data is shorter than it was");
    ready_ = {buffer_->bytes.data(), static_cast<std::size_t>(buffer_->count)};
    co_return Result<void>();
  }

  std::shared_ptr<State> state_;
  BlockingPool& pool_;
  std::vector<Part> parts_;
  std::shared_ptr<Buffer> buffer_;  ///< shared with the pool while it reads
  std::string_view ready_;
  std::size_t at_ = 0;
  std::uint64_t length_ = 0;
};

http::Body ContentStore::open(const std::vector<Piece>& pieces) {
  std::vector<Reader::Part> parts;
  for (const Piece& piece : pieces) {
    if (piece.size == 0) continue;
    Reader::Part part{piece.content, piece.offset, piece.size, {}};
    auto row = statements_.query("SELECT bytes FROM s3_content WHERE id=?");
    row.bind(piece.content);
    if (row.next() && !row.null(0)) {
      part.bytes = row.text(0).substr(piece.offset, piece.size);
      part.offset = 0;
    }
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return std::string();
  if (parts.size() == 1 && parts.front().bytes) return *std::move(parts.front().bytes);
  return std::unique_ptr<http::BodySource>(std::make_unique<Reader>(state_, pool_, std::move(parts)));
}

http::Body ContentStore::open(const std::vector<Piece>& pieces, const std::optional<CustomerKey>& key) {
  if (!key) return open(pieces);
  std::vector<EncryptedStretch> stretches;
  for (const Piece& piece : pieces) {
    const auto seal = seal_of(piece.content);
    if (seal && piece.size > 0) stretches.push_back({key->cipher(*seal, piece.offset), piece.size});
  }
  return decrypting_body(open(pieces), std::move(stretches));
}

std::optional<Seal> ContentStore::seal_of(std::int64_t content) {
  auto row = statements_.query("SELECT salt,proof FROM s3_content_seal WHERE content=?");
  row.bind(content);
  if (!row.next()) return std::nullopt;
  return Seal{row.text(0), row.text(1)};
}

Task<AwsResult<Digests::Values>> ContentStore::digest(std::vector<Piece> pieces,
                                                      std::vector<ChecksumAlgorithm> algorithms) {
  auto upload = std::make_shared<Upload>(algorithms);
  http::Body body = open(pieces);
  for (;;) {
    upload->buffer.resize(k_buffer_bytes);
    auto count = co_await body.read(upload->buffer);
    if (!count) co_return s3_fail(500, "InternalError", "The embedded AWS could not read object data.");
    if (*count == 0) co_return upload->digests.finish();
    upload->buffer.resize(*count);
    co_await pool_.run([upload] {
      upload->digests.update(upload->buffer);
      return true;
    });
  }
}

ContentStore::Change::Change(ContentStore& store) : store_(store), transaction_(store.statements_.db()) {}

ContentStore::Change::~Change() {
  if (committed_) return;
  for (const std::int64_t id : added_) ::unlink(store_.state_->path(id).c_str());
}

std::int64_t ContentStore::Change::add(Received received) {
  const std::int64_t id = store_.next_id_++;
  std::optional<Blob> bytes;
  if (received.file.empty()) {
    bytes = Blob{received.bytes};
  } else {
    const fs::path path = store_.state_->path(id);
    if (::rename(received.file.c_str(), path.c_str()) != 0) {
      throw std::system_error(errno, std::generic_category(), "rename an upload");
    }
    received.file.clear();
    added_.push_back(id);
  }
  store_.statements_.query("INSERT INTO s3_content(id,refs,size,bytes) VALUES(?,1,?,?)")
      .bind(id, received.size, bytes)
      .run();
  if (received.seal) {
    store_.statements_.query("INSERT INTO s3_content_seal(content,salt,proof) VALUES(?,?,?)")
        .bind(id, Blob{received.seal->salt}, Blob{received.seal->proof})
        .run();
  }
  return id;
}

void ContentStore::Change::retain(std::int64_t content) {
  store_.statements_.query("UPDATE s3_content SET refs=refs+1 WHERE id=?").bind(content).run();
}

void ContentStore::Change::release(std::int64_t content) {
  store_.statements_.query("UPDATE s3_content SET refs=refs-1 WHERE id=?").bind(content).run();
  auto row = store_.statements_.query("SELECT bytes IS NULL FROM s3_content WHERE id=? AND refs<=0");
  row.bind(content);
  if (!row.next()) return;
  if (row.integer(0) != 0) dropped_.push_back(content);
  store_.statements_.query("DELETE FROM s3_content WHERE id=?").bind(content).run();
  store_.statements_.query("DELETE FROM s3_content_seal WHERE content=?").bind(content).run();
}

void ContentStore::Change::commit() {
  transaction_.commit();
  committed_ = true;
  for (const std::int64_t id : dropped_) store_.state_->drop(id);
}

}  // namespace sortie::emulator::s3
