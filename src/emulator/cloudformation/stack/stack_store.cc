#include "emulator/cloudformation/stack/stack_store.h"

#include <algorithm>
#include <boost/json.hpp>

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

constexpr auto k_deleted_kept_for = std::chrono::days(90);

json::object parse_row(std::string_view text) {
  boost::system::error_code failed;
  json::value value = json::parse(text, failed);
  return !failed && value.is_object() ? std::move(value.get_object()) : json::object();
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

json::object to_json(const Event& event) {
  return {{"id", event.id},
          {"name", event.stack_name},
          {"logical_id", event.logical_id},
          {"physical_id", event.physical_id},
          {"type", event.type},
          {"status", event.status},
          {"reason", event.reason},
          {"properties", event.properties},
          {"token", event.client_token}};
}

}  // namespace

StackStore::StackStore(Store& store, SystemTime now) : statements_(std::in_place, store.db()) {
  store.db().exec(
      "CREATE TABLE IF NOT EXISTS cloudformation_stacks(id TEXT PRIMARY KEY, document TEXT NOT NULL);"
      "CREATE TABLE IF NOT EXISTS cloudformation_resources(number INTEGER PRIMARY KEY AUTOINCREMENT, stack TEXT NOT "
      "NULL, "
      "logical_id TEXT NOT NULL, document TEXT NOT NULL, UNIQUE(stack, logical_id));"
      "CREATE TABLE IF NOT EXISTS cloudformation_events(number INTEGER PRIMARY KEY AUTOINCREMENT, stack TEXT NOT NULL, "
      "at INTEGER NOT NULL, document TEXT NOT NULL);"
      "CREATE INDEX IF NOT EXISTS cloudformation_events_of ON cloudformation_events(stack, number);"
      "CREATE TABLE IF NOT EXISTS cloudformation_change_sets(id TEXT PRIMARY KEY, document TEXT NOT NULL)");
  load(now);
}

void StackStore::load(SystemTime now) {
  std::vector<Stack> old;
  auto stacks = statements_->query("SELECT document FROM cloudformation_stacks");
  while (stacks.next()) {
    Stack stack = stack_from_json(parse_row(stacks.view(0)));
    if (stack.is_deleted() && stack.deleted.value_or(now) + k_deleted_kept_for < now) {
      old.push_back(std::move(stack));
      continue;
    }
    const std::string id = stack.id;
    stacks_[id] = std::make_unique<Stack>(std::move(stack));
  }
  auto resources = statements_->query("SELECT stack, document FROM cloudformation_resources ORDER BY number");
  while (resources.next()) {
    const auto stack = stacks_.find(resources.view(0));
    if (stack != stacks_.end()) stack->second->resources.push_back(resource_from_json(parse_row(resources.view(1))));
  }
  auto change_sets = statements_->query("SELECT document FROM cloudformation_change_sets");
  while (change_sets.next()) {
    ChangeSet change_set = change_set_from_json(parse_row(change_sets.view(0)));
    const std::string id = change_set.id;
    change_sets_[id] = std::make_unique<ChangeSet>(std::move(change_set));
  }
  for (const Stack& stack : old) remove(stack);
}

Stack* StackStore::find(std::string_view region, std::string_view name_or_id) {
  if (name_or_id.starts_with("arn:")) {
    const auto found = stacks_.find(name_or_id);
    return found == stacks_.end() || found->second->region != region ? nullptr : found->second.get();
  }
  for (const auto& [id, stack] : stacks_) {
    if (stack->name == name_or_id && stack->region == region && !stack->is_deleted()) return stack.get();
  }
  return nullptr;
}

Stack* StackStore::find_by_id(std::string_view id) {
  const auto found = stacks_.find(id);
  return found == stacks_.end() ? nullptr : found->second.get();
}

Stack& StackStore::add(Stack stack) {
  const std::string id = stack.id;
  Stack& kept = *(stacks_[id] = std::make_unique<Stack>(std::move(stack)));
  save(kept);
  return kept;
}

void StackStore::save(const Stack& stack) {
  if (closed()) return;
  statements_->query("INSERT OR REPLACE INTO cloudformation_stacks(id, document) VALUES(?, ?)")
      .bind(stack.id, json::serialize(to_json(stack)))
      .run();
}

void StackStore::save(const Stack& stack, const Resource& resource) {
  if (closed()) return;
  statements_
      ->query(
          "INSERT INTO cloudformation_resources(stack, logical_id, document) VALUES(?, ?, ?) "
          "ON CONFLICT(stack, logical_id) DO UPDATE SET document = excluded.document")
      .bind(stack.id, resource.logical_id, json::serialize(cloudformation::to_json(resource)))
      .run();
}

void StackStore::erase(const Stack& stack, const std::string& logical_id) {
  if (closed()) return;
  statements_->query("DELETE FROM cloudformation_resources WHERE stack = ? AND logical_id = ?")
      .bind(stack.id, logical_id)
      .run();
}

void StackStore::remove(const Stack& stack) {
  if (closed()) return;
  const std::string id = stack.id;
  statements_->query("DELETE FROM cloudformation_resources WHERE stack = ?").bind(id).run();
  statements_->query("DELETE FROM cloudformation_events WHERE stack = ?").bind(id).run();
  statements_->query("DELETE FROM cloudformation_stacks WHERE id = ?").bind(id).run();
  stacks_.erase(id);
}

std::vector<Stack*> StackStore::all() {
  std::vector<Stack*> found;
  for (const auto& [id, stack] : stacks_) found.push_back(stack.get());
  return found;
}

std::vector<Stack*> StackStore::all(std::string_view region) {
  std::vector<Stack*> found;
  for (const auto& [id, stack] : stacks_) {
    if (stack->region == region) found.push_back(stack.get());
  }
  std::ranges::sort(found, [](const Stack* a, const Stack* b) {
    return a->created != b->created ? a->created > b->created : a->id < b->id;
  });
  return found;
}

void StackStore::add_event(const Event& event) {
  if (closed()) return;
  statements_->query("INSERT INTO cloudformation_events(stack, at, document) VALUES(?, ?, ?)")
      .bind(event.stack_id, event.at.time_since_epoch().count(), json::serialize(to_json(event)))
      .run();
}

StackStore::EventPage StackStore::events(const std::string& stack_id, std::int64_t below, std::size_t limit) {
  EventPage page;
  auto rows = statements_->query(
      "SELECT number, at, document FROM cloudformation_events WHERE stack = ? AND number < ? ORDER BY number DESC "
      "LIMIT ?");
  rows.bind(stack_id, below, limit + 1);
  std::int64_t last = 0;
  while (rows.next()) {
    if (page.events.size() == limit) {
      page.next_below = last;
      break;
    }
    last = rows.integer(0);
    const json::object row = parse_row(rows.view(2));
    page.events.push_back({.id = text_of(row, "id"),
                           .stack_id = stack_id,
                           .stack_name = text_of(row, "name"),
                           .logical_id = text_of(row, "logical_id"),
                           .physical_id = text_of(row, "physical_id"),
                           .type = text_of(row, "type"),
                           .at = SystemTime{std::chrono::milliseconds{rows.integer(1)}},
                           .status = text_of(row, "status"),
                           .reason = text_of(row, "reason"),
                           .properties = text_of(row, "properties"),
                           .client_token = text_of(row, "token")});
  }
  return page;
}

ChangeSet* StackStore::find_change_set(std::string_view stack_id, std::string_view name_or_id) {
  // The newest first: names of executed ones are used again.
  for (ChangeSet* change_set : change_sets(stack_id)) {
    if (change_set->name == name_or_id || change_set->id == name_or_id) return change_set;
  }
  return nullptr;
}

ChangeSet* StackStore::find_change_set(std::string_view id) {
  const auto found = change_sets_.find(id);
  return found == change_sets_.end() ? nullptr : found->second.get();
}

ChangeSet& StackStore::add_change_set(ChangeSet change_set) {
  const std::string id = change_set.id;
  ChangeSet& kept = *(change_sets_[id] = std::make_unique<ChangeSet>(std::move(change_set)));
  save(kept);
  return kept;
}

void StackStore::save(const ChangeSet& change_set) {
  if (closed()) return;
  statements_->query("INSERT OR REPLACE INTO cloudformation_change_sets(id, document) VALUES(?, ?)")
      .bind(change_set.id, json::serialize(cloudformation::to_json(change_set)))
      .run();
}

void StackStore::erase_change_set(const std::string& id) {
  if (closed()) return;
  statements_->query("DELETE FROM cloudformation_change_sets WHERE id = ?").bind(id).run();
  change_sets_.erase(std::string(id));
}

std::vector<ChangeSet*> StackStore::change_sets(std::string_view stack_id) {
  std::vector<ChangeSet*> found;
  for (const auto& [id, change_set] : change_sets_) {
    if (change_set->stack_id == stack_id) found.push_back(change_set.get());
  }
  std::ranges::sort(found, [](const ChangeSet* a, const ChangeSet* b) {
    return a->created != b->created ? a->created > b->created : a->id < b->id;
  });
  return found;
}

std::vector<StackStore::Export> StackStore::exports(std::string_view region) {
  std::vector<Export> found;
  for (const auto& [id, stack] : stacks_) {
    if (stack->region != region || stack->is_deleted()) continue;
    for (const Output& output : stack->now.outputs) {
      if (!output.export_name.empty()) found.push_back({stack.get(), &output});
    }
  }
  std::ranges::sort(found, {}, [](const Export& one) { return one.output->export_name; });
  return found;
}

StackStore::Export StackStore::find_export(std::string_view region, std::string_view name) {
  for (const Export& one : exports(region)) {
    if (one.output->export_name == name) return one;
  }
  return {};
}

StackStore::MacroResource StackStore::find_macro(std::string_view region, std::string_view name) const {
  for (const auto& [id, stack] : stacks_) {
    if (stack->region != region || stack->is_deleted()) continue;
    for (const Resource& resource : stack->resources) {
      if (resource.exists && resource.type == k_macro_type && resource.physical_id == name)
        return {stack.get(), &resource};
    }
  }
  return {};
}

std::vector<std::string> StackStore::importers(std::string_view region, std::string_view name) {
  std::vector<std::string> found;
  for (const auto& [id, stack] : stacks_) {
    if (stack->region != region || stack->is_deleted()) continue;
    if (std::ranges::find(stack->now.imports, name) != stack->now.imports.end()) found.push_back(stack->name);
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace sortie::emulator::cloudformation
