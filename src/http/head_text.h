#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace sortie::http {

/// RFC 9110, 5.6.2: what a method and a field name are made of.
bool is_token(std::string_view text);

/// True when every name is a token and no value carries a CR, LF or NUL: such a value would begin a header, or a
/// message, of its own.
bool are_sendable(const Headers& headers);

/// No control characters and no space: fit for a request line.
bool is_request_target(std::string_view text);

/// `host`, `host:port`, `[v6]` or `[v6]:port` taken apart; nothing when it is not one of these. Port 0: none given.
struct HostAndPort {
  std::string_view host;
  std::uint16_t port = 0;
};
std::optional<HostAndPort> parse_authority(std::string_view text);

/// Appends `Name: value\r\n` for each field that is not about the connection itself (framing, keep-alive):
/// those are the sender's own.
void append_fields(std::string& out, const Headers& headers);
void append_field(std::string& out, std::string_view name, std::string_view value);

std::string_view reason_phrase(int status);

/// The `Date` field's value (IMF-fixdate) for this second.
std::string_view date_now();

/// The digits of a Content-Length; nothing when it is not a number.
std::optional<std::uint64_t> parse_length(std::string_view text);

/// Whether a comma-separated field value contains `token`.
bool has_token(std::string_view list, std::string_view token);

}  // namespace sortie::http
