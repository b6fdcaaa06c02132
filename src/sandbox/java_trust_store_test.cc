#include "sandbox/java_trust_store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sandbox/trust_store.h"

namespace sortie::sandbox {
namespace {

TEST(JavaTrustStore, IsTheFormatOfJksByteByByte) {
  const std::string store = java_trust_store("x\n-----BEGIN CERTIFICATE-----\nAAEC\nAw==\n-----END CERTIFICATE-----\n");
  const std::string head(
      "\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1\0\0\0\2\0\rcertificate-0\0\0\0\0\0\0\0\0\0\5X.509\0\0\0\4\0\1\2\3", 54);
  ASSERT_EQ(store.size(), head.size() + 20);
  EXPECT_EQ(store.substr(0, head.size()), head);
}

TEST(JavaTrustStore, LeavesOutWhatIsNoCertificate) {
  EXPECT_EQ(java_trust_store("").size(), 12U + 20U);
  EXPECT_EQ(java_trust_store("-----BEGIN CERTIFICATE-----\n%%\n-----END CERTIFICATE-----\n").size(), 32U);
  EXPECT_EQ(java_trust_store("-----BEGIN CERTIFICATE-----\nAAEC").size(), 32U);
}

TEST(JavaTrustStore, IsReadByKeytool) {
  if (std::system("keytool -help >/dev/null 2>&1") != 0) GTEST_SKIP() << "there is no keytool";
  const std::string bundle = trust_bundle("");
  if (bundle.empty()) GTEST_SKIP() << "this machine has no trust store";
  std::string path = std::filesystem::temp_directory_path() / "java-store-XXXXXX";
  ASSERT_NE(mkstemp(path.data()), -1);
  std::ofstream(path, std::ios::binary) << java_trust_store(bundle);
  EXPECT_EQ(
      std::system(
          ("keytool -list -storepass changeit -keystore " + path + " 2>/dev/null | grep -q trustedCertEntry").c_str()),
      0);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sortie::sandbox
