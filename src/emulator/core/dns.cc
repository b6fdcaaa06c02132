#include "emulator/core/dns.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "emulator/core/dns_stream.h"
#include "emulator/core/name_addresses.h"
#include "http/message.h"

namespace sortie::emulator {
namespace {

constexpr std::size_t k_header_bytes = 12;
constexpr std::size_t k_name_limit = 253;
constexpr std::uint16_t k_type_a = 1;
constexpr std::uint16_t k_class_in = 1;
constexpr std::uint16_t k_class_any = 255;
constexpr std::uint32_t k_ttl_seconds = 60;

enum class Code : std::uint8_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,
  not_implemented = 4,
  refused = 5
};

std::uint16_t read16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

void append16(std::string& out, std::uint32_t value) {
  out.push_back(static_cast<char>(value >> 8 & 0xff));
  out.push_back(static_cast<char>(value & 0xff));
}

struct QuestionSection {
  std::string name;
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::size_t end = 0;
};

/// The single question. Compression pointers have no place there and are refused.
std::optional<QuestionSection> read_question(std::string_view query) {
  QuestionSection question;
  std::size_t at = k_header_bytes;
  for (;;) {
    if (at >= query.size()) return std::nullopt;
    auto length = static_cast<unsigned char>(query[at]);
    ++at;
    if (length == 0) break;
    if (length > 63 || at + length > query.size() || question.name.size() + length + 1 > k_name_limit + 1) {
      return std::nullopt;
    }
    if (!question.name.empty()) question.name.push_back('.');
    question.name.append(query.substr(at, length));
    at += length;
  }
  if (at + 4 > query.size()) return std::nullopt;
  question.type = read16(query, at);
  question.klass = read16(query, at + 2);
  question.end = at + 4;
  return question;
}

/// Header and question of the answer. Recursion is available, as stub resolvers want it.
std::string start_answer(std::string_view query, Code code, std::size_t question_end, std::uint16_t answers) {
  std::string out(query.substr(0, 2));
  auto recursion_desired = static_cast<unsigned char>(query[2]) & 0x01;
  auto opcode = static_cast<unsigned char>(query[2]) & 0x78;
  out.push_back(static_cast<char>(0x80 | opcode | recursion_desired));
  out.push_back(static_cast<char>(0x80 | static_cast<unsigned>(code)));
  append16(out, question_end > k_header_bytes ? 1 : 0);
  append16(out, answers);
  append16(out, 0);
  append16(out, 0);
  out.append(query.substr(k_header_bytes, question_end - k_header_bytes));
  return out;
}

bool ends_with_domain(std::string_view name, std::string_view domain) {
  if (name.size() <= domain.size() + 1) return false;
  return name[name.size() - domain.size() - 1] == '.' &&
         http::iequals(name.substr(name.size() - domain.size()), domain);
}

}  // namespace

bool is_aws_host(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return ends_with_domain(name, "amazonaws.com") || ends_with_domain(name, "amazonaws.com.cn") ||
         ends_with_domain(name, "api.aws") || ends_with_domain(name, "on.aws");
}

std::optional<std::string> answer_dns(std::string_view query, std::array<std::uint8_t, 4> address) {
  return answer_dns(query, [address](std::string_view) { return address; });
}

bool asks_for_own_name(std::string_view query) {
  if (query.size() < k_header_bytes || read16(query, 4) != 1) return false;
  const auto question = read_question(query);
  return question && (is_aws_host(question->name) || http::iequals(question->name, "localhost"));
}

std::string dns_failure(std::string_view query) {
  const auto question = read16(query, 4) == 1 ? read_question(query) : std::nullopt;
  return start_answer(query, Code::server_failure, question ? question->end : k_header_bytes, 0);
}

std::optional<std::string> answer_dns(std::string_view query, const AddressOfName& address_of) {
  if (query.size() < k_header_bytes || (static_cast<unsigned char>(query[2]) & 0x80) != 0) return std::nullopt;
  if ((static_cast<unsigned char>(query[2]) & 0x78) != 0) {
    return start_answer(query, Code::not_implemented, k_header_bytes, 0);
  }
  auto question = read16(query, 4) == 1 ? read_question(query) : std::nullopt;
  if (!question) return start_answer(query, Code::format_error, k_header_bytes, 0);
  if (question->klass != k_class_in && question->klass != k_class_any) {
    return start_answer(query, Code::refused, question->end, 0);
  }
  bool local = http::iequals(question->name, "localhost");
  if (!local && !is_aws_host(question->name)) return start_answer(query, Code::name_error, question->end, 0);
  if (question->type != k_type_a) return start_answer(query, Code::no_error, question->end, 0);
  const auto address = local ? std::array<std::uint8_t, 4>{127, 0, 0, 1} : address_of(question->name);
  auto out = start_answer(query, Code::no_error, question->end, 1);
  append16(out, 0xc000 | k_header_bytes);  // the name: a pointer to the question's
  append16(out, k_type_a);
  append16(out, k_class_in);
  append16(out, k_ttl_seconds >> 16);
  append16(out, k_ttl_seconds & 0xffff);
  append16(out, address.size());
  for (auto byte : address) out.push_back(static_cast<char>(byte));
  return out;
}

struct DnsServer::Impl {
  Impl(Executor executor, int fd, std::array<std::uint8_t, 4> endpoint, Addresses the_addresses)
      : socket(executor, asio::ip::udp::v4(), fd), address(endpoint), addresses(the_addresses) {}

  std::optional<std::string> answer(std::string_view query) {
    if (addresses == Addresses::one) return answer_dns(query, address);
    return answer_dns(query, [this](std::string_view name) { return names.of(name); });
  }

  asio::ip::udp::socket socket;
  std::array<std::uint8_t, 4> address;
  Addresses addresses;
  NameAddresses names;
  std::unique_ptr<DnsStreamServer> stream;
};

DnsServer::DnsServer(Executor executor, UniqueFd socket, UniqueFd listener, std::array<std::uint8_t, 4> address,
                     Addresses addresses)
    : impl_(std::make_shared<Impl>(executor, socket.release(), address, addresses)) {
  if (listener) {
    auto answer = [impl = impl_.get()](std::string query) -> Task<std::string> {
      co_return impl->answer(query).value_or("");
    };
    impl_->stream = std::make_unique<DnsStreamServer>(executor, std::move(listener), std::move(answer));
  }
  auto serve = [](std::shared_ptr<Impl> impl) -> Task<void> {
    std::array<char, 1232> buffer{};
    asio::ip::udp::endpoint sender;
    while (impl->socket.is_open()) {
      auto [error, size] =
          co_await impl->socket.async_receive_from(asio::buffer(buffer), sender, asio::as_tuple(asio::use_awaitable));
      if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
      if (error) continue;  // a peer's port was closed: the next receive reports it
      auto answer = impl->answer({buffer.data(), size});
      boost::system::error_code ignored;
      // A full socket buffer loses the datagram, as a network would; the client asks again.
      if (answer && impl->socket.is_open()) impl->socket.send_to(asio::buffer(*answer), sender, MSG_DONTWAIT, ignored);
    }
  };
  asio::co_spawn(executor, serve(impl_), asio::detached);
}

DnsServer::~DnsServer() {
  boost::system::error_code ignored;
  impl_->socket.close(ignored);
  impl_->stream.reset();
}

}  // namespace sortie::emulator
