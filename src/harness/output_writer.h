#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/process.h"

namespace sortie::harness {

/// Passes output on to the log and as Output events, in one order. Pieces have at most 32 KiB and end where a line of
/// their stream ends, so that lines of the two streams do not mix whatever the timing is: the rest of a line waits for
/// its end, for the end of its test, or until it has 32 KiB. Lines that follow each other closely are joined.
class OutputWriter {
 public:
  explicit OutputWriter(OutputStreams& outputs) : outputs_(outputs) {}
  /// To which test what comes now belongs; empty: to none.
  void attribute_to(const std::string& test);
  [[nodiscard]] const std::string& test() const { return test_; }
  void write(bool to_stderr, std::string_view bytes, TimePoint now);
  /// Sends whole lines, unless some were sent a moment ago: then they wait until `due`.
  void send_lines(TimePoint now);
  /// When `send_lines` should be called again; TimePoint::max() when no line waits.
  [[nodiscard]] TimePoint due() const;
  /// Sends everything.
  void flush();

 private:
  struct Lines {
    bool to_stderr = false;
    std::string bytes;
  };

  void take_lines(bool to_stderr, std::size_t size);
  void send_waiting();
  void send_pieces(const Lines& lines);

  OutputStreams& outputs_;
  std::string test_;
  std::string unfinished_[2];   ///< the rest of a line, by stream
  std::vector<Lines> waiting_;  ///< whole lines in the order in which they ended
  std::size_t waiting_size_ = 0;
  TimePoint sent_at_;
};

}  // namespace sortie::harness
