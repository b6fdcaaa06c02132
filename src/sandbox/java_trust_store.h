#pragma once

#include <string>
#include <string_view>

namespace sortie::sandbox {

/// Whether this machine has Java where distributions put it, so that programs may ask for its trust store.
bool has_java();

/// The certificates of a PEM bundle as a trust store that every JDK reads: Java's own JKS format, with the password
/// that JDKs use (`changeit`). What is no certificate is left out.
std::string java_trust_store(std::string_view pem_bundle);

/// Where Debian's JDKs look for it.
inline constexpr const char* k_java_trust_store = "/etc/ssl/certs/java/cacerts";

}  // namespace sortie::sandbox
