#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sortie::emulator {

/// For tests: a question for one record of a name, as resolvers send it.
inline std::string dns_question(std::string_view name, std::uint8_t type = 1, std::uint8_t klass = 1) {
  std::string out("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  while (!name.empty()) {
    auto dot = name.find('.');
    auto label = name.substr(0, dot);
    out.push_back(static_cast<char>(label.size()));
    out.append(label);
    name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
  }
  out.append({'\0', '\0', static_cast<char>(type), '\0', static_cast<char>(klass)});
  return out;
}

}  // namespace sortie::emulator
