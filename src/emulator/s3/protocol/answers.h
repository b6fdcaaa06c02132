#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "emulator/core/call.h"
#include "emulator/s3/protocol/request.h"

namespace sortie::wire {
class XmlWriter;
}

/// What S3's answers are made of.
namespace sortie::emulator::s3 {

using Answer = AwsResult<http::Response>;

inline constexpr std::string_view k_xmlns = "http://s3.amazonaws.com/doc/2006-03-01/";

http::Response xml_answer(std::string document, int status = 200);
http::Response empty_answer(int status);
std::string in_quotes(std::string_view etag);
/// A number as the XML writer takes it.
constexpr long long count(std::integral auto number) {
  return static_cast<long long>(number);
}
/// The canonical user id of an account.
std::string owner_id(std::string_view account);
/// The address of the request's object, in the style in which it was addressed.
std::string location_of(const Request& request);
/// `<Initiator>` of a multipart upload, from the ARN of who began it.
void write_initiator(wire::XmlWriter& xml, std::string_view arn, std::string_view account);

}  // namespace sortie::emulator::s3
