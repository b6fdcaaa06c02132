#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "emulator/core/authentication.h"
#include "emulator/core/call.h"
#include "emulator/core/ports.h"
#include "emulator/core/public_requests.h"
#include "http/service.h"

namespace sortie::emulator {

/// Which service, region and bucket a request means.
struct Destination {
  std::string service;         ///< signing name (`s3`, `lambda`, …)
  std::string region;          ///< empty when neither the host name nor the signature says it
  std::string virtual_bucket;  ///< S3 only; empty for path style
  bool website = false;        ///< S3 only: the bucket's website endpoint
  std::string unsupported;     ///< why a host name of AWS cannot be served; empty when it can
  bool function_url = false;   ///< Lambda only: the URL of a function, not Lambda's API
};

/// Reads the host name: `SERVICE.REGION.amazonaws.com`, `SERVICE.amazonaws.com`, S3's with and without a bucket in
/// front
/// (`s3`, `s3[.-]REGION`, `s3.dualstack.REGION`, `s3-fips[.dualstack].REGION`, `s3-accelerate[.dualstack]`,
/// `s3-external-1`), the same under `.amazonaws.com.cn`, `BUCKET.localhost`,
/// `BUCKET.s3-website[.-]REGION.amazonaws.com`, `BUCKET.s3-website.localhost`, and the URLs of functions
/// (function_url_host.h). For localhost and addresses: the credential scope of the signature, else `X-Amz-Target`, else
/// a query-protocol `Version` in the URL, else S3.
Destination find_destination(const http::Request& request);

/// The front door of the embedded AWS: finds the service, authenticates the request, hands it over. Failures before a
/// service is known are answered as XML or JSON, whichever the request looks like. io_context thread only.
class Router final : public http::Service, public ServiceCalls {
 public:
  Router(const Clock& clock, Identities& identities, std::string account, std::string default_region);

  /// `service` must outlive the router.
  void add(AwsService& service);
  /// Who says which requests to the URLs of functions need no signature. Must outlive the router; without it all do.
  void set_public_requests(PublicRequests& requests) { public_requests_ = &requests; }
  Task<Result<http::Response>> handle(http::Request request) override;
  Task<http::Response> call(const Call& on_behalf_of, const std::string& service, http::Request request) override;

 private:
  Task<http::Response> dispatch(AwsService& service, Call call, bool authenticate);
  /// The error as the service would say it that the host name, or else the signature, means.
  [[nodiscard]] http::Response refuse_host(const Destination& destination, const AwsError& error,
                                           const http::Request& request) const;
  /// `call` is authenticated.
  static Task<http::Response> deliver(AwsService& service, Call call);

  Authenticator authenticator_;
  std::string account_;
  std::string default_region_;
  std::map<std::string, AwsService*, std::less<>> services_;
  PublicRequests* public_requests_ = nullptr;
};

}  // namespace sortie::emulator
