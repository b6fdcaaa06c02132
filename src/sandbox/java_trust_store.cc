#include "sandbox/java_trust_store.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <vector>

#include "base/base64.h"

namespace sortie::sandbox {
namespace {

constexpr std::uint32_t k_magic = 0xfeedfeed;
constexpr std::uint32_t k_version = 2;
constexpr std::uint32_t k_trusted_certificate = 2;
constexpr std::string_view k_password = "changeit";
constexpr std::string_view k_whitener = "Mighty Aphrodite";  // the format's own constant
constexpr std::string_view k_begin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view k_end = "-----END CERTIFICATE-----";

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xff));
}

/// Java's modified UTF-8: for ASCII the length and the bytes.
void put_text(std::string& out, std::string_view text) {
  put(out, text.size(), 2);
  out += text;
}

std::vector<std::string> certificates_of(std::string_view pem) {
  std::vector<std::string> found;
  for (std::size_t at = 0; (at = pem.find(k_begin, at)) != std::string_view::npos;) {
    at += k_begin.size();
    const std::size_t end = pem.find(k_end, at);
    if (end == std::string_view::npos) break;
    std::string text;
    for (const char c : pem.substr(at, end - at)) {
      if (c > ' ') text.push_back(c);
    }
    if (auto der = base64_decode(text); der && !der->empty()) found.push_back(*std::move(der));
    at = end;
  }
  return found;
}

/// What a reader checks: SHA-1 of the password in UTF-16, the constant and the content.
std::string digest_of(std::string_view content) {
  std::string salted;
  for (const char c : k_password) {
    salted.push_back('\0');
    salted.push_back(c);
  }
  salted += k_whitener;
  salted += content;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(salted.data(), salted.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) return {};
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace

bool has_java() {
  return access("/usr/lib/jvm", F_OK) == 0 || access(k_java_trust_store, F_OK) == 0;
}

std::string java_trust_store(std::string_view pem_bundle) {
  const std::vector<std::string> certificates = certificates_of(pem_bundle);
  std::string store;
  put(store, k_magic, 4);
  put(store, k_version, 4);
  put(store, certificates.size(), 4);
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    put(store, k_trusted_certificate, 4);
    put_text(store, "certificate-" + std::to_string(i));
    put(store, 0, 8);  // the time of its making: the same bytes each time
    put_text(store, "X.509");
    put(store, certificates[i].size(), 4);
    store += certificates[i];
  }
  return store + digest_of(store);
}

}  // namespace sortie::sandbox
