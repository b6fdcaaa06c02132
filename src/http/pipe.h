#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"

namespace sortie::http {

/// The writing end of a bounded in-memory pipe whose reading end is a streaming Body. io_context thread only.
class PipeWriter {
 public:
  struct State;
  explicit PipeWriter(std::shared_ptr<State> state);
  PipeWriter(PipeWriter&&) noexcept;
  PipeWriter& operator=(PipeWriter&&) noexcept;
  /// An unfinished pipe ends in an error at the reader: a writer that goes away never looks complete.
  ~PipeWriter();

  /// Waits while the pipe is full. ErrorKind::cancelled when the reader is gone.
  Task<Result<void>> write(std::string_view bytes);
  /// The regular end.
  void finish();
  /// The reader gets `error` after the bytes already written.
  void fail(Error error);
  /// True when the reading end was destroyed.
  [[nodiscard]] bool reader_gone() const;

 private:
  std::shared_ptr<State> state_;
};

struct Pipe {
  PipeWriter writer;
  Body reader;
};

/// A pipe that holds at most `capacity` bytes.
Pipe make_pipe(Executor executor, std::size_t capacity = 256 * 1024);

}  // namespace sortie::http
