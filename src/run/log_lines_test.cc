#include "run/log_lines.h"

#include <gtest/gtest.h>

namespace sortie::run {
namespace {

constexpr std::string_view k_report =
    "REPORT RequestId: 1-2\tDuration: 3.01 ms\tBilled Duration: 114 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t"
    "Init Duration: 110.10 ms\t\n";

TEST(LogLines, ReadsAReport) {
  const auto report = parse_report(k_report);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->request_id, "1-2");
  EXPECT_EQ(report->duration.count(), 3010);
  EXPECT_EQ(report->billed.count(), 114);
  EXPECT_EQ(report->memory_size_mb, 128);
  EXPECT_EQ(report->max_memory_used_mb, 36);
  EXPECT_EQ(report->status, "");
}

TEST(LogLines, ReadsFailures) {
  const auto report = parse_report(
      "REPORT RequestId: x\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t"
      "Status: error\tError Type: Runtime.OutOfMemory");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->status, "error");
  EXPECT_EQ(report->error_type, "Runtime.OutOfMemory");
}

TEST(LogLines, FindsTheRightRequestAndNothingElse) {
  const std::string log = "REPORT RequestId: other\tDuration: 1 ms\nREPORT of nothing\n" + std::string(k_report);
  EXPECT_TRUE(find_report(log, "1-2"));
  EXPECT_FALSE(find_report(log, "1-3"));
  EXPECT_FALSE(parse_report("a REPORT RequestId: 1-2"));
}

TEST(LogLines, KnowsPlatformLines) {
  EXPECT_TRUE(is_platform_line("START RequestId: 1-2 Version: $LATEST\n", "START", "1-2"));
  EXPECT_FALSE(is_platform_line("START RequestId: 1-3 Version: $LATEST\n", "START", "1-2"));
  EXPECT_FALSE(is_platform_line("the END RequestId: 1-2", "END", "1-2"));
}

}  // namespace
}  // namespace sortie::run
