#include "emulator/ssm/parameter_store.h"

#include <algorithm>
#include <sstream>

namespace sortie::emulator::ssm {
namespace {

// The order of Parameter's members.
#define SORTIE_SSM_COLUMNS \
  "name, version, type, value, description, key_id, allowed_pattern, tier, data_type, modified, modified_by, labels"

/// Labels have no blanks.
std::string join(const std::vector<std::string>& labels) {
  std::string text;
  for (const auto& label : labels) text += (text.empty() ? "" : " ") + label;
  return text;
}

std::vector<std::string> split(const std::string& text) {
  std::istringstream words(text);
  std::vector<std::string> labels;
  for (std::string word; words >> word;) labels.push_back(word);
  return labels;
}

}  // namespace

ParameterStore::ParameterStore(Store& store) : statements_(store.db()) {
  store.db().exec(
      "CREATE TABLE IF NOT EXISTS ssm_parameter (region TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, "
      "type TEXT NOT NULL, value TEXT NOT NULL, description TEXT NOT NULL, key_id TEXT NOT NULL, allowed_pattern TEXT "
      "NOT NULL, tier TEXT NOT NULL, data_type TEXT NOT NULL, modified INTEGER NOT NULL, modified_by TEXT NOT NULL, "
      "labels TEXT NOT NULL, PRIMARY KEY (region, name, version)) WITHOUT ROWID;"
      "CREATE TABLE IF NOT EXISTS ssm_tag (region TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT "
      "NULL, PRIMARY KEY (region, name, key)) WITHOUT ROWID");
}

Parameter ParameterStore::read(const Query& row) {
  return {.name = row.text(0),
          .version = row.integer(1),
          .type = row.text(2),
          .value = row.text(3),
          .description = row.text(4),
          .key_id = row.text(5),
          .allowed_pattern = row.text(6),
          .tier = row.text(7),
          .data_type = row.text(8),
          .modified = SystemTime(SystemTime::duration(row.integer(9))),
          .modified_by = row.text(10),
          .labels = split(row.text(11))};
}

std::optional<Parameter> ParameterStore::find(const std::string& region, const std::string& name) {
  auto row = statements_.query("SELECT " SORTIE_SSM_COLUMNS
                               " FROM ssm_parameter WHERE region = ? AND name = ? ORDER BY version DESC LIMIT 1");
  row.bind(region, name);
  return row.next() ? std::optional(read(row)) : std::nullopt;
}

std::optional<Parameter> ParameterStore::find_version(const std::string& region, const std::string& name,
                                                      std::int64_t version) {
  auto row = statements_.query("SELECT " SORTIE_SSM_COLUMNS
                               " FROM ssm_parameter WHERE region = ? AND name = ? AND version = ?");
  row.bind(region, name, version);
  return row.next() ? std::optional(read(row)) : std::nullopt;
}

std::optional<Parameter> ParameterStore::find_label(const std::string& region, const std::string& name,
                                                    const std::string& label) {
  for (auto& version : history(region, name)) {
    if (std::ranges::find(version.labels, label) != version.labels.end()) return std::move(version);
  }
  return std::nullopt;
}

std::vector<Parameter> ParameterStore::list(const std::string& region, const std::string& prefix,
                                            const std::string& after, std::size_t limit) {
  // Names have no bytes above `z`: what begins with the prefix comes before the prefix and such a byte.
  auto row = statements_.query("SELECT " SORTIE_SSM_COLUMNS
                               " FROM ssm_parameter AS p WHERE region = ? AND name >= ? AND name < ? AND name > ? AND "
                               "version = (SELECT MAX(version) FROM ssm_parameter AS q WHERE q.region = p.region AND "
                               "q.name = p.name) ORDER BY name LIMIT ?");
  row.bind(region, prefix, prefix + "~", after, limit);
  std::vector<Parameter> found;
  while (row.next()) found.push_back(read(row));
  return found;
}

std::vector<Parameter> ParameterStore::history(const std::string& region, const std::string& name) {
  auto row = statements_.query("SELECT " SORTIE_SSM_COLUMNS
                               " FROM ssm_parameter WHERE region = ? AND name = ? ORDER BY version");
  row.bind(region, name);
  std::vector<Parameter> found;
  while (row.next()) found.push_back(read(row));
  return found;
}

std::int64_t ParameterStore::count(const std::string& region) {
  auto row = statements_.query("SELECT COUNT(DISTINCT name) FROM ssm_parameter WHERE region = ?");
  row.bind(region);
  return row.next() ? row.integer(0) : 0;
}

void ParameterStore::add(const std::string& region, const Parameter& parameter, const std::optional<Tags>& tags) {
  SQLite::Transaction transaction(statements_.db());
  statements_
      .query("INSERT INTO ssm_parameter (region, " SORTIE_SSM_COLUMNS
             ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(region, parameter.name, parameter.version, parameter.type, parameter.value, parameter.description,
            parameter.key_id, parameter.allowed_pattern, parameter.tier, parameter.data_type,
            parameter.modified.time_since_epoch().count(), parameter.modified_by, join(parameter.labels))
      .run();
  statements_.query("DELETE FROM ssm_parameter WHERE region = ? AND name = ? AND version <= ?")
      .bind(region, parameter.name, parameter.version - k_kept_versions)
      .run();
  if (tags) write_tags(region, parameter.name, *tags);
  transaction.commit();
}

void ParameterStore::set_labels(const std::string& region, const Parameter& parameter) {
  statements_.query("UPDATE ssm_parameter SET labels = ? WHERE region = ? AND name = ? AND version = ?")
      .bind(join(parameter.labels), region, parameter.name, parameter.version)
      .run();
}

bool ParameterStore::erase(const std::string& region, const std::string& name) {
  SQLite::Transaction transaction(statements_.db());
  const int gone =
      statements_.query("DELETE FROM ssm_parameter WHERE region = ? AND name = ?").bind(region, name).run();
  statements_.query("DELETE FROM ssm_tag WHERE region = ? AND name = ?").bind(region, name).run();
  transaction.commit();
  return gone > 0;
}

Tags ParameterStore::tags(const std::string& region, const std::string& name) {
  auto row = statements_.query("SELECT key, value FROM ssm_tag WHERE region = ? AND name = ?");
  row.bind(region, name);
  Tags found;
  while (row.next()) found.emplace(row.text(0), row.text(1));
  return found;
}

void ParameterStore::set_tags(const std::string& region, const std::string& name, const Tags& tags) {
  SQLite::Transaction transaction(statements_.db());
  write_tags(region, name, tags);
  transaction.commit();
}

void ParameterStore::write_tags(const std::string& region, const std::string& name, const Tags& tags) {
  statements_.query("DELETE FROM ssm_tag WHERE region = ? AND name = ?").bind(region, name).run();
  for (const auto& [key, value] : tags) {
    statements_.query("INSERT INTO ssm_tag (region, name, key, value) VALUES (?, ?, ?, ?)")
        .bind(region, name, key, value)
        .run();
  }
}

}  // namespace sortie::emulator::ssm
