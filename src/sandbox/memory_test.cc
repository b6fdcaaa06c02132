// What counts as memory, and what happens when it is used up.
#include "sandbox/supervisor/memory.h"

#include <csignal>
#include <cstdlib>
#include <string>

#include "sandbox/sandbox_fixture.h"

namespace sortie::sandbox {
namespace {

constexpr std::uint64_t k_mib = 1 << 20;

TEST(CountedBytes, AreThoseOfBothVersionsWithoutTmp) {
  const char* v1 = "cache 900\nrss 100\nrss_huge 7\nshmem 60\nmapped_file 5\ntotal_rss 9999\n";
  EXPECT_EQ(supervisor::counted_bytes(v1, 50), 110U);
  const char* v2 = "anon 200\nfile 9000\nkernel 44\nshmem 70\nfile_mapped 3\nanon_thp 11\n";
  EXPECT_EQ(supervisor::counted_bytes(v2, 0), 270U);
  EXPECT_EQ(supervisor::counted_bytes(v2, 71), 200U);  // the two are not looked at in the same instant
  EXPECT_EQ(supervisor::counted_bytes("", 5), 0U);
  EXPECT_EQ(supervisor::counted_bytes("shmem", 0), 0U);
}

struct Kind {
  const char* name;
  Box::Kind box;
  const char* temporary_folder;  ///< null: the system's
};

class Memory : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (GetParam().box == Box::Kind::isolated) SKIP_WITHOUT_NAMESPACES();
    if (GetParam().box == Box::Kind::confined) SKIP_WITHOUT_NOTIFICATIONS();
    if (const char* folder = GetParam().temporary_folder) {
      if (const char* kept = std::getenv("TMPDIR")) before_ = kept;
      setenv("TMPDIR", folder, 1);
    }
    Spec spec;
    spec.memory_bytes = 64 * k_mib;
    spec.tmp_bytes = 160 * k_mib;
    box_ = std::make_unique<Box>(std::move(spec), GetParam().box);
  }
  void TearDown() override {
    if (GetParam().temporary_folder == nullptr) return;
    before_.empty() ? unsetenv("TMPDIR") : setenv("TMPDIR", before_.c_str(), 1);
  }

  Outcome fill_tmp() { return box_->shell("head -c 130M /dev/zero > " + (*box_)->inside_path("/tmp") + "/large"); }

  std::unique_ptr<Box> box_;
  std::string before_;
};
INSTANTIATE_TEST_SUITE_P(Kinds, Memory,
                         testing::Values(Kind{"Isolated", Box::Kind::isolated, nullptr},
                                         Kind{"Confined", Box::Kind::confined, nullptr},
                                         Kind{"Plain", Box::Kind::plain, nullptr},
                                         Kind{"ConfinedOnTmpfs", Box::Kind::confined, "/dev/shm"},
                                         Kind{"PlainOnTmpfs", Box::Kind::plain, "/dev/shm"}),
                         [](const auto& info) { return info.param.name; });

TEST_P(Memory, IsNotWhatIsInTmp) {
  const Outcome filled = fill_tmp();
  EXPECT_EQ(filled.status.code, 0) << filled.err;
  EXPECT_EQ(filled.status.signal, 0);
  EXPECT_FALSE(filled.status.out_of_memory);
  EXPECT_LE((*box_)->memory_peak_bytes(), 64 * k_mib);
  // There is as much for the programs as before, and a sanitizer takes several times what they do.
  const ExitStatus used = box_->inside("use-memory", {"12"}).status;
  EXPECT_EQ(used.signal, 0);
  EXPECT_FALSE(used.out_of_memory);
}

TEST_P(Memory, IsUsedUpByTheProgram) {
  const ExitStatus status = box_->inside("use-memory", {"90", "60"}).status;
  EXPECT_EQ(status.signal, SIGKILL);
  EXPECT_TRUE(status.out_of_memory);
  EXPECT_GT((*box_)->memory_peak_bytes(), 32 * k_mib);
  EXPECT_FALSE(box_->inside("use-memory", {"10"}).status.out_of_memory);
}

TEST_P(Memory, IsUsedUpByTheProgramBesideAFullTmp) {
  ASSERT_FALSE(fill_tmp().status.out_of_memory);
  const ExitStatus status = box_->inside("use-memory", {"90", "60"}).status;
  EXPECT_EQ(status.signal, SIGKILL);
  EXPECT_TRUE(status.out_of_memory);
}

TEST_P(Memory, IsUsedUpByProcessesTogether) {
  const std::string program = (*box_)->inside_path("/var/task/inside") + " --inside use-memory 25 5";
  const Outcome outcome = box_->shell(program + " & " + program + " & " + program + " & wait");
  EXPECT_TRUE(outcome.status.out_of_memory);
}

TEST(MemoryLimit, OfALargeProcessIsTakenAndTheOthersGoOn) {
  SKIP_WITHOUT_NAMESPACES();
  if (probe().memory == Capabilities::Memory::watched) GTEST_SKIP() << "no control group limits memory here";
  Spec spec;
  spec.memory_bytes = 64 * k_mib;
  Box box(std::move(spec));
  const Outcome outcome = box.shell("/var/task/inside --inside use-memory 90 60; echo status $?");
  EXPECT_EQ(outcome.out, "status 137\n");
  EXPECT_TRUE(outcome.status.out_of_memory);
}

}  // namespace
}  // namespace sortie::sandbox
