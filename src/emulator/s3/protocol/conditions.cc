#include "emulator/s3/protocol/conditions.h"

#include <fmt/format.h>

#include "base/number.h"
#include "emulator/s3/protocol/errors.h"
#include "wire/date.h"

namespace sortie::emulator::s3 {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// True when `etag` is in the list; quotation marks may be missing.
bool names_etag(std::string_view list, std::string_view etag) {
  while (true) {
    const auto comma = list.find(',');
    std::string_view one = trimmed(list.substr(0, comma));
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one.size() >= 2 && one.front() == '"' && one.back() == '"') one = one.substr(1, one.size() - 2);
    if (one == "*" || one == etag) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

std::optional<SystemTime> date_of(const http::Headers& headers, std::string_view name) {
  const auto text = headers.get(name);
  if (!text) return std::nullopt;
  return wire::parse_timestamp(*text);
}

struct Names {
  std::string_view prefix;
  std::string_view match, unmodified, none_match, modified;
};

constexpr Names k_read{"", "If-Match", "If-Unmodified-Since", "If-None-Match", "If-Modified-Since"};
constexpr Names k_copy{"x-amz-copy-source-", "x-amz-copy-source-If-Match", "x-amz-copy-source-If-Unmodified-Since",
                       "x-amz-copy-source-If-None-Match", "x-amz-copy-source-If-Modified-Since"};

/// The name of the condition that stops the request; empty when none does.
std::string_view failing(const http::Headers& headers, const Names& names, const Validators& object, SystemTime now) {
  using std::chrono::floor;
  using std::chrono::seconds;
  const auto modified = floor<seconds>(object.modified);
  const auto match = headers.get(names.match);
  if (match && !names_etag(*match, object.etag)) return names.match;
  if (!match) {
    const auto date = date_of(headers, names.unmodified);
    if (date && modified > floor<seconds>(*date)) return names.unmodified;
  }
  const auto none_match = headers.get(names.none_match);
  if (none_match && names_etag(*none_match, object.etag)) return names.none_match;
  if (!none_match) {
    const auto date = date_of(headers, names.modified);
    // A date in the future means nothing.
    if (date && *date <= now && modified <= floor<seconds>(*date)) return names.modified;
  }
  return {};
}

}  // namespace

AwsResult<ReadVerdict> check_read(const http::Headers& headers, const Validators& object, SystemTime now) {
  const auto name = failing(headers, k_read, object, now);
  if (name.empty()) return ReadVerdict::proceed;
  if (name == k_read.match || name == k_read.unmodified) return precondition_failed(name);
  return ReadVerdict::not_modified;
}

AwsResult<void> check_copy_source(const http::Headers& headers, const Validators& source, SystemTime now) {
  const auto name = failing(headers, k_copy, source, now);
  if (!name.empty()) return precondition_failed(name);
  return {};
}

AwsResult<void> check_write(const http::Headers& headers, const std::optional<Validators>& current,
                            std::string_view key) {
  const auto none_match = headers.get("if-none-match");
  const auto match = headers.get("if-match");
  if (none_match) {
    if (trimmed(*none_match) != "*" || match) return header_not_implemented("If-None-Match");
    if (current) return precondition_failed("If-None-Match");
  }
  if (match) {
    if (!current) return no_such_key(key);
    if (!names_etag(*match, current->etag)) return precondition_failed("If-Match");
  }
  return {};
}

AwsResult<std::optional<ByteRange>> read_range(std::string_view header, std::uint64_t size) {
  auto unsatisfiable = [&] {
    return s3_fail(416, "InvalidRange", "The requested range is not satisfiable",
                   {{"RangeRequested", std::string(header)}, {"ActualObjectSize", fmt::to_string(size)}});
  };
  constexpr std::string_view k_unit = "bytes=";
  if (!header.starts_with(k_unit)) return std::nullopt;
  const std::string_view range = trimmed(header.substr(k_unit.size()));
  const auto dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto number = [](std::string_view text) -> std::optional<std::uint64_t> { return parse_number<std::uint64_t>(text); };
  const auto first = number(range.substr(0, dash));
  const auto last = number(range.substr(dash + 1));
  if (dash == 0) {
    if (!last) return std::nullopt;
    if (*last == 0 || size == 0) return unsatisfiable();
    const std::uint64_t count = std::min(*last, size);
    return ByteRange{size - count, count};
  }
  const bool open = dash + 1 == range.size();
  if (!first || (!open && !last) || (last && *last < *first)) return std::nullopt;
  if (*first >= size) return unsatisfiable();
  return ByteRange{*first, (open ? size - 1 : std::min(*last, size - 1)) - *first + 1};
}

}  // namespace sortie::emulator::s3
