#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "emulator/s3/access/access_list.h"
#include "emulator/s3/bucket/configurations.h"
#include "emulator/s3/bucket/cors.h"
#include "emulator/s3/bucket/documents.h"
#include "emulator/s3/bucket/lifecycle.h"
#include "emulator/s3/bucket/notifications.h"
#include "emulator/s3/protocol/metadata.h"
#include "emulator/s3/protocol/object_lock.h"
#include "emulator/s3/protocol/request.h"
#include "emulator/s3/protocol/tags.h"
#include "emulator/s3/store/version_id.h"
#include "emulator/s3/website/website.h"
#include "wire/xml.h"

namespace {

using namespace sortie::emulator;

constexpr sortie::SystemTime k_now{std::chrono::seconds{1'600'000'000}};

/// A list that was taken is the same after it was kept and after it was answered.
void check_list(const s3::AccessList& list, const s3::AclSubject& subject) {
  if (s3::unpack_acl(s3::pack(list)) != list) std::abort();
  if (const auto again = s3::read_acl_document(s3::acl_document(list), subject); !again || *again != list) std::abort();
}

void read_lists(std::string_view input) {
  const std::string owner(64, 'a');
  const s3::AclSubject subject{owner, owner};
  if (const auto list = s3::read_acl_document(input, subject)) check_list(*list, subject);
  sortie::http::Headers headers;
  headers.add("x-amz-grant-read", std::string(input));
  const auto granted = s3::read_acl_headers(headers, subject);
  if (granted) check_list(**granted, subject);
  (void)s3::unpack_acl(input);
}

void read_locks(std::string_view input) {
  if (const auto retention = s3::read_retention(input, k_now); retention && *retention) {
    if (s3::read_retention(s3::retention_document(**retention), k_now) != *retention) std::abort();
  }
  (void)s3::read_legal_hold(input);
  (void)s3::default_retention_of(std::string(input));
  if (const auto document = sortie::wire::XmlDocument::parse(input)) {
    const auto kept = s3::read_lock_configuration(document->root());
    if (kept && kept->contains("<Rule>") && !s3::default_retention_of(*kept)) std::abort();
  }
  sortie::http::Headers headers;
  headers.add("x-amz-object-lock-mode", "COMPLIANCE");
  headers.add("x-amz-object-lock-retain-until-date", std::string(input));
  if (const auto lock = s3::read_lock_headers(headers, k_now)) (void)s3::lock_context(*lock, k_now);
}

/// Rules that were taken are the same after they were kept.
void read_rules(const sortie::wire::XmlNode& root) {
  const auto rules = s3::read_notification_rules(root);
  if (!rules) return;
  const std::string kept = s3::notification_content(*rules);
  const auto again = sortie::wire::XmlDocument::parse("<C>" + kept + "</C>");
  if (!again) std::abort();
  const auto read = s3::read_notification_rules(again->root());
  if (!read || s3::notification_content(*read) != kept) std::abort();
  for (const auto& rule : *read) (void)rule.wants("ObjectCreated:Put", "a/b");
}

/// What was taken is answered in headers that can be sent, however a browser asks.
void read_cross_origin(const sortie::wire::XmlNode& root, std::string_view input) {
  const auto kept = s3::read_cors(root);
  if (!kept) return;
  sortie::http::Request request;
  request.method = "GET";
  request.headers.add("Origin", "https://a.example");
  request.headers.add("Access-Control-Request-Headers", std::string(input.substr(0, input.find_first_of("\r\n"))));
  const auto question = s3::read_cors_question(request);
  const auto rules = s3::read_cors_rules(*kept);
  (void)s3::find_cors_rule(rules, *question);
  for (const auto& rule : rules) {
    sortie::http::Response response;
    s3::add_cors_headers(response, rule, {"https://a.example", "GET", {}});
    for (const auto& [name, value] : response.headers) {
      if (!s3::is_header_text(value)) std::abort();
    }
  }
}

/// Metadata that is kept comes out as ASCII, and an id is ours only when it is one that we make.
void read_texts(std::string_view input) {
  for (const std::string& text : {s3::mail_safe(input), s3::mail_safe(s3::text_of_header(input))}) {
    for (const char c : text) {
      if (static_cast<unsigned char>(c) >= 0x80) std::abort();
    }
  }
  if (const auto sequence = s3::sequence_of(input); sequence && input.size() != 32) std::abort();
}

/// Bucket configurations; of a website's also the redirections it makes.
void read_documents(std::string_view input) {
  const auto document = sortie::wire::XmlDocument::parse(input);
  if (!document) return;
  (void)s3::read_lifecycle(document->root());
  (void)s3::read_encryption(document->root());
  for (const auto check : {s3::check_metrics, s3::check_analytics, s3::check_inventory, s3::check_tiering}) {
    (void)check(document->root());
  }
  read_rules(document->root());
  read_cross_origin(document->root(), input);
  const auto site = s3::read_website(document->root());
  if (!site) return;
  const s3::Visit visit{"http", "site", "a/b c", "q"};
  for (const auto& rule : site->rules) {
    const std::string address = s3::redirect_address(rule.redirect, rule.prefix, visit);
    if (address.find_first_of("\r\n ") != std::string::npos) __builtin_trap();
  }
}

}  // namespace

/// Request bodies and headers of S3: tags, configurations, access lists, locks, copy sources, paths.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)s3::read_tag_document(input, 10, false);
  (void)s3::read_tag_header(input);
  read_documents(input);
  read_texts(input);
  (void)s3::read_copy_source(input);
  read_lists(input);
  read_locks(input);
  const auto newline = input.find('\n');
  Call call;
  call.request.path = input.substr(0, newline);
  if (newline != std::string_view::npos) call.request.query = input.substr(newline + 1);
  if (const auto request = s3::read_request(std::move(call))) (void)s3::read_count(*request, "max-keys", 1000);
  return 0;
}
