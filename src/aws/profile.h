#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/credentials.h"
#include "base/error.h"

/// The shared `config` and `credentials` files (~/.aws).
namespace sortie::aws {

/// Section name to its settings. Nested settings (`s3 =` with indented lines) are keyed `s3.name`.
using ProfileFile = std::map<std::string, std::map<std::string, std::string>>;

/// Reads INI text as the AWS CLI does: `#` and `;` comments, whitespace before a comment sign inside a value,
/// indented nested settings, a later value wins. ErrorKind::config names the line.
Result<ProfileFile> parse_profile_file(std::string_view text);

/// The settings of all profiles: config and credentials merged, credentials win.
struct Profiles {
  std::map<std::string, std::map<std::string, std::string>> profiles;
  std::map<std::string, std::map<std::string, std::string>> sso_sessions;

  [[nodiscard]] bool contains(const std::string& profile) const { return profiles.contains(profile); }
  [[nodiscard]] std::string get(const std::string& profile, const std::string& setting) const;
};

/// AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/config and ~/.aws/credentials. A missing file is empty.
Result<Profiles> load_profiles(const Environment& environment);
/// `asked`, AWS_PROFILE, AWS_DEFAULT_PROFILE, `default`.
std::string profile_name(const Environment& environment, const std::string& asked);

}  // namespace sortie::aws
