#include "emulator/lambda/async_queue.h"

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
                       std::vector<std::chrono::milliseconds> retry_delays, Invoke invoke, Patiently patience)
    : executor_(executor),
      clock_(clock),
      statements_(std::in_place, store.db()),
      retry_delays_(std::move(retry_delays)),
      invoke_(std::move(invoke)),
      patience_(std::move(patience)),
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

Task<void> AsyncQueue::process(std::shared_ptr<AsyncQueue> self, std::int64_t id, int attempt, SystemTime accepted) {
  std::chrono::milliseconds backoff = k_first_backoff;
  while (!self->closed_) {
    auto result = Attempt::throttled;
    Patience patience;
    {
      auto slot = co_await self->slots_.take();
      if (self->closed_) co_return;
      auto request = self->load(id);
      patience = self->patience_(request);
      result = co_await self->invoke_(std::move(request));
    }
    if (self->closed_) co_return;  // cut short by the end of the process: the next one takes it up
    if (result == Attempt::done) break;
    if (self->clock_.now() - accepted > patience.event_age) break;
    if (result == Attempt::throttled) {
      co_await sleep_for(backoff);
      backoff = std::min<std::chrono::milliseconds>(backoff * 2, k_longest_backoff);
      continue;
    }
    if (attempt >= std::min(patience.retries, static_cast<int>(self->retry_delays_.size()))) break;
    auto delay = self->retry_delays_[static_cast<std::size_t>(attempt++)];
    // A retry that would come too late is not made.
    if (self->clock_.now() + delay - accepted > patience.event_age) break;
    self->statements_->query("UPDATE lambda_async SET attempt = ? WHERE id = ?").bind(attempt, id).run();
    co_await sleep_for(delay);
  }
  if (self->closed_) co_return;
  self->statements_->query("DELETE FROM lambda_async WHERE id = ?").bind(id).run();
  --self->waiting_;
}

}  // namespace sortie::emulator::lambda
