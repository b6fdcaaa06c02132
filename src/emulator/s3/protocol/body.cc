#include "emulator/s3/protocol/body.h"

#include <fmt/format.h>

#include <vector>

#include "emulator/s3/protocol/digests.h"
#include "emulator/s3/protocol/errors.h"

namespace sortie::emulator::s3 {

Task<AwsResult<std::string>> read_body(Request& request, std::size_t limit) {
  ASSIGN_OR_CO_RETURN(auto demand, read_digest_demand(request.headers()));
  auto body = co_await request.call.request.body.read_all(limit);
  if (!body) {
    const Error& error = body.error();
    if (!error.code.empty()) co_return s3_fail(400, error.code, error.message);
    if (request.call.request.body.length().value_or(0) > limit) {
      co_return s3_fail(400, "MaxMessageLengthExceeded", "Your request was too big.");
    }
    co_return s3_fail(400, "IncompleteBody",
                      "You did not provide the number of bytes specified by the Content-Length HTTP header");
  }
  std::vector<ChecksumAlgorithm> algorithms;
  if (demand.algorithm) algorithms.push_back(*demand.algorithm);
  Digests digests(algorithms);
  digests.update(*body);
  CO_RETURN_IF_ERROR(check_digests(demand, digests.finish(), request.call.trailers.get()));
  co_return *std::move(body);
}

AwsResult<void> check_digest_sent(const Request& request, std::string_view headers) {
  ASSIGN_OR_RETURN(const auto demand, read_digest_demand(request.headers()));
  if (demand.content_md5 || demand.algorithm) return {};
  return invalid_request(fmt::format("Missing required header for this request: {}", headers));
}

AwsResult<wire::XmlDocument> parse_document(std::string_view body, std::string_view root) {
  auto document = wire::XmlDocument::parse(body);
  if (!document || document->root().name() != root) return malformed_xml();
  return *std::move(document);
}

}  // namespace sortie::emulator::s3
