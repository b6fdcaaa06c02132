#include <cstdint>
#include <cstdlib>

#include "suite/frameworks.h"
#include "suite/reading.h"

// A test's output is a stranger's: GoogleTest's and Ginkgo's readers and their result files. The first byte says how
// the rest is cut into output and file. Reading in other pieces must not read something else.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::suite;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = bytes.size() * data[0] / 255;
  for (const Framework* framework : {&gtest(), &ginkgo1(), &ginkgo2()}) {
    const std::vector<std::string> tests{"A.b", "A.c", "A b", "A b #2"};
    const auto whole = read_output(*framework, tests, bytes.substr(0, cut), {.code = 1}, bytes.substr(cut), 1UL << 30);
    const auto pieces = read_output(*framework, tests, bytes.substr(0, cut), {.code = 1}, bytes.substr(cut), 1);
    if (whole.started != pieces.started) std::abort();
    for (const std::string& test : tests) {
      if (whole.outcome(test) != pieces.outcome(test)) std::abort();
    }
    (void)framework->read_list({.standard_output = std::string(bytes), .result_file = std::string(bytes)});
  }
  return 0;
}
