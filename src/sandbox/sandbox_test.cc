#include "sandbox/sandbox.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "sandbox/sandbox_impl.h"
namespace sortie::sandbox {
TEST(Smoke, Smoke) {
  printf("%s\n", probe().reason.c_str());
  asio::io_context io;
  auto made = create_isolated(io.get_executor(), Spec{.listen = {{"169.254.100.1", 9001}}});
  ASSERT_TRUE(made) << describe(made.error());
  asio::co_spawn(
      io,
      [](Sandbox& s) -> Task<void> {
        auto r =
            co_await s.start({.argv = {"/bin/sh", "-c",
                                       "id; ls -la / /tmp; cat /proc/mounts; cat /proc/self/status /proc/self/cgroup "
                                       "/proc/self/limits; ps aux; ls -l /proc/self/fd; ip a; hostname"},
                              .environment = {{"PATH", "/usr/bin:/bin"}}});
        EXPECT_TRUE(r) << describe(r.error());
        if (!r) co_return;
        auto out = s.take_stdout();
        auto st = co_await s.wait();
        char b[65536];
        ssize_t n;
        while ((n = read(out.get(), b, sizeof b)) > 0) fwrite(b, 1, n, stdout);
        auto err = s.take_stderr();
        while ((n = read(err.get(), b, sizeof b)) > 0) fwrite(b, 1, n, stdout);
        printf("code %d sig %d oom %d\n", st.code, st.signal, st.out_of_memory);
      }(**made),
      asio::detached);
  io.run();
}
}  // namespace sortie::sandbox
