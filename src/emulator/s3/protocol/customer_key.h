#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "emulator/core/call.h"
#include "wire/aes_ctr.h"

/// Server-side encryption with keys that come with the requests (SSE-C).
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
namespace sortie::emulator::s3 {

inline constexpr std::string_view k_customer_algorithm = "x-amz-server-side-encryption-customer-algorithm";

/// What is kept of a key: random bytes, and an HMAC of them by which the same key is known again.
struct Seal {
  std::string salt;
  std::string proof;
};

/// A key of AES-256 as a request brought it. It is never stored.
class CustomerKey {
 public:
  /// `key` has 32 bytes.
  explicit CustomerKey(std::string key) : key_(std::move(key)) {}

  /// In base64, as it is answered.
  [[nodiscard]] std::string md5() const;
  /// A seal with a salt of its own.
  [[nodiscard]] Seal make_seal() const;
  [[nodiscard]] bool opens(const Seal& seal) const;
  /// The cipher of the one content under `seal`, from its byte `offset` on. Its key is derived from this one and the
  /// salt, so that no two contents share a stream.
  [[nodiscard]] wire::AesCtr cipher(const Seal& seal, std::uint64_t offset) const;

 private:
  std::string key_;
};

/// Which headers: the request's own, or those of CopyObject's and UploadPartCopy's source.
enum class KeyHeaders : std::uint8_t { own, copy_source };

/// Whether any header of a customer key is there.
bool names_customer_key(const http::Headers& headers, KeyHeaders which = KeyHeaders::own);

/// The key for what is to be written; nothing when the headers are not there. InvalidArgument or
/// InvalidEncryptionAlgorithmError for what AWS does not take.
AwsResult<std::optional<CustomerKey>> read_customer_key(const http::Headers& headers);

/// The key for reading what is under `seal`, or is not encrypted. InvalidRequest without the key that is needed or with
/// one that is not; AccessDenied with another one.
AwsResult<std::optional<CustomerKey>> key_for_reading(const http::Headers& headers, const std::optional<Seal>& seal,
                                                      KeyHeaders which = KeyHeaders::own);

/// The key for a part of an upload that was begun with the key of `seal`, or without one.
AwsResult<std::optional<CustomerKey>> key_for_part(const http::Headers& headers, const std::optional<Seal>& seal);

/// Adds the headers that say how the object is encrypted.
void add_encryption(http::Response& response, const std::optional<CustomerKey>& key);

}  // namespace sortie::emulator::s3
