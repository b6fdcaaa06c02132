#pragma once

#include <memory>
#include <string>

#include "http/connector.h"

namespace sortie::http {

/// Where connections come from and go back to.
class ConnectionKeeper {
 public:
  virtual ~ConnectionKeeper() = default;
  virtual void give_back(const std::string& key, std::shared_ptr<ClientConnection> connection, bool reusable) = 0;
};

/// A connection in use. Unless given back as reusable it is closed.
class Lease {
 public:
  Lease(std::weak_ptr<ConnectionKeeper> keeper, std::string key, std::shared_ptr<ClientConnection> connection)
      : keeper_(std::move(keeper)), key_(std::move(key)), connection_(std::move(connection)) {}
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&&) = delete;
  ~Lease() { give_back(false); }

  void give_back(bool reusable) {
    const auto connection = std::exchange(connection_, nullptr);
    if (!connection) return;
    if (const auto keeper = keeper_.lock()) {
      keeper->give_back(key_, connection, reusable);
    } else {
      connection->transport.close();
    }
  }
  [[nodiscard]] const std::shared_ptr<ClientConnection>& connection() const { return connection_; }

 private:
  std::weak_ptr<ConnectionKeeper> keeper_;
  std::string key_;
  std::shared_ptr<ClientConnection> connection_;
};

class Upload;

/// One request and its response on one connection. What the socket does not take at once of the request is sent beside
/// the reading of the response, so that an early answer is seen.
class Exchange {
 public:
  Exchange(Lease lease, const ClientOptions& options) : lease_(std::move(lease)), options_(options) {}
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Task<Result<Response>> run(const Request& request, const Endpoint& endpoint, std::shared_ptr<Body> body);
  /// No byte of a response was received.
  [[nodiscard]] bool nothing_came() const { return !got_bytes_; }

 private:
  Task<Result<void>> send(const Request& request, const Endpoint& endpoint, std::shared_ptr<Body> body);
  Task<Result<void>> read_final_head(const std::string& host);
  std::unexpected<Error> head_failure(const HeadRead& read, const std::string& host) const;
  Response make_response(bool head_request);

  Lease lease_;
  const ClientOptions& options_;
  std::shared_ptr<Upload> upload_;  // null: the request was sent at once
  bool got_bytes_ = false;
};

}  // namespace sortie::http
