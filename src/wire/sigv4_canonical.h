#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/sigv4.h"

/// The pieces of a canonical request. Private to wire/sigv4*.
namespace sortie::wire::sigv4_detail {

inline constexpr std::string_view k_algorithm = "AWS4-HMAC-SHA256";

/// `lower_case_name` is in lower case already.
bool name_is(std::string_view name, std::string_view lower_case_name);

/// A header as it is signed: name in lower case, the value still as sent.
struct SignedHeader {
  std::string name;
  std::string_view value;
};

/// `name:value\n` for each, values of equal neighbours joined by commas, white space trimmed and squeezed.
void append_canonical_headers(std::string& out, std::span<const SignedHeader> headers);
/// `a;b;c`, each name once.
std::string join_names(std::span<const SignedHeader> headers);

/// The canonical request of headers in canonical order.
std::string canonical_request(const RequestParts& request, PathRules rules, std::string_view canonical_query,
                              std::span<const SignedHeader> headers, std::string_view signed_names,
                              std::string_view payload_hash);
std::string string_to_sign(std::string_view amz_date, const Scope& scope, std::string_view canonical_request);

}  // namespace sortie::wire::sigv4_detail
