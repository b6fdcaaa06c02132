#include "emulator/lambda/catalogue/activations.h"

#include "base/deadline.h"
#include "emulator/core/protocol.h"
#include "wire/date.h"

namespace sortie::emulator::lambda {
namespace {

/// True when publishing `latest` would make what `published` is already.
bool same_content(const Version& latest, const Version& published) {
  return latest.code_sha256 == published.code_sha256 && latest.runtime == published.runtime &&
         latest.role == published.role && latest.handler == published.handler && latest.timeout == published.timeout &&
         latest.memory_mb == published.memory_mb && latest.ephemeral_mb == published.ephemeral_mb &&
         latest.environment == published.environment && latest.architecture == published.architecture &&
         latest.log_format == published.log_format && latest.log_group == published.log_group &&
         latest.application_log_level == published.application_log_level &&
         latest.system_log_level == published.system_log_level && latest.tracing_mode == published.tracing_mode &&
         latest.kms_key_arn == published.kms_key_arn && latest.snap_start == published.snap_start &&
         latest.layers == published.layers;
}

void activate_version(Version& version) {
  if (version.status == Version::Status::active) return;
  version.status = Version::Status::active;
  version.revision_id = make_request_id();
}

}  // namespace

void Activations::mark_changed(Version& version, Version::Status status) {
  version.revision_id = make_request_id();
  version.last_modified = wire::format_iso8601_offset(clock_.now());
  version.status = status;
  version.change = ++last_change_;
}

void Activations::activate_later(const Function& function) {
  const auto wait = function.latest.status == Version::Status::creating ? times_.create : times_.update;
  background_.spawn(activate(function.region, function.name, function.latest.change, wait));
}

Task<void> Activations::activate(std::string region, std::string name, std::uint64_t change,
                                 std::chrono::milliseconds wait) {
  co_await sleep_for(wait);
  if (background_.closed()) co_return;
  auto* function = functions_.find(region, name);
  if (function == nullptr || function->latest.change != change) co_return;
  activate_version(function->latest);
  for (auto& [number, version] : function->versions) activate_version(version);
  functions_.save(*function);
}

const Version& publish(Function& function, const std::string& description, Version::Status status) {
  if (function.last_version > 0) {
    auto last = function.versions.find(function.last_version);
    if (last != function.versions.end() && same_content(function.latest, last->second)) return last->second;
  }
  auto number = ++function.last_version;
  auto& version = function.versions[number];
  version = function.latest;
  version.version = std::to_string(number);
  version.description = description;
  version.revision_id = make_request_id();
  version.status = status;
  function.latest.revision_id = make_request_id();
  return version;
}

}  // namespace sortie::emulator::lambda
