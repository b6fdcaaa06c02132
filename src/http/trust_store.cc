#include <unistd.h>

#include <array>

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

}  // namespace sortie::http
