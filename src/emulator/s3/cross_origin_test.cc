#include "emulator/s3/s3_fixture.h"

namespace sortie::emulator {
namespace {

class CrossOriginTest : public S3Fixture {
 protected:
  CrossOriginTest() {
    send("PUT", "/bucket");
    send("PUT", "/bucket/k", "x");
  }
  void allow(const std::string& method) {
    const Answer put = send("PUT", "/bucket?cors",
                            "<CORSConfiguration><CORSRule><AllowedOrigin>https://app.example</AllowedOrigin>"
                            "<AllowedMethod>" +
                                method +
                                "</AllowedMethod><AllowedHeader>*</AllowedHeader>"
                                "<ExposeHeader>ETag</ExposeHeader></CORSRule></CORSConfiguration>");
    ASSERT_EQ(put.status, 200) << put.body;
  }
  Answer ask(const std::string& path, const Fields& headers) {
    Call call = make_call("OPTIONS", path, {}, headers);
    call.principal = {};
    call.signature = Call::Signature::none;
    call.signature_version.clear();
    return send(std::move(call));
  }
  const Fields preflight{{"Origin", "https://app.example"}, {"Access-Control-Request-Method", "PUT"}};
};

/// Texts as AWS was seen to answer.
TEST_F(CrossOriginTest, PreflightsAreRefusedByName) {
  EXPECT_EQ(ask("/bucket/k", {}).element("Message"), "Insufficient information. Origin request header needed.");
  const Answer off = ask("/bucket/k", preflight);
  EXPECT_EQ(off.status, 403);
  EXPECT_EQ(off.code(), "AccessForbidden");
  EXPECT_EQ(off.element("Message"), "CORSResponse: CORS is not enabled for this bucket.");
  EXPECT_EQ(off.element("Method"), "PUT");
  EXPECT_EQ(off.element("ResourceType"), "BUCKET");
  EXPECT_EQ(ask("/none/k", preflight).element("Message"), "CORSResponse: Bucket not found");
  allow("GET");
  const Answer other = ask("/bucket/k", preflight);
  EXPECT_EQ(other.status, 403);
  EXPECT_EQ(other.element("ResourceType"), "OBJECT");
  EXPECT_EQ(other.header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(ask("/bucket/k", {{"Origin", "https://app.example"}}).code(), "BadRequest");
}

TEST_F(CrossOriginTest, PreflightsAreAnsweredWithoutASignature) {
  allow("PUT");
  authorizer_.forbidden = {"s3:PutObject", "s3:GetObject"};
  Fields asked = preflight;
  asked.emplace_back("Access-Control-Request-Headers", "Content-Type, x-amz-acl");
  const Answer answer = ask("/bucket/k?X-Amz-Signature=0", asked);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(answer.header("Access-Control-Allow-Headers"), "content-type, x-amz-acl");
  EXPECT_NE(answer.header("Vary"), "");
}

TEST_F(CrossOriginTest, AnswersCarryTheHeadersRefusalsToo) {
  allow("GET");
  const Fields from{{"Origin", "https://app.example"}};
  EXPECT_EQ(send("GET", "/bucket/k", {}, from).header("Access-Control-Expose-Headers"), "ETag");
  EXPECT_EQ(send("GET", "/bucket/none", {}, from).header("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(send("PUT", "/bucket/k", "y", from).header("Access-Control-Allow-Origin"), "") << "PUT is not allowed";
  EXPECT_EQ(send("GET", "/bucket/k", {}, {{"Origin", "https://evil.example"}}).header("Vary"), "");
  EXPECT_EQ(send("GET", "/bucket/k").header("Access-Control-Allow-Origin"), "");
  const Call refused = make_call("GET", "/bucket/k", {}, from);
  EXPECT_EQ(
      s3_->render_error({403, "AccessDenied", "Request has expired", {}}, "R", refused.request).headers.get("Vary"),
      "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

}  // namespace
}  // namespace sortie::emulator
