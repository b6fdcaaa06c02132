#include "emulator/lambda/execution/telemetry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <charconv>

#include "base/deadline.h"
#include "wire/json.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;
using std::chrono::steady_clock;

constexpr std::size_t k_subscription_limit = 64 * 1024;
constexpr std::size_t k_target_limit = 2048;
constexpr std::size_t k_answer_limit = 64 * 1024;
constexpr std::uint16_t k_reserved_port = 9001;
/// Between attempts to deliver: at first, doubled each time, and at most.
constexpr auto k_first_pause = std::chrono::milliseconds(50);
constexpr auto k_longest_pause = std::chrono::milliseconds(5000);

std::unexpected<ExtensionRefusal> invalid(std::string message) {
  return std::unexpected(ExtensionRefusal{"ValidationError", std::move(message)});
}

/// `http://sandbox.localdomain:8080/path`
bool parse_uri(std::string_view uri, TelemetrySubscription& subscription) {
  constexpr std::string_view k_scheme = "http://";
  if (!uri.starts_with(k_scheme)) return false;
  uri.remove_prefix(k_scheme.size());
  const auto slash = uri.find('/');
  const auto authority = uri.substr(0, slash);
  if (slash != std::string_view::npos) subscription.target = uri.substr(slash);
  const auto colon = authority.find(':');
  const auto host = authority.substr(0, colon);
  if (host != "sandbox.localdomain" && host != "sandbox.local" && host != "sandbox") return false;
  const auto port = colon == std::string_view::npos ? std::string_view("80") : authority.substr(colon + 1);
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), subscription.port);
  if (parsed.ec != std::errc() || parsed.ptr != port.data() + port.size() || subscription.port == 0) return false;
  for (const char c : subscription.target) {
    if (c <= ' ' || c > '~') return false;
  }
  return subscription.port != k_reserved_port && subscription.target.size() <= k_target_limit;
}

bool take_number(const json::object& buffering, std::string_view name, std::int64_t least, std::int64_t most,
                 std::int64_t& value) {
  const auto* member = wire::find(buffering, name);
  if (member == nullptr) return true;
  if (!member->is_int64() || member->get_int64() < least || member->get_int64() > most) return false;
  value = member->get_int64();
  return true;
}

bool parse_buffering(const json::object& buffering, TelemetrySubscription& subscription) {
  std::int64_t items = static_cast<std::int64_t>(subscription.max_items);
  std::int64_t bytes = static_cast<std::int64_t>(subscription.max_bytes);
  std::int64_t timeout = subscription.timeout.count();
  if (!take_number(buffering, "maxItems", 1000, 10'000, items)) return false;
  if (!take_number(buffering, "maxBytes", 262'144, 1'048'576, bytes)) return false;
  if (!take_number(buffering, "timeoutMs", 25, 30'000, timeout)) return false;
  subscription.max_items = static_cast<std::size_t>(items);
  subscription.max_bytes = static_cast<std::size_t>(bytes);
  subscription.timeout = std::chrono::milliseconds(timeout);
  return true;
}

bool parse_types(const json::array& types, TelemetrySubscription& subscription) {
  for (const auto& type : types) {
    const std::string_view name = type.is_string() ? std::string_view(type.get_string()) : std::string_view();
    if (name == "platform") {
      subscription.platform = true;
    } else if (name == "function") {
      subscription.function = true;
    } else if (name == "extension") {
      subscription.extension = true;
    } else {
      return false;
    }
  }
  return !types.empty();
}

}  // namespace

bool TelemetrySubscription::wants(TelemetryKind kind) const {
  switch (kind) {
    case TelemetryKind::platform: return platform;
    case TelemetryKind::function: return function;
    case TelemetryKind::extension: return extension;
  }
  return false;
}

std::vector<std::string_view> TelemetrySubscription::types() const {
  std::vector<std::string_view> names;
  if (platform) names.emplace_back("Platform");
  if (function) names.emplace_back("Function");
  if (extension) names.emplace_back("Extension");
  return names;
}

std::expected<TelemetrySubscription, ExtensionRefusal> parse_subscription(std::string_view body) {
  auto document = wire::parse_json_object(body, 32, k_subscription_limit);
  if (!document) return invalid("The subscription is not a JSON object");
  TelemetrySubscription subscription;
  const auto schema = wire::string_or(*document, "schemaVersion");
  if (schema != "2022-07-01" && schema != "2022-12-13" && schema != "2025-01-29") {
    return invalid("schemaVersion is not one of 2022-07-01, 2022-12-13, 2025-01-29");
  }
  subscription.json_records = schema != "2022-07-01";
  const auto& destination = wire::object_or_empty(*document, "destination");
  const auto protocol = wire::string_or(destination, "protocol");
  if (protocol == "TCP") {
    return std::unexpected(
        ExtensionRefusal{"Telemetry.NotImplemented", "The embedded AWS delivers by HTTP, not by TCP. AWS does both."});
  }
  if (protocol != "HTTP") return invalid("destination.protocol is not HTTP or TCP");
  if (!parse_uri(wire::string_or(destination, "URI"), subscription)) {
    return invalid("destination.URI is not http://sandbox.localdomain:PORT, with a port other than 9001");
  }
  if (!parse_types(wire::array_or_empty(*document, "types"), subscription)) {
    return invalid("types is not a list of platform, function, extension");
  }
  if (!parse_buffering(wire::object_or_empty(*document, "buffering"), subscription)) {
    return invalid("buffering: maxItems is 1000 to 10000, maxBytes 262144 to 1048576, timeoutMs 25 to 30000");
  }
  return subscription;
}

std::string output_event(TelemetryKind kind, std::string_view time, std::string_view line, bool json_record) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  json::object event{{"time", time}, {"type", kind == TelemetryKind::function ? "function" : "extension"}};
  if (json_record && line.starts_with('{')) {
    if (auto record = wire::parse_json_object(line)) {
      event.emplace("record", *std::move(record));
      return json::serialize(event);
    }
  }
  event.emplace("record", line);
  return json::serialize(event);
}

TelemetryStream::TelemetryStream(Executor executor, std::string subscriber, TelemetrySubscription subscription,
                                 OpenSocket open_socket)
    : executor_(executor),
      subscriber_(std::move(subscriber)),
      subscription_(std::move(subscription)),
      open_socket_(std::move(open_socket)),
      changed_(std::move(executor)) {}

void TelemetryStream::begin() {
  asio::co_spawn(executor_, run(shared_from_this()), asio::detached);
}

void TelemetryStream::add(TelemetryKind kind, std::string event) {
  if (closed_ || !subscription_.wants(kind)) return;
  if (bytes_ + event.size() > k_buffer_bytes) {
    ++dropped_;
    dropped_bytes_ += event.size();
    return;
  }
  if (events_.empty()) send_at_ = steady_clock::now() + subscription_.timeout;
  bytes_ += event.size();
  events_.push_back(std::move(event));
  changed_.notify();
}

void TelemetryStream::flush() {
  flush_ = true;
  changed_.notify();
}

void TelemetryStream::close() {
  closed_ = true;
  boost::system::error_code ignored;
  if (socket_) socket_->close(ignored);
  changed_.notify();
}

bool TelemetryStream::due() const {
  return flush_ || events_.size() >= subscription_.max_items || bytes_ >= subscription_.max_bytes ||
         steady_clock::now() >= send_at_;
}

std::string TelemetryStream::take_batch() {
  std::string body = "[";
  if (dropped_ > 0) {
    body += json::serialize(json::object{
        {"type", "platform.logsDropped"},
        {"record",
         json::object{{"reason", "Consumer seems to have fallen behind as it has not acknowledged receipt of logs."},
                      {"droppedRecords", std::exchange(dropped_, 0)},
                      {"droppedBytes", std::exchange(dropped_bytes_, 0)}}}});
  }
  for (std::size_t items = 0; !events_.empty() && items < subscription_.max_items; ++items) {
    if (body.size() > 1 && body.size() + events_.front().size() > subscription_.max_bytes) break;
    if (body.size() > 1) body += ",";
    body += events_.front();
    bytes_ -= events_.front().size();
    events_.pop_front();
  }
  return body + "]";
}

Task<void> TelemetryStream::run(std::shared_ptr<TelemetryStream> self) {
  while (!self->closed_) {
    if (self->events_.empty()) {
      self->flush_ = false;
      co_await self->changed_.wait();
      continue;
    }
    if (!self->due()) {
      co_await self->changed_.wait_until(self->send_at_);
      continue;
    }
    const auto batch = self->take_batch();
    for (auto pause = k_first_pause; !self->closed_ && !co_await self->post(batch);) {
      co_await sleep_for(pause);
      pause = std::min(pause * 2, k_longest_pause);
    }
  }
}

/// True when the subscriber has taken it. One connection a batch.
Task<bool> TelemetryStream::post(std::string body) {
  constexpr auto k_how = asio::as_tuple(asio::use_awaitable);
  auto fd = co_await open_socket_();
  if (!fd || closed_) co_return false;
  socket_ = std::make_unique<asio::ip::tcp::socket>(executor_);
  boost::system::error_code failed;
  socket_->assign(asio::ip::tcp::v4(), fd->release(), failed);
  if (failed) co_return false;
  const asio::ip::tcp::endpoint here(asio::ip::address_v4::loopback(), subscription_.port);
  if (auto [error] = co_await socket_->async_connect(here, k_how); error) co_return false;
  const auto request = fmt::format(
      "POST {} HTTP/1.1\r\nHost: sandbox.localdomain:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      subscription_.target, subscription_.port, body.size(), body);
  if (auto [error, sent] = co_await asio::async_write(*socket_, asio::buffer(request), k_how); error) co_return false;
  std::string answer;
  std::array<char, 4096> piece{};
  while (answer.size() < k_answer_limit) {
    auto [error, count] = co_await socket_->async_read_some(asio::buffer(piece), k_how);
    answer.append(piece.data(), count);
    if (error) break;
  }
  co_return answer.starts_with("HTTP/1.") && answer.size() > 9 && answer[9] == '2';
}

}  // namespace sortie::emulator::lambda
