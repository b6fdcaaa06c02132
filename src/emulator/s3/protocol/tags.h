#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/core/call.h"

namespace sortie::wire {
class XmlNode;
}

/// Tags of buckets and objects, as requests bring them.
namespace sortie::emulator::s3 {

using Tags = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t k_max_object_tags = 10;
inline constexpr std::size_t k_max_bucket_tags = 50;

/// `x-amz-tagging: a=1&b=2`.
AwsResult<Tags> read_tag_header(std::string_view text);
/// `<Tagging><TagSet><Tag>…`; at most `limit` tags.
AwsResult<Tags> read_tag_document(std::string_view xml, std::size_t limit, bool of_bucket);
/// The `<Tag>` elements in `set`.
AwsResult<Tags> read_tags(const wire::XmlNode& set, std::size_t limit, bool of_bucket);
std::string tag_document(const Tags& tags);

}  // namespace sortie::emulator::s3
