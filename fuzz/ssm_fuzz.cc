// Requests to Systems Manager, and what templates take from it: neither may crash, hang, or be accepted by half.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "emulator/cloudformation/engine/stored_parameters.h"
#include "emulator/core/store.h"
#include "emulator/ssm/ssm.h"

namespace {

using namespace sortie::emulator;

class Everyone final : public Authorizer {
 public:
  AwsResult<void> authorize(const Call&, const AuthorizationRequest&) override { return {}; }
};

constexpr std::string_view k_operations[] = {
    "PutParameter",        "GetParameter",      "GetParameters",          "GetParametersByPath",
    "DescribeParameters",  "DeleteParameter",   "LabelParameterVersion",  "UnlabelParameterVersion",
    "GetParameterHistory", "AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"};

}  // namespace

/// Each line is a body; its first byte chooses the operation.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto store = Store::ephemeral().value();
  static Everyone everyone;
  static const sortie::FakeClock clock;
  static Ssm service(clock, *store, everyone);
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty()) continue;
    Call call;
    call.region = "us-east-1";
    call.account = "111111111111";
    const auto operation = k_operations[static_cast<unsigned char>(line[0]) % std::size(k_operations)];
    call.request.headers.add("X-Amz-Target", "AmazonSSM." + std::string(operation));
    call.request.body = std::string(line.substr(1));
    boost::asio::io_context io;
    boost::asio::co_spawn(io, service.handle(std::move(call)),
                          [](const std::exception_ptr& error, const sortie::http::Response& response) {
                            if (error || response.status == 500) std::abort();
                          });
    io.run();
    boost::system::error_code malformed;
    const auto value = boost::json::parse(line.substr(1), malformed);
    if (malformed) continue;
    boost::json::object known;
    for (const auto& reference : cloudformation::find_dynamic_references(value)) known[reference] = "";
    if (!cloudformation::find_dynamic_references(cloudformation::with_references(value, known)).empty() &&
        known.empty()) {
      std::abort();
    }
  }
  return 0;
}
