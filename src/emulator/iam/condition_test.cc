#include "emulator/iam/condition.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace sortie::emulator::iam {
namespace {

using Values = std::vector<std::string>;

class Keys final : public Context {
 public:
  explicit Keys(std::map<std::string, Values> keys) : keys_(std::move(keys)) {}
  bool find(std::string_view key, Values& values) const override {
    const auto it = keys_.find(std::string(key));
    if (it == keys_.end()) return false;
    values.insert(values.end(), it->second.begin(), it->second.end());
    return true;
  }

 private:
  std::map<std::string, Values> keys_;
};

const Keys k_request({
    {"aws:username", {"alice"}},
    {"aws:sourceip", {"203.0.113.7"}},
    {"v6", {"2001:db8:1::5"}},
    {"mapped", {"::ffff:203.0.113.7"}},
    {"number", {"10"}},
    {"date", {"2020-06-01T12:00:00Z"}},
    {"epoch", {"1591012800"}},
    {"true", {"true"}},
    {"arn", {"arn:aws:s3:::bucket/key:with:colons"}},
    {"lambda", {"arn:aws:lambda:us-east-1:123456789012:function:x"}},
    {"binary", {"QmluYXJ5"}},
    {"tags", {"red", "green"}},
    {"one", {"red"}},
    {"literal", {"a*b"}},
    {"control", {"\x01"}},
    {"empty", {""}},
});

struct Case {
  std::string op;
  std::string key;
  Values values;
  bool holds;
};

class Conditions : public testing::TestWithParam<Case> {};

TEST_P(Conditions, Holds) {
  const Case& c = GetParam();
  const auto condition = Condition::compile(c.op, c.key, c.values, true);
  ASSERT_TRUE(condition) << c.op;
  EXPECT_EQ(condition->holds(k_request), c.holds) << c.op << " " << c.key;
}

INSTANTIATE_TEST_SUITE_P(Strings, Conditions,
                         testing::ValuesIn(std::vector<Case>{
                             {"StringEquals", "aws:username", {"alice"}, true},
                             {"StringEquals", "AWS:UserName", {"alice"}, true},
                             {"StringEquals", "aws:username", {"Alice"}, false},
                             {"StringEquals", "aws:username", {"bob", "alice"}, true},
                             {"StringEquals", "aws:username", {"al*"}, false},
                             {"StringEquals", "aws:username", {}, false},
                             {"StringEquals", "empty", {""}, true},
                             {"StringEquals", "missing", {"x"}, false},
                             {"StringNotEquals", "aws:username", {"alice"}, false},
                             {"StringNotEquals", "aws:username", {"bob"}, true},
                             {"StringNotEquals", "aws:username", {"bob", "alice"}, false},
                             {"StringNotEquals", "missing", {"x"}, true},
                             {"StringEqualsIgnoreCase", "aws:username", {"ALICE"}, true},
                             {"StringEqualsIgnoreCase", "aws:username", {"ALIC"}, false},
                             {"StringNotEqualsIgnoreCase", "aws:username", {"ALICE"}, false},
                             {"StringLike", "aws:username", {"al*"}, true},
                             {"StringLike", "aws:username", {"a?ice"}, true},
                             {"StringLike", "aws:username", {"a?ce"}, false},
                             {"StringLike", "aws:username", {"*"}, true},
                             {"StringLike", "aws:username", {"*l*c*"}, true},
                             {"StringLike", "aws:username", {"*lx*"}, false},
                             {"StringLike", "missing", {"*"}, false},
                             {"StringNotLike", "aws:username", {"al*"}, false},
                             {"StringNotLike", "aws:username", {"b*"}, true},
                             {"StringNotLike", "missing", {"*"}, true},
                             {"StringLike", "literal", {"a${*}b"}, true},
                             {"StringLike", "aws:username", {"a${*}"}, false},
                             {"StringLike", "control", {"${?}"}, false},
                             {"StringEquals", "aws:username", {"${aws:username}"}, true},
                             {"StringEquals", "one", {"${aws:username}"}, false},
                             {"StringEquals", "one", {"${missing}"}, false},
                             {"StringEquals", "one", {"${missing, 'red'}"}, true},
                             {"StringEquals", "one", {"${aws:username, 'red'}"}, false},
                             {"StringEquals", "one", {"${tags}"}, false},
                             {"StringLike", "aws:username", {"${literal}"}, false},
                             {"StringEqualsIfExists", "missing", {"x"}, true},
                             {"StringEqualsIfExists", "aws:username", {"x"}, false},
                             {"StringNotEqualsIfExists", "missing", {"x"}, true},
                             {"stringequals", "aws:username", {"alice"}, true},
                         }));

INSTANTIATE_TEST_SUITE_P(Numbers, Conditions,
                         testing::ValuesIn(std::vector<Case>{
                             {"NumericEquals", "number", {"10"}, true},
                             {"NumericEquals", "number", {"10.0"}, true},
                             {"NumericEquals", "number", {"9", "10"}, true},
                             {"NumericEquals", "number", {"11"}, false},
                             {"NumericEquals", "aws:username", {"11"}, false},
                             {"NumericNotEquals", "number", {"11"}, true},
                             {"NumericNotEquals", "number", {"10"}, false},
                             {"NumericNotEquals", "missing", {"10"}, true},
                             {"NumericLessThan", "number", {"11"}, true},
                             {"NumericLessThan", "number", {"10"}, false},
                             {"NumericLessThanEquals", "number", {"10"}, true},
                             {"NumericLessThanEquals", "number", {"9.9"}, false},
                             {"NumericGreaterThan", "number", {"9"}, true},
                             {"NumericGreaterThan", "number", {"10"}, false},
                             {"NumericGreaterThanEquals", "number", {"10"}, true},
                             {"NumericGreaterThanEquals", "number", {"11"}, false},
                             {"NumericLessThanIfExists", "missing", {"1"}, true},
                             {"NumericLessThan", "missing", {"1"}, false},
                         }));

INSTANTIATE_TEST_SUITE_P(Dates, Conditions,
                         testing::ValuesIn(std::vector<Case>{
                             {"DateEquals", "date", {"2020-06-01T12:00:00Z"}, true},
                             {"DateEquals", "date", {"1591012800"}, true},
                             {"DateEquals", "epoch", {"2020-06-01T12:00:00Z"}, true},
                             {"DateNotEquals", "date", {"2020-06-01T12:00:01Z"}, true},
                             {"DateLessThan", "date", {"2020-06-02"}, true},
                             {"DateLessThan", "date", {"2020-06-01"}, false},
                             {"DateLessThanEquals", "date", {"2020-06-01T12:00:00Z"}, true},
                             {"DateGreaterThan", "date", {"2019-12-31T23:59:59Z"}, true},
                             {"DateGreaterThan", "date", {"2021-01-01T00:00:00Z"}, false},
                             {"DateGreaterThanEquals", "date", {"2020-06-01T14:00:00+02:00"}, true},
                             {"DateLessThan", "missing", {"2020-06-02"}, false},
                         }));

INSTANTIATE_TEST_SUITE_P(Others, Conditions,
                         testing::ValuesIn(std::vector<Case>{
                             {"Bool", "true", {"true"}, true},
                             {"Bool", "true", {"True"}, true},
                             {"Bool", "true", {"false"}, false},
                             {"Bool", "missing", {"false"}, false},
                             {"BoolIfExists", "missing", {"true"}, true},
                             {"BinaryEquals", "binary", {"QmluYXJ5"}, true},
                             {"BinaryEquals", "binary", {"QmluYXJ6"}, false},
                             {"Null", "missing", {"true"}, true},
                             {"Null", "missing", {"false"}, false},
                             {"Null", "aws:username", {"true"}, false},
                             {"Null", "aws:username", {"false"}, true},
                             {"ArnLike", "arn", {"arn:aws:s3:::bucket/*"}, true},
                             {"ArnLike", "arn", {"arn:aws:s3:*:*:bucket/*"}, true},
                             {"ArnLike", "arn", {"arn:aws:s3:::*:colons"}, true},
                             {"ArnLike", "lambda", {"arn:aws:*:function:x"}, false},
                             {"ArnLike", "lambda", {"arn:aws:lambda:*:*:function:x"}, true},
                             {"ArnLike", "lambda", {"*"}, true},
                             {"ArnLike", "aws:username", {"arn:*:*:*:*:*"}, false},
                             {"ArnEquals", "lambda", {"arn:aws:lambda:us-east-1:123456789012:function:?"}, true},
                             {"ArnNotEquals", "lambda", {"arn:aws:lambda:us-east-1:123456789012:function:y"}, true},
                             {"ArnNotLike", "lambda", {"arn:aws:lambda:*:*:*"}, false},
                             {"ArnNotLike", "missing", {"arn:aws:lambda:*:*:*"}, true},
                         }));

INSTANTIATE_TEST_SUITE_P(Addresses, Conditions,
                         testing::ValuesIn(std::vector<Case>{
                             {"IpAddress", "aws:sourceip", {"203.0.113.7"}, true},
                             {"IpAddress", "aws:sourceip", {"203.0.113.0/24"}, true},
                             {"IpAddress", "aws:sourceip", {"203.0.113.0/29"}, true},
                             {"IpAddress", "aws:sourceip", {"203.0.113.8/29"}, false},
                             {"IpAddress", "aws:sourceip", {"0.0.0.0/0"}, true},
                             {"IpAddress", "aws:sourceip", {"::/0"}, false},
                             {"IpAddress", "mapped", {"203.0.113.0/24"}, true},
                             {"IpAddress", "v6", {"2001:db8::/32"}, true},
                             {"IpAddress", "v6", {"2001:db9::/32"}, false},
                             {"IpAddress", "v6", {"2001:db8:1::4/127"}, true},
                             {"IpAddress", "v6", {"2001:db8:1::6/127"}, false},
                             {"IpAddress", "aws:username", {"0.0.0.0/0"}, false},
                             {"IpAddress", "missing", {"0.0.0.0/0"}, false},
                             {"NotIpAddress", "aws:sourceip", {"203.0.113.0/24"}, false},
                             {"NotIpAddress", "aws:sourceip", {"198.51.100.0/24"}, true},
                             {"NotIpAddress", "missing", {"198.51.100.0/24"}, true},
                         }));

INSTANTIATE_TEST_SUITE_P(Sets, Conditions,
                         testing::ValuesIn(std::vector<Case>{
                             {"ForAllValues:StringEquals", "tags", {"red", "green", "blue"}, true},
                             {"ForAllValues:StringEquals", "tags", {"red"}, false},
                             {"ForAllValues:StringEquals", "missing", {"red"}, true},
                             {"ForAllValues:StringLike", "tags", {"r*", "g*"}, true},
                             {"ForAllValues:StringNotEquals", "tags", {"blue"}, true},
                             {"ForAllValues:StringNotEquals", "tags", {"red"}, false},
                             {"ForAnyValue:StringEquals", "tags", {"green"}, true},
                             {"ForAnyValue:StringEquals", "tags", {"blue"}, false},
                             {"ForAnyValue:StringEquals", "missing", {"red"}, false},
                             {"ForAnyValue:StringEqualsIfExists", "missing", {"red"}, true},
                             {"ForAnyValue:StringNotEquals", "tags", {"red"}, true},
                             {"ForAnyValue:StringNotEquals", "one", {"red"}, false},
                             {"ForAnyValue:StringNotEquals", "missing", {"red"}, false},
                             {"ForAnyValue:StringLike", "tags", {"gr*"}, true},
                             {"StringEquals", "tags", {"red"}, true},
                             {"StringNotEquals", "tags", {"red"}, false},
                         }));

TEST(Condition, RefusesWhatItCannotRead) {
  EXPECT_FALSE(Condition::compile("StringMatches", "a:b", {"x"}, true));
  EXPECT_FALSE(Condition::compile("NullIfExists", "a:b", {"true"}, true));
  EXPECT_FALSE(Condition::compile("ForSomeValue:StringEquals", "a:b", {"x"}, true));
  EXPECT_FALSE(Condition::compile("NumericEquals", "a:b", {"ten"}, true));
  EXPECT_FALSE(Condition::compile("DateEquals", "a:b", {"yesterday"}, true));
  EXPECT_FALSE(Condition::compile("Bool", "a:b", {"yes"}, true));
  EXPECT_FALSE(Condition::compile("IpAddress", "a:b", {"10.0.0.0/33"}, true));
  EXPECT_FALSE(Condition::compile("IpAddress", "a:b", {"10.0.0"}, true));
  EXPECT_FALSE(Condition::compile("BinaryEquals", "a:b", {"%%"}, true));
}

TEST(Condition, TheOldVersionHasNoVariables) {
  const auto condition = Condition::compile("StringEquals", "aws:username", {"${aws:username}"}, false);
  EXPECT_FALSE(condition->holds(k_request));
}

}  // namespace
}  // namespace sortie::emulator::iam
