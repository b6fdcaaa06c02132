#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sortie::emulator::s3 {

/// The id of a version, 32 characters that look random as S3's do. It carries the sequence of the write that made it,
/// so that a listing can go on behind a version that is gone, and an id that was given out is told from one that never
/// was.
std::string make_version_id(std::int64_t sequence);

/// The sequence in an id that `make_version_id` made, nothing for any other text.
std::optional<std::int64_t> sequence_of(std::string_view version_id);

/// The same for uploads: 129 characters, which name the object's key as well.
std::string make_upload_id(std::int64_t sequence, std::string_view key);

/// The sequence of an upload of `key`, nothing for any other text.
std::optional<std::int64_t> sequence_of_upload(std::string_view upload_id, std::string_view key);

}  // namespace sortie::emulator::s3
