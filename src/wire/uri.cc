#include "wire/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/number.h"

namespace sortie::wire {

namespace {

constexpr auto k_unreserved = [] {
  std::array<bool, 256> set{};
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")) {
    set[static_cast<unsigned char>(c)] = true;
  }
  return set;
}();

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// False when a broken escape was met; it is copied as it stands.
bool decode_into(std::string& out, std::string_view text, Plus plus) {
  bool whole = true;
  out.reserve(out.size() + text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        whole = false;
        out += '%';
      } else {
        out += char(high * 16 + low);
        i += 2;
      }
    }
  }
  return whole;
}

Result<std::uint16_t> parse_port(std::string_view text, std::string_view url) {
  const auto port = parse_number<std::uint16_t>(text);
  if (!port || *port == 0) return fail(ErrorKind::config, fmt::format("no valid port in URL '{}'", url));
  return *port;
}

bool is_host_character(char c) {
  return k_unreserved[static_cast<unsigned char>(c)] || c == '[' || c == ']' || c == ':' || c == '%';
}

}  // namespace

void append_uri_encoded(std::string& out, std::string_view bytes, Slash slash) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (k_unreserved[byte] || (c == '/' && slash == Slash::keep)) {
      out += c;
    } else {
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
}

std::string uri_encode(std::string_view bytes, Slash slash) {
  std::string out;
  out.reserve(bytes.size() + 16);
  append_uri_encoded(out, bytes, slash);
  return out;
}

std::optional<std::string> uri_decode(std::string_view text, Plus plus) {
  std::string out;
  if (!decode_into(out, text, plus)) return std::nullopt;
  return out;
}

std::string uri_decode_lenient(std::string_view text, Plus plus) {
  std::string out;
  decode_into(out, text, plus);
  return out;
}

Result<std::vector<QueryParameter>> parse_query(std::string_view query, std::size_t max_parameters) {
  std::vector<QueryParameter> parameters;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto item = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (item.empty()) continue;
    if (parameters.size() == max_parameters) return fail(ErrorKind::protocol, "too many query parameters");
    const auto equals = std::min(item.find('='), item.size());
    auto name = uri_decode(item.substr(0, equals), Plus::is_space);
    auto value = uri_decode(equals == item.size() ? "" : item.substr(equals + 1), Plus::is_space);
    if (!name || !value) return fail(ErrorKind::protocol, "broken percent-encoding in the query");
    parameters.emplace_back(*std::move(name), *std::move(value));
  }
  return parameters;
}

std::string build_query(const std::vector<QueryParameter>& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    append_uri_encoded(out, name);
    out += '=';
    append_uri_encoded(out, value);
  }
  return out;
}

std::optional<std::string_view> find_parameter(const std::vector<QueryParameter>& parameters, std::string_view name) {
  for (const auto& [known, value] : parameters) {
    if (known == name) return value;
  }
  return std::nullopt;
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return fail(ErrorKind::config, fmt::format("not a URL: '{}'", text));
  url.scheme = ascii_lower(text.substr(0, scheme_end));
  if (url.scheme != "http" && url.scheme != "https") {
    return fail(ErrorKind::config, fmt::format("URL '{}' is neither http nor https", text));
  }
  auto rest = text.substr(scheme_end + 3);
  const auto authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  auto authority = rest.substr(0, authority_end);
  rest.remove_prefix(authority_end);
  if (rest.find('#') != std::string_view::npos || authority.find('@') != std::string_view::npos) {
    return fail(ErrorKind::config, fmt::format("URL '{}' has a fragment or a user name", text));
  }
  const auto port_colon = authority.starts_with('[')
                              ? authority.find(':', std::min(authority.find(']'), authority.size()))
                              : authority.find(':');
  if (port_colon != std::string_view::npos) {
    ASSIGN_OR_RETURN(url.port, parse_port(authority.substr(port_colon + 1), text));
    authority = authority.substr(0, port_colon);
  }
  if (authority.empty() || !std::all_of(authority.begin(), authority.end(), is_host_character)) {
    return fail(ErrorKind::config, fmt::format("no valid host in URL '{}'", text));
  }
  url.host = ascii_lower(authority);
  const auto question = rest.find('?');
  if (question != std::string_view::npos) url.query = rest.substr(question + 1);
  url.path = rest.substr(0, question);
  if (url.path.empty()) url.path = "/";
  // Control characters and spaces would end up in a request line.
  const auto unsafe = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; };
  if (std::any_of(url.path.begin(), url.path.end(), unsafe) ||
      std::any_of(url.query.begin(), url.query.end(), unsafe)) {
    return fail(ErrorKind::config, fmt::format("URL '{}' has characters that must be encoded", text));
  }
  return url;
}

std::string to_string(const Url& url) {
  std::string out = url.scheme + "://" + url.host;
  if (url.port != 0) out += fmt::format(":{}", url.port);
  out += url.path;
  if (!url.query.empty()) out += "?" + url.query;
  return out;
}

}  // namespace sortie::wire
