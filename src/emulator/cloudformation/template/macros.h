#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "emulator/cloudformation/template/evaluate.h"
#include "emulator/cloudformation/template/parameters.h"
#include "emulator/cloudformation/template/transform.h"
#include "emulator/core/call.h"

/// Macros: what a template names in its Transform section and in Fn::Transform, and in which order that runs.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html
namespace sortie::emulator::cloudformation {

/// Macros that one template may run, in all.
inline constexpr std::size_t k_max_transforms = 500;
/// A template while its macros run, and afterwards when it came from S3; as JSON text.
inline constexpr std::size_t k_max_processed = 1024 * 1024;

/// True when the template cannot be read before something ran: it names more than AWS::LanguageExtensions. What names
/// it may be malformed.
bool uses_macros(const boost::json::object& document);

/// Every use in a template, those of the Transform section first. ValidationError for what cannot be one, for those of
/// AWS that the embedded AWS does not have, and for too many.
AwsResult<std::vector<Transform>> find_transforms(const boost::json::object& document);

/// The names in find_transforms, each once.
std::vector<std::string> transform_names(const std::vector<Transform>& transforms);

/// The parameters of a use as its macro gets them: functions on the template's parameters, pseudo parameters and
/// mappings are evaluated. ValidationError for what is then no scalar or list of them.
/// `declarations` is what read_declarations gives.
AwsResult<boost::json::object> resolve_transform(const Transform& transform, const Template& declarations,
                                                 const ParameterTexts& parameters, const StackFacts& facts);

/// What one macro makes of a fragment: the template without its Transform section, or what is beside a Fn::Transform.
using MacroRunner =
    std::function<Task<AwsResult<boost::json::value>>(Transform transform, boost::json::value fragment)>;

/// Runs every macro: Fn::Transform from the inside out, then the Transform section, in their order. Fn::ForEach is
/// expanded when it is AWS::LanguageExtensions' turn; that transform alone stays in the result, for its functions. The
/// first failure ends it. A macro that is named in the result of another is refused.
Task<AwsResult<boost::json::object>> expand_macros(boost::json::object document, ParameterTexts parameters,
                                                   MacroRunner run);

/// What AWS::Include makes of the fragment: the snippet's members behind those that are there; in objects that both
/// have, the same again. What both have otherwise is the snippet's.
AwsResult<boost::json::value> insert_snippet(boost::json::value fragment, const boost::json::value& snippet);

/// `s3://BUCKET/KEY` as (bucket, key); two empty texts when it is none.
std::pair<std::string, std::string> parse_location(std::string_view location);

/// "Transform NAME failed with: MESSAGE"
std::unexpected<AwsError> transform_failed(std::string_view name, std::string_view message);

}  // namespace sortie::emulator::cloudformation
