#include "sandbox/supervisor.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

namespace sortie::sandbox {
namespace {

using protocol::Reply;
using protocol::Request;
using protocol::RequestMessage;

/// See protocol::CommandHeader.
std::string encode(const Command& command) {
  protocol::CommandHeader header;
  header.arguments = static_cast<std::uint32_t>(command.argv.size());
  header.variables = static_cast<std::uint32_t>(command.environment.size());
  std::string text(reinterpret_cast<const char*>(&header), sizeof header);
  const auto add = [&](const std::string& piece) { text.append(piece.c_str(), std::strlen(piece.c_str()) + 1); };
  add(command.working_folder);
  for (const std::string& argument : command.argv) add(argument);
  for (const auto& [name, value] : command.environment) add(name + "=" + value);
  return text;
}

Result<UniqueFd> command_file(const Command& command) {
  UniqueFd file(memfd_create("command", MFD_CLOEXEC));
  if (!file) return fail_errno(errno, "create a memory file");
  const std::string text = encode(command);
  if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail_errno(errno, "write a memory file");
  }
  return file;
}

/// `error` is what the supervisor's execve or fork answered.
std::unexpected<Error> start_failure(const Reply& reply, const Command& command) {
  if (reply.in_exec == 0) return fail_errno(reply.error, "start a process in the sandbox");
  const std::string what = fmt::format("cannot execute {}", command.argv[0]);
  if (reply.error == ENOEXEC || reply.error == ELIBBAD) {
    return fail(ErrorKind::denied, what + ": not a program of this machine");
  }
  return fail_errno(reply.error, what);
}

/// One reply, and the socket that may come with it.
ssize_t receive(int control, Reply& reply, UniqueFd& socket) {
  iovec part = {&reply, sizeof reply};
  alignas(cmsghdr) char buffer[CMSG_SPACE(sizeof(int))];
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = buffer;
  header.msg_controllen = sizeof buffer;
  const ssize_t n = recvmsg(control, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const cmsghdr* rights = n > 0 ? CMSG_FIRSTHDR(&header) : nullptr;
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS && rights->cmsg_len == CMSG_LEN(sizeof(int))) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    socket = UniqueFd(fd);
  }
  return n;
}

ExitStatus decode(const Reply& reply) {
  ExitStatus status;
  if (WIFSIGNALED(reply.status)) {
    status.signal = WTERMSIG(reply.status);
  } else {
    status.code = WEXITSTATUS(reply.status);
  }
  status.out_of_memory = reply.out_of_memory != 0;
  return status;
}

}  // namespace

Result<std::shared_ptr<SharedMemory>> SharedMemory::create() {
  UniqueFd fd(memfd_create("sandbox", MFD_CLOEXEC));
  if (!fd || ftruncate(fd.get(), sizeof(protocol::Shared)) != 0) return fail_errno(errno, "create shared memory");
  void* memory = mmap(nullptr, sizeof(protocol::Shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return fail_errno(errno, "map shared memory");
  // New pages are zero, and so is a new Shared: only what differs has to be written.
  return std::shared_ptr<SharedMemory>(new SharedMemory(std::move(fd), static_cast<protocol::Shared*>(memory)));
}

SharedMemory::~SharedMemory() {
  munmap(shared_, sizeof(protocol::Shared));
}

int Supervisor::add_program() {
  programs_.emplace(++last_program_, std::make_shared<Program>());
  return last_program_;
}

void Supervisor::request(Request request, int program, int value) {
  if (!control_.is_open()) return;
  const RequestMessage message = {request, program, value};
  send(control_.native_handle(), &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Supervisor::close() {
  boost::system::error_code ignored;
  control_.close(ignored);
}

Result<void> Supervisor::send_start(Request how, int program, const Command& command, int out, int err) {
  ASSIGN_OR_RETURN(const UniqueFd file, command_file(command));
  RequestMessage message = {how, program, 0};
  const int fds[3] = {file.get(), out, err};
  iovec part = {&message, sizeof message};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fds);
  std::memcpy(CMSG_DATA(rights), fds, sizeof fds);
  const ssize_t sent =
      control_.is_open() ? sendmsg(control_.native_handle(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) : -1;
  if (sent < 0) return fail(ErrorKind::unavailable, "the sandbox has died");
  return {};
}

void Supervisor::read_replies() {
  bool others = false;
  while (control_.is_open()) {
    Reply reply;
    UniqueFd socket;
    const ssize_t n = receive(control_.native_handle(), reply, socket);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n != sizeof reply) return close();  // it is gone
    const auto found = programs_.find(reply.program);
    if (found == programs_.end()) continue;
    others = programs_.size() > 1;
    if (reply.exited != 0) {
      found->second->exited = decode(reply);
    } else {
      found->second->started = reply;
      found->second->socket = std::move(socket);
    }
  }
  // What was read here does not make the socket readable for those who wait for it: they look again.
  boost::system::error_code ignored;
  if (others && control_.is_open()) control_.cancel(ignored);
}

Task<void> Supervisor::wait_for_replies(std::shared_ptr<Supervisor> self) {
  // Aborted because it is closed: the callers see that. Aborted because this coroutine is cancelled: Asio throws next
  // time.
  boost::system::error_code ignored;
  co_await self->control_.async_wait(asio::posix::stream_descriptor::wait_read,
                                     asio::redirect_error(asio::use_awaitable, ignored));
}

Task<Result<void>> Supervisor::start(std::shared_ptr<Supervisor> self, Request how, int program, Command command,
                                     UniqueFd out, UniqueFd err) {
  if (command.argv.empty()) co_return fail(ErrorKind::usage, "a command without a program");
  CO_RETURN_IF_ERROR(self->send_start(how, program, command, out.get(), err.get()));
  const auto state = self->programs_[program];
  if (!co_await wait_for_start(self, state)) co_return fail(ErrorKind::unavailable, "the sandbox has died");
  if (state->started->error != 0) co_return start_failure(*state->started, command);
  co_return Result<void>();
}

Task<bool> Supervisor::wait_for_start(std::shared_ptr<Supervisor> self, std::shared_ptr<Program> program) {
  for (;;) {
    self->read_replies();
    if (program->started) co_return true;
    if (!self->control_.is_open()) co_return false;
    co_await wait_for_replies(self);
  }
}

Task<Result<UniqueFd>> Supervisor::open_socket(std::shared_ptr<Supervisor> self) {
  const int number = self->add_program();
  const auto state = self->programs_[number];
  self->request(Request::open_socket, number);
  const bool answered = co_await wait_for_start(self, state);
  self->forget(number);
  if (!answered) co_return fail(ErrorKind::unavailable, "the sandbox has died");
  if (!state->socket) co_return fail_errno(state->started->error, "open a socket in the sandbox");
  co_return std::move(state->socket);
}

Task<ExitStatus> Supervisor::wait(std::shared_ptr<Supervisor> self, int program) {
  auto& place = self->programs_[program];
  if (!place) place = std::make_shared<Program>();
  const auto state = place;
  while (!state->exited) {
    self->read_replies();
    if (state->exited) break;
    if (!self->control_.is_open()) {
      state->exited = ExitStatus{.signal = SIGKILL};
    } else {
      co_await wait_for_replies(self);
    }
  }
  co_return *state->exited;
}

}  // namespace sortie::sandbox
