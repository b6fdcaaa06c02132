#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "emulator/lambda/log_text.h"
#include "emulator/lambda/runtime_api.h"

/// Whatever a function sends: a path, an error document, output. The first byte picks.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::emulator::lambda;
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 3) {
    case 0: {
      auto call = parse_runtime_call(text.substr(0, text.size() / 2).empty() ? "POST" : "GET", text);
      if (call.request_id.size() > 128) std::abort();
      break;
    }
    case 1:
      if (error_type_of(text).size() > 256) std::abort();
      (void)error_message_of(text);
      break;
    default: {
      // The lines put together are the output again.
      std::string joined;
      auto sink = [&joined](std::string_view line) {
        if (line.empty() || line.size() > k_line_limit) std::abort();
        joined.append(line);
      };
      LineSplitter splitter;
      splitter.feed(text.substr(0, text.size() / 3), sink);
      splitter.feed(text.substr(text.size() / 3), sink);
      splitter.finish(sink);
      if (joined != text) std::abort();
    }
  }
  return 0;
}
