#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// For tests: bytes like those of a Go test binary, with a table of functions in Go 1.20's form.
namespace sortie::suite {

struct GoFunction {
  std::string symbol;
  std::vector<std::string> files;  ///< of its instructions, in order
  int line = 0;
};

inline void put_number(std::string& bytes, std::uint64_t number, int size) {
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xFF);
}

/// With the `main` that `go test -c` writes, unless `main_file` is another.
inline std::string go_executable(std::vector<GoFunction> functions, const std::string& main_file = "_testmain.go") {
  functions.push_back({.symbol = "main.main", .files = {main_file}, .line = 40});
  std::string names(1, '\0');
  std::string units;
  std::string files;
  std::string values(1, '\0');
  std::string records;
  std::string index;
  const std::size_t index_size = functions.size() * 8 + 4;
  for (const GoFunction& function : functions) {
    put_number(index, 0, 4);
    put_number(index, index_size + records.size(), 4);
    const std::uint64_t unit = units.size() / 4;
    const std::array<std::uint64_t, 10> fields{
        0, names.size(), 0, 0, 0, values.size(), 0, 0, unit, static_cast<std::uint64_t>(function.line)};
    for (const std::uint64_t field : fields) put_number(records, field, 4);
    put_number(records, 0, 4);
    names += function.symbol + '\0';
    for (const std::string& file : function.files) {
      put_number(units, files.size(), 4);
      files += file + '\0';
      values += "\x02\x08";  // one file further, for eight bytes of code
    }
    values += '\0';
  }
  put_number(index, 0, 4);
  const std::vector<std::string> parts{names, units, files, values, index + records};

  std::string table("\xf1\xff\xff\xff\0\0\x01\x08", 8);
  put_number(table, functions.size(), 8);
  put_number(table, 1, 8);
  put_number(table, 0, 8);
  std::uint64_t offset = table.size() + parts.size() * 8;
  for (const std::string& part : parts) {
    put_number(table, offset, 8);
    offset += part.size();
  }
  for (const std::string& part : parts) table += part;
  // What looks like a table and is none comes before: the runtime compares with the magic.
  return "\x7f"
         "ELF Go buildinf: testing.(*M).Run paniconexit0 " +
         std::string("\xf1\xff\xff\xff\0\0\x01\x08 code", 13) + std::string(128, '\x90') + table;
}

inline GoFunction go_test_function(const std::string& name, int line = 7) {
  return {.symbol = "example.com/a.b/noise." + name, .files = {"/src/noise/noise_test.go"}, .line = line};
}

}  // namespace sortie::suite
