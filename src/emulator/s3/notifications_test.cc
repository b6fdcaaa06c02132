#include "emulator/s3/bucket/notifications.h"

#include <boost/json.hpp>

#include "emulator/s3/s3_fixture.h"

/// Events of buckets: what functions are told, and when.
namespace sortie::emulator {
namespace {

namespace json = boost::json;

class FakeFunctions final : public FunctionEvents {
 public:
  struct Sent {
    Source source;
    std::string function;
    json::object record;
  };
  AwsResult<void> check(const Source& source, const std::string& function_arn) override {
    asked.push_back(source);
    if (function_arn.ends_with(":absent")) return aws_fail(404, "ResourceNotFoundException", "none");
    if (function_arn.ends_with(":closed")) return aws_fail(403, "AccessDeniedException", "no");
    return {};
  }
  void send(const Source& source, const std::string& function_arn, std::string payload) override {
    const auto document = json::parse(payload).as_object();
    sent.push_back({source, function_arn, document.at("Records").as_array().at(0).as_object()});
  }
  std::vector<Source> asked;
  std::vector<Sent> sent;
};

std::string arn(const std::string& function) {
  return "arn:aws:lambda:us-east-1:111111111111:function:" + function;
}

std::string rule(const std::string& id, const std::string& event, const std::string& filter = {},
                 const std::string& function = "f") {
  return "<CloudFunctionConfiguration><Id>" + id + "</Id><CloudFunction>" + arn(function) + "</CloudFunction><Event>" +
         event + "</Event>" + filter + "</CloudFunctionConfiguration>";
}

std::string filter(const std::string& prefix, const std::string& suffix) {
  return "<Filter><S3Key><FilterRule><Name>prefix</Name><Value>" + prefix +
         "</Value></FilterRule><FilterRule><Name>Suffix</Name><Value>" + suffix +
         "</Value></FilterRule></S3Key></Filter>";
}

class NotificationTest : public S3Fixture {
 protected:
  NotificationTest() {
    s3_->set_function_events(functions_);
    send("PUT", "/bucket");
  }
  Answer put_rules(const std::string& rules, const Fields& headers = {}) {
    return send("PUT", "/bucket?notification", "<NotificationConfiguration>" + rules + "</NotificationConfiguration>",
                headers);
  }
  std::vector<std::string> events() {
    std::vector<std::string> names;
    for (const auto& sent : functions_.sent) names.emplace_back(sent.record.at("eventName").as_string());
    functions_.sent.clear();
    return names;
  }
  const json::object& last_object() {
    return functions_.sent.back().record.at("s3").as_object().at("object").as_object();
  }
  FakeFunctions functions_;
};

using Strings = std::vector<std::string>;

TEST_F(NotificationTest, AreKeptAsS3ShowsThem) {
  EXPECT_EQ(put_rules(rule("r", "s3:ObjectCreated:*", filter("in/", ".jpg"))).status, 200);
  ASSERT_EQ(functions_.asked.size(), 1U);
  EXPECT_EQ(functions_.asked[0].service, "s3.amazonaws.com");
  EXPECT_EQ(functions_.asked[0].arn, "arn:aws:s3:::bucket");
  const Answer shown = send("GET", "/bucket?notification");
  EXPECT_EQ(shown.elements("Name"), (Strings{"Prefix", "Suffix"}));
  EXPECT_EQ(shown.element("CloudFunction"), arn("f"));
  EXPECT_EQ(put_rules("").status, 200);
  EXPECT_EQ(send("GET", "/bucket?notification").body.find("CloudFunction"), std::string::npos);
  send("PUT", "/bucket/in/a.jpg", "x");
  EXPECT_TRUE(functions_.sent.empty());
}

TEST_F(NotificationTest, RulesWithoutAnIdGetOne) {
  put_rules(rule("", "s3:ObjectCreated:*"));
  EXPECT_EQ(send("GET", "/bucket?notification").element("Id").size(), 36U);
}

TEST_F(NotificationTest, FunctionsHaveToBeThereAndWilling) {
  const Answer absent = put_rules(rule("r", "s3:ObjectCreated:*", {}, "absent"));
  EXPECT_EQ(absent.code(), "InvalidArgument");
  EXPECT_EQ(absent.element("Message"), "Unable to validate the following destination configurations");
  EXPECT_EQ(absent.element("ArgumentName"), arn("absent"));
  const Answer closed = put_rules(rule("r", "s3:ObjectCreated:*", {}, "closed"));
  EXPECT_EQ(closed.element("ArgumentValue"), "Not authorized to invoke function [" + arn("closed") + "]");
  EXPECT_EQ(
      put_rules(rule("r", "s3:ObjectCreated:*", {}, "closed"), {{"x-amz-skip-destination-validation", "true"}}).status,
      200);
}

TEST_F(NotificationTest, WhatS3RefusesIsRefused) {
  EXPECT_EQ(put_rules(rule("r", "s3:ObjectEaten:*")).element("Message"),
            "The event is not supported for notifications");
  EXPECT_EQ(put_rules(rule("r", "s3:ObjectCreated:*", filter("a", "b") + "<Filter/>")).status, 200);
  EXPECT_EQ(put_rules("<Eh/>").code(), "MalformedXML");
  EXPECT_EQ(put_rules("<QueueConfiguration><Queue>arn:aws:sqs:us-east-1:1:q</Queue></QueueConfiguration>").status, 501);
  EXPECT_EQ(put_rules("<EventBridgeConfiguration/>").status, 501);
  EXPECT_EQ(put_rules(rule("r", "s3:ObjectCreated:*") + rule("r", "s3:ObjectRemoved:*")).element("ArgumentName"), "Id");
}

TEST_F(NotificationTest, OneFunctionForAnEvent) {
  EXPECT_TRUE(put_rules(rule("a", "s3:ObjectCreated:*") + rule("b", "s3:ObjectCreated:Put"))
                  .element("Message")
                  .starts_with("Configurations overlap."));
  EXPECT_TRUE(put_rules(rule("a", "s3:ObjectCreated:*", filter("in/", "g")) +
                        rule("b", "s3:ObjectCreated:Put", filter("in/x", ".jpg")))
                  .element("Message")
                  .starts_with("Configuration is ambiguously defined."));
  EXPECT_EQ(put_rules(rule("a", "s3:ObjectCreated:*", filter("in/", "g")) +
                      rule("b", "s3:ObjectCreated:Put", filter("in/", "f")))
                .status,
            200);
  EXPECT_EQ(put_rules(rule("a", "s3:ObjectCreated:Copy") + rule("b", "s3:ObjectCreated:Put")).status, 200);
}

TEST_F(NotificationTest, FiltersChoose) {
  put_rules(rule("r", "s3:ObjectCreated:*", filter("in/", ".jpg")));
  send("PUT", "/bucket/in/a.png", "x");
  send("PUT", "/bucket/out/a.jpg", "x");
  EXPECT_TRUE(functions_.sent.empty());
  send("PUT", "/bucket/in/a.jpg", "x");
  EXPECT_EQ(events(), (Strings{"ObjectCreated:Put"}));
}

TEST_F(NotificationTest, ARecordSaysWhatHappened) {
  put_rules(rule("r", "s3:ObjectCreated:*"));
  const Answer put = send("PUT", "/bucket/red%20flower%2B%C3%A4.jpg", "hello");
  ASSERT_EQ(functions_.sent.size(), 1U);
  EXPECT_EQ(functions_.sent[0].function, arn("f"));
  const auto& record = functions_.sent[0].record;
  EXPECT_EQ(record.at("eventSource"), "aws:s3");
  EXPECT_EQ(record.at("eventVersion"), "2.1");
  EXPECT_EQ(record.at("awsRegion"), "us-east-1");
  const auto& elements = record.at("responseElements").as_object();
  EXPECT_EQ(std::string(elements.at("x-amz-id-2").as_string()), put.header("x-amz-id-2"));
  EXPECT_EQ(elements.at("x-amz-request-id"), "REQUEST");
  const auto& s3 = record.at("s3").as_object();
  EXPECT_EQ(s3.at("configurationId"), "r");
  EXPECT_EQ(s3.at("bucket").as_object().at("arn"), "arn:aws:s3:::bucket");
  const auto& object = s3.at("object").as_object();
  EXPECT_EQ(object.at("key"), "red+flower%2B%C3%A4.jpg");
  EXPECT_EQ(object.at("size").to_number<int>(), 5);
  EXPECT_EQ(object.at("eTag"), "5d41402abc4b2a76b9719d911017c592");
  EXPECT_FALSE(object.contains("versionId"));
}

TEST_F(NotificationTest, EachWayOfWritingHasItsEvent) {
  put_rules(rule("c", "s3:ObjectCreated:*") + rule("d", "s3:ObjectRemoved:*") + rule("t", "s3:ObjectTagging:*"));
  send("PUT", "/bucket/a", "x");
  send("PUT", "/bucket/b", {}, {{"x-amz-copy-source", "/bucket/a"}});
  const std::string id = send("POST", "/bucket/m?uploads").element("UploadId");
  const Answer part = send("PUT", "/bucket/m?partNumber=1&uploadId=" + id, "x");
  send("POST", "/bucket/m?uploadId=" + id,
       "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + part.header("ETag") +
           "</ETag></Part></CompleteMultipartUpload>");
  EXPECT_EQ(events(), (Strings{"ObjectCreated:Put", "ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload"}));
  send("PUT", "/bucket/a?tagging", "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>");
  EXPECT_FALSE(last_object().contains("sequencer"));
  EXPECT_EQ(functions_.sent.back().record.at("eventVersion"), "2.3");
  send("DELETE", "/bucket/a?tagging");
  EXPECT_EQ(events(), (Strings{"ObjectTagging:Put", "ObjectTagging:Delete"}));
  send("DELETE", "/bucket/a");
  EXPECT_FALSE(last_object().contains("eTag"));
  delete_many("<Delete><Object><Key>b</Key></Object><Object><Key>m</Key></Object></Delete>");
  EXPECT_EQ(events(), (Strings{"ObjectRemoved:Delete", "ObjectRemoved:Delete", "ObjectRemoved:Delete"}));
}

TEST_F(NotificationTest, VersionsAndMarkersAreNamed) {
  put_rules(rule("d", "s3:ObjectRemoved:*"));
  send("PUT", "/bucket?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
  const std::string version = send("PUT", "/bucket/a", "x").header("x-amz-version-id");
  const std::string marker = send("DELETE", "/bucket/a").header("x-amz-version-id");
  EXPECT_EQ(last_object().at("versionId"), json::value(marker));
  EXPECT_EQ(last_object().at("eTag"), "d41d8cd98f00b204e9800998ecf8427e");
  const std::string first(last_object().at("sequencer").as_string());
  send("DELETE", "/bucket/a?versionId=" + version);
  EXPECT_EQ(last_object().at("versionId"), json::value(version));
  EXPECT_LT(first, std::string(last_object().at("sequencer").as_string()));
  EXPECT_EQ(events(), (Strings{"ObjectRemoved:DeleteMarkerCreated", "ObjectRemoved:Delete"}));
}

TEST_F(NotificationTest, AccessListsHaveTheirs) {
  send("PUT", "/bucket?ownershipControls",
       "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>");
  put_rules(rule("a", "s3:ObjectAcl:Put"));
  send("PUT", "/bucket/a", "x");
  EXPECT_EQ(send("PUT", "/bucket/a?acl", {}, {{"x-amz-acl", "private"}}).status, 200);
  EXPECT_EQ(events(), (Strings{"ObjectAcl:Put"}));
}

TEST_F(NotificationTest, WhatFailsTellsNobody) {
  put_rules(rule("c", "s3:ObjectCreated:*"));
  send("PUT", "/bucket/a", "x", {{"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}});
  send("PUT", "/bucket/a", "x", {{"If-Match", "\"none\""}});
  EXPECT_TRUE(functions_.sent.empty());
}

}  // namespace
}  // namespace sortie::emulator
