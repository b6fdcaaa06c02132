#include "wire/date.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/number.h"

namespace sortie::wire {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 12> k_months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> k_days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct Civil {
  int year, month, day, hour, minute, second, millis;
  unsigned weekday;
};

Civil civil_of(SystemTime time) {
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return {int(date.year()),
          int(unsigned(date.month())),
          int(unsigned(date.day())),
          int(clock.hours().count()),
          int(clock.minutes().count()),
          int(clock.seconds().count()),
          int(clock.subseconds().count()),
          std::chrono::weekday(day).c_encoding()};
}

std::optional<SystemTime> time_of(int year, int month, int day, int hour, int minute, int second) {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{unsigned(month)},
                                         std::chrono::day{unsigned(day)}};
  // A leap second (60) is the next minute's first.
  if (year < 1 || year > 9999 || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + milliseconds(0);
}

/// Walks over text, remembering whether everything matched so far.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  /// Exactly `count` digits.
  int digits(std::size_t count) {
    if (rest_.size() < count) return fail();
    int value = 0;
    for (char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return fail();
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  void literal(std::string_view text) {
    if (!rest_.starts_with(text)) {
      fail();
      return;
    }
    rest_.remove_prefix(text.size());
  }
  bool accept(char c) {
    if (!ok_ || rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// One of `names`, counted from 1.
  int month() {
    const auto* found =
        std::find_if(k_months.begin(), k_months.end(), [&](auto name) { return rest_.starts_with(name); });
    if (found == k_months.end()) return fail();
    rest_.remove_prefix(3);
    return int(found - k_months.begin()) + 1;
  }
  [[nodiscard]] char peek() const { return ok_ && !rest_.empty() ? rest_.front() : '\0'; }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }
  int fail() {
    ok_ = false;
    return 0;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

int fraction_millis(Scanner& in) {
  int millis = 0;
  int scale = 100;
  while (in.peek() >= '0' && in.peek() <= '9') {
    millis += in.digits(1) * scale;
    scale /= 10;
  }
  return millis;
}

/// `Z`, `±HH:MM` or `±HHMM`.
minutes offset(Scanner& in) {
  if (in.accept('Z') || in.accept('z')) return minutes(0);
  const bool negative = in.peek() == '-';
  if (!in.accept('+') && !in.accept('-')) return minutes(in.fail());
  const int hour = in.digits(2);
  in.accept(':');
  const minutes ahead(hour * 60 + in.digits(2));
  return negative ? -ahead : ahead;
}

bool accept_gmt(Scanner& in) {
  const auto rest = in.rest();
  return in.ok() && (rest == "GMT" || rest == "UTC" || rest == "+0000" || rest == "-0000" || rest == "Z");
}

/// `Sun, 30 Aug 2015 12:36:00 GMT`
std::optional<SystemTime> parse_rfc1123(std::string_view text) {
  Scanner in(text);
  const int day = in.digits(in.rest().size() > 1 && in.rest()[1] == ' ' ? 1 : 2);
  in.literal(" ");
  const int month = in.month();
  in.literal(" ");
  const int year = in.digits(4);
  in.literal(" ");
  const int hour = in.digits(2);
  in.literal(":");
  const int minute = in.digits(2);
  in.literal(":");
  const int second = in.digits(2);
  in.literal(" ");
  if (!accept_gmt(in)) return std::nullopt;
  return time_of(year, month, day, hour, minute, second);
}

/// `30-Aug-15 12:36:00 GMT`: two-digit years are 1970 to 2069.
std::optional<SystemTime> parse_rfc850(std::string_view text) {
  Scanner in(text);
  const int day = in.digits(2);
  in.literal("-");
  const int month = in.month();
  in.literal("-");
  const int short_year = in.digits(2);
  in.literal(" ");
  const int hour = in.digits(2);
  in.literal(":");
  const int minute = in.digits(2);
  in.literal(":");
  const int second = in.digits(2);
  in.literal(" ");
  if (!accept_gmt(in)) return std::nullopt;
  return time_of(short_year + (short_year < 70 ? 2000 : 1900), month, day, hour, minute, second);
}

/// `Sun Aug 30 12:36:00 2015`
std::optional<SystemTime> parse_asctime(std::string_view text) {
  Scanner in(text);
  const int month = in.month();
  in.literal(" ");
  const int day = in.accept(' ') ? in.digits(1) : in.digits(2);
  in.literal(" ");
  const int hour = in.digits(2);
  in.literal(":");
  const int minute = in.digits(2);
  in.literal(":");
  const int second = in.digits(2);
  in.literal(" ");
  const int year = in.digits(4);
  if (!in.at_end()) return std::nullopt;
  return time_of(year, month, day, hour, minute, second);
}

std::optional<SystemTime> parse_epoch(std::string_view text) {
  const auto value = parse_number<double>(text);
  if (!value || !(*value > -6.3e10 && *value < 2.6e11)) return std::nullopt;
  return SystemTime(milliseconds(std::int64_t(*value * 1000 + (*value < 0 ? -0.5 : 0.5))));
}

}  // namespace

std::string format_iso8601(SystemTime time) {
  const auto c = civil_of(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

std::string format_iso8601_millis(SystemTime time) {
  const auto c = civil_of(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", c.year, c.month, c.day, c.hour, c.minute, c.second,
                     c.millis);
}

std::string format_iso8601_offset(SystemTime time) {
  auto text = format_iso8601_millis(time);
  text.replace(text.size() - 1, 1, "+0000");
  return text;
}

std::string format_amz_date(SystemTime time) {
  const auto c = civil_of(time);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

std::string format_http_date(SystemTime time) {
  const auto c = civil_of(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", k_days[c.weekday], c.day,
                     k_months[std::size_t(c.month) - 1], c.year, c.hour, c.minute, c.second);
}

std::optional<SystemTime> parse_iso8601(std::string_view text) {
  Scanner in(text);
  const int year = in.digits(4);
  in.literal("-");
  const int month = in.digits(2);
  in.literal("-");
  const int day = in.digits(2);
  if (in.at_end()) return time_of(year, month, day, 0, 0, 0);
  if (!in.accept('T') && !in.accept('t')) in.literal(" ");
  const int hour = in.digits(2);
  in.literal(":");
  const int minute = in.digits(2);
  in.literal(":");
  const int second = in.digits(2);
  const int millis = in.accept('.') ? fraction_millis(in) : 0;
  const auto ahead = offset(in);
  if (!in.at_end()) return std::nullopt;
  const auto local = time_of(year, month, day, hour, minute, second);
  if (!local) return std::nullopt;
  return *local + milliseconds(millis) - ahead;
}

std::optional<SystemTime> parse_amz_date(std::string_view text) {
  Scanner in(text);
  const int year = in.digits(4);
  const int month = in.digits(2);
  const int day = in.digits(2);
  in.literal("T");
  const int hour = in.digits(2);
  const int minute = in.digits(2);
  const int second = in.digits(2);
  in.literal("Z");
  if (!in.at_end()) return std::nullopt;
  return time_of(year, month, day, hour, minute, second);
}

std::optional<SystemTime> parse_http_date(std::string_view text) {
  const auto comma = text.find(", ");
  if (comma != std::string_view::npos) {
    const auto rest = text.substr(comma + 2);
    if (const auto time = parse_rfc1123(rest)) return time;
    return parse_rfc850(rest);
  }
  const auto space = text.find(' ');
  return space == 3 ? parse_asctime(text.substr(4)) : std::nullopt;
}

std::optional<SystemTime> parse_timestamp(std::string_view text) {
  if (const auto time = parse_iso8601(text)) return time;
  if (const auto time = parse_amz_date(text)) return time;
  if (const auto time = parse_http_date(text)) return time;
  return parse_epoch(text);
}

}  // namespace sortie::wire
