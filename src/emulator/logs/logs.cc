#include "emulator/logs/logs.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <deque>
#include <optional>
#include <unordered_map>

#include "base/utf8.h"
#include "emulator/core/json_service.h"
#include "emulator/core/protocol.h"
#include "emulator/core/supported_operation.h"
#include "emulator/logs/live_tail.h"
#include "emulator/logs/operation.h"

namespace sortie::emulator {
namespace {

constexpr std::string_view k_target_prefix = "Logs_20140328.";
constexpr std::size_t k_max_request = 8 * 1024 * 1024;
/// The longest message of one event: AWS counts 26 bytes beside it.
constexpr std::size_t k_max_message = 1'048'576 - 26;
/// What is kept for a later try when the database cannot be written (a full disk).
constexpr std::size_t k_max_unwritten = 16 * 1024 * 1024;

const OperationTable<logs::Row>& all_operations() {
  static const OperationTable<logs::Row> k_table{logs::group_operations(),        logs::stream_operations(),
                                                 logs::event_operations(),        logs::tag_operations(),
                                                 logs::subscription_operations(), logs::live_tail_operations(),
                                                 logs::unsupported_operations()};
  return k_table;
}

AwsResult<logs::Output> run(std::string_view name, logs::Operation& operation) {
  ASSIGN_OR_RETURN(const logs::Row* row, supported_operation(all_operations(), "logs", name));
  return row->handler(operation);
}

http::Response render(logs::Output output, const std::string& request_id) {
  if (const auto* members = std::get_if<boost::json::object>(&output)) return output_response(*members, request_id);
  http::Response response = empty_response(request_id);
  if (auto* events = std::get_if<http::Body>(&output)) {
    response.headers.set("Content-Type", "application/vnd.amazon.eventstream");
    response.body = std::move(*events);
  }
  return response;
}

/// Valid UTF-8 in pieces that one event can hold.
void split_into(std::deque<LogEvent>& out, LogEvent event) {
  if (!is_valid_utf8(event.message)) event.message = to_valid_utf8(event.message);
  std::string_view rest = event.message;
  while (rest.size() > k_max_message) {
    const auto piece = rest.substr(0, k_max_message);
    const auto size = k_max_message - incomplete_tail(piece);
    out.push_back({event.timestamp, std::string(rest.substr(0, size))});
    rest.remove_prefix(size);
  }
  if (rest.size() < event.message.size()) event.message = std::string(rest);
  out.push_back(std::move(event));
}

}  // namespace

struct Logs::Impl {
  struct Pending {
    std::string region;
    std::string group;
    std::string stream;
    std::vector<LogEvent> events;
    std::size_t bytes = 0;
  };

  const Clock& clock;
  logs::LogStore store;
  logs::Subscriptions subscriptions;
  Authorizer& authorizer;
  logs::LiveTails tails;
  std::deque<Pending> unwritten;
  std::size_t unwritten_bytes = 0;

  Impl(const Clock& clock, Store& state, Authorizer& authorizer)
      : clock(clock), store(state), subscriptions(state), authorizer(authorizer) {
    store.set_participant([this](const logs::Stream& stream, std::span<const LogEvent> events, std::int64_t first_id) {
      subscriptions.deliver(stream, events, first_id);
    });
    store.set_observer([this](const logs::Stream& stream, std::span<const LogEvent> events, std::int64_t ingested) {
      if (!tails.idle()) tails.written(stream, events, ingested);
    });
  }

  /// The stream that was written to last: a function's output comes in many small puts.
  struct Recent {
    std::string region;
    std::string group;
    logs::Stream stream;
    std::uint64_t deletions = 0;
  };
  std::optional<Recent> recent;

  const logs::Stream& stream_of(const Pending& put, std::int64_t now) {
    if (recent && recent->deletions == store.deletions() && recent->stream.name == put.stream &&
        recent->group == put.group && recent->region == put.region) {
      return recent->stream;
    }
    auto group = store.find_group(put.region, put.group);
    if (!group) group = store.create_group(put.region, put.group, "STANDARD", {}, now);
    auto stream = store.find_stream(*group, put.stream);
    if (!stream) stream = store.create_stream(*group, put.stream, now);
    recent = Recent{put.region, put.group, *std::move(stream), store.deletions()};
    return recent->stream;
  }

  void write(Pending& put) {
    const std::int64_t now = clock.now().time_since_epoch().count();
    store.append(stream_of(put, now), put.events, now);
  }

  /// Writes what is waiting, in order, as far as the disk lets it.
  void flush() {
    while (!unwritten.empty()) {
      try {
        write(unwritten.front());
      } catch (const SQLite::Exception&) {
        while (unwritten_bytes > k_max_unwritten && !unwritten.empty()) drop_first();
        return;
      }
      drop_first();
    }
  }

  void drop_first() {
    unwritten_bytes -= unwritten.front().bytes;
    unwritten.pop_front();
  }
};

Logs::Logs(Executor /*executor*/, const Clock& clock, Store& store, Authorizer& authorizer)
    : impl_(std::make_unique<Impl>(clock, store, authorizer)) {}

Logs::~Logs() = default;

void Logs::set_function_events(FunctionEvents& functions) {
  impl_->subscriptions.set_function_events(functions);
}

http::Response Logs::render_error(const AwsError& error, const std::string& request_id,
                                  const http::Request& /*request*/) const {
  return render_json11_error(error, request_id);
}

std::vector<OperationSummary> Logs::operations() const {
  return all_operations().summary();
}

Task<http::Response> Logs::handle(Call call) {
  const auto request = co_await read_json_request(call, k_target_prefix, k_max_request);
  if (!request) co_return render_error(request.error(), call.request_id, call.request);
  impl_->flush();
  logs::Operation operation{.clock = impl_->clock,
                            .store = impl_->store,
                            .subscriptions = impl_->subscriptions,
                            .tails = impl_->tails,
                            .authorizer = impl_->authorizer,
                            .call = call,
                            .input = logs::Parameters(request->input)};
  auto output = run(request->operation, operation);
  if (!output) co_return render_error(output.error(), call.request_id, call.request);
  co_return render(*std::move(output), call.request_id);
}

bool Logs::has_group(const std::string& region, const std::string& group) {
  impl_->flush();
  return impl_->store.find_group(region, group).has_value();
}

void Logs::put(const std::string& region, const std::string& group, const std::string& stream,
               std::vector<LogEvent> events) {
  std::deque<LogEvent> pieces;
  std::size_t bytes = 0;
  for (LogEvent& event : events) {
    bytes += event.message.size() + sizeof(LogEvent);
    split_into(pieces, std::move(event));
  }
  impl_->unwritten.push_back(
      {region, group, stream, {std::make_move_iterator(pieces.begin()), std::make_move_iterator(pieces.end())}, bytes});
  impl_->unwritten_bytes += bytes;
  impl_->flush();
}

}  // namespace sortie::emulator
