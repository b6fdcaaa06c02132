#include "report/files.h"

#include "report/json.h"
#include "report/junit.h"

namespace sortie::report {

std::span<const FileReport> file_reports() {
  static constexpr FileReport k_reports[] = {
      {"--junit", "write JUnit XML", JunitReporter::open},
      {"--json", "write every event as a line of JSON, all output included", JsonReporter::open},
  };
  return k_reports;
}

}  // namespace sortie::report
