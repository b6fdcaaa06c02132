#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "emulator/core/ports.h"
#include "emulator/iam/directory.h"
#include "emulator/iam/pattern.h"

namespace sortie::emulator::iam {

/// The condition keys of a call: those the service gave, and AWS's global keys, worked out when they are asked for.
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
class RequestContext final : public Context {
 public:
  /// Views of the arguments. `tags` are those of the principal's user or role; session tags win over them. Null: none.
  RequestContext(const Call& call, const Principal& principal, const AuthorizationRequest& request, const Tags* tags,
                 SystemTime now)
      : call_(call), principal_(principal), request_(request), tags_(tags), now_(now) {}

  bool find(std::string_view key, std::vector<std::string>& values) const override;

 private:
  bool find_global(std::string_view name, std::vector<std::string>& values) const;
  bool find_principal(std::string_view name, std::vector<std::string>& values) const;
  bool find_principal_tag(std::string_view tag, std::vector<std::string>& values) const;

  const Call& call_;
  const Principal& principal_;
  const AuthorizationRequest& request_;
  const Tags* tags_;
  SystemTime now_;
};

}  // namespace sortie::emulator::iam
