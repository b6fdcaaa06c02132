#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "emulator/core/call.h"
#include "wire/query_protocol.h"

/// The query protocol's side of a service (IAM, STS, CloudFormation): a form comes in, XML goes out.
/// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
namespace sortie::emulator {

struct QueryProtocol {
  std::string_view xml_namespace;
  std::string_view version;  ///< the only one that `Version` may name
  std::size_t max_form;      ///< bytes of a request
};

struct QueryRequest {
  std::string action;
  wire::QueryInput input;
};

/// The request's form, of its body or of its query string. 400 MalformedQueryString, MissingAction, and InvalidAction
/// for another version.
AwsResult<QueryRequest> read_query_request(const QueryProtocol& protocol, const Call& call);

/// An operation's answer: the content of its result element, or empty for an operation without one.
http::Response query_response(const QueryProtocol& protocol, const QueryRequest& request,
                              const AwsResult<std::string>& answer, const std::string& request_id);

/// Reads the request, lets `run` answer it, and renders the answer.
http::Response answer_query(const QueryProtocol& protocol, const Call& call,
                            const std::function<AwsResult<std::string>(const QueryRequest&)>& run);

}  // namespace sortie::emulator
