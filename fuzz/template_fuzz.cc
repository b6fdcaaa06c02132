// Templates from anyone, JSON or YAML: reading, checking and evaluating them must neither crash nor hang, nor grow
// beyond their limits.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/cloudformation/engine/changes.h"
#include "emulator/cloudformation/engine/macro_calls.h"
#include "emulator/cloudformation/engine/template_checks.h"
#include "emulator/cloudformation/stack/stack_policy.h"
#include "emulator/cloudformation/template/macros.h"
#include "emulator/cloudformation/template/parameters.h"
#include "emulator/cloudformation/template/read_template.h"
#include "emulator/cloudformation/template/references.h"
#include "emulator/cloudformation/template/template_text.h"

namespace {

using namespace sortie::emulator::cloudformation;
using sortie::emulator::AwsResult;

/// What every template that was accepted must hold to.
void check_order(const Template& whole) {
  if (creation_order(whole).size() != whole.resources.size()) std::abort();
}

/// Macros that give back what they get, or put it into something.
sortie::Task<AwsResult<boost::json::value>> run_macro(Transform transform, boost::json::value fragment) {
  if (transform.name.size() % 3 == 0) co_return insert_snippet(std::move(fragment), transform.parameters);
  if (transform.name.size() % 3 == 1) co_return boost::json::array{std::move(fragment)};
  co_return fragment;
}

/// What becomes of a template with macros; nothing when they fail.
std::optional<std::string> expanded(boost::json::object document) {
  const auto transforms = find_transforms(document);
  const auto declarations = read_declarations(document);
  if (!transforms || !declarations) return std::nullopt;
  ParameterTexts parameters;
  for (const ParameterDeclaration& parameter : declarations->parameters) parameters[parameter.name] = "1, 2";
  const StackFacts facts{"123456789012", "eu-west-1", "id", "s", {}};
  for (const Transform& transform : *transforms) (void)resolve_transform(transform, *declarations, parameters, facts);
  boost::asio::io_context io;
  std::optional<std::string> result;
  boost::asio::co_spawn(io, expand_macros(std::move(document), parameters, run_macro),
                        [&](const std::exception_ptr& error, const AwsResult<boost::json::object>& made) {
                          if (error) std::abort();
                          if (made) result = boost::json::serialize(*made);
                        });
  io.run();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (size > k_max_template_body) return 0;
  (void)check_stack_policy(text);
  (void)parse_snippet_text(text);
  (void)read_macro_answer("1::M", "r", text);
  std::string processed(text);
  if (auto document = parse_template_text(text); document && uses_macros(*document)) {
    auto made = expanded(std::move(*document));
    if (!made) return 0;
    processed = std::move(*made);
  }
  const auto whole = load_template(processed);
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
  next.template_body = processed;
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
