#pragma once

#include <vector>

#include "emulator/s3/customer_key.h"

namespace sortie::emulator::s3 {

/// Bytes that one cipher is for.
struct SealedStretch {
  wire::AesCtr cipher;
  std::uint64_t size = 0;
};

/// `sealed`, whose bytes are the stretches one after the other, decrypted in the reader's buffer as it is read.
http::Body unsealed(http::Body sealed, std::vector<SealedStretch> stretches);

}  // namespace sortie::emulator::s3
