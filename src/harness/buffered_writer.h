#pragma once

#include <poll.h>

#include <string>
#include <string_view>
#include <vector>

namespace sortie::harness {

/// A descriptor that is written without ever blocking: what it does not take waits here. Not owned.
class BufferedWriter {
 public:
  /// `congestion_limit`: from this backlog on, whoever feeds the outlet should stop for a while.
  BufferedWriter(int fd, std::size_t congestion_limit) : fd_(fd), limit_(congestion_limit) {}

  void append(std::string_view bytes) {
    if (!broken_) backlog_.append(bytes);
  }
  [[nodiscard]] bool congested() const { return backlog_.size() - written_ >= limit_; }
  [[nodiscard]] bool idle() const { return backlog_.size() == written_; }
  /// Adds what to poll for, when something waits.
  void add_poll(std::vector<pollfd>& fds) const;
  /// Writes what fits now. A descriptor that cannot be written any more swallows everything from then on.
  void flush();

 private:
  int fd_;
  std::size_t limit_;
  std::string backlog_;
  std::size_t written_ = 0;
  bool broken_ = false;
};

}  // namespace sortie::harness
