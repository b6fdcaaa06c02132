#include "emulator/lambda/api/layer_access.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/number.h"
#include "wire/json.h"

namespace sortie::emulator::lambda {

namespace json = boost::json;

AwsResult<LayerRef> layer_of(const Operation& operation) {
  const auto& text = operation.parts.at(0);
  auto ref = parse_layer_arn(text);
  if (!ref && is_plain_name(text) && text.size() <= 140) {
    ref = LayerRef{.region = operation.call.region, .account = operation.account, .name = text};
  }
  if (!ref) {
    return std::unexpected(validation_error({constraint(
        text, "layerName",
        R"(Member must satisfy regular expression pattern: (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+)")}));
  }
  if (operation.parts.size() < 2) return *ref;
  const auto& digits = operation.parts[1];
  const auto parsed = parse_number<int>(digits);
  if (!parsed || *parsed < 1) {
    return std::unexpected(invalid_parameter("Layer Version Cannot be less than 1"));
  }
  const int number = *parsed;
  ref->version = number;
  return *ref;
}

AwsResult<void> authorize_layer(const Operation& operation, std::string_view action, const LayerRef& ref) {
  const auto* version = operation.layers.find(ref);
  return operation.permissions.authorize(operation.call, fmt::format("lambda:{}", action), ref.arn(),
                                         version != nullptr ? policy_document(*version) : std::string());
}

std::string policy_document(const LayerVersion& version) {
  if (version.policy.statements.empty()) return {};
  return json::serialize(
      json::object{{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", version.policy.statements}});
}

AwsResult<void> apply_layers(const Operation& operation, Version& version) {
  const auto* list = wire::find(operation.body, "Layers");
  if (list == nullptr || !list->is_array()) return {};
  ASSIGN_OR_RETURN(auto wanted, read_layer_list(list->get_array(), operation.call.region));
  std::vector<LayerUse> uses;
  for (const auto& ref : wanted) {
    RETURN_IF_ERROR(authorize_layer(operation, "GetLayerVersion", ref));
    const auto* layer = operation.layers.find(ref);
    if (layer == nullptr) {
      return std::unexpected(invalid_parameter(fmt::format("Layer version {} does not exist.", ref.arn())));
    }
    uses.push_back({ref.arn(), layer->code_id, layer->code_size});
  }
  version.layers = std::move(uses);
  return {};
}

Task<AwsResult<void>> check_unpacked_size(Operation& operation, const Version& version) {
  if (version.layers.empty()) co_return AwsResult<void>{};
  const auto size = co_await operation.packages.store().unpacked_size(packages_of(version));
  constexpr std::uint64_t k_limit = 262'144'000;
  if (size > k_limit) {
    co_return std::unexpected(invalid_parameter(
        fmt::format("Function code combined with layers exceeds the maximum allowed size of {} bytes. The actual size "
                    "is {} bytes.",
                    k_limit, size)));
  }
  co_return AwsResult<void>{};
}

}  // namespace sortie::emulator::lambda
