#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "s3cli/blobstore.h"
#include "s3cli/fake_store.h"

namespace sortie::s3cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_mib = 1024 * 1024;

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>((i * 7 + i / 251) % 256);
  return out;
}

http::Body broken_body(std::string text, std::uint64_t promised) {
  return {std::make_unique<BrokenBody>(std::move(text), promised)};
}

class Operations : public testing::Test {
 protected:
  Operations() {
    config.bucket = "bkt";
    config.credentials_source = CredentialsSource::fixed;
    config.region = "us-east-1";
    config.host = "store.example";
    std::string name = fs::temp_directory_path() / "s3cli-test-XXXXXX";
    folder = ::mkdtemp(name.data());
  }
  ~Operations() override { fs::remove_all(folder); }

  /// Runs an operation with a client made of the configuration as it is now.
  template <class Make>
  auto run(Make make) {
    aws::ClientConfig client{network, around.credentials, around.clock, config.region, "http://store.example"};
    client.retry.max_attempts = 1;
    aws::S3Options options{.addressing = aws::AddressingStyle::path, .signature_version = config.signature_version};
    if (!config.upload_checksums) options.upload_checksum.reset();
    aws::S3 s3(client, options);
    Blobstore store{.config = config,
                    .s3 = s3,
                    .is_tls = is_tls,
                    .log = [this](Log::Level, const std::string& line) { lines.push_back(line); },
                    .sleep = [this](std::chrono::milliseconds time) -> Task<void> {
                      slept.push_back(time);
                      co_return;
                    }};
    return aws::run(make(store));
  }
  Result<void> put(const std::string& file, const std::string& key = "key") {
    return run([&](Blobstore& store) { return s3cli::put(store, file, key); });
  }
  Result<void> get(const std::string& file, const std::string& key = "key") {
    return run([&](Blobstore& store) { return s3cli::get(store, key, file); });
  }
  std::string write(const std::string& bytes) {
    const auto path = (folder / "source").string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  [[nodiscard]] std::string target() const { return (folder / "target").string(); }
  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }

  Config config;
  bool is_tls = true;
  FakeStore network;
  aws::Surroundings around;
  fs::path folder;
  std::vector<std::string> lines;
  std::vector<std::chrono::milliseconds> slept;
};

TEST_F(Operations, PutASmallFileInOneRequestWithItsChecksum) {
  ASSERT_TRUE(put(write("hello")));
  ASSERT_EQ(network.seen.size(), 1U);
  EXPECT_EQ(network.objects["/bkt/key"], "hello");
  EXPECT_EQ(network.seen[0].headers.get("x-amz-checksum-crc32"), "NhCmhg==");
}

TEST_F(Operations, PutAnEmptyFile) {
  ASSERT_TRUE(put(write("")));
  EXPECT_TRUE(network.objects.contains("/bkt/key"));
}

TEST_F(Operations, PutALargeFileInParts) {
  const auto bytes = pattern(11 * k_mib + 3);
  ASSERT_TRUE(put(write(bytes)));
  EXPECT_EQ(network.count("PUT", "partNumber"), 3);
  EXPECT_EQ(network.objects["/bkt/key"], bytes);
}

TEST_F(Operations, PutALargeFileInOneRequestWithoutMultipart) {
  config.multipart = false;
  const auto bytes = pattern(6 * k_mib);
  ASSERT_TRUE(put(write(bytes)));
  EXPECT_EQ(network.seen.size(), 1U);
  EXPECT_EQ(network.objects["/bkt/key"], bytes);
}

TEST_F(Operations, PutSignsThePayloadWithoutTls) {
  const auto bytes = pattern(k_mib);
  is_tls = false;
  ASSERT_TRUE(put(write(bytes)));
  EXPECT_EQ(network.seen.back().headers.get("x-amz-content-sha256"), wire::sha256_hex(bytes));
  is_tls = true;
  ASSERT_TRUE(put(write(bytes)));
  EXPECT_EQ(network.seen.back().headers.get("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
}

TEST_F(Operations, PutSendsNoChecksumWhereNoneIsWanted) {
  config.upload_checksums = false;
  ASSERT_TRUE(put(write(pattern(6 * k_mib))));
  for (const auto& request : network.seen) {
    EXPECT_FALSE(request.headers.contains("x-amz-checksum-crc32")) << request.url;
    EXPECT_FALSE(request.headers.contains("x-amz-checksum-algorithm")) << request.url;
  }
}

TEST_F(Operations, PutAsksForEncryption) {
  config.server_side_encryption = "aws:kms";
  config.sse_kms_key_id = "key-1";
  ASSERT_TRUE(put(write("x")));
  EXPECT_EQ(network.seen[0].headers.get("x-amz-server-side-encryption"), "aws:kms");
  EXPECT_EQ(network.seen[0].headers.get("x-amz-server-side-encryption-aws-kms-key-id"), "key-1");
}

TEST_F(Operations, PutBeginsAFailedMultipartUploadAgainAndLeavesNothing) {
  network.intercept = [](const aws::SeenRequest& request) -> std::optional<http::Response> {
    if (!request.url.contains("partNumber=2")) return std::nullopt;
    return refusal(403, "AccessDenied");
  };
  const auto done = put(write(pattern(11 * k_mib)));
  ASSERT_FALSE(done);
  EXPECT_TRUE(describe(done.error()).contains("upload retry limit exceeded")) << describe(done.error());
  EXPECT_TRUE(describe(done.error()).contains("AccessDenied")) << describe(done.error());
  using std::chrono::seconds;
  EXPECT_EQ(slept, (std::vector<std::chrono::milliseconds>{seconds(1), seconds(2), seconds(3)}));
  EXPECT_EQ(network.count("DELETE", "uploadId"), 4);
  EXPECT_FALSE(network.objects.contains("/bkt/key"));
}

TEST_F(Operations, PutSaysWhatFailed) {
  network.intercept = [](const auto&) { return refusal(403, "AccessDenied"); };
  const auto done = put(write("x"));
  ASSERT_FALSE(done);
  EXPECT_EQ(describe(done.error()), "upload failure: S3 PutObject: AccessDenied: m (request id REQ1)");
  EXPECT_TRUE(slept.empty());
}

TEST_F(Operations, PutRefusesWhatItCannotRead) {
  EXPECT_TRUE(describe(put(folder.string() + "/none").error()).contains("No such file"));
  EXPECT_TRUE(describe(put(folder.string()).error()).contains("is a directory"));
}

TEST_F(Operations, PutRefusesPartsBelowTheMinimum) {
  config.upload_part_bytes = 1000;
  EXPECT_TRUE(describe(put(write("x")).error()).contains("upload_part_size must be at least 5242880 bytes"));
}

TEST_F(Operations, PutReadsAPipeInParts) {
  const auto bytes = pattern(6 * k_mib);
  const auto path = (folder / "pipe").string();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const pid_t writer = ::fork();
  if (writer == 0) {
    std::ofstream(path, std::ios::binary) << bytes;
    ::_exit(0);
  }
  EXPECT_TRUE(put(path));
  EXPECT_EQ(network.objects["/bkt/key"], bytes);
  EXPECT_EQ(network.count("PUT", "partNumber"), 2);
}

TEST_F(Operations, PutAndDeleteNeedCredentials) {
  config.credentials_source = CredentialsSource::none;
  EXPECT_TRUE(describe(put(write("x")).error()).contains("read only"));
  const auto removed = run([](Blobstore& store) { return remove(store, "key"); });
  EXPECT_TRUE(describe(removed.error()).contains("read only"));
  EXPECT_TRUE(network.seen.empty());
}

TEST_F(Operations, GetASmallBlobWithOneRequest) {
  config.folder = "f";
  network.objects["/bkt/f/key"] = "hello";
  ASSERT_TRUE(get(target()));
  EXPECT_EQ(read(target()), "hello");
  EXPECT_EQ(network.seen.size(), 1U);
  EXPECT_EQ(network.seen[0].headers.get("x-amz-checksum-mode"), "ENABLED");
}

TEST_F(Operations, GetAnEmptyBlob) {
  network.objects["/bkt/key"] = "";
  ASSERT_TRUE(get(target()));
  EXPECT_TRUE(fs::exists(target()));
  EXPECT_EQ(read(target()), "");
}

TEST_F(Operations, GetALargeBlobInRanges) {
  const auto bytes = network.objects["/bkt/key"] = pattern(12'345);
  config.download_part_bytes = 1000;
  ASSERT_TRUE(get(target()));
  EXPECT_EQ(read(target()), bytes);
  EXPECT_EQ(network.seen.size(), 13U);
}

TEST_F(Operations, GetReplacesAFileAndKeepsItsPermissions) {
  network.objects["/bkt/key"] = "new";
  std::ofstream(target()) << "old and longer";
  ::chmod(target().c_str(), 0640);
  fs::create_symlink("target", folder / "link");
  ASSERT_TRUE(get((folder / "link").string()));
  EXPECT_EQ(read(target()), "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(fs::status(target()).permissions(), fs::perms(0640));
}

TEST_F(Operations, GetOfAMissingKeyTouchesNothing) {
  std::ofstream(target()) << "old";
  const auto done = get(target());
  ASSERT_FALSE(done);
  EXPECT_TRUE(describe(done.error()).contains("NoSuchKey"));
  EXPECT_EQ(read(target()), "old");
  EXPECT_EQ(files(), 1U);
}

TEST_F(Operations, GetGoesOnWhereItBrokeOff) {
  const auto bytes = network.objects["/bkt/key"] = pattern(5000);
  bool broken = false;
  network.intercept = [&](const auto&) -> std::optional<http::Response> {
    if (std::exchange(broken, true)) return std::nullopt;
    return http::Response{
        206, {{"ETag", "\"e\""}, {"Content-Range", "bytes 0-4999/5000"}}, broken_body(bytes.substr(0, 2000), 5000)};
  };
  ASSERT_TRUE(get(target()));
  EXPECT_EQ(read(target()), bytes);
  EXPECT_EQ(network.seen.back().headers.get("range"), "bytes=2000-4999");
}

TEST_F(Operations, GetReadsPastWhatItHasWhereThereAreNoRanges) {
  const auto bytes = network.objects["/bkt/key"] = pattern(5000);
  network.knows_ranges = false;
  bool broken = false;
  network.intercept = [&](const auto&) -> std::optional<http::Response> {
    if (std::exchange(broken, true)) return std::nullopt;
    return http::Response{200, {{"Content-Length", "5000"}}, broken_body(bytes.substr(0, 2000), 5000)};
  };
  ASSERT_TRUE(get(target()));
  EXPECT_EQ(read(target()), bytes);
}

TEST_F(Operations, GetGivesUpAndLeavesNothing) {
  network.intercept = [](const auto&) -> std::optional<http::Response> {
    return http::Response{206, {{"Content-Range", "bytes 0-4999/5000"}}, broken_body("", 5000)};
  };
  const auto done = get(target());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::network);
  EXPECT_EQ(network.seen.size(), 4U);
  EXPECT_EQ(files(), 0U);
}

TEST_F(Operations, GetNoticesAWrongChecksum) {
  network.intercept = [](const auto&) -> std::optional<http::Response> {
    return http::Response{200, {{"Content-Length", "5"}, {"x-amz-checksum-crc32", "AAAAAA=="}}, "hello"};
  };
  const auto done = get(target());
  ASSERT_FALSE(done);
  EXPECT_TRUE(describe(done.error()).contains("CRC32")) << describe(done.error());
  EXPECT_EQ(files(), 0U);
  config.verify_downloads = false;
  ASSERT_TRUE(get(target()));
  EXPECT_FALSE(network.seen.back().headers.contains("x-amz-checksum-mode"));
}

TEST_F(Operations, GetNoticesABlobThatChanges) {
  network.objects["/bkt/key"] = pattern(3000);
  config.download_part_bytes = 1000;
  network.intercept = [](const aws::SeenRequest& request) -> std::optional<http::Response> {
    if (request.headers.get("range") != "bytes=1000-1999") return std::nullopt;
    return http::Response{206, {{"ETag", "\"other\""}, {"Content-Range", "bytes 1000-1999/3000"}}, pattern(1000)};
  };
  const auto done = get(target());
  ASSERT_FALSE(done);
  EXPECT_TRUE(describe(done.error()).contains("changed while it was downloaded"));
  EXPECT_EQ(files(), 0U);
}

TEST_F(Operations, GetRefusesAnswersThatMakeNoSense) {
  const std::vector<http::Headers> headers = {{{"Content-Range", "bytes 5-9/10"}},
                                              {{"Content-Range", "bytes 0-3/10"}},
                                              {{"Content-Range", "bytes 9-0/10"}},
                                              {{"Content-Range", "bytes 0-9/5"}},
                                              {{"Content-Range", "bytes 0-9/*"}},
                                              {{"Content-Range", "nonsense"}},
                                              {{"Content-Range", "bytes 0-99999999999999999999/10"}}};
  for (const auto& header : headers) {
    network.intercept = [&](const auto&) { return http::Response{206, header, "0123456789"}; };
    const auto done = get(target());
    ASSERT_FALSE(done) << *header.get("content-range");
    EXPECT_EQ(done.error().kind, ErrorKind::protocol);
    EXPECT_EQ(files(), 0U);
  }
}

TEST_F(Operations, GetIntoADeviceOrAPipe) {
  const auto bytes = network.objects["/bkt/key"] = pattern(200'000);
  EXPECT_TRUE(get("/dev/null"));
  const auto path = (folder / "pipe").string();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const pid_t reader = ::fork();
  if (reader == 0) {
    ::_exit(read(path) == bytes ? 0 : 1);
  }
  EXPECT_TRUE(get(path));
  int status = -1;
  ::waitpid(reader, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(Operations, GetReportsAFullDevice) {
  network.objects["/bkt/key"] = "hello";
  const auto done = get("/dev/full");
  ASSERT_FALSE(done);
  EXPECT_TRUE(describe(done.error()).contains("No space left on device")) << describe(done.error());
  EXPECT_EQ(network.seen.size(), 1U);
}

TEST_F(Operations, GetRefusesAFolder) {
  network.objects["/bkt/key"] = "hello";
  EXPECT_TRUE(describe(get(folder.string()).error()).contains("is a directory"));
  EXPECT_TRUE(describe(get(folder.string() + "/none/x").error()).contains("No such file"));
}

TEST_F(Operations, DeleteTakesAMissingKeyForDone) {
  const auto remove_key = [](Blobstore& store) { return remove(store, "key"); };
  EXPECT_TRUE(run(remove_key));
  network.intercept = [](const auto&) { return refusal(404, "NoSuchKey"); };
  EXPECT_TRUE(run(remove_key));
  network.intercept = [](const auto&) { return refusal(404, "NoSuchBucket"); };
  EXPECT_FALSE(run(remove_key));
}

TEST_F(Operations, ExistsTellsBoth) {
  const auto look = [](Blobstore& store) { return exists(store, "key"); };
  EXPECT_EQ(run(look).value(), false);
  network.objects["/bkt/key"] = "x";
  EXPECT_EQ(run(look).value(), true);
  EXPECT_EQ(lines, (std::vector<std::string>{"File 'key' does not exist in bucket 'bkt'",
                                             "File 'key' exists in bucket 'bkt'"}));
  network.intercept = [](const auto&) { return http::Response{403, {}, ""}; };
  EXPECT_FALSE(run(look));
}

TEST_F(Operations, SignNeedsCredentialsAndAnEndWithinAWeek) {
  const auto sign_for = [](std::chrono::seconds time) {
    return [=](Blobstore& store) { return sign(store, "key", SignedMethod::get, time, SystemTime{}); };
  };
  const auto url = run(sign_for(std::chrono::hours(1)));
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->starts_with("http://store.example/bkt/key?X-Amz-Algorithm=AWS4-HMAC-SHA256")) << *url;
  EXPECT_TRUE(url->contains("X-Amz-Expires=3600"));
  EXPECT_FALSE(run(sign_for(std::chrono::hours(169))));
  config.signature_version = 2;
  EXPECT_TRUE(run(sign_for(std::chrono::hours(169)))->contains("Signature="));
  config.credentials_source = CredentialsSource::none;
  EXPECT_FALSE(run(sign_for(std::chrono::hours(1))));
}

TEST_F(Operations, SignMakesSwiftsTemporaryUrls) {
  config.swift_auth_account = "AUTH_a";
  config.swift_temp_url_key = "k";
  config.folder = "dir";
  const auto url =
      swift_temporary_url(config, "a b", SignedMethod::put, SystemTime(std::chrono::seconds(1'700'000'000)));
  const auto signature = wire::hex_encode(wire::hmac_sha256("k", "PUT\n1700000000\n/v1/AUTH_a/bkt/dir/a b"));
  EXPECT_EQ(url,
            "https://store.example/v1/AUTH_a/bkt/dir/a%20b?temp_url_sig=" + signature + "&temp_url_expires=1700000000");
}

}  // namespace
}  // namespace sortie::s3cli
