#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// How every service finds its operations: an operation is one free function and one row, in one file. A file of
/// operations gives its rows as a span, the service joins the files' rows to one table.
namespace sortie::emulator {

/// One operation. `Operation` is the value that a service's functions work on: the request and what belongs to the
/// service. `Answer` is what they return: `AwsResult<…>`, or a Task of one. `Route` is how a request names the
/// operation where that is not done by its name alone (a method and a path).
template <class Operation, class Answer, class Route = std::monostate>
struct OperationRow {
  using Handler = Answer (*)(Operation&);

  std::string_view name;      ///< AWS's: `CreateFunction`
  Handler handler = nullptr;  ///< null: AWS has it, the embedded AWS does not; 501 NotImplemented by name
  Route route = {};
  std::string_view lacks = {};  ///< parameters that are refused by name, in docs/operations.md's words; empty: none
};

/// What docs/operations.md says of an operation.
struct OperationSummary {
  std::string_view name;
  bool supported = false;
  std::string_view lacks;
};

/// The rows of a service, in the order of its files. Made once, immutable: any thread may read it.
template <class Row>
class OperationTable {
 public:
  OperationTable(std::initializer_list<std::span<const Row>> files) {
    for (const auto& rows : files) rows_.insert(rows_.end(), rows.begin(), rows.end());
    for (std::size_t i = 0; i < rows_.size(); ++i) by_name_.try_emplace(rows_[i].name, i);
  }
  OperationTable(const OperationTable&) = delete;
  OperationTable& operator=(const OperationTable&) = delete;

  /// The operation of that name; null when AWS has none either, as far as we know.
  [[nodiscard]] const Row* find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &rows_[found->second];
  }
  /// In the order of the files: where several routes fit, the first is meant.
  [[nodiscard]] std::span<const Row> rows() const { return rows_; }
  /// Sorted by name, each name once.
  [[nodiscard]] std::vector<OperationSummary> summary() const {
    std::vector<OperationSummary> all;
    for (const auto& [name, index] : by_name_) {
      all.push_back({name, rows_[index].handler != nullptr, rows_[index].lacks});
    }
    return all;
  }

 private:
  std::vector<Row> rows_;
  std::map<std::string_view, std::size_t> by_name_;
};

}  // namespace sortie::emulator
