#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "emulator/s3/configurations.h"
#include "emulator/s3/documents.h"
#include "emulator/s3/request.h"
#include "emulator/s3/website.h"
#include "wire/xml.h"

namespace {

/// Bucket configurations; of a website's also the redirections it makes.
void read_documents(std::string_view input) {
  using namespace sortie::emulator;
  const auto document = sortie::wire::XmlDocument::parse(input);
  if (!document) return;
  for (const char* name : {"cors", "lifecycle", "encryption", "notification", "replication", "website", "logging"}) {
    (void)s3::find_document_kind(name)->read(document->root());
  }
  for (const char* name : {"metrics", "analytics", "inventory", "intelligent-tiering"}) {
    (void)s3::find_configuration_kind(name)->check(document->root());
  }
  const auto site = s3::read_website(document->root());
  if (!site) return;
  const s3::Visit visit{"http", "site", "a/b c", "q"};
  for (const auto& rule : site->rules) {
    const std::string address = s3::redirect_address(rule.redirect, rule.prefix, visit);
    if (address.find_first_of("\r\n ") != std::string::npos) __builtin_trap();
  }
}

}  // namespace

/// Request bodies and headers of S3: tag documents, configurations, copy sources, paths.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::emulator;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)s3::read_tag_document(input, 10, false);
  (void)s3::read_tag_header(input);
  read_documents(input);
  (void)s3::read_copy_source(input);
  const auto newline = input.find('\n');
  Call call;
  call.request.path = input.substr(0, newline);
  if (newline != std::string_view::npos) call.request.query = input.substr(newline + 1);
  if (const auto request = s3::read_request(std::move(call))) (void)s3::read_count(*request, "max-keys", 1000);
  return 0;
}
