// Exit status 1, with a word about it.
#include <cstdio>

int main() {
  std::fputs("plain and bad\n", stderr);
  return 1;
}
