#include <gtest/gtest.h>

#include <filesystem>

#include "emulator/lambda/lambda_fixture.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr char k_functions[] = "/2015-03-31/functions";
constexpr char k_f[] = "/2015-03-31/functions/f";
constexpr char k_arn[] = "arn:aws:lambda:us-east-1:111111111111:function:f";

std::string zip_of(const std::string& content) {
  return wire::base64_encode(make_zip({{"bootstrap", content, S_IFREG | 0755}}));
}

/// The API alone: packages that never run.
class LambdaApi : public LambdaTest {
 protected:
  Reply create_small(const std::string& name, json::object more = {}) {
    json::object document{{"FunctionName", name},
                          {"Runtime", "provided.al2023"},
                          {"Role", k_role},
                          {"Handler", "main"},
                          {"Code", json::object{{"ZipFile", zip_of("#!/bin/sh\n")}}}};
    for (auto& [key, value] : more) document.insert_or_assign(key, value);
    return call("POST", k_functions, serialize(document));
  }
  void make_small(const std::string& name, json::object more = {}) {
    ASSERT_EQ(create_small(name, std::move(more)).status, 201);
    wait_settled(name);
  }
  static void expect_error(const Reply& reply, int status, std::string_view code, std::string_view message) {
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.header("x-amzn-ErrorType"), code);
    auto object = reply.json();
    auto* text = object.if_contains("message");
    if (text == nullptr) text = object.if_contains("Message");
    ASSERT_NE(text, nullptr) << reply.body;
    EXPECT_EQ(text->as_string(), message);
  }
};

TEST_F(LambdaApi, CreateAnswersPendingAndBecomesActive) {
  auto created = create_small("f", {{"Description", "d"}, {"MemorySize", 256}});
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.member("State"), "Pending");
  EXPECT_EQ(created.member("StateReason"), "The function is being created.");
  EXPECT_EQ(created.member("StateReasonCode"), "Creating");
  EXPECT_EQ(created.member("LastUpdateStatus"), "(absent)");
  EXPECT_EQ(created.member("FunctionArn"), k_arn);
  EXPECT_EQ(created.member("Version"), "$LATEST");
  EXPECT_EQ(created.member("Timeout"), "3");
  EXPECT_EQ(created.member("MemorySize"), "256");
  EXPECT_EQ(created.member("PackageType"), "Zip");
  EXPECT_EQ(created.member("EphemeralStorage"), R"({"Size":512})");
  EXPECT_EQ(created.member("LoggingConfig"), R"({"LogFormat":"Text","LogGroup":"/aws/lambda/f"})");
  EXPECT_EQ(created.member("TracingConfig"), R"({"Mode":"PassThrough"})");
  auto zip = wire::base64_decode(zip_of("#!/bin/sh\n")).value();
  EXPECT_EQ(created.member("CodeSha256"), wire::base64_encode(wire::sha256(zip)));
  EXPECT_EQ(created.member("CodeSize"), std::to_string(zip.size()));
  wait_settled("f");
  auto active = call("GET", std::string(k_f) + "/configuration");
  EXPECT_EQ(active.member("State"), "Active");
  EXPECT_NE(active.member("RevisionId"), created.member("RevisionId"));
}

TEST_F(LambdaApi, GetFunctionShowsCodeAndTags) {
  make_small("f", {{"Tags", json::object{{"a", "b"}}}});
  auto reply = call("GET", k_f);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()["Configuration"].as_object()["FunctionName"].as_string(), "f");
  EXPECT_EQ(reply.json()["Code"].as_object()["RepositoryType"].as_string(), "S3");
  auto location = std::string(reply.json()["Code"].as_object()["Location"].as_string());
  EXPECT_TRUE(location.starts_with("https://")) << location;
  auto path = location.substr(location.find('/', 8));
  EXPECT_EQ(call("GET", path).body, wire::base64_decode(zip_of("#!/bin/sh\n")).value());
  EXPECT_EQ(call("GET", "/snapshots/functions/g" + path.substr(path.rfind('/'))).status, 404);
  iam.denied_actions = {"lambda:GetFunction"};
  EXPECT_EQ(call("GET", path).status, 403);
  iam.denied_actions.clear();
  EXPECT_EQ(reply.member("Tags"), R"({"a":"b"})");
}

TEST_F(LambdaApi, CreateRefusesWhatAwsRefuses) {
  make_small("f");
  expect_error(create_small("f"), 409, "ResourceConflictException", "Function already exist: f");
  expect_error(create_small("g", {{"Role", "r1"}}), 400, "ValidationException",
               R"(1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy )"
               R"(regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+)");
  expect_error(create_small("g", {{"Runtime", "python2.7"}}), 400, "InvalidParameterValueException",
               "The runtime parameter of python2.7 is no longer supported for creating or updating AWS Lambda "
               "functions. We recommend you use a supported runtime while creating or updating functions.");
  EXPECT_TRUE(create_small("g", {{"Runtime", "PYTHON3.9"}})
                  .member("message")
                  .starts_with("Value PYTHON3.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum "
                               "value set: [nodejs20.x, "));
  EXPECT_TRUE(create_small("g", {{"Runtime", "ruby3.3"}})
                  .member("message")
                  .starts_with("The runtime parameter of ruby3.3 is not supported for creating or updating AWS Lambda "
                               "functions on this machine."));
  expect_error(create_small("g", {{"Architectures", json::array{"x86_64", "arm64"}}}), 400, "ValidationException",
               "1 validation error detected: Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: "
               "Member must have length less than or equal to 1");
  expect_error(create_small("g", {{"Code", json::object{{"ZipFile", wire::base64_encode("no zip")}}}}), 400,
               "InvalidParameterValueException",
               "Could not unzip uploaded file. Please check your file, then try to upload again.");
  expect_error(create_small("g", {{"MemorySize", 64}, {"Timeout", 901}}), 400, "ValidationException",
               "2 validation errors detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have "
               "value less than or equal to 900; Value '64' at 'memorySize' failed to satisfy constraint: Member must "
               "have value greater than or equal to 128");
  auto environment = [](std::string name, std::string value) {
    return json::object{{"Environment", json::object{{"Variables", json::object{{name, value}}}}}};
  };
  EXPECT_TRUE(create_small("g", environment("LARGE", std::string(4096, 'x')))
                  .member("message")
                  .starts_with("Lambda was unable to configure your environment variables because the environment "
                               "variables you have provided exceeded the 4KB limit. String measured: {\"LARGE\":\"xx"));
  EXPECT_TRUE(create_small("g", environment("AWS_REGION", "x"))
                  .member("message")
                  .ends_with("Reserved keys used in this request: AWS_REGION"));
  EXPECT_EQ(create_small("g", {{"Layers", json::array{"arn"}}}).header("x-amzn-ErrorType"), "ValidationException");
  EXPECT_EQ(create_small("g", {{"VpcConfig", json::object{{"SubnetIds", json::array{"subnet-1"}}}}}).status, 501);
  EXPECT_EQ(create_small("bad name").header("x-amzn-ErrorType"), "ValidationException");
  EXPECT_EQ(call("POST", k_functions, "{").header("x-amzn-ErrorType"), "InvalidRequestContentException");
  EXPECT_EQ(call("GET", k_functions).json()["Functions"].as_array().size(), 1u);
}

TEST_F(LambdaApi, CreateNeedsARoleThatCanBePassedAndAssumed) {
  iam.bad_roles = {k_role};
  expect_error(create_small("f"), 400, "InvalidParameterValueException",
               "The role defined for the function cannot be assumed by Lambda.");
  iam.denied_actions = {"iam:PassRole"};
  EXPECT_EQ(create_small("f").status, 403);
  EXPECT_EQ(iam.questions.back().resource, k_role);
  EXPECT_EQ(iam.questions.back().context[0].second, "lambda.amazonaws.com");
}

TEST_F(LambdaApi, EveryOperationAsksIam) {
  make_small("f");
  const std::vector<std::array<std::string, 3>> operations{
      {"GET", k_functions, "lambda:ListFunctions"},
      {"GET", k_f, "lambda:GetFunction"},
      {"GET", std::string(k_f) + "/configuration", "lambda:GetFunctionConfiguration"},
      {"PUT", std::string(k_f) + "/configuration", "lambda:UpdateFunctionConfiguration"},
      {"PUT", std::string(k_f) + "/code", "lambda:UpdateFunctionCode"},
      {"DELETE", k_f, "lambda:DeleteFunction"},
      {"POST", std::string(k_f) + "/invocations", "lambda:InvokeFunction"},
      {"POST", "/2021-11-15/functions/f/response-streaming-invocations", "lambda:InvokeFunction"},
      {"POST", std::string(k_f) + "/versions", "lambda:PublishVersion"},
      {"GET", std::string(k_f) + "/versions", "lambda:ListVersionsByFunction"},
      {"POST", std::string(k_f) + "/aliases", "lambda:CreateAlias"},
      {"GET", std::string(k_f) + "/aliases", "lambda:ListAliases"},
      {"GET", std::string(k_f) + "/aliases/a", "lambda:GetAlias"},
      {"PUT", std::string(k_f) + "/aliases/a", "lambda:UpdateAlias"},
      {"DELETE", std::string(k_f) + "/aliases/a", "lambda:DeleteAlias"},
      {"POST", std::string(k_f) + "/policy", "lambda:AddPermission"},
      {"GET", std::string(k_f) + "/policy", "lambda:GetPolicy"},
      {"DELETE", std::string(k_f) + "/policy/s", "lambda:RemovePermission"},
      {"PUT", "/2017-10-31/functions/f/concurrency", "lambda:PutFunctionConcurrency"},
      {"GET", "/2019-09-30/functions/f/concurrency", "lambda:GetFunctionConcurrency"},
      {"DELETE", "/2017-10-31/functions/f/concurrency", "lambda:DeleteFunctionConcurrency"},
      {"GET", std::string("/2017-03-31/tags/") + k_arn, "lambda:ListTags"},
      {"POST", std::string("/2017-03-31/tags/") + k_arn, "lambda:TagResource"},
      {"DELETE", std::string("/2017-03-31/tags/") + k_arn, "lambda:UntagResource"},
      {"GET", "/2016-08-19/account-settings", "lambda:GetAccountSettings"},
  };
  for (const auto& [method, path, action] : operations) {
    iam.denied_actions = {action};
    auto reply = call(method, path, "{}");
    EXPECT_EQ(reply.status, 403) << action;
    EXPECT_EQ(reply.header("x-amzn-ErrorType"), "AccessDeniedException") << action;
    EXPECT_EQ(iam.questions.back().action, action);
  }
}

TEST_F(LambdaApi, CodeMayComeFromS3) {
  objects.objects["b/k"] = make_zip({{"bootstrap", "x", S_IFREG | 0755}});
  EXPECT_EQ(create_small("f", {{"Code", json::object{{"S3Bucket", "b"}, {"S3Key", "k"}}}}).status, 201);
  expect_error(create_small("g", {{"Code", json::object{{"S3Bucket", "b"}, {"S3Key", "none"}}}}), 400,
               "InvalidParameterValueException",
               "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not "
               "exist.");
}

TEST_F(LambdaApi, AnUpdateIsInProgressForAMoment) {
  options.activation_time = std::chrono::milliseconds(50);
  make_small("f");
  auto updated = call("PUT", std::string(k_f) + "/configuration", R"({"Description":"new","Timeout":5})");
  EXPECT_EQ(updated.status, 200);
  EXPECT_EQ(updated.member("LastUpdateStatus"), "InProgress");
  EXPECT_EQ(updated.member("LastUpdateStatusReasonCode"), "Creating");
  EXPECT_EQ(updated.member("Description"), "new");
  expect_error(
      call("PUT", std::string(k_f) + "/configuration", R"({"Timeout":6})"), 409, "ResourceConflictException",
      std::string("The operation cannot be performed at this time. An update is in progress for resource: ") + k_arn);
  wait_settled("f");
  auto settled = call("GET", std::string(k_f) + "/configuration");
  EXPECT_EQ(settled.member("Timeout"), "5");
  EXPECT_NE(settled.member("RevisionId"), updated.member("RevisionId"));
}

TEST_F(LambdaApi, AWrongRevisionIsRefused) {
  make_small("f");
  expect_error(call("PUT", std::string(k_f) + "/configuration", R"({"RevisionId":"other"})"), 412,
               "PreconditionFailedException",
               "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
               "retrieve the latest Revision Id");
  auto revision = call("GET", std::string(k_f) + "/configuration").member("RevisionId");
  EXPECT_EQ(call("PUT", std::string(k_f) + "/configuration", R"({"RevisionId":")" + revision + R"("})").status, 200);
}

TEST_F(LambdaApi, UpdatingTheCodeChangesItsHash) {
  make_small("f");
  auto before = call("GET", std::string(k_f) + "/configuration");
  auto body = json::object{{"ZipFile", zip_of("#!/bin/sh\nexit 1\n")}};
  auto dry = body;
  dry["DryRun"] = true;
  EXPECT_EQ(call("PUT", std::string(k_f) + "/code", serialize(dry)).status, 200);
  EXPECT_EQ(call("GET", std::string(k_f) + "/configuration").body, before.body);
  auto updated = call("PUT", std::string(k_f) + "/code", serialize(body));
  EXPECT_EQ(updated.status, 200);
  EXPECT_NE(updated.member("CodeSha256"), before.member("CodeSha256"));
}

TEST_F(LambdaApi, DeleteForgetsAndIsNotIdempotent) {
  make_small("f");
  auto location = std::string(call("GET", k_f).json()["Code"].as_object()["Location"].as_string());
  auto id = location.substr(0, location.find('?')).substr(location.rfind('/', location.find('?')) + 1);
  auto zip = *store->blobs("lambda") / (id + ".zip");
  expect_error(call("DELETE", std::string(k_f) + "?Qualifier=%24LATEST"), 400, "InvalidParameterValueException",
               "$LATEST version cannot be deleted without deleting the function.");
  EXPECT_EQ(call("DELETE", k_f).status, 204);
  expect_error(call("DELETE", k_f), 404, "ResourceNotFoundException", std::string("Function not found: ") + k_arn);
  EXPECT_TRUE(run_until([&] { return !std::filesystem::exists(zip); }));
}

TEST_F(LambdaApi, ListsInPages) {
  for (auto name : {"a", "b", "c"}) make_small(name);
  auto first = call("GET", std::string(k_functions) + "?MaxItems=2");
  EXPECT_EQ(first.json()["Functions"].as_array().size(), 2u);
  auto rest = call("GET", std::string(k_functions) + "/?Marker=" + first.member("NextMarker"));
  ASSERT_EQ(rest.json()["Functions"].as_array().size(), 1u);
  EXPECT_EQ(rest.json()["Functions"].as_array()[0].as_object()["FunctionName"].as_string(), "c");
  EXPECT_EQ(rest.member("NextMarker"), "(absent)");
  EXPECT_EQ(call("GET", std::string(k_functions) + "?MaxItems=0").status, 400);
}

TEST_F(LambdaApi, VersionsAndAliases) {
  make_small("f");
  auto wrong = call("POST", std::string(k_f) + "/versions", R"({"CodeSha256":"x"})");
  EXPECT_TRUE(wrong.member("message").starts_with("CodeSHA256 (x) is different from current CodeSHA256 in $LATEST ("));
  auto first = call("POST", std::string(k_f) + "/versions", R"({"Description":"one"})");
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(first.member("Version"), "1");
  EXPECT_EQ(first.member("FunctionArn"), std::string(k_arn) + ":1");
  EXPECT_EQ(first.member("Description"), "one");
  EXPECT_EQ(call("POST", std::string(k_f) + "/versions").member("Version"), "1");  // nothing has changed
  auto alias = call("POST", std::string(k_f) + "/aliases", R"({"Name":"live","FunctionVersion":"1"})");
  EXPECT_EQ(alias.status, 201);
  EXPECT_EQ(alias.member("AliasArn"), std::string(k_arn) + ":live");
  EXPECT_EQ(call("GET", std::string(k_f) + "/configuration?Qualifier=live").member("Version"), "1");
  EXPECT_EQ(call("GET", std::string(k_f) + "/versions").json()["Versions"].as_array().size(), 2u);
  EXPECT_EQ(call("DELETE", std::string(k_f) + "?Qualifier=1").status, 409);
  EXPECT_EQ(call("DELETE", std::string(k_f) + "/aliases/live").status, 204);
  EXPECT_EQ(call("DELETE", std::string(k_f) + "?Qualifier=1").status, 204);
  expect_error(call("GET", std::string(k_f) + "?Qualifier=1"), 404, "ResourceNotFoundException",
               std::string("Function not found: ") + k_arn + ":1");
}

TEST_F(LambdaApi, PoliciesAreKeptByStatement) {
  make_small("f");
  auto body = R"({"StatementId":"s3","Action":"lambda:InvokeFunction","Principal":"s3.amazonaws.com",)"
              R"("SourceArn":"arn:aws:s3:::b"})";
  auto added = call("POST", std::string(k_f) + "/policy", body);
  EXPECT_EQ(added.status, 201);
  EXPECT_EQ(
      added.member("Statement"),
      R"({"Sid":"s3","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction",)"
      R"("Resource":"arn:aws:lambda:us-east-1:111111111111:function:f","Condition":{"ArnLike":{"AWS:SourceArn":)"
      R"("arn:aws:s3:::b"}}})");
  EXPECT_EQ(call("POST", std::string(k_f) + "/policy", body).status, 409);
  auto policy = call("GET", std::string(k_f) + "/policy");
  EXPECT_TRUE(
      policy.member("Policy").starts_with(R"({"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"s3")"));
  EXPECT_EQ(call("DELETE", std::string(k_f) + "/policy/other").status, 404);
  EXPECT_EQ(call("DELETE", std::string(k_f) + "/policy/s3").status, 204);
  expect_error(call("GET", std::string(k_f) + "/policy"), 404, "ResourceNotFoundException",
               "The resource you requested does not exist.");
}

TEST_F(LambdaApi, TagsAreOnFunctionsOnly) {
  make_small("f");
  auto tags = std::string("/2017-03-31/tags/") + k_arn;
  EXPECT_EQ(call("POST", tags, R"({"Tags":{"A":"1","B":"2"}})").status, 204);
  EXPECT_EQ(call("GET", tags).member("Tags"), R"({"A":"1","B":"2"})");
  EXPECT_EQ(call("DELETE", tags + "?tagKeys=A&tagKeys=none").status, 204);
  EXPECT_EQ(call("GET", tags).member("Tags"), R"({"B":"2"})");
  expect_error(call("POST", tags + "%3A%24LATEST", R"({"Tags":{"A":"1"}})"), 400, "InvalidParameterValueException",
               "Tags on function aliases and versions are not supported. Please specify a function ARN.");
  expect_error(call("POST", tags, R"({"Tags":{}})"), 400, "InvalidParameterValueException",
               "An error occurred and the request cannot be processed.");
  EXPECT_EQ(call("DELETE", tags).header("x-amzn-ErrorType"), "ValidationException");
  EXPECT_EQ(call("GET", "/2017-03-31/tags/arn%3Aaws%3Asomething").header("x-amzn-ErrorType"), "ValidationException");
}

TEST_F(LambdaApi, ConcurrencyLeavesSomeToOthers) {
  make_small("f");
  auto path = "/2017-10-31/functions/f/concurrency";
  EXPECT_EQ(call("PUT", path, R"({"ReservedConcurrentExecutions":901})").status, 400);
  EXPECT_EQ(call("PUT", path, R"({"ReservedConcurrentExecutions":900})").status, 200);
  EXPECT_EQ(call("GET", "/2019-09-30/functions/f/concurrency").member("ReservedConcurrentExecutions"), "900");
  auto settings = call("GET", "/2016-08-19/account-settings").json();
  EXPECT_EQ(settings["AccountLimit"].as_object()["UnreservedConcurrentExecutions"].as_int64(), 100);
  EXPECT_EQ(settings["AccountUsage"].as_object()["FunctionCount"].as_int64(), 1);
}

TEST_F(LambdaApi, OperationsThatAreNotThereAreNamed) {
  auto providers = call("GET", "/2025-11-30/capacity-providers");
  EXPECT_EQ(providers.status, 501);
  EXPECT_NE(providers.member("Message").find("lambda:ListCapacityProviders"), std::string::npos);
  EXPECT_EQ(call("GET", "/2099-01-01/nothing").status, 404);
}

TEST(LambdaState, SurvivesTheProcess) {
  std::string pattern = (std::filesystem::temp_directory_path() / "sortie-lambda-XXXXXX").string();
  std::filesystem::path folder = ::mkdtemp(pattern.data());
  class Kept : public LambdaTest {
   public:
    explicit Kept(const std::filesystem::path& where) { store = *Store::open(where); }
    void TestBody() override {}
    using LambdaTest::call;
    using LambdaTest::create;
    using LambdaTest::invoke;
    using LambdaTest::wait_settled;
  };
  {
    Kept before(folder / "state");
    EXPECT_EQ(before.create("f", {{"Description", "kept"}, {"Publish", true}}).status, 201);
    before.call("PUT", "/2017-10-31/functions/f/concurrency", R"({"ReservedConcurrentExecutions":7})");
    before.call("POST", "/2015-03-31/functions/f/aliases", R"({"Name":"live","FunctionVersion":"1"})");
  }
  {
    Kept after(folder / "state");
    auto function = after.call("GET", "/2015-03-31/functions/f/configuration?Qualifier=live");
    EXPECT_EQ(function.member("Description"), "kept");
    EXPECT_EQ(function.member("State"), "Active");
    EXPECT_EQ(after.call("GET", "/2019-09-30/functions/f/concurrency").member("ReservedConcurrentExecutions"), "7");
    EXPECT_EQ(after.invoke("f:live", "3").body, "3");
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sortie::emulator::lambda
