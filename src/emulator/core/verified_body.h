#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "emulator/core/call.h"
#include "http/message.h"
#include "wire/chunked_signing.h"

/// Bodies that check themselves while they are read. The last bytes are handed out only after the check: a reader that
/// stops at the announced length has them checked too.
namespace sortie::emulator {

/// Compares the bytes with a sha256 (64 hexadecimal digits). A mismatch is ErrorKind::protocol,
/// `XAmzContentSHA256Mismatch`; fewer bytes than announced are `IncompleteBody`.
http::Body hashed_body(http::Body inner, std::string expected_sha256);

/// Decodes aws-chunked and checks chunk signatures, length and trailers. `trailers` is filled at the end.
http::Body chunked_body(http::Body inner, wire::ChunkedDecoderOptions options, std::shared_ptr<Trailers> trailers);

}  // namespace sortie::emulator
