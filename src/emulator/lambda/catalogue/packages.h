#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/background.h"
#include "base/blocking.h"
#include "base/slots.h"
#include "emulator/core/store.h"
#include "emulator/lambda/catalogue/catalogue.h"
#include "emulator/lambda/catalogue/code_store.h"

namespace sortie::emulator::lambda {

/// The packages of functions and layers, and who uses them: one that no function, no layer and no environment has any
/// more is removed. io_context thread only.
class Packages {
 public:
  /// What is referred to outlives the object.
  Packages(Background& background, const Catalogue& catalogue, Store& store, BlockingPool& pool)
      : background_(background), catalogue_(catalogue), codes_(store, pool), turn_(background.executor(), 1) {}

  [[nodiscard]] CodeStore& store() { return codes_; }
  /// One at a time adds or removes packages: held from before a package is added until the function or layer that has
  /// it is in the catalogue.
  Task<Slots::Slot> take_turn() { return turn_.take(); }
  /// A deployment of `version` has its packages mounted, until as many calls of `unmount`.
  void mount(const Version& version);
  void unmount(const Version& version);
  /// Soon removes those of them that are not used.
  void collect_later(std::vector<std::string> ids) { background_.spawn(collect(std::move(ids))); }
  /// The same for all there are: a killed process may have left some.
  void collect_all_later() { collect_later(codes_.all()); }

 private:
  Task<void> collect(std::vector<std::string> ids);
  [[nodiscard]] bool used(const std::string& id) const;

  Background& background_;
  const Catalogue& catalogue_;
  CodeStore codes_;
  Slots turn_;
  std::multiset<std::string> mounted_;
};

/// What an environment of this version has mounted: code and layers, as ids of the CodeStore.
std::vector<std::string> packages_of(const Version& version);

}  // namespace sortie::emulator::lambda
