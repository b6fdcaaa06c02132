#include "harness/verdicts.h"

#include <algorithm>

#include "suite/text.h"

namespace sortie::harness {
namespace {

constexpr std::size_t k_message_limit = 64 * 1024;

}  // namespace

void Verdicts::start(const std::string& test) {
  release();
  if (started_.insert(test).second) outputs_.answer.send(suite::TestStarted{test, outputs_.logged});
}

void Verdicts::end(suite::TestEnded ended) {
  ended.log_offset = outputs_.logged;
  if (held_ && held_->now.test == ended.test) {
    if (ended.leaked_processes == 0) ended.leaked_processes = held_->now.leaked_processes;
    held_->now = std::move(ended);
    say(*held_);
    return;
  }
  if (has(ended.test)) return;
  start(ended.test);
  ended_.insert(ended.test);
  held_ = Held{std::move(ended), {}};
  say(*held_);
}

void Verdicts::end_unlisted(suite::TestEnded ended) {
  ended.unlisted = true;
  ended.log_offset = outputs_.logged;
  if (suite::TestEnded* before = unlisted(ended.test)) {
    *before = std::move(ended);
  } else {
    unlisted_.push_back({std::move(ended), {}});
    say(unlisted_.back());
  }
}

suite::TestEnded* Verdicts::unlisted(std::string_view name) {
  const auto found = std::ranges::find_if(unlisted_, [name](const Held& held) { return held.now.test == name; });
  return found == unlisted_.end() ? nullptr : &found->now;
}

void Verdicts::say(Held& held) {
  held.now.message = suite::abridge(held.now.message, k_message_limit);
  std::string words = suite::encode(held.now);
  if (words == held.said) return;
  outputs_.answer.send(held.now);
  held.said = std::move(words);
}

bool Verdicts::any_bad() const {
  return any_bad_ || (held_ && is_bad(held_->now.outcome)) ||
         std::ranges::any_of(unlisted_, [](const Held& held) { return is_bad(held.now.outcome); });
}

void Verdicts::release() {
  any_bad_ = any_bad();
  if (held_) {
    if (is_bad(held_->now.outcome)) bad_.insert(held_->now.test);
    say(*held_);
  }
  for (Held& held : unlisted_) say(held);
  held_.reset();
  unlisted_.clear();
}

}  // namespace sortie::harness
