#include "emulator/lambda/catalogue/packages.h"

#include <algorithm>

namespace sortie::emulator::lambda {
namespace {

bool has(const Version& version, const std::string& id) {
  return version.code_id == id || std::ranges::find(version.layers, id, &LayerUse::code_id) != version.layers.end();
}

}  // namespace

std::vector<std::string> packages_of(const Version& version) {
  std::vector<std::string> ids{version.code_id};
  for (const auto& layer : version.layers) ids.push_back(layer.code_id);
  return ids;
}

void Packages::mount(const Version& version) {
  for (auto& id : packages_of(version)) mounted_.insert(std::move(id));
}

void Packages::unmount(const Version& version) {
  auto ids = packages_of(version);
  for (const auto& id : ids) {
    if (auto found = mounted_.find(id); found != mounted_.end()) mounted_.erase(found);
  }
  collect_later(std::move(ids));
}

bool Packages::used(const std::string& id) const {
  if (mounted_.contains(id)) return true;
  for (const auto& [key, layer] : catalogue_.layers.all()) {
    for (const auto& [number, version] : layer.versions) {
      if (version.code_id == id) return true;
    }
  }
  return std::ranges::any_of(catalogue_.functions.all(), [&id](const auto& item) {
    const Function& function = item.second;
    return has(function.latest, id) ||
           std::ranges::any_of(function.versions, [&id](const auto& each) { return has(each.second, id); });
  });
}

Task<void> Packages::collect(std::vector<std::string> ids) {
  for (const auto& id : ids) {
    auto turn = co_await turn_.take();
    if (!background_.closed() && !used(id)) co_await codes_.remove(id);
  }
}

}  // namespace sortie::emulator::lambda
