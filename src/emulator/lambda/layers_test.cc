#include "emulator/lambda/catalogue/layers.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "emulator/lambda/lambda_fixture.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr char k_layers[] = "/2018-10-31/layers";
constexpr char k_l[] = "/2018-10-31/layers/l/versions";
constexpr char k_arn[] = "arn:aws:lambda:us-east-1:111111111111:layer:l";

class LambdaLayers : public LambdaTest {
 protected:
  Reply publish(const std::string& name, const std::string& content, json::object more = {}) {
    auto zip = make_zip({{"file", content, S_IFREG | 0644}});
    json::object document{{"Content", json::object{{"ZipFile", wire::base64_encode(zip)}}}};
    for (auto& [key, value] : more) document.insert_or_assign(key, value);
    return call("POST", std::string(k_layers) + "/" + name + "/versions", serialize(document));
  }
};

TEST(LayerArn, Parts) {
  auto ref = parse_layer_arn("arn:aws:lambda:us-east-1:111111111111:layer:l:7");
  ASSERT_TRUE(ref);
  EXPECT_EQ(ref->name, "l");
  EXPECT_EQ(ref->version, 7);
  EXPECT_EQ(ref->arn(), "arn:aws:lambda:us-east-1:111111111111:layer:l:7");
  EXPECT_EQ(parse_layer_arn(k_arn)->version, std::nullopt);
  for (auto text : {"", "l", "arn:aws:lambda:us-east-1:111111111111:function:l", "arn:aws:s3:::layer:l",
                    "arn:aws:lambda:us-east-1:111111111111:layer:", "arn:aws:lambda:us-east-1:111111111111:layer:a/b",
                    "arn:aws:lambda:us-east-1:111111111111:layer:l:x", "arn:aws:lambda::1:layer:l"}) {
    EXPECT_FALSE(parse_layer_arn(text)) << text;
  }
}

TEST_F(LambdaLayers, VersionsCountUpAndAreNeverUsedAgain) {
  auto first = publish("l", "1", {{"Description", "d"}, {"CompatibleRuntimes", json::array{"python3.12"}}});
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(first.member("LayerArn"), k_arn);
  EXPECT_EQ(first.member("LayerVersionArn"), std::string(k_arn) + ":1");
  EXPECT_EQ(first.member("CompatibleRuntimes"), R"(["python3.12"])");
  EXPECT_EQ(publish("l", "2").member("Version"), "2");
  EXPECT_EQ(call("DELETE", std::string(k_l) + "/2").status, 204);
  EXPECT_EQ(call("DELETE", std::string(k_l) + "/2").status, 204);
  EXPECT_EQ(call("GET", std::string(k_l) + "/2").member("Message"), "The resource you requested does not exist.");
  EXPECT_EQ(publish("l", "3").member("Version"), "3");
  auto versions = call("GET", k_l).json()["LayerVersions"].as_array();
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0].as_object()["Version"].as_int64(), 3);
}

TEST_F(LambdaLayers, ListsTheLatestThatFits) {
  publish("l", "1", {{"CompatibleRuntimes", json::array{"python3.12"}}});
  publish("l", "2", {{"CompatibleRuntimes", json::array{"nodejs20.x"}}});
  publish("m", "1");
  EXPECT_EQ(call("GET", k_layers).json()["Layers"].as_array().size(), 2u);
  auto fitting = call("GET", std::string(k_layers) + "?CompatibleRuntime=python3.12").json()["Layers"].as_array();
  ASSERT_EQ(fitting.size(), 1u);
  EXPECT_EQ(fitting[0].as_object()["LatestMatchingVersion"].as_object()["Version"].as_int64(), 1);
}

TEST_F(LambdaLayers, AreFoundByTheirArn) {
  publish("l", "1");
  auto path = std::string(k_layers) + "?find=LayerVersion&Arn=";
  EXPECT_EQ(call("GET", path + k_arn + ":1").member("Version"), "1");
  EXPECT_EQ(call("GET", path + k_arn + ":2").status, 404);
  EXPECT_EQ(call("GET", path + k_arn).header("x-amzn-ErrorType"), "ValidationException");
}

TEST_F(LambdaLayers, RefuseWhatAwsRefuses) {
  EXPECT_EQ(publish("l", "1", {{"CompatibleRuntimes", json::array{"cobol"}}}).header("x-amzn-ErrorType"),
            "ValidationException");
  EXPECT_EQ(publish("l", "1", {{"CompatibleArchitectures", json::array{"vax"}}}).status, 400);
  EXPECT_EQ(publish("a*b", "1").header("x-amzn-ErrorType"), "ValidationException");
  EXPECT_EQ(call("GET", std::string(k_l) + "/0").member("message"), "Layer Version Cannot be less than 1");
  EXPECT_EQ(call("POST", k_l, R"({"Content":{"ZipFile":"bm8gemlw"}})").status, 400);
}

TEST_F(LambdaLayers, PoliciesOfVersions) {
  publish("l", "1");
  auto policy = std::string(k_l) + "/1/policy";
  auto body = R"({"StatementId":"s","Action":"lambda:GetLayerVersion","Principal":"*"})";
  EXPECT_EQ(call("GET", policy).member("Message"), "No policy is associated with the given resource.");
  auto added = call("POST", policy, body);
  EXPECT_EQ(added.status, 201);
  EXPECT_EQ(added.member("Statement"),
            R"({"Sid":"s","Effect":"Allow","Principal":"*","Action":"lambda:GetLayerVersion","Resource":")" +
                std::string(k_arn) + R"(:1"})");
  EXPECT_EQ(call("POST", policy, body).status, 409);
  EXPECT_EQ(call("POST", policy + "?RevisionId=old", R"({"StatementId":"t","Action":"lambda:GetLayerVersion"})").status,
            412);
  EXPECT_EQ(call("POST", policy, R"({"StatementId":"t","Action":"lambda:Invoke","Principal":"*"})").status, 400);
  EXPECT_EQ(call("GET", policy).member("RevisionId"), added.member("RevisionId"));
  EXPECT_EQ(call("DELETE", policy + "/t").status, 404);
  EXPECT_EQ(call("DELETE", policy + "/s").status, 204);
  EXPECT_EQ(call("POST", std::string(k_l) + "/9/policy", body).member("Message"),
            "Layer version " + std::string(k_arn) + ":9 does not exist.");
}

TEST_F(LambdaLayers, InFunctions) {
  publish("l", "1");
  publish("l", "2");
  const json::array one{std::string(k_arn) + ":1"};
  EXPECT_EQ(create("f", {{"Layers", one}}).status, 201);
  wait_settled("f");
  EXPECT_NE(call("GET", "/2015-03-31/functions/f/configuration").member("Layers").find(k_arn), std::string::npos);
  auto refused = [this](json::array layers) { return create("g", {{"Layers", std::move(layers)}}).member("message"); };
  EXPECT_EQ(refused({std::string(k_arn) + ":9"}), "Layer version " + std::string(k_arn) + ":9 does not exist.");
  EXPECT_EQ(refused({std::string(k_arn) + ":1", std::string(k_arn) + ":2"}),
            "Two different versions of the same layer are not allowed to be referenced in the same function. " +
                std::string(k_arn) + ":1 and " + k_arn + ":2 are versions of the same layer.");
  EXPECT_EQ(refused({"arn:aws:lambda:eu-west-1:111111111111:layer:l:1"}),
            "Layers are not in the same region as the function. Layers are expected to be in region us-east-1.");
  json::array many;
  for (int i = 0; i < 6; ++i)
    many.emplace_back("arn:aws:lambda:us-east-1:111111111111:layer:l" + std::to_string(i) + ":1");
  EXPECT_EQ(refused(many), "Cannot reference more than 5 layers.");
  iam.denied_actions = {"lambda:GetLayerVersion"};
  EXPECT_EQ(create("g", {{"Layers", one}}).status, 403);
}

TEST_F(LambdaLayers, CodeStaysWhileAnythingUsesIt) {
  auto code = publish("l", "1").json()["Content"].as_object();
  auto digest = wire::base64_decode(std::string(code["CodeSha256"].as_string())).value();
  auto folder = *store->blobs("lambda") / wire::hex_encode(digest);
  create("f", {{"Layers", json::array{std::string(k_arn) + ":1"}}});
  wait_settled("f");
  call("DELETE", std::string(k_l) + "/1");
  EXPECT_EQ(call("GET", "/2015-03-31/functions/f").status, 200);
  EXPECT_TRUE(std::filesystem::exists(folder));
  call("PUT", "/2015-03-31/functions/f/configuration", R"({"Layers":[]})");
  EXPECT_TRUE(run_until([&] { return !std::filesystem::exists(folder); }));
}

}  // namespace
}  // namespace sortie::emulator::lambda
