#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace sortie::package {

/// A temporary folder, removed at the end.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "sortie-package-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void spill(const std::string& path, std::string_view content, bool executable = false) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
  ::chmod(path.c_str(), executable ? 0755 : 0644);
}

struct Ran {
  int status = -1;  ///< exit status, or 128 + signal
  std::string output;
};

/// Runs a shell command; standard error is part of the output.
inline Ran run(const std::string& command) {
  Ran ran;
  FILE* const pipe = ::popen(("{ " + command + "; } 2>&1").c_str(), "r");
  char buffer[4096];
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0;) ran.output.append(buffer, got);
  const int status = ::pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

/// Programs compiled once for the whole test run by the C compiler of this machine, which built the tests as well.
class Programs {
 public:
  static const Programs& get() {
    static const Programs programs;
    return programs;
  }
  TempFolder folder;
  std::string library = folder / "libs/libgreet.so.1";
  std::string dynamic = folder / "dynamic";       ///< needs libgreet.so.1, prints `hello from libgreet`
  std::string with_runpath = folder / "runpath";  ///< the same, finds it by RUNPATH $ORIGIN/libs
  std::string fixed = folder / "fixed";           ///< the same as RUNPATH, linked at a fixed address
  std::string fixed_static = folder / "static";
  std::string plain = folder / "plain";  ///< needs libc alone

 private:
  Programs() {
    std::filesystem::create_directories(folder / "libs");
    spill(folder / "greet.c", "#include <stdio.h>\nvoid greet(void) { puts(\"hello from libgreet\"); }\n");
    spill(folder / "main.c", "void greet(void);\nint main(void) { greet(); return 7; }\n");
    spill(folder / "plain.c", "int main(void) { return 3; }\n");
    build("-shared -fPIC -Wl,-soname,libgreet.so.1 -o " + library, "greet.c");
    build("-o " + dynamic, "main.c " + library);
    build("-Wl,--enable-new-dtags,-rpath,'$ORIGIN/libs' -o " + with_runpath, "main.c " + library);
    build("-no-pie -Wl,--enable-new-dtags,-rpath,'$ORIGIN/libs' -o " + fixed, "main.c " + library);
    build("-static -o " + fixed_static, "plain.c");
    build("-o " + plain, "plain.c");
  }
  void build(const std::string& options, const std::string& sources) const {
    const Ran ran =
        run("cd " + folder.path() + " && $(command -v clang-19 || command -v cc) " + sources + " " + options);
    if (ran.status != 0) {
      std::fprintf(stderr, "cannot compile the test programs:\n%s", ran.output.c_str());
      std::abort();
    }
  }
};

}  // namespace sortie::package
