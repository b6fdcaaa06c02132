#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sortie::suite {

/// A function that a `_test.go` file of a Go test binary defines under the name of a test: `Test…`, `Fuzz…` or
/// `Example…`, without its package.
struct GoTestFunction {
  std::string name;
  std::string file;  ///< as the compiler was given it
  int line = 0;      ///< 0 before Go 1.20
  friend bool operator==(const GoTestFunction&, const GoTestFunction&) = default;
};

/// The test functions of an executable in the order of its code, read from the table of functions that every Go program
/// carries for its stack traces, stripped ones too (`runtime.pcHeader` and `_func` in Go's sources: the forms of Go
/// 1.18 and later, little-endian, 64 bits).
///
/// Empty unless `main` is the one that `go test -c` (or Bazel's go_test) writes: then, and only then, the suite's tests
/// are functions of these names and no others. `TestMain` is among them. A name is there twice when the package and
/// its external test package have both.
std::vector<GoTestFunction> go_test_functions(std::string_view executable);

/// By Go's rule: `Test`, `Example`, `Fuzz` or `Benchmark`, then nothing or no lower-case letter, all one identifier.
bool is_go_test_name(std::string_view name);

}  // namespace sortie::suite
