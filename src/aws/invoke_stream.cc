#include <fmt/format.h>

#include <array>

#include "aws/lambda.h"
#include "aws/lambda_json.h"
#include "wire/checksum.h"
#include "wire/event_stream.h"
#include "wire/json.h"

namespace sortie::aws {

namespace {

constexpr std::string_view k_what = "Lambda InvokeWithResponseStream";
constexpr std::size_t k_read_bytes = 64 * 1024;

/// An event that ends the stream with an error: `exception` in Lambda's words, or `error` in the framing's.
Error error_of(const wire::EventMessage& event, const std::string& request_id) {
  http::Headers headers;
  headers.set("x-amzn-errortype", std::string(event.header(":exception-type")));
  if (!event.header(":error-code").empty()) headers.set("x-amzn-errortype", std::string(event.header(":error-code")));
  if (!request_id.empty()) headers.set("x-amzn-requestid", request_id);
  // Exceptions inside a stream have no status: 429 and 5xx are told by their codes, the rest is a failure of the
  // service.
  return read_error(Protocol::rest_json, k_what, 500, headers, event.payload);
}

InvokeComplete read_complete(const std::string& payload) {
  InvokeComplete out;
  const auto object = wire::parse_json_object(payload);
  if (!object) return out;
  out.error_code = wire::string_or(*object, "ErrorCode");
  out.error_details = wire::string_or(*object, "ErrorDetails");
  out.log_result = wire::base64_decode(wire::string_or(*object, "LogResult")).value_or("");
  return out;
}

}  // namespace

struct InvokeStream::State {
  explicit State(http::Response given) : response(std::move(given)) {
    request_id = request_id_of(response.headers);
    executed_version = response.headers.get_or("x-amz-executed-version", "");
    content_type = response.headers.get_or("x-amzn-stream-content-type", response.headers.get_or("content-type", ""));
  }

  /// Reads until a frame is whole; nothing at the end of the body.
  Task<Result<std::optional<wire::EventMessage>>> next_event() {
    for (;;) {
      ASSIGN_OR_CO_RETURN(auto event, decoder.next());
      if (event) co_return event;
      ASSIGN_OR_CO_RETURN(const auto count, co_await response.body.read(buffer));
      if (count == 0) co_return std::nullopt;
      decoder.feed({buffer.data(), count});
    }
  }

  http::Response response;
  wire::EventStreamDecoder decoder;
  std::vector<char> buffer = std::vector<char>(k_read_bytes);
  std::optional<InvokeComplete> complete;
  std::string request_id;
  std::string executed_version;
  std::string content_type;
};

InvokeStream::InvokeStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
InvokeStream::InvokeStream(InvokeStream&&) noexcept = default;
InvokeStream& InvokeStream::operator=(InvokeStream&&) noexcept = default;
InvokeStream::~InvokeStream() = default;

InvokeStream make_invoke_stream(http::Response response) {
  return InvokeStream(std::make_unique<InvokeStream::State>(std::move(response)));
}

Task<Result<std::optional<std::string>>> InvokeStream::next() {
  if (state_->complete) co_return std::nullopt;
  for (;;) {
    auto event = co_await state_->next_event();
    if (!event) co_return std::unexpected(wrap(std::move(event).error(), std::string(k_what)));
    if (!*event) {
      co_return fail(ErrorKind::network,
                     fmt::format("{}: the stream was cut before its end (request id {})", k_what, state_->request_id));
    }
    auto& message = **event;
    if (message.message_type() != "event") co_return std::unexpected(error_of(message, state_->request_id));
    if (message.event_type() == "PayloadChunk") co_return std::move(message.payload);
    if (message.event_type() == "InvokeComplete") {
      state_->complete = read_complete(message.payload);
      co_return std::nullopt;
    }
  }
}

const InvokeComplete& InvokeStream::complete() const {
  static const InvokeComplete none;
  return state_->complete ? *state_->complete : none;
}

const std::string& InvokeStream::request_id() const {
  return state_->request_id;
}
const std::string& InvokeStream::executed_version() const {
  return state_->executed_version;
}
const std::string& InvokeStream::content_type() const {
  return state_->content_type;
}

}  // namespace sortie::aws
