#include "emulator/lambda/url/function_urls.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>

#include "base/error.h"
#include "emulator/core/protocol.h"
#include "emulator/lambda/catalogue/errors.h"
#include "emulator/lambda/url/cors.h"
#include "emulator/lambda/url/event.h"
#include "emulator/lambda/url/response.h"

namespace sortie::emulator::lambda {
namespace {

/// Larger answers are parsed away from the io_context thread.
constexpr std::size_t k_parse_here = 256 * 1024;
constexpr std::size_t k_piece_bytes = 64 * 1024;

http::Response refusal(boost::json::value message, const std::string& request_id) {
  auto response = json_response(403, boost::json::object{{"Message", std::move(message)}}, request_id);
  response.headers.add("x-amzn-ErrorType", "AccessDeniedException");
  return response;
}

http::Response forbidden(const std::string& request_id) {
  return refusal(
      "Forbidden. For troubleshooting Function URL authorization issues, see: "
      "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
      request_id);
}

/// A function that failed, ran out of time, or answered what is no HTTP response.
http::Response bad_gateway() {
  return {.status = 502, .headers = {{"Content-Type", "application/json"}}, .body = "Internal Server Error"};
}

AwsError too_large() {
  return {413,
          "RequestEntityTooLargeException",
          fmt::format("Request must be smaller than {} bytes for the InvokeFunction operation", k_request_limit),
          {}};
}

bool is_signed(const http::Request& request) {
  return request.headers.contains("Authorization") || request.query.contains("X-Amz-Signature=");
}

/// Bytes that were read already, then the rest.
class ContinuedBody final : public http::BodySource {
 public:
  ContinuedBody(std::string begin, http::Body rest) : begin_(std::move(begin)), rest_(std::move(rest)) {}
  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    if (at_ == begin_.size()) co_return co_await rest_.read(buffer);
    const auto count = std::min(buffer.size(), begin_.size() - at_);
    std::memcpy(buffer.data(), begin_.data() + at_, count);
    at_ += count;
    co_return count;
  }

 private:
  std::string begin_;
  std::size_t at_ = 0;
  http::Body rest_;
};

}  // namespace

std::optional<FunctionUrls::Target> FunctionUrls::find(const FunctionUrlHost& host) const {
  const auto begin = fmt::format("https://{}.", host.id);
  for (const auto& [key, function] : functions_.all()) {
    if (key.first != host.region) continue;
    for (const auto& [qualifier, url] : function.urls) {
      if (url.url.starts_with(begin)) return Target{function.region, function.name, qualifier, url};
    }
  }
  return std::nullopt;
}

bool FunctionUrls::is_public(const http::Request& request) {
  const auto host = parse_function_url_host(request.headers.get_or("Host", request.host));
  const auto target = host ? find(*host) : std::nullopt;
  return !target || target->url.auth_type == "NONE" || !is_signed(request);
}

Task<http::Response> FunctionUrls::handle(Call call, FunctionUrlHost host) {
  const auto id = call.request_id;
  const auto target = find(host);
  if (!target) co_return refusal(nullptr, id);
  const auto cors = target->url.cors.value_or(boost::json::object());
  if (auto preflight = answer_preflight(cors, call.request)) {
    preflight->headers.add("x-amzn-RequestId", id);
    co_return *std::move(preflight);
  }
  const std::string origin(call.request.headers.get_or("Origin", ""));
  auto response = may_use(call, *target) ? co_await invoke(std::move(call), host, *target) : forbidden(id);
  if (!response.headers.contains("x-amzn-RequestId")) response.headers.add("x-amzn-RequestId", id);
  add_cors_headers(cors, origin, response.headers);
  co_return response;
}

/// Since October 2025 AWS asks for `lambda:InvokeFunction` besides. URLs that everybody may use are taken as AWS took
/// those that were there before, unless `--realism aws` asks for all that AWS asks for.
bool FunctionUrls::may_use(const Call& call, const Target& target) {
  const auto* function = functions_.find(target.region, target.name);
  if (function == nullptr) return false;
  const bool asks = target.url.auth_type != "NONE";
  if (asks && call.principal.kind == Principal::Kind::anonymous) return false;
  const auto arn = function->arn(target.qualifier);
  const auto policy = function->policy_document(target.qualifier);
  if (!permissions_.authorize(call, "lambda:InvokeFunctionUrl", arn, policy,
                              {{"lambda:FunctionUrlAuthType", target.url.auth_type}})) {
    return false;
  }
  if (!asks && !strict_) return true;
  return permissions_
      .authorize(call, "lambda:InvokeFunction", arn, policy,
                 {{"lambda:FunctionUrlAuthType", target.url.auth_type}, {"lambda:InvokedViaFunctionUrl", "true"}})
      .has_value();
}

Task<http::Response> FunctionUrls::invoke(Call call, const FunctionUrlHost& host, const Target& target) {
  const auto id = call.request_id;
  auto invocation = co_await make_invocation(call, host, target);
  if (!invocation) co_return render_lambda_error(invocation.error(), id);
  const auto& given = *invocation;
  given->wants_content_type = true;
  const auto invoked = invoker_.choose(target.region, target.name, target.qualifier);
  if (!invoked) co_return refusal(nullptr, id);  // it went away meanwhile
  http::Body stream;
  if (target.url.invoke_mode == "RESPONSE_STREAM") {
    given->stream = invoker_.make_stream(ResponseStream::Framing::plain);
    stream = given->stream->body();
  }
  if (auto begun = invoker_.submit(*invoked, target.qualifier, given); !begun) {
    co_return render_lambda_error(begun.error(), id);
  }
  auto response = given->stream ? co_await stream_of(given, std::move(stream)) : co_await result_of(given);
  response.headers.add("X-Amzn-Trace-Id", given->trace_id);
  co_return response;
}

Task<AwsResult<std::shared_ptr<Invocation>>> FunctionUrls::make_invocation(Call& call, const FunctionUrlHost& host,
                                                                           const Target& target) {
  auto body = co_await call.request.body.read_all(k_request_limit);
  if (!body) co_return std::unexpected(too_large());
  std::string trace(call.request.headers.get_or("X-Amzn-Trace-Id", ""));
  auto invocation = invoker_.make_invocation(call.request_id, trace);
  // The event of a request without one has the root alone.
  if (trace.empty()) trace = invocation->trace_id.substr(0, invocation->trace_id.find(';'));
  const bool asks = target.url.auth_type != "NONE";
  invocation->payload = url_event({.request = call.request,
                                   .body = *body,
                                   .host = host,
                                   .caller = asks ? &call.principal : nullptr,
                                   .request_id = call.request_id,
                                   .trace_id = trace,
                                   .now = clock_.now()});
  if (invocation->payload.size() > k_request_limit) co_return std::unexpected(too_large());
  const auto* function = functions_.find(target.region, target.name);
  if (function != nullptr) invocation->invoked_arn = function->arn(target.qualifier);
  co_return invocation;
}

Task<http::Response> FunctionUrls::result_of(std::shared_ptr<Invocation> invocation) {
  while (!invocation->done) co_await invocation->changed.wait();
  auto& result = invocation->result;
  if (result.refused || !result.function_error.empty()) co_return bad_gateway();
  std::optional<http::Response> response;
  if (result.payload.size() <= k_parse_here) {
    response = url_response(std::move(result.payload), invocation->content_type);
  } else {
    response = co_await blocking_.run([payload = std::move(result.payload), type = invocation->content_type]() mutable {
      return url_response(std::move(payload), type);
    });
  }
  if (!response) co_return bad_gateway();
  co_return *std::move(response);
}

/// The head of a streamed answer as soon as it is known; the body follows as the function writes it.
Task<http::Response> FunctionUrls::stream_of(std::shared_ptr<Invocation> invocation, http::Body body) {
  while (!invocation->accepted && !invocation->done) co_await invocation->changed.wait();
  if (invocation->result.refused) co_return bad_gateway();
  std::vector<char> piece(k_piece_bytes);
  auto count = co_await body.read(piece);
  if (!count) co_return bad_gateway();
  const auto& type = invocation->content_type;
  http::Response head{.headers = {{"Content-Type", type.empty() ? "application/octet-stream" : type}}};
  std::string begin(piece.data(), *count);
  if (is_http_integration(type)) {
    PreludeReader prelude;
    auto state = prelude.feed(begin);
    while (state == PreludeReader::State::more && *count != 0) {
      count = co_await body.read(piece);
      if (!count) co_return bad_gateway();
      state = prelude.feed({piece.data(), *count});
    }
    if (state != PreludeReader::State::complete) co_return bad_gateway();
    head = std::move(prelude.head());
    begin = std::move(prelude.rest());
  }
  if (*count == 0) co_return head;  // it ended with nothing to say
  head.body = http::Body(std::make_unique<ContinuedBody>(std::move(begin), std::move(body)));
  co_return head;
}

}  // namespace sortie::emulator::lambda
