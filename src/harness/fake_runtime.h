#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "suite/protocol.h"

/// For the harness's tests: a Runtime API that hands out one request after the other, and the built harness under it,
/// outside of any sandbox.
namespace sortie::harness {

using Events = std::vector<suite::HarnessEvent>;

/// What came of one invocation.
struct Reply {
  Events events;
  std::string log;  ///< what the harness printed for it

  template <class Event>
  std::vector<Event> all() const {
    std::vector<Event> found;
    for (const auto& event : events) {
      if (const auto* match = std::get_if<Event>(&event)) found.push_back(*match);
    }
    return found;
  }
  /// The end of `test`; outcome `lost` when there is none.
  /// The last word about each test and unlisted failure.
  std::vector<suite::TestEnded> ends() const {
    std::vector<suite::TestEnded> last;
    for (const auto& ended : all<suite::TestEnded>()) {
      std::erase_if(last, [&](const suite::TestEnded& before) { return before.test == ended.test; });
      last.push_back(ended);
    }
    return last;
  }
  suite::TestEnded end_of(const std::string& test) const {
    for (auto& ended : ends()) {
      if (ended.test == test) return ended;
    }
    return {.test = test, .outcome = suite::Outcome::lost};
  }
  suite::Outcome outcome(const std::string& test) const { return end_of(test).outcome; }
  std::string output_of(const std::string& test) const {
    std::string text;
    for (const auto& output : all<suite::Output>()) {
      if (output.test == test) text += output.bytes;
    }
    return text;
  }
  suite::BatchEnded last() const {
    const auto ends = all<suite::BatchEnded>();
    return ends.empty() ? suite::BatchEnded{} : ends.back();
  }
};

class FakeRuntime {
 public:
  /// `task_folder` is the harness's LAMBDA_TASK_ROOT.
  explicit FakeRuntime(const std::string& task_folder) {
    char pattern[] = "/tmp/sortie-harness-test-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    ::mkdir((folder_ + "/tmp").c_str(), 0700);
    listen();
    start(task_folder);
    accept_connection();
  }
  ~FakeRuntime() {
    ::kill(harness_, SIGKILL);
    ::waitpid(harness_, nullptr, 0);
    const std::string command = "rm -rf '" + folder_ + "'";
    if (std::system(command.c_str()) != 0) ADD_FAILURE() << command;
  }
  FakeRuntime(const FakeRuntime&) = delete;
  FakeRuntime& operator=(const FakeRuntime&) = delete;

  /// Hands out `payload` with this much time, and reads the answer to its end.
  Reply invoke_raw(const std::string& payload, std::chrono::milliseconds time = std::chrono::seconds(300)) {
    read_head();  // GET next
    const auto deadline = std::chrono::system_clock::now().time_since_epoch() + time;
    const auto deadline_ms = std::chrono::duration_cast<std::chrono::milliseconds>(deadline).count();
    send("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: request-1\r\nLambda-Runtime-Deadline-Ms: " +
         std::to_string(deadline_ms) + "\r\nContent-Length: " + std::to_string(payload.size()) + "\r\n\r\n" + payload);
    last_head_ = read_head();
    Reply reply;
    std::string rest;
    for (std::string chunk = read_chunk(); !chunk.empty(); chunk = read_chunk()) {
      rest += chunk;
      std::size_t begin = 0;
      for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
        auto event = suite::decode_event(std::string_view(rest).substr(begin, end - begin));
        if (event) {
          reply.events.push_back(*std::move(event));
        } else {
          ADD_FAILURE() << describe(event.error());
        }
        begin = end + 1;
      }
      rest.erase(0, begin);
    }
    reply.log = new_log();
    send("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    return reply;
  }
  Reply invoke(const suite::HarnessRequest& request, std::chrono::milliseconds time = std::chrono::seconds(300)) {
    return invoke_raw(suite::encode(request), time);
  }
  /// The request line and headers of the last answer.
  [[nodiscard]] const std::string& last_head() const { return last_head_; }
  /// The harness's /tmp.
  [[nodiscard]] std::string tmp() const { return folder_ + "/tmp"; }
  /// Closes the connection, on which the harness waits for work, and takes its next one.
  void accept_connection_after_closing() {
    connection_.reset();
    accept_connection();
  }
  /// Hands out a request, reads the answer up to its first `text`, and hangs up.
  void invoke_and_hang_up(const suite::HarnessRequest& request, const std::string& text) {
    const std::string payload = suite::encode(request);
    read_head();
    send(
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: request-1\r\nLambda-Runtime-Deadline-Ms: 9999999999999\r\n"
        "Transfer-Encoding: chunked\r\n\r\n5\r\n" +
        payload.substr(0, 5) + "\r\n" + hexadecimal(payload.size() - 5) + "\r\n" + payload.substr(5) + "\r\n0\r\n\r\n");
    read_until(text);
    connection_.reset();
    accept_connection();
  }
  /// Waits for the harness to ask for work, which it does when all is put away.
  void wait_until_idle() {
    char byte = 0;
    ASSERT_EQ(::recv(connection_.get(), &byte, 1, MSG_PEEK), 1);
  }
  [[nodiscard]] pid_t pid() const { return harness_; }

 private:
  void listen() {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener_.get(), 4), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  void start(const std::string& task_folder) {
    std::vector<std::string> variables{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:" + std::to_string(port_),
                                       "LAMBDA_TASK_ROOT=" + task_folder,
                                       "TMPDIR=" + tmp(),
                                       "AWS_LAMBDA_LOG_STREAM_NAME=stream-1",
                                       "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1769",
                                       "PATH=/usr/bin:/bin"};
    std::vector<char*> environment;
    for (std::string& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    const std::string log = folder_ + "/log";
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    std::string program = HARNESS_PROGRAM;
    char* argv[] = {program.data(), nullptr};
    ASSERT_EQ(::posix_spawn(&harness_, program.c_str(), &actions, nullptr, argv, environment.data()), 0);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  void accept_connection() {
    received_.clear();
    connection_.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const timeval patience{120, 0};
    ::setsockopt(connection_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  void send(const std::string& bytes) {
    ASSERT_EQ(::send(connection_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  static std::string hexadecimal(std::size_t value) {
    std::ostringstream text;
    text << std::hex << value;
    return text.str();
  }
  bool receive_more() {
    char buffer[64 * 1024];
    const ssize_t count = ::recv(connection_.get(), buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    received_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }
  std::string read_until(const std::string& end) {
    std::size_t at = 0;
    while ((at = received_.find(end)) == std::string::npos) {
      if (!receive_more()) {
        ADD_FAILURE() << "the harness said no more";
        return {};
      }
    }
    std::string text = received_.substr(0, at);
    received_.erase(0, at + end.size());
    return text;
  }
  std::string read_head() { return read_until("\r\n\r\n"); }
  std::string read_chunk() {
    const auto size = std::strtoul(read_until("\r\n").c_str(), nullptr, 16);
    while (received_.size() < size + 2 && receive_more()) {
    }
    std::string chunk = received_.substr(0, size);
    received_.erase(0, size + 2);
    return chunk;
  }
  std::string new_log() {
    std::ifstream file(folder_ + "/log");
    file.seekg(static_cast<std::streamoff>(log_read_));
    std::ostringstream text;
    text << file.rdbuf();
    log_read_ += text.str().size();
    return text.str();
  }

  std::string folder_;
  UniqueFd listener_;
  UniqueFd connection_;
  int port_ = 0;
  pid_t harness_ = 0;
  std::string received_;
  std::string last_head_;
  std::size_t log_read_ = 0;
};

/// A batch of one suite.
inline suite::BatchRequest batch(const std::string& framework, const std::string& executable,
                                 const std::vector<std::string>& tests) {
  suite::BatchRequest request{.suite = {.name = "suite", .executable = executable, .framework = framework}};
  for (const std::string& test : tests) request.tests.push_back({.name = test});
  return request;
}

/// Where test/suites/build.sh has put the suites of a framework.
inline std::string suites(const std::string& framework) {
  return std::string(SUITES_FOLDER) + "/" + framework;
}

}  // namespace sortie::harness
