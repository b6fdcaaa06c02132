// The program s3cli; everything is put together in s3cli/run.cc.

#include <cstdio>
#include <exception>

#include "http/tls.h"
#include "s3cli/run.h"

int main(int argc, char** argv) {
  sortie::http::ignore_openssl_configuration();
  try {
    return sortie::s3cli::run(argc > 0 ? argv[0] : "s3cli", {argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const std::exception& bug) {
    std::fprintf(stderr, "s3cli: internal error: %s\n", bug.what());
    return 1;
  }
}
