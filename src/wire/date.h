#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

/// The timestamps of AWS protocols, always UTC, years 1 to 9999 on output.
namespace sortie::wire {

/// `2015-08-30T12:36:00Z`: query protocol, IAM, STS.
std::string format_iso8601(SystemTime time);
/// `2015-08-30T12:36:00.123Z`: S3's XML.
std::string format_iso8601_millis(SystemTime time);
/// `2015-08-30T12:36:00.123+0000`: Lambda's LastModified.
std::string format_iso8601_offset(SystemTime time);
/// `20150830T123600Z`: x-amz-date.
std::string format_amz_date(SystemTime time);
/// `Sun, 30 Aug 2015 12:36:00 GMT`: HTTP dates (RFC 9110, 5.6.7).
std::string format_http_date(SystemTime time);

/// `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM|±HHMM)`, also a date alone. Nothing when it is not a date.
std::optional<SystemTime> parse_iso8601(std::string_view text);
/// `YYYYMMDDTHHMMSSZ`, exactly.
std::optional<SystemTime> parse_amz_date(std::string_view text);
/// The three forms of RFC 9110 (RFC 1123, RFC 850, asctime), `+0000` and `UTC` for GMT too.
std::optional<SystemTime> parse_http_date(std::string_view text);
/// Any of the above, or seconds since 1970 with an optional fraction.
std::optional<SystemTime> parse_timestamp(std::string_view text);

}  // namespace sortie::wire
