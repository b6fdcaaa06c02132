// The integration suite of s3cli under an IAM role: it runs the program as BOSH does, a child process with a
// configuration file, against S3 by its real name, in the bucket $BUCKET. Three configurations by three behaviours.
// It needs the rights of allow.json and says nothing about where it runs: see README.md.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include "bucket.h"

namespace {

namespace fs = std::filesystem;

constexpr int k_absent = 3;

std::string environment(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value ? value : otherwise;
}

std::string bucket() {
  return environment("BUCKET", "sortie-blobstore-example");
}

std::string region() {
  return environment("AWS_REGION", "us-east-1");
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// One way of telling s3cli where the bucket is. The role's credentials come from the environment in all of them.
struct Configuration {
  const char* name;
  std::string (*members)();

  friend std::ostream& operator<<(std::ostream& out, const Configuration& shown) { return out << shown.name; }
};

std::string minimal() {
  return "";
}

std::string with_region_and_signature_version() {
  return R"(, "region": ")" + region() + R"(", "signature_version": "4")";
}

std::string with_host_port_tls_and_region() {
  return R"(, "host": "s3.amazonaws.com", "port": 443, "use_ssl": true, "ssl_verify_peer": true, "region": ")" +
         region() + "\"";
}

class Blobstore : public testing::TestWithParam<Configuration> {
 protected:
  struct Ended {
    int status = -1;
    std::string error;
  };

  static void SetUpTestSuite() {
    std::string pattern = fs::temp_directory_path() / "blobstore-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    ASSERT_EQ(make_bucket(bucket(), region()), "");
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  void SetUp() override {
    std::ofstream(folder_ + "/config.json") << R"({"credentials_source": "env_or_profile", "bucket_name": ")"
                                            << bucket() << "\"" << GetParam().members() << "}";
  }
  void TearDown() override { s3cli({"delete", key()}); }

  /// A key of the running test's own: tests run beside one another.
  static std::string key() {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    return std::string("example/") + test->test_suite_name() + "/" + test->name();
  }

  /// Runs ./s3cli to its end.
  static Ended s3cli(const std::vector<std::string>& words) {
    const std::string error = folder_ + "/error";
    const pid_t child = ::fork();
    if (child == 0) {
      std::vector<std::string> all = {"./s3cli", "-c", folder_ + "/config.json"};
      all.insert(all.end(), words.begin(), words.end());
      std::vector<char*> arguments;
      for (std::string& word : all) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      // Not freopen(): it would print once more what the parent has in its buffers.
      ::dup2(::open(error.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600), STDERR_FILENO);
      ::execv(arguments[0], arguments.data());
      std::perror("./s3cli");
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read(error)};
  }

  static std::string folder_;
};

std::string Blobstore::folder_;

TEST_P(Blobstore, Lifecycle) {
  const std::string content = std::string("blob of ") + GetParam().name + '\0' + "\xff\n";
  std::ofstream(folder_ + "/source", std::ios::binary) << content;

  const Ended stored = s3cli({"put", folder_ + "/source", key()});
  ASSERT_EQ(stored.status, 0) << stored.error;

  const Ended found = s3cli({"exists", key()});
  EXPECT_EQ(found.status, 0) << found.error;
  EXPECT_NE(found.error.find("File '" + key() + "' exists in bucket '" + bucket() + "'"), std::string::npos)
      << found.error;

  const Ended fetched = s3cli({"get", key(), folder_ + "/copy"});
  EXPECT_EQ(fetched.status, 0) << fetched.error;
  EXPECT_EQ(read(folder_ + "/copy"), content);

  const Ended removed = s3cli({"delete", key()});
  EXPECT_EQ(removed.status, 0) << removed.error;

  const Ended gone = s3cli({"exists", key()});
  EXPECT_EQ(gone.status, k_absent) << gone.error;
  EXPECT_NE(gone.error.find("does not exist in bucket"), std::string::npos) << gone.error;
}

TEST_P(Blobstore, GetOfAMissingKeyFails) {
  const Ended fetched = s3cli({"get", key(), folder_ + "/missing"});
  EXPECT_EQ(fetched.status, 1);
  EXPECT_NE(fetched.error.find("NoSuchKey"), std::string::npos) << fetched.error;
  EXPECT_FALSE(fs::exists(folder_ + "/missing"));
}

TEST_P(Blobstore, DeleteOfAMissingKeySucceeds) {
  const Ended removed = s3cli({"delete", key()});
  EXPECT_EQ(removed.status, 0) << removed.error;
}

INSTANTIATE_TEST_SUITE_P(Config, Blobstore,
                         testing::Values(Configuration{"Minimal", minimal},
                                         Configuration{"RegionAndSignatureVersion", with_region_and_signature_version},
                                         Configuration{"HostPortTlsAndRegion", with_host_port_tls_and_region}),
                         [](const auto& configuration) { return std::string(configuration.param.name); });

}  // namespace
