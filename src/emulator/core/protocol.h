#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/core/call.h"

/// How AWS's protocols put answers and errors on the wire, for all services. Pure functions.
namespace sortie::emulator {

/// A random UUID (version 4), as most services use it.
std::string make_request_id();
/// 16 characters of S3's alphabet (`4442587FB7D0A2F9`).
std::string make_s3_request_id();
/// S3's extended request id (`x-amz-id-2`): 56 random bytes in base64.
std::string make_s3_host_id();

/// `text` as the content of an XML element or attribute. Characters that XML 1.0 cannot carry become `&#xN;` as S3
/// writes them.
std::string xml_escape(std::string_view text);

/// The query protocol's success: `<ActionResponse xmlns=…><ActionResult>RESULT</ActionResult><ResponseMetadata>…`.
/// Without a result element when `has_result` is false (an operation without output).
http::Response render_query_success(std::string_view xml_namespace, std::string_view action,
                                    std::string_view result_xml, const std::string& request_id, bool has_result = true);
/// The query protocol's error: `<ErrorResponse xmlns=…><Error><Type>Sender</Type><Code>…`; Type is Receiver from 500
/// up.
http::Response render_query_error(std::string_view xml_namespace, const AwsError& error, const std::string& request_id);

/// rest-json's error (Lambda): header `x-amzn-ErrorType`, body `{"Type":"User","Message":…}`. AwsError::fields become
/// further members and may replace `Type`. A code that contains `UnrecognizedClient`, `Signature`, `Token` or that came
/// from IAM has a lower-case `message` and no Type, as AWS's front door writes it.
http::Response render_rest_json_error(const AwsError& error, const std::string& request_id);

/// json 1.1's error (Logs): `{"__type":"ResourceNotFoundException","message":…}` plus AwsError::fields.
http::Response render_json11_error(const AwsError& error, const std::string& request_id);

/// A JSON answer with the headers every AWS JSON service sends.
http::Response json_response(int status, const boost::json::value& body, const std::string& request_id,
                             std::string_view content_type = "application/json");

/// 501 for an operation that the embedded AWS does not have: code `NotImplemented`, the sentence names the operation
/// and says that AWS has it. Never answer with an empty success instead.
AwsError not_implemented(std::string_view service, std::string_view operation);

/// The value of a query parameter, percent-decoded; empty when it is not there.
std::string query_parameter(std::string_view query, std::string_view name);

}  // namespace sortie::emulator
