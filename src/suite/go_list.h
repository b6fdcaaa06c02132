#pragma once

#include "suite/framework.h"

namespace sortie::suite {

/// Reads what a Go test binary printed for `-test.list`. The functions of the executable say what a test is; of the
/// output only what ends a line under such a name counts, so that whatever `TestMain` prints beside the list takes no
/// test away and adds none. Where the executable does not tell (older Go, a `main` of the suite's own), every line has
/// to be a name.
Result<Listed> read_go_list(const ListOutput& output);

}  // namespace sortie::suite
