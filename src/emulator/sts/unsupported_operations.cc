#include "emulator/sts/operation.h"

/// What AWS's model has and the embedded AWS does not: 501 NotImplemented by name.
namespace sortie::emulator::sts {
namespace {

constexpr Row k_operations[] = {
    {"AssumeRoleWithSAML"},      {"AssumeRoleWithWebIdentity"}, {"AssumeRoot"},          {"DecodeAuthorizationMessage"},
    {"GetDelegatedAccessToken"}, {"GetFederationToken"},        {"GetWebIdentityToken"},
};

}  // namespace

std::span<const Row> unsupported_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::sts
