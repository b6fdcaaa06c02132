#include "run/capture.h"

#include <algorithm>

namespace sortie::run {

void Capture::append(std::string_view bytes) {
  total_ += bytes.size();
  const std::size_t room = half_ - first_.size();
  const std::size_t head = std::min(room, bytes.size());
  first_.append(bytes.substr(0, head));
  bytes.remove_prefix(head);
  if (bytes.size() >= half_) {
    last_.assign(bytes.substr(bytes.size() - half_));
    return;
  }
  last_.append(bytes);
  // Trimming only at twice the size makes the cost of an append constant on average.
  if (last_.size() > 2 * half_) last_.erase(0, last_.size() - half_);
}

std::string Capture::text() const {
  const std::string_view last = std::string_view(last_).substr(last_.size() > half_ ? last_.size() - half_ : 0);
  const std::uint64_t left_out = total_ - first_.size() - last.size();
  std::string text = first_;
  if (left_out > 0) {
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += "... " + std::to_string(left_out) + " bytes left out ...\n";
  }
  text += last;
  return text;
}

}  // namespace sortie::run
