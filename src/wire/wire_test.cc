#include <gtest/gtest.h>

#include "wire/arn.h"
#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/event_stream.h"
#include "wire/json.h"
#include "wire/query_protocol.h"
#include "wire/sigv2.h"
#include "wire/uri.h"
#include "wire/xml.h"

namespace sortie::wire {
namespace {

// RFC 3720 B.4, the NVM Express specification, RFC 1321, FIPS 180: the digest of "123456789".
TEST(Checksum, PublishedValues) {
  const std::string_view text = "123456789";
  EXPECT_EQ(hex_encode(checksum(ChecksumAlgorithm::crc32, text)), "cbf43926");
  EXPECT_EQ(hex_encode(checksum(ChecksumAlgorithm::crc32c, text)), "e3069283");
  EXPECT_EQ(hex_encode(checksum(ChecksumAlgorithm::crc64nvme, text)), "ae8b14860a799888");
  EXPECT_EQ(hex_encode(checksum(ChecksumAlgorithm::md5, text)), "25f9e794323b453885f5181f1b624d0b");
  EXPECT_EQ(hex_encode(checksum(ChecksumAlgorithm::sha1, text)), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Checksum, PiecesGiveTheSameAsTheWhole) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += char(i * 7);
  for (const auto algorithm : {ChecksumAlgorithm::crc32, ChecksumAlgorithm::crc32c, ChecksumAlgorithm::crc64nvme,
                               ChecksumAlgorithm::sha1, ChecksumAlgorithm::sha256, ChecksumAlgorithm::md5}) {
    Checksum running(algorithm);
    for (std::size_t at = 0; at < bytes.size(); at += 13) running.update(std::string_view(bytes).substr(at, 13));
    EXPECT_EQ(running.finish(), checksum(algorithm, bytes)) << to_string(algorithm);
    running.update("123");
    EXPECT_EQ(running.finish(), checksum(algorithm, "123")) << "starts again";
  }
}

// RFC 2202 and 4231, case 2; a key longer than a block.
TEST(Hmac, PublishedValues) {
  EXPECT_EQ(hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex_encode(hmac_sha1("Jefe", "what do ya want for nothing?")), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(hex_encode(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Base64, RoundTripAndStrictness) {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    EXPECT_EQ(base64_decode(base64_encode(text)), text);
  }
  EXPECT_EQ(base64_encode("fooba"), "Zm9vYmE=");
  for (const auto* bad : {"Zg", "Zg=", "Zg===", "Zh==", "Z g=", "Zm9v!!==", "====", "Zm=v"}) {
    EXPECT_FALSE(base64_decode(bad)) << bad;
  }
}

TEST(Hex, RoundTripAndStrictness) {
  EXPECT_EQ(hex_decode("00fF"), std::string("\0\xff", 2));
  EXPECT_FALSE(hex_decode("0"));
  EXPECT_FALSE(hex_decode("0g"));
}

TEST(Uri, EncodesAsAwsDoes) {
  EXPECT_EQ(uri_encode("a b/c+é~*"), "a%20b%2Fc%2B%C3%A9~%2A");
  EXPECT_EQ(uri_encode("a/b", Slash::keep), "a/b");
  EXPECT_EQ(uri_decode("a%20b+c"), "a b+c");
  EXPECT_EQ(uri_decode("a+b", Plus::is_space), "a b");
  EXPECT_FALSE(uri_decode("%4"));
  EXPECT_FALSE(uri_decode("100%"));
  EXPECT_EQ(uri_decode_lenient("100%zz%41"), "100%zzA");
}

TEST(Uri, Queries) {
  const auto parameters = *parse_query("a=1&b&c=%26&a=2&&d=x=y");
  ASSERT_EQ(parameters.size(), 5U);
  EXPECT_EQ(find_parameter(parameters, "a"), "1");
  EXPECT_EQ(find_parameter(parameters, "b"), "");
  EXPECT_EQ(find_parameter(parameters, "d"), "x=y");
  EXPECT_FALSE(find_parameter(parameters, "A"));
  EXPECT_EQ(build_query(parameters), "a=1&b=&c=%26&a=2&d=x%3Dy");
  EXPECT_FALSE(parse_query("a=%"));
  EXPECT_FALSE(parse_query("a&b&c", 2));
}

TEST(Uri, Urls) {
  const auto url = *parse_url("HTTPS://Example.com:8443/a/b?c=d");
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "example.com");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.path, "/a/b");
  EXPECT_EQ(url.query, "c=d");
  EXPECT_EQ(to_string(url), "https://example.com:8443/a/b?c=d");
  EXPECT_EQ(parse_url("http://[::1]:80")->host, "[::1]");
  EXPECT_EQ(parse_url("http://h?q")->query, "q");
  for (const auto* bad : {"", "host", "ftp://h", "http://", "http://h:0", "http://h:70000", "http://h:", "http://u@h",
                          "http://h/#f", "http://h/a b", "http://h\r\n/", "http://h/\x01"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

TEST(Arn, ReadsAndWrites) {
  const auto arn = *parse_arn("arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST");
  EXPECT_EQ(arn.service, "lambda");
  EXPECT_EQ(arn.resource, "function:f:$LATEST");
  EXPECT_EQ(to_string(arn), "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST");
  EXPECT_TRUE(is_arn("arn:aws:s3:::bucket"));
  for (const auto* bad : {"", "arn", "arn:aws:s3:::", "arn::s3:::b", "urn:aws:s3:::b", "arn:aws:s3::b"}) {
    EXPECT_FALSE(parse_arn(bad)) << bad;
  }
  EXPECT_FALSE(is_arn("arn:aws:s3:::" + std::string(2048, 'b')));
  EXPECT_EQ(partition_of("cn-north-1"), "aws-cn");
  EXPECT_EQ(dns_suffix_of("cn-north-1"), "amazonaws.com.cn");
}

const SystemTime k_time{std::chrono::milliseconds(1'440'938'160'123)};

TEST(Date, Formats) {
  EXPECT_EQ(format_iso8601(k_time), "2015-08-30T12:36:00Z");
  EXPECT_EQ(format_iso8601_millis(k_time), "2015-08-30T12:36:00.123Z");
  EXPECT_EQ(format_iso8601_offset(k_time), "2015-08-30T12:36:00.123+0000");
  EXPECT_EQ(format_amz_date(k_time), "20150830T123600Z");
  EXPECT_EQ(format_http_date(k_time), "Sun, 30 Aug 2015 12:36:00 GMT");
}

TEST(Date, Parses) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(k_time);
  EXPECT_EQ(parse_iso8601("2015-08-30T12:36:00.1234Z"), k_time);
  EXPECT_EQ(parse_iso8601("2015-08-30T14:36:00.123+02:00"), k_time);
  EXPECT_EQ(parse_iso8601("2015-08-30T12:36:00.123+0000"), k_time);
  EXPECT_EQ(parse_amz_date("20150830T123600Z"), whole);
  for (const auto* text : {"Sun, 30 Aug 2015 12:36:00 GMT", "Sunday, 30-Aug-15 12:36:00 GMT",
                           "Sun Aug 30 12:36:00 2015", "Sun, 30 Aug 2015 12:36:00 +0000"}) {
    EXPECT_EQ(parse_http_date(text), whole) << text;
  }
  EXPECT_EQ(parse_timestamp("1440938160.123"), k_time);
  EXPECT_EQ(parse_timestamp("20150830T123600Z"), whole);
}

TEST(Date, RefusesWhatIsNoDate) {
  for (const auto* bad : {"", "x", "2015-13-01T00:00:00Z", "2015-02-30T00:00:00Z", "2015-08-30T24:00:00Z",
                          "2015-08-30T12:36:00", "20150830T123600", "Sun, 30 Aug 2015 12:36:00", "1e300", "nan",
                          "2015-08-30T12:36:00Zx", "Sun, 30 Foo 2015 12:36:00 GMT"}) {
    EXPECT_FALSE(parse_timestamp(bad)) << bad;
  }
}

EventMessage sample_message() {
  EventMessage message;
  message.headers = {{"yes", true},
                     {"no", false},
                     {"byte", std::int8_t(-1)},
                     {"short", std::int16_t(-2)},
                     {"int", std::int32_t(-3)},
                     {"long", std::int64_t(-4)},
                     {"bytes", EventBytes{'a', '\0'}},
                     {":event-type", std::string("PayloadChunk")},
                     {"time", k_time},
                     {"uuid", EventUuid{1, 2, 3}}};
  message.payload = "payload";
  return message;
}

TEST(EventStream, RoundTripInAnyPieces) {
  const auto frame = *encode_event_message(sample_message());
  for (const std::size_t piece : {1UL, 5UL, 1000UL}) {
    EventStreamDecoder decoder;
    std::vector<EventMessage> got;
    const auto bytes = frame + frame;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      decoder.feed(std::string_view(bytes).substr(at, piece));
      while (auto next = *decoder.next()) got.push_back(*std::move(next));
    }
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[1].headers, sample_message().headers);
    EXPECT_EQ(got[1].event_type(), "PayloadChunk");
    EXPECT_EQ(got[1].payload, "payload");
    EXPECT_TRUE(decoder.at_boundary());
  }
}

// "event-stream" in the Smithy specification's test vectors: an empty message.
TEST(EventStream, PublishedEmptyMessage) {
  EXPECT_EQ(hex_encode(*encode_event_message({})), "000000100000000005c248eb7d98c8ff");
}

TEST(EventStream, AnyChangedBitIsNoticed) {
  const auto frame = *encode_event_message(sample_message());
  for (std::size_t at = 0; at < frame.size(); ++at) {
    auto changed = frame;
    changed[at] ^= 1;
    EventStreamDecoder decoder;
    decoder.feed(changed);
    const auto next = decoder.next();
    EXPECT_TRUE(!next || !*next) << at;
  }
}

TEST(EventStream, LimitsAreCheckedBeforeTheBytesCome) {
  std::string prelude("\xff\xff\xff\xff\0\0\0\0", 8);
  const auto crc = crc32(prelude);
  for (int shift = 24; shift >= 0; shift -= 8) prelude += char(crc >> shift);
  EventStreamDecoder decoder;
  decoder.feed(prelude);
  EXPECT_FALSE(decoder.next());
  EXPECT_FALSE(decoder.next()) << "stays failed";
  EventMessage large;
  large.headers.emplace_back("h", std::string(70'000, 'x'));
  EXPECT_FALSE(encode_event_message(large));
}

TEST(Xml, Writes) {
  XmlWriter xml;
  xml.open("Result", "urn:x").element("Key", "a<b>&\"c\"").element("Empty", "").element("N", 5LL).element("B", true);
  EXPECT_EQ(xml.finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Result xmlns=\"urn:x\"><Key>a&lt;b&gt;&amp;&quot;c&quot;"
            "</Key><Empty/><N>5</N><B>true</B></Result>");
}

TEST(Xml, WhatXmlCannotCarryIsReplaced) {
  EXPECT_EQ(xml_escape(std::string_view("a\0b\x01", 4)),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
  EXPECT_EQ(xml_escape("\xff\xc3\xa9\xed\xa0\x80"), "\xEF\xBF\xBD\xc3\xa9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(xml_escape("a\r\n"), "a&#13;\n");
}

TEST(Xml, Reads) {
  const auto xml = *XmlDocument::parse(
      "<?xml version='1.0'?><a:R xmlns:a='u'><K>x&amp;<![CDATA[<y>]]></K>"
      "<L><M>1</M><M>2</M></L><!-- c --><S t='v'> </S></a:R>");
  EXPECT_EQ(xml.root().name(), "R");
  EXPECT_EQ(xml.root().child_text("K"), "x&<y>");
  EXPECT_EQ(xml.root().child("L").children("M").size(), 2U);
  EXPECT_EQ(xml.root().child("L").children("M")[1].text(), "2");
  EXPECT_EQ(xml.root().child("S").attribute("t"), "v");
  EXPECT_EQ(xml.root().child_text("S"), " ");
  EXPECT_EQ(xml.root().child("no").child("where").text(), "");
  EXPECT_EQ(xml.root().children().size(), 3U);
}

TEST(Xml, RefusesWhatIsUnsafe) {
  const auto refused = [](std::string_view text) { return !XmlDocument::parse(text, {1000, 5}); };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("text"));
  EXPECT_TRUE(refused("<a>"));
  EXPECT_TRUE(refused("<a></b>"));
  EXPECT_TRUE(refused("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"));
  EXPECT_TRUE(refused("<a>" + std::string(1000, ' ') + "</a>"));
  EXPECT_TRUE(refused("<a><a><a><a><a><a/></a></a></a></a></a>"));
  EXPECT_FALSE(refused("<a><a><a><a><a/></a></a></a><b/></a>"));
}

TEST(QueryProtocol, ReadsPaths) {
  const auto input = *QueryInput::parse(
      "Action=X&Names.member.2=b&Names.member.1=a&Names.member.10=j&Tags.member.1.Key=k&Tags.member.1.Value=v%20w"
      "&Flat.1=x&Empty=&P.A=1&P.B=2&Names.member.x=no&Names.member.-1=no");
  EXPECT_EQ(input.get("Action"), "X");
  EXPECT_FALSE(input.get("Nope"));
  EXPECT_EQ(input.list("Names"), (std::vector<std::string>{"a", "b", "j"}));
  EXPECT_EQ(input.list("Flat"), (std::vector<std::string>{"x"}));
  EXPECT_EQ(input.pairs("Tags", "Key", "Value"), (std::vector<std::pair<std::string, std::string>>{{"k", "v w"}}));
  EXPECT_EQ(input.structure("P").get("B"), "2");
  EXPECT_TRUE(input.contains("Tags"));
  EXPECT_FALSE(input.contains("Tag"));
  EXPECT_FALSE(QueryInput::parse("a=b", 2));
}

TEST(QueryProtocol, Builds) {
  QueryForm form("CreateRole", "2010-05-08");
  form.add("Name", "a b").add_list("L", {"1", "2"}).add_list("E", {});
  EXPECT_EQ(std::move(form).finish(), "Action=CreateRole&Version=2010-05-08&Name=a%20b&L.member.1=1&L.member.2=2&E=");
}

TEST(Json, TypedAccess) {
  const auto object = *parse_json_object(R"({"s":"x","i":5,"f":5.0,"h":5.5,"b":true,"n":null,"o":{"k":"v","z":1}})");
  EXPECT_EQ(get_string(object, "s"), "x");
  EXPECT_EQ(get_int(object, "i"), 5);
  EXPECT_EQ(get_int(object, "f"), 5);
  EXPECT_FALSE(get_int(object, "h"));
  EXPECT_EQ(get_string(object, "i").error().message, "JSON member 'i' is not a string");
  EXPECT_EQ(get_string(object, "nope").error().message, "JSON member 'nope' is missing");
  EXPECT_EQ(find_string(object, "n").value(), std::nullopt);
  EXPECT_EQ(get_bool(object, "b"), true);
  EXPECT_EQ(string_or(object, "i", "z"), "z");
  EXPECT_EQ(string_map(object_or_empty(object, "o")), (std::map<std::string, std::string>{{"k", "v"}}));
  EXPECT_EQ(epoch_millis(json::value(1440938160.123)), 1440938160123);
  EXPECT_FALSE(epoch_millis(json::value(1e300)));
}

TEST(Json, Limits) {
  EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']')));
  EXPECT_FALSE(parse_json("{\"a\":1} x"));
  EXPECT_FALSE(parse_json("[1]", 64, 2));
  EXPECT_FALSE(parse_json_object("[1]"));
}

// The worked examples of "Signing and authenticating REST requests", S3 user guide.
const SigningCredentials k_v2{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};

TEST(Sigv2, PublishedGet) {
  const std::vector<HeaderView> headers = {{"Host", "awsexamplebucket1.us-west-1.s3.amazonaws.com"}};
  const RequestParts request{"GET", "/photos/puppy.jpg", "", headers};
  const auto now = *parse_http_date("Tue, 27 Mar 2007 19:36:42 +0000");
  const auto to_sign = string_to_sign_v2(request, "awsexamplebucket1", "Tue, 27 Mar 2007 19:36:42 +0000");
  EXPECT_EQ(to_sign, "GET\n\n\nTue, 27 Mar 2007 19:36:42 +0000\n/awsexamplebucket1/photos/puppy.jpg");
  EXPECT_EQ(base64_encode(hmac_sha1(k_v2.secret_access_key, to_sign)), "qgk2+6Sv9/oM7G3qLEjTH1a1l1g=");
  EXPECT_EQ(sign_headers_v2(request, "awsexamplebucket1", k_v2, now).front().second, "Tue, 27 Mar 2007 19:36:42 GMT");
}

TEST(Sigv2, AcceptsItsOwnAndNothingElse) {
  const SigningCredentials temporary{"AK", "secret", "token"};
  std::vector<HeaderView> headers = {{"Host", "h"}, {"Content-Type", "text/plain"}, {"x-amz-meta-a", " b "}};
  const auto made = sign_headers_v2({"PUT", "/b/k", "uploadId=1&x=2", headers}, "", temporary, k_time);
  headers.insert(headers.end(), made.begin(), made.end());
  const auto verify_as = [&](std::string_view query, std::string_view secret, SystemTime now) {
    const RequestParts request{"PUT", "/b/k", query, headers};
    return verify_v2(*parse_authorization(request), request, "", secret, now).has_value();
  };
  EXPECT_TRUE(verify_as("uploadId=1&x=3", "secret", k_time)) << "x is not a sub-resource";
  EXPECT_FALSE(verify_as("uploadId=2&x=2", "secret", k_time));
  EXPECT_FALSE(verify_as("uploadId=1", "other", k_time));
  EXPECT_FALSE(verify_as("uploadId=1", "secret", k_time + std::chrono::minutes(16)));
}

TEST(Sigv2, ABareBucketMayBeSignedWithItsSlash) {
  std::vector<HeaderView> headers = {{"Host", "h"}};
  const auto made = sign_headers_v2({"GET", "/b/", "acl", headers}, "", k_v2, k_time);
  headers.insert(headers.end(), made.begin(), made.end());
  const auto accepted = [&](std::string_view path) {
    const RequestParts request{"GET", path, "acl", headers};
    return verify_v2(*parse_authorization(request), request, "", k_v2.secret_access_key, k_time).has_value();
  };
  EXPECT_TRUE(accepted("/b"));
  EXPECT_TRUE(accepted("/b/"));
  EXPECT_FALSE(accepted("/c"));
  EXPECT_FALSE(accepted("/b/k"));
}

TEST(Sigv2, PresignedUrls) {
  const SigningCredentials temporary{"AK", "sec/ret", "to+ken"};
  const std::vector<HeaderView> headers = {{"Host", "h"}};
  const auto query = presign_v2({"GET", "/k", "", headers}, "b", temporary, k_time, std::chrono::seconds(60));
  const RequestParts request{"GET", "/k", query, headers};
  const auto parsed = parse_authorization(request);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->session_token, "to+ken");
  EXPECT_TRUE(verify_v2(*parsed, request, "b", "sec/ret", k_time));
  EXPECT_FALSE(verify_v2(*parsed, request, "c", "sec/ret", k_time));
  EXPECT_EQ(verify_v2(*parsed, request, "b", "sec/ret", k_time + std::chrono::seconds(61)).error().reason,
            SignatureError::Reason::expired);
}

/// SDKs move what they signed as headers into the query.
TEST(Sigv2, PresignedUrlsCarryHeadersInTheirQuery) {
  const std::vector<HeaderView> host = {{"Host", "h"}};
  const std::vector<HeaderView> all = {
      {"Host", "h"}, {"Content-Type", "text/plain"}, {"x-amz-meta-a", "b c"}, {"x-amz-acl", "private"}};
  const std::string query = presign_v2({"PUT", "/k", "", all}, "b", k_v2, k_time, std::chrono::seconds(60));
  const auto accepted = [&](const std::string& moved, const std::vector<HeaderView>& headers) {
    const std::string whole = query + moved;
    const RequestParts request{"PUT", "/k", whole, headers};
    return verify_v2(*parse_authorization(request), request, "b", k_v2.secret_access_key, k_time).has_value();
  };
  const std::string moved = "&content-type=text%2Fplain&x-amz-meta-a=b%20c&X-Amz-Acl=private";
  EXPECT_TRUE(accepted("", all));
  EXPECT_TRUE(accepted(moved, host));
  EXPECT_TRUE(accepted(moved, all)) << "a header that is sent as well counts once";
  EXPECT_FALSE(accepted("&content-type=text%2Fplain&x-amz-meta-a=other&x-amz-acl=private", host));
  EXPECT_FALSE(accepted(moved + "&x-amz-meta-more=1", host));
  EXPECT_FALSE(accepted("", host));
}

}  // namespace
}  // namespace sortie::wire
