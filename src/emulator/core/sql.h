#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sortie::emulator {

/// Bytes to bind as a BLOB without a copy; they must outlive the query.
struct Blob {
  std::string_view bytes;
};

/// One use of a prepared statement: bind, step, read. Resets the statement when it goes away, so that no read
/// transaction is left open. Database failures are SQLite::Exception.
class Query {
 public:
  Query(std::unique_ptr<SQLite::Statement> statement, std::vector<std::unique_ptr<SQLite::Statement>>& home)
      : statement_(std::move(statement)), home_(&home) {}
  Query(Query&& other) noexcept = default;
  Query& operator=(Query&&) = delete;
  ~Query() {
    if (!statement_) return;
    statement_->tryReset();
    home_->push_back(std::move(statement_));
  }

  /// Binds the next parameters in order: integers, text, Blob, or an optional of those (nothing is NULL).
  template <class... Values>
  Query& bind(const Values&... values) {
    (bind_one(values), ...);
    return *this;
  }

  /// Steps to the next row.
  bool next() { return statement_->executeStep(); }
  /// Steps through a statement without rows; gives the number of rows changed.
  int run() { return statement_->exec(); }

  [[nodiscard]] bool null(int column) const { return statement_->isColumnNull(column); }
  [[nodiscard]] std::int64_t integer(int column) const { return statement_->getColumn(column).getInt64(); }
  /// The bytes of a TEXT or BLOB column; empty for NULL.
  [[nodiscard]] std::string text(int column) const { return std::string(view(column)); }
  /// The same without a copy, valid until the next step.
  [[nodiscard]] std::string_view view(int column) const {
    const SQLite::Column value = statement_->getColumn(column);
    const void* bytes = value.getBlob();
    return bytes == nullptr
               ? std::string_view()
               : std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(value.getBytes()));
  }

 private:
  template <std::integral T>
  void bind_one(T value) {
    statement_->bind(++bound_, static_cast<std::int64_t>(value));
  }
  void bind_one(const std::string& value) { statement_->bind(++bound_, value); }
  void bind_one(std::string_view value) { statement_->bind(++bound_, std::string(value)); }
  void bind_one(const char* value) { statement_->bind(++bound_, value); }
  void bind_one(Blob blob) {
    // A null pointer would bind NULL.
    statement_->bindNoCopy(++bound_, blob.bytes.empty() ? "" : blob.bytes.data(), static_cast<int>(blob.bytes.size()));
  }
  template <class T>
  void bind_one(const std::optional<T>& value) {
    if (value) {
      bind_one(*value);
    } else {
      statement_->bind(++bound_);
    }
  }

  std::unique_ptr<SQLite::Statement> statement_;
  std::vector<std::unique_ptr<SQLite::Statement>>* home_;
  int bound_ = 0;
};

/// Prepared statements of one database, kept for reuse and safe to nest. Must go before the database.
class Statements {
 public:
  explicit Statements(SQLite::Database& db) : db_(db) {}

  /// `sql` is a literal: its address is the key.
  Query query(const char* sql) {
    auto& home = idle_[sql];
    if (home.empty()) return {std::make_unique<SQLite::Statement>(db_, sql), home};
    auto statement = std::move(home.back());
    home.pop_back();
    statement->clearBindings();
    return {std::move(statement), home};
  }
  [[nodiscard]] SQLite::Database& db() { return db_; }

 private:
  SQLite::Database& db_;
  std::unordered_map<const char*, std::vector<std::unique_ptr<SQLite::Statement>>> idle_;
};

}  // namespace sortie::emulator
