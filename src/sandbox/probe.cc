#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "sandbox/cgroup.h"
#include "sandbox/sandbox.h"
#include "sandbox/sandbox_impl.h"

namespace sortie::sandbox {
namespace {

Capabilities::Memory memory_of(const CgroupPlaces& places) {
  if (places.version == CgroupPlaces::Version::v2) return Capabilities::Memory::cgroup_v2;
  return places.memory.empty() ? Capabilities::Memory::watched : Capabilities::Memory::cgroup_v1;
}

/// For tests and for finding out whether isolation is what breaks a program.
bool plain_is_wanted() {
  const char* wanted = std::getenv("SORTIE_SANDBOX");
  return wanted != nullptr && std::string_view(wanted) == "plain";
}

/// Empty when namespaces work here.
std::string try_namespaces() {
  if (plain_is_wanted()) return "SORTIE_SANDBOX=plain";
  asio::io_context context;
  Spec spec;
  spec.listen.push_back({"127.0.0.1", 80});
  const auto made = create_isolated(context.get_executor(), std::move(spec));
  return made ? std::string() : describe(made.error());
}

Capabilities describe_machine(const std::string& failure) {
  const CgroupPlaces& places = cgroup_places();
  Capabilities found;
  found.namespaces = failure.empty();
  found.memory = memory_of(places);
  found.freezer = places.version == CgroupPlaces::Version::v2 || !places.freezer.empty();
  found.reason = failure.empty() ? places.missing : fmt::format("not isolated, a plain process: {}", failure);
  return found;
}

std::optional<Capabilities>& known() {
  static std::optional<Capabilities> capabilities;
  return capabilities;
}

}  // namespace

const Capabilities& probe() {
  if (!known()) known() = describe_machine(try_namespaces());
  return *known();
}

Task<Result<std::unique_ptr<Sandbox>>> Sandbox::create(Executor executor, Spec spec) {
  if (!known() && !plain_is_wanted()) {
    // The first sandbox is the probe, when it works out: nothing is made twice.
    auto made = create_isolated(executor, spec);
    if (made) known() = describe_machine("");
    if (made || probe().namespaces) co_return made;
  }
  co_return probe().namespaces ? create_isolated(executor, std::move(spec)) : create_plain(executor, std::move(spec));
}

}  // namespace sortie::sandbox
