#pragma once

/// The test program is its own bootstrap: copied into a package as `bootstrap` and started by Lambda, it serves the
/// Runtime API instead of running tests. What it does is in the handler's name (at init) and in the payload (`"do":…`).
namespace sortie::emulator::lambda {

/// True once the constructor in test_bootstrap_test.cc is linked in; referencing it keeps that object.
extern const bool k_is_own_bootstrap;

}  // namespace sortie::emulator::lambda
