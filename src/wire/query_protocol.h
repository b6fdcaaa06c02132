#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

/// The AWS query protocol (IAM, STS, CloudFormation): requests are forms whose names are paths (`Tags.member.1.Key`).
namespace sortie::wire {

/// The parameters of one request or of one structure inside it.
class QueryInput {
 public:
  /// Reads a form body or a query string. Limits: `max_bytes`, 10,000 parameters; ErrorKind::protocol. A name given
  /// twice keeps its first value.
  static Result<QueryInput> parse(std::string_view form, std::size_t max_bytes = 1024 * 1024);

  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  [[nodiscard]] std::string_view get_or(std::string_view name, std::string_view fallback) const;
  /// True when the name or anything below it is there.
  [[nodiscard]] bool contains(std::string_view name) const;
  /// Values of `name.member.N` or `name.N`, in the order of N; gaps are skipped.
  [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
  /// Structures `name.member.N.…` or `name.N.…`, in the order of N.
  [[nodiscard]] std::vector<QueryInput> structures(std::string_view name) const;
  /// Structure `name.…`.
  [[nodiscard]] QueryInput structure(std::string_view name) const;
  /// `name.entry.N.key/value` or `name.member.N.Key/Value`, with the two member names given.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> pairs(std::string_view name, std::string_view key,
                                                                       std::string_view value) const;
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& all() const { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// Builds a request body: `Action=…&Version=…&…`.
class QueryForm {
 public:
  QueryForm(std::string_view action, std::string_view version);
  QueryForm& add(std::string_view name, std::string_view value);
  /// `name.member.1=…`; an empty list is sent as `name=`.
  QueryForm& add_list(std::string_view name, const std::vector<std::string>& values);
  [[nodiscard]] std::string finish() && { return std::move(form_); }

 private:
  std::string form_;
};

}  // namespace sortie::wire
