#include "sandbox/trust_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace sortie::sandbox {
namespace {

constexpr off_t k_max_copied_file = 16 << 20;

/// Where distributions and libraries look for the trust store; in a sandbox with a file system of its own the first is
/// the file, the others point to it.
constexpr const char* k_trust_stores[] = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch; Go looks here first
    "/etc/ssl/cert.pem",                                  // OpenSSL's default, Alpine
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/etc/ssl/certs/ca-bundle.crt",                       // older Fedora
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, Amazon Linux
    "/etc/pki/tls/cert.pem",                              // the same, OpenSSL's default there
    "/etc/pki/tls/cacert.pem",                            // OpenELEC
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, Amazon Linux
};

}  // namespace

std::span<const char* const> trust_store_paths() {
  return k_trust_stores;
}

std::string read_host_file(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file || fstat(file.get(), &status) != 0 || status.st_size > k_max_copied_file) return {};
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t size = read(file.get(), text.data(), text.size());
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

std::string trust_bundle(const std::string& extra_pem) {
  std::string bundle;
  for (const char* path : k_trust_stores) {
    if (bundle = read_host_file(path); !bundle.empty()) break;
  }
  if (!bundle.empty() && bundle.back() != '\n') bundle += '\n';
  return bundle + extra_pem;
}

}  // namespace sortie::sandbox
