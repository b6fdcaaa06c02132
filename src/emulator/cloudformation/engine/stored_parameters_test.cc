#include "emulator/cloudformation/engine/stored_parameters.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "emulator/core/test_support.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

/// Answers each request for parameters with `answer`, and remembers what was asked.
class FakeServices final : public ServiceCalls {
 public:
  std::string answer = "{}";
  int status = 200;
  std::vector<std::string> asked;
  Task<http::Response> call(const Call&, const std::string& service, http::Request request) override {
    asked.push_back(service + " " + std::string(request.body.bytes()));
    co_return http::Response{.status = status, .body = answer};
  }
};

ParameterDeclaration declared(const std::string& name, const std::string& type) {
  ParameterDeclaration declaration;
  declaration.name = name;
  declaration.type = type;
  return declaration;
}

AwsResult<ParameterTexts> fetch(FakeServices& services, std::vector<ParameterDeclaration> declarations,
                                ParameterTexts texts) {
  return testing_support::run(
      fetch_stored_parameters(services, std::make_shared<Call>(), std::move(declarations), std::move(texts)));
}

constexpr char k_text[] = "AWS::SSM::Parameter::Value<String>";

TEST(StoredParameters, AreReadByTheirNames) {
  FakeServices services;
  services.answer = R"({"Parameters":[{"Name":"/x","Type":"String","Value":"one"}]})";
  const auto found = fetch(services, {declared("A", k_text), declared("B", "String")}, {{"A", "/x"}, {"B", "/y"}});
  EXPECT_EQ(found.value(), (ParameterTexts{{"A", "one"}}));
  EXPECT_EQ(services.asked, (std::vector<std::string>{R"(ssm {"Names":["/x"]})"}));
}

TEST(StoredParameters, AskForNothingWhereThereAreNone) {
  FakeServices services;
  EXPECT_TRUE(fetch(services, {declared("B", "String")}, {{"B", "/y"}})->empty());
  EXPECT_TRUE(services.asked.empty());
}

TEST(StoredParameters, OfTheCdkAreThereWithoutItsBootstrap) {
  FakeServices services;
  const auto found = fetch(services, {declared("BootstrapVersion", k_text)},
                           {{"BootstrapVersion", "/cdk-bootstrap/hnb659fds/version"}});
  EXPECT_GE(std::stoi(found->at("BootstrapVersion")), 6);
  EXPECT_EQ(fetch(services, {declared("A", k_text)}, {{"A", "/cdk-bootstrap/a/b/version"}}).error().message,
            "Unable to fetch parameters [/cdk-bootstrap/a/b/version] from parameter store for this account.");
}

TEST(StoredParameters, TellWhatIsDenied) {
  FakeServices services;
  services.status = 400;
  services.answer = R"({"__type":"AccessDeniedException","message":"no"})";
  const auto refused = fetch(services, {declared("A", k_text)}, {{"A", "/x"}});
  EXPECT_EQ(refused.error().code, "AccessDenied");
  EXPECT_EQ(refused.error().message, "no");
}

TEST(DynamicReferences, AreFoundOnceWhereverTheyAre) {
  const auto value =
      json::parse(R"({"a":["{{resolve:ssm:x}}-{{resolve:ssm:y:1}}"],"b":"{{resolve:ssm:x}}","c":"{{resolve:"})");
  EXPECT_EQ(find_dynamic_references(value), (std::vector<std::string>{"{{resolve:ssm:x}}", "{{resolve:ssm:y:1}}"}));
}

TEST(DynamicReferences, AreReplacedByWhatIsKnown) {
  const json::object known{{"{{resolve:ssm:x}}", "{{resolve:ssm:y}}"}};
  const auto value = json::parse(R"({"a":["<{{resolve:ssm:x}}|{{resolve:ssm:y}}>",1]})");
  EXPECT_EQ(json::serialize(with_references(value, known)), R"({"a":["<{{resolve:ssm:y}}|{{resolve:ssm:y}}>",1]})");
}

TEST(DynamicReferences, ThatAreSecureHaveNoPlace) {
  const auto properties = json::parse(R"({"A":{"B":["{{resolve:ssm-secure:x:1}}"]}})").as_object();
  EXPECT_EQ(check_secure_references("AWS::X::Y", properties).error().message,
            "SSM Secure reference is not supported in: [AWS::X::Y/Properties/A/B/0]");
  EXPECT_TRUE(check_secure_references("AWS::X::Y", json::parse(R"({"A":"{{resolve:ssm:x}}"})").as_object()));
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
