#pragma once

#include <string>
#include <string_view>

#include "emulator/core/ports.h"

namespace sortie::emulator::iam {

/// How the key of a session is kept in the store.
std::string session_to_json(const Identities::Key& key);
/// Throws on text that `session_to_json` did not write.
Identities::Key session_from_json(std::string_view text);

}  // namespace sortie::emulator::iam
