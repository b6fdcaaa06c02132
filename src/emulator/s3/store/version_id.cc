#include "emulator/s3/store/version_id.h"

#include <algorithm>

#include "emulator/core/random.h"
#include "wire/checksum.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_salt = 13;
constexpr std::size_t k_sequence = 8;
constexpr std::size_t k_check = 3;
constexpr std::size_t k_characters = (k_salt + k_sequence + k_check) / 3 * 4;

std::string bytes_of(std::int64_t number) {
  std::string bytes(k_sequence, '\0');
  auto rest = static_cast<std::uint64_t>(number);
  for (auto at = bytes.rbegin(); at != bytes.rend(); ++at, rest >>= 8) *at = static_cast<char>(rest & 0xff);
  return bytes;
}

/// Hides the sequence, or shows it again. Nothing here is a secret: ids only have to differ and to be known again.
std::string masked(std::string bytes, std::string_view salt) {
  const std::string mask = wire::hmac_sha256("version", salt);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ mask[i]);
  return bytes;
}

std::string check_of(std::string_view salt, std::string_view sequence) {
  return wire::hmac_sha256(salt, sequence).substr(0, k_check);
}

}  // namespace

std::string make_version_id(std::int64_t sequence) {
  const std::string salt = random_bytes(k_salt);
  const std::string plain = bytes_of(sequence);
  std::string id = wire::base64_encode(salt + masked(plain, salt) + check_of(salt, plain));
  std::ranges::replace(id, '+', '.');
  std::ranges::replace(id, '/', '_');
  return id;
}

std::optional<std::int64_t> sequence_of(std::string_view version_id) {
  if (version_id.size() != k_characters || version_id.find_first_of("+/=") != std::string_view::npos) {
    return std::nullopt;
  }
  std::string text(version_id);
  std::ranges::replace(text, '.', '+');
  std::ranges::replace(text, '_', '/');
  const auto bytes = wire::base64_decode(text);
  if (!bytes || bytes->size() != k_salt + k_sequence + k_check) return std::nullopt;
  const std::string_view salt = std::string_view(*bytes).substr(0, k_salt);
  const std::string plain = masked(bytes->substr(k_salt, k_sequence), salt);
  if (check_of(salt, plain) != bytes->substr(k_salt + k_sequence)) return std::nullopt;
  std::uint64_t sequence = 0;
  for (const char byte : plain) sequence = sequence << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(sequence);
}

std::string make_upload_id(std::int64_t sequence, std::string_view key) {
  return make_version_id(sequence) + "." + make_version_id(sequence) + wire::sha256_hex(key);
}

std::optional<std::int64_t> sequence_of_upload(std::string_view upload_id, std::string_view key) {
  if (!upload_id.ends_with(wire::sha256_hex(key))) return std::nullopt;
  return sequence_of(upload_id.substr(0, k_characters));
}

}  // namespace sortie::emulator::s3
