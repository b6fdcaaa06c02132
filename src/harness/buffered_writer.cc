#include "harness/buffered_writer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace sortie::harness {

void BufferedWriter::add_poll(std::vector<pollfd>& fds) const {
  if (!idle()) fds.push_back({fd_, POLLOUT, 0});
}

void BufferedWriter::flush() {
  while (!idle()) {
    // The descriptor may be shared and blocking. A pipe that polls as writable takes PIPE_BUF bytes at once.
    pollfd ready{fd_, POLLOUT, 0};
    if (::poll(&ready, 1, 0) != 1) break;
    const std::size_t size = std::min<std::size_t>(PIPE_BUF, backlog_.size() - written_);
    const ssize_t count = ::write(fd_, backlog_.data() + written_, size);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) break;
    if (count < 0) {
      broken_ = true;
      written_ = backlog_.size();
      break;
    }
    written_ += static_cast<std::size_t>(count);
  }
  if (idle()) {
    backlog_.clear();
    written_ = 0;
  } else if (written_ > limit_) {
    backlog_.erase(0, written_);
    written_ = 0;
  }
}

}  // namespace sortie::harness
