#pragma once

#include <string_view>

namespace sortie::emulator::iam {

/// What an AWS service's own role looks like.
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
struct ServiceRole {
  std::string_view service;  ///< `batch.amazonaws.com`
  std::string_view role;     ///< `AWSServiceRoleForBatch`
  std::string_view policy;   ///< attached, below `policy/aws-service-role/`
  bool takes_suffix = false;
  std::string_view description;
};

/// Null for a service whose role is not known here.
const ServiceRole* find_service_role(std::string_view service);

}  // namespace sortie::emulator::iam
