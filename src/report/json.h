#pragma once

#include <cstdio>
#include <string>

#include "run/event.h"

namespace sortie::report {

/// One event as one JSON object in one line (without the newline). The format: docs/events.md.
std::string json_line(const run::Event& event);

/// Writes every event as it happens, one a line, flushed: a killed run leaves whole lines up to its end.
class JsonReporter final : public run::Reporter {
 public:
  /// Owns `file`.
  static Result<std::unique_ptr<JsonReporter>> open(const std::string& path);
  ~JsonReporter() override;
  void on(const run::Event& event) override;
  /// The first failure to write (disk full), if any; asked at the end of the run.
  [[nodiscard]] Result<void> close();

 private:
  JsonReporter(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}
  std::FILE* file_;
  std::string path_;
  int error_ = 0;
};

}  // namespace sortie::report
