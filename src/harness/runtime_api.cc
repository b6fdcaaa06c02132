#include "harness/runtime_api.h"

#include <boost/json.hpp>
#include <charconv>

namespace sortie::harness {
namespace {

constexpr const char* k_prefix = "/2018-06-01/runtime/";
constexpr std::size_t k_chunk_limit = 64 * 1024;

std::string request_head(const char* method, const std::string& path, const std::string& authority) {
  return std::string(method) + " " + k_prefix + path + " HTTP/1.1\r\nHost: " + authority +
         "\r\nUser-Agent: sortie-harness\r\n";
}

std::string hexadecimal(std::size_t value) {
  char text[20];
  const auto end = std::to_chars(text, text + sizeof text, value, 16).ptr;
  return {text, end};
}

}  // namespace

Result<RuntimeInvocation> RuntimeApi::next() {
  const std::string request = request_head("GET", "invocation/next", connection_.authority()) + "\r\n";
  ASSIGN_OR_RETURN(HttpAnswer answer, connection_.exchange(request));
  if (answer.status != 200) {
    return fail(ErrorKind::protocol, "the Runtime API answered " + std::to_string(answer.status) + ": " + answer.body);
  }
  RuntimeInvocation invocation;
  invocation.request_id = answer.header("lambda-runtime-aws-request-id");
  invocation.trace_id = answer.header("lambda-runtime-trace-id");
  const std::string deadline = answer.header("lambda-runtime-deadline-ms");
  std::from_chars(deadline.data(), deadline.data() + deadline.size(), invocation.deadline_ms);
  invocation.payload = std::move(answer.body);
  if (invocation.request_id.empty()) return fail(ErrorKind::protocol, "the invocation has no request id");
  return invocation;
}

Result<void> RuntimeApi::report_init_error(const std::string& type, const std::string& message) {
  const std::string body = boost::json::serialize(boost::json::object{{"errorType", type}, {"errorMessage", message}});
  const std::string request =
      request_head("POST", "init/error", connection_.authority()) + "Lambda-Runtime-Function-Error-Type: " + type +
      "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  ASSIGN_OR_RETURN(const HttpAnswer answer, connection_.exchange(request));
  if (answer.status >= 300) return fail(ErrorKind::protocol, "init/error: " + std::to_string(answer.status));
  return {};
}

Answer::Answer(RuntimeApi& api, const std::string& request_id) : connection_(api.connection_) {
  if (auto opened = connection_.open(); !opened) {
    error_ = std::move(opened).error();
    return;
  }
  wire_ = request_head("POST", "invocation/" + request_id + "/response", connection_.authority()) +
          "Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n"
          "Content-Type: application/x-ndjson\r\n"
          "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n";
}

void Answer::send(const suite::HarnessEvent& event) {
  if (error_) return;
  std::string line = suite::encode(event);
  line += '\n';
  if (const auto* output = std::get_if<suite::Output>(&event)) {
    // Once some output is left out all that follows is: a gap in the middle would look like the whole.
    if (left_out_ > 0 || streamed_ + line.size() > k_stream_limit) {
      left_out_ += output->bytes.size();
      return;
    }
  }
  streamed_ += line.size();
  lines_ += line;
  said_at_ = std::chrono::steady_clock::now();
}

void Answer::send_end(suite::BatchEnded ended) {
  ended.output_left_out = left_out_;
  send(std::move(ended));
}

void Answer::stay_alive(TimePoint now) {
  if (now >= alive_at()) send(suite::Alive{});
}

void Answer::send_all() {
  while (!error_ && (sent_ < wire_.size() || !lines_.empty())) {
    put_lines_on_wire();
    auto sent = connection_.send_all(std::string_view(wire_).substr(sent_));
    if (!sent) error_ = std::move(sent).error();
    sent_ = wire_.size();
  }
}

void Answer::put_lines_on_wire() {
  if (lines_.empty() || wire_.size() - sent_ > k_chunk_limit) return;
  wire_.erase(0, sent_);
  sent_ = 0;
  wire_ += hexadecimal(lines_.size()) + "\r\n" + lines_ + "\r\n";
  lines_.clear();
}

Result<void> Answer::flush_some() {
  pollfd early{connection_.fd(), POLLIN, 0};
  if (::poll(&early, 1, 0) == 1) return fail(ErrorKind::network, "the Runtime API ended the response");
  put_lines_on_wire();
  while (sent_ < wire_.size()) {
    ASSIGN_OR_RETURN(const std::size_t count, connection_.send_some(std::string_view(wire_).substr(sent_)));
    if (count == 0) break;
    sent_ += count;
    put_lines_on_wire();
  }
  return {};
}

void Answer::flush() {
  if (error_) return;
  if (auto flushed = flush_some(); !flushed) error_ = std::move(flushed).error();
}

void Answer::add_poll(std::vector<pollfd>& fds) const {
  if (error_) return;
  const bool waiting = !lines_.empty() || sent_ < wire_.size();
  fds.push_back({connection_.fd(), static_cast<short>(waiting ? POLLIN | POLLOUT : POLLIN), 0});
}

Result<void> Answer::finish() {
  send_all();
  auto rest = [this]() -> Result<void> {
    if (error_) return std::unexpected(*error_);
    RETURN_IF_ERROR(connection_.send_all("0\r\n\r\n"));
    ASSIGN_OR_RETURN(const HttpAnswer answer, connection_.receive());
    if (answer.status >= 300) {
      return fail(ErrorKind::protocol,
                  "the response was refused with status " + std::to_string(answer.status) + ": " + answer.body);
    }
    return {};
  };
  Result<void> done = rest();
  if (!done) connection_.close();
  return done;
}

}  // namespace sortie::harness
