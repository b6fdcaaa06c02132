#include "http/tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <list>
#include <unordered_map>
#include <vector>

#include "base/ascii.h"
#include "http/tls_contexts.h"
#include "http/transport.h"

namespace sortie::http {

void ignore_openssl_configuration() {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
}

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using NamePtr = std::unique_ptr<X509_NAME, Freed<X509_NAME_free>>;

constexpr long k_day = 24L * 60 * 60;
constexpr long k_leaf_lifetime = 365 * k_day;
constexpr long k_authority_lifetime = 3650 * k_day;
/// Clocks of sandboxes and containers run behind now and then.
constexpr long k_backdated = k_day;
constexpr std::size_t k_cached_leaves = 256;
constexpr std::size_t k_longest_name = 253;  // RFC 1035
constexpr std::size_t k_longest_common_name = 64;
constexpr auto k_renew_after = std::chrono::hours(24 * 180);

std::unexpected<Error> openssl_failure(const std::string& what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  ERR_clear_error();
  return fail(ErrorKind::internal, what + ": " + text.data());
}

Result<Key> make_key() {
  Key key(EVP_EC_gen("P-256"));
  if (!key) return openssl_failure("make a P-256 key");
  return key;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_random_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7fU) | 0x40U);  // positive and of constant length
  BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
  const bool set = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

bool add_name(X509_NAME* name, const char* field, std::string_view value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

/// An unsigned version 3 certificate: names, key and validity.
X509Ptr draft(EVP_PKEY* key, std::string_view common_name, const X509_NAME* issuer, long lifetime) {
  X509Ptr certificate(X509_new());
  NamePtr subject(X509_NAME_new());
  if (!certificate || !subject) return nullptr;
  if (!add_name(subject.get(), "O", "Sortie embedded AWS")) return nullptr;
  if (common_name.size() <= k_longest_common_name && !add_name(subject.get(), "CN", common_name)) return nullptr;
  const bool drafted = X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                       set_random_serial(certificate.get()) &&
                       X509_set_subject_name(certificate.get(), subject.get()) == 1 &&
                       X509_set_issuer_name(certificate.get(), issuer != nullptr ? issuer : subject.get()) == 1 &&
                       X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -k_backdated) != nullptr &&
                       X509_gmtime_adj(X509_getm_notAfter(certificate.get()), lifetime) != nullptr &&
                       X509_set_pubkey(certificate.get(), key) == 1;
  return drafted ? std::move(certificate) : nullptr;
}

X509Ptr make_authority_certificate(EVP_PKEY* key) {
  auto certificate = draft(key, "Sortie embedded AWS CA", nullptr, k_authority_lifetime);
  X509* raw = certificate.get();
  const bool signed_ = raw != nullptr && add_extension(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                       add_extension(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                       add_extension(raw, raw, NID_subject_key_identifier, "hash") &&
                       add_extension(raw, raw, NID_authority_key_identifier, "keyid:always") &&
                       X509_sign(raw, key, EVP_sha256()) > 0;
  return signed_ ? std::move(certificate) : nullptr;
}

/// What may stand in a subject alternative name that comes from a client: nothing with a meaning for
/// OpenSSL's extension syntax.
bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() <= k_longest_name && std::ranges::all_of(name, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

std::string to_pem(X509* certificate) {
  BioPtr memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_X509(memory.get(), certificate) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string to_pem(EVP_PKEY* key) {
  BioPtr memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

BioPtr bio_over(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

constexpr std::string_view k_protocols("\x08http/1.1", 9);
/// A client's wish: the quickest first, as browsers and Go have it.
constexpr const char* k_suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

int choose_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned int in_size, void* /*unused*/) {
  unsigned char* chosen = nullptr;
  const auto* ours = reinterpret_cast<const unsigned char*>(k_protocols.data());
  if (SSL_select_next_proto(&chosen, out_size, ours, k_protocols.size(), in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// Where a client did not name the server, it may have dialled the address it reached.
std::string local_address(SSL* ssl) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto* transport = static_cast<Transport*>(BIO_get_data(SSL_get_rbio(ssl)));
  if (getsockname(const_cast<Transport*>(transport)->socket().native_handle(), reinterpret_cast<sockaddr*>(&address),
                  &size) != 0) {
    return {};
  }
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in&>(address).sin_addr, text.data(), text.size());
  } else if (address.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<sockaddr_in6&>(address).sin6_addr, text.data(), text.size());
  }
  return text.data();
}

}  // namespace

struct CertificateAuthority::Impl {
  struct Leaf {
    X509Ptr certificate;
    std::chrono::steady_clock::time_point made;
    std::list<std::string>::iterator age;
  };

  Result<void> prepare();
  X509* leaf_for(const std::string& name);
  X509Ptr make_leaf(const std::string& name) const;
  static int choose_certificate(SSL* ssl, void* self);

  Certificate pem;
  Key key;
  X509Ptr certificate;
  Key leaf_key;  // one for all leaves: they differ in their names alone
  std::unordered_map<std::string, Leaf> leaves;
  std::list<std::string> ages;  // the longest unused first
  SslContext context;
};

Result<void> CertificateAuthority::Impl::prepare() {
  ASSIGN_OR_RETURN(leaf_key, make_key());
  context.reset(SSL_CTX_new(TLS_server_method()));
  if (!context) return openssl_failure("make a TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  SSL_CTX_set_cert_cb(context.get(), choose_certificate, this);
  const auto* id = reinterpret_cast<const unsigned char*>("sortie");
  SSL_CTX_set_session_id_context(context.get(), id, 6);
  return {};
}

/// `name` is a host name or an address. Known names are answered from the cache.
X509* CertificateAuthority::Impl::leaf_for(const std::string& name) {
  const auto now = std::chrono::steady_clock::now();
  if (const auto found = leaves.find(name); found != leaves.end()) {
    if (now - found->second.made < k_renew_after) {
      ages.splice(ages.end(), ages, found->second.age);
      return found->second.certificate.get();
    }
    ages.erase(found->second.age);
    leaves.erase(found);
  }
  auto made = make_leaf(name);
  if (!made) return nullptr;
  if (leaves.size() >= k_cached_leaves) {
    leaves.erase(ages.front());
    ages.pop_front();
  }
  X509* raw = made.get();
  leaves.emplace(name, Leaf{std::move(made), now, ages.insert(ages.end(), name)});
  return raw;
}

X509Ptr CertificateAuthority::Impl::make_leaf(const std::string& name) const {
  std::string names = (is_address(name) ? "IP:" : "DNS:") + name;
  if (name == "localhost" || is_address(name)) names += ",DNS:localhost,IP:127.0.0.1,IP:::1";
  auto leaf = draft(leaf_key.get(), name, X509_get_subject_name(certificate.get()), k_leaf_lifetime);
  X509* raw = leaf.get();
  const bool signed_ = raw != nullptr &&
                       add_extension(raw, certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                       add_extension(raw, certificate.get(), NID_key_usage, "critical,digitalSignature") &&
                       add_extension(raw, certificate.get(), NID_ext_key_usage, "serverAuth") &&
                       add_extension(raw, certificate.get(), NID_subject_alt_name, names.c_str()) &&
                       add_extension(raw, certificate.get(), NID_subject_key_identifier, "hash") &&
                       add_extension(raw, certificate.get(), NID_authority_key_identifier, "keyid:always") &&
                       X509_sign(raw, key.get(), EVP_sha256()) > 0;
  return signed_ ? std::move(leaf) : nullptr;
}

int CertificateAuthority::Impl::choose_certificate(SSL* ssl, void* self) {
  auto& authority = *static_cast<Impl*>(self);
  const char* asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  std::string name = ascii_lower(asked != nullptr ? std::string(asked) : local_address(ssl));
  if (name.ends_with('.')) name.pop_back();
  if (!is_host_name(name) && !is_address(name)) name = "localhost";
  X509* leaf = authority.leaf_for(name);
  if (leaf == nullptr) return 0;
  return SSL_use_certificate(ssl, leaf) == 1 && SSL_use_PrivateKey(ssl, authority.leaf_key.get()) == 1 ? 1 : 0;
}

CertificateAuthority::CertificateAuthority(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CertificateAuthority::~CertificateAuthority() = default;

const Certificate& CertificateAuthority::certificate() const {
  return impl_->pem;
}

Result<std::unique_ptr<CertificateAuthority>> CertificateAuthority::create() {
  auto impl = std::make_unique<Impl>();
  ASSIGN_OR_RETURN(impl->key, make_key());
  impl->certificate = make_authority_certificate(impl->key.get());
  if (!impl->certificate) return openssl_failure("sign the certificate authority");
  impl->pem = {to_pem(impl->certificate.get()), to_pem(impl->key.get())};
  RETURN_IF_ERROR(impl->prepare());
  return std::make_unique<CertificateAuthority>(std::move(impl));
}

Result<std::unique_ptr<CertificateAuthority>> CertificateAuthority::load(const Certificate& authority) {
  auto impl = std::make_unique<Impl>();
  impl->pem = authority;
  impl->certificate.reset(PEM_read_bio_X509(bio_over(authority.chain_pem).get(), nullptr, nullptr, nullptr));
  impl->key.reset(PEM_read_bio_PrivateKey(bio_over(authority.key_pem).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!impl->certificate) return fail(ErrorKind::config, "the certificate authority's certificate is not valid PEM");
  if (!impl->key) return fail(ErrorKind::config, "the certificate authority's key is not valid PEM");
  if (X509_check_private_key(impl->certificate.get(), impl->key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::config, "the certificate authority's key does not belong to its certificate");
  }
  if (X509_cmp_current_time(X509_get0_notAfter(impl->certificate.get())) <= 0) {
    return fail(ErrorKind::config, "the certificate authority has expired");
  }
  RETURN_IF_ERROR(impl->prepare());
  return std::make_unique<CertificateAuthority>(std::move(impl));
}

SSL_CTX* server_context(CertificateAuthority& authority) {
  return authority.impl().context.get();
}

Result<SslContext> make_client_context(const ClientTrust& trust) {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  if (!context) return openssl_failure("make a TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_ciphersuites(context.get(), k_suites);
  SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(k_protocols.data()),
                          k_protocols.size());
  SSL_CTX_set_verify(context.get(), trust.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!trust.verify) return context;
  if (!trust.ca_file.empty() && SSL_CTX_load_verify_file(context.get(), trust.ca_file.c_str()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::config, "no certificates could be read from " + trust.ca_file);
  }
  if (!trust.hashed_folder.empty()) SSL_CTX_load_verify_dir(context.get(), trust.hashed_folder.c_str());
  const BioPtr extra = bio_over(trust.extra_ca_pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context.get());
  while (X509Ptr trusted{PEM_read_bio_X509(extra.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(store, trusted.get());
  }
  ERR_clear_error();
  return context;
}

}  // namespace sortie::http
