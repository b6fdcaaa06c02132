#include "wire/sigv4_canonical.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "wire/checksum.h"
#include "wire/uri.h"

namespace sortie::wire {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

void append_squeezed(std::string& out, std::string_view value) {
  bool pending_space = false;
  bool started = false;
  for (const char c : value) {
    if (is_space(c)) {
      pending_space = started;
    } else {
      if (pending_space) out += ' ';
      pending_space = false;
      started = true;
      out += c;
    }
  }
}

/// RFC 3986, 5.2.4, empty segments left out too; a slash at the end stays.
std::string without_dot_segments(std::string_view path) {
  const bool plain =
      path.starts_with('/') && path.find("//") == std::string_view::npos && path.find("/.") == std::string_view::npos;
  if (plain) return std::string(path);
  std::vector<std::string_view> kept;
  bool ends_in_slash = true;
  std::string_view rest = path;
  while (!rest.empty()) {
    if (rest.front() == '/') {
      rest.remove_prefix(1);
      ends_in_slash = true;
      continue;
    }
    const auto segment = rest.substr(0, std::min(rest.find('/'), rest.size()));
    rest.remove_prefix(segment.size());
    ends_in_slash = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!ends_in_slash) kept.push_back(segment);
  }
  std::string out;
  for (const auto segment : kept) {
    out += '/';
    out += segment;
  }
  if (ends_in_slash || out.empty()) out += '/';
  return out;
}

}  // namespace

std::string canonical_path(std::string_view path, PathRules rules) {
  const std::string normal = rules.normalize ? without_dot_segments(path) : std::string(path.empty() ? "/" : path);
  return uri_encode(rules.double_encode ? normal : uri_decode_lenient(normal), Slash::keep);
}

std::string canonical_query(std::string_view query, std::string_view without) {
  if (query.empty()) return {};
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const auto item = query.substr(0, std::min(query.find('&'), query.size()));
    query.remove_prefix(std::min(item.size() + 1, query.size()));
    if (item.empty()) continue;
    const auto equals = std::min(item.find('='), item.size());
    const auto name = item.substr(0, equals);
    if (!without.empty() && sigv4_detail::name_is(name, without)) continue;
    const auto value = equals == item.size() ? std::string_view() : item.substr(equals + 1);
    // Encoded once, however the client wrote it: that is what was signed.
    parameters.emplace_back(uri_encode(uri_decode_lenient(name, Plus::is_space)),
                            uri_encode(uri_decode_lenient(value, Plus::is_space)));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

namespace sigv4_detail {

bool name_is(std::string_view name, std::string_view lower_case_name) {
  if (name.size() != lower_case_name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (ascii_lower(name[i]) != lower_case_name[i]) return false;
  }
  return true;
}

void append_canonical_headers(std::string& out, std::span<const SignedHeader> headers) {
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (i > 0 && headers[i].name == headers[i - 1].name) {
      out.back() = ',';
    } else {
      out += headers[i].name;
      out += ':';
    }
    append_squeezed(out, headers[i].value);
    out += '\n';
  }
}

std::string join_names(std::span<const SignedHeader> headers) {
  std::string out;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (i > 0 && headers[i].name == headers[i - 1].name) continue;
    if (i > 0) out += ';';
    out += headers[i].name;
  }
  return out;
}

std::string canonical_request(const RequestParts& request, PathRules rules, std::string_view canonical_query,
                              std::span<const SignedHeader> headers, std::string_view signed_names,
                              std::string_view payload_hash) {
  std::string out;
  out.reserve(1024);
  out += request.method;
  out += '\n';
  out += canonical_path(request.path, rules);
  out += '\n';
  out += canonical_query;
  out += '\n';
  append_canonical_headers(out, headers);
  out += '\n';
  out += signed_names;
  out += '\n';
  out += payload_hash;
  return out;
}

std::string string_to_sign(std::string_view amz_date, const Scope& scope, std::string_view canonical_request) {
  std::string out;
  out.reserve(160);
  out += k_algorithm;
  out += '\n';
  out += amz_date;
  out += '\n';
  out += scope.to_string();
  out += '\n';
  out += sha256_hex(canonical_request);
  return out;
}

}  // namespace sigv4_detail

}  // namespace sortie::wire
