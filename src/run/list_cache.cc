#include "run/list_cache.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace sortie::run {

std::optional<std::vector<suite::TestCase>> ListCache::find(const std::string& key) const {
  if (folder_.empty() || key.empty()) return std::nullopt;
  std::ifstream file(folder_ + "/" + key + ".json", std::ios::binary);
  if (!file) return std::nullopt;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto event = suite::decode_event(text);
  if (!event) return std::nullopt;
  auto* listed = std::get_if<suite::Listed>(&*event);
  if (listed == nullptr || listed->tests.empty()) return std::nullopt;
  return std::move(listed->tests);
}

void ListCache::keep(const std::string& key, const std::vector<suite::TestCase>& tests) const {
  if (folder_.empty() || key.empty()) return;
  std::error_code ignored;
  std::filesystem::create_directories(folder_, ignored);
  const std::string path = folder_ + "/" + key + ".json";
  const std::string temporary = path + "." + std::to_string(getpid());
  {
    std::ofstream file(temporary, std::ios::binary);
    file << suite::encode(suite::HarnessEvent(suite::Listed{tests}));
    file.close();
    if (file) std::filesystem::rename(temporary, path, ignored);
  }
  std::filesystem::remove(temporary, ignored);
}

}  // namespace sortie::run
