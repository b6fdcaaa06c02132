#include "package/package.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "package/file.h"
#include "package/pack_cache.h"
#include "package/test_programs.h"
#include "package/zip_reading.h"

namespace sortie::package {
namespace {

namespace fs = std::filesystem;

const std::string& harness() {
  static const std::string bytes = slurp(Programs::get().fixed_static);
  return bytes;
}

PackageSpec spec_of(const std::string& suite) {
  PackageSpec spec;
  spec.suites = {{.path = suite, .name = {}}};
  spec.harness = harness();
  spec.image_glibc = {9, 0};
  return spec;
}

std::string error_of(const PackageSpec& spec) {
  const auto package = build_package(spec);
  if (package) return "no error";
  EXPECT_EQ(package.error().kind, ErrorKind::config);
  EXPECT_FALSE(package.error().message.empty());
  return describe(package.error());
}

void unpack_to(const Package& package, const TempFolder& folder) {
  for (const ZipEntry& entry : read_zip(package.zip).value()) {
    if (!entry.path.ends_with('/')) spill(folder / entry.path, entry.content, (entry.mode & 0111) != 0);
  }
}

TEST(Package, HasHarnessSuiteAndManifest) {
  const auto package = build_package(spec_of(Programs::get().fixed_static));
  ASSERT_TRUE(package) << describe(package.error());
  const auto entries = read_zip(package->zip).value();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].path, "bootstrap");
  EXPECT_EQ(entries[0].mode, 0755U);
  EXPECT_EQ(entries[1].path, "manifest.json");
  EXPECT_EQ(decode_manifest(entries[1].content).value(), package->manifest);
  EXPECT_EQ(entries[2].path, "static");
  EXPECT_EQ(entries[2].content, harness());
  EXPECT_TRUE(package->libraries.empty());
  EXPECT_EQ(package->suites.at(0).name, "static");
  EXPECT_EQ(*package->suites.at(0).content, harness());
}

TEST(Package, TheSameInputGivesTheSameBytes) {
  const TempFolder elsewhere;
  const std::string copy = elsewhere / "runpath";
  fs::copy(Programs::get().with_runpath, copy);
  fs::create_directories(elsewhere / "libs");
  fs::copy(Programs::get().library, elsewhere / "libs/libgreet.so.1");
  PackageSpec cached = spec_of(copy);
  cached.cache_folder = elsewhere / "cache";

  const auto first = build_package(spec_of(Programs::get().with_runpath));
  ASSERT_TRUE(first) << describe(first.error());
  EXPECT_EQ(build_package(cached).value().zip, first->zip);
  const auto from_cache = build_package(cached).value();
  EXPECT_EQ(from_cache.zip, first->zip);
  EXPECT_EQ(from_cache.function_name, first->function_name);
  EXPECT_TRUE(from_cache.from_cache);
  EXPECT_EQ(first->zip.find(elsewhere.path()), std::string::npos);
}

TEST(Package, FunctionNameFollowsTheContent) {
  const TempFolder folder;
  const std::string suite = folder / "Blob__store.integration-test-with-a-name-longer-than-lambda-allows-it-to-be";
  spill(suite, harness(), true);
  const auto first = build_package(spec_of(suite)).value();
  spill(suite, harness() + "changed", true);
  const auto second = build_package(spec_of(suite)).value();
  EXPECT_LE(first.function_name.size(), 64U);
  EXPECT_TRUE(first.function_name.starts_with("sortie-Blob-store-integration-test-")) << first.function_name;
  EXPECT_NE(first.function_name, second.function_name);
}

TEST(Package, ALibraryComesAlongAndIsFoundWithoutAnyEnvironment) {
  const auto package = build_package(spec_of(Programs::get().with_runpath));
  ASSERT_TRUE(package) << describe(package.error());
  EXPECT_EQ(package->libraries, std::vector<std::string>{"libgreet.so.1"});
  EXPECT_EQ(package->manifest.libraries, std::vector<std::string>{"lib/libgreet.so.1"});
  const TempFolder task;
  unpack_to(*package, task);
  const Ran ran = run("env -i " + (task / "runpath"));
  EXPECT_EQ(ran.output, "hello from libgreet\n");
  EXPECT_EQ(ran.status, 7);
}

TEST(Package, AnAssetInAFolderFindsTheLibraryToo) {
  const TempFolder folder;
  fs::create_directories(folder / "tools/bin");
  fs::copy(Programs::get().dynamic, folder / "tools/bin/dynamic");
  spill(folder / "tools/data", "x");
  fs::create_directories(folder / "tools/nothing");
  PackageSpec spec = spec_of(Programs::get().fixed_static);
  spec.assets = {folder / "tools/"};
  spec.library_folders = {Programs::get().folder / "libs"};
  const auto package = build_package(spec);
  ASSERT_TRUE(package) << describe(package.error());
  const TempFolder task;
  unpack_to(*package, task);
  EXPECT_EQ(run("env -i " + (task / "tools/bin/dynamic")).output, "hello from libgreet\n");
  EXPECT_EQ(slurp(task / "tools/data"), "x");
  EXPECT_TRUE(std::ranges::count(package->files, "tools/nothing/", &PackagedFile::path) == 1);
}

TEST(Package, BringsItsOwnCLibraryWhenTheImagesIsTooOld) {
  PackageSpec spec = spec_of(Programs::get().with_runpath);
  spec.image_glibc = {2, 1};
  const auto package = build_package(spec);
  ASSERT_TRUE(package) << describe(package.error());
  EXPECT_EQ(package->manifest.own_glibc, "lib/glibc");
  const TempFolder task;
  unpack_to(*package, task);
  const auto elf = read_elf(slurp(task / "runpath"));
  EXPECT_TRUE(elf->interpreter.starts_with("/var/task/lib/glibc/ld-linux")) << elf->interpreter;
  EXPECT_EQ(elf->rpath, (std::vector<std::string>{"$ORIGIN/libs", "$ORIGIN/lib/glibc", "$ORIGIN/lib", "$ORIGIN"}));
  // Through the packaged loader, as the kernel would start it in /var/task.
  const std::string loader = task / elf->interpreter.substr(std::string("/var/task/").size());
  const Ran ran = run("env -i LD_TRACE_LOADED_OBJECTS=1 " + loader + " " + (task / "runpath"));
  EXPECT_TRUE(ran.output.contains("libc.so.6 => " + (task / "lib/glibc/libc.so.6"))) << ran.output;
  EXPECT_EQ(run("env -i " + loader + " " + (task / "runpath")).output, "hello from libgreet\n");
}

TEST(Package, NoCLibraryForTheMachineItWasMadeOn) {
  PackageSpec spec = spec_of(Programs::get().with_runpath);
  spec.image_glibc = k_any_glibc;
  EXPECT_EQ(build_package(spec).value().manifest.own_glibc, "");
}

TEST(Package, SaysWhatIsWrongWithASuite) {
  const TempFolder folder;
  spill(folder / "not_executable", harness());
  spill(folder / "python", "#!/usr/bin/env python3\n", true);
  spill(folder / "empty", "", true);
  spill(folder / "windows", "MZ", true);
  std::string arm = harness();
  arm[18] = '\xb7';
  spill(folder / "arm", arm, true);
  spill(folder / "cut", harness().substr(0, 100), true);
  EXPECT_TRUE(error_of(spec_of(folder / "nothing")).starts_with("no such file: "));
  EXPECT_TRUE(error_of(spec_of(folder.path())).ends_with("is a folder, not a test executable"));
  EXPECT_TRUE(error_of(spec_of(folder / "not_executable")).ends_with("is not executable"));
  EXPECT_EQ(error_of(spec_of(folder / "python")), "python is a script for python3, which is not in Lambda's image");
  EXPECT_TRUE(error_of(spec_of(folder / "empty")).ends_with("is empty"));
  EXPECT_TRUE(error_of(spec_of(folder / "windows")).ends_with("is a Windows program"));
  EXPECT_TRUE(error_of(spec_of(folder / "arm")).contains("is built for aarch64, this sortie packages for "));
  EXPECT_TRUE(error_of(spec_of(folder / "cut")).contains("is not a usable program"));
  EXPECT_TRUE(error_of(spec_of(Programs::get().library)).ends_with("is not executable") ||
              error_of(spec_of(Programs::get().library)).ends_with("is a shared library, not a program"));
  EXPECT_TRUE(error_of(spec_of("/dev/null")).starts_with("not a regular file"));
}

TEST(Package, UnreadableFile) {
  const TempFolder folder;
  spill(folder / "suite", harness(), true);
  ::chmod((folder / "suite").c_str(), 0111);
  ::chmod(folder.path().c_str(), 0755);
  // Root reads every file: for a moment the test is nobody.
  const uid_t user = ::geteuid();
  constexpr uid_t nobody = 65534;
  if (user == 0) ASSERT_EQ(::seteuid(nobody), 0);
  const std::string error = error_of(spec_of(folder / "suite"));
  if (user == 0) ASSERT_EQ(::seteuid(user), 0);
  EXPECT_TRUE(error.starts_with("not readable: ")) << error;
}

TEST(Package, AShellScriptIsASuiteOthersNeedTheirInterpreter) {
  const TempFolder folder;
  spill(folder / "shell", "#!/bin/sh -e\nexit 0\n", true);
  EXPECT_TRUE(build_package(spec_of(folder / "shell")));
  spill(folder / "own", "#!/var/task/static\n", true);
  EXPECT_NE(error_of(spec_of(folder / "own")), "no error");
  PackageSpec spec = spec_of(folder / "own");
  spec.assets = {Programs::get().fixed_static};
  EXPECT_TRUE(build_package(spec));
}

TEST(Package, RefusesNamesUsedTwice) {
  const TempFolder folder;
  spill(folder / "a/data", "1");
  spill(folder / "b/data", "2");
  spill(folder / "c/data", "1");
  spill(folder / "bootstrap", "1");
  spill(folder / "d/static/x", "1");
  PackageSpec spec = spec_of(Programs::get().fixed_static);
  spec.assets = {folder / "a/data", folder / "b/data"};
  EXPECT_TRUE(error_of(spec).starts_with("two different files would be called data in the package"));
  spec.assets = {folder / "a/data", folder / "c/data"};
  EXPECT_TRUE(build_package(spec)) << "the same content twice is one file";
  spec.assets = {folder / "bootstrap"};
  EXPECT_TRUE(error_of(spec).contains("cannot be called bootstrap"));
  spill(folder / "e/bootstrap/x", "1");
  spec.assets = {folder / "e/bootstrap"};
  EXPECT_TRUE(error_of(spec).contains("cannot be called bootstrap"));
  spec.assets = {folder / "d/static"};
  EXPECT_TRUE(error_of(spec).starts_with("a file and a folder would be called static"));
}

TEST(Package, TooLargeNamesTheLargestFiles) {
  const TempFolder folder;
  PackageSpec spec = spec_of(Programs::get().fixed_static);
  for (const char* const name : {"one", "two", "three"}) {
    std::ofstream(folder / name).put('x');
    fs::resize_file(folder / name, 100'000'000);
    spec.assets.push_back(folder / name);
  }
  const auto package = build_package(spec);
  ASSERT_FALSE(package);
  EXPECT_TRUE(package.error().message.starts_with("the package is too large: 30")) << package.error().message;
  EXPECT_TRUE(package.error().hint.starts_with("the largest: two (100.0 MB), three (100.0 MB), one (100.0 MB)"))
      << package.error().hint;
}

TEST(Package, LinksInAFolderStayLinks) {
  const TempFolder folder;
  spill(folder / "asset/data/real", "content");
  spill(folder / "outside/file", "from outside");
  spill(folder / "outside/tree/leaf", "leaf");
  fs::create_symlink("real", folder / "asset/data/near");
  fs::create_directory_symlink("data", folder / "asset/folder");
  fs::create_symlink("/opt/nothing/there", folder / "asset/dangling");
  fs::create_symlink("one", folder / "asset/two");
  fs::create_symlink("two", folder / "asset/one");
  fs::create_directory_symlink(".", folder / "asset/self");
  fs::create_directory_symlink("../..", folder / "asset/data/up");
  fs::create_symlink("/dev/null", folder / "asset/device");
  fs::create_symlink("../outside/file", folder / "asset/followed");
  fs::create_directory_symlink(folder / "outside/tree", folder / "asset/tree");
  fs::create_symlink(folder / "asset/data/real", folder / "asset/absolute");
  PackageSpec spec = spec_of(Programs::get().fixed_static);
  spec.assets = {folder / "asset"};
  const auto package = build_package(spec);
  ASSERT_TRUE(package) << describe(package.error());
  std::map<std::string, std::string> links;
  std::map<std::string, std::string> files;
  for (const ZipEntry& entry : read_zip(package->zip).value()) (entry.link ? links : files)[entry.path] = entry.content;
  EXPECT_EQ(links.at("asset/data/near"), "real");
  EXPECT_EQ(links.at("asset/folder"), "data");
  EXPECT_EQ(links.at("asset/dangling"), "/opt/nothing/there");
  EXPECT_EQ(links.at("asset/two"), "one");
  EXPECT_EQ(links.at("asset/one"), "two");
  EXPECT_EQ(links.at("asset/self"), ".");
  EXPECT_EQ(links.at("asset/device"), "/dev/null");
  EXPECT_EQ(files.at("asset/followed"), "from outside");
  EXPECT_EQ(files.at("asset/tree/leaf"), "leaf");
  EXPECT_EQ(files.at("asset/absolute"), "content");
  // What is above the asset comes along, but not once more for each time the link in it is met.
  EXPECT_EQ(links.at("asset/data/up/asset/data/up"), "../..");
}

TEST(Package, ModesAreKeptAndEverybodyMayRead) {
  const TempFolder folder;
  const std::map<std::string, mode_t> given = {{"plain", 0644}, {"program", 0755},    {"fixed", 0444}, {"script", 0555},
                                               {"mine", 0600},  {"my_program", 0700}, {"group", 0664}, {"once", 0500}};
  const std::map<std::string, std::uint32_t> kept = {{"plain", 0644},  {"program", 0755}, {"fixed", 0444},
                                                     {"script", 0555}, {"mine", 0644},    {"my_program", 0755},
                                                     {"group", 0644},  {"once", 0555}};
  for (const auto& [name, mode] : given) {
    spill(folder / ("asset/" + name), "x");
    ::chmod((folder / ("asset/" + name)).c_str(), mode);
  }
  PackageSpec spec = spec_of(Programs::get().fixed_static);
  spec.assets = {folder / "asset"};
  const auto package = build_package(spec);
  ASSERT_TRUE(package) << describe(package.error());
  std::map<std::string, std::uint32_t> modes;
  for (const ZipEntry& entry : read_zip(package->zip).value()) {
    if (entry.path.starts_with("asset/")) modes[entry.path.substr(6)] = entry.mode;
  }
  EXPECT_EQ(modes, kept);
}

TEST(Package, SuitesOfOneFileNameAreToldApartByTheirFolders) {
  const TempFolder folder;
  spill(folder / "a/unit_test", harness(), true);
  spill(folder / "b/unit_test", "#!/bin/sh\n", true);
  PackageSpec spec = spec_of(folder / "a/unit_test");
  spec.suites.push_back({.path = folder / "b/unit_test", .name = {}});
  const auto package = build_package(spec);
  ASSERT_TRUE(package) << describe(package.error());
  EXPECT_EQ(package->suites.at(0).name, "a/unit_test");
  EXPECT_EQ(package->suites.at(1).name, "b/unit_test");
  EXPECT_EQ(package->suites.at(1).executable, "b/unit_test");
  EXPECT_EQ(*package->suites.at(1).content, "#!/bin/sh\n");
  spec.suites[0].name = spec.suites[1].name = "unit";
  EXPECT_EQ(error_of(spec), "two suites are called unit");
}

TEST(PackCache, NoticesDamage) {
  const TempFolder folder;
  const std::string content = slurp(Programs::get().fixed_static);
  const std::string key = sha256_hex(content);
  PackCache first(folder.path(), 1 << 30);
  const Packed packed = first.pack(content, key, 1);
  EXPECT_FALSE(first.all_hits());
  for (const auto& file : fs::recursive_directory_iterator(folder.path())) {
    if (!file.is_regular_file()) continue;
    std::string bytes = slurp(file.path());
    bytes[bytes.size() / 2] ^= 1;
    spill(file.path(), bytes);
  }
  PackCache second(folder.path(), 1 << 30);
  EXPECT_EQ(second.pack(content, key, 1).data, packed.data);
  EXPECT_FALSE(second.all_hits());
  PackCache third(folder.path(), 1 << 30);
  EXPECT_EQ(third.pack(content, key, 1).data, packed.data);
  EXPECT_TRUE(third.all_hits());
}

TEST(PackCache, KeepsWithinItsLimit) {
  const TempFolder folder;
  PackCache cache(folder.path(), 1000);
  const std::string content = slurp(Programs::get().fixed_static);
  cache.pack(content, sha256_hex(content), 1);
  cache.trim();
  for (const auto& file : fs::recursive_directory_iterator(folder.path())) EXPECT_FALSE(file.is_regular_file());
}

}  // namespace
}  // namespace sortie::package
