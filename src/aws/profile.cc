#include "aws/profile.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace sortie::aws {

namespace {

constexpr std::size_t k_max_file_bytes = 1024 * 1024;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// A comment inside a value starts at `#` or `;` behind white space.
std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    if ((value[i] == '#' || value[i] == ';') && is_space(value[i - 1])) return trim(value.substr(0, i));
  }
  return trim(value);
}

/// `[profile "a b"]` and `[ sso-session x ]`: inner white space squeezed, quotes removed.
std::string section_name(std::string_view text) {
  std::string out;
  for (const char c : trim(text)) {
    if (c == '"' || c == '\'') continue;
    const char normal = is_space(c) ? ' ' : c;
    if (normal == ' ' && out.ends_with(' ')) continue;
    out += normal;
  }
  return out;
}

std::string get_or(const Environment& environment, const std::string& name, const std::string& fallback = {}) {
  const auto found = environment.find(name);
  return found == environment.end() || found->second.empty() ? fallback : found->second;
}

std::string expand_home(const Environment& environment, std::string path) {
  if (path.starts_with("~/")) return get_or(environment, "HOME") + path.substr(1);
  return path;
}

/// A missing file is empty.
Result<ProfileFile> load(const Environment& environment, const char* variable, const char* default_path) {
  const auto path = expand_home(environment, get_or(environment, variable, default_path));
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return ProfileFile{};
  if (std::filesystem::file_size(path, error) > k_max_file_bytes || error) {
    return fail(ErrorKind::config, fmt::format("{} is too large", path));
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorKind::config, fmt::format("cannot read {}", path));
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  auto file = parse_profile_file(text);
  if (!file) return std::unexpected(wrap(std::move(file).error(), path));
  return file;
}

void merge(std::map<std::string, std::string>& into, const std::map<std::string, std::string>& from) {
  for (const auto& [name, value] : from) into[name] = value;
}

}  // namespace

Result<ProfileFile> parse_profile_file(std::string_view text) {
  ProfileFile file;
  std::map<std::string, std::string>* section = nullptr;
  std::string parent;  // of nested settings
  for (int number = 1; !text.empty(); ++number) {
    const auto line = text.substr(0, std::min(text.find('\n'), text.size()));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto content = trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (content.front() == '[') {
      const auto end = content.find(']');
      if (end == std::string_view::npos)
        return fail(ErrorKind::config, fmt::format("line {}: '[' without ']'", number));
      section = &file[section_name(content.substr(1, end - 1))];
      parent.clear();
      continue;
    }
    const auto equals = content.find('=');
    if (section == nullptr || equals == std::string_view::npos || equals == 0) {
      return fail(ErrorKind::config, fmt::format("line {}: expected a section or 'name = value'", number));
    }
    const auto name = std::string(trim(content.substr(0, equals)));
    const auto value = std::string(without_comment(content.substr(equals + 1)));
    if (is_space(line.front()) && !parent.empty()) {
      (*section)[parent + "." + name] = value;
    } else {
      parent = value.empty() ? name : "";
      (*section)[name] = value;
    }
  }
  return file;
}

std::string Profiles::get(const std::string& profile, const std::string& setting) const {
  const auto found = profiles.find(profile);
  if (found == profiles.end()) return {};
  const auto value = found->second.find(setting);
  return value == found->second.end() ? std::string() : value->second;
}

Result<Profiles> load_profiles(const Environment& environment) {
  ASSIGN_OR_RETURN(const auto config, load(environment, "AWS_CONFIG_FILE", "~/.aws/config"));
  ASSIGN_OR_RETURN(const auto credentials, load(environment, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"));
  Profiles out;
  for (const auto& [section, settings] : config) {
    // In the config file only the default profile goes without the word `profile`.
    if (section == "default") merge(out.profiles["default"], settings);
    if (section.starts_with("profile ")) merge(out.profiles[section.substr(8)], settings);
    if (section.starts_with("sso-session ")) merge(out.sso_sessions[section.substr(12)], settings);
  }
  for (const auto& [section, settings] : credentials) merge(out.profiles[section], settings);
  return out;
}

std::string profile_name(const Environment& environment, const std::string& asked) {
  if (!asked.empty()) return asked;
  return get_or(environment, "AWS_PROFILE", get_or(environment, "AWS_DEFAULT_PROFILE", "default"));
}

Result<std::string> resolve_region(const Environment& environment, const std::string& profile) {
  auto region = get_or(environment, "AWS_REGION", get_or(environment, "AWS_DEFAULT_REGION"));
  if (!region.empty()) return region;
  ASSIGN_OR_RETURN(const auto profiles, load_profiles(environment));
  region = profiles.get(profile_name(environment, profile), "region");
  if (!region.empty()) return region;
  return fail(ErrorKind::config, "no region", "give --region, set AWS_REGION, or set `region` in the profile");
}

std::optional<std::string> resolve_endpoint_url(const Environment& environment, const std::string& service,
                                                const std::string& profile) {
  if (get_or(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true") return std::nullopt;
  std::string upper = service;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? char(c - 32) : c == ' ' || c == '-' ? '_' : c;
  auto url = get_or(environment, "AWS_ENDPOINT_URL_" + upper, get_or(environment, "AWS_ENDPOINT_URL"));
  if (url.empty()) {
    const auto profiles = load_profiles(environment);
    if (profiles) url = profiles->get(profile_name(environment, profile), "endpoint_url");
  }
  if (url.empty()) return std::nullopt;
  return url;
}

}  // namespace sortie::aws
