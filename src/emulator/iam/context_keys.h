#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sortie::emulator::iam {

/// Adds the condition keys that a policy document asks for, as it writes them: those of its `Condition` blocks and
/// those of policy variables in resources and condition values. A key that is in `keys` already is not added; a
/// document that is no JSON adds none.
void add_context_keys(std::string_view document, std::vector<std::string>& keys);

}  // namespace sortie::emulator::iam
