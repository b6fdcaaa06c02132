#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/output_file.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/prepare.h"
#include "cli/print.h"
#include "cli/quiet.h"

namespace sortie::cli {
namespace {

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
    // Before anything is built; a cut zip never stands under the name.
    ASSIGN_OR_CO_RETURN(OutputFile zip, OutputFile::open(output_, OutputFile::Writing::at_once));
    Quiet quiet;
    ASSIGN_OR_CO_RETURN(const package::Package package, co_await build(suites, Destination::anywhere, quiet));
    zip.write(package.zip);
    CO_RETURN_IF_ERROR(zip.close());
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
