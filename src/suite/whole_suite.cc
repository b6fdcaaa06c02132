#include "suite/whole_suite.h"

#include <algorithm>
#include <utility>

#include "suite/text.h"

namespace sortie::suite {
namespace {

constexpr std::size_t k_message_limit = 8 * 1024;

class StatusReader final : public ResultReader {
 public:
  StatusReader(std::string test, std::vector<std::string_view> marks)
      : test_(std::move(test)), marks_(std::move(marks)) {}

  std::vector<Progress> start() override { return {{.kind = Progress::Kind::started, .test = test_}}; }

  std::vector<Progress> feed(std::string_view bytes) override {
    if (!marks_.empty()) {
      for (const LineSplitter::Line& line : lines_.feed(bytes)) read_line(line.text);
    }
    return {};
  }

  std::vector<Progress> finish(ExitStatus status, std::string_view /*result_file*/) override {
    if (status.signal != 0) return {};
    read_line(lines_.take_rest());
    Progress ended{.kind = Progress::Kind::ended, .test = test_};
    if (status.code != 0 || failed_) {
      ended.outcome = Outcome::failed;
      ended.message = "exited with status " + std::to_string(status.code);
      if (status.code == 0) ended.message += " although tests had failed:";
      ended.message += failures_;
    }
    return {ended};
  }

 private:
  void read_line(const std::string& line) {
    const bool tells = std::ranges::any_of(marks_, [&](std::string_view mark) { return contains(line, mark); });
    failed_ = failed_ || (!marks_.empty() && line.starts_with(marks_.front()));
    if (tells && failures_.size() + line.size() < k_message_limit) failures_ += "\n" + line;
  }

  std::string test_;
  std::vector<std::string_view> marks_;
  LineSplitter lines_;
  std::string failures_;
  bool failed_ = false;
};

}  // namespace

Listed list_whole_suite(std::string why) {
  return {.tests = {{.name = std::string(k_whole_suite)}}, .notices = {std::move(why)}};
}

bool is_whole_suite(const std::vector<TestCase>& tests) {
  return tests.size() == 1 && tests.front().name == k_whole_suite;
}

std::unique_ptr<ResultReader> make_status_reader(const std::vector<TestCase>& tests,
                                                 std::vector<std::string_view> failure_marks) {
  return std::make_unique<StatusReader>(tests.empty() ? std::string() : tests.front().name, std::move(failure_marks));
}

}  // namespace sortie::suite
