#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/error.h"

namespace sortie::emulator::lambda {

/// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
struct UnzipLimits {
  std::uint64_t total_bytes = 262'144'000;  ///< of all files together
  std::size_t entries = 100'000;
};

/// Error::code of a package whose content is too large.
inline constexpr std::string_view k_unzipped_too_large = "UnzippedTooLarge";

/// Unpacks a deployment package into `folder`, an existing empty one. Blocking.
///
/// The package is not trusted. Refused (ErrorKind::protocol): whatever is no zip or is damaged, encrypted entries,
/// absolute names, names with `..`, an entry below a link. Symbolic links are kept as they are, as Lambda does: they
/// are followed in the sandbox alone, where what they lead to is its own. Nothing is ever written through one.
/// Permission bits are kept where the package has them (made on Unix), otherwise files are 0644 and folders 0755;
/// folders stay writable for their owner so that they can be removed again. Of two entries with one name the last wins.
/// Gives the size of all files. ErrorKind::internal when the disk fails.
Result<std::uint64_t> unzip(std::string_view zip, const std::filesystem::path& folder, const UnzipLimits& limits = {});

}  // namespace sortie::emulator::lambda
