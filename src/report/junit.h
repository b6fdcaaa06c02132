#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/output_file.h"
#include "base/spool.h"
#include "run/event.h"

namespace sortie::report {

/// JUnit XML as CI servers read it (the Surefire schema): a `testsuite` for each suite, a `testcase` for each test with
/// the output of each attempt; crashed, timed out, out of memory and lost tests are `error`, failed ones `failure`.
/// Written at the end of the run, also of an interrupted one. Of a test's output it keeps what run::TestFinished has
/// (run::k_output_kept), of a passed test's the first 64 KiB, and says where the rest is. What has ended waits in
/// temporary files, so that memory stays bounded.
class JunitReporter final : public run::Reporter {
 public:
  static constexpr std::size_t k_passed_output_kept = 64 * 1024;

  static Result<std::unique_ptr<run::Reporter>> open(const std::string& path);
  explicit JunitReporter(OutputFile file) : file_(std::move(file)) {}
  void on(const run::Event& event) override;
  [[nodiscard]] Result<void> close() override;

 private:
  struct Suite {
    static constexpr std::size_t k_in_memory = 1024 * 1024;
    std::size_t tests = 0;
    std::size_t failures = 0;
    std::size_t errors = 0;
    std::size_t skipped = 0;
    run::Microseconds time{0};
    Spool cases{k_in_memory};                                       ///< the finished `testcase` elements
    std::map<std::string, std::vector<run::TestFinished>> earlier;  ///< attempts of tests that will be tried again
  };

  void finish(Suite& suite, const run::TestFinished& last);
  [[nodiscard]] std::string opening(const std::string& name, const Suite& suite) const;

  OutputFile file_;
  std::map<std::string, Suite> suites_;
  SystemTime started_{};
};

}  // namespace sortie::report
