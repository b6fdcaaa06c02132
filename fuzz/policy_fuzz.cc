// Policy documents from anyone: parsing and evaluating must neither crash nor hang.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "emulator/iam/evaluate.h"
#include "emulator/iam/policy.h"

namespace {

using namespace sortie::emulator;
using namespace sortie::emulator::iam;

class OneValue final : public Context {
 public:
  bool find(std::string_view key, std::vector<std::string>& values) const override {
    if (key == "missing") return false;
    values.emplace_back("2020-01-01T00:00:00Z");
    return true;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const PolicyKind kind : {PolicyKind::identity, PolicyKind::trust, PolicyKind::resource}) {
    const auto policy = parse_policy(text, kind);
    if (!policy) continue;
    const OneValue context;
    Principal principal;
    principal.kind = Principal::Kind::user;
    principal.account = "123456789012";
    principal.arn = "arn:aws:iam::123456789012:user/x";
    const PolicyPtr identity[] = {*policy};
    decide({principal, "s3:GetObject", "arn:aws:s3:::bucket/key", "123456789012", context},
           {identity, policy->get(), identity, policy->get(), kind == PolicyKind::trust});
  }
  return 0;
}
