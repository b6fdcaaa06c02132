#pragma once

#include <string>
#include <vector>

#include "run/event.h"

namespace sortie::report {

/// JUnit XML as CI servers read it (the Surefire schema): a `testsuite` for each suite, a `testcase` for each test with
/// the output of each attempt; crashed, timed out, out of memory and lost tests are `error`, failed ones `failure`.
/// Written at the end of the run, by rename.
class JunitReporter final : public run::Reporter {
 public:
  explicit JunitReporter(std::string path) : path_(std::move(path)) {}
  void on(const run::Event& event) override;
  /// The document of what was seen so far.
  [[nodiscard]] std::string document() const;
  /// Writes the file. Also after an interrupted run: what is done is reported.
  [[nodiscard]] Result<void> close() const;

 private:
  std::string path_;
  std::vector<run::TestFinished> attempts_;
  SystemTime started_{};
};

}  // namespace sortie::report
