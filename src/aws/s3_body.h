#pragma once

#include "aws/s3.h"

/// How S3 uploads carry their bytes and checksums. Private to aws/s3*.
namespace sortie::aws {

/// Sets body, payload hash and checksum of an upload: a checksum header for bytes in memory, an aws-chunked body with a
/// checksum trailer for streams.
void put_body(Operation& operation, UploadBody body, const S3Options& options);

}  // namespace sortie::aws
