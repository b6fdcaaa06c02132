#include "http/message.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace sortie::http {
namespace {

template <class T>
T run(Task<T> task) {
  asio::io_context io;
  std::optional<T> result;
  asio::co_spawn(io, std::move(task), [&](const std::exception_ptr& thrown, T value) {
    ASSERT_FALSE(thrown);
    result = std::move(value);
  });
  io.run();
  return std::move(result).value();
}

/// Gives out `text` in pieces of three bytes, then an error or the end.
class Dribble final : public BodySource {
 public:
  explicit Dribble(std::string text, bool broken = false) : text_(std::move(text)), broken_(broken) {}
  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    if (text_.empty() && broken_) co_return fail(ErrorKind::network, "broken");
    const std::size_t count = std::min({buffer.size(), text_.size(), std::size_t{3}});
    text_.copy(buffer.data(), count);
    text_.erase(0, count);
    co_return count;
  }

 private:
  std::string text_;
  bool broken_;
};

TEST(Headers, NamesCompareWithoutCaseAndKeepTheirOrder) {
  Headers headers{{"Host", "a"}, {"X-One", "1"}, {"x-one", "2"}};
  EXPECT_EQ(headers.get("HOST"), "a");
  EXPECT_EQ(headers.get("X-ONE"), "1");
  EXPECT_FALSE(headers.get("X-Two"));
  EXPECT_EQ(headers.get_or("X-Two", "none"), "none");
}

TEST(Headers, SetReplacesEveryFieldOfTheName) {
  Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}};
  headers.set("A", "4");
  EXPECT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers.get("a"), "4");
  headers.set("C", "5");
  headers.remove("b");
  EXPECT_EQ(headers.size(), 2U);
  EXPECT_FALSE(headers.contains("B"));
}

TEST(Iequals, IsAsciiOnly) {
  EXPECT_TRUE(iequals("Content-Length", "content-LENGTH"));
  EXPECT_FALSE(iequals("[", "{"));
  EXPECT_FALSE(iequals("ab", "abc"));
  EXPECT_FALSE(iequals("\xc4", "\xe4"));
}

TEST(Authority, LeavesOutTheDefaultPort) {
  Request request;
  request.host = "example.com";
  EXPECT_EQ(authority(request), "example.com");
  request.port = 443;
  EXPECT_EQ(authority(request), "example.com");
  request.port = 80;
  EXPECT_EQ(authority(request), "example.com:80");
  request.scheme = "http";
  EXPECT_EQ(authority(request), "example.com");
}

TEST(Body, InMemoryIsReadOnce) {
  Body body("hello");
  EXPECT_EQ(body.length(), 5U);
  std::array<char, 3> buffer{};
  EXPECT_EQ(run(body.read(buffer)), 3U);
  EXPECT_EQ(run(body.read_all(10)), "lo");
  EXPECT_EQ(run(body.read_all(10)), "");
}

TEST(Body, StreamIsCollectedToItsEnd) {
  Body body(std::make_unique<Dribble>("0123456789"));
  EXPECT_FALSE(body.length());
  EXPECT_EQ(run(body.read_all(10)), "0123456789");
}

TEST(Body, ReadAllKeepsToItsLimit) {
  EXPECT_EQ(run(Body("12345").read_all(4)).error().kind, ErrorKind::protocol);
  EXPECT_EQ(run(Body(std::make_unique<Dribble>("12345")).read_all(4)).error().kind, ErrorKind::protocol);
}

TEST(Body, AnErrorIsNotAnEnd) {
  EXPECT_EQ(run(Body(std::make_unique<Dribble>("12345", true)).read_all(99)).error().message, "broken");
}

}  // namespace
}  // namespace sortie::http
