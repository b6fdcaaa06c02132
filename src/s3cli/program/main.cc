// The program s3cli; everything is put together in s3cli/run.cc.

#include <openssl/crypto.h>

#include <cstdio>
#include <exception>

#include "s3cli/run.h"

int main(int argc, char** argv) {
  // One static file: what the host configures for its own OpenSSL is read by nobody here, and costs a millisecond.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  try {
    return sortie::s3cli::run({argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const std::exception& bug) {
    std::fprintf(stderr, "s3cli: internal error: %s\n", bug.what());
    return 1;
  }
}
