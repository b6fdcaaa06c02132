#pragma once

#include <span>

#include "emulator/s3/operation/operation.h"

/// The operations on buckets.
namespace sortie::emulator::s3 {

std::span<const Row> bucket_policy_operations();
std::span<const Row> public_access_block_operations();
std::span<const Row> versioning_operations();
std::span<const Row> bucket_tagging_operations();
std::span<const Row> bucket_acl_operations();
std::span<const Row> notification_operations();
std::span<const Row> document_operations();
std::span<const Row> configuration_operations();
std::span<const Row> listing_operations();
std::span<const Row> version_listing_operations();
std::span<const Row> upload_listing_operations();
std::span<const Row> unsupported_bucket_operations();
std::span<const Row> bucket_operations();

}  // namespace sortie::emulator::s3
