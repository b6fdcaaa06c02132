#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/signal.h"
#include "base/task.h"
#include "emulator/core/call.h"
#include "http/message.h"

namespace sortie::emulator::lambda {

/// A runtime's answer may have this many bytes (6 MiB and 100); a synchronous request 6 MiB.
inline constexpr std::size_t k_response_limit = 6'291'556;
inline constexpr std::size_t k_request_limit = 6'291'456;
inline constexpr std::size_t k_async_request_limit = 1'048'576;
/// A streamed answer.
inline constexpr std::uint64_t k_stream_limit = 200ULL << 20;

/// A streamed answer on its way to the caller. Both ends on the io_context thread.
class ResponseStream {
 public:
  enum class Framing : std::uint8_t {
    events,  ///< the body of InvokeWithResponseStream: PayloadChunk as they come, InvokeComplete at the end
    plain,   ///< the bytes themselves; a failure makes reading fail
  };
  explicit ResponseStream(const Executor& executor, Framing framing = Framing::events);

  /// The reading end, once.
  http::Body body();
  /// One piece; waits while the reader is behind. A reader that went away loses the rest, the function goes on.
  Task<void> write(std::string_view payload);
  /// The end. Later writes are dropped. `error_code` is empty for success.
  void complete(std::string_view error_code, std::string_view error_details, std::string_view log_result);

 private:
  struct State;
  class Reader;
  std::shared_ptr<State> state_;
};

/// The result of an invocation, as its caller gets it.
struct InvocationResult {
  std::string payload;
  std::string function_error;  ///< `Unhandled`, or empty
  std::string error_type;      ///< `Sandbox.Timedout`, or the runtime's own
  std::string error_details;
  std::string log_tail;
  /// Set when the function never ran: its environment could not be made.
  std::optional<AwsError> refused;
};

/// One request to a function on its way through an environment. Shared by the caller, who may leave, and the
/// environment, which goes on.
struct Invocation {
  explicit Invocation(const Executor& executor) : changed(executor) {}

  std::string request_id;
  std::string payload;
  std::string invoked_arn;
  std::string trace_id;
  std::string client_context;  ///< as the caller sent it, base64
  bool wants_tail = false;
  std::shared_ptr<ResponseStream> stream;  ///< null: a buffered answer
  bool wants_content_type = false;

  std::string content_type;  ///< of the runtime's answer as soon as that begins, when wanted
  InvocationResult result;
  bool accepted = false;  ///< an environment has taken it
  bool done = false;
  Signal changed;

  void accept();
  void finish();
};

}  // namespace sortie::emulator::lambda
