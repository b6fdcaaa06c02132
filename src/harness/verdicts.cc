#include "harness/verdicts.h"

#include "suite/text.h"

namespace sortie::harness {
namespace {

constexpr std::size_t k_message_limit = 64 * 1024;

}  // namespace

void Verdicts::start(const std::string& test) {
  release();
  if (started_.insert(test).second) outlets_.answer.send(suite::TestStarted{test, outlets_.logged});
}

void Verdicts::end(suite::TestEnded ended) {
  ended.log_offset = outlets_.logged;
  if (held_ && held_->test == ended.test) {
    if (ended.leaked_processes == 0) ended.leaked_processes = held_->leaked_processes;
    held_ = std::move(ended);
    return;
  }
  if (has(ended.test)) return;
  start(ended.test);
  ended_.insert(ended.test);
  held_ = std::move(ended);
}

void Verdicts::release() {
  if (!held_) return;
  if (is_bad(held_->outcome)) bad_.insert(held_->test);
  any_bad_ = any_bad_ || is_bad(held_->outcome);
  held_->message = suite::abridge(held_->message, k_message_limit);
  outlets_.answer.send(*std::move(held_));
  held_.reset();
}

}  // namespace sortie::harness
