#include "emulator/cloudformation/engine/plan_runner.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <deque>
#include <iterator>

#include "base/deadline.h"

namespace sortie::emulator::cloudformation {

namespace {

constexpr auto k_retry_pause = std::chrono::milliseconds(250);
constexpr auto k_first_poll = std::chrono::milliseconds(2);
constexpr auto k_longest_poll = std::chrono::milliseconds(200);

/// Requests have bodies in memory here: they can be sent more than once.
http::Request copy_of(const http::Request& request) {
  http::Request copy;
  copy.method = request.method;
  copy.scheme = request.scheme;
  copy.host = request.host;
  copy.path = request.path;
  copy.query = request.query;
  copy.headers = request.headers;
  copy.body = std::string(request.body.bytes());
  return copy;
}

bool tolerates(const Step& step, const Reply& reply) {
  return std::ranges::find(step.tolerated, reply.code) != step.tolerated.end();
}

/// Polls `await_reply`, which has a limit of its own.
Task<Reply> poll_reply(const EngineContext& context, const Step& step) {
  auto pause = k_first_poll;
  for (;;) {
    if (auto reply = step.await_reply()) co_return *std::move(reply);
    co_await sleep_for(pause);
    if (context.stopped()) co_return Reply{.status = 503};
    pause = std::min(pause * 2, k_longest_poll);
  }
}

/// Sends the request, again and again while the step wants that. The reply means nothing once the engine is stopped.
Task<Reply> run_step(EngineContext& context, const Caller& caller, const Step& step) {
  const Deadline retry_limit = deadline_in(context.options.role_patience);
  for (;;) {
    // Most requests are answered without a wait: other coroutines get their turn between two of them.
    co_await asio::post(context.executor, asio::use_awaitable);
    if (context.stopped()) co_return Reply{.status = 503};
    Reply reply;
    if (step.await_reply) {
      reply = co_await poll_reply(context, step);
    } else {
      reply = co_await send_request(context.services, caller, step.service, copy_of(step.request));
    }
    if (context.stopped() || reply.ok() || !step.retry_if || !step.retry_if(reply)) co_return reply;
    if (std::chrono::steady_clock::now() >= retry_limit) co_return reply;
    co_await sleep_for(k_retry_pause);
  }
}

}  // namespace

Task<std::string> run_plan(EngineContext& context, Caller caller, Plan plan, ResourceState& state) {
  std::deque<Step> steps(std::make_move_iterator(plan.begin()), std::make_move_iterator(plan.end()));
  while (!steps.empty()) {
    const Step step = std::move(steps.front());
    steps.pop_front();
    if (step.delay.count() > 0) co_await sleep_for(step.delay);
    const Reply reply = co_await run_step(context, caller, step);
    if (context.stopped()) co_return "stopped";
    if (!reply.ok() && !step.await_reply && !tolerates(step, reply)) co_return failure_text(reply);
    if (step.creates && reply.ok()) state.exists = true;
    if (!step.then) continue;
    Plan more = step.then(reply, state);
    if (!state.failure.empty()) co_return std::exchange(state.failure, {});
    steps.insert(steps.begin(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  co_return std::string();
}

}  // namespace sortie::emulator::cloudformation
