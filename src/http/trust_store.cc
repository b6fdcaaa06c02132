#include "http/trust_store.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "http/client.h"

namespace sortie::http {

namespace {

/// Debian and Alpine, Fedora, openSUSE, the BSDs, in the order of their spread.
constexpr std::array k_known_places = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
};

bool is_readable(const std::string& path) {
  return !path.empty() && ::access(path.c_str(), R_OK) == 0;
}

/// `<hash of the subject>.0`, as `c_rehash` and the distributions name them.
bool is_hash_link(const std::string& name) {
  return name.size() == 10 && name.ends_with(".0") && name.find_first_not_of("0123456789abcdef") == 8;
}

}  // namespace

std::string find_trust_store(const std::map<std::string, std::string>& environment) {
  for (const char* name : {"SSL_CERT_FILE", "AWS_CA_BUNDLE"}) {
    const auto found = environment.find(name);
    if (found != environment.end() && is_readable(found->second)) return found->second;
  }
  for (const char* place : k_known_places) {
    if (is_readable(place)) return place;
  }
  return {};
}

TrustStore default_trust_store() {
  std::map<std::string, std::string> environment;
  for (const char* name : {"SSL_CERT_FILE", "AWS_CA_BUNDLE"}) {
    if (const char* value = std::getenv(name)) environment.emplace(name, value);
  }
  TrustStore store{.file = find_trust_store(environment)};
  if (std::ranges::find(k_known_places, store.file) == k_known_places.end()) return store;
  const auto folder = std::filesystem::path(store.file).parent_path();
  std::error_code unreadable;
  for (std::filesystem::directory_iterator entry(folder, unreadable), end; !unreadable && entry != end;
       entry.increment(unreadable)) {
    if (is_hash_link(entry->path().filename().string())) {
      store.hashed_folder = folder.string();
      break;
    }
  }
  return store;
}

}  // namespace sortie::http
