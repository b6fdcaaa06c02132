#include "emulator/lambda/async/async_queue.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/deadline.h"

namespace sortie::emulator::lambda {
namespace {

constexpr auto k_first_backoff = std::chrono::seconds(1);
constexpr auto k_longest_backoff = std::chrono::minutes(5);

SystemTime from_millis(std::int64_t millis) {
  return SystemTime{std::chrono::milliseconds{millis}};
}

}  // namespace

AsyncQueue::AsyncQueue(Executor executor, const Clock& clock, Store& store,
                       std::vector<std::chrono::milliseconds> retry_delays, Invoke invoke, PolicyOf policy,
                       Finished finished)
    : executor_(executor),
      clock_(clock),
      statements_(std::in_place, store.db()),
      retry_delays_(std::move(retry_delays)),
      invoke_(std::move(invoke)),
      policy_of_(std::move(policy)),
      finished_(std::move(finished)),
      slots_(executor, k_parallel) {
  store.db().exec(
      "CREATE TABLE IF NOT EXISTS lambda_async(id INTEGER PRIMARY KEY AUTOINCREMENT, request_id TEXT NOT NULL, region "
      "TEXT NOT NULL, name TEXT NOT NULL, qualifier TEXT NOT NULL, payload BLOB NOT NULL, client_context TEXT NOT "
      "NULL, "
      "attempt INTEGER NOT NULL, accepted INTEGER NOT NULL)");
}

void AsyncQueue::resume() {
  auto rows = statements_->query("SELECT id, attempt, accepted FROM lambda_async ORDER BY id");
  while (rows.next()) spawn(rows.integer(0), static_cast<int>(rows.integer(1)), from_millis(rows.integer(2)));
}

void AsyncQueue::accept(const AsyncRequest& request) {
  auto now = clock_.now();
  statements_
      ->query(
          "INSERT INTO lambda_async(request_id, region, name, qualifier, payload, client_context, attempt, accepted) "
          "VALUES(?, ?, ?, ?, ?, ?, 0, ?)")
      .bind(request.request_id, request.region, request.name, request.qualifier, Blob{request.payload},
            request.client_context, now.time_since_epoch().count())
      .run();
  spawn(statements_->db().getLastInsertRowid(), 0, now);
}

void AsyncQueue::close() {
  closed_ = true;
  statements_.reset();
}

AsyncRequest AsyncQueue::load(std::int64_t id) {
  auto row = statements_->query(
      "SELECT request_id, region, name, qualifier, payload, client_context FROM lambda_async WHERE id = ?");
  row.bind(id);
  if (!row.next()) return {};
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5)};
}

void AsyncQueue::spawn(std::int64_t id, int attempt, SystemTime accepted) {
  ++waiting_;
  asio::co_spawn(executor_, process(shared_from_this(), id, attempt, accepted), asio::detached);
}

std::optional<std::string_view> AsyncQueue::end_of(const Attempt& attempt, int& retries, const RetryPolicy& policy,
                                                   SystemTime accepted, std::chrono::milliseconds& wait) const {
  const auto age = clock_.now() - accepted;
  switch (attempt.disposition) {
    case Disposition::done: return "Success";
    case Disposition::gone: return "";
    case Disposition::refused: return "ZeroReservedConcurrency";
    case Disposition::throttled:
      if (age > policy.event_age) return "EventAgeExceeded";
      wait = std::min<std::chrono::milliseconds>(wait * 2, k_longest_backoff);
      return std::nullopt;
    case Disposition::failed: break;
  }
  if (retries >= std::min(policy.retries, static_cast<int>(retry_delays_.size()))) return "RetriesExhausted";
  wait = retry_delays_[static_cast<std::size_t>(retries++)];
  // A retry that would come too late is not made.
  if (age + wait > policy.event_age) return "EventAgeExceeded";
  return std::nullopt;
}

Task<void> AsyncQueue::process(std::shared_ptr<AsyncQueue> self, std::int64_t id, int retries, SystemTime accepted) {
  std::chrono::milliseconds backoff = k_first_backoff / 2;
  End end{.invocations = retries};
  for (;;) {
    RetryPolicy policy;
    {
      auto slot = co_await self->slots_.take();
      if (self->closed_) co_return;
      auto request = self->load(id);
      policy = self->policy_of_(request);
      end.last = co_await self->invoke_(std::move(request));
    }
    if (self->closed_) co_return;  // cut short by the end of the process: the next one takes it up
    if (end.last.disposition == Disposition::done || end.last.disposition == Disposition::failed) ++end.invocations;
    auto wait = backoff;
    if (auto condition = self->end_of(end.last, retries, policy, accepted, wait)) {
      end.condition = *condition;
      break;
    }
    if (end.last.disposition == Disposition::throttled) {
      backoff = wait;
    } else {
      self->statements_->query("UPDATE lambda_async SET attempt = ? WHERE id = ?").bind(retries, id).run();
    }
    co_await sleep_for(wait);
    if (self->closed_) co_return;
  }
  if (!end.condition.empty()) self->finished_(self->load(id), end);
  self->statements_->query("DELETE FROM lambda_async WHERE id = ?").bind(id).run();
  --self->waiting_;
}

}  // namespace sortie::emulator::lambda
