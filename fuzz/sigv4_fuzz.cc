#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/sigv2.h"
#include "wire/sigv4.h"

/// Method, query, path and Authorization of a request, one a line. Whatever they are: no signature is accepted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::wire;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto line = [&] {
    const auto out = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(out.size() + 1, rest.size()));
    return out;
  };
  const std::string_view method = line();
  const std::string_view query = line();
  const std::string_view path = line();
  const HeaderView headers[] = {{"Host", "h"}, {"X-Amz-Date", "20150830T123600Z"}, {"Authorization", line()}};
  const RequestParts request{method, path, query, headers};
  const auto parsed = parse_authorization(request);
  if (!parsed) return 0;
  const sortie::SystemTime now{std::chrono::seconds(1'440'938'160)};
  if (verify(*parsed, request, payload_hash_for(*parsed, k_empty_sha256), "secret", now)) __builtin_trap();
  if (parsed->is_v2() && verify_v2(*parsed, request, "", "secret", now)) __builtin_trap();
  return 0;
}
