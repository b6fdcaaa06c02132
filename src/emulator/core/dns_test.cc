#include "emulator/core/dns.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>

#include "emulator/core/test_dns.h"

namespace sortie::emulator {
namespace {

constexpr std::array<std::uint8_t, 4> k_endpoint{169, 254, 78, 1};

int code_of(const std::optional<std::string>& answer) {
  return (*answer)[3] & 0x0f;
}
int count_of(const std::optional<std::string>& answer) {
  return (*answer)[7];
}

TEST(Dns, AnswersAwsNamesWithTheEndpoint) {
  for (auto name : {"s3.amazonaws.com", "bucket.s3.us-east-1.amazonaws.com", "LAMBDA.us-east-1.AMAZONAWS.com",
                    "s3.cn-north-1.amazonaws.com.cn", "lambda.us-east-1.api.aws"}) {
    auto answer = answer_dns(dns_question(name), k_endpoint);
    ASSERT_TRUE(answer) << name;
    EXPECT_EQ(code_of(answer), 0) << name;
    ASSERT_EQ(count_of(answer), 1) << name;
    EXPECT_EQ(answer->substr(answer->size() - 4), std::string("\xa9\xfe\x4e\x01", 4)) << name;
    EXPECT_EQ(answer->substr(0, 2), "\x12\x34");
  }
}

TEST(Dns, TellsItsOwnNamesFromOthers) {
  EXPECT_TRUE(asks_for_own_name(dns_question("s3.amazonaws.com", 28)));
  EXPECT_TRUE(asks_for_own_name(dns_question("localhost")));
  EXPECT_FALSE(asks_for_own_name(dns_question("example.com")));
  EXPECT_FALSE(asks_for_own_name("short"));
  EXPECT_EQ(code_of(dns_failure(dns_question("example.com"))), 2);
  EXPECT_EQ(code_of(dns_failure(dns_question("example.com").substr(0, 12))), 2);
}

TEST(Dns, KnowsNothingElse) {
  for (auto name : {"example.com", "amazonaws.com.example.com", "xamazonaws.com", "amazonaws.com", "aws"}) {
    auto answer = answer_dns(dns_question(name), k_endpoint);
    EXPECT_EQ(code_of(answer), 3) << name;
    EXPECT_EQ(count_of(answer), 0) << name;
  }
}

TEST(Dns, LocalhostIsTheSandboxItself) {
  auto answer = answer_dns(dns_question("localhost"), k_endpoint);
  EXPECT_EQ(answer->substr(answer->size() - 4), std::string("\x7f\x00\x00\x01", 4));
}

TEST(Dns, HasNoIPv6Addresses) {
  auto answer = answer_dns(dns_question("s3.amazonaws.com", 28), k_endpoint);
  EXPECT_EQ(code_of(answer), 0);
  EXPECT_EQ(count_of(answer), 0);
}

TEST(Dns, RefusesOtherClassesAndOperations) {
  EXPECT_EQ(code_of(answer_dns(dns_question("s3.amazonaws.com", 1, 3), k_endpoint)), 5);
  auto status = dns_question("s3.amazonaws.com");
  status[2] = 0x10;
  EXPECT_EQ(code_of(answer_dns(status, k_endpoint)), 4);
}

TEST(Dns, MalformedQuestionsAreFormatErrors) {
  auto whole = dns_question("bucket.s3.amazonaws.com");
  for (std::size_t size = 12; size < whole.size(); ++size) {
    EXPECT_EQ(code_of(answer_dns(whole.substr(0, size), k_endpoint)), 1) << size;
  }
  auto pointer = dns_question("s3.amazonaws.com");
  pointer[12] = '\xc0';
  EXPECT_EQ(code_of(answer_dns(pointer, k_endpoint)), 1);
  std::string long_name = "a";
  for (int i = 0; i < 130; ++i) long_name += ".a";
  EXPECT_EQ(code_of(answer_dns(dns_question(long_name), k_endpoint)), 1);
}

TEST(Dns, IgnoresWhatIsNoQuestion) {
  EXPECT_FALSE(answer_dns("short", k_endpoint));
  auto reply = dns_question("s3.amazonaws.com");
  reply[2] = '\x81';
  EXPECT_FALSE(answer_dns(reply, k_endpoint));
}

UniqueFd bound_socket(sockaddr_in& address) {
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return fd;
}

TEST(DnsServer, AnswersOnASocket) {
  asio::io_context io;
  sockaddr_in server_address{};
  sockaddr_in client_address{};
  auto client = bound_socket(client_address);
  DnsServer server(io.get_executor(), bound_socket(server_address), UniqueFd(), k_endpoint);
  auto query = dns_question("s3.amazonaws.com");
  ::sendto(client.get(), query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&server_address),
           sizeof server_address);
  std::array<char, 512> buffer{};
  ssize_t size = -1;
  while (size < 0 && io.run_one_for(std::chrono::seconds(10)) > 0) {
    size = ::recv(client.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  }
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::string(buffer.data(), size), *answer_dns(query, k_endpoint));
}

}  // namespace
}  // namespace sortie::emulator
