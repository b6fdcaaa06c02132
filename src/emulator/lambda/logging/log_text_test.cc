#include "emulator/lambda/logging/log_text.h"

#include <gtest/gtest.h>

#include <vector>

namespace sortie::emulator::lambda {
namespace {

using std::chrono::microseconds;

constexpr char k_id[] = "8f5a8c6e-0000-4000-8000-000000000001";
const SystemTime k_now{std::chrono::milliseconds{1'440'938'160'123}};

Report report() {
  return {.request_id = k_id, .duration = microseconds(3010), .memory_mb = 128, .max_memory_bytes = 36ULL << 20};
}

TEST(LogLines, WarmReportEndsWithATab) {
  EXPECT_EQ(report_line(LogFormat::text, k_now, report()),
            "REPORT RequestId: 8f5a8c6e-0000-4000-8000-000000000001\tDuration: 3.01 ms\tBilled Duration: 4 ms\t"
            "Memory Size: 128 MB\tMax Memory Used: 36 MB\t");
}

TEST(LogLines, ColdReportNamesAndBillsTheInit) {
  auto cold = report();
  cold.init = microseconds(110'100);
  EXPECT_EQ(report_line(LogFormat::text, k_now, cold),
            "REPORT RequestId: 8f5a8c6e-0000-4000-8000-000000000001\tDuration: 3.01 ms\tBilled Duration: 114 ms\t"
            "Memory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 110.10 ms\t");
}

TEST(LogLines, FailuresEndInAStatus) {
  auto failed = report();
  failed.status = "timeout";
  EXPECT_TRUE(report_line(LogFormat::text, k_now, failed).ends_with("Max Memory Used: 36 MB\tStatus: timeout"));
  failed.status = "error";
  failed.error_type = "Runtime.OutOfMemory";
  EXPECT_TRUE(report_line(LogFormat::text, k_now, failed)
                  .ends_with("Max Memory Used: 36 MB\tStatus: error\tError Type: Runtime.OutOfMemory"));
}

TEST(LogLines, NeverReportsMoreMemoryThanThereIs) {
  auto hog = report();
  hog.max_memory_bytes = 200ULL << 20;
  EXPECT_NE(report_line(LogFormat::text, k_now, hog).find("Max Memory Used: 128 MB"), std::string::npos);
}

TEST(LogLines, OthersAreLambdasOwn) {
  EXPECT_EQ(start_line(LogFormat::text, k_now, "ID", "$LATEST"), "START RequestId: ID Version: $LATEST");
  EXPECT_EQ(end_line(LogFormat::text, "ID"), "END RequestId: ID");
  EXPECT_EQ(init_start_line(LogFormat::text, k_now, "provided:al2023.v1", "arn"),
            "INIT_START Runtime Version: provided:al2023.v1\tRuntime Version ARN: arn");
  InitReport init{
      .phase = "init", .status = "error", .error_type = "Runtime.ExitError", .duration = microseconds(10'170)};
  EXPECT_EQ(init_report_line(LogFormat::text, k_now, init),
            "INIT_REPORT Init Duration: 10.17 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError");
  init.status = "timeout";
  init.error_type.clear();
  EXPECT_EQ(init_report_line(LogFormat::text, k_now, init),
            "INIT_REPORT Init Duration: 10.17 ms\tPhase: init\tStatus: timeout");
  init.status = "success";
  EXPECT_EQ(init_report_line(LogFormat::text, k_now, init), "INIT_REPORT Init Duration: 10.17 ms");
  EXPECT_EQ(extension_line(LogFormat::text, k_now, "x", "Ready", {"INVOKE", "SHUTDOWN"}, ""),
            "EXTENSION\tName: x\tState: Ready\tEvents: [INVOKE, SHUTDOWN]");
  EXPECT_EQ(extension_line(LogFormat::text, k_now, "x", "LaunchError", {}, "PermissionDenied"),
            "EXTENSION\tName: x\tState: LaunchError\tEvents: []\tError Type: PermissionDenied");
  EXPECT_EQ(timeout_line(LogFormat::text, k_now, "ID", std::chrono::seconds(3)),
            "2015-08-30T12:36:00.123Z ID Task timed out after 3.00 seconds");
}

TEST(LogLines, JsonFormat) {
  EXPECT_EQ(start_line(LogFormat::json, k_now, "ID", "1"),
            R"({"time":"2015-08-30T12:36:00.123Z","type":"platform.start","record":{"requestId":"ID","version":"1"}})");
  EXPECT_EQ(extension_line(LogFormat::json, k_now, "x", "Ready", {"INVOKE"}, ""),
            R"({"time":"2015-08-30T12:36:00.123Z","type":"platform.extension","record":{"name":"x","state":"Ready",)"
            R"("events":["INVOKE"]}})");
  auto line = report_line(LogFormat::json, k_now, report());
  EXPECT_NE(line.find(R"("type":"platform.report")"), std::string::npos);
  EXPECT_NE(line.find(R"("billedDurationMs":4,"memorySizeMB":128,"maxMemoryUsedMB":36)"), std::string::npos) << line;
  EXPECT_NE(line.find(R"("status":"success")"), std::string::npos);
}

std::vector<std::string> split(std::initializer_list<std::string> pieces) {
  std::vector<std::string> lines;
  auto sink = [&lines](std::string_view line) { lines.emplace_back(line); };
  LineSplitter splitter;
  for (const auto& piece : pieces) splitter.feed(piece, sink);
  splitter.finish(sink);
  return lines;
}

TEST(LineSplitter, LinesFromAnyPieces) {
  EXPECT_EQ(split({"one\ntw", "o\r\nthr", "ee"}), (std::vector<std::string>{"one\n", "two\r\n", "three"}));
  EXPECT_EQ(split({"\n\n", "a\n"}), (std::vector<std::string>{"\n", "\n", "a\n"}));
  EXPECT_EQ(split({""}), std::vector<std::string>{});
}

TEST(LineSplitter, KeepsNulBytes) {
  EXPECT_EQ(split({std::string("a\0b\n", 4)})[0], std::string("a\0b\n", 4));
}

TEST(LineSplitter, SplitsLongLinesBetweenCharacters) {
  std::string line(k_line_limit - 1, 'x');
  line += "\xc3\xa4tail";
  for (const std::string end : {"\n", ""}) {
    auto lines = split({line + end});
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].size(), k_line_limit - 1);
    EXPECT_EQ(lines[1], "\xc3\xa4tail" + end);
  }
}

TEST(LineSplitter, KeepsAMessageTogether) {
  EXPECT_EQ(split({"\x1e"
                   "4\x1f"
                   "a\nb\nrest\n"}),
            (std::vector<std::string>{"a\nb\n", "rest\n"}));
  EXPECT_EQ(split({"partial", "\x1e", "4", "\x1f", "a\n", "b\n"}), (std::vector<std::string>{"partial", "a\nb\n"}));
}

TEST(LineSplitter, WhatIsNoMessageIsText) {
  EXPECT_EQ(split({"a\x1e"
                   "b\n"}),
            (std::vector<std::string>{"a\x1e"
                                      "b\n"}));
  EXPECT_EQ(split({"\x1e"
                   "99999999\x1f\nx\n"}),
            (std::vector<std::string>{"\x1e"
                                      "99999999\x1f\n",
                                      "x\n"}));
  EXPECT_EQ(split({"\x1e"
                   "12"}),
            (std::vector<std::string>{"\x1e"
                                      "12"}));
  EXPECT_EQ(split({"\x1e"
                   "9\x1f"
                   "cut"}),
            (std::vector<std::string>{"cut"}));
}

TEST(LineSplitter, SplitsLongBinaryLines) {
  auto lines = split({std::string(3 * k_line_limit, '\x80')});
  ASSERT_EQ(lines.size(), 3u);
}

TEST(Tail, KeepsTheEnd) {
  Tail tail;
  for (int i = 0; i < 10'000; ++i) tail.append("line " + std::to_string(i) + "\n");
  EXPECT_EQ(tail.text().size(), k_tail_bytes);
  EXPECT_TRUE(tail.text().ends_with("line 9999\n"));
}

}  // namespace
}  // namespace sortie::emulator::lambda
