#pragma once

#include <string>
#include <vector>

namespace sortie::s3cli {

/// The whole program: exit status 0; 1 for any failure; 2 for a wrong flag; 3 when `exists` found nothing. Ended by a
/// signal, it tidies up and then dies of that signal. `words` is without the program's name.
int run(const std::vector<std::string>& words);

}  // namespace sortie::s3cli
