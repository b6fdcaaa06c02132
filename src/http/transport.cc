#include "http/transport.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

namespace sortie::http {

namespace {

/// Bytes written without suspending before other coroutines get their turn.
constexpr std::size_t k_fair_share = 256 * 1024;
/// Plain text encrypted ahead of the socket.
constexpr std::size_t k_encrypt_ahead = 64 * 1024;
/// Records received with one call: those that `k_encrypt_ahead` makes the other end send together, with what encryption
/// adds, so that no part of one is left for a second call. The buffer is there while there is something in it.
constexpr std::size_t k_receive_ahead = k_encrypt_ahead + 2 * 17 * 1024;
constexpr auto k_await = asio::as_tuple(asio::use_awaitable);

using boost::system::error_code;

error_code last_error() {
  return {errno, boost::system::system_category()};
}

std::unexpected<Error> network_failure(const char* what, const error_code& error) {
  if (error == asio::error::eof) return fail(ErrorKind::network, std::string(what) + ": connection closed");
  return fail(ErrorKind::network, std::string(what) + ": " + error.message());
}

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

bool all_empty(const Parts& parts) {
  return std::ranges::all_of(parts, [](std::string_view part) { return part.empty(); });
}

void take_front(Parts& parts, std::size_t count) {
  for (std::string_view& part : parts) {
    const std::size_t here = std::min(count, part.size());
    part.remove_prefix(here);
    count -= here;
  }
}

}  // namespace

// The TLS engine's view of the socket: reading is direct, writing goes to a buffer that the coroutines flush,
// so that the engine never waits in the middle of a record. (OpenSSL's own socket BIO would raise SIGPIPE.)

int transport_bio_write(BIO* bio, const char* data, int size) {
  static_cast<Transport*>(BIO_get_data(bio))->ciphertext_.append(data, static_cast<std::size_t>(size));
  return size;
}

int transport_bio_read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  auto* transport = static_cast<Transport*>(BIO_get_data(bio));
  const ssize_t count = ::recv(transport->socket_.native_handle(), data, static_cast<std::size_t>(size), MSG_DONTWAIT);
  if (count < 0 && (would_block(errno) || errno == EINTR)) BIO_set_retry_read(bio);
  transport->socket_ended_ = count == 0;
  return static_cast<int>(count);
}

long transport_bio_control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_EOF) return static_cast<Transport*>(BIO_get_data(bio))->socket_ended_ ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

namespace {

const BIO_METHOD* bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "transport");
    BIO_meth_set_write(made, transport_bio_write);
    BIO_meth_set_read(made, transport_bio_read);
    BIO_meth_set_ctrl(made, transport_bio_control);
    return made;
  }();
  return method;
}

}  // namespace

Transport::Transport(Socket socket, Deadlines& deadlines) : socket_(std::move(socket)), deadlines_(deadlines) {
  deadlines_.add(*this);
}

Transport::~Transport() {
  close();
}

Result<void> Transport::begin_tls(SSL_CTX* context, bool server) {
  ssl_.reset(SSL_new(context));
  BIO* bio = ssl_ ? BIO_new(bio_method()) : nullptr;
  if (bio == nullptr) return tls_failure("start TLS");
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_set_read_ahead(ssl_.get(), 1);
  SSL_set_default_read_buffer_len(ssl_.get(), k_receive_ahead);
  if (server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
  return {};
}

Task<Result<void>> Transport::handshake(Deadline deadline) {
  set_read_deadline(deadline);
  set_write_deadline(deadline);
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    const int reason = SSL_get_error(ssl_.get(), done);
    for (;;) {  // also after a failure: the alert tells the peer why
      auto flushed = flush_tls();
      if (!flushed && done == 1) co_return std::unexpected(std::move(flushed).error());
      if (!flushed || *flushed) break;
      CO_RETURN_IF_ERROR(co_await wait_writable());
    }
    if (done == 1) break;
    if (reason != SSL_ERROR_WANT_READ) co_return tls_failure("TLS handshake");
    CO_RETURN_IF_ERROR(co_await wait_readable());
  }
  set_read_deadline(k_no_deadline);
  set_write_deadline(k_no_deadline);
  co_return Result<void>{};
}

Task<Result<std::size_t>> Transport::read_some(std::span<char> buffer, Deadline deadline) {
  // The end is reported by the system once: another read would wait for ever.
  if (read_ended_) co_return std::size_t{0};
  set_read_deadline(deadline);
  auto count = ssl_ ? co_await read_tls(buffer) : co_await read_plain(buffer);
  set_read_deadline(k_no_deadline);
  read_ended_ = count == std::size_t{0};
  co_return count;
}

Task<Result<std::size_t>> Transport::read_plain(std::span<char> buffer) {
  for (;;) {
    const auto [error, count] = co_await socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()), k_await);
    if (!error) co_return count;
    if (error == asio::error::eof) co_return std::size_t{0};
    if (error != asio::error::operation_aborted) co_return network_failure("read", error);
    // Aborted, but not for us: the other direction's deadline cancels both.
    if (read_expired_ || !socket_.is_open()) co_return interrupted(read_expired_);
  }
}

Task<Result<std::size_t>> Transport::read_tls(std::span<char> buffer) {
  if (read_failure_) co_return std::unexpected(*read_failure_);
  for (;;) {
    ERR_clear_error();
    std::size_t count = 0;
    const int done = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &count);
    const int reason = SSL_get_error(ssl_.get(), done);
    if (auto flushed = flush_tls(); !flushed && done != 1) co_return std::unexpected(std::move(flushed).error());
    if (done == 1) co_return count + read_decrypted(buffer.subspan(count));
    if (reason == SSL_ERROR_ZERO_RETURN) co_return std::size_t{0};
    if (reason != SSL_ERROR_WANT_READ) co_return tls_failure("read");
    CO_RETURN_IF_ERROR(co_await wait_readable());
  }
}

std::size_t Transport::read_decrypted(std::span<char> buffer) {
  std::size_t count = 0;
  while (count < buffer.size() && SSL_has_pending(ssl_.get()) == 1) {
    ERR_clear_error();
    std::size_t here = 0;
    const int done = SSL_read_ex(ssl_.get(), buffer.data() + count, buffer.size() - count, &here);
    const int reason = SSL_get_error(ssl_.get(), done);
    count += here;
    if (done == 1) continue;
    // Told to who reads next; the engine itself would tell that one less. The end it does repeat.
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_ZERO_RETURN) read_failure_ = tls_failure("read").error();
    break;
  }
  return count;
}

Task<Result<void>> Transport::wait_readable() {
  for (;;) {
    const auto [error] = co_await socket_.async_wait(Socket::wait_read, k_await);
    if (!error) co_return Result<void>{};
    if (error != asio::error::operation_aborted) co_return network_failure("read", error);
    if (read_expired_ || !socket_.is_open()) co_return interrupted(read_expired_);
  }
}

Task<Result<void>> Transport::wait_writable() {
  for (;;) {
    const auto [error] = co_await socket_.async_wait(Socket::wait_write, k_await);
    if (!error) co_return Result<void>{};
    if (error != asio::error::operation_aborted) co_return network_failure("write", error);
    if (write_expired_ || !socket_.is_open()) co_return interrupted(write_expired_);
  }
}

Task<Result<void>> Transport::write(Parts parts, std::chrono::steady_clock::duration progress) {
  for (const std::string_view part : parts) unyielded_ += part.size();
  if (unyielded_ > k_fair_share) {
    unyielded_ = 0;
    co_await asio::post(asio::use_awaitable);
  }
  for (;;) {
    ASSIGN_OR_CO_RETURN(const bool done, try_write(parts));
    if (done) break;
    unyielded_ = 0;
    set_write_deadline(deadline_in(progress));
    CO_RETURN_IF_ERROR(co_await wait_writable());
  }
  set_write_deadline(k_no_deadline);
  co_return Result<void>{};
}

Result<bool> Transport::try_write(Parts& parts) {
  if (!socket_.is_open()) return fail(ErrorKind::cancelled, "connection closed");
  if (!ssl_) return send_now(parts);
  for (;;) {
    ASSIGN_OR_RETURN(const bool flushed, flush_tls());
    if (!flushed) return false;
    if (all_empty(parts)) return true;
    RETURN_IF_ERROR(encrypt(parts, k_encrypt_ahead));
  }
}

Result<bool> Transport::send_now(Parts& parts) {
  while (!all_empty(parts)) {
    std::array<iovec, std::tuple_size_v<Parts>> vectors{};
    std::size_t used = 0;
    for (const std::string_view part : parts) {
      if (!part.empty()) vectors[used++] = {const_cast<char*>(part.data()), part.size()};
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = used;
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && would_block(errno)) return false;
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return network_failure("write", last_error());
    take_front(parts, static_cast<std::size_t>(sent));
  }
  return true;
}

Result<bool> Transport::flush_tls() {
  while (ciphertext_sent_ < ciphertext_.size()) {
    const ssize_t sent = ::send(socket_.native_handle(), ciphertext_.data() + ciphertext_sent_,
                                ciphertext_.size() - ciphertext_sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && would_block(errno)) return false;
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return network_failure("write", last_error());
    ciphertext_sent_ += static_cast<std::size_t>(sent);
  }
  ciphertext_sent_ = 0;
  ciphertext_.clear();
  if (ciphertext_.capacity() > SSL3_RT_MAX_PLAIN_LENGTH) ciphertext_.shrink_to_fit();
  return true;
}

Result<void> Transport::encrypt(Parts& parts, std::size_t at_most) {
  // Small parts share a record: a head and a short body travel in one packet.
  std::string joined;
  std::string_view plain = parts[0];
  const std::size_t total = parts[0].size() + parts[1].size() + parts[2].size();
  if (plain.size() != total && plain.size() < SSL3_RT_MAX_PLAIN_LENGTH) {
    for (const std::string_view part : parts) {
      joined.append(part.substr(0, SSL3_RT_MAX_PLAIN_LENGTH - joined.size()));
    }
    plain = joined;
  }
  plain = plain.substr(0, at_most);
  ERR_clear_error();
  std::size_t taken = 0;
  if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &taken) != 1) return tls_failure("write");
  take_front(parts, taken);
  return {};
}

bool Transport::peer_alive(bool& unread) {
  unread = false;
  if (!socket_.is_open()) return false;
  char byte = 0;
  if (ssl_) {
    ERR_clear_error();
    std::size_t count = 0;
    const int done = SSL_peek_ex(ssl_.get(), &byte, 1, &count);
    unread = done == 1;
    return done == 1 || SSL_get_error(ssl_.get(), done) == SSL_ERROR_WANT_READ;
  }
  const ssize_t count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  unread = count > 0;
  return count > 0 || (count < 0 && (would_block(errno) || errno == EINTR));
}

bool Transport::hung_up() {
  if (!socket_.is_open()) return true;
  pollfd state{socket_.native_handle(), 0, 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

void Transport::shutdown_send() {
  if (ssl_ && SSL_is_init_finished(ssl_.get()) != 0) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    static_cast<void>(flush_tls());
  }
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void Transport::close() {
  if (!socket_.is_open()) return;
  if (ssl_ && SSL_is_init_finished(ssl_.get()) != 0) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    static_cast<void>(flush_tls());
  }
  error_code ignored;
  socket_.close(ignored);
}

void Transport::reset() {
  if (!socket_.is_open()) return;
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

void Transport::on_deadline(Deadline now) {
  if (read_deadline_ <= now) {
    read_expired_ = true;
    read_deadline_ = k_no_deadline;
  }
  if (write_deadline_ <= now) {
    write_expired_ = true;
    write_deadline_ = k_no_deadline;
  }
  due = std::min(read_deadline_, write_deadline_);
  error_code ignored;
  socket_.cancel(ignored);
}

void Transport::set_read_deadline(Deadline deadline) {
  read_deadline_ = deadline;
  read_expired_ = false;
  due = std::min(read_deadline_, write_deadline_);
  if (deadline != k_no_deadline) deadlines_.note(deadline);
}

void Transport::set_write_deadline(Deadline deadline) {
  write_deadline_ = deadline;
  write_expired_ = false;
  due = std::min(read_deadline_, write_deadline_);
  if (deadline != k_no_deadline) deadlines_.note(deadline);
}

std::unexpected<Error> Transport::interrupted(bool& expired) {
  if (!std::exchange(expired, false)) return fail(ErrorKind::cancelled, "connection closed");
  return fail(ErrorKind::timeout, "timed out");
}

std::unexpected<Error> Transport::tls_failure(const char* what) {
  const std::string prefix = std::string(what) + ": ";
  const unsigned long code = ERR_peek_last_error();
  if (code == 0) {
    return fail(ErrorKind::network, prefix + (errno != 0 ? last_error().message() : "connection closed"));
  }
  if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    return fail(ErrorKind::network, prefix + "connection closed");
  }
  const char* reason = ERR_reason_error_string(code);
  return fail(ErrorKind::network, prefix + (reason != nullptr ? reason : "TLS error " + std::to_string(code)));
}

}  // namespace sortie::http
