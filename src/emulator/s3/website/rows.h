#pragma once

#include <span>

#include "emulator/s3/operation/operation.h"

namespace sortie::emulator::s3 {

/// GetBucketWebsite, PutBucketWebsite, DeleteBucketWebsite.
std::span<const Row> website_operations();

}  // namespace sortie::emulator::s3
