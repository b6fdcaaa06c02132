#include "wire/event_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "wire/checksum.h"

namespace sortie::wire {

namespace {

constexpr std::size_t k_prelude = 12;   // total length, headers length, prelude CRC
constexpr std::size_t k_overhead = 16;  // prelude and message CRC
constexpr std::size_t k_max_header_name = 255;
constexpr std::size_t k_max_header_value = 65'535;

enum class Type : std::uint8_t { yes, no, byte, int16, int32, int64, bytes, string, timestamp, uuid };

template <class Integer>
void append(std::string& out, Integer value) {
  for (std::size_t i = sizeof value; i-- > 0;) out += char(static_cast<std::uint64_t>(value) >> (8 * i));
}

/// Reads big-endian values; `ok` turns false for ever at the first read past the end.
struct Reader {
  std::string_view rest;
  bool ok = true;

  std::string_view take(std::size_t count) {
    if (rest.size() < count) {
      ok = false;
      rest = {};
      return {};
    }
    const auto out = rest.substr(0, count);
    rest.remove_prefix(count);
    return out;
  }
  template <class Integer>
  Integer integer() {
    std::uint64_t value = 0;
    for (const char c : take(sizeof(Integer))) value = value << 8 | static_cast<unsigned char>(c);
    return static_cast<Integer>(value);
  }
};

struct AppendValue {
  std::string& out;

  void type(Type type) const { out += char(type); }
  void operator()(bool value) const { type(value ? Type::yes : Type::no); }
  void operator()(std::int8_t value) const { type(Type::byte), append(out, value); }
  void operator()(std::int16_t value) const { type(Type::int16), append(out, value); }
  void operator()(std::int32_t value) const { type(Type::int32), append(out, value); }
  void operator()(std::int64_t value) const { type(Type::int64), append(out, value); }
  void operator()(const EventBytes& value) const { sized(Type::bytes, {value.data(), value.size()}); }
  void operator()(const std::string& value) const { sized(Type::string, value); }
  void operator()(SystemTime value) const {
    type(Type::timestamp), append(out, std::int64_t(value.time_since_epoch().count()));
  }
  void operator()(const EventUuid& value) const {
    type(Type::uuid);
    for (const unsigned char byte : value) out += char(byte);
  }
  void sized(Type kind, std::string_view bytes) const {
    type(kind);
    append(out, std::uint16_t(bytes.size()));
    out += bytes;
  }
};

std::optional<EventValue> read_value(Reader& in) {
  switch (static_cast<Type>(in.integer<std::uint8_t>())) {
    case Type::yes: return EventValue(true);
    case Type::no: return EventValue(false);
    case Type::byte: return EventValue(in.integer<std::int8_t>());
    case Type::int16: return EventValue(in.integer<std::int16_t>());
    case Type::int32: return EventValue(in.integer<std::int32_t>());
    case Type::int64: return EventValue(in.integer<std::int64_t>());
    case Type::bytes: {
      const auto bytes = in.take(in.integer<std::uint16_t>());
      return EventValue(EventBytes(bytes.begin(), bytes.end()));
    }
    case Type::string: return EventValue(std::string(in.take(in.integer<std::uint16_t>())));
    case Type::timestamp: return EventValue(SystemTime(std::chrono::milliseconds(in.integer<std::int64_t>())));
    case Type::uuid: {
      EventUuid uuid{};
      const auto bytes = in.take(uuid.size());
      std::copy(bytes.begin(), bytes.end(), uuid.begin());
      return EventValue(uuid);
    }
  }
  return std::nullopt;
}

Result<EventMessage> read_message(std::string_view headers, std::string_view payload) {
  EventMessage message;
  Reader in{headers};
  while (!in.rest.empty()) {
    auto name = std::string(in.take(in.integer<std::uint8_t>()));
    auto value = read_value(in);
    if (!in.ok || !value || name.empty()) return fail(ErrorKind::protocol, "event stream: malformed headers");
    message.headers.emplace_back(std::move(name), *std::move(value));
  }
  message.payload = payload;
  return message;
}

std::size_t value_size(const EventValue& value) {
  if (const auto* bytes = std::get_if<EventBytes>(&value)) return bytes->size();
  if (const auto* text = std::get_if<std::string>(&value)) return text->size();
  return 0;
}

std::string frame(std::string_view headers, std::string_view payload) {
  std::string out;
  out.reserve(k_overhead + headers.size() + payload.size());
  append(out, std::uint32_t(k_overhead + headers.size() + payload.size()));
  append(out, std::uint32_t(headers.size()));
  append(out, crc32(out));
  out += headers;
  out += payload;
  append(out, crc32(out));
  return out;
}

void append_string_header(std::string& headers, std::string_view name, std::string_view value) {
  headers += char(name.size());
  headers += name;
  AppendValue{headers}.sized(Type::string, value);
}

std::string encode_typed(std::string_view message_type, std::string_view type_header, std::string_view type,
                         std::string_view content_type, std::string_view payload) {
  std::string headers;
  append_string_header(headers, type_header, type);
  if (!content_type.empty()) append_string_header(headers, ":content-type", content_type);
  append_string_header(headers, ":message-type", message_type);
  return frame(headers, payload);
}

}  // namespace

std::string_view EventMessage::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (known != name) continue;
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
  }
  return {};
}

Result<std::string> encode_event_message(const EventMessage& message) {
  std::string headers;
  for (const auto& [name, value] : message.headers) {
    if (name.empty() || name.size() > k_max_header_name || value_size(value) > k_max_header_value) {
      return fail(ErrorKind::protocol, fmt::format("event stream: header {} is too long", name.substr(0, 64)));
    }
    headers += char(name.size());
    headers += name;
    std::visit(AppendValue{headers}, value);
  }
  if (headers.size() > k_event_headers_limit) return fail(ErrorKind::protocol, "event stream: headers are too long");
  if (message.payload.size() > k_event_payload_limit) {
    return fail(ErrorKind::protocol, "event stream: the payload is too long");
  }
  return frame(headers, message.payload);
}

std::string encode_event(std::string_view event_type, std::string_view content_type, std::string_view payload) {
  return encode_typed("event", ":event-type", event_type, content_type, payload);
}

std::string encode_event_exception(std::string_view exception_type, std::string_view content_type,
                                   std::string_view payload) {
  return encode_typed("exception", ":exception-type", exception_type, content_type, payload);
}

void EventStreamDecoder::feed(std::string_view bytes) {
  if (failed_) return;
  // Consumed bytes are dropped when they are the larger part, so that each byte is moved a bounded number of times.
  if (offset_ > buffer_.size() / 2) {
    buffer_.erase(0, offset_);
    offset_ = 0;
  }
  buffer_ += bytes;
}

Result<std::optional<EventMessage>> EventStreamDecoder::next() {
  if (failed_) return std::unexpected(*failed_);
  const auto refuse = [this](std::string message) {
    failed_ = fail(ErrorKind::protocol, "event stream: " + std::move(message)).error();
    buffer_.clear();
    offset_ = 0;
    return std::unexpected(*failed_);
  };
  const auto rest = std::string_view(buffer_).substr(offset_);
  if (rest.size() < k_prelude) return std::nullopt;
  Reader prelude{rest};
  const auto total = prelude.integer<std::uint32_t>();
  const auto headers = prelude.integer<std::uint32_t>();
  if (!prelude_checked_) {
    if (prelude.integer<std::uint32_t>() != crc32(rest.substr(0, 8))) return refuse("wrong checksum of a prelude");
    if (headers > k_event_headers_limit || total < k_overhead + headers ||
        total - k_overhead - headers > k_event_payload_limit) {
      return refuse("a frame's lengths are out of range");
    }
    prelude_checked_ = true;
  }
  if (rest.size() < total) return std::nullopt;
  Reader end{rest.substr(total - 4)};
  if (end.integer<std::uint32_t>() != crc32(rest.substr(0, total - 4))) return refuse("wrong checksum of a frame");
  auto message =
      read_message(rest.substr(k_prelude, headers), rest.substr(k_prelude + headers, total - k_overhead - headers));
  if (!message) {
    failed_ = message.error();
    return std::unexpected(*failed_);
  }
  offset_ += total;
  prelude_checked_ = false;
  return std::optional(*std::move(message));
}

}  // namespace sortie::wire
