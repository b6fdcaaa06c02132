#include "sandbox/cgroup.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sortie::sandbox {
namespace {

namespace fs = std::filesystem;

/// A folder that looks like a mounted hierarchy.
class FakeHierarchy : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + fmt::format("cgroup_test_{}", getpid());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  void group(const std::string& path, const std::string& handed_down) {
    fs::create_directories(root_ + path);
    std::ofstream(root_ + path + "/cgroup.subtree_control") << handed_down << "\n";
    std::ofstream(root_ + path + "/cgroup.procs") << "";
  }
  [[nodiscard]] std::string mountinfo(const std::string& type, const std::string& options,
                                      const std::string& shown = "/") const {
    return fmt::format("25 30 0:23 {} {} rw,nosuid shared:4 - {} cgroup {}\n", shown, root_, type, options);
  }

  std::string root_;
};

using CgroupPlacesTest = FakeHierarchy;

TEST_F(CgroupPlacesTest, FindsTheDelegatedFolderAboveItsOwn) {
  group("", "memory pids");
  group("/user", "cpu memory pids");
  group("/user/app", "");
  const CgroupPlaces places = find_cgroup_places("0::/user/app\n", mountinfo("cgroup2", "rw"));
  EXPECT_EQ(places.version, CgroupPlaces::Version::v2);
  EXPECT_EQ(places.unified, root_ + "/user");
  EXPECT_EQ(places.missing, "");
}

TEST_F(CgroupPlacesTest, IsContentWithNothingWhereNoControllersAreHandedDown) {
  group("", "cpu");
  group("/app", "pids");
  const CgroupPlaces places = find_cgroup_places("0::/app\n", mountinfo("cgroup2", "rw"));
  EXPECT_EQ(places.version, CgroupPlaces::Version::none);
  EXPECT_NE(places.missing, "");
}

TEST_F(CgroupPlacesTest, FindsVersion1PerController) {
  fs::create_directories(root_ + "/docker/x");
  const CgroupPlaces places =
      find_cgroup_places("4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n", mountinfo("cgroup", "rw,memory"));
  EXPECT_EQ(places.version, CgroupPlaces::Version::v1);
  EXPECT_EQ(places.memory, root_ + "/docker/x");
  EXPECT_EQ(places.cpu, "");
  EXPECT_EQ(places.pids, "");
}

TEST_F(CgroupPlacesTest, SeesAPartOfTheHierarchyAsContainersDo) {
  fs::create_directories(root_ + "/inner");
  const std::string mounts = mountinfo("cgroup", "rw,memory", "/docker/x");
  EXPECT_EQ(find_cgroup_places("4:memory:/docker/x/inner\n", mounts).memory, root_ + "/inner");
  EXPECT_EQ(find_cgroup_places("4:memory:/docker/x\n", mounts).memory, root_);
}

TEST_F(CgroupPlacesTest, SurvivesLinesThatAreNone) {
  EXPECT_EQ(find_cgroup_places("nonsense\n::\n4:memory", " - cgroup\nx - cgroup2").version,
            CgroupPlaces::Version::none);
}

TEST(Cgroup, LimitsCountsAndGoesAway) {
  if (cgroup_places().memory.empty()) GTEST_SKIP() << cgroup_places().missing;
  std::string folder;
  {
    const auto made = Cgroup::create(cgroup_places(), {.memory_bytes = 32 << 20, .max_processes = 9, .cpu_milli = 500});
    ASSERT_TRUE(made) << describe(made.error());
    folder = (*made)->folder();
    std::uint64_t limit = 0;
    std::ifstream(folder + ((*made)->is_v2() ? "/memory.max" : "/memory.limit_in_bytes")) >> limit;
    EXPECT_EQ(limit, 32U << 20);
    EXPECT_EQ((*made)->oom_kills(), 0U);
  }
  EXPECT_FALSE(folder.empty());
  EXPECT_FALSE(fs::exists(folder));
}

TEST(Cgroup, TakesAnotherCpuShare) {
  const CgroupPlaces& places = cgroup_places();
  const auto made = Cgroup::create(places, {.memory_bytes = 32 << 20, .max_processes = 9, .cpu_milli = 72});
  ASSERT_TRUE(made) << describe(made.error());
  if (*made == nullptr || (*made)->folder().empty()) GTEST_SKIP() << places.missing;
  const std::string name = fs::path((*made)->folder()).filename();
  const std::string file =
      (*made)->is_v2() ? (*made)->folder() + "/cpu.max" : places.cpu + "/" + name + "/cpu.cfs_quota_us";
  const auto quota = [&file] {
    int value = -1;
    std::ifstream(file) >> value;
    return value;
  };
  if (quota() == -1) GTEST_SKIP() << "no cpu controller here";
  EXPECT_EQ(quota(), 7200);
  (*made)->set_cpu(1000);
  EXPECT_EQ(quota(), 100'000);
  (*made)->set_cpu(72);
  EXPECT_EQ(quota(), 7200);
}

}  // namespace
}  // namespace sortie::sandbox
