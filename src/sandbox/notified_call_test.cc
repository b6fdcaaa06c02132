#include "sandbox/notified_call.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace sortie::sandbox {
namespace {

/// This program's own memory, of which nothing above `end` may be read.
class OwnMemory final : public CallerMemory {
 public:
  bool read(std::uint64_t address, void* to, std::size_t size) override {
    if (address < 4096) return false;
    std::memcpy(to, reinterpret_cast<const void*>(address), size);  // NOLINT(performance-no-int-to-ptr)
    return true;
  }
  bool write(std::uint64_t, const void*, std::size_t) override { return false; }
};

std::uint64_t at(const void* pointer) {
  return reinterpret_cast<std::uint64_t>(pointer);
}

sockaddr_in ipv4(std::uint32_t address, std::uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(address);
  in.sin_port = htons(port);
  return in;
}

SocketAddress copy(const void* address, std::size_t size) {
  OwnMemory memory;
  return copy_address(memory, at(address), size).value();
}

TEST(CopyAddress, RefusesSizesThatNoAddressHas) {
  OwnMemory memory;
  const auto in = ipv4(1, 2);
  EXPECT_EQ(copy_address(memory, at(&in), sizeof(sockaddr_storage) + 1).error(), EINVAL);
  EXPECT_EQ(copy_address(memory, at(&in), 0xffff'ffff).error(), EINVAL);
  EXPECT_EQ(copy_address(memory, 8, sizeof in).error(), EFAULT);
  EXPECT_FALSE(copy_address(memory, 8, 0)->given());
}

TEST(CopyAddress, TakesTheLowHalfOfTheSizeAsTheKernelDoes) {
  OwnMemory memory;
  const auto in = ipv4(1, 2);
  EXPECT_EQ(copy_address(memory, at(&in), 0x1'0000'0010)->size, 16U);
}

TEST(DestinationOf, ReadsMappedAddressesAsIpv4) {
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(443);
  in.sin6_addr.s6_addr[10] = in.sin6_addr.s6_addr[11] = 0xff;
  in.sin6_addr.s6_addr[12] = 198;
  in.sin6_addr.s6_addr[13] = 18;
  const auto destination = **destination_of(copy(&in, sizeof in), false);
  EXPECT_FALSE(destination.ipv6);
  EXPECT_EQ(destination.ipv4(), 0xc612'0000U);
  EXPECT_EQ(destination.port, 443);
}

TEST(DestinationOf, KnowsLoopback) {
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  EXPECT_TRUE((**destination_of(copy(&in, sizeof in), false)).is_loopback());
  in.sin6_addr.s6_addr[15] = 1;
  EXPECT_TRUE((**destination_of(copy(&in, sizeof in), false)).is_loopback());
  in.sin6_addr.s6_addr[0] = 0x20;
  EXPECT_FALSE((**destination_of(copy(&in, sizeof in), false)).is_loopback());
  const auto near = ipv4(0x7f12'3456, 1), any = ipv4(0, 1), far = ipv4(0x0808'0808, 1);
  EXPECT_TRUE((**destination_of(copy(&near, sizeof near), false)).is_loopback());
  EXPECT_TRUE((**destination_of(copy(&any, sizeof any), false)).is_loopback());
  EXPECT_FALSE((**destination_of(copy(&far, sizeof far), false)).is_loopback());
}

TEST(DestinationOf, RefusesWhatIsCutShort) {
  const auto in = ipv4(1, 2);
  EXPECT_EQ(destination_of(copy(&in, 15), false).error(), EINVAL);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  EXPECT_EQ(destination_of(copy(&six, 23), false).error(), EINVAL);
  EXPECT_TRUE(destination_of(copy(&six, 24), false)->has_value());
}

TEST(DestinationOf, TakesNoFamilyForIpv4WhereTheKernelDoes) {
  auto in = ipv4(0x0808'0808, 53);
  in.sin_family = AF_UNSPEC;
  EXPECT_FALSE(destination_of(copy(&in, sizeof in), false)->has_value());
  EXPECT_EQ((**destination_of(copy(&in, sizeof in), true)).ipv4(), 0x0808'0808U);
}

TEST(LoopbackLike, StaysInTheFamily) {
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  const SocketAddress mapped = loopback_like(copy(&six, sizeof six), 80);
  EXPECT_EQ(mapped.family(), AF_INET6);
  EXPECT_EQ((**destination_of(mapped, false)).ipv4(), INADDR_LOOPBACK);
  const auto in = ipv4(1, 2);
  EXPECT_EQ(loopback_like(copy(&in, sizeof in), 80).size, sizeof(sockaddr_in));
}

TEST(UnixPath, EndsWhereTheAddressEnds) {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memset(un.sun_path, 'a', sizeof un.sun_path);
  EXPECT_EQ(unix_path(copy(&un, sizeof un))->size(), sizeof un.sun_path);
  EXPECT_EQ(unix_path(copy(&un, 5)), "aaa");
  EXPECT_EQ(unix_path(copy(&un, 2)), std::nullopt);
  un.sun_path[0] = '\0';
  EXPECT_EQ(unix_path(copy(&un, sizeof un)), std::nullopt);
}

TEST(CopyMessage, GathersItsParts) {
  OwnMemory memory;
  auto in = ipv4(1, 2);
  iovec parts[2] = {{const_cast<char*>("ab"), 2}, {const_cast<char*>("c"), 1}};
  msghdr header{};
  header.msg_name = &in;
  header.msg_namelen = sizeof in;
  header.msg_iov = parts;
  header.msg_iovlen = 2;
  const auto message = copy_message(memory, at(&header));
  EXPECT_EQ(message->to.size, sizeof in);
  EXPECT_EQ(copy_data(memory, *message, 3), "abc");
  EXPECT_EQ(copy_data(memory, *message, 2).error(), EMSGSIZE);
}

TEST(CopyMessage, RefusesWhatTheKernelRefuses) {
  OwnMemory memory;
  msghdr header{};
  header.msg_iovlen = 1025;
  EXPECT_EQ(copy_message(memory, at(&header)).error(), EMSGSIZE);
  header.msg_iovlen = 1;
  EXPECT_EQ(copy_message(memory, at(&header)).error(), EFAULT);
  iovec part = {nullptr, static_cast<std::size_t>(-1)};
  header.msg_iov = &part;
  EXPECT_EQ(copy_message(memory, at(&header)).error(), EINVAL);
  header.msg_iovlen = 0;
  header.msg_namelen = static_cast<socklen_t>(-1);
  EXPECT_EQ(copy_message(memory, at(&header)).error(), EINVAL);
}

}  // namespace
}  // namespace sortie::sandbox
