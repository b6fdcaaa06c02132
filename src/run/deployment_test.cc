#include "run/deployment.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <regex>

#include "aws/scripted_service.h"

namespace sortie::run {
namespace {

using namespace std::chrono_literals;

constexpr const char* k_role =
    "<CreateRoleResponse><CreateRoleResult><Role><RoleName>f</RoleName><Arn>arn:aws:iam::1:role/f</Arn>"
    "</Role></CreateRoleResult></CreateRoleResponse>";
constexpr const char* k_role_there =
    "<GetRoleResponse><GetRoleResult><Role><RoleName>f</RoleName><Arn>arn:aws:iam::1:role/f</Arn>"
    "</Role></GetRoleResult></GetRoleResponse>";

std::string function(std::string_view state, std::string_view sha = "sha", int memory = 1769) {
  return fmt::format(R"({{"FunctionName":"f","State":"{}","StateReason":"no room","LastUpdateStatus":"Successful",)"
                     R"("Role":"arn:aws:iam::1:role/f","MemorySize":{},"Timeout":900,"CodeSha256":"{}"}})",
                     state, memory, sha);
}

struct DeploymentTest : testing::Test {
  DeploymentTest() {
    package.zip = "zip";
    package.zip_sha256 = "sha";
    package.function_name = "f";
    package.architecture = "x86_64";
  }

  aws::ScriptedService& says(std::string body = {}) { return surroundings.service.answer(200, std::move(body)); }
  /// A new role, with the policy for its log and without one of its own.
  void role_is_made() {
    says(k_role);
    says();
    says();
  }
  void iam_refuses(int status, std::string_view code) {
    surroundings.service.answer(status, fmt::format("<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>"
                                                    "no</Message></Error><RequestId>r</RequestId></ErrorResponse>",
                                                    code));
  }
  void lambda_refuses(int status, std::string_view code, std::string_view message = "no") {
    surroundings.service.answer(status, fmt::format(R"({{"Type":"User","Message":"{}"}})", message),
                                {{"x-amzn-ErrorType", std::string(code)}});
  }
  void role_is_not_assumable_yet() {
    lambda_refuses(400, "InvalidParameterValueException",
                   "The role defined for the function cannot be assumed by Lambda.");
  }
  /// Of what a deployment leaves: log, function, and the role with its policies.
  void everything_is_removed() {
    for (int i = 0; i < 5; ++i) says();
  }

  Task<Result<Deployment>> deployment(DeploySpec spec) {
    spec.role_assumable.sleep = [this](std::chrono::milliseconds pause) -> Task<void> {
      waited += pause;
      co_return;
    };
    return Deployment::create(target, package, std::move(spec));
  }
  Result<Deployment> create(DeploySpec spec = {}) { return aws::run(deployment(std::move(spec))); }

  /// The operations that were asked for, in order: IAM's by name, the others by method and the end of the path.
  std::vector<std::string> asked() const {
    std::vector<std::string> names;
    for (const auto& request : surroundings.service.seen) {
      std::smatch found;
      if (std::regex_search(request.body, found, std::regex("^Action=(\\w+)"))) {
        names.push_back(found[1]);
      } else if (const auto target = request.headers.get_or("x-amz-target", ""); !target.empty()) {
        names.emplace_back(target.substr(target.find('.') + 1));
      } else {
        names.push_back(request.method + request.url.substr(request.url.rfind('/')));
      }
    }
    return names;
  }
  using Names = std::vector<std::string>;

  aws::Surroundings surroundings;
  aws::ClientConfig config = surroundings.config();
  Target target{"aws",
                "us-east-1",
                aws::Lambda(config),
                aws::Iam(config),
                aws::Logs(config),
                aws::Sts(config),
                aws::CloudFormation(config)};
  package::Package package;
  std::chrono::milliseconds waited{0};
};

const std::vector<std::string> k_removal{"DELETE/f", "DeleteLogGroup", "DetachRolePolicy", "DeleteRolePolicy",
                                         "DeleteRole"};

TEST_F(DeploymentTest, MakesARoleAndAFunctionAndRemovesThem) {
  role_is_made();
  lambda_refuses(404, "ResourceNotFoundException");
  says(function("Pending"));
  says(function("Active"));
  auto made = create();
  ASSERT_TRUE(made) << describe(made.error());
  EXPECT_FALSE(made->reused());
  EXPECT_EQ(asked(), (Names{"CreateRole", "AttachRolePolicy", "DeleteRolePolicy", "GET/configuration", "POST/functions",
                            "GET/configuration"}));
  surroundings.service.seen.clear();
  everything_is_removed();
  EXPECT_TRUE(aws::run(made->remove()));
  EXPECT_EQ(asked(), k_removal);
  surroundings.service.seen.clear();
  EXPECT_TRUE(aws::run(made->remove()));
  EXPECT_TRUE(asked().empty()) << "once is enough";
}

TEST_F(DeploymentTest, WaitsForAFunctionThatIsPending) {
  lambda_refuses(404, "ResourceNotFoundException");
  says(function("Pending"));
  says(function("Pending"));
  says(function("Pending"));
  says(function("Active"));
  EXPECT_TRUE(create({.role_arn = "r"}));
  EXPECT_EQ(surroundings.slept.size(), 2U);
}

TEST_F(DeploymentTest, AFunctionThatFailedIsRemovedAndItsReasonSaid) {
  lambda_refuses(404, "ResourceNotFoundException");
  says(function("Pending"));
  says(function("Failed"));
  everything_is_removed();
  const auto made = create({.role_arn = "r"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::unavailable);
  EXPECT_NE(describe(made.error()).find("no room"), std::string::npos) << describe(made.error());
  EXPECT_EQ(asked(), (Names{"GET/configuration", "POST/functions", "GET/configuration", "DELETE/f", "DeleteLogGroup"}))
      << "the role is the user's";
}

TEST_F(DeploymentTest, WaitsUntilANewRoleCanBeAssumed) {
  role_is_made();
  lambda_refuses(404, "ResourceNotFoundException");
  role_is_not_assumable_yet();
  role_is_not_assumable_yet();
  says(function("Active"));
  says(function("Active"));
  EXPECT_TRUE(create());
  EXPECT_EQ(waited, 2s);
}

TEST_F(DeploymentTest, GivesUpOnARoleThatCannotBeAssumed) {
  role_is_made();
  lambda_refuses(404, "ResourceNotFoundException");
  for (int i = 0; i < 4; ++i) role_is_not_assumable_yet();
  for (int i = 0; i < 3; ++i) says();
  const auto made = create({.role_assumable = {.total = 3s}});
  ASSERT_FALSE(made);
  EXPECT_NE(describe(made.error()).find("cannot be assumed"), std::string::npos);
  EXPECT_EQ(waited, 3s);
  const Names all = asked();
  EXPECT_EQ(Names(all.end() - 3, all.end()), (Names{"DetachRolePolicy", "DeleteRolePolicy", "DeleteRole"}));
}

TEST_F(DeploymentTest, DoesNotWaitForARoleOfTheUsersThatLambdaMayNotAssume) {
  lambda_refuses(404, "ResourceNotFoundException");
  role_is_not_assumable_yet();
  EXPECT_FALSE(create({.role_arn = "r"}));
  EXPECT_EQ(waited, 0s);
  EXPECT_EQ(asked().size(), 2U) << "nothing was made, nothing is removed";
}

TEST_F(DeploymentTest, TakesUpAFunctionWithTheSameCodeAndLeavesItThere) {
  says(function("Active"));
  says(function("Active"));
  says(function("Active"));
  auto made = create({.role_arn = "arn:aws:iam::1:role/f"});
  ASSERT_TRUE(made) << describe(made.error());
  EXPECT_TRUE(made->reused());
  surroundings.service.seen.clear();
  EXPECT_TRUE(aws::run(made->remove()));
  EXPECT_TRUE(asked().empty());
}

TEST_F(DeploymentTest, AFunctionOfTheNameWithOtherCodeAndSettingsIsBroughtUpToDate) {
  says(function("Active", "other", 128));
  for (int i = 0; i < 6; ++i) says(function("Active"));
  const auto made = create({.role_arn = "arn:aws:iam::1:role/f"});
  ASSERT_TRUE(made) << describe(made.error());
  EXPECT_FALSE(made->reused());
  EXPECT_EQ(asked(), (Names{"GET/configuration", "GET/configuration", "PUT/code", "GET/configuration",
                            "PUT/configuration", "GET/configuration", "GET/configuration"}));
}

TEST_F(DeploymentTest, TakesUpARoleThatAnInterruptedRunLeftAndDoesNotRemoveIt) {
  iam_refuses(409, "EntityAlreadyExists");
  says(k_role_there);
  says();
  says();
  says(function("Active"));
  says(function("Active"));
  says(function("Active"));
  auto made = create();
  ASSERT_TRUE(made) << describe(made.error());
  surroundings.service.seen.clear();
  EXPECT_TRUE(aws::run(made->remove()));
  EXPECT_TRUE(asked().empty());
}

TEST_F(DeploymentTest, ADenialIsSaidAndNothingIsRemoved) {
  iam_refuses(403, "AccessDenied");
  const auto made = create();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::denied);
  EXPECT_EQ(asked(), Names{"CreateRole"});
}

TEST_F(DeploymentTest, IsSentAgainWhenItWasThrottled) {
  lambda_refuses(429, "TooManyRequestsException");
  lambda_refuses(404, "ResourceNotFoundException");
  lambda_refuses(429, "TooManyRequestsException");
  says(function("Active"));
  says(function("Active"));
  EXPECT_TRUE(create({.role_arn = "r"}));
  EXPECT_EQ(surroundings.slept.size(), 2U);
}

TEST_F(DeploymentTest, AnInterruptLeavesNothing) {
  asio::io_context io;
  asio::cancellation_signal interrupt;
  role_is_made();
  lambda_refuses(404, "ResourceNotFoundException");
  surroundings.service.answer([&]() -> Result<http::Response> {
    interrupt.emit(asio::cancellation_type::terminal);  // while AWS makes the function
    return http::Response{201, {}, function("Pending")};
  });
  everything_is_removed();
  std::optional<Result<Deployment>> made;
  bool ended = false;
  asio::co_spawn(
      io, [&]() -> Task<void> { made.emplace(co_await deployment({})); },
      asio::bind_cancellation_slot(interrupt.slot(), [&](std::exception_ptr) { ended = true; }));
  io.run();
  ASSERT_TRUE(ended);
  EXPECT_FALSE(made && *made);
  Names all = asked();
  ASSERT_GE(all.size(), 5U);
  EXPECT_EQ(Names(all.end() - 5, all.end()), k_removal);
}

TEST_F(DeploymentTest, SaysWhatCouldNotBeRemovedAndRemovesTheRest) {
  role_is_made();
  lambda_refuses(404, "ResourceNotFoundException");
  says(function("Active"));
  says(function("Active"));
  auto made = create();
  ASSERT_TRUE(made);
  surroundings.service.seen.clear();
  lambda_refuses(403, "AccessDeniedException");
  lambda_refuses(400, "ResourceNotFoundException");  // no log: nothing was written
  for (int i = 0; i < 3; ++i) says();
  const auto removed = aws::run(made->remove());
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().kind, ErrorKind::denied);
  EXPECT_EQ(asked(), k_removal);
}

}  // namespace
}  // namespace sortie::run
