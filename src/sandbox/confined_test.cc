// The sandbox without namespaces: what programs in it reach, and what not.
#include "sandbox/confined.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "sandbox/landlock.h"
#include "sandbox/sandbox_fixture.h"

namespace sortie::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr const char* k_endpoint = "169.254.78.1";

Spec with_endpoints() {
  Spec spec;
  spec.listen = {{"169.254.100.1", 9001, false}, {k_endpoint, 53, true}, {k_endpoint, 443, false}};
  spec.ca_bundle_pem = "-----BEGIN CERTIFICATE-----\nour authority\n-----END CERTIFICATE-----\n";
  return spec;
}

/// A listener of the host's own.
struct HostListener {
  explicit HostListener(int type = SOCK_STREAM) : fd(socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size);
    if (type == SOCK_STREAM) listen(fd.get(), 512);
    getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  }
  [[nodiscard]] std::string port() const { return std::to_string(ntohs(address.sin_port)); }
  [[nodiscard]] bool was_reached() const {
    pollfd ready = {fd.get(), POLLIN, 0};
    return poll(&ready, 1, 0) == 1;
  }

  UniqueFd fd;
  sockaddr_in address{};
};

/// Answers each datagram with its bytes turned round, as long as it lives.
class Mirror {
 public:
  explicit Mirror(UniqueFd socket) : socket_(std::move(socket)), thread_([this] { serve(); }) {}
  ~Mirror() {
    over_ = true;
    thread_.join();
  }
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

 private:
  void serve() {
    while (!over_) {
      pollfd ready = {socket_.get(), POLLIN, 0};
      if (poll(&ready, 1, 20) != 1) continue;
      char text[64];
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const ssize_t n = recvfrom(socket_.get(), text, sizeof text, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (n <= 0) continue;
      std::reverse(text, text + n);
      sendto(socket_.get(), text, static_cast<std::size_t>(n), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  UniqueFd socket_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

class Confined : public testing::Test {
 protected:
  void SetUp() override { SKIP_WITHOUT_NOTIFICATIONS(); }
};

class ConfinedFiles : public Confined {
 protected:
  void SetUp() override {
    Confined::SetUp();
    if (!landlock_support().files()) GTEST_SKIP() << "no Landlock here";
  }
};

TEST_F(Confined, ReachesItsListenersAtTheirAddresses) {
  Box box(with_endpoints(), Box::Kind::confined);
  const auto listeners = box->take_listeners();
  EXPECT_EQ(box->address(0).address, "169.254.100.1");
  EXPECT_EQ(box->address(0).port, 9001);
  EXPECT_EQ(box.inside("connect", {"169.254.100.1", "9001"}).out, "connect ok\n");
  const UniqueFd first(accept4(listeners[0].get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(first);
  EXPECT_EQ(box.inside("connect", {k_endpoint, "443"}).out, "connect ok\n");
  EXPECT_EQ(box.inside("connect", {"198.18.7.9", "443"}).out, "connect ok\n");
  EXPECT_EQ(box.inside("connect6", {"::ffff:198.19.7.9", "443"}).out, "connect ok\n");
}

TEST_F(Confined, HasNoRouteToAnywhereElse) {
  Box box(with_endpoints(), Box::Kind::confined);
  EXPECT_EQ(box.inside("connect", {"8.8.8.8", "80"}).out, "connect ENETUNREACH\n");
  EXPECT_EQ(box.inside("connect", {"169.254.169.254", "80"}).out, "connect ENETUNREACH\n");
  EXPECT_EQ(box.inside("connect", {k_endpoint, "22"}).out, "connect ENETUNREACH\n");
  EXPECT_EQ(box.inside("connect6", {"2001:db8::1", "443"}).out, "connect ENETUNREACH\n");
}

TEST_F(Confined, ReachesNoServerButItsOwnOnLoopback) {
  const HostListener listener;
  Box other(with_endpoints(), Box::Kind::confined);
  Box box(with_endpoints(), Box::Kind::confined);
  EXPECT_EQ(box.inside("connect", {"127.0.0.1", listener.port()}).out, "connect ECONNREFUSED\n");
  EXPECT_EQ(box.inside("connect", {"0.0.0.0", listener.port()}).out, "connect ECONNREFUSED\n");
  EXPECT_EQ(box.inside("connect6", {"::ffff:127.0.0.1", listener.port()}).out, "connect ECONNREFUSED\n");
  EXPECT_FALSE(listener.was_reached());
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(other->take_listeners()[0].get(), reinterpret_cast<sockaddr*>(&address), &size);
  EXPECT_EQ(box.inside("connect", {"127.0.0.1", std::to_string(ntohs(address.sin_port))}).out,
            "connect ECONNREFUSED\n");
  EXPECT_EQ(box.inside("talk-to-itself").out, "tcp4 ok\ntcp6 ok\nudp ok\nanswer ok\nask\n6\n");
}

TEST_F(Confined, LeavesSocketsAsTheyAre) {
  Box box(with_endpoints(), Box::Kind::confined);
  EXPECT_EQ(box.inside("watched-connect", {"169.254.100.1", "9001"}).out, "error 0 blocking 0\n");
}

TEST_F(Confined, AnswersNameServersInEveryWayThatResolversAsk) {
  Box box(with_endpoints(), Box::Kind::confined);
  auto listeners = box->take_listeners();
  const Mirror server(std::move(listeners[1]));
  EXPECT_EQ(box.inside("ask", {"192.0.2.53"}).out,
            "connected cba ok\nmapped cba ok\nsendto cba ok\nsendmsg cba ok\nsendmmsg 2 3 3\nsendmmsg cba ok\n"
            "sendmmsg 2\nsendmmsg connected cba ok\n");
}

TEST_F(Confined, AnswersNonsenseAsTheKernelDoes) {
  Box box(with_endpoints(), Box::Kind::confined);
  EXPECT_EQ(box.inside("nonsense").out,
            "null EFAULT\nshort EINVAL\nempty EINVAL\nnegative EINVAL\nhuge EINVAL\nclosed EBADF\nno socket ENOTSOCK\n"
            "unspecified ok\nsendto null EFAULT\nsendto unspecified family ENETUNREACH\nsendmsg null EFAULT\n"
            "parts EMSGSIZE\nfast open EOPNOTSUPP\n");
}

TEST_F(Confined, JudgesTheAddressThatItUses) {
  const HostListener listener;
  Spec spec = with_endpoints();
  spec.listen.push_back({"192.0.2.7", static_cast<std::uint16_t>(std::stoi(listener.port())), false});
  Box box(spec, Box::Kind::confined);
  const Outcome outcome = box.inside("racing", {"192.0.2.7", listener.port(), "127.0.0.1"});
  EXPECT_EQ(outcome.out, "judged\n") << outcome.err;
  EXPECT_FALSE(listener.was_reached());
}

TEST_F(Confined, ConnectsTheSocketOfWhoAsks) {
  Box box(with_endpoints(), Box::Kind::confined);
  EXPECT_EQ(box.inside("connect-from-everywhere", {"169.254.100.1", "9001"}).out, "120\n");
}

TEST_F(Confined, OutlivesProgramsThatDieWhileTheyConnect) {
  Box box(with_endpoints(), Box::Kind::confined);
  EXPECT_EQ(box.inside("die-while-connecting", {"169.254.100.1", "9001"}).out, "still served\n");
}

TEST_F(Confined, ReachesNoUnixSocketButItsOwn) {
  const std::string path = fmt::format("/tmp/sandbox_test_{}.socket", getpid());
  const UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  fmt::format_to_n(address.sun_path, sizeof address.sun_path - 1, "{}", path);
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  listen(listener.get(), 8);
  Box box({}, Box::Kind::confined);
  EXPECT_EQ(box.inside("unix-sockets", {path, box->inside_path("/tmp")}).out,
            "outside EACCES\nround about EACCES\nbind ok\ninside ok\npeer /s\nrelative ok\nlink EACCES\n");
  fs::remove(path);
}

TEST_F(Confined, CannotSignalOthersAndMaySignalItself) {
  Box box({}, Box::Kind::confined);
  const Outcome outcome = box.inside("signal-others", {std::to_string(getpid())});
  EXPECT_TRUE(outcome.out == "host EPERM\nalive ok\n" || outcome.out == "host ESRCH\nalive ok\n") << outcome.out;
  EXPECT_EQ(box.shell("sleep 100 & kill $!; wait $!; echo $?").out, "143\n");
  box.inside("signal-everything");
  EXPECT_EQ(box.shell("echo alive").out, "alive\n");
}

TEST_F(Confined, HasNoCapabilities) {
  Box box({}, Box::Kind::confined);
  EXPECT_EQ(box.shell("grep -cE '^Cap(Inh|Prm|Eff|Amb):.0+$' /proc/self/status").out, "4\n");
  EXPECT_EQ(box.shell("grep NoNewPrivs /proc/self/status").out, "NoNewPrivs:\t1\n");
}

TEST_F(Confined, IsToldOfATrustStoreUnlessItHasItsOwn) {
  Box box(with_endpoints(), Box::Kind::confined);
  EXPECT_EQ(
      box.shell("tail -n 2 $SSL_CERT_FILE | head -n 1; [ $SSL_CERT_FILE = $NODE_EXTRA_CA_CERTS ] && echo same").out,
      "our authority\nsame\n");
}

TEST_F(Confined, ReadsTheTrustStoreWhereItsLibrariesLook) {
  Box box(with_endpoints(), Box::Kind::confined);
  // cat opens as fopen does.
  EXPECT_EQ(box.shell("cat /etc/ssl/certs/ca-certificates.crt | tail -n 2 | head -n 1").out, "our authority\n");
}

TEST_F(Confined, EndsEverythingThatItStarted) {
  Box box({}, Box::Kind::confined);
  const std::string marker = fmt::format("31{}.5", getpid());
  box.shell("setsid sleep " + marker + " & (setsid sleep " + marker + " &) ; true");
  EXPECT_EQ(box.shell("ps ax -o args | grep -c '[s]leep " + marker + "'").out, "0\n");
}

TEST_F(ConfinedFiles, CannotReadTheHostsFiles) {
  const std::string secret = fmt::format("/tmp/sandbox_secret_{}", getpid());
  std::ofstream(secret) << "secret";
  Box box({}, Box::Kind::confined);
  const Outcome outcome =
      box.shell("cat " + secret + " /etc/shadow /root/.bashrc; ls / /tmp /home /root /etc; cat /proc/" +
                std::to_string(getpid()) + "/environ; readlink /proc/" + std::to_string(getpid()) + "/fd/0");
  fs::remove(secret);
  EXPECT_EQ(outcome.out, "");
}

TEST_F(ConfinedFiles, CannotWriteOutsideItsFolder) {
  Box box({}, Box::Kind::confined);
  const Outcome outcome = box.inside(
      "create-files", {"/x", "/usr/x", "/etc/x", "/etc/hosts", "/dev/x", "/dev/shm/x", "/home/x", "/var/tmp/x",
                       "/run/x", "/proc/sys/kernel/hostname", box->inside_path("/tmp") + "/../etc/x"});
  EXPECT_EQ(outcome.out.find(" ok"), std::string::npos) << outcome.out;
  EXPECT_EQ(
      box.shell("echo mine > $TMPDIR/file && mkdir $TMPDIR/a && mv $TMPDIR/file $TMPDIR/a && cat $TMPDIR/a/file").out,
      "mine\n");
}

TEST_F(ConfinedFiles, MakesFilesOfTmpInItsFolder) {
  Box box({}, Box::Kind::confined);
  EXPECT_EQ(box.shell("echo mine > /tmp/file && cat /tmp/file && cat $TMPDIR/file").out, "mine\nmine\n");
  EXPECT_FALSE(fs::exists("/tmp/file"));
  EXPECT_EQ(box.shell("ln -s /etc/shadow $TMPDIR/link; cat /tmp/link").out, "");
  // Nobody writes: the engine must not wait for that.
  EXPECT_EQ(box.shell("mkfifo $TMPDIR/fifo; cat /tmp/fifo; echo ended").out, "ended\n");
}

TEST_F(ConfinedFiles, ChangesModesInItsFolderAlone) {
  const std::string file = fmt::format("/tmp/sandbox_mode_{}", getpid());
  std::ofstream(file) << "x";
  fs::permissions(file, fs::perms(0644));
  Box box({}, Box::Kind::confined);
  const Outcome outcome = box.inside("change-modes", {file, box->inside_path("/tmp")});
  EXPECT_EQ(outcome.out,
            "outside EPERM\noutside at EPERM\nthrough a descriptor EPERM\nround about EPERM\nlink EPERM\nattribute "
            "EOPNOTSUPP\n"
            "inside ok\nrelative ok\nopen ok\nat ok\nmode 750\nnowhere ENOENT\n");
  EXPECT_EQ(fs::status(file).permissions(), fs::perms(0644));
  fs::remove(file);
}

long children() {
  std::ifstream file("/proc/thread-self/children");
  return std::distance(std::istream_iterator<int>(file), {});
}

TEST_F(ConfinedFiles, AreTheSameWithASupervisorThatWasMadeAhead) {
  if (probe().memory == Capabilities::Memory::watched) GTEST_SKIP() << "without control groups limits are not seen";
  Box first(with_endpoints(), Box::Kind::confined);
  first.serve_for(std::chrono::milliseconds(200));  // the next one's supervisor is made meanwhile
  Spec spec = with_endpoints();
  spec.memory_bytes = 64 << 20;
  const long before = children();
  Box second(spec, Box::Kind::confined);
  EXPECT_EQ(children(), before);
  EXPECT_TRUE(second.inside("use-memory", {"90", "60"}).status.out_of_memory);
  EXPECT_EQ(second.inside("connect", {"169.254.100.1", "9001"}).out,
            first.inside("connect", {"169.254.100.1", "9001"}).out);
  EXPECT_NE(second.shell("cat " + first->inside_path("/tmp") + "/../ca-bundle.pem").status.code, 0);
}

TEST_F(ConfinedFiles, SharesNothingWithAnotherSandbox) {
  Box first({}, Box::Kind::confined), second({}, Box::Kind::confined);
  first.shell("echo mine > $TMPDIR/file");
  EXPECT_EQ(second.shell("cat " + first->inside_path("/tmp") + "/file").out, "");
}

TEST_F(ConfinedFiles, RunsProgramsAndUsesDevices) {
  Box box({}, Box::Kind::confined);
  EXPECT_EQ(box.shell("head -c 3 /dev/zero | wc -c; echo x > /dev/null && echo y > /dev/stderr").out, "3\n");
  EXPECT_EQ(box.shell("cat /etc/passwd | head -c 4").out, "root");
}

TEST_F(Confined, IsRefusedTheDangerousSystemCalls) {
  Box box({}, Box::Kind::confined);
  EXPECT_EQ(box.inside("forbidden-calls").out,
            "mount EPERM\numount EPERM\nopen_tree EPERM\nchroot EPERM\nunshare EPERM\nclone EPERM\nclone3 ENOSYS\n"
            "setns EPERM\nptrace EPERM\nkeyctl EPERM\nbpf EPERM\nperf_event_open EPERM\nuserfaultfd EPERM\n"
            "io_uring EPERM\nvsock EAFNOSUPPORT\nreboot EPERM\nhostname EPERM\n");
}

TEST_F(Confined, LeavesNoFolder) {
  std::string folder;
  {
    Box box({}, Box::Kind::confined);
    folder = box->inside_path("/tmp");
    box.shell("mkdir $TMPDIR/closed; touch $TMPDIR/closed/file; chmod 000 $TMPDIR/closed");
    ASSERT_TRUE(fs::exists(folder));
  }
  EXPECT_FALSE(fs::exists(fs::path(folder).parent_path()));
}

}  // namespace
}  // namespace sortie::sandbox
