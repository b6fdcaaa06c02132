#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "suite/framework.h"

/// Suites that cannot be taken apart: plain executables, and those of a framework that do not heed what they are told.
namespace sortie::suite {

/// The one test of a suite that runs, or does not, whatever its arguments are: it passes with exit status 0 alone.
inline constexpr std::string_view k_whole_suite = "(whole suite)";

/// A list of k_whole_suite; `why` is a sentence for the user.
Listed list_whole_suite(std::string why);
[[nodiscard]] bool is_whole_suite(const std::vector<TestCase>& tests);

/// Its one test starts with the process and ends as the process does: exit status 0 is the only pass, and none where a
/// line begins with the first of `failure_marks`, the framework's for a test that failed. Lines that contain one of
/// them are told with the failure.
std::unique_ptr<ResultReader> make_status_reader(const std::vector<TestCase>& tests,
                                                 std::vector<std::string_view> failure_marks = {});

}  // namespace sortie::suite
