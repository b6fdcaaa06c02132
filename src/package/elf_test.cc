#include "package/elf.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "package/elf_patch.h"
#include "package/test_programs.h"

namespace sortie::package {
namespace {

namespace fs = std::filesystem;

std::string this_machine() {
  return read_elf(slurp("/proc/self/exe")).value().machine;
}

TEST(Elf, ReadsADynamicProgram) {
  const auto elf = read_elf(slurp(Programs::get().with_runpath));
  ASSERT_TRUE(elf) << describe(elf.error());
  EXPECT_TRUE(elf->is_program);
  EXPECT_FALSE(elf->is_static());
  EXPECT_TRUE(elf->interpreter.contains("ld-linux"));
  EXPECT_EQ(elf->needed.front(), "libgreet.so.1");
  EXPECT_EQ(elf->runpath, std::vector<std::string>{"$ORIGIN/libs"});
  EXPECT_TRUE(elf->rpath.empty());
  EXPECT_GE(elf->glibc, (GlibcVersion{2, 2}));
  EXPECT_FALSE(lambda_architecture(elf->machine).empty());
}

TEST(Elf, ReadsALibrary) {
  const auto elf = read_elf(slurp(Programs::get().library));
  ASSERT_TRUE(elf) << describe(elf.error());
  EXPECT_EQ(elf->soname, "libgreet.so.1");
  EXPECT_FALSE(elf->is_program);
  EXPECT_TRUE(elf->interpreter.empty());
}

TEST(Elf, TellsAStaticProgram) {
  const auto elf = read_elf(slurp(Programs::get().fixed_static));
  ASSERT_TRUE(elf) << describe(elf.error());
  EXPECT_TRUE(elf->is_program);
  EXPECT_TRUE(elf->is_static());
}

TEST(Elf, KnowsTheVersionThatLibcProvides) {
  const Ran libc = run("ldd " + Programs::get().plain + " | sed -n 's/.*=> \\(.*libc.so.6\\) .*/\\1/p'");
  const auto elf = read_elf(slurp(libc.output.substr(0, libc.output.find('\n'))));
  ASSERT_TRUE(elf) << describe(elf.error());
  const Ran version = run("getconf GNU_LIBC_VERSION");
  EXPECT_EQ("glibc " + to_string(elf->glibc_provided) + "\n", version.output);
}

TEST(Elf, NamesAForeignMachine) {
  std::string bytes = slurp(Programs::get().plain);
  bytes[18] = static_cast<char>(EM_AARCH64 & 0xff);
  EXPECT_EQ(read_elf(bytes).value().machine, "aarch64");
  bytes[18] = 8;
  EXPECT_EQ(read_elf(bytes).value().machine, "mips");
  bytes[4] = ELFCLASS32;
  bytes[18] = EM_386;
  EXPECT_EQ(read_elf(bytes).value().machine, "i386");
}

TEST(Elf, RefusesWhatIsNotElf) {
  EXPECT_EQ(read_elf("").error().kind, ErrorKind::config);
  EXPECT_EQ(read_elf("\x7f"
                     "ELF")
                .error()
                .kind,
            ErrorKind::config);
  EXPECT_EQ(read_elf("#!/bin/sh\n").error().kind, ErrorKind::config);
}

/// Every cut and every damaged byte of the headers must be answered, one way or the other.
TEST(Elf, SurvivesCutAndDamagedFiles) {
  const std::string whole = slurp(Programs::get().with_runpath);
  for (std::size_t size = 0; size < std::min<std::size_t>(whole.size(), 1200); ++size) {
    const auto elf = read_elf(whole.substr(0, size));
    if (size < 64) EXPECT_FALSE(elf) << size;
  }
  for (std::size_t at = 0; at < 900; ++at) {
    for (const char value : {'\x00', '\x7f', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = value;
      if (const auto elf = read_elf(damaged); !elf) EXPECT_FALSE(elf.error().message.empty());
      if (const auto copy = patch_program(damaged, {.interpreter = "/x", .rpath = {"/y"}}); copy)
        EXPECT_GT(copy->size(), whole.size());
    }
  }
}

TEST(ElfPatch, ProgramFindsItsLibraryElsewhere) {
  const TempFolder place;
  fs::create_directories(place / "bin");
  fs::create_directories(place / "other");
  fs::copy(Programs::get().library, place / "other/libgreet.so.1");
  for (const std::string& program : {Programs::get().dynamic, Programs::get().with_runpath, Programs::get().fixed}) {
    const auto copy = patch_program(slurp(program), {.interpreter = {}, .rpath = {"$ORIGIN/../other"}});
    ASSERT_TRUE(copy) << describe(copy.error());
    spill(place / "bin/program", *copy, true);
    const Ran ran = run("env -i " + (place / "bin/program"));
    EXPECT_EQ(ran.output, "hello from libgreet\n") << program;
    EXPECT_EQ(ran.status, 7);
    const auto elf = read_elf(*copy);
    EXPECT_EQ(elf->rpath, std::vector<std::string>{"$ORIGIN/../other"});
    EXPECT_TRUE(elf->runpath.empty());
    EXPECT_EQ(elf->needed, read_elf(slurp(program))->needed);
  }
}

TEST(ElfPatch, RpathGoesBeforeTheEnvironment) {
  const TempFolder place;
  spill(place / "wrong/libgreet.so.1", "not a library");
  const auto copy =
      patch_program(slurp(Programs::get().dynamic), {.interpreter = {}, .rpath = {Programs::get().folder / "libs"}});
  ASSERT_TRUE(copy) << describe(copy.error());
  spill(place / "program", *copy, true);
  const Ran ran = run("env -i LD_LIBRARY_PATH=" + (place / "wrong") + " " + (place / "program"));
  EXPECT_EQ(ran.output, "hello from libgreet\n");
}

TEST(ElfPatch, ProgramIsLoadedByAnotherLoader) {
  const TempFolder place;
  const std::string original = slurp(Programs::get().with_runpath);
  const std::string loader = place / "a/folder/with/a/rather/long/name/ld.so";
  spill(loader, slurp(read_elf(original)->interpreter), true);
  const auto copy = patch_program(original, {.interpreter = loader, .rpath = {Programs::get().folder / "libs"}});
  ASSERT_TRUE(copy) << describe(copy.error());
  spill(place / "program", *copy, true);
  EXPECT_EQ(run("env -i " + (place / "program")).output, "hello from libgreet\n");
  fs::remove(loader);
  EXPECT_NE(run("env -i " + (place / "program")).output, "hello from libgreet\n");
}

TEST(ElfPatch, OtherToolsStillReadTheCopy) {
  const TempFolder place;
  const auto copy = patch_program(slurp(Programs::get().with_runpath), {.interpreter = "/a/ld.so", .rpath = {"/b"}});
  ASSERT_TRUE(copy) << describe(copy.error());
  spill(place / "program", *copy, true);
  const Ran ran = run("readelf -Wld " + (place / "program"));
  if (ran.status == 127) GTEST_SKIP() << "readelf is not installed";
  EXPECT_TRUE(ran.output.contains("/a/ld.so")) << ran.output;
  EXPECT_TRUE(ran.output.contains("Library rpath: [/b]")) << ran.output;
  EXPECT_FALSE(ran.output.contains("arning")) << ran.output;
}

TEST(ElfPatch, StaticProgramsAndLibrariesAreRefused) {
  EXPECT_FALSE(patch_program(slurp(Programs::get().fixed_static), {.interpreter = {}, .rpath = {"/b"}}));
  EXPECT_FALSE(patch_program(slurp(Programs::get().library), {.interpreter = {}, .rpath = {"/b"}}));
}

TEST(ElfPatch, LibraryForgetsWhereItLooked) {
  const auto copy = without_search_path(slurp(Programs::get().with_runpath));
  ASSERT_TRUE(copy) << describe(copy.error());
  ASSERT_TRUE(copy->has_value());
  const auto elf = read_elf(**copy);
  EXPECT_TRUE(elf->runpath.empty());
  EXPECT_EQ(elf->needed, read_elf(slurp(Programs::get().with_runpath))->needed);
  EXPECT_EQ(*without_search_path(slurp(Programs::get().library)), std::nullopt);
}

TEST(ElfPatch, KeepsTheMachine) {
  const auto copy = patch_program(slurp(Programs::get().plain), {.interpreter = {}, .rpath = {"/b"}});
  ASSERT_TRUE(copy);
  EXPECT_EQ(read_elf(*copy)->machine, this_machine());
}

}  // namespace
}  // namespace sortie::package
