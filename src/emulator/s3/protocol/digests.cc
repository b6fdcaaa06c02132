#include "emulator/s3/protocol/digests.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "emulator/s3/protocol/errors.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::array k_algorithms{ChecksumAlgorithm::crc32, ChecksumAlgorithm::crc32c, ChecksumAlgorithm::crc64nvme,
                                  ChecksumAlgorithm::sha1, ChecksumAlgorithm::sha256};

Failure invalid_value(ChecksumAlgorithm algorithm) {
  return invalid_request(fmt::format("Value for {} header is invalid.", wire::checksum_header(algorithm)));
}

Failure did_not_match(ChecksumAlgorithm algorithm) {
  return s3_fail(
      400, "BadDigest",
      fmt::format("The {} you specified did not match the calculated checksum.", wire::to_string(algorithm)));
}

AwsResult<std::string> raw_checksum(ChecksumAlgorithm algorithm, std::string_view text) {
  auto raw = wire::base64_decode(text);
  if (!raw || raw->size() != checksum_size(algorithm)) return invalid_value(algorithm);
  return *std::move(raw);
}

// Appending n zero bytes to a message is linear over GF(2) on its CRC: a matrix, squared for each doubling of n.
// -------

template <class Word>
using Matrix = std::array<Word, sizeof(Word) * 8>;

template <class Word>
Word transformed(const Matrix<Word>& matrix, Word vector) {
  Word sum = 0;
  for (std::size_t bit = 0; vector != 0; ++bit, vector >>= 1) {
    if ((vector & 1) != 0) sum ^= matrix[bit];
  }
  return sum;
}

template <class Word>
Matrix<Word> squared(const Matrix<Word>& matrix) {
  Matrix<Word> result;
  for (std::size_t bit = 0; bit < matrix.size(); ++bit) result[bit] = transformed(matrix, matrix[bit]);
  return result;
}

/// `polynomial` is bit-reversed; the CRC starts from and ends in all ones inverted, as all three of S3's do.
template <class Word>
Word join(Word first, Word second, std::uint64_t second_size, Word polynomial) {
  Matrix<Word> zeros;  // one zero bit
  zeros[0] = polynomial;
  for (std::size_t bit = 1; bit < zeros.size(); ++bit) zeros[bit] = Word{1} << (bit - 1);
  for (int doubling = 0; doubling < 3; ++doubling) zeros = squared(zeros);  // one zero byte
  for (; second_size != 0; second_size >>= 1) {
    if ((second_size & 1) != 0) first = transformed(zeros, first);
    zeros = squared(zeros);
  }
  return first ^ second;
}

template <class Word>
Word from_bytes(std::string_view bytes) {
  Word word = 0;
  for (const char byte : bytes) word = word << 8 | static_cast<unsigned char>(byte);
  return word;
}

template <class Word>
std::string to_bytes(Word word) {
  std::string bytes(sizeof(Word), '\0');
  for (auto at = bytes.rbegin(); at != bytes.rend(); ++at, word >>= 8) *at = static_cast<char>(word & 0xff);
  return bytes;
}

}  // namespace

std::size_t checksum_size(ChecksumAlgorithm algorithm) {
  switch (algorithm) {
    case ChecksumAlgorithm::crc32:
    case ChecksumAlgorithm::crc32c: return 4;
    case ChecksumAlgorithm::crc64nvme: return 8;
    case ChecksumAlgorithm::sha1: return 20;
    case ChecksumAlgorithm::sha256: return 32;
    case ChecksumAlgorithm::md5: return 16;
  }
  return 0;
}

std::string lower_name(ChecksumAlgorithm algorithm) {
  return ascii_lower(wire::to_string(algorithm));
}

bool is_crc(ChecksumAlgorithm algorithm) {
  return algorithm == ChecksumAlgorithm::crc32 || algorithm == ChecksumAlgorithm::crc32c ||
         algorithm == ChecksumAlgorithm::crc64nvme;
}

AwsResult<std::optional<ChecksumAlgorithm>> read_checksum_algorithm(const http::Headers& headers,
                                                                    std::string_view header) {
  const auto name = headers.get(header);
  if (!name || name->empty()) return std::nullopt;
  const auto algorithm = wire::checksum_algorithm_from(*name);
  if (!algorithm || *algorithm == ChecksumAlgorithm::md5) {
    return invalid_request(
        "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
        "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
  }
  return algorithm;
}

AwsResult<DigestDemand> read_digest_demand(const http::Headers& headers) {
  DigestDemand demand;
  if (const auto md5 = headers.get("content-md5")) {
    demand.content_md5 = wire::base64_decode(*md5);
    if (!demand.content_md5 || demand.content_md5->size() != 16) {
      return s3_fail(400, "InvalidDigest", "The Content-MD5 you specified was invalid.",
                     {{"Content-MD5", std::string(*md5)}});
    }
  }
  for (const ChecksumAlgorithm algorithm : k_algorithms) {
    const auto text = headers.get(wire::checksum_header(algorithm));
    if (!text) continue;
    if (demand.algorithm) {
      return invalid_request("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    }
    ASSIGN_OR_RETURN(auto raw, raw_checksum(algorithm, *text));
    demand.algorithm = algorithm;
    demand.value = std::move(raw);
  }
  if (demand.algorithm) return demand;
  if (const auto trailer = headers.get("x-amz-trailer")) {
    if (trailer->starts_with("x-amz-checksum-")) demand.algorithm = wire::checksum_algorithm_from(*trailer);
  }
  if (demand.algorithm) return demand;
  // An SDK's announcement alone, without a value, is checked for its form and then forgotten.
  RETURN_IF_ERROR(read_checksum_algorithm(headers, "x-amz-sdk-checksum-algorithm"));
  return demand;
}

Digests::Digests(const std::vector<ChecksumAlgorithm>& algorithms) : md5_(ChecksumAlgorithm::md5) {
  for (const ChecksumAlgorithm algorithm : algorithms) {
    const bool there = std::ranges::any_of(checksums_, [&](const auto& c) { return c.algorithm() == algorithm; });
    if (!there) checksums_.emplace_back(algorithm);
  }
}

void Digests::update(std::string_view bytes) {
  md5_.update(bytes);
  for (auto& checksum : checksums_) checksum.update(bytes);
}

Digests::Values Digests::finish() {
  Values values{md5_.finish(), {}};
  for (auto& checksum : checksums_) values.checksums.emplace_back(checksum.algorithm(), checksum.finish());
  return values;
}

std::string Digests::Values::of(ChecksumAlgorithm algorithm) const {
  for (const auto& [name, value] : checksums) {
    if (name == algorithm) return value;
  }
  return {};
}

AwsResult<void> check_digests(const DigestDemand& demand, const Digests::Values& values, const Trailers* trailers) {
  if (demand.content_md5 && *demand.content_md5 != values.md5) {
    return s3_fail(400, "BadDigest", "The Content-MD5 you specified did not match what we received.",
                   {{"ExpectedDigest", wire::base64_encode(*demand.content_md5)},
                    {"CalculatedDigest", wire::base64_encode(values.md5)}});
  }
  if (!demand.algorithm) return {};
  std::optional<std::string> expected = demand.value;
  for (const auto& [name, text] : trailers != nullptr ? trailers->fields : decltype(trailers->fields)()) {
    if (!http::iequals(name, wire::checksum_header(*demand.algorithm))) continue;
    ASSIGN_OR_RETURN(auto raw, raw_checksum(*demand.algorithm, text));
    expected = std::move(raw);
  }
  if (expected && *expected != values.of(*demand.algorithm)) return did_not_match(*demand.algorithm);
  return {};
}

std::string join_crc(ChecksumAlgorithm algorithm, std::string_view first, std::string_view second,
                     std::uint64_t second_size) {
  if (algorithm == ChecksumAlgorithm::crc64nvme) {
    constexpr std::uint64_t k_polynomial = 0x9A6C9329AC4BC9B5;
    return to_bytes(
        join(from_bytes<std::uint64_t>(first), from_bytes<std::uint64_t>(second), second_size, k_polynomial));
  }
  const std::uint32_t polynomial = algorithm == ChecksumAlgorithm::crc32 ? 0xEDB88320U : 0x82F63B78U;
  return to_bytes(join(from_bytes<std::uint32_t>(first), from_bytes<std::uint32_t>(second), second_size, polynomial));
}

}  // namespace sortie::emulator::s3
