#include "emulator/core/protocol.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>
#include <boost/json.hpp>
#include <stdexcept>

#include "base/base64.h"

namespace sortie::emulator {

namespace {

/// Random bytes are drawn in blocks: a call into OpenSSL costs more than an id.
class RandomBytes {
 public:
  void fill(unsigned char* to, std::size_t count) {
    if (used_ + count > block_.size()) {
      if (RAND_bytes(block_.data(), static_cast<int>(block_.size())) != 1) throw std::runtime_error("no random bytes");
      used_ = 0;
    }
    std::copy_n(block_.data() + used_, count, to);
    used_ += count;
  }

 private:
  std::array<unsigned char, 1024> block_{};
  std::size_t used_ = block_.size();
};

template <std::size_t N>
std::array<unsigned char, N> random_bytes() {
  thread_local RandomBytes source;
  std::array<unsigned char, N> bytes;
  source.fill(bytes.data(), N);
  return bytes;
}

http::Response xml_response(int status, std::string body, const std::string& request_id) {
  http::Response response;
  response.status = status;
  response.headers.add("x-amzn-RequestId", request_id);
  response.headers.add("Content-Type", "text/xml");
  response.body = std::move(body);
  return response;
}

bool from_front_door(std::string_view code) {
  return code == "UnrecognizedClientException" || code == "InvalidSignatureException" ||
         code == "ExpiredTokenException" || code == "MissingAuthenticationTokenException" ||
         code == "IncompleteSignatureException" || code == "AccessDeniedException";
}

}  // namespace

std::string make_request_id() {
  auto bytes = random_bytes<16>();
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  static constexpr std::string_view k_digits = "0123456789abcdef";
  std::string id;
  id.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    id += k_digits[bytes[i] >> 4];
    id += k_digits[bytes[i] & 15];
  }
  return id;
}

std::string make_s3_request_id() {
  static constexpr std::string_view k_alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string id;
  for (unsigned char byte : random_bytes<16>()) id += k_alphabet[byte & 31];
  return id;
}

std::string make_s3_host_id() {
  const auto bytes = random_bytes<56>();
  return base64_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string xml_escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') {
          escaped += fmt::format("&#x{:x};", static_cast<unsigned char>(c));
        } else {
          escaped += c;
        }
    }
  }
  return escaped;
}

http::Response render_query_success(std::string_view xml_namespace, std::string_view action,
                                    std::string_view result_xml, const std::string& request_id, bool has_result) {
  std::string body = fmt::format("<{}Response xmlns=\"{}\">\n", action, xml_namespace);
  if (has_result) body += fmt::format("  <{0}Result>{1}</{0}Result>\n", action, result_xml);
  body += fmt::format("  <ResponseMetadata>\n    <RequestId>{}</RequestId>\n  </ResponseMetadata>\n</{}Response>\n",
                      request_id, action);
  return xml_response(200, std::move(body), request_id);
}

http::Response render_query_error(std::string_view xml_namespace, const AwsError& error,
                                  const std::string& request_id) {
  std::string body = fmt::format(
      "<ErrorResponse xmlns=\"{}\">\n  <Error>\n    <Type>{}</Type>\n    <Code>{}</Code>\n    "
      "<Message>{}</Message>\n",
      xml_namespace, error.status >= 500 ? "Receiver" : "Sender", xml_escape(error.code), xml_escape(error.message));
  for (const auto& [name, value] : error.fields) body += fmt::format("    <{0}>{1}</{0}>\n", name, xml_escape(value));
  body += fmt::format("  </Error>\n  <RequestId>{}</RequestId>\n</ErrorResponse>\n", request_id);
  return xml_response(error.status, std::move(body), request_id);
}

http::Response render_rest_json_error(const AwsError& error, const std::string& request_id) {
  boost::json::object body;
  if (from_front_door(error.code)) {
    body[error.code == "AccessDeniedException" ? "Message" : "message"] = error.message;
  } else {
    body["Type"] = error.status >= 500 ? "Service" : "User";
    body["Message"] = error.message;
  }
  for (const auto& [name, value] : error.fields) body[name] = value;
  http::Response response = json_response(error.status, body, request_id);
  response.headers.add("x-amzn-ErrorType", error.code);
  return response;
}

http::Response render_json11_error(const AwsError& error, const std::string& request_id) {
  boost::json::object body;
  body["__type"] = error.code;
  body[from_front_door(error.code) && error.code == "AccessDeniedException" ? "Message" : "message"] = error.message;
  for (const auto& [name, value] : error.fields) body[name] = value;
  return json_response(error.status, body, request_id, "application/x-amz-json-1.1");
}

http::Response json_response(int status, const boost::json::value& body, const std::string& request_id,
                             std::string_view content_type) {
  http::Response response;
  response.status = status;
  response.headers.add("x-amzn-RequestId", request_id);
  response.headers.add("Content-Type", std::string(content_type));
  response.body = boost::json::serialize(body);
  return response;
}

AwsError not_implemented(std::string_view service, std::string_view operation) {
  return AwsError{
      501,
      "NotImplemented",
      fmt::format("The embedded AWS does not implement {}:{}. AWS does: run against an account with --on aws.", service,
                  operation),
      {}};
}

std::string query_parameter(std::string_view query, std::string_view name) {
  auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    const auto equals = part.find('=');
    if (part.substr(0, equals) != name) continue;
    if (equals == std::string_view::npos) return {};
    const std::string_view raw = part.substr(equals + 1);
    std::string value;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '%' && i + 2 < raw.size() && digit(raw[i + 1]) >= 0 && digit(raw[i + 2]) >= 0) {
        value += static_cast<char>(digit(raw[i + 1]) * 16 + digit(raw[i + 2]));
        i += 2;
      } else {
        value += raw[i] == '+' ? ' ' : raw[i];
      }
    }
    return value;
  }
  return {};
}

}  // namespace sortie::emulator
