#pragma once

#include <vector>

#include "emulator/s3/protocol/customer_key.h"

namespace sortie::emulator::s3 {

/// Bytes that one cipher is for.
struct EncryptedStretch {
  wire::AesCtr cipher;
  std::uint64_t size = 0;
};

/// `sealed`, whose bytes are the stretches one after the other, decrypted in the reader's buffer as it is read.
http::Body decrypting_body(http::Body sealed, std::vector<EncryptedStretch> stretches);

}  // namespace sortie::emulator::s3
