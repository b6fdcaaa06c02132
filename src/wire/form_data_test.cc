#include "wire/form_data.h"

#include <gtest/gtest.h>

namespace sortie::wire {
namespace {

std::string part(std::string_view name, std::string_view value) {
  return "--B\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"\r\n\r\n" + std::string(value) +
         "\r\n";
}

const std::string k_file =
    "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\dir\\a.txt\"\r\nContent-Type: "
    "text/plain\r\n\r\n";

TEST(FormData, TheBoundaryIsInTheType) {
  EXPECT_EQ(form_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(form_boundary("Multipart/Form-Data; charset=x; Boundary=\"a b\""), "a b");
  EXPECT_EQ(form_boundary("application/json"), std::nullopt);
  EXPECT_EQ(form_boundary("multipart/form-data"), std::nullopt);
}

TEST(FormData, ReadsFieldsUpToTheFile) {
  const std::string text = part("key", "a/${filename}") + part("x-amz-meta-a", "1\r\n2") + k_file + "bytes";
  const auto head = read_form_head(text, "B");
  ASSERT_TRUE(head && *head);
  ASSERT_EQ((*head)->fields.size(), 2U);
  EXPECT_EQ((*head)->fields[1].second, "1\r\n2");
  EXPECT_EQ((*head)->file_name, "a.txt");
  EXPECT_EQ(text.substr((*head)->file_at), "bytes");
}

TEST(FormData, EveryShorterTextAsksForMore) {
  const std::string text = part("key", "k") + k_file;
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto head = read_form_head(std::string_view(text).substr(0, size), "B");
    ASSERT_TRUE(head) << size;
    EXPECT_FALSE(*head) << size;
  }
}

TEST(FormData, AFormWithoutAFileEnds) {
  const auto head = read_form_head(part("key", "k") + "--B--\r\n", "B");
  ASSERT_TRUE(head && *head);
  EXPECT_FALSE((*head)->has_file);
}

TEST(FormData, RefusesWhatIsNoForm) {
  EXPECT_FALSE(read_form_head("hello world", "B"));
  EXPECT_FALSE(read_form_head("--Bx\r\n", "B"));
  EXPECT_FALSE(read_form_head("--B\r\nContent-Type: a\r\n\r\nx", "B"));
}

}  // namespace
}  // namespace sortie::wire
