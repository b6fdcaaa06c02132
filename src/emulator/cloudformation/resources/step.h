#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"
#include "http/message.h"
#include "wire/query_protocol.h"

/// What the handlers of resource types are made of: requests to the other services as values, and what to do with the
/// answers. engine/plan_runner.h runs them.
namespace sortie::emulator::cloudformation {

/// An answer read to its end.
struct Reply {
  std::string service;
  int status = 200;
  std::string body;
  std::string request_id;
  std::string code;              ///< of an error
  std::string message;           ///< of an error
  std::string function_error{};  ///< Lambda: the function failed (X-Amz-Function-Error)

  [[nodiscard]] bool ok() const { return status < 300; }
  /// The body of a JSON service; empty when it is none.
  [[nodiscard]] boost::json::object json() const;
  /// The text of the first element of that name in an XML body, at any depth; empty when there is none.
  [[nodiscard]] std::string xml_text(std::string_view element) const;
};

/// What exists of a resource: filled by its handler and by the answers to its requests.
struct ResourceState {
  std::string physical_id;
  boost::json::object attributes;
  bool exists = false;
  std::string failure;  ///< set by Step::then: an answer that is a success means failure all the same
};

struct Step;
using Plan = std::vector<Step>;

/// One request.
struct Step {
  std::string service;  ///< signing name
  http::Request request;
  bool creates = false;                  ///< once it succeeded there is something to delete
  std::vector<std::string> tolerated{};  ///< error codes that are as good as success
  /// Reads the answer; what it returns runs next, before the rest of the plan. May be empty.
  std::function<Plan(const Reply& reply, ResourceState& state)> then{};
  /// Instead of a request: polled until it gives an answer. May be empty.
  std::function<std::optional<Reply>()> await_reply{};
  std::chrono::milliseconds delay{0};  ///< waited before the request
  /// An answer after which the same request is sent again for a while (a role that is too new). May be empty.
  std::function<bool(const Reply& reply)> retry_if{};
};

/// Reads code and message of an error answer of any protocol.
void read_error(Reply& reply);

/// `Resource handler returned message: "…" (RequestToken: …, HandlerErrorCode: …)`, as AWS's resource handlers say it.
std::string failure_text(const Reply& reply);

http::Request iam_request(wire::QueryForm form);
/// `path` is percent-encoded, and may have a query behind it.
http::Request lambda_request(std::string method, std::string path, const boost::json::object* body = nullptr);
http::Request logs_request(std::string_view operation, const boost::json::object& body);
http::Request ssm_request(std::string_view operation, const boost::json::object& body);
/// `/BUCKET?QUERY`.
http::Request s3_request(std::string method, std::string_view bucket, std::string query, std::string body = {});

}  // namespace sortie::emulator::cloudformation
