#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "emulator/s3/request.h"
#include "wire/xml.h"

/// Request bodies and headers of S3: tag documents, copy sources, paths.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::emulator;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)s3::read_tag_document(input, 10, false);
  (void)s3::read_tag_header(input);
  (void)s3::read_copy_source(input);
  const auto newline = input.find('\n');
  Call call;
  call.request.path = input.substr(0, newline);
  if (newline != std::string_view::npos) call.request.query = input.substr(newline + 1);
  if (const auto request = s3::read_request(std::move(call))) (void)s3::read_count(*request, "max-keys", 1000);
  return 0;
}
