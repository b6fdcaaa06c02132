#pragma once

#include <span>
#include <string_view>

#include "emulator/s3/operation/operation.h"

/// The operations on objects.
namespace sortie::emulator::s3 {

std::span<const Row> read_operations();
std::span<const Row> attribute_operations();
std::span<const Row> object_tagging_operations();
std::span<const Row> object_acl_operations();
std::span<const Row> lock_operations();
std::span<const Row> multipart_operations();
std::span<const Row> part_operations();
std::span<const Row> completion_operations();
std::span<const Row> copy_operations();
std::span<const Row> put_operations();
std::span<const Row> delete_operations();
std::span<const Row> form_upload_operations();
std::span<const Row> unsupported_object_operations();

/// The name of the IAM action, which is another one for a version that is named.
inline std::string_view version_action(const Request& request, std::string_view plain, std::string_view of_version) {
  return request.parameter("versionId") ? of_version : plain;
}

}  // namespace sortie::emulator::s3
