#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "base/suggest.h"

namespace sortie::cli {
namespace {

Error usage(std::string message, std::string hint) {
  return {.kind = ErrorKind::usage, .message = std::move(message), .hint = std::move(hint)};
}

std::vector<const CLI::App*> commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

/// The first word that looks like an option of `command` and is none.
std::string unknown_option(const CLI::App& command, std::span<char* const> words) {
  const std::vector<std::string> known = option_names(command);
  for (const char* const word : words) {
    const std::string name = std::string(word).substr(0, std::string_view(word).find('='));
    if (name.size() < 2 || !name.starts_with('-')) continue;
    if (!name.starts_with("--") && name.size() > 2) continue;  // short options in one word
    if (std::ranges::find(known, name) == known.end()) return name;
  }
  return {};
}

std::string hint_for(std::string_view word, const std::vector<std::string>& known, const std::string& help) {
  const std::string meant = did_you_mean(word, known);
  return meant.empty() ? help : meant + " " + help;
}

}  // namespace

std::string command_list(const CLI::App& app) {
  std::string text = "Commands:\n";
  for (const CLI::App* command : commands(app)) {
    text += fmt::format("  {:<9} {}\n", command->get_name(), command->get_description());
  }
  return text;
}

Error command_line_error(const CLI::App& app, const CLI::ParseError& error, std::span<char* const> words) {
  const std::string help = "sortie --help shows the commands and their options";
  if (words.empty()) return usage("no command given", help);
  const std::string first = words.front();
  const auto all = commands(app);
  const auto command = std::ranges::find(all, first, &CLI::App::get_name);
  if (command == all.end() && !first.starts_with('-')) {
    std::vector<std::string> names;
    for (const CLI::App* each : all) names.push_back(each->get_name());
    return usage("there is no command '" + first + "'", hint_for(first, names, help));
  }
  const CLI::App& asked = command == all.end() ? app : **command;
  const bool extra = command == all.end() || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  const std::string option = extra ? unknown_option(asked, words.subspan(command == all.end() ? 0 : 1)) : "";
  if (option.empty()) return usage(error.what(), help);
  const std::string own_help = command == all.end() ? help : "sortie " + first + " --help shows the options";
  return usage("there is no option " + option, hint_for(option, option_names(asked), own_help));
}

}  // namespace sortie::cli
