#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "http/tls.h"

namespace sortie::http {

struct SslContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextFree>;

/// The context of connections that answer with certificates of `authority`. Owned by the authority; a connection
/// that was begun with it keeps what it needs.
SSL_CTX* server_context(CertificateAuthority& authority);

/// A client's context: TLS 1.2 and up. `ca_file` (PEM), the certificates in `hashed_folder` and `extra_ca_pem` are what
/// it trusts; each may be empty.
struct ClientTrust {
  std::string ca_file;
  std::string hashed_folder;
  std::string extra_ca_pem;
  bool verify = true;
};
Result<SslContext> make_client_context(const ClientTrust& trust);

}  // namespace sortie::http
