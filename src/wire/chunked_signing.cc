#include "wire/chunked_signing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "wire/sigv4.h"
#include "wire/sigv4_canonical.h"

namespace sortie::wire {

namespace {

constexpr std::string_view k_chunk_extension = ";chunk-signature=";
constexpr std::string_view k_trailer_signature = "x-amz-trailer-signature";

bool has_trailer(ChunkMode mode) {
  return mode != ChunkMode::signed_chunks;
}
bool is_signed(ChunkMode mode) {
  return mode != ChunkMode::unsigned_trailer;
}

std::string chunk_signature(const ChunkSigning& signing, std::string_view previous, std::string_view data_sha256_hex) {
  const auto to_sign = fmt::format("AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{}\n{}", signing.amz_date, signing.scope,
                                   previous, k_empty_sha256, data_sha256_hex);
  return hex_encode(hmac_sha256(signing.signing_key, to_sign));
}

std::string trailer_signature(const ChunkSigning& signing, std::string_view previous, std::string_view trailers) {
  const auto to_sign = fmt::format("AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{}\n{}", signing.amz_date, signing.scope,
                                   previous, sha256_hex(trailers));
  return hex_encode(hmac_sha256(signing.signing_key, to_sign));
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::unexpected<Error> refuse(std::string code, std::string message) {
  auto error = fail(ErrorKind::protocol, std::move(message));
  error.error().code = std::move(code);
  return error;
}

std::vector<std::string> split_names(std::string_view names) {
  std::vector<std::string> out;
  while (!names.empty()) {
    const auto item = names.substr(0, std::min(names.find(','), names.size()));
    names.remove_prefix(std::min(item.size() + 1, names.size()));
    if (!trim(item).empty()) out.push_back(ascii_lower(trim(item)));
  }
  return out;
}

}  // namespace

std::optional<ChunkMode> chunk_mode_from(std::string_view content_sha256) {
  if (content_sha256 == k_streaming_payload) return ChunkMode::signed_chunks;
  if (content_sha256 == k_streaming_payload_trailer) return ChunkMode::signed_chunks_trailer;
  if (content_sha256 == k_streaming_unsigned_trailer) return ChunkMode::unsigned_trailer;
  return std::nullopt;
}

std::string_view to_string(ChunkMode mode) {
  switch (mode) {
    case ChunkMode::signed_chunks: return k_streaming_payload;
    case ChunkMode::signed_chunks_trailer: return k_streaming_payload_trailer;
    case ChunkMode::unsigned_trailer: return k_streaming_unsigned_trailer;
  }
  return {};
}

struct ChunkedDecoder::State {
  enum class Step : std::uint8_t { chunk_header, data, data_end, trailer, done };

  explicit State(ChunkedDecoderOptions given)
      : options(std::move(given)), expected_trailers(split_names(options.trailer_names)) {
    if (options.signing) previous_signature = options.signing->seed_signature;
    for (const auto& name : expected_trailers) {
      if (const auto algorithm = checksum_algorithm_from(name)) checksums.emplace_back(name, *algorithm);
    }
  }

  /// Appends to `line` up to and with the line feed; true when the line is whole (without CR LF).
  Result<bool> take_line(std::string_view& input, std::size_t limit) {
    const auto end = input.find('\n');
    const auto count = end == std::string_view::npos ? input.size() : end + 1;
    if (line.size() + count > limit) return refuse("InvalidRequest", "chunk header or trailer is too long");
    line += input.substr(0, count);
    input.remove_prefix(count);
    if (end == std::string_view::npos) return false;
    if (!line.ends_with("\r\n")) return refuse("InvalidRequest", "chunk header or trailer without CR LF");
    line.resize(line.size() - 2);
    return true;
  }

  Result<void> on_chunk_header() {
    std::string_view rest = line;
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size, 16);
    if (error != std::errc() || end == rest.data()) return refuse("InvalidRequest", "chunk header without a size");
    rest.remove_prefix(std::size_t(end - rest.data()));
    if (size > options.limits.chunk_bytes) {
      return refuse("InvalidChunkSizeError", fmt::format("chunk of {} bytes is too large", size));
    }
    if (is_signed(options.mode)) {
      if (!rest.starts_with(k_chunk_extension)) return refuse("InvalidRequest", "chunk without a signature");
      signature = rest.substr(k_chunk_extension.size());
    } else if (!rest.empty() && rest.front() != ';') {
      return refuse("InvalidRequest", "chunk header has an invalid size");
    }
    if (options.decoded_length && size > *options.decoded_length - decoded) {
      return refuse("IncompleteBody", "the body is longer than x-amz-decoded-content-length");
    }
    line.clear();
    remaining = size;
    is_last = size == 0;
    step = Step::data;
    return is_last ? on_last_chunk() : Result<void>();
  }

  Result<void> check_chunk_signature() {
    if (!is_signed(options.mode)) return {};
    const auto expected = chunk_signature(*options.signing, previous_signature, hex_encode(hash.finish()));
    if (!equal_in_constant_time(expected, signature)) {
      return refuse("SignatureDoesNotMatch", "the signature of a chunk does not match");
    }
    previous_signature = expected;
    return {};
  }

  Result<void> on_last_chunk() {
    RETURN_IF_ERROR(check_chunk_signature());
    if (options.decoded_length && decoded != *options.decoded_length) {
      return refuse("IncompleteBody", "the body is shorter than x-amz-decoded-content-length");
    }
    step = Step::trailer;
    return {};
  }

  void on_data(std::string_view& input, std::string& output) {
    const auto bytes = input.substr(0, std::size_t(std::min<std::uint64_t>(remaining, input.size())));
    if (is_signed(options.mode)) hash.update(bytes);
    for (auto& [name, checksum] : checksums) checksum.update(bytes);
    output += bytes;
    input.remove_prefix(bytes.size());
    remaining -= bytes.size();
    decoded += bytes.size();
    if (remaining == 0) step = Step::data_end;
  }

  /// The CR LF behind a chunk's data.
  Result<void> on_data_end(std::string_view& input) {
    ASSIGN_OR_RETURN(const bool whole, take_line(input, 2));
    if (!whole) return {};
    line.clear();
    step = Step::chunk_header;
    return check_chunk_signature();
  }

  Result<void> on_trailer_line() {
    trailer_bytes += line.size() + 2;
    if (trailer_bytes > options.limits.trailer_bytes) return refuse("MalformedTrailerError", "trailers are too long");
    if (line.empty()) {
      step = Step::done;
      return check_trailers();
    }
    if (!has_trailer(options.mode)) return refuse("MalformedTrailerError", "unexpected trailer");
    const auto colon = line.find(':');
    if (colon == std::string::npos) return refuse("MalformedTrailerError", "trailer without a colon");
    auto name = ascii_lower(trim(std::string_view(line).substr(0, colon)));
    auto value = std::string(trim(std::string_view(line).substr(colon + 1)));
    line.clear();
    if (name == k_trailer_signature) {
      signature_of_trailers = std::move(value);
      return {};
    }
    if (std::find(expected_trailers.begin(), expected_trailers.end(), name) == expected_trailers.end()) {
      return refuse("MalformedTrailerError", fmt::format("trailer {} is not in x-amz-trailer", name));
    }
    trailers.emplace_back(std::move(name), std::move(value));
    return {};
  }

  Result<void> check_trailers() {
    if (!has_trailer(options.mode)) return {};
    for (const auto& name : expected_trailers) {
      const auto count =
          std::count_if(trailers.begin(), trailers.end(), [&](const auto& t) { return t.first == name; });
      if (count != 1) return refuse("MalformedTrailerError", fmt::format("trailer {} must come once", name));
    }
    if (is_signed(options.mode)) {
      std::string canonical;
      for (const auto& [name, value] : trailers) canonical += fmt::format("{}:{}\n", name, value);
      const auto expected = trailer_signature(*options.signing, previous_signature, canonical);
      if (!equal_in_constant_time(expected, signature_of_trailers)) {
        return refuse("SignatureDoesNotMatch", "the signature of the trailers does not match");
      }
    }
    return check_checksums();
  }

  Result<void> check_checksums() {
    for (auto& [name, checksum] : checksums) {
      const auto found = std::find_if(trailers.begin(), trailers.end(), [&](const auto& t) { return t.first == name; });
      if (base64_encode(checksum.finish()) != found->second) {
        return refuse("BadDigest", fmt::format("the {} you specified did not match the calculated checksum",
                                               to_string(checksum.algorithm())));
      }
    }
    return {};
  }

  Result<void> feed(std::string_view input, std::string& output) {
    while (!input.empty()) {
      switch (step) {
        case Step::chunk_header: {
          ASSIGN_OR_RETURN(const bool whole, take_line(input, options.limits.chunk_header_bytes));
          if (whole) RETURN_IF_ERROR(on_chunk_header());
          break;
        }
        case Step::data: on_data(input, output); break;
        case Step::data_end: RETURN_IF_ERROR(on_data_end(input)); break;
        case Step::trailer: {
          ASSIGN_OR_RETURN(const bool whole, take_line(input, options.limits.trailer_bytes));
          if (whole) RETURN_IF_ERROR(on_trailer_line());
          break;
        }
        case Step::done: return refuse("InvalidRequest", "bytes after the last chunk");
      }
    }
    return {};
  }

  ChunkedDecoderOptions options;
  std::vector<std::string> expected_trailers;
  std::vector<std::pair<std::string, Checksum>> checksums;
  std::vector<std::pair<std::string, std::string>> trailers;
  Checksum hash{ChecksumAlgorithm::sha256};
  Step step = Step::chunk_header;
  std::string line;
  std::string signature;
  std::string signature_of_trailers;
  std::string previous_signature;
  std::uint64_t remaining = 0;
  std::uint64_t decoded = 0;
  std::size_t trailer_bytes = 0;
  bool is_last = false;
  std::optional<Error> failed;
};

ChunkedDecoder::ChunkedDecoder(ChunkedDecoderOptions options) : state_(std::make_unique<State>(std::move(options))) {
  if (is_signed(state_->options.mode) && !state_->options.signing) {
    state_->failed = refuse("InvalidRequest", "signed chunks without a signed request").error();
  }
}
ChunkedDecoder::ChunkedDecoder(ChunkedDecoder&&) noexcept = default;
ChunkedDecoder::~ChunkedDecoder() = default;

Result<void> ChunkedDecoder::feed(std::string_view input, std::string& output) {
  if (state_->failed) return std::unexpected(*state_->failed);
  auto result = state_->feed(input, output);
  if (!result) state_->failed = result.error();
  return result;
}

Result<void> ChunkedDecoder::finish() {
  if (state_->failed) return std::unexpected(*state_->failed);
  if (finished()) return {};
  return refuse("IncompleteBody", "the body ended before its last chunk");
}

bool ChunkedDecoder::finished() const {
  return !state_->failed && state_->step == State::Step::done;
}

const std::vector<std::pair<std::string, std::string>>& ChunkedDecoder::trailers() const {
  return state_->trailers;
}

ChunkedEncoder::ChunkedEncoder(ChunkMode mode, std::optional<ChunkSigning> signing,
                               std::optional<ChecksumAlgorithm> trailer)
    : mode_(mode), signing_(std::move(signing)) {
  if (!has_trailer(mode) || !trailer) return;
  algorithm_ = trailer;
  checksum_.emplace(*trailer);
}

std::string ChunkedEncoder::sign(std::string_view bytes) {
  if (!is_signed(mode_)) return {};
  signing_->seed_signature = chunk_signature(*signing_, signing_->seed_signature, sha256_hex(bytes));
  return fmt::format("{}{}", k_chunk_extension, signing_->seed_signature);
}

std::string ChunkedEncoder::chunk(std::string_view bytes) {
  if (checksum_) checksum_->update(bytes);
  std::string out = fmt::format("{:x}{}\r\n", bytes.size(), sign(bytes));
  out.reserve(out.size() + bytes.size() + 2);
  out += bytes;
  out += "\r\n";
  return out;
}

std::string ChunkedEncoder::finish() {
  std::string out = fmt::format("0{}\r\n", sign({}));
  if (has_trailer(mode_)) {
    std::string canonical;
    if (checksum_) {
      const auto header = checksum_header(*algorithm_);
      const auto value = base64_encode(checksum_->finish());
      canonical = fmt::format("{}:{}\n", header, value);
      out += fmt::format("{}:{}\r\n", header, value);
    }
    if (is_signed(mode_)) {
      out += fmt::format("{}:{}\r\n", k_trailer_signature,
                         trailer_signature(*signing_, signing_->seed_signature, canonical));
    }
  }
  out += "\r\n";
  return out;
}

std::uint64_t ChunkedEncoder::encoded_length(ChunkMode mode, std::optional<ChecksumAlgorithm> trailer,
                                             std::uint64_t decoded_length, std::uint64_t chunk_bytes) {
  constexpr std::uint64_t k_signature = 64;
  const std::uint64_t extension = is_signed(mode) ? k_chunk_extension.size() + k_signature : 0;
  const auto framed = [&](std::uint64_t bytes) {
    return fmt::formatted_size("{:x}", bytes) + extension + 2 + bytes + 2;
  };
  std::uint64_t total = decoded_length / chunk_bytes * framed(chunk_bytes);
  if (const auto rest = decoded_length % chunk_bytes; rest != 0) total += framed(rest);
  total += 1 + extension + 2 + 2;
  if (!has_trailer(mode)) return total;
  if (trailer) {
    const auto digest = checksum(*trailer, {}).size();
    total += checksum_header(*trailer).size() + 1 + (digest + 2) / 3 * 4 + 2;
  }
  if (is_signed(mode)) total += k_trailer_signature.size() + 1 + k_signature + 2;
  return total;
}

}  // namespace sortie::wire
