#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/core/call.h"

namespace sortie::wire {
class XmlNode;
}

/// Object lock as values: what requests ask for, and what a lock forbids. "How S3 Object Lock works", S3 user guide.
namespace sortie::emulator::s3 {

enum class RetentionMode : std::uint8_t { governance, compliance };
std::string_view to_string(RetentionMode mode);
std::optional<RetentionMode> retention_mode_from(std::string_view name);

/// Until when a version cannot be removed.
struct Retention {
  RetentionMode mode = RetentionMode::governance;
  SystemTime until{};
  bool operator==(const Retention&) const = default;
};

/// Of one version of an object.
struct ObjectLock {
  std::optional<Retention> retention;
  std::string legal_hold;  ///< ON or OFF; empty when there never was one
  bool operator==(const ObjectLock&) const = default;

  [[nodiscard]] bool empty() const { return !retention && legal_hold.empty(); }
};

/// Whether the version must stay. `bypass`: the caller may pass over retention in governance mode, and wants to.
bool forbids_removal(const ObjectLock& lock, SystemTime now, bool bypass);
/// Whether its retention may not become `wanted` (nothing: none at all). Longer in the same mode is always possible.
bool forbids_retention(const ObjectLock& lock, const std::optional<Retention>& wanted, SystemTime now, bool bypass);

/// What the documents of object lock have to come with, in S3's words.
inline constexpr std::string_view k_lock_digests = "Content-MD5 OR x-amz-checksum-*";

/// What a bucket gives to versions that ask for nothing.
struct DefaultRetention {
  RetentionMode mode = RetentionMode::governance;
  int days = 0;
  [[nodiscard]] Retention from(SystemTime created) const;
};

/// The content to keep of an `<ObjectLockConfiguration>`.
AwsResult<std::string> read_lock_configuration(const wire::XmlNode& root);
/// Of a kept configuration; nothing when it has no rule.
std::optional<DefaultRetention> default_retention_of(const std::string& configuration);

/// `x-amz-object-lock-…`.
bool has_lock_headers(const http::Headers& headers);
/// The lock that an upload asks for. InvalidArgument: mode without date or the reverse, a date that is none or has
/// passed, unknown words.
AwsResult<ObjectLock> read_lock_headers(const http::Headers& headers, SystemTime now);
/// `<Retention>`; nothing when it is empty, which takes retention away. InvalidArgument for a date that has passed.
AwsResult<std::optional<Retention>> read_retention(std::string_view xml, SystemTime now);
std::string retention_document(const Retention& retention);
/// `<LegalHold>`: ON or OFF.
AwsResult<std::string> read_legal_hold(std::string_view xml);
std::string legal_hold_document(std::string_view status);

/// The condition keys `s3:object-lock-…` of a request for this lock.
std::vector<std::pair<std::string, std::string>> lock_context(const ObjectLock& lock, SystemTime now);

}  // namespace sortie::emulator::s3
