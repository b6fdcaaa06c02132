#pragma once

#include <linux/sched.h>
#include <sys/syscall.h>

#include <cstddef>
#include <cstdint>

/// Code between clone and exec runs in a copy of one thread, on memory that it may share with the whole program: no
/// allocation, no locks, no errno, and no sanitizer bookkeeping. Such functions carry this mark and call only each
/// other and `raw::call`.
#if defined(__clang__)
#define SORTIE_RAW __attribute__((disable_sanitizer_instrumentation, no_sanitize("undefined"), noinline))
#else
#define SORTIE_RAW __attribute__((no_sanitize("address", "thread", "undefined"), noinline))
#endif

namespace sortie::sandbox::raw {

/// One system call; answers its value, or -errno.
template <class... Args>
__attribute__((always_inline)) inline long call(long number, Args... args) {
  long a[6] = {(long)args...};  // NOLINT: pointers and integers alike go into registers
#if defined(__x86_64__)
  register long a3 asm("r10") = a[3];
  register long a4 asm("r8") = a[4];
  register long a5 asm("r9") = a[5];
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(a3), "r"(a4), "r"(a5)
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long nr asm("x8") = number;
  register long a0 asm("x0") = a[0];
  register long a1 asm("x1") = a[1];
  register long a2 asm("x2") = a[2];
  register long a3 asm("x3") = a[3];
  register long a4 asm("x4") = a[4];
  register long a5 asm("x5") = a[5];
  asm volatile("svc 0" : "+r"(a0) : "r"(nr), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
  return a0;
#else
#error "sortie's sandbox knows x86-64 and arm64"
#endif
}

/// A call of the clone family, whose child runs `function(argument)` on its new stack and exits with its value. Answers
/// the child's pid, or -errno.
__attribute__((always_inline)) inline long fork_call(long number, long a, long b, long c, int (*function)(void*),
                                                     void* argument) {
#if defined(__x86_64__)
  register void* keep_argument asm("r12") = argument;
  register void* keep_function asm("r13") = reinterpret_cast<void*>(function);
  register long tls asm("r8") = 0;
  register long child_tid asm("r10") = 0;
  long result;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %%r12, %%rdi\n\t"
      "call *%%r13\n\t"
      "mov %%eax, %%edi\n\t"
      "mov %[exit], %%eax\n\t"
      "syscall\n\t"
      "1:"
      : "=a"(result)
      : "a"(number), "D"(a), "S"(b), "d"(c), "r"(tls), "r"(child_tid), "r"(keep_argument),
        "r"(keep_function), [exit] "i"(SYS_exit_group)
      : "rcx", "r11", "memory");
  return result;
#else
  register long nr asm("x8") = number;
  register long a0 asm("x0") = a;
  register long a1 asm("x1") = b;
  register long a2 asm("x2") = c;
  register long a3 asm("x3") = 0;
  register long a4 asm("x4") = 0;
  register void* keep_argument asm("x19") = argument;
  register void* keep_function asm("x20") = reinterpret_cast<void*>(function);
  asm volatile(
      "svc 0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, xzr\n\t"
      "mov x0, x19\n\t"
      "blr x20\n\t"
      "mov x8, %[exit]\n\t"
      "svc 0\n\t"
      "1:"
      : "+r"(a0)
      : "r"(nr), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(keep_argument), "r"(keep_function), [exit] "i"(SYS_exit_group)
      : "memory", "x30");
  return a0;
#endif
}

/// clone3(2) with a stack of its own. Where a container refuses it (Docker's profile does, as if it were not there)
/// clone(2) does what it can: all but being born into a control group. The child then keeps handlers of signals, which
/// are blocked until it becomes another program.
__attribute__((always_inline)) inline long clone3(clone_args* args, int (*function)(void*), void* argument) {
  const long pid = fork_call(SYS_clone3, (long)args, sizeof *args, 0, function, argument);
  constexpr long k_not_there = -38;  // ENOSYS
  constexpr std::uint64_t k_clear_handlers = 0x1'0000'0000;
  const std::uint64_t flags = args->flags & ~k_clear_handlers;
  if (pid != k_not_there || flags > 0xffff'ffff) return pid;
  return fork_call(SYS_clone, (long)(flags | args->exit_signal), (long)(args->stack + args->stack_size),
                   (long)args->pidfd, function, argument);
}

inline SORTIE_RAW std::size_t length(const char* text) {
  const volatile char* end = text;  // volatile: must not become a call of strlen
  while (*end != 0) ++end;
  return static_cast<std::size_t>(end - text);
}

inline SORTIE_RAW long write_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const long n = call(SYS_write, fd, data, size);
    if (n == -4) continue;  // EINTR
    if (n < 0) return n;
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return 0;
}

/// Decimal digits and a NUL at the end of `buffer`; answers where they begin.
inline SORTIE_RAW char* decimal(std::uint64_t value, char* buffer, std::size_t size) {
  char* out = buffer + size - 1;
  *out = 0;
  do *--out = static_cast<char>('0' + value % 10);
  while ((value /= 10) != 0);
  return out;
}

}  // namespace sortie::sandbox::raw
