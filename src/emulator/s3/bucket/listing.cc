#include "emulator/s3/bucket/listing.h"

#include <fmt/format.h>

#include "wire/uri.h"

namespace sortie::emulator::s3 {

std::string KeyText::operator()(std::string_view key) const {
  return encoded_ ? wire::uri_encode(key, wire::Slash::keep) : std::string(key);
}

AwsResult<KeyText> read_encoding(const Request& request) {
  const auto type = request.parameter("encoding-type");
  if (!type) return KeyText(false);
  if (*type != "url") return invalid_argument("encoding-type", *type, "Invalid Encoding Method specified in Request");
  return KeyText(true);
}

std::string_view common_prefix(std::string_view key, std::string_view prefix, std::string_view delimiter) {
  if (delimiter.empty() || !key.starts_with(prefix)) return {};
  const auto at = key.find(delimiter, prefix.size());
  return at == std::string_view::npos ? std::string_view() : key.substr(0, at + delimiter.size());
}

ListStart behind(std::string_view prefix) {
  std::string next(prefix);
  while (!next.empty() && static_cast<unsigned char>(next.back()) == 0xff) next.pop_back();
  if (!next.empty()) next.back() = static_cast<char>(static_cast<unsigned char>(next.back()) + 1);
  return {std::move(next), true};
}

ListStart start_of(const std::string& prefix, const std::string& delimiter, const std::string& marker) {
  if (!marker.empty() && common_prefix(marker, prefix, delimiter) == marker) return behind(marker);
  if (marker < prefix) return {prefix, true};
  return {marker, marker.empty()};
}

ContextKeys list_context(const Request& request) {
  ContextKeys context;
  for (const auto* name : {"prefix", "delimiter", "max-keys"}) {
    if (const auto value = request.parameter(name)) context.emplace_back(fmt::format("s3:{}", name), *value);
  }
  return context;
}

void write_checksum(wire::XmlWriter& xml, const std::optional<ObjectChecksum>& checksum) {
  if (!checksum) return;
  xml.element("ChecksumAlgorithm", wire::to_string(checksum->algorithm));
  xml.element("ChecksumType", checksum->composite ? "COMPOSITE" : "FULL_OBJECT");
}

void write_owner(wire::XmlWriter& xml, std::string_view owner) {
  xml.open("Owner").element("ID", owner).close();
}

void write_prefixes(wire::XmlWriter& xml, const KeyText& text, const std::vector<std::string>& prefixes) {
  for (const auto& prefix : prefixes) xml.open("CommonPrefixes").element("Prefix", text(prefix)).close();
}

}  // namespace sortie::emulator::s3
