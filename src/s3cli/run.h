#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sortie::s3cli {

/// The whole program: exit status 0; 1 for any failure; 2 for a wrong flag; 3 when `exists` found nothing. Ended by a
/// signal, it tidies up and then dies of that signal. `program` is the name that it was
/// called by, `words` what follows.
int run(std::string_view program, const std::vector<std::string>& words);

}  // namespace sortie::s3cli
