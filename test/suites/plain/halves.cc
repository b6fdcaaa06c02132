// Prints lines on both streams by halves, each with a write of its own.
#include <unistd.h>

#include <string_view>

namespace {

void print(int stream, std::string_view text) {
  if (write(stream, text.data(), text.size()) < 0) _exit(1);
}

}  // namespace

int main() {
  for (int i = 0; i < 100; ++i) {
    print(STDOUT_FILENO, "output begins");
    print(STDERR_FILENO, "error begins");
    usleep(i % 10 == 0 ? 1000 : 0);
    print(STDERR_FILENO, " and ends\n");
    print(STDOUT_FILENO, " and ends\n");
  }
}
