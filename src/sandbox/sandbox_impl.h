#pragma once

#include "sandbox/sandbox.h"

namespace sortie::sandbox {

/// The three ways to make a Sandbox, without the choice between them: `Sandbox::create` chooses, `probe` and the tests
/// ask for one.
Result<std::unique_ptr<Sandbox>> create_isolated(Executor executor, Spec spec);
Result<std::unique_ptr<Sandbox>> create_confined(Executor executor, Spec spec);
Result<std::unique_ptr<Sandbox>> create_plain(Executor executor, Spec spec);

}  // namespace sortie::sandbox
