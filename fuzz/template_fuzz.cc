// Templates from anyone, JSON or YAML: reading, checking and evaluating them must neither crash nor hang, nor grow
// beyond their limits.

#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/cloudformation/changes.h"
#include "emulator/cloudformation/parameters.h"
#include "emulator/cloudformation/references.h"
#include "emulator/cloudformation/stack_policy.h"
#include "emulator/cloudformation/template_text.h"

namespace {

using namespace sortie::emulator::cloudformation;

/// What every template that was accepted must hold to.
void check_order(const Template& whole) {
  if (creation_order(whole).size() != whole.resources.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (size > k_max_template_body) return 0;
  (void)check_stack_policy(text);
  const auto whole = load_template(text);
  if (!whole) {
    if (whole.error().message.empty()) std::abort();
    return 0;
  }
  check_order(*whole);
  (void)check_resource_types(*whole);
  (void)check_capabilities(*whole, {}, false);
  std::vector<GivenParameter> given;
  for (const ParameterDeclaration& parameter : whole->parameters) {
    if (!parameter.default_value) given.push_back({parameter.name, parameter.is_list() ? "1, 2" : "1", false});
  }
  auto parameters = resolve_parameters(*whole, given, {});
  if (!parameters) return 0;
  Definition next;
  next.template_body = std::string(text);
  next.parameters = std::move(*parameters);
  next.tags = {{"key", "value"}};
  const StackFacts facts{
      "123456789012", "eu-west-1", "arn:aws:cloudformation:eu-west-1:123456789012:stack/s/1", "s", {}};
  const auto exports = [](const std::string& name) -> std::optional<std::string> {
    return name.size() % 2 == 0 ? std::optional<std::string>("exported") : std::nullopt;
  };
  const auto creation = preview(Stack{}, next, *whole, facts, exports);
  if (!creation) return 0;
  // As if every resource had been made: now it is an update.
  Stack stack;
  stack.now = next;
  for (const ResourceDeclaration& declaration : whole->resources) {
    Resource resource;
    resource.logical_id = declaration.logical_id;
    resource.type = declaration.type;
    resource.physical_id = "id";
    resource.properties = declaration.properties;
    resource.exists = true;
    stack.resources.push_back(std::move(resource));
  }
  (void)preview(stack, next, *whole, facts, exports);
  return 0;
}
