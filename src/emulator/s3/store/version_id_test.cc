#include "emulator/s3/store/version_id.h"

#include <gtest/gtest.h>

#include <set>

namespace sortie::emulator::s3 {
namespace {

TEST(VersionId, CarriesItsSequence) {
  for (const std::int64_t sequence : {std::int64_t{0}, std::int64_t{1}, std::int64_t{255}, INT64_MAX}) {
    const std::string id = make_version_id(sequence);
    EXPECT_EQ(id.size(), 32U);
    EXPECT_EQ(sequence_of(id), sequence) << id;
  }
}

TEST(VersionId, NeverComesTwice) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(make_version_id(7));
  EXPECT_EQ(ids.size(), 1000U);
}

TEST(VersionId, NeedsNoEscapingInUrls) {
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(make_version_id(i).find_first_of("+/=&%?"), std::string::npos);
}

TEST(VersionId, OthersAreNotReadAsOurs) {
  const std::string id = make_version_id(42);
  std::string changed = id;
  changed[20] = changed[20] == 'a' ? 'b' : 'a';
  for (const std::string& text : {std::string(), std::string("null"), id.substr(1), id + "a", changed,
                                  std::string("HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD"), std::string(32, '+')}) {
    EXPECT_EQ(sequence_of(text), std::nullopt) << text;
  }
}

TEST(VersionId, OfAnUploadIsForItsKeyAlone) {
  const std::string id = make_upload_id(42, "a/b");
  EXPECT_EQ(id.size(), 129U);
  EXPECT_EQ(sequence_of_upload(id, "a/b"), 42);
  EXPECT_EQ(sequence_of_upload(id, "a"), std::nullopt);
  EXPECT_EQ(sequence_of_upload("x", "a/b"), std::nullopt);
}

}  // namespace
}  // namespace sortie::emulator::s3
