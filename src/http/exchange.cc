#include "http/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <limits>

#include "http/head_text.h"

namespace sortie::http {

namespace {

/// RFC 9110, 10.1.1: a client must not wait for 100 Continue for ever.
constexpr auto k_wait_for_continue = std::chrono::seconds(1);
/// The peer stopped reading: an answer that explains it is already here or on its way.
constexpr auto k_wait_after_broken_write = std::chrono::seconds(2);
constexpr std::size_t k_upload_buffer = 64 * 1024;
constexpr int k_interim_responses = 32;

std::string compose_head(const Request& request, const Endpoint& endpoint, const Body& body) {
  std::string out;
  out.reserve(1024);
  out.append(request.method).append(" ");
  const std::string host = authority(request);
  const bool forwarded = endpoint.proxy && !endpoint.tls;
  if (forwarded) out.append("http://").append(host);
  out.append(request.path.empty() ? "/" : request.path);
  if (!request.query.empty()) out.append("?").append(request.query);
  out.append(" HTTP/1.1\r\n");
  if (!request.headers.contains("Host")) append_field(out, "Host", host);
  append_fields(out, request.headers);
  if (forwarded && !endpoint.proxy->authorization.empty()) {
    append_field(out, "Proxy-Authorization", endpoint.proxy->authorization);
  }
  const auto length = body.length();
  const bool expected = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (!length) {
    append_field(out, "Transfer-Encoding", "chunked");
  } else if (*length > 0 || expected || body.streaming()) {
    append_field(out, "Content-Length", fmt::format_int(*length).c_str());
  }
  out.append("\r\n");
  return out;
}

}  // namespace

/// Sends what is left of a request, in a coroutine of its own. Shared with that coroutine, which may outlive the
/// exchange by a moment.
class Upload : public std::enable_shared_from_this<Upload> {
 public:
  Upload(std::shared_ptr<ClientConnection> connection, std::shared_ptr<Body> body, const ClientOptions& options)
      : connection_(std::move(connection)),
        body_(std::move(body)),
        io_timeout_(options.io_timeout),
        response_timeout_(options.response_timeout),
        proceed_(connection_->transport.socket().get_executor()) {}

  /// Sends `head` from `offset` on and then the body from `body_offset` on; with `wait` it waits for `proceed`, a
  /// moment at most, between the two.
  void start(std::string head, std::size_t offset, std::size_t body_offset, bool wait) {
    head_ = std::move(head);
    waiting_ = wait;
    auto ended = [self = shared_from_this()](const std::exception_ptr& cancelled, Result<void> result) {
      self->end(cancelled ? fail(ErrorKind::cancelled, "cancelled") : std::move(result));
    };
    asio::co_spawn(proceed_.get_executor(), run(offset, body_offset),
                   asio::bind_cancellation_slot(cancel_.slot(), std::move(ended)));
  }
  /// The server said 100 Continue.
  void proceed() {
    waiting_ = false;
    proceed_.cancel();
  }
  void cancel() {
    if (ended_ || cancelled_) return;
    cancelled_ = true;
    cancel_.emit(asio::cancellation_type::terminal);
  }
  [[nodiscard]] bool sent() const { return ended_ && !error_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool waiting_for_continue() const { return waiting_; }
  /// Why the request could not be sent; null while it can, and when the peer stopped reading.
  [[nodiscard]] const Error* error() const { return error_ && !peer_stopped_reading_ ? &*error_ : nullptr; }

 private:
  Task<Result<void>> run(std::size_t offset, std::size_t body_offset);
  Task<Result<void>> send_stream(std::string_view front);
  Task<Result<void>> write(Parts parts);
  void end(Result<void> result);

  std::shared_ptr<ClientConnection> connection_;
  std::shared_ptr<Body> body_;
  std::chrono::milliseconds io_timeout_;
  std::chrono::milliseconds response_timeout_;
  std::string head_;
  asio::cancellation_signal cancel_;
  asio::steady_timer proceed_;
  std::optional<Error> error_;
  bool peer_stopped_reading_ = false;
  bool waiting_ = false;
  bool ended_ = false;
  bool cancelled_ = false;
};

Task<Result<void>> Upload::run(std::size_t offset, std::size_t body_offset) {
  const auto self = shared_from_this();
  std::string_view head = std::string_view(head_).substr(offset);
  if (waiting_) {
    CO_RETURN_IF_ERROR(co_await write({head}));
    head = {};
    proceed_.expires_after(k_wait_for_continue);
    co_await proceed_.async_wait(asio::as_tuple(asio::use_awaitable));
    waiting_ = false;
  }
  if (body_->streaming()) co_return co_await send_stream(head);
  co_return co_await write({head, body_->bytes().substr(body_offset)});
}

Task<Result<void>> Upload::write(Parts parts) {
  auto written = co_await connection_->transport.write(parts, io_timeout_);
  if (written) co_return written;
  peer_stopped_reading_ = written.error().kind == ErrorKind::network;
  co_return std::unexpected(wrap(std::move(written).error(), "send the request"));
}

Task<Result<void>> Upload::send_stream(std::string_view front) {
  if (!front.empty()) CO_RETURN_IF_ERROR(co_await write({front}));
  const auto buffer = std::make_unique_for_overwrite<char[]>(k_upload_buffer);
  const auto length = body_->length();
  std::uint64_t left = length.value_or(std::numeric_limits<std::uint64_t>::max());
  while (left > 0) {
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(k_upload_buffer, left));
    auto count = co_await body_->read({buffer.get(), room});
    if (!count) co_return std::unexpected(std::move(count).error());
    if (*count == 0) break;
    left -= *count;
    const std::string_view bytes(buffer.get(), *count);
    Parts parts{bytes};
    const std::string size = length ? std::string() : fmt::format("{:x}\r\n", *count);
    if (!length) parts = {size, bytes, "\r\n"};
    CO_RETURN_IF_ERROR(co_await write(parts));
  }
  if (!length) co_return co_await write({"0\r\n\r\n"});
  if (left > 0) co_return fail(ErrorKind::internal, "the request's body is shorter than its length");
  co_return Result<void>{};
}

void Upload::end(Result<void> result) {
  ended_ = true;
  if (cancelled_) result = fail(ErrorKind::cancelled, "cancelled");
  if (result) {
    connection_->transport.move_read_deadline(deadline_in(response_timeout_));
    return;
  }
  error_ = std::move(result).error();
  if (cancelled_) return;
  if (error() == nullptr) {
    connection_->transport.move_read_deadline(deadline_in(k_wait_after_broken_write));
  } else {
    connection_->transport.close();  // wakes the reader
  }
}

namespace {

/// The rest of a response's body. Holds the connection until the last byte.
class ResponseBody final : public BodySource {
 public:
  ResponseBody(Lease lease, std::shared_ptr<Upload> upload, bool reusable, std::chrono::milliseconds io_timeout)
      : lease_(std::move(lease)), upload_(std::move(upload)), reusable_(reusable), io_timeout_(io_timeout) {
    const auto& stream = lease_.connection()->stream;
    if (stream.framing() == Framing::length) length_ = stream.remaining();
  }
  ResponseBody(const ResponseBody&) = delete;
  ResponseBody& operator=(const ResponseBody&) = delete;
  ~ResponseBody() override {
    if (upload_) upload_->cancel();
  }

  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    const auto connection = lease_.connection();
    if (!connection) co_return std::size_t{0};
    auto count = co_await connection->stream.read_body(buffer, io_timeout_);
    if (count && !connection->stream.body_done()) co_return count;
    if (!count && upload_ && upload_->error() != nullptr) count = std::unexpected(*upload_->error());
    const bool sent = !upload_ || upload_->sent();
    if (!sent) upload_->cancel();
    lease_.give_back(count.has_value() && reusable_ && sent);
    co_return count;
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }

 private:
  Lease lease_;
  std::shared_ptr<Upload> upload_;
  bool reusable_;
  std::chrono::milliseconds io_timeout_;
  std::optional<std::uint64_t> length_;
};

}  // namespace

Exchange::~Exchange() {
  if (upload_) upload_->cancel();
}

Task<Result<Response>> Exchange::run(const Request& request, const Endpoint& endpoint, std::shared_ptr<Body> body) {
  auto sent = co_await send(request, endpoint, std::move(body));
  if (!sent) co_return std::unexpected(std::move(sent).error());
  auto read = co_await read_final_head(endpoint.host);
  if (!read) {
    if (upload_ && upload_->error() != nullptr) co_return std::unexpected(*upload_->error());
    co_return std::unexpected(std::move(read).error());
  }
  co_return make_response(request.method == "HEAD");
}

/// Sends the request, or as much as the socket takes at once and leaves the rest to an Upload.
Task<Result<void>> Exchange::send(const Request& request, const Endpoint& endpoint, std::shared_ptr<Body> body) {
  const auto& connection = lease_.connection();
  std::string head = compose_head(request, endpoint, *body);
  const bool has_body = body->length().value_or(1) > 0;
  const auto expect = request.headers.get("Expect");
  const bool wait = has_body && expect && iequals(*expect, "100-continue");
  std::size_t head_sent = 0;
  std::size_t body_sent = 0;
  if (!wait && !body->streaming()) {
    Parts parts{head, body->bytes()};
    ASSIGN_OR_CO_RETURN(const bool done, connection->transport.try_write(parts));
    if (done) co_return Result<void>{};
    head_sent = head.size() - parts[0].size();
    body_sent = body->bytes().size() - parts[1].size();
  }
  upload_ = std::make_shared<Upload>(connection, std::move(body), options_);
  upload_->start(std::move(head), head_sent, body_sent, wait);
  co_return Result<void>{};
}

Task<Result<void>> Exchange::read_final_head(const std::string& host) {
  const auto connection = lease_.connection();
  constexpr auto no_limit = std::numeric_limits<std::uint64_t>::max();
  for (int interim = 0; interim <= k_interim_responses; ++interim) {
    // While the request is being sent its own progress is what is bounded.
    const bool sending = upload_ && !upload_->ended();
    const Deadline deadline = sending ? k_no_deadline : deadline_in(options_.response_timeout);
    const auto read = co_await connection->stream.read_head(no_limit, deadline, options_.response_timeout);
    got_bytes_ = got_bytes_ || connection->stream.got_bytes();
    if (read.end != HeadEnd::ready) co_return head_failure(read, host);
    const int status = connection->stream.head().status;
    if (status == 101) co_return fail(ErrorKind::protocol, host + ": switches protocols without being asked");
    if (status / 100 != 1) co_return Result<void>{};
    if (status == 100 && upload_) upload_->proceed();
  }
  co_return fail(ErrorKind::protocol, host + ": sends interim responses without end");
}

std::unexpected<Error> Exchange::head_failure(const HeadRead& read, const std::string& host) const {
  switch (read.end) {
    case HeadEnd::nothing_in_time:
    case HeadEnd::too_slow:
      return fail(ErrorKind::timeout,
                  fmt::format("{}: no response after {} ms", host, options_.response_timeout.count()));
    case HeadEnd::malformed: return fail(ErrorKind::protocol, host + ": the response is not HTTP");
    case HeadEnd::failed: {
      Error error = read.error;
      error.message = host + ": " + error.message;
      return std::unexpected(std::move(error));
    }
    default: return fail(ErrorKind::network, host + ": connection closed before the response");
  }
}

Response Exchange::make_response(bool head_request) {
  const auto connection = lease_.connection();
  MessageStream& stream = connection->stream;
  MessageHead& head = stream.head();
  Response response{.status = head.status, .headers = std::move(head.headers)};
  const bool bodiless = head_request || head.status == 204 || head.status == 304;
  const auto framing = bodiless              ? Framing::none
                       : head.chunked        ? Framing::chunked
                       : head.content_length ? Framing::length
                                             : Framing::until_close;
  stream.begin_body(framing, head.content_length.value_or(0));
  const bool reusable = head.keep_alive && framing != Framing::until_close;
  // An error in mid-upload is the answer; so is one to a request that was only announced.
  if (upload_ && !upload_->ended() && (head.status >= 400 || upload_->waiting_for_continue())) upload_->cancel();

  if (auto whole = stream.take_whole_body()) response.body = *std::move(whole);
  if (stream.body_done()) {
    lease_.give_back(reusable && (!upload_ || upload_->sent()) && stream.buffered().empty());
    return response;
  }
  response.body = Body(std::make_unique<ResponseBody>(std::move(lease_), std::exchange(upload_, nullptr), reusable,
                                                      options_.io_timeout));
  return response;
}

}  // namespace sortie::http
