#include "s3cli/config.h"

#include <gtest/gtest.h>

namespace sortie::s3cli {
namespace {

Config config_of(const std::string& members) {
  auto config = parse_config(R"({"bucket_name":"b",)" + members + "}");
  EXPECT_TRUE(config) << describe(config.error());
  return config.value_or(Config{});
}

std::string refusal_of(const std::string& text) {
  const auto config = parse_config(text);
  EXPECT_FALSE(config) << text;
  if (config) return {};
  EXPECT_EQ(config.error().kind, ErrorKind::config);
  return config.error().message;
}

TEST(Config, HasDefaultsForEverythingButTheBucket) {
  const auto config = parse_config(R"({"bucket_name":"b"})");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->credentials_source, CredentialsSource::none);
  EXPECT_EQ(config->region, "us-east-1");
  EXPECT_EQ(config->signature_version, 4);
  EXPECT_TRUE(config->use_ssl && config->verify_peer && config->multipart && config->upload_checksums &&
              config->verify_downloads);
  EXPECT_FALSE(config->host_style);
  EXPECT_EQ(config->upload_part_bytes, 5U * 1024 * 1024);
  EXPECT_EQ(config->download_concurrency, 5);
}

TEST(Config, ReadsEveryMember) {
  const auto config = config_of(R"("folder_name":"f","access_key_id":"A","secret_access_key":"S",
    "assume_role_arn":"arn","region":"r-1","host":"store.example","port":9000,"use_ssl":false,"ssl_verify_peer":false,
    "signature_version":"2","server_side_encryption":"aws:kms","sse_kms_key_id":"k","multipart_upload":false,
    "host_style":true,"request_checksum_calculation_enabled":false,"response_checksum_calculation_enabled":false,
    "uploader_request_checksum_calculation_enabled":false,"download_concurrency":7,"download_part_size":1000,
    "upload_concurrency":3,"upload_part_size":6000000,"swift_auth_account":"acc","swift_temp_url_key":"key")");
  EXPECT_EQ(config.credentials_source, CredentialsSource::fixed);
  EXPECT_EQ(config.key_of("k/1"), "f/k/1");
  EXPECT_EQ(config.assume_role_arn, "arn");
  EXPECT_EQ(config.region, "r-1");
  EXPECT_EQ(config.signature_version, 2);
  EXPECT_EQ(config.server_side_encryption, "aws:kms");
  EXPECT_EQ(config.sse_kms_key_id, "k");
  EXPECT_FALSE(config.use_ssl || config.verify_peer || config.multipart || config.upload_checksums ||
               config.verify_downloads);
  EXPECT_EQ(config.download_part_bytes, 1000U);
  EXPECT_EQ(config.upload_part_bytes, 6'000'000U);
  EXPECT_EQ(config.download_concurrency, 7);
  EXPECT_EQ(config.upload_concurrency, 3);
  EXPECT_EQ(config.swift_auth_account, "acc");
  EXPECT_EQ(config.swift_temp_url_key, "key");
  const auto endpoint = endpoint_of(config, std::nullopt);
  EXPECT_EQ(endpoint.url, "http://store.example:9000");
  EXPECT_TRUE(endpoint.bucket_in_host);
}

TEST(Config, IgnoresUnknownMembersAndNulls) {
  const auto config = config_of(R"("colour":"blue","region":null,"port":null,"signature_version":null)");
  EXPECT_EQ(config.region, "us-east-1");
  EXPECT_EQ(config.signature_version, 4);
}

TEST(Config, TakesZeroSizesAsTheDefault) {
  const auto config = config_of(R"("upload_part_size":0,"download_concurrency":0)");
  EXPECT_EQ(config.upload_part_bytes, Config::k_default_part_bytes);
  EXPECT_EQ(config.download_concurrency, Config::k_default_concurrency);
}

TEST(Config, EitherSwitchTurnsUploadChecksumsOff) {
  EXPECT_FALSE(config_of(R"("request_checksum_calculation_enabled":false)").upload_checksums);
  EXPECT_FALSE(config_of(R"("uploader_request_checksum_calculation_enabled":false)").upload_checksums);
}

TEST(Config, FindsMembersInAnyCase) {
  const auto config = parse_config(R"({"Bucket_Name":"b","REGION":"x-1","region":"r-1","Host":"h.example"})");
  ASSERT_TRUE(config) << describe(config.error());
  EXPECT_EQ(config->bucket, "b");
  EXPECT_EQ(config->region, "r-1");
  EXPECT_EQ(config->host, "h.example");
}

TEST(Config, TakesHostsWithAScheme) {
  const auto url_of = [](const std::string& members) { return endpoint_of(config_of(members), std::nullopt).url; };
  EXPECT_EQ(url_of(R"("host":"http://127.0.0.1:9000")"), "http://127.0.0.1:9000");
  EXPECT_EQ(url_of(R"("host":"http://127.0.0.1:9000/")"), "http://127.0.0.1:9000");
  EXPECT_EQ(url_of(R"("host":"http://store.example")"), "http://store.example");
  EXPECT_EQ(url_of(R"("host":"HTTPS://Store.example/","use_ssl":false,"port":444)"), "https://store.example:444");
}

TEST(Config, TakesManyForAsManyAsThereAre) {
  EXPECT_EQ(config_of(R"("upload_concurrency":1000)").upload_concurrency, Config::k_max_concurrency);
  EXPECT_EQ(config_of(R"("signature_version":"v4")").signature_version, 4);
  EXPECT_EQ(config_of(R"("signature_version":"v2")").signature_version, 2);
  EXPECT_EQ(config_of(R"("swift_auth_account":"a")").swift_auth_account, "a");
}

TEST(Config, NamesEachMistake) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "JSON is not valid"},
      {"[]", "JSON is not an object"},
      {"{}", "bucket_name must be set"},
      {R"({"bucket_name":7})", "bucket_name must be a string"},
      {R"({"bucket_name":"a/b"})", "Invalid bucket_name: a/b"},
      {R"({"bucket_name":"b","use_ssl":"yes"})", "use_ssl must be true or false"},
      {R"({"bucket_name":"b","port":"80"})", "port must be a whole number"},
      {R"({"bucket_name":"b","upload_part_size":6000000.0})", "upload_part_size must be a whole number"},
      {R"({"bucket_name":"b","port":65536})", "port must be at most 65535"},
      {R"({"bucket_name":"b","upload_part_size":-1})", "upload_part_size must not be negative"},
      {R"({"bucket_name":"b","download_part_size":-1})", "download_part_size must not be negative"},
      {R"({"bucket_name":"b","upload_concurrency":-1})", "upload_concurrency must not be negative"},
      {R"({"bucket_name":"b","download_concurrency":-1})", "download_concurrency must not be negative"},
      {R"({"bucket_name":"b","signature_version":3})", "Invalid signature_version: 3"},
      {R"({"bucket_name":"b","signature_version":"four"})", "signature_version must be a number"},
      {R"({"bucket_name":"b","region":"eu west"})", "Invalid region: eu west"},
      {R"({"bucket_name":"b","host":"ftp://x"})", "Invalid host: ftp://x"},
      {R"({"bucket_name":"b","host":"http://x//"})", "Invalid host: http://x//"},
      {R"({"bucket_name":"b","host":"http://"})", "Invalid host: http://"},
      {R"({"bucket_name":"b","multipart_copy_part_size":1000})", "multipart_copy_part_size must be at least 5242880"},
      {R"({"bucket_name":"b","single_upload_threshold":5368709121})", "single_upload_threshold must be at most"},
      {R"({"bucket_name":"b","host":"x/y"})", "Invalid host: x/y"},
      {R"({"bucket_name":"b","host":"x:1","port":2})", "host names port 1, and port is 2"},
      {R"({"bucket_name":"b","credentials_source":"magic"})", "Invalid credentials_source: magic"},
      {R"({"bucket_name":"b","credentials_source":"static"})", "access_key_id and secret_access_key must be provided"},
      {R"({"bucket_name":"b","access_key_id":"A"})", "access_key_id and secret_access_key must be provided"},
      {R"({"bucket_name":"b","credentials_source":"none","access_key_id":"A","secret_access_key":"S"})",
       "can't use access_key_id and secret_access_key with none credentials_source"},
      {R"({"bucket_name":"b","credentials_source":"env_or_profile","secret_access_key":"S"})",
       "can't use access_key_id and secret_access_key with env_or_profile credentials_source"},
      {R"({"bucket_name":"b","assume_role_arn":"arn"})", "assume_role_arn needs credentials"},
  };
  for (const auto& [text, words] : cases) EXPECT_TRUE(refusal_of(text).contains(words)) << refusal_of(text);
}

TEST(Config, RepeatsNoSecret) {
  EXPECT_FALSE(refusal_of(R"({"bucket_name":"b","secret_access_key":"hush-hush"})").contains("hush"));
  EXPECT_FALSE(refusal_of(R"({"bucket_name":"b","secret_access_key":"hush-hush",)").contains("hush"));
}

TEST(Host, IsSomebodys) {
  for (const auto* host : {"", "s3.amazonaws.com", "s3.eu-west-1.amazonaws.com", "s3-eu-west-1.amazonaws.com",
                           "s3.cn-north-1.amazonaws.com.cn", "S3.Amazonaws.Com", "s3.dualstack.us-west-2.amazonaws.com",
                           "s3-external-1.amazonaws.com"}) {
    EXPECT_EQ(provider_of(host), Provider::aws) << host;
  }
  EXPECT_EQ(provider_of("oss-cn-hangzhou.aliyuncs.com"), Provider::alibaba);
  EXPECT_EQ(provider_of("oss-cn-beijing-internal.aliyuncs.com"), Provider::alibaba);
  EXPECT_EQ(provider_of("storage.googleapis.com"), Provider::google);
  for (const auto* host : {"minio.example", "s3.amazonaws.com.example", "my-s3.amazonaws.com", "s3.example.com",
                           "s3xamazonaws.com", "oss-.aliyuncs.com", "oss-cn.aliyuncs.com.example", "127.0.0.1"}) {
    EXPECT_EQ(provider_of(host), Provider::other) << host;
  }
}

TEST(Host, SaysTheRegion) {
  const std::pair<const char*, const char*> cases[] = {
      {"s3.eu-west-1.amazonaws.com", "eu-west-1"},
      {"s3-eu-west-1.amazonaws.com", "eu-west-1"},
      {"s3.dualstack.us-west-2.amazonaws.com", "us-west-2"},
      {"s3-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
      {"s3.cn-north-1.amazonaws.com.cn", "cn-north-1"},
      {"oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou"},
      {"oss-cn-beijing-internal.aliyuncs.com", "cn-beijing"},
      {"s3.amazonaws.com", "us-east-1"},
      {"s3-external-1.amazonaws.com", "us-east-1"},
      {"store.example", "us-east-1"},
  };
  for (const auto& [host, region] : cases) {
    EXPECT_EQ(config_of(std::string(R"("host":")") + host + "\"").region, region) << host;
  }
  EXPECT_EQ(config_of(R"("host":"s3.eu-west-1.amazonaws.com","region":"eu-central-1")").region, "eu-central-1");
}

TEST(Host, HasItsRules) {
  const auto aws = config_of(R"("multipart_upload":false)");
  EXPECT_TRUE(aws.multipart);
  const auto alibaba = config_of(R"("host":"oss-cn-hangzhou.aliyuncs.com","multipart_upload":false)");
  EXPECT_TRUE(alibaba.multipart && alibaba.host_style);
  EXPECT_FALSE(alibaba.upload_checksums);
  const auto google = config_of(R"("host":"storage.googleapis.com")");
  EXPECT_FALSE(google.multipart || google.upload_checksums || google.host_style);
  EXPECT_FALSE(config_of(R"("host":"store.example","multipart_upload":false)").multipart);
}

std::string url_of(const std::string& members) {
  return endpoint_of(config_of(members), std::nullopt).url;
}

TEST(Endpoint, IsTheRegionsOwnOnAws) {
  EXPECT_EQ(url_of(R"("region":"eu-west-1")"), "https://s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(url_of(R"("region":"cn-north-1")"), "https://s3.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(url_of(R"("host":"s3.amazonaws.com")"), "https://s3.amazonaws.com");
  EXPECT_EQ(url_of(R"("host":"s3.amazonaws.com","region":"eu-west-1")"), "https://s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(url_of(R"("host":"s3.amazonaws.com","port":443)"), "https://s3.amazonaws.com");
  EXPECT_EQ(url_of(R"("host":"s3.amazonaws.com","port":80,"use_ssl":false)"), "http://s3.amazonaws.com");
}

TEST(Endpoint, TakesPortsFromEitherPlace) {
  EXPECT_EQ(url_of(R"("host":"store.example:9000")"), "https://store.example:9000");
  EXPECT_EQ(url_of(R"("host":"[::1]:9000","use_ssl":false)"), "http://[::1]:9000");
  EXPECT_EQ(url_of(R"("host":"store.example","port":443,"use_ssl":false)"), "http://store.example:443");
  EXPECT_EQ(config_of(R"("host":"s3.amazonaws.com:443")").provider, Provider::aws);
}

TEST(Endpoint, PutsTheBucketWhereItFits) {
  const auto in_host = [](const std::string& text) { return endpoint_of(*parse_config(text), {}).bucket_in_host; };
  EXPECT_TRUE(in_host(R"({"bucket_name":"bucket"})"));
  EXPECT_FALSE(in_host(R"({"bucket_name":"bucket.with.dots"})"));
  EXPECT_FALSE(in_host(R"({"bucket_name":"bucket","host":"store.example"})"));
  EXPECT_TRUE(in_host(R"({"bucket_name":"bucket","host":"store.example","host_style":true})"));
  EXPECT_TRUE(in_host(R"({"bucket_name":"bucket","host":"oss-cn-hangzhou.aliyuncs.com"})"));
}

TEST(Endpoint, FollowsTheEnvironmentWhereNoHostIsGiven) {
  EXPECT_EQ(endpoint_of(config_of(R"("region":"r-1")"), "http://localhost:4566").url, "http://localhost:4566");
  EXPECT_EQ(endpoint_of(config_of(R"("host":"store.example")"), "http://localhost:4566").url, "https://store.example");
}

}  // namespace
}  // namespace sortie::s3cli
