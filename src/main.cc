// The composition root. Everything is built in cli::main: the io_context, the signals, the command; the target (the
// embedded AWS or the network) in cli/session.cc.

#include <cstdio>
#include <exception>

#include "cli/command.h"

int main(int argc, char** argv) {
  try {
    return sortie::cli::main(argc, argv);
  } catch (const std::exception& bug) {
    std::fprintf(stderr, "error: internal: %s\nhint: this is a bug in sortie; please report it\n", bug.what());
    return 3;
  }
}
