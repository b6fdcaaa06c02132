#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/task.h"
#include "base/unique_fd.h"

namespace sortie::emulator {

/// The answer to a question of at least a header; empty: none, the connection ends.
using AnswerDns = std::function<Task<std::string>(std::string query)>;

/// A name server over TCP (RFC 7766): questions one after the other on a connection, each with its length in front.
/// Idle connections end after 30 seconds; at most 64 at a time. Destroying it ends them. io_context thread only.
class DnsStreamServer {
 public:
  /// Takes over a listening socket.
  DnsStreamServer(Executor executor, UniqueFd listener, AnswerDns answer);
  ~DnsStreamServer();
  DnsStreamServer(const DnsStreamServer&) = delete;
  DnsStreamServer& operator=(const DnsStreamServer&) = delete;

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

/// One question to a name server over TCP and its answer, without their lengths. ErrorKind::network and protocol.
Task<Result<std::string>> ask_dns_over_tcp(std::string address, std::uint16_t port, std::string query);

}  // namespace sortie::emulator
