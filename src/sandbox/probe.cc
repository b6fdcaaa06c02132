#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "sandbox/cgroup.h"
#include "sandbox/landlock.h"
#include "sandbox/notify_probe.h"
#include "sandbox/sandbox.h"
#include "sandbox/sandbox_impl.h"

namespace sortie::sandbox {
namespace {

constexpr const char* k_variable = "SORTIE_SANDBOX";

std::string_view wanted() {
  const char* value = std::getenv(k_variable);
  return value == nullptr ? std::string_view() : value;
}

Capabilities::Memory memory_of(const CgroupPlaces& places) {
  if (places.version == CgroupPlaces::Version::v2) return Capabilities::Memory::cgroup_v2;
  return places.memory.empty() ? Capabilities::Memory::watched : Capabilities::Memory::cgroup_v1;
}

/// Empty when namespaces work here.
std::string try_namespaces() {
  asio::io_context context;
  Spec spec;
  spec.listen.push_back({"127.0.0.1", 80});
  const auto made = create_isolated(context.get_executor(), std::move(spec));
  return made ? std::string() : describe(made.error());
}

/// Empty when the filter works here.
std::string try_seccomp() {
  const auto tried = try_notifications();
  return tried ? std::string() : describe(tried.error());
}

std::string by_what() {
  const LandlockSupport& landlock = landlock_support();
  if (landlock.files()) return "isolated by seccomp and Landlock";
  return fmt::format("isolated by seccomp alone, files are not (no Landlock here: {})", std::strerror(landlock.error));
}

Capabilities base_capabilities() {
  const CgroupPlaces& places = cgroup_places();
  Capabilities found;
  found.memory = memory_of(places);
  found.freezer = places.version == CgroupPlaces::Version::v2 || !places.freezer.empty();
  return found;
}

Capabilities with_namespaces() {
  Capabilities found = base_capabilities();
  found.isolation = Isolation::namespaces;
  found.namespaces = true;
  found.reason = cgroup_places().missing;
  return found;
}

Capabilities without_namespaces(Isolation isolation, std::string reason) {
  Capabilities found = base_capabilities();
  found.isolation = isolation;
  found.reason = std::move(reason);
  return found;
}

/// What was asked for, and why it cannot be had.
Capabilities refused(std::string why) {
  Capabilities found = base_capabilities();
  found.refused = fmt::format("{}={}: {}", k_variable, wanted(), why);
  found.reason = found.refused;
  return found;
}

Capabilities choose() {
  const std::string_view asked = wanted();
  if (asked == "plain")
    return without_namespaces(Isolation::plain, "not isolated, a plain process: SORTIE_SANDBOX=plain");
  if (asked == "seccomp") {
    const std::string failure = try_seccomp();
    if (!failure.empty()) return refused(failure);
    return without_namespaces(Isolation::seccomp, by_what() + ", without namespaces: SORTIE_SANDBOX=seccomp");
  }
  if (!asked.empty() && asked != "namespace") return refused("it is namespace, seccomp or plain");
  const std::string no_namespaces = try_namespaces();
  if (no_namespaces.empty()) return with_namespaces();
  if (!asked.empty()) return refused(no_namespaces);
  const std::string no_seccomp = try_seccomp();
  if (no_seccomp.empty())
    return without_namespaces(Isolation::seccomp, fmt::format("{}: {}", by_what(), no_namespaces));
  return without_namespaces(Isolation::plain,
                            fmt::format("not isolated, a plain process: {}; {}", no_namespaces, no_seccomp));
}

std::optional<Capabilities>& known() {
  static std::optional<Capabilities> capabilities;
  return capabilities;
}

}  // namespace

const Capabilities& probe() {
  if (!known()) known() = choose();
  return *known();
}

Task<Result<std::unique_ptr<Sandbox>>> Sandbox::create(Executor executor, Spec spec) {
  if (!known() && (wanted().empty() || wanted() == "namespace")) {
    // The first sandbox is the probe, when it works out: nothing is made twice.
    auto made = create_isolated(executor, spec);
    if (made) known() = with_namespaces();
    if (made || probe().namespaces) co_return made;
  }
  if (!probe().refused.empty()) co_return fail(ErrorKind::config, probe().refused);
  switch (probe().isolation) {
    case Isolation::namespaces: co_return create_isolated(executor, std::move(spec));
    case Isolation::seccomp: co_return create_confined(executor, std::move(spec));
    case Isolation::plain: break;
  }
  co_return create_plain(executor, std::move(spec));
}

}  // namespace sortie::sandbox
