#pragma once

#include "emulator/core/call.h"
#include "wire/xml.h"

/// The configurations of which a bucket has many, by id: metrics, analytics, inventories, intelligent tiering. Each
/// check tells whether a document is as AWS wants it: MalformedXML against the schema, and what else S3 refuses.
namespace sortie::emulator::s3 {

AwsResult<void> check_metrics(const wire::XmlNode& root);
AwsResult<void> check_analytics(const wire::XmlNode& root);
AwsResult<void> check_inventory(const wire::XmlNode& root);
AwsResult<void> check_tiering(const wire::XmlNode& root);

}  // namespace sortie::emulator::s3
