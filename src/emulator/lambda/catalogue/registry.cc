#include "emulator/lambda/catalogue/registry.h"

#include <boost/json.hpp>

#include "wire/json.h"

namespace sortie::emulator::lambda {

Registry::Registry(Store& store) : statements_(std::in_place, store.db()) {
  store.db().exec(
      "CREATE TABLE IF NOT EXISTS lambda_functions(region TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL, "
      "PRIMARY KEY(region, name)) WITHOUT ROWID");
  auto rows = statements_->query("SELECT document FROM lambda_functions");
  while (rows.next()) {
    auto document = wire::parse_json_object(rows.view(0));
    if (!document) continue;  // not written by us
    auto function = from_document(*document);
    functions_.emplace(Key{function.region, function.name}, std::move(function));
  }
}

Function* Registry::find(const std::string& region, const std::string& name) {
  auto found = functions_.find(Key{region, name});
  return found == functions_.end() ? nullptr : &found->second;
}

Function& Registry::insert(Function function) {
  save(function);
  Key key{function.region, function.name};
  return functions_.insert_or_assign(std::move(key), std::move(function)).first->second;
}

int Registry::reserved_concurrency(const std::string& region) {
  auto [known, is_new] = reserved_.try_emplace(region, 0);
  if (!is_new) return known->second;
  for (const auto& [key, function] : functions_) {
    if (function.region == region) known->second += function.set_aside();
  }
  return known->second;
}

void Registry::save(const Function& function) {
  reserved_.clear();
  statements_->query("INSERT OR REPLACE INTO lambda_functions(region, name, document) VALUES(?, ?, ?)")
      .bind(function.region, function.name, boost::json::serialize(to_document(function)))
      .run();
}

void Registry::erase(const std::string& region, const std::string& name) {
  statements_->query("DELETE FROM lambda_functions WHERE region = ? AND name = ?").bind(region, name).run();
  functions_.erase(Key{region, name});
  reserved_.clear();
}

int Registry::reserved_except(const Function& function) {
  return reserved_concurrency(function.region) - function.set_aside();
}

}  // namespace sortie::emulator::lambda
