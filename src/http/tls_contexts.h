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

/// A client's context: TLS 1.2 and up. `ca_file` (PEM) and `extra_ca_pem` are what it trusts.
Result<SslContext> make_client_context(const std::string& ca_file, const std::string& extra_ca_pem, bool verify);

}  // namespace sortie::http
