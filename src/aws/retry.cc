#include "aws/retry.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace sortie::aws {

namespace {

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& codes, std::string_view code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

double random_fraction() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace

bool is_throttling_code(std::string_view code) {
  constexpr std::array<std::string_view, 14> codes = {"Throttling",
                                                      "ThrottlingException",
                                                      "ThrottledException",
                                                      "RequestThrottledException",
                                                      "TooManyRequestsException",
                                                      "ProvisionedThroughputExceededException",
                                                      "TransactionInProgressException",
                                                      "RequestLimitExceeded",
                                                      "BandwidthLimitExceeded",

                                                      "RequestThrottled",
                                                      "SlowDown",
                                                      "PriorRequestNotComplete",
                                                      "EC2ThrottledException",
                                                      "TooManyRequests"};
  return contains(codes, code);
}

bool is_clock_skew_code(std::string_view code) {
  constexpr std::array<std::string_view, 6> codes = {"RequestTimeTooSkewed",  "RequestExpired",
                                                     "RequestInTheFuture",    "InvalidSignatureException",
                                                     "SignatureDoesNotMatch", "AuthFailure"};
  return contains(codes, code);
}

bool is_expired_credentials_code(std::string_view code) {
  constexpr std::array<std::string_view, 3> codes = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"};
  return contains(codes, code);
}

RetryClass classify(int status, std::string_view code, ErrorKind kind) {
  if (is_throttling_code(code) || status == 429) return RetryClass::throttled;
  if (code == "RequestTimeout" || code == "RequestTimeoutException") return RetryClass::transient;
  if (status == 500 || status == 502 || status == 503 || status == 504) return RetryClass::transient;
  if (status != 0) return RetryClass::no;
  if (kind == ErrorKind::timeout) return RetryClass::timeout;
  return kind == ErrorKind::network ? RetryClass::transient : RetryClass::no;
}

bool RetryQuota::take(RetryClass reason) {
  if (tokens_ < cost(reason)) return false;
  tokens_ -= cost(reason);
  return true;
}

void RetryQuota::give_back(int tokens) {
  tokens_ = std::min(k_capacity, tokens_ + tokens);
}

std::chrono::milliseconds retry_delay(const RetryOptions& options, int attempt, RetryClass reason,
                                      std::optional<std::chrono::milliseconds> retry_after) {
  const auto base = reason == RetryClass::throttled ? options.throttled_base_delay : options.base_delay;
  const double ceiling =
      std::min(double(base.count()) * std::exp2(std::min(attempt - 1, 30)), double(options.max_delay.count()));
  const double fraction = options.random ? options.random() : random_fraction();
  const std::chrono::milliseconds jittered(std::int64_t(ceiling * fraction));
  return std::max(jittered, std::min(retry_after.value_or(std::chrono::milliseconds(0)), options.max_delay));
}

}  // namespace sortie::aws
