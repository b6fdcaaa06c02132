#include <gtest/gtest.h>

#include "emulator/s3/s3_fixture.h"

namespace sortie::emulator {
namespace {

class DocumentsTest : public S3Fixture {
 protected:
  DocumentsTest() { send("PUT", "/bucket"); }

  std::string code_of(const std::string& subresource, const std::string& document) {
    return send("PUT", "/bucket?" + subresource, document).code();
  }
};

TEST_F(DocumentsTest, AreKeptAsTheyAreAndTakenAway) {
  const std::string rule =
      "<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin><ID>a&amp;b</ID></CORSRule>";
  EXPECT_EQ(send("GET", "/bucket?cors").code(), "NoSuchCORSConfiguration");
  EXPECT_EQ(send("PUT", "/bucket?cors", "<CORSConfiguration>" + rule + "</CORSConfiguration>").status, 200);
  restart();
  EXPECT_NE(send("GET", "/bucket?cors").body.find(rule), std::string::npos);
  EXPECT_EQ(send("DELETE", "/bucket?cors").status, 204);
  EXPECT_EQ(send("GET", "/bucket?cors").code(), "NoSuchCORSConfiguration");
}

TEST_F(DocumentsTest, CorsRulesAreChecked) {
  const auto with = [](const std::string& inside) {
    return "<CORSConfiguration><CORSRule>" + inside + "</CORSRule></CORSConfiguration>";
  };
  EXPECT_EQ(code_of("cors", "<CORSConfiguration/>"), "MalformedXML");
  EXPECT_EQ(code_of("cors", "<Other/>"), "MalformedXML");
  EXPECT_EQ(code_of("cors", with("<AllowedMethod>GET</AllowedMethod>")), "MalformedXML");
  EXPECT_EQ(code_of("cors", with("<AllowedMethod>get</AllowedMethod><AllowedOrigin>*</AllowedOrigin>")),
            "InvalidRequest");
  EXPECT_EQ(code_of("cors", with("<AllowedMethod>GET</AllowedMethod><AllowedOrigin>*.*</AllowedOrigin>")),
            "InvalidRequest");
}

TEST_F(DocumentsTest, LifecycleRulesAreCheckedAndNamed) {
  const auto with = [](const std::string& inside) {
    return "<LifecycleConfiguration><Rule>" + inside + "</Rule></LifecycleConfiguration>";
  };
  const std::string filter = "<Filter/><Status>Enabled</Status>";
  EXPECT_EQ(send("PUT", "/bucket?lifecycle", with(filter + "<Expiration><Days>3</Days></Expiration>")).status, 200);
  const Answer kept = send("GET", "/bucket?lifecycle");
  EXPECT_EQ(kept.element("ID").size(), 48U);
  EXPECT_EQ(kept.header("x-amz-transition-default-minimum-object-size"), "all_storage_classes_128K");
  EXPECT_EQ(code_of("lifecycle", with(filter)), "InvalidRequest");
  EXPECT_EQ(code_of("lifecycle", with("<Filter/><Status>On</Status>")), "MalformedXML");
  EXPECT_EQ(code_of("lifecycle", with("<Status>Enabled</Status><Expiration><Days>3</Days></Expiration>")),
            "MalformedXML");
  EXPECT_EQ(code_of("lifecycle", with(filter + "<Expiration><Days>0</Days></Expiration>")), "InvalidArgument");
  const std::string twice = filter + "<ID>a</ID><Expiration><Days>1</Days></Expiration></Rule><Rule><ID>a</ID>" +
                            filter + "<Expiration><Days>1</Days></Expiration>";
  EXPECT_EQ(code_of("lifecycle", with(twice)), "InvalidArgument");
}

TEST_F(DocumentsTest, DaysAndDatesOfLifecycleRulesAreChecked) {
  const auto outcome = [&](const std::string& actions) {
    return code_of("lifecycle", "<LifecycleConfiguration><Rule><Filter/><Status>Enabled</Status>" + actions +
                                    "</Rule></LifecycleConfiguration>");
  };
  const auto expires = [&](const std::string& when) { return outcome("<Expiration>" + when + "</Expiration>"); };
  EXPECT_EQ(expires("<Date>2030-01-01T00:00:00.000Z</Date>"), "");
  EXPECT_EQ(expires("<Date>2030-01-01T01:00:00+01:00</Date>"), "");
  EXPECT_EQ(expires("<Date>2030-01-01T00:00:01Z</Date>"), "InvalidArgument");
  EXPECT_EQ(expires("<Date>2030-01-01T00:00:00+01:00</Date>"), "InvalidArgument");
  EXPECT_EQ(expires("<Date>T00:00:00</Date>"), "MalformedXML");
  EXPECT_EQ(expires("<Days>-1</Days>"), "InvalidArgument");
  EXPECT_EQ(expires("<Days>1.5</Days>"), "MalformedXML");
  EXPECT_EQ(expires("<Days>2147483648</Days>"), "MalformedXML");
  EXPECT_EQ(expires("<Days>1</Days><Date>2030-01-01T00:00:00Z</Date>"), "MalformedXML");
  const auto moves = [&](const std::string& when, const std::string& to) {
    return outcome("<Transition>" + when + "<StorageClass>" + to + "</StorageClass></Transition>");
  };
  EXPECT_EQ(moves("<Days>0</Days>", "GLACIER"), "");
  EXPECT_EQ(moves("<Days>-1</Days>", "GLACIER"), "InvalidArgument");
  EXPECT_EQ(moves("<Days>29</Days>", "STANDARD_IA"), "InvalidArgument");
  EXPECT_EQ(moves("<Date>2030-01-01T12:00:00Z</Date>", "GLACIER"), "InvalidArgument");
  EXPECT_EQ(moves("<Days>30</Days>", "TAPE"), "MalformedXML");
  EXPECT_EQ(outcome("<Expiration><Days>40</Days></Expiration><Transition><Days>40</Days><StorageClass>GLACIER"
                    "</StorageClass></Transition>"),
            "InvalidArgument");
  EXPECT_EQ(outcome("<NoncurrentVersionExpiration><NoncurrentDays>0</NoncurrentDays></NoncurrentVersionExpiration>"),
            "InvalidArgument");
  EXPECT_EQ(outcome("<AbortIncompleteMultipartUpload><DaysAfterInitiation>0</DaysAfterInitiation>"
                    "</AbortIncompleteMultipartUpload>"),
            "InvalidArgument");
}

TEST_F(DocumentsTest, EncryptionIsS3sOwn) {
  const auto with = [](const std::string& by_default) {
    return "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>" + by_default +
           "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>";
  };
  EXPECT_EQ(send("GET", "/bucket?encryption").element("SSEAlgorithm"), "AES256");
  EXPECT_EQ(send("PUT", "/bucket?encryption", with("<SSEAlgorithm>AES256</SSEAlgorithm>")).status, 200);
  EXPECT_EQ(code_of("encryption", with("<SSEAlgorithm>aws:kms</SSEAlgorithm>")), "NotImplemented");
  EXPECT_EQ(code_of("encryption", with("<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>")),
            "InvalidArgument");
  EXPECT_EQ(code_of("encryption", "<ServerSideEncryptionConfiguration/>"), "MalformedXML");
}

TEST_F(DocumentsTest, OwnershipDecidesAboutAcls) {
  EXPECT_EQ(send("GET", "/bucket?ownershipControls").element("ObjectOwnership"), "BucketOwnerEnforced");
  EXPECT_EQ(send("PUT", "/bucket?acl", {}, {{"x-amz-acl", "private"}}).code(), "AccessControlListNotSupported");
  const std::string writer =
      "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>";
  EXPECT_EQ(send("PUT", "/bucket?ownershipControls", writer).status, 200);
  EXPECT_EQ(send("PUT", "/bucket?acl", {}, {{"x-amz-acl", "private"}}).status, 200);
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"x-amz-acl", "bucket-owner-read"}}).status, 200);
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"x-amz-acl", "public-read"}}).code(), "AccessDenied");
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"x-amz-acl", "fake"}}).code(), "InvalidArgument");
  send("PUT", "/bucket?publicAccessBlock", "<PublicAccessBlockConfiguration/>");
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"x-amz-acl", "public-read"}}).status, 200);
  send("DELETE", "/bucket?publicAccessBlock");
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"x-amz-acl", "public-read"}}).status, 200);
}

TEST_F(DocumentsTest, DeletedOwnershipControlsAreGone) {
  EXPECT_EQ(send("DELETE", "/bucket?ownershipControls").status, 204);
  EXPECT_EQ(send("GET", "/bucket?ownershipControls").code(), "OwnershipControlsNotFoundError");
}

TEST_F(DocumentsTest, OwnersMayGiveThemselvesFullControl) {
  send("PUT", "/bucket?ownershipControls",
       "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>");
  const std::string own = send("GET", "/bucket?acl").body;
  EXPECT_EQ(send("PUT", "/bucket?acl", own).status, 200);
  std::string other = own;
  other.replace(other.rfind("FULL_CONTROL"), 12, "READ");
  EXPECT_EQ(send("PUT", "/bucket?acl", other).status, 200);
  EXPECT_EQ(send("GET", "/bucket?acl").element("Permission"), "READ");
  EXPECT_EQ(send("PUT", "/bucket?acl", "<AccessControlPolicy/>").code(), "MalformedACLError");
  EXPECT_EQ(send("PUT", "/bucket?acl").code(), "MissingSecurityHeader");
}

TEST_F(DocumentsTest, WhatABucketNeverHasIsSaidAsAwsSaysIt) {
  EXPECT_EQ(send("GET", "/bucket?replication").code(), "ReplicationConfigurationNotFoundError");
  EXPECT_EQ(send("GET", "/bucket?website").code(), "NoSuchWebsiteConfiguration");
  EXPECT_EQ(send("GET", "/bucket?object-lock").code(), "ObjectLockConfigurationNotFoundError");
  EXPECT_EQ(send("GET", "/bucket?requestPayment").element("Payer"), "BucketOwner");
  EXPECT_EQ(send("GET", "/bucket?logging").status, 200);
  const auto log_to = [&](const std::string& target) {
    return code_of("logging", "<BucketLoggingStatus><LoggingEnabled><TargetBucket>" + target +
                                  "</TargetBucket></LoggingEnabled></BucketLoggingStatus>");
  };
  EXPECT_EQ(log_to("none"), "InvalidTargetBucketForLogging");
  EXPECT_EQ(log_to("bucket"), "NotImplemented");
}

TEST_F(DocumentsTest, WhoPaysAndWhereIsKept) {
  EXPECT_EQ(code_of("requestPayment", "<RequestPaymentConfiguration><Payer>Me</Payer></RequestPaymentConfiguration>"),
            "MalformedXML");
  send("PUT", "/bucket?requestPayment",
       "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>");
  EXPECT_EQ(send("GET", "/bucket?requestPayment").element("Payer"), "Requester");
  send("PUT", "/bucket?accelerate", "<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>");
  EXPECT_EQ(send("GET", "/bucket?accelerate").element("Status"), "Enabled");
}

TEST_F(DocumentsTest, BucketsAreMadeWithOwnershipAndTags) {
  const std::string body =
      "<CreateBucketConfiguration><Tags><Tag><Key>k</Key><Value>v</Value></Tag></Tags></CreateBucketConfiguration>";
  EXPECT_EQ(send("PUT", "/tagged", body, {{"x-amz-object-ownership", "ObjectWriter"}}).status, 200);
  EXPECT_EQ(send("GET", "/tagged?tagging").element("Value"), "v");
  EXPECT_EQ(send("GET", "/tagged?ownershipControls").element("ObjectOwnership"), "ObjectWriter");
  EXPECT_EQ(send("PUT", "/tagged", body).code(), "BucketAlreadyOwnedByYou");
  EXPECT_EQ(send("PUT", "/other", {}, {{"x-amz-object-ownership", "Mine"}}).code(), "InvalidArgument");
}

}  // namespace
}  // namespace sortie::emulator
