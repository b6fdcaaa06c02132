// A suite that never gets as far as main.
#include <gtest/gtest.h>
#include <unistd.h>

namespace {

struct Hang {
  Hang() {
    write(STDERR_FILENO, "waiting for a lock\n", 19);
    while (true) pause();
  }
};
const Hang hang;

TEST(Never, Listed) {}

}  // namespace
