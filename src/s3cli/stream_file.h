#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <span>
#include <string>

#include "base/error.h"
#include "base/task.h"
#include "base/unique_fd.h"

/// What is no file with a name of its own: pipes, devices, terminals.
namespace sortie::s3cli {

/// A target that is a device, a pipe or a socket takes bytes in order and nothing else. `/dev/stdout` and other open
/// descriptors count as one: behind them may be a file that somebody else has open.
bool is_stream_target(const std::string& path);

/// Read or written in order, with one open file of its own. Waits on the event loop and not in a system call: who is
/// cancelled while the other end of a pipe stands still does not wait for it. io_context thread only.
class StreamFile {
 public:
  /// Takes over an open descriptor. `path` is for messages.
  StreamFile(const Executor& executor, UniqueFd fd, std::string path);
  /// Opens a target. A pipe waits for its reader, in the system call; a signal ends that.
  static Result<UniqueFd> open_target(const std::string& path);

  /// Reads until `limit` bytes are there or the end.
  Task<Result<std::string>> read_up_to(std::size_t limit);
  /// Writes everything, waiting as long as it takes.
  Task<Result<void>> write_all(std::span<const char> bytes);

 private:
  [[nodiscard]] std::unexpected<Error> failure(const char* what, const boost::system::error_code& error) const;

  asio::posix::stream_descriptor descriptor_;
  std::string path_;
};

}  // namespace sortie::s3cli
