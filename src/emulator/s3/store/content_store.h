#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/blocking.h"
#include "emulator/core/call.h"
#include "emulator/core/sql.h"
#include "emulator/core/store.h"
#include "emulator/s3/protocol/customer_key.h"
#include "emulator/s3/protocol/digests.h"
#include "http/message.h"

namespace sortie::emulator::s3 {

/// Bytes that arrived whole but belong to no object yet; a file of them is removed with this value.
struct Received {
  std::uint64_t size = 0;
  Digests::Values digests;   ///< of the bytes as they arrived
  std::string bytes;         ///< when there is no file
  std::optional<Seal> seal;  ///< when what is kept is encrypted
  std::filesystem::path file;

  Received() = default;
  Received(Received&& other) noexcept;
  Received& operator=(Received&&) = delete;
  ~Received();
};

/// A range of one content.
struct Piece {
  std::int64_t content = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// The bytes of objects and parts, shared by reference counts: up to 64 KiB in the database, longer ones in a file
/// each. Files are written, hashed and encrypted on the pool through buffers of 256 KiB. io_context thread only.
class ContentStore {
 public:
  ContentStore(Store& store, Statements& statements, BlockingPool& pool);
  ~ContentStore();

  /// Reads `body` to its end. More than `limit` bytes: EntityTooLarge. A body that ends in an error: its S3 code, or
  /// IncompleteBody. A full disk: InternalError; nothing is left behind. What is kept is encrypted with `key`.
  Task<AwsResult<Received>> receive(http::Body body, std::vector<ChecksumAlgorithm> algorithms, std::uint64_t limit,
                                    std::optional<CustomerKey> key = {});
  /// The digests of bytes that are already here, and not encrypted.
  Task<AwsResult<Digests::Values>> digest(std::vector<Piece> pieces, std::vector<ChecksumAlgorithm> algorithms);
  /// The bytes of the pieces one after the other. What is being read stays readable when it is deleted meanwhile.
  http::Body open(const std::vector<Piece>& pieces);
  /// The same of encrypted pieces, whose seals `key` must open.
  http::Body open(const std::vector<Piece>& pieces, const std::optional<CustomerKey>& key);
  /// Nothing for a content that is not encrypted.
  std::optional<Seal> seal_of(std::int64_t content);

  /// All changes of one request, in one transaction: committed together or not at all, files included.
  class Change {
   public:
    explicit Change(ContentStore& store);
    Change(const Change&) = delete;
    ~Change();
    /// Takes received bytes in; the new content has one reference. Throws std::system_error when the file cannot be
    /// renamed.
    std::int64_t add(Received received);
    void retain(std::int64_t content);
    /// At the last reference the content goes.
    void release(std::int64_t content);
    void commit();

   private:
    ContentStore& store_;
    SQLite::Transaction transaction_;
    std::vector<std::int64_t> added_;
    std::vector<std::int64_t> dropped_;
    bool committed_ = false;
  };

 private:
  class Reader;
  struct Upload;
  struct State;

  AwsResult<std::filesystem::path> folder();
  AwsResult<void> create_file(Upload& upload);
  static Task<void> run_drain(BlockingPool& pool, std::shared_ptr<Upload> upload);
  static Task<AwsResult<void>> finish_drain(std::shared_ptr<Upload> upload);
  Task<AwsResult<void>> start_drain(std::shared_ptr<Upload> upload);
  void remove_orphans();

  Store& files_;
  Statements& statements_;
  BlockingPool& pool_;
  std::shared_ptr<State> state_;  ///< shared with open readers
  std::int64_t next_id_ = 1;
  std::uint64_t next_temporary_ = 1;
};

}  // namespace sortie::emulator::s3
