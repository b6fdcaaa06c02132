#pragma once

#include <cstdio>

#include "run/event.h"

namespace sortie::cli {

/// For commands whose output is not a report: says nothing but what the user must know, on standard error.
class Quiet final : public run::Reporter {
 public:
  void on(const run::Event& event) override {
    if (const auto* notice = std::get_if<run::Notice>(&event)) std::fprintf(stderr, "note: %s\n", notice->text.c_str());
  }
};

}  // namespace sortie::cli
