#pragma once

#include <string>

#include "emulator/s3/operation/operation.h"

namespace sortie::emulator::s3 {

/// Answers a visit to a bucket's website; failures are pages. `host_id`: what is said to be S3's extended request id.
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
http::Response visit_website(const Operation& operation, const std::string& host_id);

}  // namespace sortie::emulator::s3
