#include "suite/go_functions.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

namespace sortie::suite {
namespace {

static_assert(std::endian::native == std::endian::little, "Go's table is read as the machine's own integers");

/// Go 1.18's and Go 1.20's headers begin with these four bytes, then two zeros.
constexpr std::uint32_t k_magic_1_18 = 0xfffffff0;
constexpr std::uint32_t k_magic_1_20 = 0xfffffff1;
constexpr std::size_t k_header_size = 8 + 8 * 8;
constexpr std::uint32_t k_no_file = 0xffffffff;

/// Reads within bounds: nothing where the bytes end before.
template <class Number>
std::optional<Number> number_at(std::string_view bytes, std::uint64_t at) {
  if (at > bytes.size() || bytes.size() - at < sizeof(Number)) return std::nullopt;
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

/// The text up to the next NUL.
std::string_view text_at(std::string_view bytes, std::uint64_t at) {
  if (at >= bytes.size()) return {};
  bytes.remove_prefix(at);
  const std::size_t end = bytes.find('\0');
  return end == std::string_view::npos ? std::string_view() : bytes.substr(0, end);
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

/// `example.com/noise.TestFirst` is `TestFirst`; nothing for methods, closures and instances of generic functions.
std::string_view plain_name(std::string_view symbol) {
  const std::string_view last = base_name(symbol);
  const std::size_t dot = last.find('.');
  return dot == std::string_view::npos ? std::string_view() : last.substr(dot + 1);
}

class FunctionTable {
 public:
  /// The table that `bytes` begins with.
  static std::optional<FunctionTable> at(std::string_view bytes);

  [[nodiscard]] std::uint64_t size() const { return count_; }
  struct Function {
    std::string_view symbol;
    std::uint32_t files = 0;       ///< offset of its table of files
    std::uint32_t unit_files = 0;  ///< where its compilation unit's files are in the table of all
    int line = 0;
  };
  [[nodiscard]] std::optional<Function> function(std::uint64_t index) const;
  /// The first file of those the function's instructions come from (inlined ones have another) that `wanted` takes.
  template <class Predicate>
  std::string_view find_file(const Function& function, Predicate wanted) const;

 private:
  std::uint64_t count_ = 0;
  bool has_lines_ = false;
  std::string_view names_;
  std::string_view units_;
  std::string_view files_;
  std::string_view values_;
  std::string_view functions_;
};

std::optional<FunctionTable> FunctionTable::at(std::string_view bytes) {
  const auto magic = number_at<std::uint32_t>(bytes, 0);
  if (!magic || (*magic != k_magic_1_18 && *magic != k_magic_1_20) || bytes.size() < k_header_size) return std::nullopt;
  const auto instruction_unit = static_cast<unsigned char>(bytes[6]);
  if (bytes[4] != 0 || bytes[5] != 0 || (instruction_unit != 1 && instruction_unit != 4) || bytes[7] != 8) {
    return std::nullopt;
  }
  FunctionTable table;
  table.has_lines_ = *magic == k_magic_1_20;
  table.count_ = *number_at<std::uint64_t>(bytes, 8);
  std::string_view* const parts[] = {&table.names_, &table.units_, &table.files_, &table.values_, &table.functions_};
  std::uint64_t before = k_header_size;
  std::uint64_t field = 8 + 3 * 8;  // behind the counts of functions and files, and the text's start
  for (std::string_view* part : parts) {
    const std::uint64_t offset = *number_at<std::uint64_t>(bytes, field);
    if (offset < before || offset >= bytes.size()) return std::nullopt;
    *part = bytes.substr(offset);
    before = offset;
    field += 8;
  }
  if (table.count_ == 0 || table.count_ > table.functions_.size() / 8) return std::nullopt;
  return table;
}

std::optional<FunctionTable::Function> FunctionTable::function(std::uint64_t index) const {
  const auto at = number_at<std::uint32_t>(functions_, index * 8 + 4);
  if (!at) return std::nullopt;
  const auto name = number_at<std::uint32_t>(functions_, *at + 4UL);
  const auto files = number_at<std::uint32_t>(functions_, *at + 20UL);
  const auto unit_files = number_at<std::uint32_t>(functions_, *at + 32UL);
  const auto line = number_at<std::int32_t>(functions_, *at + 36UL);
  if (!name || !files || !unit_files || !line) return std::nullopt;
  return Function{text_at(names_, *name), *files, *unit_files, has_lines_ ? std::max(0, *line) : 0};
}

template <class Predicate>
std::string_view FunctionTable::find_file(const Function& function, Predicate wanted) const {
  std::uint64_t at = function.files;
  auto take_number = [&]() -> std::optional<std::uint32_t> {
    std::uint32_t number = 0;
    for (int shift = 0; shift < 35 && at < values_.size(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(values_[at++]);
      number |= static_cast<std::uint32_t>(byte & 0x7F) << (shift % 32);
      if ((byte & 0x80) == 0) return number;
    }
    return std::nullopt;
  };
  // Pairs of a step of the value, from -1 on, and of the code it holds for; a step of 0 ends them but for the first.
  auto value = static_cast<std::uint32_t>(-1);
  for (bool first = true;; first = false) {
    const auto step = take_number();
    if (!step || (*step == 0 && !first)) return {};
    value += (*step & 1) != 0 ? ~(*step >> 1) : *step >> 1;
    const auto file = number_at<std::uint32_t>(units_, (static_cast<std::uint64_t>(function.unit_files) + value) * 4);
    if (file && *file != k_no_file) {
      const std::string_view path = text_at(files_, *file);
      if (wanted(path)) return path;
    }
    if (!take_number()) return {};
  }
}

std::optional<FunctionTable> find_table(std::string_view executable) {
  if (executable.empty()) return std::nullopt;
  // The magic's bytes and the zeros behind them.
  for (const std::string_view magic :
       {std::string_view("\xf1\xff\xff\xff\0\0", 6), std::string_view("\xf0\xff\xff\xff\0\0", 6)}) {
    std::string_view rest = executable;
    while (const void* found = memmem(rest.data(), rest.size(), magic.data(), magic.size())) {
      rest.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(found) - rest.data()));
      if (auto table = FunctionTable::at(rest)) return table;
      rest.remove_prefix(1);
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_go_test_name(std::string_view name) {
  for (const std::string_view prefix : {"Test", "Example", "Fuzz", "Benchmark"}) {
    if (!name.starts_with(prefix)) continue;
    const std::string_view rest = name.substr(prefix.size());
    if (!rest.empty() && rest[0] >= 'a' && rest[0] <= 'z') return false;
    return std::ranges::all_of(rest, [](char c) {
      return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             static_cast<unsigned char>(c) >= 0x80;
    });
  }
  return false;
}

std::vector<GoTestFunction> go_test_functions(std::string_view executable) {
  const auto table = find_table(executable);
  if (!table) return {};
  auto is_generated = [](std::string_view path) {
    return base_name(path) == "_testmain.go" || base_name(path) == "testmain.go";
  };
  bool has_generated_main = false;
  std::vector<GoTestFunction> tests;
  for (std::uint64_t i = 0; i < table->size(); ++i) {
    const auto function = table->function(i);
    if (!function) return {};
    if (function->symbol == "main.main") has_generated_main = !table->find_file(*function, is_generated).empty();
    const std::string_view name = plain_name(function->symbol);
    if (!is_go_test_name(name) || name.starts_with("Benchmark")) continue;
    const std::string_view file =
        table->find_file(*function, [](std::string_view path) { return path.ends_with("_test.go"); });
    if (!file.empty()) tests.push_back({std::string(name), std::string(file), function->line});
  }
  if (!has_generated_main) tests.clear();
  return tests;
}

}  // namespace sortie::suite
