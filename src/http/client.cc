#include "http/client.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <list>
#include <unordered_map>
#include <vector>

#include "http/connector.h"
#include "http/exchange.h"
#include "http/head_text.h"

namespace sortie::http {

namespace {

constexpr auto k_prune_interval = std::chrono::seconds(1);

/// The connections to one endpoint.
struct Pool {
  std::vector<std::shared_ptr<ClientConnection>> idle;  // the last used at the back
  std::size_t open = 0;                                 // idle ones and those in use
  std::list<asio::steady_timer*> waiters;               // in order of arrival
  std::shared_ptr<TlsSession> tls_session = std::make_shared<TlsSession>();

  void wake_one() {
    if (waiters.empty()) return;
    waiters.front()->cancel();
    waiters.pop_front();
  }
};

/// A request's place in the queue for a connection. Leaves it when the request is cancelled; a call that came
/// meanwhile goes to the next in line.
class Place {
 public:
  Place(Pool& pool, const Executor& executor) : pool_(pool), timer_(executor, asio::steady_timer::time_point::max()) {
    pool_.waiters.push_back(&timer_);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (served_) return;
    const auto waiting = std::erase(pool_.waiters, &timer_);
    if (waiting == 0) pool_.wake_one();
  }
  Task<void> wait() {
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    served_ = std::ranges::find(pool_.waiters, &timer_) == pool_.waiters.end();
  }

 private:
  Pool& pool_;
  asio::steady_timer timer_;
  bool served_ = false;
};

}  // namespace

struct Client::Impl : ConnectionKeeper, std::enable_shared_from_this<Client::Impl> {
  Impl(Executor io, ClientOptions given)
      : executor(std::move(io)),
        options(std::move(given)),
        deadlines(std::make_shared<Deadlines>(executor)),
        connector(executor, deadlines, options) {}

  Result<Endpoint> endpoint_of(const Request& request) const;
  Task<Result<std::shared_ptr<ClientConnection>>> acquire(const Endpoint& endpoint, bool fresh);
  std::shared_ptr<ClientConnection> take_idle(Pool& pool);
  void drop_idle(Pool& pool);
  void prune();
  void give_back(const std::string& key, std::shared_ptr<ClientConnection> connection, bool reusable) override;
  static Task<Result<Response>> handle(std::shared_ptr<Impl> self, Request request);

  const Executor executor;
  const ClientOptions options;
  const std::shared_ptr<Deadlines> deadlines;
  Connector connector;
  std::unordered_map<std::string, std::shared_ptr<Pool>> pools;
  Deadline prune_at = std::chrono::steady_clock::now();
};

Result<Endpoint> Client::Impl::endpoint_of(const Request& request) const {
  Endpoint endpoint;
  endpoint.tls = request.scheme == "https";
  if (!endpoint.tls && request.scheme != "http") {
    return fail(ErrorKind::usage, "unknown scheme: " + request.scheme);
  }
  const auto parsed = parse_authority(request.host);
  if (!parsed || parsed->host.empty() || parsed->host.size() != request.host.size()) {
    return fail(ErrorKind::usage, "not a host name: " + request.host);
  }
  endpoint.host = request.host;
  if (endpoint.host.starts_with('[')) endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  endpoint.port = request.port != 0 ? request.port : endpoint.tls ? 443 : 80;
  endpoint.key = request.scheme + " " + endpoint.host + " " + std::to_string(endpoint.port);
  const std::string& proxy = endpoint.tls ? options.proxy.https_proxy : options.proxy.http_proxy;
  if (!proxy.empty() && !bypasses_proxy(options.proxy.no_proxy, endpoint.host, endpoint.port)) {
    ASSIGN_OR_RETURN(endpoint.proxy, parse_proxy(proxy));
    // Plain requests to every host share the connections to their proxy.
    if (!endpoint.tls) endpoint.key = "proxy";
  }
  return endpoint;
}

void Client::Impl::prune() {
  const auto now = std::chrono::steady_clock::now();
  if (now < prune_at) return;
  prune_at = now + k_prune_interval;
  std::erase_if(pools, [&](const auto& entry) {
    Pool& pool = *entry.second;
    pool.open -= std::erase_if(pool.idle, [&](const auto& connection) { return connection->idle_until <= now; });
    return pool.open == 0 && entry.second.use_count() == 1;
  });
}

std::shared_ptr<ClientConnection> Client::Impl::take_idle(Pool& pool) {
  while (!pool.idle.empty()) {
    auto connection = std::move(pool.idle.back());
    pool.idle.pop_back();
    bool unread = false;
    // Bytes that nobody asked for are as bad as the end.
    const bool young = connection->idle_until > std::chrono::steady_clock::now();
    if (young && connection->transport.peer_alive(unread) && !unread) {
      connection->reused = true;
      return connection;
    }
    --pool.open;
  }
  return nullptr;
}

void Client::Impl::drop_idle(Pool& pool) {
  pool.open -= pool.idle.size();
  pool.idle.clear();
}

Task<Result<std::shared_ptr<ClientConnection>>> Client::Impl::acquire(const Endpoint& endpoint, bool fresh) {
  prune();
  auto& slot = pools[endpoint.key];
  if (!slot) slot = std::make_shared<Pool>();
  const auto kept = slot;  // a pool that is waited for is not pruned
  Pool& pool = *kept;
  for (;;) {
    if (fresh) drop_idle(pool);  // kept as long as the one that failed, they are likely no better
    if (auto connection = take_idle(pool)) co_return connection;
    if (pool.open < options.max_connections_per_host) break;
    Place place(pool, executor);
    co_await place.wait();
  }
  ++pool.open;
  struct Opening {
    explicit Opening(Pool& owner) : pool(&owner) {}
    ~Opening() {
      if (pool == nullptr) return;
      --pool->open;
      pool->wake_one();
    }
    Pool* pool;
  } opening(pool);
  auto connection = co_await connector.connect(endpoint, pool.tls_session);
  if (connection) opening.pool = nullptr;
  co_return connection;
}

void Client::Impl::give_back(const std::string& key, std::shared_ptr<ClientConnection> connection, bool reusable) {
  Pool& pool = *pools.at(key);
  if (reusable && pool.idle.size() < options.max_idle_per_host && connection->transport.is_open()) {
    connection->idle_until = deadline_in(options.idle_timeout);
    connection->stream.trim(0);  // an idle connection holds no buffer
    pool.idle.push_back(std::move(connection));
  } else {
    connection->transport.close();
    --pool.open;
  }
  pool.wake_one();
}

Task<Result<Response>> Client::Impl::handle(std::shared_ptr<Impl> self, Request request) {
  if (!is_token(request.method) || !are_sendable(request.headers) || !is_request_target(request.path) ||
      !is_request_target(request.query)) {
    co_return fail(ErrorKind::usage, "the request contains characters that HTTP does not allow");
  }
  ASSIGN_OR_CO_RETURN(const Endpoint endpoint, self->endpoint_of(request));
  const auto body = std::make_shared<Body>(std::move(request.body));
  for (bool fresh = false;; fresh = true) {
    ASSIGN_OR_CO_RETURN(auto connection, co_await self->acquire(endpoint, fresh));
    const bool reused = connection->reused;
    Exchange exchange(Lease(self, endpoint.key, std::move(connection)), self->options);
    auto response = co_await exchange.run(request, endpoint, body);
    if (response || !reused || fresh || !exchange.nothing_came() || body->streaming()) co_return response;
    if (response.error().kind != ErrorKind::network) co_return response;
  }
}

Client::Client(Executor executor, ClientOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}

Client::~Client() = default;

Task<Result<Response>> Client::handle(Request request) {
  return Impl::handle(impl_, std::move(request));
}

}  // namespace sortie::http
