#include "emulator/s3/protocol/customer_key.h"

#include <fmt/format.h>

#include "emulator/core/random.h"
#include "emulator/s3/protocol/errors.h"
#include "wire/checksum.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_key_bytes = 32;
constexpr std::size_t k_salt_bytes = 32;
constexpr std::string_view k_algorithm = "AES256";
constexpr std::string_view k_encryption = "x-amz-server-side-encryption";

/// The three headers as they were sent.
struct Sent {
  std::optional<std::string_view> algorithm;
  std::optional<std::string_view> key;
  std::optional<std::string_view> md5;

  [[nodiscard]] bool any() const { return algorithm || key || md5; }
};

Sent sent(const http::Headers& headers, KeyHeaders which) {
  const std::string_view prefix = which == KeyHeaders::own ? "x-amz-server-side-encryption-customer-"
                                                           : "x-amz-copy-source-server-side-encryption-customer-";
  const auto get = [&](std::string_view name) { return headers.get(fmt::format("{}{}", prefix, name)); };
  return {get("algorithm"), get("key"), get("key-MD5")};
}

/// AWS names the header of the other kinds of encryption, whichever header is wrong.
Failure refused(std::string message, std::string_view value = {}, std::string code = "InvalidArgument") {
  return s3_fail(400, std::move(code), std::move(message),
                 {{"ArgumentName", std::string(k_encryption)}, {"ArgumentValue", std::string(value)}});
}

AwsResult<CustomerKey> read_key(const Sent& sent) {
  if (sent.algorithm.value_or("").empty()) {
    return refused(
        "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption "
        "algorithm.");
  }
  if (sent.key.value_or("").empty()) {
    return refused(
        "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret "
        "key.");
  }
  if (*sent.algorithm != k_algorithm) {
    return refused("The Encryption request you specified is not valid. Supported value: AES256.", *sent.algorithm,
                   "InvalidEncryptionAlgorithmError");
  }
  auto key = wire::base64_decode(*sent.key);
  if (!key || key->size() != k_key_bytes || sent.md5.value_or("").empty()) {
    return refused("The secret key was invalid for the specified algorithm.");
  }
  CustomerKey customer_key(*std::move(key));
  if (customer_key.md5() != *sent.md5) {
    return refused("The calculated MD5 hash of the key did not match the hash that was provided.");
  }
  return customer_key;
}

/// Whether the key is the seal's, be its other headers as they may.
bool key_opens(const Sent& sent, const Seal& seal) {
  auto key = wire::base64_decode(sent.key.value_or(""));
  return key && key->size() == k_key_bytes && CustomerKey(*std::move(key)).opens(seal);
}

/// One use of the key each, so that nothing kept for one tells of the other.
std::string derive(std::string_view key, std::string_view use, const Seal& seal) {
  return wire::hmac_sha256(key, fmt::format("sortie s3 {}/{}", use, seal.salt));
}

}  // namespace

std::string CustomerKey::md5() const {
  return wire::base64_encode(wire::checksum(wire::ChecksumAlgorithm::md5, key_));
}

Seal CustomerKey::make_seal() const {
  Seal seal{random_bytes(k_salt_bytes), {}};
  seal.proof = derive(key_, "proof", seal);
  return seal;
}

bool CustomerKey::opens(const Seal& seal) const {
  return wire::equal_in_constant_time(derive(key_, "proof", seal), seal.proof);
}

wire::AesCtr CustomerKey::cipher(const Seal& seal, std::uint64_t offset) const {
  return {derive(key_, "content", seal), offset};
}

bool names_customer_key(const http::Headers& headers, KeyHeaders which) {
  return sent(headers, which).any();
}

AwsResult<std::optional<CustomerKey>> read_customer_key(const http::Headers& headers) {
  const Sent key = sent(headers, KeyHeaders::own);
  if (!key.any()) return std::nullopt;
  if (const auto other = headers.get(k_encryption)) {
    return refused(
        "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
        *other);
  }
  return read_key(key);
}

AwsResult<std::optional<CustomerKey>> key_for_reading(const http::Headers& headers, const std::optional<Seal>& seal,
                                                      KeyHeaders which) {
  const Sent key = sent(headers, which);
  if (!seal) {
    if (key.any()) return invalid_request("The encryption parameters are not applicable to this object.");
    return std::nullopt;
  }
  if (!key.key || !key.md5) {
    return invalid_request(
        "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to "
        "retrieve the object.");
  }
  if (!key_opens(key, *seal)) {
    return s3_fail(403, "AccessDenied",
                   "Requests specifying Server Side Encryption with Customer provided keys must provide the correct "
                   "secret key.");
  }
  return read_key(key);
}

AwsResult<std::optional<CustomerKey>> key_for_part(const http::Headers& headers, const std::optional<Seal>& seal) {
  const Sent key = sent(headers, KeyHeaders::own);
  if (key.any() != seal.has_value()) {
    return invalid_request(
        "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate "
        "encryption parameters.");
  }
  if (!seal) return std::nullopt;
  ASSIGN_OR_RETURN(auto valid, read_key(key));
  if (!valid.opens(*seal)) {
    return invalid_request("The provided encryption parameters did not match the ones used originally.");
  }
  return std::move(valid);
}

void add_encryption(http::Response& response, const std::optional<CustomerKey>& key) {
  if (!key) {
    response.headers.add(std::string(k_encryption), std::string(k_algorithm));
    return;
  }
  response.headers.add(std::string(k_customer_algorithm), std::string(k_algorithm));
  response.headers.add("x-amz-server-side-encryption-customer-key-MD5", key->md5());
}

}  // namespace sortie::emulator::s3
