#include "package/closure.h"

#include <gtest/gtest.h>

#include "package/loader_cache.h"
#include "package/test_programs.h"

namespace sortie::package {
namespace {

ClosureSpec spec_of(const std::string& program, const std::string& package_path = "program") {
  ClosureSpec spec;
  spec.roots.push_back({.package_path = package_path, .host_path = program, .elf = read_elf(slurp(program)).value()});
  spec.package_paths = {package_path};
  spec.image_glibc = {9, 0};
  return spec;
}

TEST(Closure, FindsALibraryByRunpath) {
  const auto closure = find_closure(spec_of(Programs::get().with_runpath));
  ASSERT_TRUE(closure) << describe(closure.error());
  ASSERT_EQ(closure->libraries.size(), 1U);
  EXPECT_EQ(closure->libraries[0].name, "libgreet.so.1");
  EXPECT_EQ(closure->libraries[0].host_path, Programs::get().folder / "libs/libgreet.so.1");
  EXPECT_FALSE(closure->own_glibc);
}

TEST(Closure, FindsALibraryByTheEnvironment) {
  ClosureSpec spec = spec_of(Programs::get().dynamic);
  spec.library_folders = {"/nowhere", Programs::get().folder / "libs"};
  const auto closure = find_closure(spec);
  ASSERT_TRUE(closure) << describe(closure.error());
  EXPECT_EQ(closure->libraries.at(0).name, "libgreet.so.1");
}

TEST(Closure, FollowsTheLoadersCache) {
  const Ran ran =  // which a plain user's PATH may lack
      run("PATH=$PATH:/usr/sbin:/sbin; command -v ldconfig >/dev/null && ldconfig -p | awk '/libgcc_s.so.1/ {print "
          "$NF; exit}'");
  const auto cache = read_loader_cache(slurp("/etc/ld.so.cache"));
  if (cache.empty()) GTEST_SKIP() << "this system has no loader cache";
  ASSERT_TRUE(cache.contains("libc.so.6"));
  if (!ran.output.empty()) EXPECT_EQ(cache.at("libgcc_s.so.1").front() + "\n", ran.output);
}

TEST(Closure, SurvivesADamagedCache) {
  const std::string whole = slurp("/etc/ld.so.cache");
  for (std::size_t size = 0; size < std::min<std::size_t>(whole.size(), 300); ++size)
    EXPECT_TRUE(read_loader_cache(whole.substr(0, size)).empty()) << size;
  std::string damaged = whole.substr(0, std::min<std::size_t>(whole.size(), 2000));
  for (std::size_t at = 20; at < damaged.size(); ++at) damaged[at] = '\xff';
  EXPECT_TRUE(read_loader_cache(damaged).empty());
}

TEST(Closure, NamesAMissingLibraryAndWhoNeedsIt) {
  const auto closure = find_closure(spec_of(Programs::get().dynamic, "my_test"));
  ASSERT_FALSE(closure);
  EXPECT_EQ(closure.error().kind, ErrorKind::config);
  EXPECT_EQ(closure.error().message, "shared library libgreet.so.1 was not found; it is needed by my_test");
  EXPECT_TRUE(closure.error().hint.contains("LD_LIBRARY_PATH")) << closure.error().hint;
  EXPECT_TRUE(closure.error().hint.contains("/usr/lib")) << closure.error().hint;
}

TEST(Closure, AMissingLibraryOfAnOptionalRootIsAWarning) {
  ClosureSpec spec = spec_of(Programs::get().dynamic, "data/sample");
  spec.roots[0].required = false;
  const auto closure = find_closure(spec);
  ASSERT_TRUE(closure) << describe(closure.error());
  ASSERT_EQ(closure->warnings.size(), 1U);
  EXPECT_TRUE(closure->warnings[0].contains("libgreet.so.1"));
}

TEST(Closure, WhatThePackageHasIsNotLookedFor) {
  ClosureSpec spec = spec_of(Programs::get().dynamic);
  spec.package_paths = {"libgreet.so.1", "program"};
  EXPECT_TRUE(find_closure(spec).value().libraries.empty());
  ClosureSpec nested = spec_of(Programs::get().with_runpath, "tools/bin/program");
  nested.package_paths = {"tools/bin/libs/libgreet.so.1", "tools/bin/program"};
  EXPECT_TRUE(find_closure(nested).value().libraries.empty());
}

TEST(Closure, BringsTheCLibraryWhenTheImagesIsTooOld) {
  ClosureSpec spec = spec_of(Programs::get().with_runpath);
  spec.image_glibc = {2, 1};
  const auto closure = find_closure(spec);
  ASSERT_TRUE(closure) << describe(closure.error());
  EXPECT_TRUE(closure->own_glibc);
  EXPECT_TRUE(closure->loader.starts_with("ld-linux"));
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(closure->libraries, [&](const auto& l) { return l.name == name && l.is_glibc; });
  };
  EXPECT_TRUE(has("libc.so.6"));
  EXPECT_TRUE(has("libm.so.6"));
  EXPECT_TRUE(has(closure->loader));
}

TEST(Closure, RefusesWhatNeedsANewerCLibraryThanThisMachineHas) {
  ClosureSpec spec = spec_of(Programs::get().with_runpath, "my_test");
  spec.image_glibc = {2, 34};
  spec.roots[0].elf.glibc = {2, 99};
  const auto closure = find_closure(spec);
  ASSERT_FALSE(closure);
  EXPECT_TRUE(closure.error().message.starts_with("my_test needs glibc 2.99, but this machine has 2."))
      << closure.error().message;
}

TEST(Closure, RefusesAStrangeLoader) {
  ClosureSpec spec = spec_of(Programs::get().with_runpath, "my_test");
  spec.roots[0].elf.interpreter = "/lib/ld-musl-x86_64.so.1";
  const auto closure = find_closure(spec);
  ASSERT_FALSE(closure);
  EXPECT_EQ(closure.error().message,
            "my_test is loaded by /lib/ld-musl-x86_64.so.1, which Lambda's image does not have");
}

}  // namespace
}  // namespace sortie::package
