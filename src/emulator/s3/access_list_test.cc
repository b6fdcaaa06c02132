#include "emulator/s3/access/access_list.h"

#include "emulator/s3/s3_fixture.h"

/// Access control lists: as values, and what they let through.
namespace sortie::emulator {
namespace {

using s3::AccessList;
using s3::Permission;

const std::string k_owner(64, 'a');
const std::string k_other(64, 'b');
const s3::AclSubject k_of_object{k_owner, k_owner};

http::Headers headers(const std::vector<std::pair<std::string, std::string>>& fields) {
  http::Headers result;
  for (const auto& [name, value] : fields) result.add(name, value);
  return result;
}

std::string grant_xml(const std::string& type, const std::string& inside, const std::string& permission = "READ") {
  return "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"" + type + "\">" + inside +
         "</Grantee><Permission>" + permission + "</Permission></Grant>";
}

std::string policy_xml(const std::string& grants, const std::string& owner = k_owner) {
  return "<AccessControlPolicy><Owner><ID>" + owner + "</ID></Owner><AccessControlList>" + grants +
         "</AccessControlList></AccessControlPolicy>";
}

std::string code_of(const std::string& xml) {
  const auto list = s3::read_acl_document(xml, k_of_object);
  return list ? "" : list.error().code;
}

TEST(AccessList, CannedListsGiveWhatTheySay) {
  const auto grants = [](const std::string& name) {
    const auto list = s3::read_acl_headers(headers({{"x-amz-acl", name}}), {k_owner, k_other});
    std::string text;
    for (const auto& grant : (*list)->grants) {
      text += std::string(s3::to_string(grant.permission)) + " " +
              grant.grantee.substr(grant.grantee.rfind('/') + 1, 12) + "\n";
    }
    return text;
  };
  const std::string own = "FULL_CONTROL aaaaaaaaaaaa\n";
  EXPECT_EQ(grants("private"), own);
  EXPECT_EQ(grants("public-read"), own + "READ AllUsers\n");
  EXPECT_EQ(grants("public-read-write"), own + "READ AllUsers\nWRITE AllUsers\n");
  EXPECT_EQ(grants("authenticated-read"), own + "READ Authenticate\n");
  EXPECT_EQ(grants("aws-exec-read"), own + "READ 6aa5a366c34c\n");
  EXPECT_EQ(grants("log-delivery-write"), own + "WRITE LogDelivery\nREAD_ACP LogDelivery\n");
  EXPECT_EQ(grants("bucket-owner-read"), own + "READ bbbbbbbbbbbb\n");
  EXPECT_EQ(grants("bucket-owner-full-control"), own + "FULL_CONTROL bbbbbbbbbbbb\n");
  const auto unknown = s3::read_acl_headers(headers({{"x-amz-acl", "fake-acl"}}), k_of_object);
  EXPECT_EQ(unknown.error().fields[1].second, "fake-acl");
}

TEST(AccessList, HeadersNameGranteesWithOrWithoutQuotationMarks) {
  const auto list = s3::read_acl_headers(
      headers({{"x-amz-grant-read", "id=" + k_other + ", uri=\"" + std::string(s3::k_all_users) + "\""},
               {"x-amz-grant-full-control", "id=\"" + k_owner + "\""}}),
      k_of_object);
  const std::vector<s3::Grant> expected = {{k_owner, Permission::full_control},
                                           {k_other, Permission::read},
                                           {std::string(s3::k_all_users), Permission::read}};
  EXPECT_EQ((*list)->grants, expected);
}

TEST(AccessList, HeadersThatSayNothingSensibleAreRefused) {
  const auto error = [](const std::string& name, const std::string& value) {
    return s3::read_acl_headers(headers({{name, value}}), k_of_object).error();
  };
  EXPECT_EQ(error("x-amz-grant-read", "id=wrong-id").message, "Invalid id");
  EXPECT_EQ(error("x-amz-grant-read", "uri=\"http://acs.amazonaws.com/groups/s3/FakeGroup\"").message,
            "Invalid group uri");
  EXPECT_EQ(error("x-amz-grant-write", "fakekey=\"1234\"").fields[1].second, "fakekey=\"1234\"");
  EXPECT_EQ(error("x-amz-grant-write", "nothing").message, "Argument format not recognized");
  EXPECT_EQ(error("x-amz-grant-write", "emailAddress=\"a@b.c\"").status, 405);
  std::string many = "id=" + k_owner;
  for (int i = 0; i < 100; ++i) many += ",id=" + std::string(62, 'c') + std::to_string(10 + i).substr(0, 2);
  EXPECT_TRUE(s3::read_acl_headers(headers({{"x-amz-grant-read", many}}), k_of_object));  // the same ones count once
  const auto both =
      s3::read_acl_headers(headers({{"x-amz-acl", "private"}, {"x-amz-grant-read", "id=x"}}), k_of_object);
  EXPECT_EQ(both.error().message, "Specifying both Canned ACLs and Header Grants is not allowed");
}

TEST(AccessList, DocumentsAreReadAsWritten) {
  const std::string group = grant_xml("Group", "<URI>" + std::string(s3::k_log_delivery) + "</URI>", "WRITE");
  const auto list =
      s3::read_acl_document(policy_xml(grant_xml("CanonicalUser", "<ID>" + k_other + "</ID>") + group), k_of_object);
  ASSERT_TRUE(list);
  EXPECT_EQ(s3::unpack_acl(s3::pack(*list)), *list);
  EXPECT_EQ(*s3::read_acl_document(s3::acl_document(*list), k_of_object), *list);
  EXPECT_TRUE(s3::read_acl_document(policy_xml(""), k_of_object)->grants.empty());
}

TEST(AccessList, DocumentsHaveASchema) {
  const std::string good = grant_xml("CanonicalUser", "<ID>" + k_other + "</ID>");
  EXPECT_EQ(code_of(""), "MalformedACLError");
  EXPECT_EQ(code_of("<AccessControlPolicy/>"), "MalformedACLError");
  EXPECT_EQ(code_of("<AccessControlPolicy><Owner><ID>" + k_owner + "</ID></Owner></AccessControlPolicy>"),
            "MalformedACLError");
  EXPECT_EQ(code_of("<AccessControlPolicy><AccessControlList>" + good + "</AccessControlList></AccessControlPolicy>"),
            "MalformedACLError");
  EXPECT_EQ(code_of(policy_xml("<Other/>")), "MalformedACLError");
  EXPECT_EQ(code_of(policy_xml(grant_xml("CanonicalUser", "<ID>" + k_other + "</ID>", "LOOK"))), "MalformedACLError");
  EXPECT_EQ(code_of(policy_xml(grant_xml("Canonical User", "<ID>" + k_other + "</ID>"))), "MalformedACLError");
  EXPECT_EQ(code_of(policy_xml(grant_xml("Group", "<ID>" + k_other + "</ID>"))), "MalformedACLError");
  EXPECT_EQ(code_of(policy_xml(grant_xml("CanonicalUser", "<ID>wrong-id</ID>"))), "InvalidArgument");
  EXPECT_EQ(code_of(policy_xml(grant_xml("Group", "<URI>http://x</URI>"))), "InvalidArgument");
  EXPECT_EQ(code_of(policy_xml(grant_xml("AmazonCustomerByEmail", "<EmailAddress>a@b</EmailAddress>"))),
            "MethodNotAllowed");
  EXPECT_EQ(code_of(policy_xml(good, "wrong-id")), "InvalidArgument");
  EXPECT_EQ(code_of(policy_xml(good, k_other)), "AccessDenied");
  std::string many;
  for (int i = 0; i < 101; ++i) many += good;
  EXPECT_EQ(code_of(policy_xml(many)), "MalformedACLError");
}

class ListedAccessTest : public S3Fixture {
 protected:
  ListedAccessTest() {
    send("PUT", "/bucket", {}, {{"x-amz-object-ownership", "ObjectWriter"}});
    send("DELETE", "/bucket?publicAccessBlock");
  }

  Answer anonymous(const std::string& method, const std::string& path, http::Body body = {},
                   const Fields& fields = {}) {
    Call call = make_call(method, path, std::move(body), fields);
    call.principal = {};
    call.signature = Call::Signature::none;
    call.signature_version.clear();
    return send(std::move(call));
  }

  /// Whether the last question came with a policy that allows everything to everyone.
  [[nodiscard]] bool listed() const { return authorizer_.asked.back().resource_policy.contains("\"s3:*\""); }
};

TEST_F(ListedAccessTest, AListIsHeardWhenNoPolicyAllows) {
  send("PUT", "/bucket/k", "x", {{"x-amz-acl", "public-read"}});
  authorizer_.forbidden = {"s3:GetObject"};
  EXPECT_EQ(anonymous("GET", "/bucket/k").status, 403);  // this authorizer forbids whatever the policy says
  EXPECT_TRUE(listed());
  send("PUT", "/bucket/k", "x");
  EXPECT_EQ(anonymous("GET", "/bucket/k").status, 403);
  EXPECT_FALSE(listed());
}

TEST_F(ListedAccessTest, DeniesOfTheBucketPolicyAreKept) {
  send("PUT", "/bucket/k", "x", {{"x-amz-acl", "public-read"}});
  send(
      "PUT", "/bucket?policy",
      R"({"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/k"}]})");
  authorizer_.forbidden = {"s3:GetObject"};
  anonymous("GET", "/bucket/k");
  EXPECT_TRUE(listed());
  EXPECT_TRUE(authorizer_.asked.back().resource_policy.contains("\"Deny\""));
}

TEST_F(ListedAccessTest, PublicListsCanBeIgnored) {
  send("PUT", "/bucket/k", "x", {{"x-amz-acl", "public-read"}});
  send("PUT", "/bucket?publicAccessBlock",
       "<PublicAccessBlockConfiguration><IgnorePublicAcls>true</IgnorePublicAcls></PublicAccessBlockConfiguration>");
  authorizer_.forbidden = {"s3:GetObject"};
  anonymous("GET", "/bucket/k");
  EXPECT_FALSE(listed());
}

TEST_F(ListedAccessTest, ListsThatAreOffSayNothing) {
  send("PUT", "/bucket/k", "x", {{"x-amz-acl", "public-read"}});
  send("PUT", "/bucket?ownershipControls",
       "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>");
  authorizer_.forbidden = {"s3:GetObject"};
  anonymous("GET", "/bucket/k");
  EXPECT_FALSE(listed());
  EXPECT_EQ(send("GET", "/bucket/k?acl").elements("Permission").size(), 1U);
}

TEST_F(ListedAccessTest, WhatOthersUploadIsTheirs) {
  send("PUT", "/bucket?acl", {}, {{"x-amz-acl", "public-read-write"}});
  EXPECT_EQ(anonymous("PUT", "/bucket/theirs", "x").status, 200);
  EXPECT_EQ(send("GET", "/bucket/theirs").code(), "AccessDenied");
  EXPECT_EQ(anonymous("GET", "/bucket/theirs").body, "x");
  EXPECT_EQ(send("GET", "/bucket").element("ID"), s3::k_anonymous_id);
  EXPECT_EQ(send("GET", "/bucket?versions").element("ID"), s3::k_anonymous_id);
  EXPECT_EQ(anonymous("PUT", "/bucket/theirs", "y", {{"x-amz-acl", "bucket-owner-read"}}).status, 200);
  EXPECT_EQ(send("GET", "/bucket/theirs").body, "y");
  EXPECT_EQ(send("GET", "/bucket/theirs?acl").code(), "AccessDenied");
  EXPECT_EQ(anonymous("POST", "/bucket/large?uploads").code(), "AccessDenied");
  EXPECT_EQ(send("DELETE", "/bucket/theirs").status, 204);
}

TEST_F(ListedAccessTest, PreferredOwnersAreHandedOver) {
  send("PUT", "/bucket?ownershipControls",
       "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerPreferred</ObjectOwnership></Rule></OwnershipControls>");
  anonymous("PUT", "/bucket/k", "x", {{"x-amz-acl", "bucket-owner-full-control"}});
  EXPECT_EQ(send("GET", "/bucket/k").body, "x");
  EXPECT_EQ(send("GET", "/bucket/k?acl").elements("Permission").size(), 1U);
}

TEST_F(ListedAccessTest, ListsCannotBeTurnedOffWhileTheBucketsGivesSomething) {
  send("PUT", "/bucket?acl", {}, {{"x-amz-acl", "log-delivery-write"}});
  const std::string enforced =
      "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>";
  EXPECT_EQ(send("PUT", "/bucket?ownershipControls", enforced).code(), "InvalidBucketAclWithObjectOwnership");
  send("PUT", "/bucket?acl", {}, {{"x-amz-acl", "private"}});
  EXPECT_EQ(send("PUT", "/bucket?ownershipControls", enforced).status, 200);
}

TEST_F(ListedAccessTest, NewBucketsTakeListsWithTheirOwnership) {
  const std::string everyone = "uri=" + std::string(s3::k_all_users);
  EXPECT_EQ(send("PUT", "/other", {}, {{"x-amz-acl", "log-delivery-write"}}).code(),
            "InvalidBucketAclWithObjectOwnership");
  EXPECT_EQ(
      send("PUT", "/other", {}, {{"x-amz-grant-read", everyone}, {"x-amz-object-ownership", "ObjectWriter"}}).code(),
      "InvalidBucketAclWithBlockPublicAccessError");
  EXPECT_EQ(send("PUT", "/other", {}, {{"x-amz-acl", "log-delivery-write"}, {"x-amz-object-ownership", "ObjectWriter"}})
                .status,
            200);
  EXPECT_EQ(send("GET", "/other?acl").elements("Permission").size(), 3U);
  EXPECT_EQ(send("PUT", "/other").status, 200);  // made again: its list is as it was at first
  EXPECT_EQ(send("GET", "/other?acl").elements("Permission").size(), 1U);
}

TEST_F(ListedAccessTest, ListsAreOfVersionsAndAreNotCopied) {
  send("PUT", "/bucket?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
  const std::string first = send("PUT", "/bucket/k", "1", {{"x-amz-acl", "public-read"}}).header("x-amz-version-id");
  send("PUT", "/bucket/k", "2");
  const auto grants = [&](const std::string& path) { return send("GET", path).elements("Permission").size(); };
  EXPECT_EQ(grants("/bucket/k?acl&versionId=" + first), 2U);
  EXPECT_EQ(grants("/bucket/k?acl"), 1U);
  send("PUT", "/bucket/copy", {}, {{"x-amz-copy-source", "bucket/k?versionId=" + first}});
  EXPECT_EQ(grants("/bucket/copy?acl"), 1U);
  authorizer_.forbidden = {"s3:GetObjectVersionAcl", "s3:PutObjectVersionAcl"};
  EXPECT_EQ(send("GET", "/bucket/k?acl&versionId=" + first).status, 403);
  EXPECT_EQ(send("PUT", "/bucket/k?acl&versionId=" + first, {}, {{"x-amz-acl", "private"}}).status, 403);
  restart();
  authorizer_.forbidden.clear();
  EXPECT_EQ(grants("/bucket/k?acl&versionId=" + first), 2U);
}

TEST_F(ListedAccessTest, AnUploadWithAListNeedsTheRightToSetIt) {
  authorizer_.forbidden = {"s3:PutObjectAcl"};
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"x-amz-acl", "private"}}).status, 403);
  EXPECT_EQ(send("PUT", "/bucket/k", "x").status, 200);
  authorizer_.forbidden = {"s3:PutBucketAcl"};
  EXPECT_EQ(send("PUT", "/another", {}, {{"x-amz-acl", "private"}}).status, 403);
}

}  // namespace
}  // namespace sortie::emulator
