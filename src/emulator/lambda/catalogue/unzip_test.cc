#include "emulator/lambda/catalogue/unzip.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "emulator/lambda/catalogue/test_zip.h"

namespace sortie::emulator::lambda {
namespace {

namespace fs = std::filesystem;

class Unzip : public testing::Test {
 protected:
  Unzip() {
    std::string pattern = (fs::temp_directory_path() / "sortie-unzip-XXXXXX").string();
    outer_ = ::mkdtemp(pattern.data());
    folder_ = outer_ / "package";
    fs::create_directory(folder_);
  }
  ~Unzip() override { fs::remove_all(outer_); }

  [[nodiscard]] Result<std::uint64_t> extract(const std::vector<ZipItem>& items, UnzipLimits limits = {}) const {
    return unzip(make_zip(items), folder_, limits);
  }
  [[nodiscard]] std::string content(const fs::path& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] unsigned mode(const fs::path& name) const {
    struct stat status{};
    EXPECT_EQ(::lstat((folder_ / name).c_str(), &status), 0) << name;
    return status.st_mode & 07777;
  }
  /// Nothing was made beside the package's folder.
  [[nodiscard]] bool contained() const {
    return std::distance(fs::directory_iterator(outer_), fs::directory_iterator()) == 1;
  }

  fs::path outer_;
  fs::path folder_;
};

TEST_F(Unzip, MakesFilesFoldersAndModes) {
  auto size = extract({{"bootstrap", "#!/bin/sh\n", S_IFREG | 0755},
                       {"data/", "", S_IFDIR | 0555},
                       {"data/deep/file", std::string(100'000, 'x'), S_IFREG | 0640},
                       {"stored", "as it is", S_IFREG | 0400, false}});
  ASSERT_TRUE(size) << describe(size.error());
  EXPECT_EQ(*size, 10u + 100'000u + 8u);
  EXPECT_EQ(content("bootstrap"), "#!/bin/sh\n");
  EXPECT_EQ(content("data/deep/file"), std::string(100'000, 'x'));
  EXPECT_EQ(mode("bootstrap"), 0755u);
  EXPECT_EQ(mode("data"), 0755u);  // 0555, and writable for its owner
  EXPECT_EQ(mode("stored"), 0400u);
}

TEST_F(Unzip, RefusesNamesThatLeadOut) {
  for (auto name : {"../evil", "/etc/evil", "a/../../evil", "a/..", ".."}) {
    auto result = extract({{name, "x"}});
    ASSERT_FALSE(result) << name;
    EXPECT_EQ(result.error().kind, ErrorKind::protocol) << name;
  }
  EXPECT_FALSE(extract({{std::string("a\0b", 3), "x"}}));
  EXPECT_TRUE(contained());
}

TEST_F(Unzip, KeepsLinksThatStayInside) {
  ASSERT_TRUE(extract({{"lib/libx.so.1", "elf"},
                       {"lib/libx.so", "libx.so.1", S_IFLNK | 0777},
                       {"bin/x", "../lib/libx.so", S_IFLNK | 0777}}));
  EXPECT_EQ(content("bin/x"), "elf");
}

TEST_F(Unzip, KeepsLinksWhereverTheyLead) {
  for (const std::string target : {"/opt/lib", "/tmp/state", "/var/task/run", "/no/such/file", "../outside",
                                   "deep/../../outside", "a/..", "link", "."}) {
    ASSERT_TRUE(extract({{"link", target, S_IFLNK | 0777}})) << target;
    EXPECT_EQ(fs::read_symlink(folder_ / "link"), target);
  }
  ASSERT_TRUE(extract({{"a/b/link", "../../../outside", S_IFLNK | 0777}}));
  for (const std::string target : {std::string(), std::string("a\0b", 3)}) {
    EXPECT_FALSE(extract({{"link", target, S_IFLNK | 0777}}));
  }
}

TEST_F(Unzip, DoesNotWriteThroughLinks) {
  const fs::path outside = folder_.parent_path() / (folder_.filename().string() + "-outside");
  fs::create_directory(outside);
  std::ofstream(outside / "file") << "untouched";
  const std::string to_folder = outside;
  const std::string to_file = outside / "file";
  // Below a link; a folder, its mode, in place of a link.
  EXPECT_FALSE(extract({{"folder/", "", S_IFDIR | 0755}, {"link", "folder", S_IFLNK | 0777}, {"link/file", "x"}}));
  EXPECT_FALSE(fs::exists(folder_ / "folder/file"));
  EXPECT_FALSE(extract({{"up", to_folder, S_IFLNK | 0777}, {"up/file", "x"}}));
  EXPECT_FALSE(extract({{"up2", to_folder, S_IFLNK | 0777}, {"up2/", "", S_IFDIR | 0700}}));
  EXPECT_FALSE(extract({{"up3", to_folder, S_IFLNK | 0777}, {"up3/new", "file", S_IFLNK | 0777}}));
  // A file takes a link's place.
  EXPECT_TRUE(extract({{"same", to_file, S_IFLNK | 0777}, {"same", "written", 0600}}));
  EXPECT_EQ(content("same"), "written");
  std::ifstream file(outside / "file");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "untouched");
  EXPECT_EQ(std::distance(fs::directory_iterator(outside), {}), 1);
  fs::remove_all(outside);
}

TEST_F(Unzip, TheLastOfTwoWins) {
  ASSERT_TRUE(extract({{"same", "first"}, {"same", "second"}}));
  EXPECT_EQ(content("same"), "second");
}

TEST_F(Unzip, LimitsSizeAndCount) {
  auto large = extract({{"a", std::string(600, 'a')}, {"b", std::string(600, 'b')}}, {.total_bytes = 1000});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, k_unzipped_too_large);
  EXPECT_FALSE(extract({{"c", ""}, {"d", ""}, {"e", ""}}, {.entries = 2}));
}

TEST_F(Unzip, RefusesWhatIsNoZip) {
  EXPECT_FALSE(unzip("", folder_));
  EXPECT_FALSE(unzip("this is not a zip file at all, and it is long enough for a trailer", folder_));
}

TEST_F(Unzip, NoticesDamage) {
  auto zip = make_zip({{"file", "some content that is stored", S_IFREG | 0644, false}});
  zip[40] = static_cast<char>(zip[40] ^ 1);
  auto result = unzip(zip, folder_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::protocol);
}

TEST_F(Unzip, NoticesALieAboutTheSize) {
  auto zip = make_zip({{"bomb", std::string(1 << 20, '\0')}});
  auto directory = zip.find("PK\x01\x02");
  zip[directory + 24] = 1;  // uncompressed size: 1 byte
  zip[directory + 26] = 0;
  EXPECT_FALSE(unzip(zip, folder_));
}

TEST_F(Unzip, NoPrefixOfAPackageIsAPackage) {
  auto zip = make_zip({{"file", "content"}, {"other", "more"}});
  for (std::size_t size = 0; size < zip.size(); ++size) {
    EXPECT_FALSE(unzip(std::string_view(zip).substr(0, size), folder_)) << size;
  }
}

}  // namespace
}  // namespace sortie::emulator::lambda
