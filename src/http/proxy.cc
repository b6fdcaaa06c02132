#include "http/proxy.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "base/number.h"
#include "http/client.h"
#include "http/head_text.h"

namespace sortie::http {

namespace {

using asio::ip::address;

std::optional<address> to_address(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  boost::system::error_code error;
  auto parsed = asio::ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  if (parsed.is_v6() && parsed.to_v6().is_v4_mapped()) {
    return address(asio::ip::make_address_v4(asio::ip::v4_mapped, parsed.to_v6()));
  }
  return parsed;
}

template <class Bytes>
bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) {
  for (std::size_t i = 0; i < a.size() && bits > 0; ++i) {
    const unsigned here = std::min(bits, 8U);
    const unsigned mask = (0xff00U >> here) & 0xffU;
    if (((a[i] ^ b[i]) & mask) != 0) return false;
    bits -= here;
  }
  return true;
}

bool in_block(const address& candidate, std::string_view block) {
  const auto slash = block.find('/');
  const auto base = to_address(block.substr(0, slash));
  if (!base || base->is_v4() != candidate.is_v4()) return false;
  const auto bits = parse_number_between<unsigned>(block.substr(slash + 1), 0, base->is_v4() ? 32 : 128);
  if (!bits) return false;
  return base->is_v4() ? same_prefix(base->to_v4().to_bytes(), candidate.to_v4().to_bytes(), *bits)
                       : same_prefix(base->to_v6().to_bytes(), candidate.to_v6().to_bytes(), *bits);
}

bool is_subdomain(std::string_view host, std::string_view dotted_suffix) {
  return host.size() > dotted_suffix.size() && iequals(host.substr(host.size() - dotted_suffix.size()), dotted_suffix);
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool matches(std::string_view entry, std::string_view host, const std::optional<address>& host_address,
             std::uint16_t port) {
  if (entry == "*") return true;
  if (entry.find('/') != std::string_view::npos) return host_address && in_block(*host_address, entry);
  if (const auto whole = to_address(entry)) return host_address == whole;
  const auto parts = parse_authority(entry);
  if (!parts || (parts->port != 0 && parts->port != port)) return false;
  entry = parts->host;
  if (const auto whole = to_address(entry)) return host_address == whole;
  if (host_address || entry.empty()) return false;
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) return is_subdomain(host, entry);
  return iequals(host, entry) || is_subdomain(host, "." + std::string(entry));
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      out.push_back(static_cast<char>(value));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string basic_authorization(std::string_view user_info) {
  const auto colon = user_info.find(':');
  std::string plain = percent_decoded(user_info.substr(0, colon)) + ":";
  if (colon != std::string_view::npos) plain += percent_decoded(user_info.substr(colon + 1));
  std::string encoded((plain.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                      reinterpret_cast<const unsigned char*>(plain.data()), static_cast<int>(plain.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return "Basic " + encoded;
}

}  // namespace

Result<Proxy> parse_proxy(std::string_view url) {
  constexpr std::uint16_t default_port = 80;
  const auto scheme_end = url.find("://");
  if (scheme_end != std::string_view::npos) {
    const auto scheme = url.substr(0, scheme_end);
    if (!iequals(scheme, "http")) {
      return fail(ErrorKind::config, "proxies of scheme " + std::string(scheme) + " are not supported",
                  "give the proxy as http://host:port");
    }
    url.remove_prefix(scheme_end + 3);
  }
  url = url.substr(0, url.find('/'));
  Proxy proxy;
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    proxy.authorization = basic_authorization(url.substr(0, at));
    url.remove_prefix(at + 1);
  }
  const auto parts = parse_authority(url);
  if (!parts || parts->host.empty()) {
    return fail(ErrorKind::config, "the proxy's address is malformed: " + std::string(url),
                "give the proxy as http://host:port");
  }
  proxy.host = parts->host;
  if (proxy.host.starts_with('[')) proxy.host = proxy.host.substr(1, proxy.host.size() - 2);
  proxy.port = parts->port != 0 ? parts->port : default_port;
  return proxy;
}

bool is_loopback(std::string_view host) {
  if (iequals(host, "localhost") || is_subdomain(host, ".localhost")) return true;
  const auto parsed = to_address(host);
  return parsed && parsed->is_loopback();
}

bool bypasses_proxy(std::string_view no_proxy, std::string_view host, std::uint16_t port) {
  if (is_loopback(host)) return true;
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto host_address = to_address(host);
  while (!no_proxy.empty()) {
    const auto comma = no_proxy.find(',');
    const auto entry = trimmed(no_proxy.substr(0, comma));
    if (!entry.empty() && matches(entry, host, host_address, port)) return true;
    if (comma == std::string_view::npos) break;
    no_proxy.remove_prefix(comma + 1);
  }
  return false;
}

ProxySettings proxy_settings_from(const std::map<std::string, std::string>& environment) {
  const auto first_of = [&](const char* lower, const char* upper) -> std::string {
    for (const char* name : {lower, upper}) {
      const auto found = environment.find(name);
      if (found != environment.end() && !found->second.empty()) return found->second;
    }
    return {};
  };
  // In a CGI, HTTP_PROXY is what the client sent as its Proxy field (CVE-2016-5385).
  const char* upper_http = environment.contains("REQUEST_METHOD") ? "http_proxy" : "HTTP_PROXY";
  return {.http_proxy = first_of("http_proxy", upper_http),
          .https_proxy = first_of("https_proxy", "HTTPS_PROXY"),
          .no_proxy = first_of("no_proxy", "NO_PROXY")};
}

}  // namespace sortie::http
