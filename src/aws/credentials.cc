#include "aws/credentials.h"

#include <unistd.h>

#include <boost/asio/this_coro.hpp>

#include "aws/credentials_detail.h"
#include "base/signal.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX wants it declared by the user

namespace sortie::aws {

namespace {

constexpr std::chrono::minutes k_refresh_before{5};

class EnvironmentCredentials final : public CredentialsProvider {
 public:
  explicit EnvironmentCredentials(Environment environment) : environment_(std::move(environment)) {}

  Task<Result<Credentials>> get() override {
    Credentials out;
    out.access_key_id = value_of(environment_, "AWS_ACCESS_KEY_ID");
    out.secret_access_key = value_of(environment_, "AWS_SECRET_ACCESS_KEY");
    out.session_token = value_of(environment_, "AWS_SESSION_TOKEN");
    out.source = "environment";
    if (out.access_key_id.empty() && out.secret_access_key.empty()) {
      co_return fail(ErrorKind::config, "environment: AWS_ACCESS_KEY_ID is not set");
    }
    if (out.access_key_id.empty() || out.secret_access_key.empty()) {
      co_return fail(ErrorKind::usage, "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set");
    }
    co_return out;
  }

 private:
  Environment environment_;
};

/// Owns the environment that its chain was made from.
std::vector<std::unique_ptr<CredentialsProvider>> default_sources(const ChainOptions& options) {
  std::vector<std::unique_ptr<CredentialsProvider>> sources;
  // A profile given by name is wanted instead of whatever the environment holds.
  if (options.profile.empty()) {
    sources.push_back(environment_credentials(options.environment));
    sources.push_back(web_identity_credentials(options));
  }
  sources.push_back(profile_credentials(options));
  if (options.profile.empty()) {
    sources.push_back(container_credentials(options));
    sources.push_back(instance_credentials(options));
  }
  return sources;
}

}  // namespace

Environment process_environment() {
  Environment out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

std::string value_of(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

struct CachedCredentials::State {
  State(std::unique_ptr<CredentialsProvider> given, const Clock& time) : source(std::move(given)), clock(time) {}

  [[nodiscard]] bool is_fresh(std::chrono::milliseconds ahead) const {
    return kept && (!kept->expires || *kept->expires - ahead > clock.now());
  }

  std::unique_ptr<CredentialsProvider> source;
  const Clock& clock;
  std::optional<Credentials> kept;
  bool refreshing = false;
  std::optional<Signal> refreshed;  ///< there once somebody has waited
};

CachedCredentials::CachedCredentials(std::unique_ptr<CredentialsProvider> source, const Clock& clock)
    : state_(std::make_shared<State>(std::move(source), clock)) {}
CachedCredentials::~CachedCredentials() = default;

void CachedCredentials::invalidate() {
  state_->kept.reset();
  state_->source->invalidate();
}

namespace {

/// Marks a refresh and wakes those who wait for it, also when it is cancelled.
template <class State>
class Refresh {
 public:
  explicit Refresh(std::shared_ptr<State> state) : state_(std::move(state)) { state_->refreshing = true; }
  Refresh(const Refresh&) = delete;
  Refresh& operator=(const Refresh&) = delete;
  ~Refresh() {
    state_->refreshing = false;
    if (state_->refreshed) state_->refreshed->notify();
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace

Task<Result<Credentials>> CachedCredentials::get() {
  const auto state = state_;
  for (;;) {
    if (state->is_fresh(k_refresh_before)) co_return *state->kept;
    if (!state->refreshing) break;
    if (!state->refreshed) state->refreshed.emplace(co_await asio::this_coro::executor);
    co_await state->refreshed->wait();
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none) {
      co_return fail(ErrorKind::cancelled, "waiting for credentials");
    }
  }
  const Refresh mark(state);
  auto fresh = co_await state->source->get();
  if (fresh) state->kept = *fresh;
  if (!fresh && state->is_fresh(std::chrono::milliseconds(0))) co_return *state->kept;
  co_return fresh;
}

CredentialsChain::CredentialsChain(std::vector<std::unique_ptr<CredentialsProvider>> sources)
    : sources_(std::move(sources)) {}

Task<Result<Credentials>> CredentialsChain::get() {
  std::string tried;
  for (const auto& source : sources_) {
    auto credentials = co_await source->get();
    if (credentials) co_return credentials;
    if (credentials.error().kind != ErrorKind::config) co_return credentials;
    if (!tried.empty()) tried += "; ";
    tried += credentials.error().message;
  }
  co_return fail(ErrorKind::config, "no AWS credentials (" + tried + ")",
                 "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
}

std::unique_ptr<CredentialsProvider> environment_credentials(Environment environment) {
  return std::make_unique<EnvironmentCredentials>(std::move(environment));
}

std::unique_ptr<CredentialsProvider> default_credentials(ChainOptions options) {
  return std::make_unique<CachedCredentials>(std::make_unique<CredentialsChain>(default_sources(options)),
                                             options.clock);
}

}  // namespace sortie::aws
