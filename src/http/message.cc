#include "http/message.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"

namespace sortie::http {

namespace {

constexpr std::size_t k_first_read = 16 * 1024;
constexpr std::size_t k_reserve_at_most = 64 * 1024 * 1024;

}  // namespace

bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  }
  return true;
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (iequals(key, name)) return value;
  }
  return std::nullopt;
}

std::string_view Headers::get_or(std::string_view name, std::string_view fallback) const {
  return get(name).value_or(fallback);
}

void Headers::set(std::string_view name, std::string value) {
  const auto same = [&](const Field& field) { return iequals(field.first, name); };
  const auto first = std::find_if(fields_.begin(), fields_.end(), same);
  if (first == fields_.end()) {
    fields_.emplace_back(std::string(name), std::move(value));
    return;
  }
  first->second = std::move(value);
  fields_.erase(std::remove_if(first + 1, fields_.end(), same), fields_.end());
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return iequals(field.first, name); });
}

std::optional<std::uint64_t> Body::length() const {
  return source_ ? source_->length() : bytes_.size();
}

Task<Result<std::size_t>> Body::read(std::span<char> buffer) {
  if (source_) co_return co_await source_->read(buffer);
  const std::size_t count = std::min(buffer.size(), bytes_.size() - offset_);
  std::memcpy(buffer.data(), bytes_.data() + offset_, count);
  offset_ += count;
  co_return count;
}

Task<Result<std::string>> Body::read_all(std::size_t limit) {
  const auto too_long = [&] {
    return fail(ErrorKind::protocol, "body is longer than " + std::to_string(limit) + " bytes");
  };
  if (!source_) {
    if (bytes_.size() - offset_ > limit) co_return too_long();
    co_return offset_ == 0 ? std::exchange(bytes_, {}) : bytes_.substr(std::exchange(offset_, bytes_.size()));
  }
  const auto known = source_->length();
  if (known && *known > limit) co_return too_long();
  std::string all;
  // One byte more than the length, so that the end is seen without growing; a length that was only
  // claimed does not reserve without bound.
  if (known) all.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*known, k_reserve_at_most)) + 1);
  std::size_t size = 0;
  for (;;) {
    if (size == all.size()) all.resize(std::max({size * 2, all.capacity(), k_first_read}));
    ASSIGN_OR_CO_RETURN(const std::size_t count, co_await source_->read(std::span(all).subspan(size)));
    if (count == 0) break;
    size += count;
    if (size > limit) co_return too_long();
  }
  all.resize(size);
  co_return all;
}

std::string authority(const Request& request) {
  const std::uint16_t default_port = request.scheme == "http" ? 80 : 443;
  if (request.port == 0 || request.port == default_port) return request.host;
  return request.host + ":" + std::to_string(request.port);
}

}  // namespace sortie::http
