#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/task.h"
#include "emulator/s3/protocol/request.h"
#include "wire/xml.h"

/// The documents that requests bring as their bodies.
namespace sortie::emulator::s3 {

inline constexpr std::size_t k_max_document = 2 * 1024 * 1024;

/// The whole body, compared with the digests that came with it. MaxMessageLengthExceeded past `limit` bytes,
/// IncompleteBody for one that is cut.
Task<AwsResult<std::string>> read_body(Request& request, std::size_t limit);
/// InvalidRequest without Content-MD5 or a checksum, for operations that insist on one; `headers` is what S3 then says
/// is missing.
AwsResult<void> check_digest_sent(const Request& request, std::string_view headers);
/// The document of a body, whose root element must be `root`; MalformedXML otherwise.
AwsResult<wire::XmlDocument> parse_document(std::string_view body, std::string_view root);

}  // namespace sortie::emulator::s3
