#include "emulator/s3/protocol/object_lock.h"

#include <fmt/format.h>

#include <chrono>

#include "base/number.h"
#include "emulator/s3/protocol/answers.h"
#include "emulator/s3/protocol/errors.h"
#include "wire/date.h"
#include "wire/xml.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_mode = "x-amz-object-lock-mode";
constexpr std::string_view k_until = "x-amz-object-lock-retain-until-date";
constexpr std::string_view k_hold = "x-amz-object-lock-legal-hold";
constexpr int k_max_years = 100;
constexpr int k_days_of_year = 365;
constexpr std::string_view k_past = "The retain until date must be in the future!";

/// Without `ArgumentValue` where S3 leaves it out.
Failure invalid_header(std::string_view name, std::string message) {
  return s3_fail(400, "InvalidArgument", std::move(message), {{"ArgumentName", std::string(name)}});
}

/// When Californian clocks change: on the month's first or second Sunday, at an hour of UTC.
SystemTime clock_change(std::chrono::year year, std::chrono::month month, unsigned which, int utc_hour) {
  return std::chrono::sys_days(year / month / std::chrono::Sunday[which]) + std::chrono::hours(utc_hour);
}

/// `Tue Dec 31 16:00:00 PST 2019`: S3 shows a date that has passed as a clock in California would have.
std::string californian(SystemTime time) {
  using namespace std::chrono;
  static constexpr const char* k_days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* k_months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto in_year = year_month_day(floor<days>(time)).year();
  const bool summer = time >= clock_change(in_year, March, 2, 10) && time < clock_change(in_year, November, 1, 9);
  const SystemTime local = time - hours(summer ? 7 : 8);
  const auto day = floor<days>(local);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(local - day));
  return fmt::format("{} {} {:02} {:02}:{:02}:{:02} {} {}", k_days[weekday(day).c_encoding()],
                     k_months[static_cast<unsigned>(date.month()) - 1], static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(), summer ? "PDT" : "PST",
                     static_cast<int>(date.year()));
}

/// A period of `<DefaultRetention>` in days.
AwsResult<int> read_period(const wire::XmlNode& node, int days_of_one, int most) {
  const std::string text = node.text();
  const auto number = parse_number<std::int64_t>(text);
  if (!number) return malformed_xml();
  if (*number < 1) return invalid_header(node.name(), "Default retention period must be a positive integer value.");
  if (*number > most) return invalid_header(node.name(), "Default retention period too large.");
  return static_cast<int>(*number) * days_of_one;
}

AwsResult<DefaultRetention> read_default_retention(const wire::XmlNode& node) {
  const auto mode = retention_mode_from(node.child_text("Mode"));
  const auto of_days = node.child("Days");
  const auto of_years = node.child("Years");
  if (!mode || static_cast<bool>(of_days) == static_cast<bool>(of_years)) return malformed_xml();
  ASSIGN_OR_RETURN(const auto period, of_days ? read_period(of_days, 1, k_max_years * k_days_of_year)
                                              : read_period(of_years, k_days_of_year, k_max_years));
  return DefaultRetention{*mode, period};
}

/// Dates can be written with four digits of a year only; another time zone's may be beyond.
std::optional<SystemTime> read_date(std::string_view text) {
  static constexpr SystemTime k_end = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1);
  const auto date = wire::parse_iso8601(text);
  return date && *date < k_end ? date : std::nullopt;
}

bool is_active(const std::optional<Retention>& retention, SystemTime now) {
  return retention && retention->until > now;
}

}  // namespace

std::string_view to_string(RetentionMode mode) {
  return mode == RetentionMode::governance ? "GOVERNANCE" : "COMPLIANCE";
}

std::optional<RetentionMode> retention_mode_from(std::string_view name) {
  if (name == "GOVERNANCE") return RetentionMode::governance;
  if (name == "COMPLIANCE") return RetentionMode::compliance;
  return std::nullopt;
}

bool forbids_removal(const ObjectLock& lock, SystemTime now, bool bypass) {
  if (lock.legal_hold == "ON") return true;
  if (!is_active(lock.retention, now)) return false;
  return lock.retention->mode == RetentionMode::compliance || !bypass;
}

bool forbids_retention(const ObjectLock& lock, const std::optional<Retention>& wanted, SystemTime now, bool bypass) {
  if (!is_active(lock.retention, now)) return false;
  const Retention& kept = *lock.retention;
  if (wanted && wanted->mode == kept.mode && wanted->until >= kept.until) return false;
  return kept.mode == RetentionMode::compliance || !bypass;
}

Retention DefaultRetention::from(SystemTime created) const {
  return {mode, created + std::chrono::days(days)};
}

AwsResult<std::string> read_lock_configuration(const wire::XmlNode& root) {
  if (root.child_text("ObjectLockEnabled") != "Enabled") return malformed_xml();
  wire::XmlWriter xml(false);
  xml.element("ObjectLockEnabled", "Enabled");
  if (const auto rule = root.child("Rule")) {
    const auto node = rule.child("DefaultRetention");
    ASSIGN_OR_RETURN(const auto retention, read_default_retention(node));
    const std::string_view unit = node.child("Days") ? "Days" : "Years";
    xml.open("Rule").open("DefaultRetention").element("Mode", to_string(retention.mode));
    xml.element(unit, count(unit == "Days" ? retention.days : retention.days / k_days_of_year)).close().close();
  }
  return xml.finish();
}

std::optional<DefaultRetention> default_retention_of(const std::string& configuration) {
  if (!configuration.contains("<Rule>")) return std::nullopt;
  const auto document = wire::XmlDocument::parse("<Kept>" + configuration + "</Kept>");
  if (!document) return std::nullopt;
  const auto retention = read_default_retention(document->root().child("Rule").child("DefaultRetention"));
  if (!retention) return std::nullopt;
  return *retention;
}

bool has_lock_headers(const http::Headers& headers) {
  return headers.contains(k_mode) || headers.contains(k_until) || headers.contains(k_hold);
}

AwsResult<ObjectLock> read_lock_headers(const http::Headers& headers, SystemTime now) {
  ObjectLock lock;
  const auto mode = headers.get(k_mode);
  const auto until = headers.get(k_until);
  if (mode.has_value() != until.has_value()) {
    return invalid_header(mode ? k_until : k_mode,
                          "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied");
  }
  if (until) {
    const auto date = read_date(*until);
    if (!date) {
      return invalid_argument(k_until, *until, "The retain until date must be provided in ISO 8601 format");
    }
    if (*date <= now) return invalid_argument(k_until, *until, std::string(k_past));
    lock.retention = Retention{RetentionMode::governance, *date};
  }
  if (const auto hold = headers.get(k_hold)) {
    if (*hold != "ON" && *hold != "OFF") {
      return invalid_argument(k_hold, *hold, "Legal Hold must be either of 'ON' or 'OFF'");
    }
    lock.legal_hold = *hold;
  }
  if (mode) {
    const auto known = retention_mode_from(*mode);
    if (!known) return invalid_argument(k_mode, *mode, "Unknown wormMode directive.");
    lock.retention->mode = *known;
  }
  return lock;
}

AwsResult<std::optional<Retention>> read_retention(std::string_view xml, SystemTime now) {
  const auto document = wire::XmlDocument::parse(xml);
  if (!document || document->root().name() != "Retention") return malformed_xml();
  const auto mode_node = document->root().child("Mode");
  const auto until_node = document->root().child("RetainUntilDate");
  if (!mode_node && !until_node) return std::optional<Retention>();
  const auto mode = retention_mode_from(mode_node.text());
  const auto until = read_date(until_node.text());
  if (!mode || !until) return malformed_xml();
  if (*until <= now) return invalid_argument("RetainUntilDate", californian(*until), std::string(k_past));
  return std::optional(Retention{*mode, *until});
}

std::string retention_document(const Retention& retention) {
  wire::XmlWriter xml;
  xml.open("Retention", k_xmlns).element("Mode", to_string(retention.mode));
  xml.element("RetainUntilDate", wire::format_iso8601_millis(retention.until));
  return xml.finish();
}

AwsResult<std::string> read_legal_hold(std::string_view xml) {
  const auto document = wire::XmlDocument::parse(xml);
  if (!document || document->root().name() != "LegalHold") return malformed_xml();
  std::string status = document->root().child_text("Status");
  if (status != "ON" && status != "OFF") return malformed_xml();
  return status;
}

std::string legal_hold_document(std::string_view status) {
  wire::XmlWriter xml;
  xml.open("LegalHold", k_xmlns).element("Status", status);
  return xml.finish();
}

std::vector<std::pair<std::string, std::string>> lock_context(const ObjectLock& lock, SystemTime now) {
  std::vector<std::pair<std::string, std::string>> context;
  if (lock.retention) {
    const auto left = std::chrono::ceil<std::chrono::days>(lock.retention->until - now).count();
    context.emplace_back("s3:object-lock-mode", to_string(lock.retention->mode));
    context.emplace_back("s3:object-lock-retain-until-date", wire::format_iso8601(lock.retention->until));
    context.emplace_back("s3:object-lock-remaining-retention-days", fmt::to_string(left));
  }
  if (!lock.legal_hold.empty()) context.emplace_back("s3:object-lock-legal-hold", lock.legal_hold);
  return context;
}

}  // namespace sortie::emulator::s3
