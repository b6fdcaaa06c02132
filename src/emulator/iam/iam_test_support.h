#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "emulator/core/test_support.h"
#include "emulator/iam/iam.h"
#include "wire/uri.h"
#include "wire/xml.h"

namespace sortie::emulator {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline const std::string k_trust_lambda =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]})";
inline const std::string k_allow_s3 =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]})";
inline const std::string k_allow_iam_reads =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"}]})";

/// What IAM answered.
struct Answer {
  int status = 0;
  std::string body;

  /// The text of the element at the path `A/B/C` below the root.
  [[nodiscard]] std::string at(std::string_view path) const {
    const auto document = wire::XmlDocument::parse(body);
    if (!document) return "(not XML)";
    wire::XmlNode node = document->root();
    while (!path.empty()) {
      const auto slash = path.find('/');
      node = node.child(path.substr(0, slash));
      path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    }
    return node.text();
  }
  [[nodiscard]] std::string code() const { return at("Error/Code"); }
  [[nodiscard]] std::string message() const { return at("Error/Message"); }
  [[nodiscard]] std::size_t count(std::string_view text) const {
    std::size_t found = 0;
    for (auto at = body.find(text); at != std::string::npos; at = body.find(text, at + 1)) ++found;
    return found;
  }
};

class IamTest : public testing::Test {
 protected:
  IamTest() : iam(std::make_unique<Iam>(clock, *store, "123456789012")) {
    root = iam->identities().find_key(iam->root_key().access_key_id)->principal;
  }

  Answer ask(const Principal& caller, const std::string& action, Fields fields = {}) {
    fields.emplace_back("Action", action);
    fields.emplace_back("Version", "2010-05-08");
    Call call;
    call.service = "iam";
    call.region = "us-east-1";
    call.account = "123456789012";
    call.request_id = "request-1";
    call.principal = caller;
    call.request.method = "POST";
    call.request.body = wire::build_query(fields);
    auto response = testing_support::run(iam->handle(std::move(call)));
    return {response.status, testing_support::text_of(response)};
  }
  Answer ask(const std::string& action, Fields fields = {}) { return ask(root, action, std::move(fields)); }

  Answer create_role(const std::string& name, Fields more = {}) {
    more.emplace_back("RoleName", name);
    more.emplace_back("AssumeRolePolicyDocument", k_trust_lambda);
    return ask("CreateRole", std::move(more));
  }

  /// A user with one inline policy, or none, as a caller.
  Principal user(const std::string& name, const std::string& policy = "") {
    ask("CreateUser", {{"UserName", name}});
    if (!policy.empty()) ask("PutUserPolicy", {{"UserName", name}, {"PolicyName", "p"}, {"PolicyDocument", policy}});
    const std::string id =
        ask("CreateAccessKey", {{"UserName", name}}).at("CreateAccessKeyResult/AccessKey/AccessKeyId");
    return iam->identities().find_key(id)->principal;
  }

  /// What the caller is told about `action` on `resource`: empty when allowed.
  std::string judge(const Principal& caller, const std::string& action, const std::string& resource) {
    Call call;
    call.account = "123456789012";
    call.region = "us-east-1";
    call.principal = caller;
    const auto verdict = iam->authorizer().authorize(call, {action, resource, "", "", {}});
    return verdict ? "" : verdict.error().message;
  }

  Principal session_of(const std::string& role_arn) {
    const auto credentials =
        iam->identities().assume_for_service(role_arn, "lambda.amazonaws.com", "fn", std::chrono::hours(1));
    EXPECT_TRUE(credentials) << credentials.error().message;
    return iam->identities().find_key(credentials->access_key_id)->principal;
  }

  FakeClock clock;
  std::unique_ptr<Store> store = Store::ephemeral().value();
  std::unique_ptr<Iam> iam;
  Principal root;
};

}  // namespace sortie::emulator
