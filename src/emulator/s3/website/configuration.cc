#include "emulator/s3/bucket/documents.h"
#include "emulator/s3/website/rows.h"
#include "emulator/s3/website/website.h"

namespace sortie::emulator::s3 {
namespace {

AwsResult<std::string> read_content(const wire::XmlNode& root) {
  RETURN_IF_ERROR(read_website(root));
  return content_of(root);
}

constexpr DocumentKind k_website{.subresource = "website",
                                 .root = "WebsiteConfiguration",
                                 .noun = "BucketWebsite",
                                 .missing_code = k_no_website,
                                 .missing_message = k_no_website_message,
                                 .read = read_content,
                                 .limit = 128 * 1024,
                                 .own_delete_action = true};

constexpr Row k_rows[] = {
    {"GetBucketWebsite", at_once<get_document_of<k_website>>, on_setting("GET", "website")},
    {"PutBucketWebsite", put_document_of<k_website>, on_setting("PUT", "website")},
    {"DeleteBucketWebsite", at_once<delete_document_of<k_website>>, on_setting("DELETE", "website")},
};

}  // namespace

std::span<const Row> website_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
