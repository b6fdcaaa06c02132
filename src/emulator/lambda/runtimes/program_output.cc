#include "emulator/lambda/runtimes/program_output.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/unique_fd.h"

namespace sortie::emulator::lambda {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t k_answer_bytes = 4096;

}  // namespace

std::optional<std::string> program_output(const std::vector<std::string>& command, std::chrono::seconds limit) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
  char* environment[] = {path, nullptr};
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, command[0].c_str(), &actions, nullptr, arguments.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return std::nullopt;
  writing.reset();
  std::string text;
  const auto deadline = steady_clock::now() + limit;
  bool ended = false;
  while (!ended && text.size() < k_answer_bytes) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    pollfd readable{reading.get(), POLLIN, 0};
    if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) == 0) break;
    char piece[512];
    auto count = read(reading.get(), piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count > 0) text.append(piece, static_cast<std::size_t>(count));
    ended = count <= 0;
  }
  if (!ended) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  const bool succeeded = ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return succeeded ? std::optional(std::move(text)) : std::nullopt;
}

}  // namespace sortie::emulator::lambda
