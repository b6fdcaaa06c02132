// Checks the environment of the Bazel test contract.
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

int main() {
  const char* tmp = std::getenv("TEST_TMPDIR");
  struct stat status{};
  if (tmp == nullptr || stat(tmp, &status) != 0 || !S_ISDIR(status.st_mode)) {
    std::puts("TEST_TMPDIR is not a folder");
    return 1;
  }
  std::ofstream file(std::string(tmp) + "/file");
  file << "text";
  file.close();
  return file.good() && std::getenv("XML_OUTPUT_FILE") != nullptr ? 0 : 1;
}
