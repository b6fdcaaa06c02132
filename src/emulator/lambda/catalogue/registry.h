#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "emulator/core/sql.h"
#include "emulator/core/store.h"
#include "emulator/lambda/catalogue/function.h"

namespace sortie::emulator::lambda {

/// All functions: in memory for speed, in the store for keeps. Every change is committed before it returns.
/// io_context thread only.
class Registry {
 public:
  /// Reads what the store has. Makes the table.
  explicit Registry(Store& store);

  using Key = std::pair<std::string, std::string>;  ///< region, name

  /// Pointers stay valid until `erase` of that function.
  [[nodiscard]] Function* find(const std::string& region, const std::string& name);
  /// Adds a function that is not there yet.
  Function& insert(Function function);
  /// Writes a function of this registry after a change.
  void save(const Function& function);
  void erase(const std::string& region, const std::string& name);
  /// What the functions of a region have set aside of its concurrency, together: reserved or provisioned.
  [[nodiscard]] int reserved_concurrency(const std::string& region);
  /// The same without `function`.
  [[nodiscard]] int reserved_except(const Function& function);
  /// Lets go of the store: no changes afterwards.
  void close() { statements_.reset(); }
  [[nodiscard]] const std::map<Key, Function>& all() const { return functions_; }

 private:
  std::optional<Statements> statements_;
  std::map<Key, Function> functions_;
  std::map<std::string, int> reserved_;  ///< by region, as far as asked for since the last change
};

}  // namespace sortie::emulator::lambda
