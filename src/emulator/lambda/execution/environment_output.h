#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "emulator/lambda/execution/environment.h"

namespace sortie::emulator::lambda {

/// The reading end of a program's standard output or error.
struct Environment::OutputPipe {
  OutputPipe(const Executor& executor, UniqueFd fd, FunctionLog::Source which)
      : descriptor(executor, fd.release()), source(which) {}
  asio::posix::stream_descriptor descriptor;
  FunctionLog::Source source;
  bool open = true;
};

}  // namespace sortie::emulator::lambda
