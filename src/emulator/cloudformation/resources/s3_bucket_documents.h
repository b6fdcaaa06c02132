#pragma once

#include <string>

#include "emulator/cloudformation/resources/resource_type.h"
#include "emulator/core/call.h"

/// The properties of AWS::S3::Bucket that S3 takes as an XML document each. A nested property that is not known is a
/// reason to fail.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucket.html
namespace sortie::emulator::cloudformation {

/// CORSConfiguration
AwsResult<std::string> cors_document(const Properties& cors);
/// LifecycleConfiguration
AwsResult<std::string> lifecycle_document(const Properties& lifecycle);
/// NotificationConfiguration; queues, topics and event buses are passed on, for S3 to refuse by name.
AwsResult<std::string> notification_document(const Properties& notification);

/// WebsiteConfiguration
AwsResult<std::string> website_document(const Properties& website);

}  // namespace sortie::emulator::cloudformation
