#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/output_file.h"
#include "run/event.h"

namespace sortie::report {

/// One event as one JSON object in one line (without the newline). The format: docs/events.md.
std::string json_line(const run::Event& event);

/// Writes every event as it happens, one a line, unbuffered: a killed run leaves whole lines up to its end.
class JsonReporter final : public run::Reporter {
 public:
  static Result<std::unique_ptr<run::Reporter>> open(const std::string& path);
  explicit JsonReporter(OutputFile file) : file_(std::move(file)) {}
  void on(const run::Event& event) override { file_.write(json_line(event) + "\n"); }
  [[nodiscard]] Result<void> close() override { return file_.close(); }

 private:
  OutputFile file_;
};

}  // namespace sortie::report
