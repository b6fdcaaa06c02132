#pragma once

#include <map>
#include <string>

#include "report/terminal.h"

namespace sortie::cli {

/// What standard output can show: colour and a live line on a terminal, plain lines elsewhere. NO_COLOR and TERM=dumb
/// are honoured.
report::TerminalOptions terminal_options(const std::map<std::string, std::string>& environment,
                                         const std::string& show_output);

}  // namespace sortie::cli
