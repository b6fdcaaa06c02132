// A Lambda runtime for the tests of this folder: what it does is in the handler's name (at init) and in the payload
// (`"do":…`). In a layer's folder `extensions` it is an extension: what that does is in its file's name. A program of
// its own, without sanitizers: its start must fit into the time limits that are tested.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

namespace sortie::emulator::lambda {
namespace {

/// A connection to the Runtime API; blocking, no error handling but giving up.
class Api {
 public:
  Api() {
    std::string authority = ::getenv("AWS_LAMBDA_RUNTIME_API");
    auto colon = authority.find(':');
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{.sin_family = AF_INET,
                        .sin_port = htons(static_cast<std::uint16_t>(std::stoi(authority.substr(colon + 1))))};
    ::inet_pton(AF_INET, authority.substr(0, colon).c_str(), &address.sin_addr);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ::_exit(90);
  }

  struct Answer {
    int status = 0;
    std::string head;
    std::string body;
    [[nodiscard]] std::string header(std::string_view name) const {
      auto at = head.find("\r\n" + std::string(name) + ": ");
      if (at == std::string::npos) return {};
      at += name.size() + 4;
      return head.substr(at, head.find("\r\n", at) - at);
    }
  };

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  Answer receive() {
    std::string bytes;
    char piece[65536];
    std::size_t end = 0;
    std::size_t length = 0;
    for (;;) {
      end = bytes.find("\r\n\r\n");
      if (end != std::string::npos) {
        Answer head{.head = "\r\n" + bytes.substr(0, end + 2)};
        auto text = head.header("Content-Length");
        length = text.empty() ? 0 : std::stoul(text);
        if (bytes.size() >= end + 4 + length) break;
      }
      auto count = ::recv(fd_, piece, sizeof piece, 0);
      if (count <= 0) ::_exit(91);
      bytes.append(piece, static_cast<std::size_t>(count));
    }
    Answer answer{.status = std::stoi(bytes.substr(9, 3)), .head = "\r\n" + bytes.substr(0, end + 2)};
    answer.body = bytes.substr(end + 4, length);
    return answer;
  }

  Answer request(const std::string& method, const std::string& path, const std::string& body = {},
                 const std::string& headers = {}) {
    send(method + (path.starts_with('/') ? " " : " /2018-06-01/runtime/") + path + " HTTP/1.1\r\nHost: runtime\r\n" +
         headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return receive();
  }

 private:
  int fd_ = -1;
};

void print(std::string_view text) {
  while (!text.empty()) {
    auto count = ::write(1, text.data(), text.size());
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string read_file(const char* path) {
  std::string text;
  if (auto* file = std::fopen(path, "r")) {
    int c = 0;
    while ((c = std::fgetc(file)) != EOF) text.push_back(static_cast<char>(c));
    std::fclose(file);
  }
  return text;
}

void eat_memory() {
  for (;;) {
    constexpr std::size_t k_block = 1 << 20;
    auto* block = static_cast<volatile char*>(std::malloc(k_block));
    if (block == nullptr) ::_exit(92);
    for (std::size_t i = 0; i < k_block; i += 512) block[i] = 1;
  }
}

/// `/tmp/counter` plus one. A sandbox that is a plain process has its own folder for /tmp, named by TMPDIR.
int count_up() {
  const char* folder = ::getenv("TMPDIR");
  auto path = std::string(folder != nullptr ? folder : "/tmp") + "/counter";
  auto text = read_file(path.c_str());
  int number = (text.empty() ? 0 : std::atoi(text.c_str())) + 1;
  if (auto* file = std::fopen(path.c_str(), "w")) {
    std::fprintf(file, "%d", number);
    std::fclose(file);
  }
  return number;
}

std::string chunk(std::string_view bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

void stream(Api& api, const std::string& id, int pieces, std::size_t size, bool die, bool fail = false) {
  api.send("POST /2018-06-01/runtime/invocation/" + id +
           "/response HTTP/1.1\r\nHost: r\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: "
           "chunked\r\n\r\n");
  for (int i = 0; i < pieces; ++i) {
    auto text = "piece " + std::to_string(i) + "\n";
    if (size > text.size()) text.append(size - text.size(), 'x');
    api.send(chunk(text));
  }
  if (die) ::_exit(5);
  api.send(fail ? "0\r\nLambda-Runtime-Function-Error-Type: Stream.Broke\r\nLambda-Runtime-Function-Error-Body: "
                  "eyJlcnJvclR5cGUiOiJTdHJlYW0uQnJva2UifQ==\r\n\r\n"
                : "0\r\n\r\n");
  api.receive();
}

/// A streamed HTTP response: `prelude`, the delimiter, `body`.
void stream_http(Api& api, const std::string& id, const std::string& prelude, const std::string& body, bool die) {
  api.send("POST /2018-06-01/runtime/invocation/" + id +
           "/response HTTP/1.1\r\nHost: r\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nContent-Type: "
           "application/vnd.awslambda.http-integration-response\r\nTransfer-Encoding: chunked\r\n\r\n");
  // The delimiter comes in two pieces.
  api.send(chunk(prelude + std::string(3, '\0')));
  api.send(chunk(std::string(5, '\0') + body));
  if (die) {
    ::usleep(100'000);
    ::_exit(5);
  }
  api.send("0\r\n\r\n");
  api.receive();
}

std::string resolve(const char* host) {
  addrinfo hints{.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  if (int error = ::getaddrinfo(host, "80", &hints, &found)) return ::gai_strerror(error);
  char text[INET_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(found->ai_addr)->sin_addr, text, sizeof text);
  ::freeaddrinfo(found);
  return text;
}

/// The body of `http://HOST/`, or what is wrong.
std::string fetch(const std::string& host, const std::string& address, int port) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in peer{.sin_family = AF_INET, .sin_port = htons(static_cast<std::uint16_t>(port))};
  ::inet_pton(AF_INET, address.c_str(), &peer.sin_addr);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&peer), sizeof peer) != 0) return std::strerror(errno);
  auto request = "GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
  ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  std::string answer;
  char piece[4096];
  for (ssize_t count = 0; (count = ::recv(fd, piece, sizeof piece, 0)) > 0;) {
    answer.append(piece, static_cast<std::size_t>(count));
  }
  ::close(fd);
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

/// What AWS_ENDPOINT_URL leads to.
std::string fetch_endpoint() {
  const char* url = ::getenv("AWS_ENDPOINT_URL");
  if (url == nullptr) return "no AWS_ENDPOINT_URL";
  std::string authority(url + std::strlen("http://"));
  auto colon = authority.find(':');
  return fetch("endpoint", authority.substr(0, colon), std::stoi(authority.substr(colon + 1)));
}

std::string environment_json() {
  std::string json = "{";
  for (char** each = environ; *each != nullptr; ++each) {
    std::string_view pair(*each);
    auto equals = pair.find('=');
    if (json.size() > 1) json += ",";
    json.append("\"").append(pair.substr(0, equals)).append("\":\"").append(pair.substr(equals + 1)).append("\"");
  }
  return json + "}";
}

/// One invocation. What the payload asks for; the answer otherwise is the payload itself.
void serve(Api& api, const Api::Answer& work) {
  auto id = work.header("Lambda-Runtime-Aws-Request-Id");
  auto path = "invocation/" + id;
  auto asked = [&work](std::string_view what) {
    return work.body.find("\"" + std::string(what) + "\"") != std::string::npos;
  };
  auto answer = [&](const std::string& body) { api.request("POST", path + "/response", body); };
  if (asked("exit0")) ::_exit(0);
  if (asked("exit127")) ::_exit(127);
  if (asked("abort")) {
    rlimit none{};
    ::setrlimit(RLIMIT_CORE, &none);
    ::signal(SIGABRT, SIG_DFL);
    ::kill(::getpid(), SIGABRT);
    ::pause();
  }
  if (asked("hang")) ::pause();
  if (asked("memory")) eat_memory();
  if (asked("stream")) return stream(api, id, 3, 0, false);
  if (asked("stream-and-fail")) return stream(api, id, 1, 0, false, true);
  if (asked("stream-much")) return stream(api, id, 300, 100'000, false);
  if (asked("stream-and-die")) return stream(api, id, 2, 0, true);
  const std::string prelude = R"({"statusCode":202,"headers":{"X-A":"b"},"cookies":["c=1"]})";
  if (asked("http-stream")) return stream_http(api, id, prelude, "made of pieces", false);
  if (asked("http-stream-and-die")) return stream_http(api, id, prelude, "made of", true);
  if (asked("bad-prelude")) return stream_http(api, id, R"({"statusCode":)", "x", false);
  if (asked("response")) return answer(prelude.substr(0, prelude.size() - 1) + R"(,"body":"made"})");
  if (asked("bad-response")) return answer(R"({"statusCode":202,"headers":{"X-A":"b\r\nX-B: c"}})");
  if (asked("count")) return answer(std::to_string(count_up()));
  if (asked("environment")) return answer(environment_json());
  if (asked("do\":\"headers")) return answer("\"" + work.header("Lambda-Runtime-Invoked-Function-Arn") + "\"");
  if (asked("resolve"))
    return answer("[\"" + resolve("bucket.s3.amazonaws.com") + "\",\"" + resolve("example.com") + "\"]");
  if (asked("fetch")) {
    return answer("\"" + fetch("bucket.s3.amazonaws.com", resolve("bucket.s3.amazonaws.com"), 80) + "\"");
  }
  if (asked("fetch-endpoint")) return answer("\"" + fetch_endpoint() + "\"");
  if (asked("error")) {
    api.request("POST", path + "/error", R"({"errorMessage":"no","errorType":"MyError"})");
    return;
  }
  if (asked("large")) {
    auto refused = api.request("POST", path + "/response", std::string(6'291'557, 'x'));
    print("refused with " + std::to_string(refused.status) + "\n");
    return;
  }
  if (asked("wrong-id")) {
    auto refused = api.request("POST", "invocation/8f5a8c6e-0000-4000-8000-000000000001/response", "{}");
    return answer(std::to_string(refused.status) + refused.body);
  }
  if (asked("twice")) {
    answer("1");
    auto refused = api.request("POST", path + "/response", "2");
    print("second answer: " + std::to_string(refused.status) + "\n");
    return;
  }
  if (asked("print")) {
    print("one line\nno newline");
    ::write(2, "to stderr\n", 10);
  }
  if (asked("flood")) {
    std::string line(99, 'f');
    line += '\n';
    std::string many;
    for (int i = 0; i < 1000; ++i) many += line;
    for (int i = 0; i < 100; ++i) print(many);
    print("the end\n");
  }
  if (asked("answer-and-linger")) {
    answer("\"early\"");
    ::usleep(300'000);
    print("lingered\n");
    return;
  }
  if (asked("answer-and-exit")) {
    answer("\"last words\"");
    ::_exit(3);
  }
  answer(work.body);
}

/// POST /extension/register; the identifier, or the refusal as it is printed.
Api::Answer register_as(Api& api, const std::string& name, const std::string& events, const std::string& more = {}) {
  return api.request("POST", "/2020-01-01/extension/register", "{\"events\":[" + events + "]}",
                     "Lambda-Extension-Name: " + name + "\r\n" + more);
}

bool holds(std::string_view name, std::string_view what) {
  return name.find(what) != std::string_view::npos;
}

/// What an extension does is in its name.
[[noreturn]] void run_extension(const std::string& name) {
  auto is = [&name](std::string_view what) { return holds(name, what); };
  if (is("never-registers")) ::pause();
  if (is("exits-first")) ::_exit(4);
  if (is("floods")) {
    std::string line(99, 'e');
    line += '\n';
    for (int i = 0; i < 20'000; ++i) print(line);
  }
  Api api;
  if (is("bad-json")) {
    auto refused =
        api.request("POST", "/2020-01-01/extension/register", "{", "Lambda-Extension-Name: " + name + "\r\n");
    print(name + " " + std::to_string(refused.status) + " " + refused.body);
  }
  const bool deaf = is("deaf");
  auto registered = register_as(api, name,
                                deaf                ? ""
                                : is("no-shutdown") ? "\"INVOKE\""
                                                    : "\"INVOKE\",\"SHUTDOWN\"",
                                "Lambda-Extension-Accept-Feature: accountId\r\n");
  print(name + " registered " + registered.body + "\n");
  const auto id = "Lambda-Extension-Identifier: " + registered.header("Lambda-Extension-Identifier") + "\r\n";
  if (is("twice")) print(name + " again " + register_as(api, name, "").body);
  if (is("init-error")) {
    api.request("POST", "/2020-01-01/extension/init/error", "{}",
                id + "Lambda-Extension-Function-Error-Type: Fatal.NoLuck\r\n");
    ::_exit(0);
  }
  if (is("never-asks")) ::pause();
  for (;;) {
    auto event = api.request("GET", "/2020-01-01/extension/event/next", {}, id);
    print(name + " event " + std::to_string(event.status) + " " + event.body + "\n");
    if (event.status != 200) ::_exit(94);
    if (holds(event.body, "SHUTDOWN")) {
      if (is("ignores")) ::pause();
      print(name + " bye\n");
      ::_exit(0);
    }
    if (is("crashes")) ::_exit(9);
    if (is("exit-error")) {
      api.request("POST", "/2020-01-01/extension/exit/error", "{}",
                  id + "Lambda-Extension-Function-Error-Type: Fatal.Gone\r\n");
      ::_exit(1);
    }
    if (is("hangs")) ::pause();
    if (is("slow")) ::usleep(200'000);
    if (is("slow")) print(name + " done\n");
  }
}

/// A part of the runtime that says what it is told, in a thread of its own.
void run_internal_extension(const std::string& id) {
  std::thread([id] {
    Api api;
    for (;;) {
      auto event =
          api.request("GET", "/2020-01-01/extension/event/next", {}, "Lambda-Extension-Identifier: " + id + "\r\n");
      if (event.status != 200) return;
      print("inside " + event.body + "\n");
    }
  }).detach();
}

[[noreturn]] void run_bootstrap() {
  std::string handler = ::getenv("_HANDLER");
  if (handler == "init.exit") ::_exit(7);
  if (handler == "init.exit-once" && count_up() == 1) ::_exit(7);
  if (handler == "init.hang") ::pause();
  if (handler == "init.print") print("starting\n");
  if (handler.ends_with(".term")) {
    ::signal(SIGTERM, [](int) {
      print("told to end\n");
      ::_exit(0);
    });
  }
  Api api;
  if (handler.starts_with("internal")) {
    if (handler == "internal.shutdown.term") print(register_as(api, "inside", "\"SHUTDOWN\"").body);
    auto registered = register_as(api, "inside", handler == "internal.invoke" ? "\"INVOKE\"" : "");
    run_internal_extension(registered.header("Lambda-Extension-Identifier"));
  }
  if (handler == "init.error") {
    api.request("POST", "init/error", R"({"errorMessage":"cannot start","errorType":"Init.Bad"})",
                "Lambda-Runtime-Function-Error-Type: Init.Bad\r\n");
    ::_exit(1);
  }
  for (;;) {
    auto work = api.request("GET", "invocation/next");
    if (work.status != 200) ::_exit(93);
    serve(api, work);
  }
}

}  // namespace
}  // namespace sortie::emulator::lambda

int main(int, char** arguments) {
  const std::string self = arguments[0];
  const auto slash = self.rfind('/');
  if (self.find("/extensions/") != std::string::npos) sortie::emulator::lambda::run_extension(self.substr(slash + 1));
  sortie::emulator::lambda::run_bootstrap();
}
