#include "http/server_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <charconv>

#include "http/head_text.h"

namespace sortie::http {

namespace {

/// An unread request body up to this size is read and dropped, so that the connection can be kept.
constexpr std::uint64_t k_drain_at_most = 256 * 1024;
/// A client that is still sending when it was answered gets this long to read the answer before the connection
/// is closed: closing over unread data would reset it (RFC 9112, 9.6).
constexpr auto k_linger = std::chrono::seconds(5);
constexpr auto k_linger_progress = std::chrono::seconds(1);
constexpr std::uint64_t k_linger_at_most = 256 * 1024 * 1024;
constexpr std::size_t k_stream_buffer = 16 * 1024;
constexpr std::size_t k_large_stream_buffer = 128 * 1024;
constexpr auto k_coarse_watch = std::chrono::milliseconds(250);
constexpr std::size_t k_kept_out = 4 * 1024;
constexpr std::size_t k_kept_buffer = 4 * 1024;
constexpr std::string_view k_continue = "HTTP/1.1 100 Continue\r\n\r\n";

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

int status_of(ParseFault fault) {
  switch (fault) {
    case ParseFault::header_too_large: return 431;
    case ParseFault::body_too_large: return 413;
    case ParseFault::unsupported_version: return 505;
    default: return 400;
  }
}

}  // namespace

/// The body of the request that a connection is serving. Outlives the request safely: then it only says that it is
/// over.
class RequestBody final : public BodySource {
 public:
  RequestBody(std::shared_ptr<ServerConnection> connection, std::optional<std::uint64_t> length)
      : connection_(std::move(connection)), number_(connection_->request_number_), length_(length) {}

  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    const auto connection = connection_;
    if (connection->request_number_ != number_ || connection->phase_ != ServerConnection::Phase::answering) {
      co_return fail(ErrorKind::cancelled, "the request has been answered");
    }
    co_return co_await connection->read_request_body(buffer);
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }
  [[nodiscard]] const Headers* trailers() const override { return connection_->trailers_of(number_); }

 private:
  std::shared_ptr<ServerConnection> connection_;
  std::uint64_t number_;
  std::optional<std::uint64_t> length_;
};

ServerConnection::ServerConnection(Transport::Socket socket, std::shared_ptr<Deadlines> deadlines,
                                   const ServerLimits& limits, Origin origin, std::string peer_address)
    : limits_(limits),
      origin_(std::move(origin)),
      peer_address_(std::move(peer_address)),
      deadlines_(std::move(deadlines)),
      transport_(std::move(socket), *deadlines_),
      stream_(transport_, make_request_parser(limits_.header_bytes)),
      coarse_watch_(transport_.socket().get_executor()),
      waiting_since_(deadline_in({})) {}

void ServerConnection::start(std::function<void()> ended) {
  auto done = [self = shared_from_this(), ended = std::move(ended)](const std::exception_ptr& /*cancelled*/) {
    self->phase_ = Phase::idle;
    self->coarse_watch_.cancel();
    self->transport_.close();
    ended();
  };
  asio::co_spawn(transport_.socket().get_executor(), run(),
                 asio::bind_cancellation_slot(cancel_.slot(), std::move(done)));
}

std::optional<ServerConnection::Waiting> ServerConnection::waiting() const {
  if (!waiting_since_ || gone_) return std::nullopt;
  return Waiting{stream_.got_bytes(), *waiting_since_};
}

void ServerConnection::abort() {
  transport_.close();
  client_gone();
}

void ServerConnection::client_gone() {
  if (std::exchange(gone_, true)) return;
  cancel_.emit(asio::cancellation_type::terminal);
}

Task<void> ServerConnection::run() {
  if (origin_.tls != nullptr) {
    if (!transport_.begin_tls(origin_.tls, true)) co_return;
    if (!co_await transport_.handshake(deadline_in(limits_.header_timeout))) co_return;
  }
  while (co_await next_request()) stream_.trim(k_kept_buffer);
}

/// Reads and answers one request. False when the connection is over.
Task<bool> ServerConnection::next_request() {
  waiting_since_ = deadline_in({});
  const auto read =
      co_await stream_.read_head(limits_.body_bytes, deadline_in(limits_.idle_timeout), limits_.header_timeout);
  waiting_since_.reset();
  if (read.end == HeadEnd::malformed || read.end == HeadEnd::too_slow) {
    head_request_ = false;
    stream_.begin_body(Framing::until_close, 0);  // where this request ends is not known
    co_await refuse(read.end == HeadEnd::too_slow ? 408 : status_of(read.fault));
    co_return false;
  }
  if (read.end != HeadEnd::ready) co_return false;
  auto request = make_request();
  if (!request) {
    stream_.begin_body(Framing::until_close, 0);
    co_await refuse(request.error());
    co_return false;
  }
  co_return co_await serve(*std::move(request));
}

std::expected<Request, int> ServerConnection::make_request() {
  MessageHead& head = stream_.head();
  head_request_ = head.method == "HEAD";
  http_1_1_ = head.http_1_1;
  client_keeps_ = head.keep_alive;
  ++request_number_;
  if (const auto framed = frame_request(head); !framed) return std::unexpected(framed.error());

  std::string_view target = head.target;
  std::string_view host;
  std::size_t hosts = 0;
  for (const auto& [name, value] : head.headers) {
    if (!iequals(name, "host")) continue;
    host = value;
    ++hosts;
  }
  if (hosts > 1 || (hosts == 0 && http_1_1_)) return std::unexpected(400);
  if (head.method == "CONNECT") return std::unexpected(405);
  // RFC 9112, 3.2.2: the authority of an absolute target replaces the Host field.
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !iequals(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    host = target.substr(0, end);
    target.remove_prefix(end);
    break;
  }
  const auto authority = parse_authority(host);
  if (!authority) return std::unexpected(400);

  Request request;
  request.scheme = origin_.scheme;
  request.host = authority->host;
  request.port = authority->port;
  const auto question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  if (request.path.empty()) request.path = "/";
  if (request.path.front() != '/' && request.path != "*") return std::unexpected(400);
  request.method = std::move(head.method);
  request.peer_address = peer_address_;
  if (auto whole = stream_.take_whole_body()) {
    request.body = *std::move(whole);
    continue_owed_ = false;
  } else if (stream_.framing() != Framing::none) {
    request.body = Body(std::make_unique<RequestBody>(shared_from_this(), head.content_length));
  }
  request.headers = std::move(head.headers);
  return request;
}

/// Decides how the request's body is framed.
std::expected<void, int> ServerConnection::frame_request(const MessageHead& head) {
  const auto length = head.content_length.value_or(0);
  stream_.begin_body(head.chunked ? Framing::chunked : length > 0 ? Framing::length : Framing::none, length);
  continue_owed_ = false;
  continue_empty_ = false;
  if (const auto expect = head.headers.get("Expect"); expect && http_1_1_) {
    if (!iequals(*expect, "100-continue")) return std::unexpected(417);
    continue_owed_ = !stream_.body_done();
    continue_empty_ = stream_.body_done();
  }
  return {};
}

const Headers* ServerConnection::trailers_of(std::uint64_t number) {
  return number == request_number_ && stream_.body_done() ? &stream_.head().trailers : nullptr;
}

Task<Result<std::size_t>> ServerConnection::read_request_body(std::span<char> buffer) {
  if (std::exchange(continue_owed_, false) && !response_begun_ && stream_.buffered().empty()) {
    CO_RETURN_IF_ERROR(co_await transport_.write({k_continue}, limits_.io_timeout));
  }
  if (reading_body_) co_return fail(ErrorKind::internal, "two readers of one request body");
  struct Reading {
    explicit Reading(bool& on) : flag(on) { flag = true; }
    ~Reading() { flag = false; }
    bool& flag;
  } const reading(reading_body_);
  auto count = co_await stream_.read_body(buffer, limits_.io_timeout);
  if (!count && count.error().kind == ErrorKind::timeout) body_timed_out_ = true;
  if (stream_.body_done() && phase_ == Phase::answering) watch();
  co_return count;
}

/// Has the service answer. What the service throws is a bug: the client gets a 500 and the connection ends.
Task<Result<Response>> ServerConnection::answer(Request request) {
  try {
    co_return co_await origin_.service->handle(std::move(request));
  } catch (const std::exception&) {
    if (gone_) throw;
    client_keeps_ = false;
  }
  co_return Response{.status = 500};
}

Task<bool> ServerConnection::serve(Request request) {
  phase_ = Phase::answering;
  response_begun_ = false;
  body_timed_out_ = false;
  stream_.trim(0);
  if (stream_.body_done()) watch();
  auto answered = co_await answer(std::move(request));
  if (const int status = status_for_fault(); status != 0) {
    co_await refuse(status);
    co_return false;
  }
  Response response{.status = 502};
  if (answered) response = *std::move(answered);
  if (response.status < 200 || response.status > 999 || !are_sendable(response.headers)) {
    response = Response{.status = 500};
  }
  if (co_await write_response(std::move(response), client_keeps_ && can_drain()) == Sent::cut) co_return false;
  phase_ = Phase::idle;
  if (client_keeps_ && !reading_body_ && co_await drain()) co_return true;
  co_await linger();
  co_return false;
}

/// A request whose body proved malformed, too long or too slow is refused whatever the service made of it.
int ServerConnection::status_for_fault() const {
  if (stream_.body_fault() != ParseFault::none) return status_of(stream_.body_fault());
  return body_timed_out_ ? 408 : 0;
}

/// Whether what is unread of the body is worth reading to keep the connection. A client that was never told to
/// continue may send its body or not: nobody knows what its next bytes are.
bool ServerConnection::can_drain() const {
  if (stream_.body_done()) return true;
  if (continue_owed_) return false;
  return stream_.framing() == Framing::chunked || stream_.remaining() <= k_drain_at_most;
}

Task<bool> ServerConnection::drain() {
  if (stream_.body_done()) co_return true;
  const auto buffer = std::make_unique_for_overwrite<char[]>(k_stream_buffer);
  std::uint64_t dropped = 0;
  while (!stream_.body_done()) {
    const auto count = co_await stream_.read_body({buffer.get(), k_stream_buffer}, k_linger);
    if (!count) co_return false;
    dropped += *count;
    if (dropped > k_drain_at_most) co_return false;
  }
  co_return true;
}

Task<void> ServerConnection::linger() {
  if (stream_.body_done() || reading_body_) co_return;
  transport_.shutdown_send();
  const auto buffer = std::make_unique_for_overwrite<char[]>(k_stream_buffer);
  const Deadline end = deadline_in(k_linger);
  for (std::uint64_t dropped = 0; dropped < k_linger_at_most;) {
    const auto count =
        co_await transport_.read_some({buffer.get(), k_stream_buffer}, std::min(end, deadline_in(k_linger_progress)));
    if (!count || *count == 0) co_return;
    dropped += *count;
  }
}

/// Answers a request that no service sees, and ends the connection.
Task<void> ServerConnection::refuse(int status) {
  Response response{.status = status, .headers = {{"Content-Type", "text/plain"}}};
  response.body = std::string(reason_phrase(status)) + "\n";
  if (co_await write_response(std::move(response), false) == Sent::everything) co_await linger();
}

void ServerConnection::compose_head(const Response& response, bool keep, bool chunked,
                                    std::optional<std::uint64_t> length) {
  if (out_.capacity() > k_kept_out) out_ = {};
  out_.clear();
  // Not needed for no content (RFC 9110, 10.1.1), but botocore takes an answer without it for a refusal and cannot use
  // the connection again.
  if (std::exchange(continue_empty_, false)) out_ = k_continue;
  fmt::format_to(std::back_inserter(out_), "HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  append_fields(out_, response.headers);
  if (!response.headers.contains("Date")) append_field(out_, "Date", date_now());
  if (length) append_field(out_, "Content-Length", fmt::format_int(*length).c_str());
  if (chunked) append_field(out_, "Transfer-Encoding", "chunked");
  if (!keep) append_field(out_, "Connection", "close");
  if (keep && !http_1_1_) append_field(out_, "Connection", "keep-alive");
  out_.append("\r\n");
}

Task<ServerConnection::Sent> ServerConnection::write_response(Response response, bool keep) {
  const auto given = response.headers.get("Content-Length");
  std::optional<std::uint64_t> length = response.body.length();
  if (const bool empty = !response.body.streaming() && length == 0; given && (!length || (head_request_ && empty))) {
    length = parse_length(*given);
  } else if (head_request_ && empty) {
    length.reset();  // the service did not say how long a GET's answer would be
  }
  const bool bodiless = head_request_ || has_no_body(response.status);
  if (response.status == 204) length.reset();
  if (response.status == 304 && !given) length.reset();
  const bool chunked = !length && !bodiless && http_1_1_;
  if (!length && !bodiless && !http_1_1_) keep = false;  // HTTP/1.0: the end of the connection ends the body
  client_keeps_ = keep;

  compose_head(response, keep, chunked, length);
  response_begun_ = true;
  Parts parts{out_};
  if (!bodiless && !response.body.streaming()) parts[1] = response.body.bytes();
  auto sent = transport_.try_write(parts);
  if (sent && !*sent) {
    const auto written = co_await transport_.write(parts, limits_.io_timeout);
    sent = written.has_value();
  }
  if (!sent || !*sent) co_return Sent::cut;
  if (bodiless || !response.body.streaming()) co_return Sent::everything;
  if (stream_.body_done()) {
    watch();
  } else {
    watch_coarsely();
  }
  co_return co_await write_stream(std::move(response.body), chunked, length);
}

/// Each piece that the body yields goes out at once: live events ride on it.
Task<ServerConnection::Sent> ServerConnection::write_stream(Body body, bool chunked,
                                                            std::optional<std::uint64_t> length) {
  std::size_t size = k_stream_buffer;
  auto buffer = std::make_unique_for_overwrite<char[]>(size);
  std::array<char, 20> chunk_head{};
  for (;;) {
    const auto count = co_await body.read({buffer.get(), size});
    if (!count) {
      // Where the end of the connection is the end of the body, only a reset tells that this is not it.
      if (!length && !chunked) transport_.reset();
      co_return Sent::cut;
    }
    if (length && *count > *length) co_return Sent::cut;
    if (length) *length -= *count;
    if (*count == 0) break;
    const std::string_view bytes(buffer.get(), *count);
    Parts parts{bytes};
    if (chunked) {
      auto* end = std::to_chars(chunk_head.data(), chunk_head.data() + 16, *count, 16).ptr;
      *end++ = '\r';
      *end++ = '\n';
      parts = {std::string_view(chunk_head.data(), static_cast<std::size_t>(end - chunk_head.data())), bytes, "\r\n"};
    }
    if (!co_await transport_.write(parts, limits_.io_timeout)) co_return Sent::cut;
    if (length == 0U) break;
    if (*count == size && size < k_large_stream_buffer) {
      size = k_large_stream_buffer;
      buffer = std::make_unique_for_overwrite<char[]>(size);
    }
  }
  if (length.value_or(0) != 0) co_return Sent::cut;
  if (chunked && !co_await transport_.write({"0\r\n\r\n"}, limits_.io_timeout)) co_return Sent::cut;
  co_return Sent::everything;
}

/// Waits beside the service for the client to go away.
void ServerConnection::watch() {
  if (watching_ || gone_ || !transport_.is_open()) return;
  watching_ = true;
  transport_.socket().async_wait(Transport::Socket::wait_read,
                                 [self = shared_from_this()](const boost::system::error_code& error) {
                                   self->watching_ = false;
                                   if (!error) self->watch_event();
                                 });
}

void ServerConnection::watch_event() {
  if (phase_ != Phase::answering || !stream_.body_done()) return;
  bool unread = false;
  if (!transport_.peer_alive(unread)) {
    client_gone();
  } else if (unread) {
    watch_coarsely();  // the next request hides the end of the connection
  } else {
    watch();
  }
}

/// For a socket with unread bytes, which would be reported as readable for ever.
void ServerConnection::watch_coarsely() {
  coarse_watch_.expires_after(k_coarse_watch);
  coarse_watch_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->phase_ != Phase::answering) return;
    if (self->transport_.hung_up()) {
      self->client_gone();
    } else {
      self->watch_coarsely();
    }
  });
}

}  // namespace sortie::http
