#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "emulator/core/dns.h"

/// Any datagram from inside a sandbox: the answer, if there is one, fits a datagram and repeats the id.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view query(reinterpret_cast<const char*>(data), size);
  auto answer = sortie::emulator::answer_dns(query, {169, 254, 78, 1});
  if (answer && (answer->size() > 512 || answer->substr(0, 2) != query.substr(0, 2))) std::abort();
  const bool own = sortie::emulator::asks_for_own_name(query);
  if (own && !answer) return 0;  // an answer, or of another kind
  if (query.size() >= 12 && sortie::emulator::dns_failure(query).substr(0, 2) != query.substr(0, 2)) std::abort();
  return 0;
}
