#include "sandbox/plain.h"

#include <gtest/gtest.h>

namespace sortie::sandbox {
namespace {

Spec with_mounts() {
  Spec spec;
  spec.mounts.push_back({"/host/task", "/var/task"});
  spec.mounts.push_back({"/host/deep", "/var/task/deep"});
  return spec;
}

TEST(HostPath, GoesThroughTheDeepestMount) {
  EXPECT_EQ(host_path(with_mounts(), "/t", "/var/task/bootstrap"), "/host/task/bootstrap");
  EXPECT_EQ(host_path(with_mounts(), "/t", "/var/task"), "/host/task");
  EXPECT_EQ(host_path(with_mounts(), "/t", "/var/task/deep/file"), "/host/deep/file");
}

TEST(HostPath, ComparesWholeNames) {
  EXPECT_EQ(host_path(with_mounts(), "/t", "/var/taskless"), "/var/taskless");
}

TEST(HostPath, KnowsTheTemporaryFolder) {
  EXPECT_EQ(host_path(with_mounts(), "/t", "/tmp/file"), "/t/file");
  EXPECT_EQ(host_path(with_mounts(), "/t", "/tmp"), "/t");
}

TEST(HostPath, LeavesTheRest) {
  EXPECT_EQ(host_path(with_mounts(), "/t", "/usr/bin/env"), "/usr/bin/env");
}

TEST(HostCommand, NamesTheTemporaryFolderUnlessTheCallerDoes) {
  const Command plain = host_command({}, "/t", {{"/bin/true"}, {}, "/"});
  EXPECT_EQ(plain.environment.at(0), (std::pair<std::string, std::string>("TMPDIR", "/t")));
  const Command given = host_command({}, "/t", {{"/bin/true"}, {{"TMPDIR", "/other"}}, "/"});
  EXPECT_EQ(given.environment.size(), 1U);
}

TEST(HostCommand, KeepsPathsThatAreTheHostsAlready) {
  Spec spec;
  spec.mounts.push_back({"/no/such/source", "/bin"});
  EXPECT_EQ(host_command(spec, "/t", {{"/bin/true"}, {}, "/"}).argv.at(0), "/bin/true");
}

}  // namespace
}  // namespace sortie::sandbox
