#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <set>

#include "aws/credentials.h"
#include "aws/credentials_detail.h"
#include "aws/profile.h"
#include "aws/sts.h"
#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/json.h"
#include "wire/uri.h"

namespace sortie::aws {

namespace {

constexpr int k_max_profile_depth = 8;

class AssumeRoleCredentials final : public CredentialsProvider {
 public:
  AssumeRoleCredentials(ChainOptions options, std::unique_ptr<CredentialsProvider> base, AssumeRoleOptions role)
      : options_(std::move(options)), base_(std::move(base)), role_(std::move(role)) {}

  Task<Result<Credentials>> get() override {
    Sts sts(sts_config(options_, *base_));
    AssumeRoleRequest request;
    request.role_arn = role_.role_arn;
    request.session_name = role_.session_name.empty() ? default_session_name(options_.clock) : role_.session_name;
    request.external_id = role_.external_id;
    request.duration = role_.duration;
    auto credentials = co_await sts.assume_role(std::move(request));
    if (!credentials) {
      auto error = std::move(credentials).error();
      // STS refusing is not "no credentials here": the chain must stop and say so.
      if (error.kind == ErrorKind::config) error.kind = ErrorKind::denied;
      co_return std::unexpected(wrap(std::move(error), fmt::format("assume role {}", role_.role_arn)));
    }
    credentials->source = fmt::format("role {}", role_.role_arn);
    co_return credentials;
  }
  void invalidate() override { base_->invalidate(); }

 private:
  ChainOptions options_;
  std::unique_ptr<CredentialsProvider> base_;
  AssumeRoleOptions role_;
};

class WebIdentityCredentials final : public CredentialsProvider {
 public:
  explicit WebIdentityCredentials(ChainOptions options, std::string role, std::string token_file, std::string session)
      : options_(std::move(options)),
        role_(std::move(role)),
        token_file_(std::move(token_file)),
        session_(std::move(session)) {}

  Task<Result<Credentials>> get() override {
    if (role_.empty() || token_file_.empty()) {
      co_return fail(ErrorKind::config, "web identity: AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are not set");
    }
    auto token = read_small_file(token_file_);
    if (!token) co_return fail(ErrorKind::denied, "web identity: " + token.error().message);
    StaticCredentials none({});
    Sts sts(sts_config(options_, none));
    AssumeRoleWithWebIdentityRequest request;
    request.role_arn = role_;
    request.session_name = session_.empty() ? default_session_name(options_.clock) : session_;
    request.token = *std::move(token);
    auto credentials = co_await sts.assume_role_with_web_identity(std::move(request));
    if (!credentials) {
      auto error = std::move(credentials).error();
      if (error.kind == ErrorKind::config) error.kind = ErrorKind::denied;
      co_return std::unexpected(wrap(std::move(error), "web identity"));
    }
    credentials->source = "web identity";
    co_return credentials;
  }

 private:
  ChainOptions options_;
  std::string role_;
  std::string token_file_;
  std::string session_;
};

/// Credentials of IAM Identity Center: the token that `aws sso login` left, exchanged for the role's keys.
Task<Result<Credentials>> sso_credentials(ChainOptions options, Profiles profiles, std::string profile) {
  const auto session = profiles.get(profile, "sso_session");
  const auto setting = [&](const std::string& name) {
    if (session.empty()) return profiles.get(profile, name);
    const auto& settings = profiles.sso_sessions[session];
    const auto found = settings.find(name);
    return found != settings.end() ? found->second : profiles.get(profile, name);
  };
  const auto start_url = setting("sso_start_url");
  const auto region = setting("sso_region");
  const auto key =
      wire::hex_encode(wire::checksum(wire::ChecksumAlgorithm::sha1, session.empty() ? start_url : session));
  const auto hint = fmt::format("run `aws sso login --profile {}`", profile);
  const auto cache =
      read_small_file(fmt::format("{}/.aws/sso/cache/{}.json", value_of(options.environment, "HOME"), key));
  if (!cache) co_return fail(ErrorKind::denied, fmt::format("profile \"{}\": not logged in", profile), hint);
  ASSIGN_OR_CO_RETURN(const auto token, wire::parse_json_object(*cache));
  const auto expires = wire::parse_timestamp(wire::string_or(token, "expiresAt"));
  if (!expires || *expires <= options.clock.now()) {
    co_return fail(ErrorKind::denied, fmt::format("profile \"{}\": the login has expired", profile), hint);
  }
  StaticCredentials none({});
  Client client(ClientConfig{.service = options.service,
                             .credentials = none,
                             .clock = options.clock,
                             .region = region,
                             .endpoint_url = resolve_endpoint_url(options.environment, "sso", options.profile),
                             .retry = options.retry},
                ServiceTraits{"SSO", "portal.sso", "awsssoportal", Protocol::rest_json, false});
  Operation call;
  call.name = "GetRoleCredentials";
  call.method = "GET";
  call.path = "/federation/credentials";
  call.query = wire::build_query(
      {{"role_name", profiles.get(profile, "sso_role_name")}, {"account_id", profiles.get(profile, "sso_account_id")}});
  call.headers.set("x-amz-sso_bearer_token", wire::string_or(token, "accessToken"));
  call.anonymous = true;
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client.call(std::move(call)));
  ASSIGN_OR_CO_RETURN(const auto answer, wire::parse_json_object(reply.body));
  const auto& role = wire::object_or_empty(answer, "roleCredentials");
  Credentials out;
  out.access_key_id = wire::string_or(role, "accessKeyId");
  out.secret_access_key = wire::string_or(role, "secretAccessKey");
  out.session_token = wire::string_or(role, "sessionToken");
  out.expires = SystemTime(std::chrono::milliseconds(wire::int_or(role, "expiration")));
  out.source = fmt::format("profile \"{}\" (SSO)", profile);
  if (out.access_key_id.empty()) co_return fail(ErrorKind::protocol, "SSO answered without credentials");
  co_return out;
}

/// One look at the files; `seen` ends circles of source_profile.
class ProfileReader {
 public:
  ProfileReader(const ChainOptions& options, const Profiles& profiles) : options_(options), profiles_(profiles) {}

  Task<Result<Credentials>> read(std::string profile, int depth) const {
    if (depth > k_max_profile_depth) {
      co_return fail(ErrorKind::usage, fmt::format("profile \"{}\": source_profile goes in a circle", profile));
    }
    const auto get = [&](const char* name) { return profiles_.get(profile, name); };
    if (!profiles_.contains(profile)) co_return no_such_profile(profile);
    // A profile that is its own source means its static keys.
    const bool wants_role = !get("role_arn").empty() && !(depth > 0 && !get("aws_access_key_id").empty());
    if (wants_role) co_return co_await assume(profile, depth);
    if (!get("aws_access_key_id").empty()) co_return static_keys(profile);
    if (!get("sso_account_id").empty()) co_return co_await sso_credentials(options_, profiles_, profile);
    if (!get("credential_process").empty()) co_return co_await from_process(profile);
    co_return fail(ErrorKind::config, fmt::format("profile \"{}\" has no credentials", profile));
  }

 private:
  [[nodiscard]] std::unexpected<Error> no_such_profile(const std::string& profile) const {
    // A profile somebody named must be there; the default one need not.
    const bool was_named = profile != "default" || !options_.profile.empty();
    return fail(was_named ? ErrorKind::usage : ErrorKind::config,
                fmt::format("profile \"{}\" is not in the AWS config files", profile));
  }

  [[nodiscard]] Result<Credentials> static_keys(const std::string& profile) const {
    Credentials out;
    out.access_key_id = profiles_.get(profile, "aws_access_key_id");
    out.secret_access_key = profiles_.get(profile, "aws_secret_access_key");
    out.session_token = profiles_.get(profile, "aws_session_token");
    out.source = fmt::format("profile \"{}\"", profile);
    if (out.secret_access_key.empty()) {
      return fail(ErrorKind::usage, fmt::format("profile \"{}\" has no aws_secret_access_key", profile));
    }
    return out;
  }

  Task<Result<Credentials>> from_process(std::string profile) const {
    auto output = co_await run_credential_process(profiles_.get(profile, "credential_process"));
    if (!output) {
      co_return std::unexpected(
          wrap(std::move(output).error(), fmt::format("credential_process of profile \"{}\"", profile)));
    }
    co_return read_credentials_json(*output, fmt::format("profile \"{}\" (credential_process)", profile));
  }

  Task<Result<Credentials>> assume(std::string profile, int depth) const {
    if (const auto token_file = profiles_.get(profile, "web_identity_token_file"); !token_file.empty()) {
      WebIdentityCredentials source(options_, profiles_.get(profile, "role_arn"), token_file,
                                    profiles_.get(profile, "role_session_name"));
      co_return co_await source.get();
    }
    if (!profiles_.get(profile, "mfa_serial").empty()) {
      co_return fail(ErrorKind::usage, fmt::format("profile \"{}\" wants a code of its mfa_serial", profile),
                     "put a session's keys into the environment or into another profile");
    }
    ASSIGN_OR_CO_RETURN(auto base, co_await source_of(profile, depth));
    AssumeRoleOptions role;
    role.role_arn = profiles_.get(profile, "role_arn");
    role.session_name = profiles_.get(profile, "role_session_name");
    role.external_id = profiles_.get(profile, "external_id");
    if (const auto seconds = std::atoi(profiles_.get(profile, "duration_seconds").c_str()); seconds > 0) {
      role.duration = std::chrono::seconds(seconds);
    }
    AssumeRoleCredentials exchange(options_, std::make_unique<StaticCredentials>(std::move(base)), std::move(role));
    co_return co_await exchange.get();
  }

  Task<Result<Credentials>> source_of(std::string profile, int depth) const {
    if (const auto source = profiles_.get(profile, "source_profile"); !source.empty()) {
      // Its own name once more means the keys beside the role.
      if (source == profile && profiles_.get(profile, "aws_access_key_id").empty()) {
        co_return fail(ErrorKind::usage, fmt::format("profile \"{}\": source_profile goes in a circle", profile));
      }
      co_return co_await read(source, depth + 1);
    }
    const auto named = profiles_.get(profile, "credential_source");
    std::unique_ptr<CredentialsProvider> source;
    if (named == "Environment") source = environment_credentials(options_.environment);
    if (named == "EcsContainer") source = container_credentials(options_);
    if (named == "Ec2InstanceMetadata") source = instance_credentials(options_);
    if (!source) {
      co_return fail(
          ErrorKind::usage,
          fmt::format("profile \"{}\" has role_arn but neither source_profile nor credential_source", profile));
    }
    co_return co_await source->get();
  }

  const ChainOptions& options_;
  const Profiles& profiles_;
};

class ProfileCredentials final : public CredentialsProvider {
 public:
  explicit ProfileCredentials(ChainOptions options) : options_(std::move(options)) {}

  Task<Result<Credentials>> get() override {
    auto profiles = load_profiles(options_.environment);
    if (!profiles) {
      auto error = std::move(profiles).error();
      error.kind = ErrorKind::usage;  // a broken file is not an empty one
      co_return std::unexpected(std::move(error));
    }
    if (options_.profile.empty()) options_.profile = value_of(options_.environment, "AWS_PROFILE");
    const ProfileReader reader(options_, *profiles);
    co_return co_await reader.read(profile_name(options_.environment, options_.profile), 0);
  }

 private:
  ChainOptions options_;
};

}  // namespace

Result<std::string> read_small_file(const std::string& path) {
  constexpr std::size_t k_limit = 1024 * 1024;
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorKind::config, fmt::format("cannot read {}", path));
  std::string text(k_limit, '\0');
  in.read(text.data(), std::streamsize(text.size()));
  text.resize(std::size_t(in.gcount()));
  while (!text.empty() && std::string_view(" \t\r\n").contains(text.back())) text.pop_back();
  while (!text.empty() && std::string_view(" \t\r\n").contains(text.front())) text.erase(0, 1);
  return text;
}

Result<Credentials> read_credentials_json(std::string_view text, std::string source) {
  auto object = wire::parse_json_object(text);
  if (!object) return fail(ErrorKind::protocol, fmt::format("{}: {}", source, object.error().message));
  Credentials out;
  out.access_key_id = wire::string_or(*object, "AccessKeyId");
  out.secret_access_key = wire::string_or(*object, "SecretAccessKey");
  out.session_token = wire::string_or(*object, "SessionToken", wire::string_or(*object, "Token"));
  if (const auto expiration = wire::string_or(*object, "Expiration"); !expiration.empty()) {
    out.expires = wire::parse_timestamp(expiration);
    if (!out.expires) return fail(ErrorKind::protocol, fmt::format("{}: Expiration is not a date", source));
  }
  out.source = std::move(source);
  if (out.access_key_id.empty() || out.secret_access_key.empty()) {
    return fail(ErrorKind::protocol, fmt::format("{}: the answer has no keys", out.source));
  }
  return out;
}

ClientConfig sts_config(const ChainOptions& options, CredentialsProvider& credentials) {
  std::string region = options.region;
  if (region.empty()) region = resolve_region(options.environment, options.profile).value_or("us-east-1");
  return ClientConfig{.service = options.service,
                      .credentials = credentials,
                      .clock = options.clock,
                      .region = std::move(region),
                      .endpoint_url = resolve_endpoint_url(options.environment, "sts", options.profile),
                      .retry = options.retry};
}

std::string default_session_name(const Clock& clock) {
  return fmt::format("sortie-{}", clock.now().time_since_epoch() / std::chrono::seconds(1));
}

std::unique_ptr<CredentialsProvider> profile_credentials(ChainOptions options) {
  return std::make_unique<ProfileCredentials>(std::move(options));
}

std::unique_ptr<CredentialsProvider> web_identity_credentials(ChainOptions options) {
  auto role = value_of(options.environment, "AWS_ROLE_ARN");
  auto token = value_of(options.environment, "AWS_WEB_IDENTITY_TOKEN_FILE");
  auto session = value_of(options.environment, "AWS_ROLE_SESSION_NAME");
  return std::make_unique<WebIdentityCredentials>(std::move(options), std::move(role), std::move(token),
                                                  std::move(session));
}

std::unique_ptr<CredentialsProvider> assume_role_credentials(ChainOptions options,
                                                             std::unique_ptr<CredentialsProvider> base,
                                                             AssumeRoleOptions role) {
  return std::make_unique<AssumeRoleCredentials>(std::move(options), std::move(base), std::move(role));
}

}  // namespace sortie::aws
