#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "emulator/core/call.h"
#include "emulator/iam/pattern.h"
#include "emulator/iam/policy.h"

/// The evaluation logic of IAM, without storage: pure functions over parsed policies.
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
namespace sortie::emulator::iam {

/// One request, ready to be compared with statements.
struct AccessRequest {
  const Principal& principal;
  std::string_view action;  ///< as written in the answer: `s3:GetObject`
  std::string_view resource;
  std::string_view resource_account;
  const Context& context;
};

/// Everything that has a say. Pointers may be null: then there is no such policy.
struct ApplicablePolicies {
  std::span<const PolicyPtr> identity;
  const Policy* boundary = nullptr;
  std::span<const PolicyPtr> session;  ///< empty: the session was not narrowed
  const Policy* resource = nullptr;
  /// A trust policy: it must allow in every case, and what it says to the account's root must be matched by identity.
  bool resource_is_trust = false;
};

enum class Verdict : std::uint8_t {
  allowed,
  denied_by_identity,  ///< explicit denies, by the kind of policy that has them
  denied_by_boundary,
  denied_by_session,
  denied_by_resource,
  not_allowed_by_identity,  ///< nothing allows it, by the kind of policy that would have to
  not_allowed_by_boundary,
  not_allowed_by_session,
  not_allowed_by_resource,
};

/// Decides. Root is allowed everything in its account except what resource policies deny; a service and an anonymous
/// caller have resource policies alone.
Verdict decide(const AccessRequest& request, const ApplicablePolicies& policies);

/// AWS's sentence for a refusal. S3 quotes the resource.
std::string denial_sentence(const AccessRequest& request, Verdict verdict);

/// How closely a resource policy's allow names the caller: what it names exactly is not narrowed by boundaries.
enum class Grant : std::uint8_t {
  none,
  account,  ///< the account: only hands the decision to the identity's policies
  role,     ///< the role, or everyone: boundary and session policies still narrow it
  direct,   ///< the user, the session, the service itself
};

/// What one policy says: `denied`, or how it allows. For identity policies `allowed` is Grant::direct.
struct PolicyAnswer {
  bool denied = false;
  Grant allowed = Grant::none;
};
PolicyAnswer ask(const Policy& policy, const AccessRequest& request);

}  // namespace sortie::emulator::iam
