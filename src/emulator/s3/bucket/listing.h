#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "emulator/s3/operation/operation.h"
#include "wire/xml.h"

/// What the listings of a bucket have in common: prefixes, delimiters, encodings and markers.
namespace sortie::emulator::s3 {

inline constexpr std::size_t k_max_page = 1000;

/// Keys as they are written: plain, or percent-encoded where the caller asked for it.
class KeyText {
 public:
  explicit KeyText(bool encoded) : encoded_(encoded) {}
  std::string operator()(std::string_view key) const;
  [[nodiscard]] bool encoded() const { return encoded_; }

 private:
  bool encoded_;
};

/// `encoding-type`.
AwsResult<KeyText> read_encoding(const Request& request);
/// The common prefix a key falls under; empty when it stands for itself.
std::string_view common_prefix(std::string_view key, std::string_view prefix, std::string_view delimiter);
/// The first key behind all that start with `prefix`.
ListStart behind(std::string_view prefix);
/// A listing goes on behind `marker`; a marker that is a common prefix stands for all keys under it.
ListStart start_of(const std::string& prefix, const std::string& delimiter, const std::string& marker);

/// What a listing of objects or of versions asks for.
struct ListQuery {
  std::string prefix;
  std::string delimiter;
  std::string marker;
  std::size_t limit = k_max_page;
};

/// A line of a listing.
struct Entry {
  std::string prefix;  ///< a common prefix, or
  Object object;       ///< an object
  [[nodiscard]] const std::string& name() const { return prefix.empty() ? object.key : prefix; }
};

struct Listing {
  std::vector<Entry> entries;
  bool truncated = false;
};

/// The condition keys of a listing: `s3:prefix`, `s3:delimiter`, `s3:max-keys`.
ContextKeys list_context(const Request& request);

void write_checksum(wire::XmlWriter& xml, const std::optional<ObjectChecksum>& checksum);
void write_owner(wire::XmlWriter& xml, std::string_view owner);
void write_prefixes(wire::XmlWriter& xml, const KeyText& text, const std::vector<std::string>& prefixes);

}  // namespace sortie::emulator::s3
