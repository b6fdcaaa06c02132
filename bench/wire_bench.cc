#include <benchmark/benchmark.h>

#include "wire/checksum.h"
#include "wire/sigv4.h"

namespace {

using namespace sortie::wire;

const sortie::SystemTime k_now{std::chrono::seconds(1'440'938'160)};
const SigningCredentials k_credentials{"ASIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "a session token"};
const SigningOptions k_options{"us-east-1", "lambda", {}, false, true};
const std::string k_body(200, 'x');

std::vector<HeaderView> headers() {
  return {{"Host", "lambda.us-east-1.amazonaws.com"}, {"Content-Type", "application/json"}, {"User-Agent", "sortie"}};
}
constexpr std::string_view k_path = "/2015-03-31/functions/f/invocations";

void sign_request(benchmark::State& state) {
  SigningKeyCache cache;
  const auto given = headers();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        sign_headers({"POST", k_path, "", given}, sha256_hex(k_body), k_credentials, k_options, k_now, &cache));
  }
}
BENCHMARK(sign_request);

void verify_request(benchmark::State& state) {
  SigningKeyCache cache;
  auto given = headers();
  const auto made = sign_headers({"POST", k_path, "", given}, sha256_hex(k_body), k_credentials, k_options, k_now);
  given.insert(given.end(), made.headers.begin(), made.headers.end());
  const RequestParts request{"POST", k_path, "", given};
  for (auto _ : state) {
    const auto parsed = parse_authorization(request);
    const auto result = verify(*parsed, request, payload_hash_for(*parsed, sha256_hex(k_body)),
                               k_credentials.secret_access_key, k_now, &cache);
    if (!result) state.SkipWithError("refused");
  }
}
BENCHMARK(verify_request);

void checksum_megabyte(benchmark::State& state) {
  const std::string bytes(1 << 20, 'x');
  const auto algorithm = static_cast<ChecksumAlgorithm>(state.range(0));
  state.SetLabel(std::string(to_string(algorithm)));
  for (auto _ : state) benchmark::DoNotOptimize(checksum(algorithm, bytes));
  state.SetBytesProcessed(std::int64_t(state.iterations()) << 20);
}
BENCHMARK(checksum_megabyte)->DenseRange(0, 5);

}  // namespace

BENCHMARK_MAIN();
