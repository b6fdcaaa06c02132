#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

/// Percent-encoding as AWS does it (RFC 3986 unreserved characters stay), queries, URLs.
namespace sortie::wire {

enum class Slash : std::uint8_t { encode, keep };

/// Everything but `A-Z a-z 0-9 - . _ ~` becomes %XX in upper case; slashes as asked.
std::string uri_encode(std::string_view bytes, Slash slash = Slash::encode);
void append_uri_encoded(std::string& out, std::string_view bytes, Slash slash = Slash::encode);

enum class Plus : std::uint8_t { is_plus, is_space };

/// The bytes behind the text. A `%` that is not followed by two hexadecimal digits: nothing.
std::optional<std::string> uri_decode(std::string_view text, Plus plus = Plus::is_plus);
/// The same, a broken `%` stands for itself.
std::string uri_decode_lenient(std::string_view text, Plus plus = Plus::is_plus);

using QueryParameter = std::pair<std::string, std::string>;

/// Decoded parameters of `a=b&c&d=`, in order; `+` is a space; a name without `=` has an empty value. Also reads
/// `application/x-www-form-urlencoded` bodies. More than `max_parameters`, or a broken escape: ErrorKind::protocol.
Result<std::vector<QueryParameter>> parse_query(std::string_view query, std::size_t max_parameters = 10'000);
/// `a=b&c=`, encoded, in the order given.
std::string build_query(const std::vector<QueryParameter>& parameters);
/// The first value of that name, or nothing. Names compare with case.
std::optional<std::string_view> find_parameter(const std::vector<QueryParameter>& parameters, std::string_view name);

/// `http(s)://host[:port][/path][?query]`; no user, no fragment.
struct Url {
  std::string scheme;      ///< http or https
  std::string host;        ///< IPv6 addresses in brackets, lower case
  std::uint16_t port = 0;  ///< 0: the scheme's default
  std::string path = "/";  ///< as written, encoded
  std::string query;
};
/// ErrorKind::config for anything else.
Result<Url> parse_url(std::string_view text);
std::string to_string(const Url& url);

}  // namespace sortie::wire
