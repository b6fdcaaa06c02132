#include "cli/named_command.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>
#include <fstream>

#include "sandbox/plain.h"
#include "sandbox/trust_store.h"

namespace sortie::cli {
namespace {

/// By which clients are told of certificates: OpenSSL and Go; botocore; curl; requests; Node.js; git.
constexpr std::array k_trust_variables = {"SSL_CERT_FILE",      "AWS_CA_BUNDLE",       "CURL_CA_BUNDLE",
                                          "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"};

/// Clients behind a proxy would ask it for AWS's names.
void keep_from_proxies(std::map<std::string, std::string>& environment) {
  for (const char* name : {"NO_PROXY", "no_proxy"}) {
    std::string& value = environment[name];
    value += std::string(value.empty() ? "" : ",") + ".amazonaws.com,.amazonaws.com.cn,.api.aws,.on.aws";
  }
}

}  // namespace

Task<Result<std::unique_ptr<NamedCommand>>> NamedCommand::start(const Executor& executor, http::Service& aws,
                                                                const std::vector<std::string>& argv,
                                                                std::map<std::string, std::string> environment) {
  auto command = std::unique_ptr<NamedCommand>(new NamedCommand);
  ASSIGN_OR_CO_RETURN(command->names_,
                      emulator::AwsNames::serve(executor, aws, sandbox::read_host_file("/etc/resolv.conf")));
  CO_RETURN_IF_ERROR(command->write_certificates(environment));
  keep_from_proxies(environment);
  sandbox::NotifiedCommand started{.argv = argv};
  for (const auto& [name, value] : environment) started.environment.push_back(name + "=" + value);
  auto process = sandbox::start_notified(started);
  if (!process) {
    Error error = std::move(process).error();
    const bool is_its_own = error.kind == ErrorKind::not_found || error.kind == ErrorKind::denied;
    error.kind = is_its_own ? ErrorKind::usage : ErrorKind::config;
    if (!is_its_own && error.hint.empty()) {
      error.hint = "without --names the command finds the embedded AWS by AWS_ENDPOINT_URL";
    }
    co_return std::unexpected(std::move(error));
  }
  command->process_ = *std::move(process);
  command->notifier_ =
      std::make_unique<sandbox::Notifier>(executor, std::move(command->process_.listener), command->names_->policy());
  co_return command;
}

Result<void> NamedCommand::write_certificates(std::map<std::string, std::string>& environment) {
  ASSIGN_OR_RETURN(folder_, sandbox::make_temporary_folder());
  const std::filesystem::path path = folder_ / "ca-certificates.crt";
  std::ofstream file(path, std::ios::binary);
  for (const char* name : {"AWS_CA_BUNDLE", "SSL_CERT_FILE"}) {
    // What the user's clients trust they still trust.
    if (const auto found = environment.find(name); found != environment.end() && !found->second.empty()) {
      file << sandbox::read_host_file(found->second) << '\n';
    }
  }
  file << sandbox::trust_bundle(names_->ca_pem());
  file.close();
  if (!file) return fail_errno(errno, "write " + path.string());
  for (const char* name : k_trust_variables) environment[name] = path.string();
  return {};
}

NamedCommand::~NamedCommand() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Task<Result<int>> NamedCommand::wait() {
  asio::posix::stream_descriptor descriptor(co_await asio::this_coro::executor, process_.pidfd.release());
  co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
  int status = 0;
  if (waitpid(process_.pid, &status, 0) < 0) co_return fail_errno(errno, "waitpid");
  co_return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void NamedCommand::signal(int number) const {
  ::kill(process_.pid, number);
}

}  // namespace sortie::cli
