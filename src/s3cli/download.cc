#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "aws/retry.h"
#include "base/blocking.h"
#include "s3cli/blobstore.h"
#include "s3cli/content_range.h"
#include "s3cli/output_file.h"
#include "s3cli/parallel.h"
#include "s3cli/stream_file.h"
#include "wire/checksum.h"

namespace sortie::s3cli {

namespace {

constexpr std::size_t k_buffer_bytes = 512 * 1024;
/// From here on writing is worth a thread.
constexpr std::size_t k_pool_bytes = 32 * 1024;
/// How often a range is asked for in all.
constexpr int k_attempts = 4;
constexpr std::uint64_t k_to_the_end = std::numeric_limits<std::uint64_t>::max();

/// Takes bytes of the blob.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Task<Result<void>> write_at(std::span<const char> bytes, std::uint64_t offset) = 0;
};

class FileSink final : public Sink {
 public:
  explicit FileSink(OutputFile& file) : file_(file) {}
  /// From now on large pieces are written on a thread of their own, while others are received.
  void start_writer() { writer_.emplace(1); }
  Task<Result<void>> write_at(std::span<const char> bytes, std::uint64_t offset) override {
    if (!writer_ || bytes.size() < k_pool_bytes) co_return file_.write_at(bytes, offset);
    co_return co_await writer_->run([&file = file_, bytes, offset] { return file.write_at(bytes, offset); });
  }

 private:
  OutputFile& file_;
  std::optional<BlockingPool> writer_;
};

/// In order: the offset is always that of the bytes already written.
class StreamSink final : public Sink {
 public:
  explicit StreamSink(StreamFile& stream) : stream_(stream) {}
  Task<Result<void>> write_at(std::span<const char> bytes, std::uint64_t /*offset*/) override {
    return stream_.write_all(bytes);
  }

 private:
  StreamFile& stream_;
};

std::unexpected<Error> nonsense(std::string message) {
  return fail(ErrorKind::protocol, "S3 GetObject: " + std::move(message));
}

/// An answer whose body is still to be read, and what it is of the blob.
struct Opened {
  http::Body body;
  std::uint64_t first = 0;
  std::optional<std::uint64_t> end;   ///< behind the last byte; nothing: not told, until the body ends
  std::optional<std::uint64_t> size;  ///< of the blob
  std::string etag;
  std::optional<aws::StatedChecksum> checksum;
};

/// One download.
struct Download {
  Blobstore& store;
  std::string key;
  Sink* sink = nullptr;
  std::string etag;        ///< of the first answer
  std::uint64_t next = 0;  ///< where the next range begins that no worker has taken
  std::uint64_t size = 0;  ///< once it is known
};

/// Asks for [first, last]; `last` may be k_to_the_end. A store that knows no ranges answers with everything.
Task<Result<Opened>> open(Download& download, std::uint64_t first, std::uint64_t last) {
  aws::GetObjectRequest request{.bucket = download.store.config.bucket, .key = download.key};
  const bool verifies = request.want_checksum = download.store.config.verify_downloads;
  if (last != k_to_the_end) {
    request.range = fmt::format("bytes={}-{}", first, last);
  } else if (first > 0) {
    request.range = fmt::format("bytes={}-", first);
  }
  ASSIGN_OR_CO_RETURN(auto response, co_await download.store.s3.get_object(std::move(request)));
  if (!response.info.has_end) co_return nonsense("the answer does not say how long it is");
  Opened out{.body = std::move(response.body), .etag = response.info.etag};
  if (verifies) out.checksum = response.info.checksum;
  if (response.info.content_range.empty()) {
    out.end = out.size = out.body.length();
    co_return out;
  }
  const auto range = read_content_range(response.info.content_range);
  const auto wanted_end = range ? std::min(last, range->size - 1) : 0;
  if (!range || range->first != first || range->last != wanted_end) {
    co_return nonsense(fmt::format("answered with the range '{}'", response.info.content_range));
  }
  out.first = range->first;
  out.end = range->last + 1;
  out.size = range->size;
  if (out.body.length().value_or(*out.end - out.first) != *out.end - out.first) {
    co_return nonsense("the range's length is not that of its body");
  }
  co_return out;
}

/// The blob must be the same one from the first range to the last.
Result<void> check_same(const Download& download, const Opened& opened) {
  const bool has_changed = !download.etag.empty() && !opened.etag.empty() && opened.etag != download.etag;
  if (has_changed) return nonsense("the blob was changed while it was downloaded");
  return {};
}

/// The bytes of one range on their way into the sink: where they have come to, and their checksum so far.
class Progress {
 public:
  Progress(Download& download, std::uint64_t first) : download_(download), first_(first), offset_(first) {}

  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  /// Remembers the checksum that is stated for the range as a whole.
  void expect(const std::optional<aws::StatedChecksum>& stated) {
    if (!stated) return;
    expected_ = stated;
    running_.emplace(stated->algorithm);
  }
  Task<Result<void>> take(std::span<const char> bytes) {
    if (running_) running_->update({bytes.data(), bytes.size()});
    CO_RETURN_IF_ERROR(co_await download_.sink->write_at(bytes, offset_));
    offset_ += bytes.size();
    co_return Result<void>{};
  }
  Result<void> verify() {
    if (!running_) return {};
    const auto found = wire::base64_encode(running_->finish());
    if (found == expected_->value) return {};
    return nonsense(fmt::format("the {} of bytes {}-{} is {}, and S3 stored {}", wire::to_string(expected_->algorithm),
                                first_, offset_, found, expected_->value));
  }

 private:
  Download& download_;
  std::uint64_t first_;
  std::uint64_t offset_;
  std::optional<aws::StatedChecksum> expected_;
  std::optional<wire::Checksum> running_;
};

/// Reads one answer to its end. What was written before is read past.
Task<Result<void>> copy(Opened& opened, Progress& progress) {
  const auto length = opened.end ? *opened.end - opened.first : k_to_the_end;
  const auto room = static_cast<std::size_t>(std::clamp<std::uint64_t>(length, 1, k_buffer_bytes));
  const auto buffer = std::make_unique_for_overwrite<char[]>(room);
  std::uint64_t at = opened.first;
  Result<std::size_t> read = 0;
  do {
    // A full buffer a write: what the network brings at a time is small, and each write is handed to another thread.
    std::size_t count = 0;
    do {
      read = co_await opened.body.read({buffer.get() + count, room - count});
      count += read.value_or(0);
    } while (read && *read > 0 && count < room);
    if (count > length - (at - opened.first)) co_return nonsense("the body is longer than the range");
    const auto old = static_cast<std::size_t>(at < progress.offset() ? std::min(progress.offset() - at, count) : 0);
    if (count > old) CO_RETURN_IF_ERROR(co_await progress.take({buffer.get() + old, count - old}));
    at += count;
  } while (read && *read > 0);
  if (!read) co_return std::unexpected(std::move(read).error());
  if (opened.end && at != *opened.end) {
    co_return fail(ErrorKind::network,
                   fmt::format("S3 GetObject: the body ended after {} of {} bytes", at - opened.first, length));
  }
  co_return Result<void>{};
}

/// One range into the sink, [first, last], or all the rest. `opened` is its first answer, where there is one already.
/// What breaks off is asked for again from where it broke.
Task<Result<void>> fetch(Download& download, std::uint64_t first, std::uint64_t last, std::optional<Opened> opened) {
  Progress progress(download, first);
  for (int attempt = 1;; ++attempt) {
    if (!opened) {
      auto again = co_await open(download, progress.offset(), last);
      if (!again) co_return std::unexpected(std::move(again).error());
      opened = *std::move(again);
    }
    CO_RETURN_IF_ERROR(check_same(download, *opened));
    if (attempt == 1) progress.expect(opened->first == first ? opened->checksum : std::nullopt);
    auto copied = co_await copy(*opened, progress);
    if (copied) co_return progress.verify();
    // Errors of the target are not S3's to repair.
    if (!is_retryable(copied.error().kind) || attempt == k_attempts) {
      co_return std::unexpected(wrap(std::move(copied).error(), fmt::format("download of {}", download.key)));
    }
    opened.reset();
    co_await download.store.pause(aws::retry_delay({}, attempt, aws::RetryClass::transient, std::nullopt));
  }
}

/// One of the parallel workers: takes ranges until none is left.
Task<Result<void>> fetch_ranges(Download& download, std::optional<Opened> first) {
  const auto step = download.store.config.download_part_bytes;
  while (first || download.next < download.size) {
    const auto begin = first ? first->first : download.next;
    const auto end = first ? *first->end : std::min(begin + step, download.size);
    if (!first) download.next = end;
    CO_RETURN_IF_ERROR(co_await fetch(download, begin, end - 1, std::exchange(first, std::nullopt)));
  }
  co_return Result<void>{};
}

bool is_empty_blob(const Error& error) {
  return error.code == "InvalidRange" || error.code == "HTTP 416";
}

Task<Result<Opened>> open_front(Download& download) {
  auto opened = co_await open(download, 0, download.store.config.download_part_bytes - 1);
  // An empty blob has no first byte to ask for.
  if (!opened && is_empty_blob(opened.error())) opened = co_await open(download, 0, k_to_the_end);
  co_return opened;
}

Task<Result<void>> get_to_file(Download& download, std::string path) {
  ASSIGN_OR_CO_RETURN(auto opened, co_await open_front(download));
  // Not before: a missing key must not touch the folder.
  ASSIGN_OR_CO_RETURN(auto file, OutputFile::create(path));
  FileSink sink(file);
  download.sink = &sink;
  download.etag = opened.etag;
  if (!opened.size) {
    CO_RETURN_IF_ERROR(co_await fetch(download, 0, k_to_the_end, std::move(opened)));
    co_return file.commit();
  }
  const auto size = download.size = *opened.size;
  const auto front = download.next = *opened.end;
  if (front == size) {
    CO_RETURN_IF_ERROR(co_await fetch(download, 0, std::max<std::uint64_t>(size, 1) - 1, std::move(opened)));
    co_return file.commit(size);
  }
  CO_RETURN_IF_ERROR(file.reserve(size));
  sink.start_writer();
  const auto step = download.store.config.download_part_bytes;
  const auto ranges = 1 + (size - front + step - 1) / step;
  const auto workers = std::min<std::uint64_t>(ranges, download.store.config.download_concurrency);
  auto first = std::make_shared<std::optional<Opened>>(std::move(opened));
  CO_RETURN_IF_ERROR(co_await run_parallel(static_cast<int>(workers), [&download, first](int) {
    return fetch_ranges(download, std::exchange(*first, std::nullopt));
  }));
  co_return file.commit(size);
}

Task<Result<void>> get_to_stream(Download& download, std::string path) {
  ASSIGN_OR_CO_RETURN(auto opened, co_await open(download, 0, k_to_the_end));
  ASSIGN_OR_CO_RETURN(auto fd, StreamFile::open_target(path));
  StreamFile stream(co_await asio::this_coro::executor, std::move(fd), path);
  StreamSink sink(stream);
  download.sink = &sink;
  download.etag = opened.etag;
  co_return co_await fetch(download, 0, k_to_the_end, std::move(opened));
}

}  // namespace

Task<Result<void>> get(Blobstore& store, std::string key, std::string file) {
  Download download{.store = store, .key = store.config.key_of(key)};
  if (is_stream_target(file)) co_return co_await get_to_stream(download, std::move(file));
  co_return co_await get_to_file(download, std::move(file));
}

}  // namespace sortie::s3cli
