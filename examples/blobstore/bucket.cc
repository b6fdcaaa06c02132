#include "bucket.h"

#include <curl/curl.h>

#include <cstdlib>
#include <memory>

namespace {

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

std::size_t append(const char* bytes, std::size_t, std::size_t size, std::string* out) {
  out->append(bytes, size);
  return size;
}

}  // namespace

std::string make_bucket(const std::string& name, const std::string& region) {
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  const bool is_default = region == "us-east-1";
  const std::string url = "https://" + name + ".s3." + region + ".amazonaws.com/";
  const std::string place =
      is_default ? ""
                 : "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>" +
                       region + "</LocationConstraint></CreateBucketConfiguration>";
  const std::string keys = environment("AWS_ACCESS_KEY_ID") + ":" + environment("AWS_SECRET_ACCESS_KEY");
  const std::string scope = "aws:amz:" + region + ":s3";
  std::string answer;
  curl_slist* headers = curl_slist_append(nullptr, "x-amz-content-sha256: UNSIGNED-PAYLOAD");
  if (const auto token = environment("AWS_SESSION_TOKEN"); !token.empty()) {
    headers = curl_slist_append(headers, ("x-amz-security-token: " + token).c_str());
  }
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, "PUT");
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, place.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_USERPWD, keys.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_AWS_SIGV4, scope.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  const CURLcode code = curl_easy_perform(curl.get());
  curl_slist_free_all(headers);
  if (code != CURLE_OK) return curl_easy_strerror(code);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  const bool is_ours = answer.find("BucketAlreadyOwnedByYou") != std::string::npos;
  return status == 200 || is_ours ? "" : answer;
}
