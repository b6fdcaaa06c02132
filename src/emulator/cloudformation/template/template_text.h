#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <string_view>

#include "emulator/core/call.h"

namespace sortie::emulator::cloudformation {

/// A body in the request; from S3 1 MB.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
inline constexpr std::size_t k_max_template_body = 51'200;
inline constexpr std::size_t k_max_template_url = 1024 * 1024;

/// Reads a template's text, JSON or YAML 1.1, into one object. YAML's short tags become their long form (`!Ref x` is
/// `{"Ref": "x"}`, `!GetAtt a.b` is `{"Fn::GetAtt": ["a", "b"]}`); dates and numbers with a leading zero stay text;
/// aliases are refused as AWS does. Limits: depth 64, 50,000 nodes; the text's size is checked by the caller.
/// ValidationError in AWS's words ("Template format error: YAML not well-formed. (line 2, column 3)").
AwsResult<boost::json::object> parse_template_text(std::string_view text);

/// A snippet that AWS::Include inserts: an object or a list, JSON or YAML. As on AWS, YAML's short tags are not taken.
/// The same limits; ValidationError.
AwsResult<boost::json::value> parse_snippet_text(std::string_view text);

}  // namespace sortie::emulator::cloudformation
