#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>

#include "emulator/core/call.h"

/// Fn::ForEach, the loop of AWS::LanguageExtensions: it makes the template longer before anything in it is read.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html
namespace sortie::emulator::cloudformation {

/// Writes every loop of the document out, those within others after them: `${Name}` and `{"Ref": "Name"}` become the
/// item, `&{Name}` its letters and digits. A collection is a list, or a parameter that is a list: its text in
/// `parameters`, else its default. Nothing is done without the transform. At most 50,000 values in all.
/// ValidationError.
AwsResult<void> expand_for_each(boost::json::object& document,
                                const std::map<std::string, std::string, std::less<>>& parameters);

}  // namespace sortie::emulator::cloudformation
