#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/message_stream.h"
#include "http/server.h"
#include "http/service.h"
#include "http/transport.h"

namespace sortie::http {

/// Where a connection came in.
struct Origin {
  Service* service = nullptr;
  SSL_CTX* tls = nullptr;  ///< null: plain
  std::string scheme;
  std::uint64_t listener = 0;
};

/// One accepted connection: reads requests, has the service answer them, writes the responses. It keeps itself alive
/// until the connection ends. While the service works or a response streams, the socket is watched: a client that
/// goes away cancels both.
class ServerConnection
    : public std::enable_shared_from_this<ServerConnection>,
      public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  ServerConnection(Transport::Socket socket, std::shared_ptr<Deadlines> deadlines, const ServerLimits& limits,
                   Origin origin, std::string peer_address);

  /// Runs the connection; `ended` is called once when it is over.
  void start(std::function<void()> ended);
  /// Closes the connection and cancels what is in flight.
  void abort();
  [[nodiscard]] std::uint64_t listener() const { return origin_.listener; }

  /// Since when no request has been there.
  struct Waiting {
    bool begun = false;  ///< some of the next one has come
    Deadline since;
    auto operator<=>(const Waiting&) const = default;
  };
  /// Nothing while a request is being answered, or when the connection is ending.
  [[nodiscard]] std::optional<Waiting> waiting() const;

 private:
  friend class RequestBody;
  enum class Phase : std::uint8_t { idle, answering };
  enum class Sent : std::uint8_t { everything, cut };

  Task<void> run();
  Task<bool> next_request();
  Task<bool> serve(Request request);
  Task<Result<Response>> answer(Request request);
  Task<Sent> write_response(Response response, bool keep);
  Task<Sent> write_stream(Body body, bool chunked, std::optional<std::uint64_t> length);
  Task<void> refuse(int status);
  Task<bool> drain();
  Task<void> linger();
  Task<Result<std::size_t>> read_request_body(std::span<char> buffer);
  /// Null when request `number` is not the one at hand, or its body has not been read to its end.
  const Headers* trailers_of(std::uint64_t number);

  std::expected<Request, int> make_request();
  std::expected<void, int> frame_request(const MessageHead& head);
  [[nodiscard]] int status_for_fault() const;
  [[nodiscard]] bool can_drain() const;
  void compose_head(const Response& response, bool keep, bool chunked, std::optional<std::uint64_t> length);
  void watch();
  void watch_event();
  void watch_coarsely();
  void client_gone();

  ServerLimits limits_;
  Origin origin_;
  std::string peer_address_;
  std::shared_ptr<Deadlines> deadlines_;
  Transport transport_;
  MessageStream stream_;
  asio::cancellation_signal cancel_;
  asio::steady_timer coarse_watch_;
  std::string out_;
  std::uint64_t request_number_ = 0;
  Phase phase_ = Phase::idle;
  std::optional<Deadline> waiting_since_;
  bool watching_ = false;
  bool gone_ = false;
  bool continue_owed_ = false;   // the client waits for 100 Continue
  bool continue_empty_ = false;  // it said so of a request without content
  bool response_begun_ = false;  // the response's head is on its way
  bool reading_body_ = false;
  bool body_timed_out_ = false;
  bool head_request_ = false;
  bool http_1_1_ = true;
  bool client_keeps_ = true;
};

}  // namespace sortie::http
