#pragma once

#include <string>

#include "emulator/core/call.h"
#include "wire/xml.h"

namespace sortie::emulator::s3 {

/// The content to keep of a LifecycleConfiguration: its rules, those without an id with one. MalformedXML against the
/// schema, InvalidArgument for days and dates that no rule can have ("Lifecycle configuration elements", S3 user
/// guide).
AwsResult<std::string> read_lifecycle(const wire::XmlNode& root);

}  // namespace sortie::emulator::s3
