#include "wire/chunked_signing.h"

#include <gtest/gtest.h>

#include "wire/sigv4.h"

namespace sortie::wire {
namespace {

// The worked example of the S3 API reference: 65 KiB of 'a' in chunks of 64 KiB.
ChunkSigning example(std::string_view seed) {
  const Scope scope{"20130524", "us-east-1", "s3"};
  return {derive_signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", scope), "20130524T000000Z", scope.to_string(),
          std::string(seed)};
}
const std::string k_seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
const std::string k_trailer_seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";

std::string encode(ChunkMode mode, std::optional<ChunkSigning> signing, std::optional<ChecksumAlgorithm> trailer,
                   std::string_view data, std::size_t chunk = 65536) {
  ChunkedEncoder encoder(mode, std::move(signing), trailer);
  std::string out;
  for (std::size_t at = 0; at < data.size(); at += chunk) out += encoder.chunk(data.substr(at, chunk));
  return out + encoder.finish();
}

ChunkedDecoderOptions options(ChunkMode mode, std::optional<ChunkSigning> signing, std::string trailers = {}) {
  ChunkedDecoderOptions out;
  out.mode = mode;
  out.signing = std::move(signing);
  out.trailer_names = std::move(trailers);
  return out;
}

Result<std::string> decode(ChunkedDecoderOptions given, std::string_view coded, std::size_t piece = 1000) {
  ChunkedDecoder decoder(std::move(given));
  std::string out;
  for (std::size_t at = 0; at < coded.size(); at += piece) {
    RETURN_IF_ERROR(decoder.feed(coded.substr(at, piece), out));
  }
  RETURN_IF_ERROR(decoder.finish());
  return out;
}

std::string code_of(const Result<std::string>& result) {
  return result ? "accepted" : result.error().code;
}

const std::string k_data(66560, 'a');

TEST(ChunkedEncoder, PublishedExample) {
  const auto coded = encode(ChunkMode::signed_chunks, example(k_seed), {}, k_data);
  EXPECT_TRUE(
      coded.starts_with("10000;chunk-signature="
                        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"));
  EXPECT_TRUE(
      coded.contains("\r\n400;chunk-signature="
                     "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"));
  EXPECT_TRUE(
      coded.ends_with("\r\n0;chunk-signature="
                      "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"));
  EXPECT_EQ(coded.size(), 66824U);
}

TEST(ChunkedEncoder, PublishedExampleWithTrailer) {
  const auto coded =
      encode(ChunkMode::signed_chunks_trailer, example(k_trailer_seed), ChecksumAlgorithm::crc32c, k_data);
  EXPECT_TRUE(coded.contains("b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"));
  EXPECT_TRUE(coded.contains("1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"));
  EXPECT_TRUE(coded.contains("2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"));
  EXPECT_TRUE(
      coded.ends_with("x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:"
                      "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"));
}

struct ModeCase {
  ChunkMode mode;
  bool is_signed;
  std::optional<ChecksumAlgorithm> trailer;
};

class EveryMode : public testing::TestWithParam<ModeCase> {
 protected:
  static std::optional<ChunkSigning> signing() {
    return GetParam().is_signed ? std::optional(example(k_seed)) : std::nullopt;
  }
  static std::string trailer_names() {
    return GetParam().trailer ? std::string(checksum_header(*GetParam().trailer)) : "";
  }
  static ChunkedDecoderOptions decoder() { return options(GetParam().mode, signing(), trailer_names()); }
  static std::string coded() { return encode(GetParam().mode, signing(), GetParam().trailer, k_data, 10'000); }
};

TEST_P(EveryMode, DecodesInAnyPieces) {
  for (const std::size_t piece : {1UL, 7UL, 4096UL, 1'000'000UL}) {
    const auto decoded = decode(decoder(), coded(), piece);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, k_data);
  }
}

TEST_P(EveryMode, LengthIsKnownBefore) {
  EXPECT_EQ(ChunkedEncoder::encoded_length(GetParam().mode, GetParam().trailer, k_data.size(), 10'000), coded().size());
}

TEST_P(EveryMode, EmptyBody) {
  const auto empty = encode(GetParam().mode, signing(), GetParam().trailer, "");
  EXPECT_EQ(ChunkedEncoder::encoded_length(GetParam().mode, GetParam().trailer, 0, 10'000), empty.size());
  EXPECT_EQ(*decode(decoder(), empty), "");
}

TEST_P(EveryMode, ACutBodyIsIncomplete) {
  const auto whole = coded();
  for (std::size_t length = 0; length < whole.size(); length += 997) {
    EXPECT_EQ(code_of(decode(decoder(), whole.substr(0, length))), "IncompleteBody");
  }
}

TEST_P(EveryMode, AChangedByteIsNoticed) {
  auto changed = coded();
  changed[200] = 'b';
  EXPECT_EQ(code_of(decode(decoder(), changed)), GetParam().is_signed ? "SignatureDoesNotMatch" : "BadDigest");
}

TEST_P(EveryMode, TheStatedLengthCounts) {
  auto given = decoder();
  given.decoded_length = k_data.size() + 1;
  EXPECT_EQ(code_of(decode(given, coded())), "IncompleteBody");
  given.decoded_length = k_data.size() - 1;
  EXPECT_EQ(code_of(decode(given, coded())), "IncompleteBody");
  given.decoded_length = k_data.size();
  EXPECT_TRUE(decode(given, coded()));
}

TEST_P(EveryMode, NothingMayFollow) {
  EXPECT_EQ(code_of(decode(decoder(), coded() + "x")), "InvalidRequest");
}

INSTANTIATE_TEST_SUITE_P(Chunked, EveryMode,
                         testing::Values(ModeCase{ChunkMode::signed_chunks, true, {}},
                                         ModeCase{ChunkMode::signed_chunks_trailer, true, ChecksumAlgorithm::crc64nvme},
                                         ModeCase{ChunkMode::unsigned_trailer, false, ChecksumAlgorithm::crc32},
                                         ModeCase{ChunkMode::unsigned_trailer, false, ChecksumAlgorithm::sha256}));

TEST(ChunkedDecoder, AForgedTrailerIsRefused) {
  const auto coded = encode(ChunkMode::signed_chunks_trailer, example(k_seed), ChecksumAlgorithm::crc32, "data");
  auto other = example(k_seed);
  other.seed_signature.back() ^= 1;
  const auto given = options(ChunkMode::signed_chunks_trailer, other, "x-amz-checksum-crc32");
  EXPECT_EQ(code_of(decode(given, coded)), "SignatureDoesNotMatch");
}

TEST(ChunkedDecoder, TrailersMustBeThoseAnnounced) {
  const auto given = [](std::string names) { return options(ChunkMode::unsigned_trailer, {}, std::move(names)); };
  EXPECT_EQ(code_of(decode(given("x-amz-checksum-crc32"), "0\r\n\r\n")), "MalformedTrailerError");
  EXPECT_EQ(code_of(decode(given(""), "0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n")), "MalformedTrailerError");
  EXPECT_EQ(code_of(decode(given("x-amz-checksum-crc32"), "0\r\nx-amz-checksum-crc32:AAAAAQ==\r\n\r\n")), "BadDigest");
  EXPECT_EQ(code_of(decode(given("X-Amz-Checksum-CRC32"), "0\r\nX-Amz-Checksum-Crc32: AAAAAA==\r\n\r\n")), "accepted");
}

TEST(ChunkedDecoder, Limits) {
  auto given = options(ChunkMode::unsigned_trailer, {});
  EXPECT_EQ(code_of(decode(given, "1000001\r\n")), "InvalidChunkSizeError");
  EXPECT_EQ(code_of(decode(given, "ffffffffffffffffff\r\n")), "InvalidRequest");
  EXPECT_EQ(code_of(decode(given, std::string(600, '0'))), "InvalidRequest");
  EXPECT_EQ(code_of(decode(given, "-1\r\n")), "InvalidRequest");
  EXPECT_EQ(code_of(decode(given, "1\n")), "InvalidRequest");
  EXPECT_EQ(code_of(decode(given, "1\r\nab\r\n")), "InvalidRequest");
  given.trailer_names = "a";
  EXPECT_EQ(code_of(decode(given, "0\r\na:" + std::string(20'000, 'x'))), "InvalidRequest");
}

TEST(ChunkedDecoder, SignedModesNeedASignedRequest) {
  EXPECT_EQ(code_of(decode(options(ChunkMode::signed_chunks, {}), "0\r\n\r\n")), "InvalidRequest");
}

}  // namespace
}  // namespace sortie::wire
