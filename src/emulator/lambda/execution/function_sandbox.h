#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "emulator/core/call.h"
#include "emulator/core/dns.h"
#include "emulator/lambda/execution/deployment.h"
#include "emulator/lambda/execution/environment_services.h"
#include "emulator/lambda/execution/variables.h"
#include "emulator/lambda/runtimes/managed_runtimes.h"
#include "http/service.h"
#include "sandbox/sandbox.h"

namespace sortie::emulator::lambda {

/// The CPU that goes with a function's memory: a core at 1,769 MB.
/// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
constexpr std::uint32_t cpu_share(int memory_mb) {
  return static_cast<std::uint32_t>(static_cast<std::int64_t>(memory_mb) * 1000 / 1769);
}
/// The init phase has a whole core at least, whatever the memory.
constexpr std::uint32_t init_cpu_share(int memory_mb) {
  return std::max<std::uint32_t>(cpu_share(memory_mb), 1000);
}

/// The sandbox of an environment as a function finds it: its code, layers and runtime, the addresses of the Runtime API
/// and of AWS. io_context thread only.
class FunctionSandbox {
 public:
  /// What is referred to outlives the object, or `close_listeners` was called.
  FunctionSandbox(EnvironmentServices& services, const Deployment& deployment)
      : services_(services), deployment_(deployment) {}
  ~FunctionSandbox();
  FunctionSandbox(const FunctionSandbox&) = delete;
  FunctionSandbox& operator=(const FunctionSandbox&) = delete;

  /// Does beforehand what the first sandbox of a native function costs more than the next ones.
  static void prepare(const EnvironmentServices& services);
  /// The managed runtime and the layers. 502 InvalidRuntimeException for a runtime that this machine does not have.
  Task<AwsResult<void>> find_runtime();
  /// Makes the sandbox; nothing runs in it yet. `runtime_api` answers until `close_listeners`.
  Task<AwsResult<void>> make(http::Service& runtime_api);
  /// Nothing in the sandbox is answered any more. May be called again.
  void close_listeners();

  [[nodiscard]] sandbox::Sandbox& operator*() const { return *sandbox_; }
  [[nodiscard]] sandbox::Sandbox* operator->() const { return sandbox_.get(); }
  [[nodiscard]] bool made() const { return sandbox_ != nullptr; }

  /// Where its programs find the Runtime API and their files.
  [[nodiscard]] RuntimeLayout layout(std::string_view initialization) const;
  /// What is executed: the function's own bootstrap, or the managed runtime, that through the function's wrapper script
  /// if it has one.
  [[nodiscard]] Result<std::vector<std::string>> find_command() const;
  /// The files of /opt on the host; empty without layers.
  [[nodiscard]] const std::filesystem::path& layers() const { return layers_; }
  /// Of a managed runtime; null for a native one.
  [[nodiscard]] const RuntimeLaunch* runtime() const { return runtime_ ? &*runtime_ : nullptr; }

 private:
  void serve_listeners(http::Service& runtime_api);
  void add_java_arguments(std::vector<std::string>& command) const;

  EnvironmentServices& services_;
  const Deployment& deployment_;
  std::optional<RuntimeLaunch> runtime_;
  std::filesystem::path layers_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::vector<std::uint64_t> runtime_listeners_;
  std::vector<std::uint64_t> endpoint_listeners_;
  std::unique_ptr<DnsServer> dns_;
};

}  // namespace sortie::emulator::lambda
