#include "s3cli/arguments.h"

#include <gtest/gtest.h>

namespace sortie::s3cli {
namespace {

using namespace std::chrono_literals;

std::string refusal_of(const std::vector<std::string>& words, ErrorKind kind = ErrorKind::config) {
  const auto arguments = parse_arguments(words);
  EXPECT_FALSE(arguments);
  if (arguments) return {};
  EXPECT_EQ(arguments.error().kind, kind);
  return arguments.error().message;
}

TEST(Arguments, ReadCommands) {
  const auto put = parse_arguments({"-c", "conf", "put", "file", "key"});
  ASSERT_TRUE(put);
  EXPECT_EQ(put->config_path, "conf");
  EXPECT_EQ(put->verb, Verb::put);
  EXPECT_EQ(put->file, "file");
  EXPECT_EQ(put->key, "key");
  const auto get = parse_arguments({"--c=conf", "get", "key", "file"});
  ASSERT_TRUE(get);
  EXPECT_EQ(get->key, "key");
  EXPECT_EQ(get->file, "file");
  const auto sign = parse_arguments({"-c=conf", "sign", "key", "put", "60m"});
  ASSERT_TRUE(sign);
  EXPECT_EQ(sign->signed_method, SignedMethod::put);
  EXPECT_EQ(sign->valid_for, 1h);
}

TEST(Arguments, EndFlagsAtTheFirstWordOrTwoDashes) {
  const auto after_dashes = parse_arguments({"-c", "conf", "--", "delete", "-v"});
  ASSERT_TRUE(after_dashes);
  EXPECT_EQ(after_dashes->key, "-v");
  const auto behind_the_command = parse_arguments({"-c", "conf", "exists", "-v"});
  ASSERT_TRUE(behind_the_command);
  EXPECT_FALSE(behind_the_command->show_version);
}

TEST(Arguments, ShowVersionAndHelpWithoutAConfiguration) {
  for (const auto* flag : {"-v", "--v", "-v=true", "-v=1"}) EXPECT_TRUE(parse_arguments({flag})->show_version);
  for (const auto* flag : {"-h", "-help", "--help"}) EXPECT_TRUE(parse_arguments({flag})->show_help);
}

TEST(Arguments, RefuseWrongFlags) {
  EXPECT_EQ(refusal_of({"-x"}, ErrorKind::usage), "flag provided but not defined: -x");
  EXPECT_EQ(refusal_of({"-c"}, ErrorKind::usage), "flag needs an argument: -c");
  EXPECT_EQ(refusal_of({"-v=maybe"}, ErrorKind::usage), "invalid boolean value \"maybe\" for -v");
  EXPECT_EQ(refusal_of({"---c", "x"}, ErrorKind::usage), "bad flag syntax: --c");
}

TEST(Arguments, NameEachMistake) {
  EXPECT_EQ(refusal_of({"put", "a", "b"}), "no configuration given: s3cli -c CONFIG.json COMMAND …");
  EXPECT_EQ(refusal_of({"-c", "x"}), "Expected at least two arguments got 0");
  EXPECT_EQ(refusal_of({"-c", "x", "put"}), "Expected at least two arguments got 1");
  EXPECT_EQ(refusal_of({"-c", "x", "frob", "a"}), "unknown command: 'frob'");
  EXPECT_EQ(refusal_of({"-c", "x", "put", "a"}), "Put method expected 3 arguments got 2");
  EXPECT_EQ(refusal_of({"-c", "x", "get", "a", "b", "c"}), "Get method expected 3 arguments got 4");
  EXPECT_EQ(refusal_of({"-c", "x", "delete", "a", "b"}), "Delete method expected 2 arguments got 3");
  EXPECT_EQ(refusal_of({"-c", "x", "exists", "a", "b"}), "Exists method expected 2 arguments got 3");
  EXPECT_EQ(refusal_of({"-c", "x", "sign", "a", "get"}), "Sign method expected 4 arguments got 3");
  EXPECT_EQ(refusal_of({"-c", "x", "delete", ""}), "the key must not be empty");
  EXPECT_TRUE(refusal_of({"-c", "x", "sign", "a", "head", "1h"}).contains("Action not implemented: head"));
  EXPECT_TRUE(refusal_of({"-c", "x", "sign", "a", "get", "soon"}).contains("format of a duration"));
  EXPECT_TRUE(refusal_of({"-c", "x", "sign", "a", "get", "-1h"}).contains("at least one second"));
}

TEST(Duration, ReadsGosForms) {
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("1h30m15s"), 1h + 30min + 15s);
  EXPECT_EQ(parse_duration("1.5h"), 90min);
  EXPECT_EQ(parse_duration(".5s"), 500ms);
  EXPECT_EQ(parse_duration("3600s"), 1h);
  EXPECT_EQ(parse_duration("1500ms"), 1500ms);
  EXPECT_EQ(parse_duration("5µs"), 5us);
  EXPECT_EQ(parse_duration("+7ns"), 7ns);
  EXPECT_EQ(parse_duration("-2m"), -2min);
  EXPECT_EQ(parse_duration("0"), 0ns);
}

TEST(Duration, RefusesEverythingElse) {
  for (const auto* text : {"", "-", "1", "h", "1d", "1h ", " 1h", "1..5h", ".s", "1h-5m", "9999999999h", "1e3s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sortie::s3cli
