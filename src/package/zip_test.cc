#include "package/zip.h"

#include <gtest/gtest.h>

#include "package/test_programs.h"
#include "package/zip_reading.h"

namespace sortie::package {
namespace {

std::string two_files() {
  static const Packed text = pack(std::string(5000, 'x'), 1);
  static const Packed noise = pack("\x01\xfe random", 1);
  const std::vector<ZipPart> parts = {{.path = "a/text", .mode = 0755, .content = &text},
                                      {.path = "empty/", .mode = 0755},
                                      {.path = "noise \xc3\xbc", .content = &noise}};
  return write_zip(parts).value();
}

TEST(Zip, ReadsBackWhatItWrote) {
  const auto entries = read_zip(two_files());
  ASSERT_TRUE(entries) << describe(entries.error());
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ((*entries)[0].path, "a/text");
  EXPECT_EQ((*entries)[0].content, std::string(5000, 'x'));
  EXPECT_EQ((*entries)[0].mode, 0755U);
  EXPECT_EQ((*entries)[1].path, "empty/");
  EXPECT_EQ((*entries)[2].content, "\x01\xfe random");
  EXPECT_EQ((*entries)[2].mode, 0644U);
}

TEST(Zip, OtherToolsReadIt) {
  const TempFolder folder;
  spill(folder / "a.zip", two_files());
  const Ran ran =
      run("python3 -m zipfile -t " + (folder / "a.zip") + " && python3 -m zipfile -l " + (folder / "a.zip"));
  if (ran.status == 127) GTEST_SKIP() << "python3 is not installed";
  EXPECT_TRUE(ran.output.contains("Done testing")) << ran.output;
  EXPECT_TRUE(ran.output.contains("1980-01-01 00:00:00")) << ran.output;
}

TEST(Zip, SurvivesEveryCut) {
  const std::string whole = two_files();
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(read_zip(whole.substr(0, size))) << size;
}

TEST(Zip, SurvivesEveryDamagedByte) {
  const std::string whole = two_files();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
    if (const auto entries = read_zip(damaged); entries) EXPECT_EQ(entries->size(), 3U);
  }
}

TEST(Zip, RefusesPathsThatLeaveTheFolder) {
  for (const char* const path : {"../a", "/a", "a/../../b", "a//b", "./a", "a\\b", ""}) {
    const std::vector<ZipPart> parts = {{.path = path}};
    EXPECT_FALSE(read_zip(write_zip(parts).value())) << path;
  }
}

TEST(Zip, RefusesAPathTwice) {
  const std::vector<ZipPart> parts = {{.path = "a"}, {.path = "a"}};
  EXPECT_FALSE(read_zip(write_zip(parts).value()));
}

TEST(Zip, RefusesToUnpackMoreThanAllowed) {
  EXPECT_TRUE(read_zip(two_files(), {.entries = 3, .unzipped_bytes = 5009}));
  EXPECT_FALSE(read_zip(two_files(), {.entries = 3, .unzipped_bytes = 5008}));
  EXPECT_FALSE(read_zip(two_files(), {.entries = 2, .unzipped_bytes = 5009}));
}

TEST(Zip, TheSameInputGivesTheSameBytes) {
  EXPECT_EQ(two_files(), two_files());
}

}  // namespace
}  // namespace sortie::package
