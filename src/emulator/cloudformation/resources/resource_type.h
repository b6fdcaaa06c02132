#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/cloudformation/resources/step.h"
#include "emulator/cloudformation/stack/stack.h"
#include "emulator/core/call.h"

/// The resource types that the embedded AWS can make. A handler is a pure function from properties to requests; each
/// family has its files: iam_*.cc, s3_*.cc and bucket_protection.cc, lambda_*.cc, custom_*.cc, ssm_resources.cc,
/// other_resources.cc.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
namespace sortie::emulator::cloudformation {

enum class Shape : std::uint8_t { text, number, boolean, texts, list, object, document };

/// A property as AWS declares it.
struct Property {
  std::string_view name;
  Shape shape = Shape::text;
  enum class Change : std::uint8_t { in_place, replaces } change = Change::in_place;
  bool required = false;
  bool unsupported = false;  ///< AWS has it, the embedded AWS does not
};

class CustomResponses;

/// Where the resource belongs: what a handler knows beside the properties.
struct ResourceContext {
  std::string account;
  std::string region;
  std::string partition;
  std::string stack_id;
  std::string stack_name;
  std::string logical_id;
  std::string type;                          ///< as the template names it: `Custom::X`
  std::chrono::milliseconds retry_limit{0};  ///< for roles that cannot be assumed yet
  CustomResponses* responses = nullptr;      ///< none where functions cannot reach it
};

using Properties = boost::json::object;

struct ResourceType {
  std::string_view name;
  std::span<const Property> properties;
  std::span<const std::string_view> attributes;  ///< of Fn::GetAtt
  std::string_view name_property;                ///< the property that names it; empty: only generated names
  std::string_view scope_property;               ///< within whose value the name is unique; empty: in the account
  bool open = false;                             ///< takes any property and has any attribute: custom resources
  bool iam = false;                              ///< needs CAPABILITY_IAM, with a name of its own CAPABILITY_NAMED_IAM
  /// The physical id that it is going to have, as far as it is known before it is made.
  std::string (*choose_id)(const ResourceContext& context, const Properties& properties) = nullptr;
  /// Outcomes that are failures are reasons for the event, code unused.
  AwsResult<Plan> (*create)(const ResourceContext& context, const Properties& properties,
                            ResourceState& state) = nullptr;
  AwsResult<Plan> (*update)(const ResourceContext& context, const Properties& before, const Properties& after,
                            ResourceState& state) = nullptr;
  AwsResult<Plan> (*remove)(const ResourceContext& context, const Resource& resource) = nullptr;

  [[nodiscard]] const Property* find_property(std::string_view property) const;
};

std::span<const ResourceType> iam_resource_types();
std::span<const ResourceType> s3_resource_types();
std::span<const ResourceType> lambda_resource_types();
std::span<const ResourceType> ssm_resource_types();
std::span<const ResourceType> other_resource_types();
ResourceType custom_resource_type();

/// Null when the embedded AWS cannot make it.
const ResourceType* find_resource_type(std::string_view name);
/// True for the types that AWS has, or may have: ours, those of services that we do not have, `Custom::X`.
bool is_aws_resource_type(std::string_view name);

/// Properties with every scalar in its declared form, or the reason why the resource cannot be made ("Encountered
/// unsupported property X").
AwsResult<Properties> shape_properties(const ResourceType& type, const Properties& evaluated);

/// Puts a stack's tags into the property Tags of a type that has one; the resource's own tags win.
void add_stack_tags(const ResourceType& type, const Tags& tags, Properties& properties);

/// The names of the top-level properties in which the two differ, in the order of `after`, then those that went.
std::vector<std::string> changed_properties(const Properties& before, const Properties& after);

// For handlers.

/// Text of a property, empty when it is not there.
std::string text_of(const Properties& properties, std::string_view name);
/// `true` or `false`, else `fallback`.
bool flag_of(const Properties& properties, std::string_view name, bool fallback = false);
std::vector<std::string> texts_of(const Properties& properties, std::string_view name);
/// The objects of a list property.
std::vector<Properties> objects_of(const Properties& properties, std::string_view name);
Properties object_of(const Properties& properties, std::string_view name);
/// A policy document as text: objects serialized, text as it is.
std::string document_of(const Properties& properties, std::string_view name);
bool differs(const Properties& before, const Properties& after, std::string_view name);
Tags tags_of(const Properties& properties);
/// Keys of tags that went, and tags that are new or have another value.
struct TagChanges {
  std::vector<std::string> gone;
  Tags put;
};
TagChanges tag_changes(const Properties& before, const Properties& after);

/// The reason of a failed resource.
std::unexpected<AwsError> refuse(std::string reason);

/// `stack-LogicalId-RANDOM`, shortened to `limit` characters; RANDOM is 12 characters.
std::string generated_name(const ResourceContext& context, std::size_t limit);
/// The same in lower case, for buckets.
std::string generated_bucket_name(const ResourceContext& context);

}  // namespace sortie::emulator::cloudformation
