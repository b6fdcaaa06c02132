#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "emulator/cloudformation/resources/custom_responses.h"

/// What custom resources answer: a success always has a name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::emulator::cloudformation;
  static const boost::json::object k_message{
      {"RequestId", "r"}, {"StackId", "s"}, {"LogicalResourceId", "l"}, {"RequestType", "Create"}};
  const auto answer = read_custom_answer({reinterpret_cast<const char*>(data), size}, k_message);
  if (answer.failure.empty() && answer.physical_id.empty()) __builtin_trap();
  return 0;
}
