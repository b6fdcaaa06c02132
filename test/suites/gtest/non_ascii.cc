// Names outside of ASCII.
#include <gtest/gtest.h>

TEST(Größe, bleibt) {}
TEST(Plain, ünï) {}
TEST(Plain, ascii) {}
