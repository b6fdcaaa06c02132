#include <fmt/format.h>

#include "aws/client.h"
#include "aws/s3.h"
#include "base/ascii.h"
#include "s3cli/config.h"
#include "wire/uri.h"

/// What a host's name says: whose store it is, its region, and where requests go.
namespace sortie::s3cli {

namespace {

constexpr std::string_view k_aws_suffix = "amazonaws.com";

/// Takes both ends off when they are there and do not overlap.
std::optional<std::string_view> between(std::string_view text, std::string_view front, std::string_view back) {
  if (text.size() < front.size() + back.size() || !text.starts_with(front) || !text.ends_with(back)) return {};
  return text.substr(front.size(), text.size() - front.size() - back.size());
}

/// What is behind `s3.` or `s3-` and in front of `amazonaws.com`: `eu-west-1.`, empty for the global host.
std::optional<std::string_view> aws_middle(std::string_view host) {
  if (host.ends_with(".cn")) host.remove_suffix(3);
  for (const auto* front : {"s3.", "s3-"}) {
    const auto middle = between(host, front, k_aws_suffix);
    if (middle && (middle->empty() || middle->ends_with('.'))) return middle;
  }
  return std::nullopt;
}

/// `REGION` of `oss-REGION.aliyuncs.com` and `oss-REGION-internal.aliyuncs.com`.
std::optional<std::string_view> alibaba_region(std::string_view host) {
  auto region = between(host, "oss-", ".aliyuncs.com");
  if (region && region->ends_with("-internal")) region->remove_suffix(9);
  const auto is_fitting = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (!region || region->empty() || !std::ranges::all_of(*region, is_fitting)) return std::nullopt;
  return region;
}

/// `eu-west-1`, `us-gov-west-1`; not `external-1`, `dualstack`, `fips`.
bool is_region(std::string_view label) {
  return label.find('-') == 2 && label.back() >= '0' && label.back() <= '9';
}

/// The host of AWS: the one given, but where it is the global one, the region's own, which takes every bucket of it.
std::string aws_host(const Config& config) {
  const auto host = ascii_lower(config.host);
  const bool is_global = host == "s3.amazonaws.com" && config.region != "us-east-1";
  if (!host.empty() && !is_global) return host;
  return aws::service_host({.name = "S3", .endpoint_name = "s3", .signing_name = "s3"}, config.region);
}

}  // namespace

Provider provider_of(std::string_view given) {
  const auto host = ascii_lower(given);
  if (host.empty() || aws_middle(host)) return Provider::aws;
  if (alibaba_region(host)) return Provider::alibaba;
  return host == "storage.googleapis.com" ? Provider::google : Provider::other;
}

std::string region_of_host(Provider provider, std::string_view given) {
  const auto host = ascii_lower(given);
  if (provider == Provider::alibaba) return std::string(alibaba_region(host).value_or(""));
  if (provider != Provider::aws || host.empty()) return {};
  auto middle = aws_middle(host).value_or("");
  if (middle.ends_with('.')) middle.remove_suffix(1);
  const auto label = middle.substr(middle.rfind('.') + 1);
  return !label.empty() && is_region(label) ? std::string(label) : std::string();
}

Result<void> complete_host(Config& config) {
  std::string host = ascii_lower(config.host);
  if (host.empty()) return {};
  for (const auto& [scheme, is_tls] : {std::pair("https://", true), std::pair("http://", false)}) {
    if (!host.starts_with(scheme)) continue;
    host.erase(0, std::string_view(scheme).size());
    if (host.ends_with('/')) host.pop_back();
    config.use_ssl = is_tls;
    break;
  }
  const auto url = wire::parse_url(fmt::format("https://{}", host));
  if (!url || url->path != "/" || !url->query.empty() || host.find_first_of("/?#@ ") != std::string::npos) {
    return fail(ErrorKind::config,
                fmt::format("Invalid host: {}. It is a name, with or without http:// and a port", config.host));
  }
  if (url->port != 0 && config.port != 0 && url->port != config.port) {
    return fail(ErrorKind::config, fmt::format("host names port {}, and port is {}", url->port, config.port));
  }
  if (url->port != 0) config.port = url->port;
  config.host = url->host;
  return {};
}

Endpoint endpoint_of(const Config& config, const std::optional<std::string>& environment_url) {
  if (config.host.empty() && environment_url) return {*environment_url, config.host_style};
  Endpoint out;
  const bool is_default = config.port == 0 || config.port == (config.use_ssl ? 443 : 80);
  out.url = fmt::format("{}://{}", config.use_ssl ? "https" : "http",
                        config.provider == Provider::aws ? aws_host(config) : config.host);
  if (!is_default) out.url += fmt::format(":{}", config.port);
  // A name with dots has no certificate in front of AWS's host.
  out.bucket_in_host = config.host_style || (config.provider == Provider::aws && aws::is_host_label(config.bucket));
  return out;
}

}  // namespace sortie::s3cli
