#include "s3cli/arguments.h"

#include <gtest/gtest.h>

namespace sortie::s3cli {
namespace {

using namespace std::chrono_literals;

std::string refusal_of(const std::vector<std::string>& words, ErrorKind kind = ErrorKind::config,
                       std::string_view program = "s3cli") {
  const auto arguments = parse_arguments(program, words);
  EXPECT_FALSE(arguments);
  if (arguments) return {};
  EXPECT_EQ(arguments.error().kind, kind);
  return arguments.error().message;
}

TEST(Arguments, ReadCommands) {
  const auto put = parse_arguments("s3cli", {"-c", "conf", "put", "file", "key"});
  ASSERT_TRUE(put);
  EXPECT_EQ(put->config_path, "conf");
  EXPECT_EQ(put->verb, Verb::put);
  EXPECT_EQ(put->file, "file");
  EXPECT_EQ(put->key, "key");
  const auto get = parse_arguments("s3cli", {"--c=conf", "get", "key", "file"});
  ASSERT_TRUE(get);
  EXPECT_EQ(get->key, "key");
  EXPECT_EQ(get->file, "file");
  const auto sign = parse_arguments("s3cli", {"-c=conf", "sign", "key", "put", "60m"});
  ASSERT_TRUE(sign);
  EXPECT_EQ(sign->signed_method, SignedMethod::put);
  EXPECT_EQ(sign->valid_for, 1h);
}

TEST(Arguments, EndFlagsAtTheFirstWordOrTwoDashes) {
  const auto after_dashes = parse_arguments("s3cli", {"-c", "conf", "--", "delete", "-v"});
  ASSERT_TRUE(after_dashes);
  EXPECT_EQ(after_dashes->key, "-v");
  const auto behind_the_command = parse_arguments("s3cli", {"-c", "conf", "exists", "-v"});
  ASSERT_TRUE(behind_the_command);
  EXPECT_FALSE(behind_the_command->show_version);
}

TEST(Arguments, ShowVersionAndHelpWithoutAConfiguration) {
  for (const auto* flag : {"-v", "--v", "-v=true", "-v=1"}) EXPECT_TRUE(parse_arguments("s3cli", {flag})->show_version);
  for (const auto* flag : {"-h", "-help", "--help"}) EXPECT_TRUE(parse_arguments("s3cli", {flag})->show_help);
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
  EXPECT_TRUE(refusal_of({"-c", "x", "sign", "a", "get", "-1h"}).contains("must not be negative"));
}

TEST(Arguments, TakeShortDurationsAsTheSdksDo) {
  const auto valid_for = [](const char* duration) {
    return parse_arguments("s3cli", {"-c", "x", "sign", "a", "get", duration})->valid_for;
  };
  EXPECT_EQ(valid_for("0s"), 15min);
  EXPECT_EQ(valid_for("1ms"), 1s);
  EXPECT_EQ(valid_for("1500ms"), 1s);
  EXPECT_EQ(valid_for("200h"), 200h);  // whether a URL may live so long depends on its signature
}

TEST(StorageCli, IsSoByNameOrByFlag) {
  const std::vector<std::string> words{"-c", "conf", "-s", "s3", "exists", "key"};
  EXPECT_EQ(dialect_of("s3cli", words), Dialect::storage_cli);
  EXPECT_EQ(dialect_of("/usr/bin/storage-cli", {"-v"}), Dialect::storage_cli);
  EXPECT_EQ(dialect_of("/storage-cli/s3cli", {"-c", "conf", "exists", "-s"}), Dialect::s3cli);
  EXPECT_EQ(dialect_of("s3cli", {"-c", "-s", "exists", "key"}), Dialect::s3cli);
}

TEST(StorageCli, ReadsItsFlagsAndCommands) {
  const auto parse = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"-s", "s3", "-c=conf", "-log-file", "logs/a", "-log-level=debug"});
    return parse_arguments("storage-cli", words);
  };
  const auto copy = parse({"copy", "from", "to"});
  ASSERT_TRUE(copy) << describe(copy.error());
  EXPECT_EQ(copy->verb, Verb::copy);
  EXPECT_EQ(copy->key, "from");
  EXPECT_EQ(copy->destination, "to");
  EXPECT_EQ(copy->log_file, "logs/a");
  EXPECT_EQ(copy->log_level, Log::Level::debug);
  EXPECT_EQ(parse({"list"})->verb, Verb::list);
  EXPECT_EQ(parse({"list", "pre"})->key, "pre");
  EXPECT_EQ(parse({"delete-recursive", "pre"})->verb, Verb::remove_recursive);
  EXPECT_EQ(parse({"properties", "k"})->verb, Verb::properties);
  EXPECT_EQ(parse({"ensure-storage-exists"})->verb, Verb::ensure_storage_exists);
}

TEST(StorageCli, NamesEachMistakeInItsOwnWords) {
  const auto refusal = [](const std::vector<std::string>& words) {
    return refusal_of(words, ErrorKind::config, "storage-cli");
  };
  EXPECT_EQ(refusal({"-c", "x", "list"}), "storage provider not specified: storage-cli -s s3 …");
  EXPECT_TRUE(refusal({"-s", "gcs", "-c", "x", "list"}).contains("storage provider 'gcs' is not here"));
  EXPECT_EQ(refusal({"-s", "s3", "-c", "x", "put", "a"}), "put method expected 2 arguments got 1");
  EXPECT_EQ(refusal({"-s", "s3", "-c", "x", "list", "a", "b"}), "list method expected 1 arguments got 2");
  EXPECT_EQ(refusal({"-s", "s3", "-c", "x", "sign", "a", "head", "1h"}),
            "action not implemented: head. Available actions are 'get' and 'put'");
  EXPECT_TRUE(refusal({"-s", "s3", "-c", "x", "sign-internal", "a", "get", "1h"}).contains("other storage providers"));
  EXPECT_TRUE(refusal({"-s", "s3", "-c", "x", "-log-level", "loud", "list"}).contains("unknown log level 'loud'"));
  EXPECT_EQ(refusal({"-s", "s3", "-c", "x", "frob"}), "unknown command: 'frob'");
  EXPECT_EQ(refusal_of({"-c", "x", "list", "a"}), "unknown command: 'list'");
  EXPECT_EQ(refusal_of({"-log-file", "x"}, ErrorKind::usage), "flag provided but not defined: -log-file");
}

}  // namespace
}  // namespace sortie::s3cli
