#include "cli/project_file.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <filesystem>
#include <span>

#include "base/suggest.h"
#include "cli/options.h"

namespace sortie::cli {
namespace {

constexpr std::size_t k_file_limit = 1024 * 1024;
const std::vector<std::string> k_file_keys = {"suite"};
const std::vector<std::string> k_suite_keys = {"path", "name", "assets", "args", "env"};

std::string where(const std::string& path, const toml::node& node) {
  return path + ":" + std::to_string(node.source().begin.line);
}

std::unexpected<Error> unknown_key(const std::string& place, std::string_view key, std::span<const std::string> known,
                                   const std::string& hint) {
  const std::string meant = did_you_mean(key, known);
  return fail(ErrorKind::config, place + ": unknown key '" + std::string(key) + "'",
              meant.empty() ? hint : meant + " " + hint);
}

Result<std::string> text_of(const toml::node& node, const std::string& path, std::string_view key) {
  if (const auto* text = node.as_string()) return text->get();
  return fail(ErrorKind::config, where(path, node) + ": " + std::string(key) + " must be a string");
}

Result<std::vector<std::string>> texts_of(const toml::node& node, const std::string& path, std::string_view key) {
  const toml::array* array = node.as_array();
  if (array == nullptr)
    return fail(ErrorKind::config, where(path, node) + ": " + std::string(key) + " must be an array of strings");
  std::vector<std::string> texts;
  for (const toml::node& element : *array) {
    ASSIGN_OR_RETURN(std::string text, text_of(element, path, key));
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<std::map<std::string, std::string>> table_of(const toml::node& node, const std::string& path,
                                                    std::string_view key) {
  const toml::table* table = node.as_table();
  if (table == nullptr)
    return fail(ErrorKind::config, where(path, node) + ": " + std::string(key) + " must be a table of strings");
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : *table) {
    ASSIGN_OR_RETURN(std::string text, text_of(value, path, name.str()));
    texts.emplace(name.str(), std::move(text));
  }
  return texts;
}

Result<ProjectFile::Suite> suite_of(const toml::table& table, const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  ProjectFile::Suite suite;
  for (const auto& [key, value] : table) {
    const std::string_view name = key.str();
    if (name == "path") {
      ASSIGN_OR_RETURN(const std::string text, text_of(value, path, name));
      suite.path = (folder / text).lexically_normal().string();
    } else if (name == "name") {
      ASSIGN_OR_RETURN(suite.name, text_of(value, path, name));
    } else if (name == "assets") {
      ASSIGN_OR_RETURN(const std::vector<std::string> assets, texts_of(value, path, name));
      for (const std::string& asset : assets) suite.assets.push_back((folder / asset).lexically_normal().string());
    } else if (name == "args") {
      ASSIGN_OR_RETURN(suite.args, texts_of(value, path, name));
    } else if (name == "env") {
      ASSIGN_OR_RETURN(suite.env, table_of(value, path, name));
    } else {
      return unknown_key(where(path, value), name, k_suite_keys, "a suite has path, name, assets, args and env");
    }
  }
  if (suite.path.empty()) return fail(ErrorKind::config, where(path, table) + ": a suite needs a path");
  return suite;
}

}  // namespace

Result<ProjectFile> parse_project_file(const std::string& text, const std::string& path) {
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return fail(ErrorKind::config,
                path + ":" + std::to_string(error.source().begin.line) + ": " + std::string(error.description()));
  }
  ProjectFile file{.path = path};
  for (const auto& [key, value] : parsed.table()) {
    const toml::array* suites = key.str() == "suite" ? value.as_array() : nullptr;
    if (suites == nullptr) {
      return unknown_key(where(path, value), key.str(), k_file_keys, "the file is a list of [[suite]] tables");
    }
    for (const toml::node& element : *suites) {
      const toml::table* table = element.as_table();
      if (table == nullptr) return fail(ErrorKind::config, where(path, element) + ": suite must be a table");
      ASSIGN_OR_RETURN(ProjectFile::Suite suite, suite_of(*table, path));
      file.suites.push_back(std::move(suite));
    }
  }
  return file;
}

Result<std::optional<ProjectFile>> find_project_file(const std::string& folder) {
  std::error_code error;
  std::filesystem::path at = std::filesystem::absolute(folder, error);
  for (;; at = at.parent_path()) {
    const std::filesystem::path candidate = at / "sortie.toml";
    if (std::filesystem::exists(candidate, error)) {
      ASSIGN_OR_RETURN(const std::string text, read_file(candidate.string(), k_file_limit));
      ASSIGN_OR_RETURN(ProjectFile file, parse_project_file(text, candidate.string()));
      return std::optional(std::move(file));
    }
    if (at == at.root_path() || at.empty()) return std::nullopt;
  }
}

}  // namespace sortie::cli
