#include "http/message_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>

#include "base/number.h"
#include "http/head_text.h"

namespace sortie::http {

namespace {

namespace beast_http = boost::beast::http;
using BeastString = boost::beast::string_view;
using BeastError = boost::beast::error_code;

std::string_view view(BeastString text) {
  return {text.data(), text.size()};
}

ParseFault fault_of(const BeastError& error) {
  if (error == beast_http::error::header_limit || error == beast_http::error::buffer_overflow) {
    return ParseFault::header_too_large;
  }
  if (error == beast_http::error::body_limit) return ParseFault::body_too_large;
  if (error == beast_http::error::bad_version) return ParseFault::unsupported_version;
  return ParseFault::malformed;
}

/// Beast's tokenizer filling our values. One object parses one message.
template <bool IsRequest>
class OneMessage final : public beast_http::basic_parser<IsRequest> {
 public:
  OneMessage(std::size_t header_limit, std::uint64_t body_limit) {
    this->header_limit(static_cast<std::uint32_t>(header_limit));
    this->body_limit(body_limit);
    this->eager(false);
  }

  MessageHead head;
  std::span<char> out;
  std::size_t produced = 0;

 private:
  void on_request_impl(beast_http::verb, BeastString method, BeastString target, int version, BeastError&) override {
    head.method = view(method);
    head.target = view(target);
    head.http_1_1 = version >= 11;
  }

  void on_response_impl(int status, BeastString, int version, BeastError&) override {
    head.status = status;
    head.http_1_1 = version >= 11;
  }

  void on_field_impl(beast_http::field field, BeastString name, BeastString value, BeastError& error) override {
    if (header_done_) {
      if (head.trailers.size() < k_trailer_limit) head.trailers.add(std::string(view(name)), std::string(view(value)));
      return;
    }
    if (field == beast_http::field::content_length && !take_content_length(view(value))) {
      error = beast_http::error::bad_content_length;
    }
    if (field == beast_http::field::transfer_encoding) {
      if (!iequals(view(value), "chunked") || !head.http_1_1) error = beast_http::error::bad_transfer_encoding;
      head.chunked = true;
    }
    if (field == beast_http::field::connection) {
      says_close_ = says_close_ || has_token(view(value), "close");
      says_keep_alive_ = says_keep_alive_ || has_token(view(value), "keep-alive");
    }
    head.headers.add(std::string(view(name)), std::string(view(value)));
  }

  /// Digits alone, once: Beast also takes lists and repetitions.
  bool take_content_length(std::string_view value) {
    if (head.content_length || value.empty()) return false;
    if (!std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; })) return false;
    head.content_length = parse_number<std::uint64_t>(value);
    return head.content_length.has_value();
  }

  void on_header_impl(BeastError&) override {
    header_done_ = true;
    head.keep_alive = !says_close_ && (head.http_1_1 || says_keep_alive_);
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, BeastError&) override {}
  std::size_t on_body_impl(BeastString, BeastError&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, BeastString, BeastError&) override {}
  void on_finish_impl(BeastError&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, BeastString body, BeastError&) override {
    const std::size_t count = std::min(body.size(), out.size() - produced);
    std::memcpy(out.data() + produced, body.data(), count);
    produced += count;
    return count;
  }

  bool header_done_ = false;
  bool says_close_ = false;
  bool says_keep_alive_ = false;
};

template <bool IsRequest>
class BeastMessageParser final : public MessageParser {
 public:
  explicit BeastMessageParser(std::size_t header_limit) : header_limit_(header_limit) {}

  void start(std::uint64_t body_limit) override {
    message_.emplace(header_limit_, body_limit);
    header_bytes_ = 0;
  }

  Step parse_head(std::string_view bytes) override {
    Step step;
    // RFC 9112, 2.2: an empty line before a request line is skipped.
    while (IsRequest && header_bytes_ == 0 && bytes.substr(step.consumed).starts_with("\r\n")) step.consumed += 2;
    BeastError error;
    const auto rest = bytes.substr(step.consumed);
    if (!rest.empty()) {
      const std::size_t taken = message_->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
      step.consumed += taken;
      header_bytes_ += taken;
    }
    step.done = !error && message_->is_header_done();
    if (error && error != beast_http::error::need_more) step.fault = fault_of(error);
    // What is consumed piecemeal escapes Beast's own limit.
    const std::size_t seen = header_bytes_ + (step.done ? 0 : bytes.size() - step.consumed);
    if (step.fault == ParseFault::none && seen > header_limit_) step.fault = ParseFault::header_too_large;
    return step;
  }

  MessageHead& head() override { return message_->head; }

  Step parse_chunks(std::string_view bytes, std::span<char> out) override {
    Step step;
    message_->out = out;
    message_->produced = 0;
    BeastError error;
    while (!message_->is_done() && message_->produced < out.size() && step.consumed < bytes.size()) {
      const auto rest = bytes.substr(step.consumed);
      step.consumed += message_->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
      if (error) break;
    }
    step.produced = message_->produced;
    step.done = message_->is_done();
    if (error && error != beast_http::error::need_more) step.fault = fault_of(error);
    return step;
  }

 private:
  std::size_t header_limit_;
  std::size_t header_bytes_ = 0;
  std::optional<OneMessage<IsRequest>> message_;
};

}  // namespace

std::unique_ptr<MessageParser> make_request_parser(std::size_t header_limit) {
  return std::make_unique<BeastMessageParser<true>>(header_limit);
}

std::unique_ptr<MessageParser> make_response_parser(std::size_t header_limit) {
  return std::make_unique<BeastMessageParser<false>>(header_limit);
}

}  // namespace sortie::http
