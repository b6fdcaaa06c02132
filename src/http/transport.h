#pragma once

#include <openssl/ssl.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/task.h"
#include "http/deadlines.h"

namespace sortie::http {

/// What is written with one call: head, body, or the three parts of a chunk.
using Parts = std::array<std::string_view, 3>;

/// A connected stream socket, plain or TLS, with a deadline for reading and one for writing. At most
/// one read and one write at a time; they may overlap. TLS ciphertext is buffered only while it waits for the socket,
/// so that an idle TLS connection holds no record buffers. io_context thread only.
class Transport final : public Deadlines::Entry {
 public:
  using Socket = asio::generic::stream_protocol::socket;

  Transport(Socket socket, Deadlines& deadlines);
  ~Transport() override;

  /// Turns the connection into TLS. `context` is referenced. As a client, `ssl` settings such as the
  /// server's name are made through `ssl()` between this call and `handshake`.
  Result<void> begin_tls(SSL_CTX* context, bool server);
  Task<Result<void>> handshake(Deadline deadline);
  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }

  /// Reads what is there, at least one byte; 0 is the end, again and again. ErrorKind::timeout past the deadline.
  Task<Result<std::size_t>> read_some(std::span<char> buffer, Deadline deadline);
  /// Moves the deadline of the read that is under way.
  void move_read_deadline(Deadline deadline) { set_read_deadline(deadline); }
  /// Writes everything. `progress` bounds each wait for the receiver.
  Task<Result<void>> write(Parts parts, std::chrono::steady_clock::duration progress);
  /// Writes without waiting what the socket takes at once, and takes that off `parts`. True when all is written.
  Result<bool> try_write(Parts& parts);

  /// False when the peer has closed or broken the connection, as far as can be seen without waiting. `unread`
  /// is set when bytes wait to be read.
  bool peer_alive(bool& unread);
  /// True when the connection is broken or closed on both sides; a half-closed one is not.
  bool hung_up();
  void shutdown_send();
  /// Breaks off what is in flight with ErrorKind::cancelled.
  void close();
  /// The same, and the peer sees a reset connection instead of an orderly end.
  void reset();
  [[nodiscard]] bool is_open() const { return socket_.is_open(); }
  Socket& socket() { return socket_; }

 private:
  struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  void on_deadline(Deadline now) override;
  void set_read_deadline(Deadline deadline);
  void set_write_deadline(Deadline deadline);
  Task<Result<void>> wait_readable();
  Task<Result<void>> wait_writable();
  Task<Result<std::size_t>> read_plain(std::span<char> buffer);
  Task<Result<std::size_t>> read_tls(std::span<char> buffer);
  /// What the engine has received already, as far as there is room; waits for nothing.
  std::size_t read_decrypted(std::span<char> buffer);
  Result<bool> send_now(Parts& parts);
  Result<bool> flush_tls();
  Result<void> encrypt(Parts& parts, std::size_t at_most);
  std::unexpected<Error> tls_failure(const char* what);
  std::unexpected<Error> interrupted(bool& expired);

  friend long transport_bio_control(BIO* bio, int command, long number, void* pointer);
  friend int transport_bio_write(BIO* bio, const char* data, int size);
  friend int transport_bio_read(BIO* bio, char* data, int size);

  Socket socket_;
  Deadlines& deadlines_;
  std::unique_ptr<SSL, SslFree> ssl_;
  std::string ciphertext_;  // encrypted, not yet taken by the socket
  std::size_t ciphertext_sent_ = 0;
  std::size_t unyielded_ = 0;
  bool read_ended_ = false;
  bool socket_ended_ = false;          // the TLS engine met the end of the stream
  std::optional<Error> read_failure_;  // behind what was read last
  Deadline read_deadline_ = k_no_deadline;
  Deadline write_deadline_ = k_no_deadline;
  bool read_expired_ = false;
  bool write_expired_ = false;
};

}  // namespace sortie::http
