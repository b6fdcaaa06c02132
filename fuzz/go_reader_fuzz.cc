#include <cstdint>
#include <cstdlib>

#include "suite/frameworks.h"
#include "suite/reading.h"

// The output of a Go test binary is a stranger's. The first byte is the exit status; reading in other pieces must not
// read something else.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::suite;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<std::string> tests{"TestA", "TestB", "ExampleC"};
  const ExitStatus status{.code = data[0]};
  const auto whole = read_output(go(), tests, bytes, status, {}, 1UL << 30);
  const auto pieces = read_output(go(), tests, bytes, status, {}, 1);
  if (whole.started != pieces.started) std::abort();
  for (const std::string& test : tests) {
    if (whole.outcome(test) != pieces.outcome(test)) std::abort();
  }
  // As a list, and as an executable with a table of functions.
  (void)go().read_list({.standard_output = std::string(bytes)});
  (void)go().read_list({.standard_output = "TestA\n", .executable = bytes});
  return 0;
}
