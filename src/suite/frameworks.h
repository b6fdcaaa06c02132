#pragma once

#include "suite/framework.h"

/// The frameworks, one a file. Callers outside of this folder use find_framework and detect_framework.
namespace sortie::suite {

const Framework& gtest();
const Framework& go();
const Framework& go_before_1_20();
const Framework& go_before_1_16();
const Framework& ginkgo1();
const Framework& early_ginkgo();
const Framework& ginkgo2();
const Framework& libtest();
const Framework& plain();

/// How many of the first `tests` have quoted names of at most `limit` bytes together; at least 1.
std::size_t count_that_fit(const std::vector<TestCase>& tests, std::size_t limit);

}  // namespace sortie::suite
