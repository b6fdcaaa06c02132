#pragma once

#include "suite/framework.h"

/// The frameworks, one a file. Callers outside of this folder use find_framework and detect_framework.
namespace sortie::suite {

const Framework& gtest();
const Framework& go();
const Framework& ginkgo1();
const Framework& ginkgo2();
const Framework& plain();

}  // namespace sortie::suite
