#pragma once

#include <string>

#include "emulator/iam/directory.h"
#include "emulator/iam/policy.h"

/// Principals of this account in trust and resource policies: written as ARNs, kept as unique ids. A name can be given
/// to another entity later, an id cannot.
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
namespace sortie::emulator::iam {

/// `document` with the ARNs of users and roles that exist replaced by their ids; the same text when it names none, or
/// is no JSON.
std::string with_principal_ids(const Directory& directory, const std::string& document);
/// The inverse. Ids of entities that are gone stay.
std::string with_principal_names(const Directory& directory, const std::string& document);
/// 400 MalformedPolicyDocument when the policy names a user or role of this account, or an id, that does not exist.
AwsResult<void> check_principals(const Directory& directory, const Policy& policy);

}  // namespace sortie::emulator::iam
