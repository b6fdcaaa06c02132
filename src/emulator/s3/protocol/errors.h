#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "emulator/core/call.h"

/// The errors that several S3 operations answer, in AWS's words (S3 API reference, "Error responses").
namespace sortie::emulator::s3 {

using Failure = std::unexpected<AwsError>;

/// Empty values of `fields` are left out.
Failure s3_fail(int status, std::string code, std::string message,
                std::initializer_list<std::pair<std::string, std::string>> fields = {});

Failure no_such_bucket(std::string_view bucket);
Failure no_such_key(std::string_view key);
Failure no_such_version(std::string_view key, std::string_view version);
Failure no_such_upload(std::string_view upload);
/// Both fields are there, even with an empty value.
Failure invalid_argument(std::string_view name, std::string_view value, std::string message);
Failure invalid_request(std::string message);
Failure malformed_xml();
Failure precondition_failed(std::string_view condition);
Failure access_denied();
Failure acls_not_supported();
Failure method_not_allowed(std::string_view method, std::string_view resource_type);
/// A header whose meaning the embedded AWS does not have; AWS's words for the same.
Failure header_not_implemented(std::string_view header);

}  // namespace sortie::emulator::s3
