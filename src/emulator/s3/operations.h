#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>

#include "base/blocking.h"
#include "base/clock.h"
#include "emulator/core/function_events.h"
#include "emulator/core/ports.h"
#include "emulator/core/sql.h"
#include "emulator/core/store.h"
#include "emulator/s3/access_list.h"
#include "emulator/s3/catalog.h"
#include "emulator/s3/conditions.h"
#include "emulator/s3/content_store.h"
#include "emulator/s3/errors.h"
#include "emulator/s3/request.h"

namespace sortie::wire {
class XmlWriter;
}

namespace sortie::emulator::s3 {

struct ConfigurationKind;
struct DocumentKind;
struct NotificationRule;
struct Website;

/// S3's operations, by AWS's names: each finds its bucket, asks IAM, acts. Files: bucket_operations.cc,
/// config_operations.cc, configurations.cc, documents.cc, notifications.cc, acl.cc, listed_access.cc, locks.cc,
/// reads.cc, writes.cc, deletes.cc, listings.cc, multipart.cc, multipart_completion.cc, website_visits.cc,
/// cross_origin.cc. The references must outlive it; a Request must outlive the Task made of it.
class Operations {
 public:
  using Answer = AwsResult<http::Response>;

  Operations(const Clock& clock, Store& store, Authorizer& authorizer, BlockingPool& pool);

  void set_function_events(FunctionEvents& functions) { functions_ = &functions; }

  /// Finds the operation by method, sub-resource and headers. One that is not there: 501 NotImplemented naming it.
  Task<Answer> run(Request& request);
  /// A visit to a bucket's website; failures are pages. `host_id`: what is said to be S3's extended request id.
  http::Response visit_website(const Request& request, const std::string& host_id);
  /// What an answer from the bucket called `name` says to the browser that sent `request`; empty when nothing.
  http::Headers cross_origin(const std::string& name, const http::Request& request);
  /// A browser's question whether it may send a request (`OPTIONS`); nobody signs it.
  Answer preflight(const Request& request);
  /// For other services: the whole object, at most `limit` bytes.
  Task<AwsResult<std::string>> read_object(Request& request, std::size_t limit);

 private:
  using Context = std::vector<std::pair<std::string, std::string>>;

  Task<Answer> run_on_bucket(Request& request);
  Task<Answer> run_on_object(Request& request);

  // Buckets
  Answer list_buckets(const Request& request);
  Task<Answer> create_bucket(Request& request);
  Answer head_bucket(const Request& request);
  Answer delete_bucket(const Request& request);
  Answer get_bucket_location(const Request& request);

  // A bucket's documents
  Task<Answer> run_on_config(Request& request, std::string_view name);
  Answer get_bucket_policy(const Request& request);
  Task<Answer> put_bucket_policy(Request& request);
  Answer delete_bucket_policy(const Request& request);
  Answer get_bucket_policy_status(const Request& request);
  Answer get_public_access_block(const Request& request);
  Task<Answer> put_public_access_block(Request& request);
  Answer delete_public_access_block(const Request& request);
  Answer get_bucket_versioning(const Request& request);
  Task<Answer> put_bucket_versioning(Request& request);
  Answer get_bucket_tagging(const Request& request);
  Task<Answer> put_bucket_tagging(Request& request);
  Answer delete_bucket_tagging(const Request& request);
  Task<Answer> run_on_document(Request& request, const DocumentKind& kind);
  Answer get_document(const Request& request, const DocumentKind& kind);
  Task<Answer> put_document(Request& request, const DocumentKind& kind);
  Answer delete_document(const Request& request, const DocumentKind& kind);

  // Configurations by id
  Task<Answer> run_on_configuration(Request& request, const ConfigurationKind& kind);
  Task<Answer> put_configuration(Request& request, const ConfigurationKind& kind, const std::string& id);
  Answer list_configurations(const Request& request, const Bucket& bucket, const ConfigurationKind& kind);

  // Notifications
  Task<Answer> put_notification(Request& request);
  AwsResult<void> check_notification_targets(const Bucket& bucket, const std::vector<NotificationRule>& rules);
  /// Tells those functions that the bucket's notification configuration names for `event` (`ObjectCreated:Put`). In the
  /// transaction that makes the change, before its commit: no change without its events.
  void notify(const Request& request, const Bucket& bucket, std::string_view event, const Object& object);

  // Access control lists
  Answer get_acl(const Request& request);
  Task<Answer> put_acl(Request& request);
  /// Ownership controls let lists mean something in the bucket.
  bool acls_count(const Bucket& bucket);
  AccessList list_of(const Request& request, const Bucket& bucket);
  AccessList list_of(const Request& request, const Object& object);
  /// The list that PutBucketAcl or PutObjectAcl sends, in headers or in the body.
  AwsResult<AccessList> sent_list(const Request& request, const Bucket& bucket, const ListSubject& subject,
                                  std::string_view body);
  /// BlockPublicAcls; `action` is what the denial names.
  AwsResult<void> check_public_list(const Request& request, const Bucket& bucket, const AccessList& list,
                                    std::string_view action);
  /// The canonical id of who will own what the request uploads.
  std::string uploader(const Request& request, const Bucket& bucket);
  /// The list that an upload's headers ask for, allowed, as it is kept; `action` is what a denial names.
  AwsResult<std::string> asked_list(const Request& request, const Bucket& bucket, std::string_view action,
                                    const Context& context);
  /// The same for the headers of CreateBucket.
  AwsResult<std::string> asked_bucket_list(const Request& request);
  /// Lists cannot be turned off while the bucket's gives something to others.
  AwsResult<void> check_ownership(const Request& request, const Bucket& bucket, std::string_view controls);
  /// What a list says to the caller about an action.
  struct Listed {
    bool to_account = false;   ///< it is granted to the caller's account
    bool to_everyone = false;  ///< it is granted to a group that the caller is in, or to who does not sign
    bool of_another = false;   ///< the object belongs to another account
  };
  Listed listed(const Request& request, const Bucket& bucket, const AuthorizationRequest& question,
                const std::string& key);
  /// The one place where policies, lists and Block Public Access are put together.
  AwsResult<void> decide(const Request& request, const Bucket& bucket, AuthorizationRequest question,
                         const std::string& key);

  // Object lock
  Answer get_object_retention(const Request& request);
  Task<Answer> put_object_retention(Request& request);
  Answer get_object_legal_hold(const Request& request);
  Task<Answer> put_object_legal_hold(Request& request);
  bool has_object_lock(const Bucket& bucket);
  /// The lock and list that an upload's headers ask for, allowed; `action` is what a denial names.
  AwsResult<Guard> asked_guard(const Request& request, const Bucket& bucket, std::string_view action,
                               const Context& context);
  /// Uploads that will be locked have to bring a digest. `what`: `Object` or `Part`.
  AwsResult<void> check_lock_digest(const Bucket& bucket, const Guard& guard, const DigestDemand& demand,
                                    std::string_view what);
  /// The bucket's default retention for a version that asks for none.
  Guard with_default(Guard guard, const Bucket& bucket, SystemTime created);
  /// Adds `x-amz-object-lock-…`, as far as the caller may know.
  void add_lock(http::Response& response, const Request& request, const Bucket& bucket, const Object& object);
  /// `x-amz-bypass-governance-retention` needs a bucket with object lock.
  AwsResult<void> check_bypass_header(const Request& request, const Bucket& bucket);
  /// Whether the header asks to pass over governance retention; an error for who may not.
  AwsResult<bool> bypasses(const Request& request, const Bucket& bucket, const std::string& key,
                           const Context& context);
  /// AccessDenied for a locked version.
  AwsResult<void> check_removable(const Request& request, const Bucket& bucket, const Object& object);
  struct Locked {
    Bucket bucket;
    Object object;
    Guard guard;
  };
  /// The object, in a bucket that has object lock, for an action that is allowed.
  AwsResult<Locked> locked_object(const Request& request, std::string_view action, Context context = {});

  /// Adds `x-amz-expiration` where the bucket's lifecycle has a day for the object.
  void add_expiration(http::Response& response, const Bucket& bucket, const Object& object);

  // Objects
  Answer get_object(const Request& request, bool head);
  Answer get_object_attributes(const Request& request);
  Task<Answer> put_object(Request& request);
  Task<Answer> post_object(Request& request);
  Task<Answer> copy_object(Request& request);
  Answer delete_object(const Request& request);
  Task<Answer> delete_objects(Request& request);
  Answer get_object_tagging(const Request& request);
  Task<Answer> put_object_tagging(Request& request);
  Answer delete_object_tagging(const Request& request);

  // Websites
  Answer website_answer(const Request& request, const std::string& host_id);
  /// The object that is meant by the key, or the way to it.
  Answer website_page(const Request& request, const Bucket& bucket, const Website& site, const std::string& host_id);
  /// The error document, or a page of S3's own.
  http::Response website_error(const Request& request, const Website& site, const AwsError& error,
                               const std::string& host_id);

  // Listings
  Answer list_objects(const Request& request, bool version_2);
  Answer list_object_versions(const Request& request);
  /// Where a listing of versions goes on behind that one, also when it is gone; nothing for an id that never was.
  std::optional<std::int64_t> sequence_behind(const Bucket& bucket, const std::string& key, const std::string& version);
  Answer list_multipart_uploads(const Request& request);

  // Multipart uploads
  Answer create_multipart_upload(const Request& request);
  Task<Answer> upload_part(Request& request);
  Task<Answer> upload_part_copy(Request& request);
  Task<Answer> complete_multipart_upload(Request& request);
  /// The same again for who did not get the answer, else NoSuchUpload.
  Answer completed_before(const Request& request, const Bucket& bucket, std::string_view body);
  http::Response completion_answer(const Request& request, const Bucket& bucket, const Completion& completion);
  Answer abort_multipart_upload(const Request& request);
  Answer list_parts(const Request& request);

  // What they share
  /// The bucket, checked against x-amz-expected-bucket-owner and the request's region.
  AwsResult<Bucket> open_bucket(const Request& request);
  /// Asks IAM about `action` (without `s3:`) on the bucket, or on `key` in it.
  AwsResult<void> allow(const Request& request, const Bucket& bucket, std::string_view action,
                        std::string_view key = {}, Context context = {});
  /// `s3:ExistingObjectTag/KEY` of the object that the question is about.
  void add_existing_tags(AuthorizationRequest& question, const Bucket& bucket, const std::string& key);
  /// The settings of S3 Block Public Access, in the order in which they are kept.
  enum class Block : std::uint8_t { public_acls, ignored_acls, public_policy, public_buckets };
  bool blocks(const Bucket& bucket, Block setting);
  bool has_public_policy(const Bucket& bucket);
  bool requester_pays(const Bucket& bucket);
  /// `open_bucket` and `allow` on the bucket.
  AwsResult<Bucket> allowed_bucket(const Request& request, std::string_view action, Context context = {});
  /// `open_bucket` and `allow` on the key.
  AwsResult<Bucket> allowed_key(const Request& request, std::string_view action, Context context = {});
  /// An object for reading: NoSuchKey, or the denial of s3:ListBucket to those who may not know what is there.
  AwsResult<Object> existing_object(const Request& request, const Bucket& bucket, const std::string& key,
                                    std::string_view version);
  /// The condition keys that say what an upload asks for.
  Context upload_context(const Request& request, const Tags& tags) const;
  /// Content-MD5 or a checksum, where S3 insists on one; `headers` is what it then says is missing.
  static AwsResult<void> check_digest_sent(const Request& request, std::string_view headers);
  Task<AwsResult<std::string>> read_body(Request& request, std::size_t limit);
  std::optional<Validators> current(const std::optional<Object>& object) const;
  /// The customer's key that the object's bytes are encrypted with, from the request; nothing when they are not.
  AwsResult<std::optional<CustomerKey>> object_key(const Request& request, const Object& object,
                                                   KeyHeaders which = KeyHeaders::own);

  struct Source {
    Bucket bucket;
    Object object;
    std::vector<Part> parts;
    std::optional<CustomerKey> key;  ///< what the parts are encrypted with
  };
  /// The object named by x-amz-copy-source, allowed and matching its conditions.
  AwsResult<Source> copy_source(const Request& request);
  /// Whether the source is still what it was.
  bool is_still(const Source& source);
  struct Removal {
    std::string version;  ///< of the version or marker that was removed or made; empty outside versioned buckets
    bool marker = false;  ///< a marker was removed or made
    bool made_marker = false;
  };
  struct Target {
    std::string key;
    std::string version;  ///< empty: the newest
    std::string etag;     ///< the condition of the removal, empty for none
  };
  AwsResult<Removal> remove(const Request& request, const Bucket& bucket, const Target& target);

  [[nodiscard]] SystemTime now() const { return clock_.now(); }

  const Clock& clock_;
  Authorizer& authorizer_;
  FunctionEvents* functions_ = nullptr;
  std::uint64_t last_sequencer_ = 0;
  Statements statements_;
  Catalog catalog_;
  ContentStore contents_;
};

inline constexpr std::string_view k_xmlns = "http://s3.amazonaws.com/doc/2006-03-01/";
inline constexpr std::uint64_t k_max_upload = 5ULL * 1024 * 1024 * 1024;
inline constexpr std::size_t k_max_document = 2 * 1024 * 1024;

http::Response xml_answer(std::string document, int status = 200);
http::Response empty_answer(int status);
std::string in_quotes(std::string_view etag);
/// A number as the XML writer takes it.
constexpr long long count(std::integral auto number) {
  return static_cast<long long>(number);
}
/// The canonical user id of an account.
std::string owner_id(std::string_view account);
/// The address of the request's object, in the style in which it was addressed.
std::string location_of(const Request& request);
/// `<Initiator>` of a multipart upload, from the ARN of who began it.
void write_initiator(wire::XmlWriter& xml, std::string_view arn, std::string_view account);
/// Marks what is encrypted with a customer's key, and nothing else.
void set_sealed(ObjectTraits& traits, bool sealed);
/// The entity tag of encrypted bytes: it says nothing of them.
std::string make_opaque_etag();
/// Adds `x-amz-checksum-…` and its type.
void add_checksum(http::Response& response, const ObjectChecksum& checksum);
/// Adds `x-amz-version-id` when the bucket has or had versioning.
void add_version(http::Response& response, const Bucket& bucket, const Object& object);
/// Where a range of an object's bytes is.
std::vector<Piece> pieces_of(const std::vector<Part>& parts, std::uint64_t first, std::uint64_t size);

}  // namespace sortie::emulator::s3
