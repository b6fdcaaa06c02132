#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace sortie::wire {

/// AES-256 in counter mode (NIST SP 800-38A, 6.5) from any byte of the stream on; encrypting and decrypting are the
/// same. The counter begins at zero: a key must never serve two streams. Nothing tells a wrong key or changed bytes.
class AesCtr {
 public:
  /// `key` has 32 bytes; the first byte given to `apply` is the stream's byte `offset`. Throws when OpenSSL has no
  /// AES.
  AesCtr(std::string_view key, std::uint64_t offset);
  AesCtr(AesCtr&&) noexcept;
  AesCtr& operator=(AesCtr&&) noexcept;
  ~AesCtr();

  /// Encrypts or decrypts in place, and goes on behind these bytes.
  void apply(std::span<char> bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sortie::wire
