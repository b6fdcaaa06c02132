#include "harness/output_writer.h"

#include <chrono>

#include "base/utf8.h"

namespace sortie::harness {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t k_piece_limit = 32 * 1024;
/// A suite that writes each line, or each byte, by itself must not become an event for each.
constexpr auto k_joined_for = 20ms;

/// Where a piece of `bytes` ends: behind the last line that fits, or in the middle of one that is too long by itself,
/// but not of a character.
std::size_t piece_size(std::string_view bytes) {
  if (bytes.size() <= k_piece_limit) return bytes.size();
  const std::string_view most = bytes.substr(0, k_piece_limit);
  const std::size_t newline = most.rfind('\n');
  return newline == std::string_view::npos ? most.size() - incomplete_tail(most) : newline + 1;
}

}  // namespace

void OutputWriter::attribute_to(const std::string& test) {
  if (test == test_) return;
  flush();
  test_ = test;
}

void OutputWriter::write(bool to_stderr, std::string_view bytes, TimePoint now) {
  if (bytes.empty()) return;
  std::string& unfinished = unfinished_[to_stderr ? 1 : 0];
  const std::size_t before = unfinished.size();
  unfinished += bytes;
  const std::size_t newline = bytes.rfind('\n');
  if (newline != std::string_view::npos) take_lines(to_stderr, before + newline + 1);
  if (unfinished.size() >= k_piece_limit) take_lines(to_stderr, unfinished.size() - incomplete_tail(unfinished));
  if (waiting_size_ < k_piece_limit) return;
  send_waiting();
  sent_at_ = now;
}

void OutputWriter::take_lines(bool to_stderr, std::size_t size) {
  std::string& unfinished = unfinished_[to_stderr ? 1 : 0];
  if (waiting_.empty() || waiting_.back().to_stderr != to_stderr) waiting_.push_back({to_stderr, {}});
  waiting_.back().bytes.append(unfinished, 0, size);
  unfinished.erase(0, size);
  waiting_size_ += size;
}

void OutputWriter::send_lines(TimePoint now) {
  if (waiting_.empty() || now < sent_at_ + k_joined_for) return;
  send_waiting();
  sent_at_ = now;
}

TimePoint OutputWriter::due() const {
  return waiting_.empty() ? TimePoint::max() : sent_at_ + k_joined_for;
}

void OutputWriter::flush() {
  for (const bool to_stderr : {false, true}) {
    const std::size_t size = unfinished_[to_stderr ? 1 : 0].size();
    if (size > 0) take_lines(to_stderr, size);
  }
  send_waiting();
}

void OutputWriter::send_waiting() {
  for (const Lines& lines : waiting_) send_pieces(lines);
  waiting_.clear();
  waiting_size_ = 0;
}

void OutputWriter::send_pieces(const Lines& lines) {
  std::string_view bytes = lines.bytes;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_size(bytes));
    outputs_.write_log(piece);
    outputs_.answer.send(suite::Output{test_, lines.to_stderr, std::string(piece), outputs_.logged});
    bytes.remove_prefix(piece.size());
  }
}

}  // namespace sortie::harness
