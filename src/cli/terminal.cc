#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace sortie::cli {

report::TerminalOptions terminal_options(const std::map<std::string, std::string>& environment,
                                         const std::string& show_output) {
  const auto variable = [&environment](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  report::TerminalOptions options;
  if (show_output == "all") options.show_output = report::ShowOutput::all;
  if (show_output == "none") options.show_output = report::ShowOutput::none;
  const bool terminal = isatty(STDOUT_FILENO) == 1 && variable("TERM") != "dumb";
  options.live = terminal;
  options.colour = terminal && variable("NO_COLOR").empty();
  winsize size{};
  if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) options.width = size.ws_col;
  return options;
}

}  // namespace sortie::cli
