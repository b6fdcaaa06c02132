// The integration tests of blobstore: they run the program as its users do, against S3, in the bucket $BUCKET. They
// need the rights of allow.json and say nothing about where they run: on a machine with a role, or by `sortie run`
// (README.md).

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr int k_no_such_blob = 3;

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Blob : public testing::Test {
 protected:
  struct Ended {
    int status = -1;
    std::string out;
    std::string error;
  };

  static std::string bucket() {
    const char* const name = std::getenv("BUCKET");
    return name ? name : "sortie-blobstore-example";
  }

  static void SetUpTestSuite() {
    std::string pattern = fs::temp_directory_path() / "blobstore-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    const Ended made = blobstore({"create", bucket()});
    ASSERT_EQ(made.status, 0) << made.error;
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  /// A key of the running test's own: tests run beside one another.
  static std::string key() { return testing::UnitTest::GetInstance()->current_test_info()->name(); }
  void TearDown() override { blobstore({"delete", bucket(), key()}); }

  /// Runs ./blobstore to its end.
  static Ended blobstore(const std::vector<std::string>& words) {
    const std::string out = folder_ + "/out";
    const std::string error = folder_ + "/error";
    const pid_t child = ::fork();
    if (child == 0) {
      std::vector<char*> arguments{const_cast<char*>("./blobstore")};
      for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
      arguments.push_back(nullptr);
      // Not freopen(): it would print once more what the parent has in its buffers.
      ::dup2(::open(out.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600), STDOUT_FILENO);
      ::dup2(::open(error.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600), STDERR_FILENO);
      ::execv(arguments[0], arguments.data());
      std::perror("./blobstore");
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read(out), read(error)};
  }

  static Ended put(const std::string& key, const std::string& content) {
    std::ofstream(folder_ + "/source", std::ios::binary) << content;
    return blobstore({"put", bucket(), key, folder_ + "/source"});
  }
  static Ended get(const std::string& key) { return blobstore({"get", bucket(), key}); }

  static std::string folder_;
};

std::string Blob::folder_;

TEST_F(Blob, PutThenGet) {
  const Ended stored = put(key(), "hello, blob\n");
  ASSERT_EQ(stored.status, 0) << stored.error;
  const Ended fetched = get(key());
  EXPECT_EQ(fetched.status, 0) << fetched.error;
  EXPECT_EQ(fetched.out, "hello, blob\n");
}

TEST_F(Blob, GetIntoAFile) {
  ASSERT_EQ(put(key(), "into a file").status, 0);
  const Ended fetched = blobstore({"get", bucket(), key(), folder_ + "/copy"});
  EXPECT_EQ(fetched.status, 0) << fetched.error;
  EXPECT_EQ(read(folder_ + "/copy"), "into a file");
}

TEST_F(Blob, GetOfAMissingKeySaysSo) {
  const Ended fetched = get(key());
  EXPECT_EQ(fetched.status, 1);
  EXPECT_EQ(fetched.out, "");
  EXPECT_NE(fetched.error.find("NoSuchKey"), std::string::npos) << fetched.error;
}

TEST_F(Blob, ExistsTellsBoth) {
  EXPECT_EQ(blobstore({"exists", bucket(), key()}).status, k_no_such_blob);
  ASSERT_EQ(put(key(), "x").status, 0);
  EXPECT_EQ(blobstore({"exists", bucket(), key()}).status, 0);
}

TEST_F(Blob, IsGoneAfterDelete) {
  ASSERT_EQ(put(key(), "x").status, 0);
  ASSERT_EQ(blobstore({"delete", bucket(), key()}).status, 0);
  EXPECT_EQ(blobstore({"exists", bucket(), key()}).status, k_no_such_blob);
}

TEST_F(Blob, DeleteOfAMissingKeySucceeds) {
  EXPECT_EQ(blobstore({"delete", bucket(), key()}).status, 0);
}

TEST_F(Blob, PutReplaces) {
  ASSERT_EQ(put(key(), "first, and longer").status, 0);
  ASSERT_EQ(put(key(), "second").status, 0);
  EXPECT_EQ(get(key()).out, "second");
}

TEST_F(Blob, KeepsEveryByte) {
  std::string content;
  for (int byte = 0; byte < 256; ++byte) content += static_cast<char>(byte);
  ASSERT_EQ(put(key(), content).status, 0);
  EXPECT_EQ(get(key()).out, content);
}

TEST_F(Blob, KeepsAnEmptyBlob) {
  ASSERT_EQ(put(key(), "").status, 0);
  const Ended fetched = get(key());
  EXPECT_EQ(fetched.status, 0);
  EXPECT_EQ(fetched.out, "");
}

TEST_F(Blob, KeepsAMebibyte) {
  std::string content;
  for (unsigned i = 0; content.size() < (1U << 20U); ++i) content += static_cast<char>(i * 2654435761U >> 24U);
  ASSERT_EQ(put(key(), content).status, 0);
  EXPECT_TRUE(get(key()).out == content);
}

TEST_F(Blob, KeysMayBeAnyText) {
  for (const std::string& key : {"grüße/日本語.txt", "with space+plus%percent", "quote'\"&<>"}) {
    const Ended stored = put(key, "content of " + key);
    EXPECT_EQ(stored.status, 0) << key << ": " << stored.error;
    EXPECT_EQ(get(key).out, "content of " + key);
    EXPECT_EQ(blobstore({"delete", bucket(), key}).status, 0);
  }
}

TEST_F(Blob, OtherBucketsAreDenied) {
  const Ended made = blobstore({"create", "other-" + bucket()});
  EXPECT_EQ(made.status, 1);
  EXPECT_NE(made.error.find("AccessDenied"), std::string::npos) << made.error;
}

}  // namespace
