// blobstore: keeps blobs in an S3 bucket, with the credentials it finds in its environment.
//
//   blobstore create BUCKET
//   blobstore put    BUCKET KEY FILE
//   blobstore get    BUCKET KEY [FILE]     to standard output without FILE
//   blobstore exists BUCKET KEY            exit status 0 when it does, 3 when it does not
//   blobstore delete BUCKET KEY
//
// It knows nothing of sortie. libcurl signs its requests (AWS Signature Version 4) and checks S3's certificate.

#include <curl/curl.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr int k_exit_failed = 1;
constexpr int k_exit_usage = 2;
constexpr int k_exit_no_such_blob = 3;

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

std::string environment(const char* name, const char* otherwise = "") {
  const char* const value = std::getenv(name);
  return value ? value : otherwise;
}

std::string region() {
  return environment("AWS_REGION", environment("AWS_DEFAULT_REGION", "us-east-1").c_str());
}

/// S3 wants everything in a key percent-encoded but letters, digits, `-._~` and `/`.
std::string encode_key(const std::string& key) {
  std::string text;
  for (const unsigned char c : key) {
    char encoded[4];
    std::snprintf(encoded, sizeof(encoded), "%%%02X", c);
    text += std::isalnum(c) || std::string("-._~/").find(static_cast<char>(c)) != std::string::npos
                ? std::string(1, static_cast<char>(c))
                : encoded;
  }
  return text;
}

/// XML's five entities as the characters they stand for.
std::string unescaped(std::string text) {
  constexpr std::pair<const char*, const char*> entities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}};
  for (const auto& [entity, character] : entities) {
    for (auto at = text.find(entity); at != std::string::npos; at = text.find(entity, at + 1)) {
      text.replace(at, std::string(entity).size(), character);
    }
  }
  return text;
}

/// What is between <name> and </name> in S3's error document.
std::string xml_text(const std::string& document, const std::string& name) {
  const auto start = document.find("<" + name + ">");
  const auto end = document.find("</" + name + ">");
  if (start == std::string::npos || end == std::string::npos) return {};
  return unescaped(document.substr(start + name.size() + 2, end - start - name.size() - 2));
}

/// One request to S3. Throws what went wrong as text.
class Request {
 public:
  Request(const std::string& bucket, const std::string& key) : curl_(curl_easy_init(), curl_easy_cleanup) {
    const std::string host = region() == "us-east-1" ? "s3.amazonaws.com" : "s3." + region() + ".amazonaws.com";
    set(CURLOPT_URL, ("https://" + bucket + "." + host + "/" + encode_key(key)).c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_AWS_SIGV4, ("aws:amz:" + region() + ":s3").c_str());
    set(CURLOPT_USERPWD, (environment("AWS_ACCESS_KEY_ID") + ":" + environment("AWS_SECRET_ACCESS_KEY")).c_str());
    header("x-amz-content-sha256: UNSIGNED-PAYLOAD");  // TLS protects the body
    const std::string token = environment("AWS_SESSION_TOKEN");
    if (!token.empty()) header("x-amz-security-token: " + token);
    set(CURLOPT_CONNECTTIMEOUT, 10L);
    set(CURLOPT_TIMEOUT, 60L);
    set(CURLOPT_WRITEFUNCTION, &Request::receive);
    set(CURLOPT_WRITEDATA, this);
  }
  ~Request() { curl_slist_free_all(headers_); }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  void method(const char* name) { set(CURLOPT_CUSTOMREQUEST, name); }
  void head_only() { set(CURLOPT_NOBODY, 1L); }
  void save_to(std::FILE* file) { sink_ = file; }
  void send_file(std::FILE* file, long size) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READDATA, file);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
  }
  void send_text(const std::string& text) {
    set(CURLOPT_POSTFIELDSIZE, static_cast<long>(text.size()));
    set(CURLOPT_COPYPOSTFIELDS, text.c_str());
  }

  /// The HTTP status.
  long perform() {
    set(CURLOPT_HTTPHEADER, headers_);
    const CURLcode code = curl_easy_perform(curl_.get());
    if (code != CURLE_OK) throw std::runtime_error(std::string("no answer from S3: ") + curl_easy_strerror(code));
    return status();
  }
  /// S3's refusal in its own words.
  [[nodiscard]] std::string refusal() {
    const std::string code = xml_text(body_, "Code");
    if (code.empty()) return "S3 answered " + std::to_string(status());
    return code + ": " + xml_text(body_, "Message");
  }
  /// Performs it, and throws S3's refusal for a status other than 2xx.
  void perform_or_throw() {
    if (perform() / 100 != 2) throw std::runtime_error(refusal());
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(curl_.get(), option, value) != CURLE_OK) throw std::runtime_error("libcurl is too old");
  }
  void header(const std::string& line) { headers_ = curl_slist_append(headers_, line.c_str()); }
  long status() {
    long code = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &code);
    return code;
  }
  static std::size_t receive(const char* bytes, std::size_t, std::size_t size, Request* request) {
    if (request->sink_ && request->status() / 100 == 2) return std::fwrite(bytes, 1, size, request->sink_);
    request->body_.append(bytes, size);
    return size;
  }

  std::unique_ptr<CURL, void (*)(CURL*)> curl_;
  curl_slist* headers_ = nullptr;
  std::FILE* sink_ = nullptr;
  std::string body_;
};

File open_file(const std::string& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode), std::fclose);
  if (!file) throw std::runtime_error("cannot open " + path);
  return file;
}

int create(const std::string& bucket) {
  Request request(bucket, "");
  if (region() != "us-east-1") {
    request.send_text(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>" + region() +
        "</LocationConstraint></CreateBucketConfiguration>");
  }
  request.method("PUT");
  if (request.perform() / 100 == 2 || request.refusal().starts_with("BucketAlreadyOwnedByYou")) return 0;
  throw std::runtime_error(request.refusal());
}

int put(const std::string& bucket, const std::string& key, const std::string& path) {
  const File file = open_file(path, "rb");
  std::fseek(file.get(), 0, SEEK_END);
  const long size = std::ftell(file.get());
  std::rewind(file.get());
  Request request(bucket, key);
  request.send_file(file.get(), size);
  request.perform_or_throw();
  return 0;
}

int get(const std::string& bucket, const std::string& key, const std::string& path) {
  const File file = path.empty() ? File(stdout, std::fflush) : open_file(path, "wb");
  Request request(bucket, key);
  request.save_to(file.get());
  request.perform_or_throw();
  return 0;
}

int exists(const std::string& bucket, const std::string& key) {
  Request request(bucket, key);
  request.head_only();
  if (const long status = request.perform(); status == 404)
    return k_exit_no_such_blob;
  else if (status / 100 != 2)
    throw std::runtime_error(request.refusal());
  return 0;
}

int remove(const std::string& bucket, const std::string& key) {
  Request request(bucket, key);
  request.method("DELETE");
  request.perform_or_throw();
  return 0;
}

int run(const std::vector<std::string>& words) {
  const std::string command = words.empty() ? "" : words[0];
  if (command == "create" && words.size() == 2) return create(words[1]);
  if (command == "put" && words.size() == 4) return put(words[1], words[2], words[3]);
  if (command == "get" && words.size() == 3) return get(words[1], words[2], "");
  if (command == "get" && words.size() == 4) return get(words[1], words[2], words[3]);
  if (command == "exists" && words.size() == 3) return exists(words[1], words[2]);
  if (command == "delete" && words.size() == 3) return remove(words[1], words[2]);
  std::fputs(
      "usage: blobstore create BUCKET | put BUCKET KEY FILE | get BUCKET KEY [FILE] | exists BUCKET KEY | "
      "delete BUCKET KEY\n",
      stderr);
  return k_exit_usage;
}

}  // namespace

int main(int argc, char** argv) try { return run({argv + 1, argv + argc}); } catch (const std::exception& error) {
  std::fprintf(stderr, "blobstore: %s\n", error.what());
  return k_exit_failed;
}
