// Prints many short lines, each with a write of its own at first.
#include <unistd.h>

#include <cstdio>

int main() {
  for (int i = 0; i < 20'000; ++i) {
    if (write(STDOUT_FILENO, "y\n", 2) != 2) return 1;
  }
  for (int i = 0; i < 1'000'000; ++i) std::fputs("y\n", stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}
