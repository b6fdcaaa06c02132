#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "emulator/iam/statement_places.h"
#include "emulator/s3/protocol/post_policy.h"
#include "wire/checksum.h"
#include "wire/form_data.h"

/// Posted forms and their policies, the places of statements; a form read in full is read the same with more behind it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)wire::form_boundary(bytes);
  const auto head = wire::read_form_head(bytes, "B");
  if (head && *head) {
    const auto longer = wire::read_form_head(bytes + "more", "B");
    if (!longer || !*longer || (*longer)->fields != (*head)->fields) __builtin_trap();
    if ((*head)->file_at > bytes.size()) __builtin_trap();
  }
  emulator::FormUpload form;
  form.fields.emplace_back("policy", wire::base64_encode(bytes));
  (void)emulator::s3::check_post_policy(form, "bucket", SystemTime{});
  (void)emulator::iam::statement_places(bytes);
  return 0;
}
