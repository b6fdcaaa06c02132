#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace sortie {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return fail(ErrorKind::usage, "odd number");
  return value / 2;
}

Result<int> quarter(int value) {
  ASSIGN_OR_RETURN(const int halved, half(value));
  ASSIGN_OR_RETURN(const int quartered, half(halved));
  return quartered;
}

TEST(Error, MacroReturnsValueOrError) {
  EXPECT_EQ(quarter(8), 2);
  ASSERT_FALSE(quarter(6));
  EXPECT_EQ(quarter(6).error().message, "odd number");
}

TEST(Error, WrapKeepsKindAndCodeAndDescribesTheChain) {
  Error inner{.kind = ErrorKind::denied, .message = "not allowed", .code = "AccessDenied", .request_id = "r-1"};
  const Error outer = wrap(wrap(inner, "put object"), "store blob");
  EXPECT_EQ(outer.kind, ErrorKind::denied);
  EXPECT_EQ(outer.code, "AccessDenied");
  EXPECT_EQ(outer.request_id, "r-1");
  EXPECT_EQ(describe(outer), "store blob: put object: not allowed");
}

TEST(Error, ErrnoIsClassified) {
  EXPECT_EQ(fail_errno(ENOENT, "open x").error().kind, ErrorKind::not_found);
  EXPECT_EQ(fail_errno(EACCES, "open x").error().kind, ErrorKind::denied);
  EXPECT_EQ(fail_errno(ENOSPC, "write x").error().kind, ErrorKind::internal);
  EXPECT_EQ(fail_errno(ENOENT, "open x").error().message, "open x: No such file or directory");
}

TEST(Error, ExitCodesFollowTheContract) {
  EXPECT_EQ(exit_code(ErrorKind::usage), 2);
  EXPECT_EQ(exit_code(ErrorKind::config), 2);
  EXPECT_EQ(exit_code(ErrorKind::cancelled), 130);
  EXPECT_EQ(exit_code(ErrorKind::network), 3);
}

}  // namespace
}  // namespace sortie
