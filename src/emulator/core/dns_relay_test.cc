#include "emulator/core/dns_relay.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "emulator/core/test_dns.h"

namespace sortie::emulator {
namespace {

using asio::ip::tcp;
using asio::ip::udp;

TEST(NameServers, AreReadAsResolversReadThem) {
  const auto addresses = [](std::string_view text) {
    std::vector<std::string> out;
    for (const auto& server : name_servers_of(text)) out.push_back(server.address);
    return out;
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(addresses("# one\nnameserver 10.0.0.1\nsearch x\nnameserver\tfd00::1 # two\n"),
            (List{"10.0.0.1", "fd00::1"}));
  EXPECT_EQ(addresses("nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4").size(), 3U);
  EXPECT_EQ(addresses(""), List{"127.0.0.1"});
  EXPECT_EQ(addresses("nameserver\nnameserver5.5.5.5\nnameserver nobody\n"), List{"127.0.0.1"});
}

/// A relay on a thread of its own, and a name server behind it that the test plays.
class Relay : public testing::Test {
 protected:
  Relay() : upstream_(play_, udp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    auto started = DnsRelay::start(io_.get_executor(), names_, {{"127.0.0.1", upstream_.local_endpoint().port()}});
    EXPECT_TRUE(started);
    relay_ = *std::move(started);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Relay() override {
    asio::post(io_, [this] { relay_.reset(); });
    thread_.join();
  }

  std::string ask(const std::string& query) {
    udp::socket client(play_, udp::endpoint(asio::ip::address_v4::loopback(), 0));
    client.connect({asio::ip::address_v4::loopback(), relay_->udp_port()});
    client.send(asio::buffer(query));
    if (upstream_answer_) {
      std::array<char, 600> buffer{};
      udp::endpoint from;
      const auto size = upstream_.receive_from(asio::buffer(buffer), from);
      EXPECT_EQ(std::string(buffer.data(), size), query);
      upstream_.send_to(asio::buffer(std::string(12, 'x')), from);  // not the answer to that question
      upstream_.send_to(asio::buffer(*upstream_answer_), from);
    }
    std::array<char, 600> buffer{};
    return {buffer.data(), client.receive(asio::buffer(buffer))};
  }

  asio::io_context io_;
  asio::io_context play_;
  udp::socket upstream_;
  NameAddresses names_;
  std::unique_ptr<DnsRelay> relay_;
  std::optional<std::string> upstream_answer_;
  std::thread thread_;
};

TEST_F(Relay, AnswersForAwsItself) {
  const auto answer = ask(dns_question("s3.amazonaws.com"));
  EXPECT_EQ(answer.substr(answer.size() - 4), std::string("\xc6\x12\x00\x01", 4));
  const auto other = ask(dns_question("lambda.us-east-1.amazonaws.com"));
  EXPECT_EQ(other.substr(other.size() - 4), std::string("\xc6\x12\x00\x02", 4));
}

TEST_F(Relay, PassesOnWhatOthersAnswer) {
  upstream_answer_ = dns_question("example.com") + "whatever it says";
  EXPECT_EQ(ask(dns_question("example.com")), *upstream_answer_);
}

TEST_F(Relay, AnswersOverTcpToo) {
  tcp::socket client(play_);
  client.connect({asio::ip::address_v4::loopback(), relay_->tcp_port()});
  const auto query = dns_question("s3.amazonaws.com");
  for (int i = 0; i < 2; ++i) {
    asio::write(client, asio::buffer(std::string{'\0', static_cast<char>(query.size())} + query));
    std::array<unsigned char, 2> size{};
    asio::read(client, asio::buffer(size));
    std::string answer(static_cast<std::size_t>(size[0]) << 8 | size[1], '\0');
    asio::read(client, asio::buffer(answer));
    EXPECT_EQ(answer.substr(answer.size() - 4), std::string("\xc6\x12\x00\x01", 4));
  }
}

}  // namespace
}  // namespace sortie::emulator
