#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sortie::http {

/// Lets OpenSSL read no openssl.cnf of the host's: a program that is one static file needs none of it, and it costs a
/// millisecond. Before anything else of this library, once.
void ignore_openssl_configuration();

/// A PEM certificate (chain) and its private key.
struct Certificate {
  std::string chain_pem;
  std::string key_pem;
};

/// A private certificate authority (EC P-256) that signs certificates for names as they are asked for. It is made
/// for the embedded AWS: a sandbox trusts `ca_pem()`, and TLS to any AWS host name is answered with a
/// certificate made for that name. io_context thread only.
class CertificateAuthority {
 public:
  static Result<std::unique_ptr<CertificateAuthority>> create();
  /// Takes up a kept authority again.
  static Result<std::unique_ptr<CertificateAuthority>> load(const Certificate& authority);
  ~CertificateAuthority();

  [[nodiscard]] const Certificate& certificate() const;
  [[nodiscard]] const std::string& ca_pem() const { return certificate().chain_pem; }

  struct Impl;
  explicit CertificateAuthority(std::unique_ptr<Impl> impl);
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace sortie::http
