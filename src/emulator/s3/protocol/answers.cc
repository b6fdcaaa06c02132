#include "emulator/s3/protocol/answers.h"

#include <fmt/format.h>

#include "wire/checksum.h"
#include "wire/uri.h"
#include "wire/xml.h"

namespace sortie::emulator::s3 {

http::Response xml_answer(std::string document, int status) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/xml");
  response.body = std::move(document);
  return response;
}

http::Response empty_answer(int status) {
  http::Response response;
  response.status = status;
  return response;
}

std::string in_quotes(std::string_view etag) {
  return fmt::format("\"{}\"", etag);
}

std::string owner_id(std::string_view account) {
  return wire::sha256_hex(fmt::format("canonical-user/{}", account));
}

std::string location_of(const Request& request) {
  const http::Request& http = request.call.request;
  const std::string host(http.headers.get_or("host", http::authority(http)));
  const std::string key = wire::uri_encode(request.key, wire::Slash::keep);
  if (!request.call.virtual_bucket.empty()) return fmt::format("{}://{}/{}", http.scheme, host, key);
  return fmt::format("{}://{}/{}/{}", http.scheme, host, request.bucket, key);
}

void write_initiator(wire::XmlWriter& xml, std::string_view arn, std::string_view account) {
  const auto resource = arn.substr(arn.rfind(':') + 1);
  const auto slash = resource.find('/');
  const bool is_root = slash == std::string_view::npos;
  // A user goes by the last part of its path, a role's session by `ROLE/SESSION`.
  const bool is_user = resource.starts_with("user/");
  xml.open("Initiator").element("ID", is_root ? owner_id(account) : std::string(arn));
  xml.element("DisplayName", is_root   ? resource
                             : is_user ? resource.substr(resource.rfind('/') + 1)
                                       : resource.substr(slash + 1));
  xml.close();
}

}  // namespace sortie::emulator::s3
