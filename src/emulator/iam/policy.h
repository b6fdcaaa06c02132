#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"
#include "emulator/iam/condition.h"
#include "emulator/iam/pattern.h"

namespace sortie::emulator::iam {

enum class Effect : std::uint8_t { allow, deny };

/// What a `Principal` or `NotPrincipal` element names.
struct PrincipalSet {
  bool everyone = false;             ///< `*`, or `{"AWS": "*"}`
  std::vector<std::string> aws;      ///< ARNs; an account id stands as its root's ARN; unique ids as they are
  std::vector<std::string> service;  ///< `lambda.amazonaws.com`
  std::vector<std::string> federated;
  std::vector<std::string> canonical_user;
};

/// One statement, compiled. Actions are compared in lower case.
struct Statement {
  std::string sid;
  Effect effect = Effect::deny;
  std::optional<PrincipalSet> principal;
  bool not_principal = false;
  std::vector<Pattern> actions;
  bool not_action = false;
  std::vector<Pattern> resources;  ///< empty in trust policies
  bool not_resource = false;
  std::vector<Condition> conditions;
};

/// A policy document, parsed once and shared. Immutable.
struct Policy {
  std::string version;
  std::string id;
  std::vector<Statement> statements;
};

using PolicyPtr = std::shared_ptr<const Policy>;

/// What a document is attached to decides what it may contain.
enum class PolicyKind : std::uint8_t {
  identity,  ///< user, role, group, managed, boundary, session: no Principal
  trust,     ///< a role's: Principal, no Resource, sts: actions only
  resource,  ///< a bucket's or function's: Principal and Resource
};

/// The longest document read at all; each attachment has its own smaller quota.
inline constexpr std::size_t k_max_policy_bytes = 131'072;

/// Reads and validates a document. Errors: 400 `MalformedPolicyDocument` in IAM's words.
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
AwsResult<PolicyPtr> parse_policy(std::string_view document, PolicyKind kind);

/// The document's length as quotas count it: without white space.
std::size_t policy_size(std::string_view document);

}  // namespace sortie::emulator::iam
