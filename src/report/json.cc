#include "report/json.h"

#include <boost/json.hpp>
#include <cmath>

#include "base/base64.h"
#include "base/utf8.h"

namespace sortie::report {
namespace {

namespace json = boost::json;

double in_seconds(run::Microseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

/// `"output": "..."`, or `"output_base64"` when the bytes are not text.
void put_bytes(json::object& object, std::string_view name, const std::string& bytes) {
  if (is_valid_utf8(bytes)) {
    object[name] = bytes;
    return;
  }
  object[std::string(name) + "_base64"] = base64_encode(bytes);
}

json::object id_of(std::string_view event, const run::TestId& id, int attempt) {
  return {{"event", event}, {"suite", to_valid_utf8(id.suite)}, {"test", to_valid_utf8(id.test)}, {"attempt", attempt}};
}

struct ToJson {
  json::object operator()(const run::StepFinished& step) const {
    return {{"event", "step"}, {"step", step.step}, {"text", step.text}, {"duration_s", in_seconds(step.duration)}};
  }
  json::object operator()(const run::Notice& notice) const {
    return {{"event", "notice"}, {"text", to_valid_utf8(notice.text)}};
  }
  json::object operator()(const run::RunStarted& started) const {
    return {{"event", "run_started"},
            {"tests", started.tests},
            {"workers", started.workers},
            {"at_ms", started.at.time_since_epoch().count()}};
  }
  json::object operator()(const run::TestStarted& started) const {
    json::object object = id_of("test_started", started.id, started.attempt);
    object["worker"] = started.worker;
    return object;
  }
  json::object operator()(const run::TestOutput& output) const {
    json::object object = id_of("test_output", output.id, output.attempt);
    object["stream"] = output.to_stderr ? "stderr" : "stdout";
    put_bytes(object, "output", output.bytes);
    return object;
  }
  json::object operator()(const run::TestFinished& finished) const {
    json::object object = id_of("test_finished", finished.id, finished.attempt);
    object["unlisted"] = finished.unlisted;
    object["final"] = finished.final;
    object["outcome"] = suite::to_string(finished.outcome);
    object["flaky"] = finished.flaky;
    object["duration_s"] = in_seconds(finished.duration);
    if (!finished.message.empty()) object["message"] = to_valid_utf8(finished.message);
    if (!finished.file.empty()) {
      object["file"] = to_valid_utf8(finished.file);
      object["line"] = finished.line;
    }
    object["leaked_processes"] = finished.leaked_processes;
    object["output_bytes"] = finished.output_bytes;
    object["worker"] = finished.worker;
    return object;
  }
  json::object operator()(const run::InvocationFinished& invocation) const {
    return {{"event", "invocation"},
            {"request_id", invocation.request_id},
            {"worker", invocation.worker},
            {"status", invocation.status},
            {"duration_s", in_seconds(invocation.duration)},
            {"billed_ms", invocation.billed.count()},
            {"memory_size_mb", invocation.memory_size_mb},
            {"max_memory_used_mb", invocation.max_memory_used_mb},
            {"log_complete", invocation.log_complete}};
  }
  json::object operator()(const run::RunFinished& finished) const {
    const run::Counts& counts = finished.counts;
    return {{"event", "run_finished"},
            {"total", counts.total()},
            {"passed", counts.passed},
            {"failed", counts.failed},
            {"skipped", counts.skipped},
            {"crashed", counts.crashed},
            {"timed_out", counts.timed_out},
            {"out_of_memory", counts.out_of_memory},
            {"lost", counts.lost},
            {"flaky", counts.flaky},
            {"not_run", counts.not_run},
            {"duration_s", in_seconds(finished.duration)},
            {"invocations", finished.invocations},
            {"gb_seconds", finished.gb_seconds},
            {"dollars", finished.dollars},
            {"interrupted", finished.interrupted},
            {"exit_status", finished.exit_status}};
  }
};

}  // namespace

std::string json_line(const run::Event& event) {
  return json::serialize(std::visit(ToJson{}, event));
}

Result<std::unique_ptr<run::Reporter>> JsonReporter::open(const std::string& path) {
  ASSIGN_OR_RETURN(OutputFile file, OutputFile::open(path, OutputFile::Writing::as_it_comes));
  return std::make_unique<JsonReporter>(std::move(file));
}

}  // namespace sortie::report
