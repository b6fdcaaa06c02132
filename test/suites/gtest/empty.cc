// A suite without a test.
#include <gtest/gtest.h>
