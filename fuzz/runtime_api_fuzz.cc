#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "emulator/lambda/execution/extension_api.h"
#include "emulator/lambda/execution/runtime_api.h"
#include "emulator/lambda/execution/telemetry.h"
#include "emulator/lambda/logging/log_text.h"

/// Whatever a function or an extension sends: a path, an error document, a registration, output. The first byte picks.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::emulator::lambda;
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0: {
      auto call = parse_runtime_call(text.substr(0, text.size() / 2).empty() ? "POST" : "GET", text);
      if (call.request_id.size() > 128) std::abort();
      (void)parse_extension_call("PUT", text);
      break;
    }
    case 1:
      if (error_type_of(text).size() > 256) std::abort();
      (void)error_message_of(text);
      break;
    case 2:
      // An internal extension is never told of the end.
      if (auto taken = parse_registration(text, false); taken && taken->shutdown) std::abort();
      (void)parse_registration(text, true);
      if (auto taken = parse_subscription(text); taken && (taken->port == 0 || taken->port == 9001)) std::abort();
      (void)wants_account_id(text);
      (void)is_extension_id(text);
      break;
    default: {
      // The lines put together are the output again, but for the headers of messages.
      std::string joined;
      auto sink = [&joined](std::string_view line) {
        if (line.empty() || line.size() > k_line_limit) std::abort();
        joined.append(line);
      };
      LineSplitter splitter;
      splitter.feed(text.substr(0, text.size() / 3), sink);
      splitter.feed(text.substr(text.size() / 3), sink);
      splitter.finish(sink);
      if (joined != text && text.find('\x1f') == std::string_view::npos) std::abort();
      if (joined.size() > text.size()) std::abort();
    }
  }
  return 0;
}
