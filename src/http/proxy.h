#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sortie::http {

struct Proxy {
  std::string host;  ///< no brackets
  std::uint16_t port = 0;
  std::string authorization;  ///< value of Proxy-Authorization; empty when the proxy's URL names no user
};

/// `[http://][user[:password]@]host[:port][/]`. ErrorKind::config for other schemes and for malformed ones; the message
/// never repeats the password.
Result<Proxy> parse_proxy(std::string_view url);

/// Whether a request to `host` (no brackets) goes past the proxy. Loopback always does: a proxy's loopback is another
/// one. `no_proxy` is a comma separated list: `*`; a name, which stands for its subdomains too; `.suffix`, subdomains
/// alone; an address; a CIDR block. Each may end in `:port`.
bool bypasses_proxy(std::string_view no_proxy, std::string_view host, std::uint16_t port);

bool is_loopback(std::string_view host);

}  // namespace sortie::http
