#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/prepare.h"
#include "cli/print.h"

namespace sortie::cli {
namespace {

class Silent final : public run::Reporter {
 public:
  void on(const run::Event& event) override {
    if (const auto* notice = std::get_if<run::Notice>(&event)) std::fprintf(stderr, "note: %s\n", notice->text.c_str());
  }
};

/// Written under a temporary name and renamed: a cut zip never stands under the final name.
Result<void> write_file(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".part";
  std::FILE* file = std::fopen(temporary.c_str(), "we");
  if (file == nullptr) {
    Error error = fail_errno(errno, path).error();
    error.kind = ErrorKind::config;
    return std::unexpected(std::move(error));
  }
  int error_number = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() ? 0 : errno;
  if (std::fclose(file) != 0 && error_number == 0) error_number = errno;
  if (error_number == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) error_number = errno;
  if (error_number == 0) return {};
  std::remove(temporary.c_str());
  return fail_errno(error_number, "write " + path);
}

class PackageCommand final : public Command {
 public:
  CLI::App* describe(CLI::App& app) override {
    CLI::App* package = app.add_subcommand("package", "only build the package; the same input gives the same bytes");
    add_package_options(*package, package_);
    package->add_option("-o,--output", output_, "the zip to write")->type_name("ZIP")->required();
    package->add_flag("--list", list_, "print what is in it");
    package->footer(
        "The zip is a Lambda function: runtime provided.al2023, handler bootstrap.\n"
        "Example:\n  sortie package build/it_test --asset build/tool -o it_test.zip");
    return package;
  }

  Task<Result<int>> execute(Context& /*context*/) override {
    ASSIGN_OR_CO_RETURN(Suites suites, resolve_suites(package_, FunctionOptions{}));
    Silent silent;
    ASSIGN_OR_CO_RETURN(const package::Package package, co_await build(suites, Destination::anywhere, silent));
    CO_RETURN_IF_ERROR(write_file(output_, package.zip));
    std::string text = output_ + ": " + package.function_name + ", " + package.architecture + ", " +
                       std::to_string(package.files.size()) + " files, " + human_bytes(package.unzipped_bytes) +
                       " -> " + human_bytes(package.zip.size()) + "\n";
    if (list_) {
      for (const package::PackagedFile& file : package.files)
        text += file.path + "\t" + std::to_string(file.size) + "\n";
    }
    CO_RETURN_IF_ERROR(write_stdout(text));
    co_return 0;
  }

 private:
  PackageOptions package_;
  std::string output_;
  bool list_ = false;
};

}  // namespace

std::unique_ptr<Command> make_package() {
  return std::make_unique<PackageCommand>();
}

}  // namespace sortie::cli
