"""The checks of `checks/` find what they are for: each is given sources that are wrong."""

import sys

import support

sys.path.insert(0, str(support.REPOSITORY / "checks"))
import cpp_outline  # noqa: E402
import docs_width  # noqa: E402
import includes  # noqa: E402
import sizes  # noqa: E402

SOURCE = '''
#define MACRO(x) \\
  void not_seen_##x() {
namespace a::b {
namespace {
constexpr std::string_view k_brace = R"x({ ")x";  // {
const std::map<int, std::string> k_table{{1, "}"}, {2, "{"}};
}  // namespace
/* a { */
enum class Kind : std::uint8_t { one, two };
template <class T>
struct Box final : Base<decltype(f())> {
  T value{};
  std::function<void(int)> callback = [](int) {};
  int count_ = make(3), *other_;
  static constexpr int k_limit = 3;
  Kind kind = Kind::one;
  std::vector<int> list = {1, 2};
  enum class State { idle } state;
  struct Inner {
    int field;
  };
  using Name = int;
  friend bool operator==(const Box&, const Box&) = default;
  Box() = default;
  Box(const Box&) = delete;
  explicit Box(int a);
  ~Box();
  [[nodiscard]] virtual Task<void> wait(std::chrono::seconds most = {}) const = 0;
  bool operator()(int a) const { return a == 1; }
  template <class U>
  void take(U&& value);
 private:
  char separator_ = '{';
  std::size_t million_ = 1'000'000;
};
Box::Box(int a) : Base{a}, value(a), list{{a}} {
  if (a) {
    run();
  }
}
auto k_lambda = [](int a) { return a; };
long call(long number, int (*function)(void*)) noexcept {
  return number;
}
TEST(Suite, Name) {
  SUCCEED();
}
}  // namespace a::b
'''


def test_the_outline_knows_functions_and_members():
    outline = cpp_outline.outline(SOURCE)
    assert {function.name: function.lines for function in outline.functions} == {
        "a::b::Box::operator_": 1, "a::b::Box::Box": 5, "a::b::call": 3, "a::b::Suite.Name": 3}
    box, inner = outline.classes
    assert (box.name, inner.name, inner.fields) == ("a::b::Box", "a::b::Box::Inner", ["field"])
    assert box.fields == ["value", "callback", "count_", "kind", "list", "separator_", "million_"]
    assert box.functions == ["Box", "~Box", "wait", "operator_", "take"]


def large(functions=1, fields=1, lines=1):
    members = "".join(f"  void f{i}();\n" for i in range(functions)) + "".join(f"  int field{i}_;\n" for i in range(fields))
    return f"struct Large {{\n{members}}};\nvoid long_one() {{\n" + "  step();\n" * (lines - 2) + "}\n"


def test_sizes_has_a_limit_for_each_kind():
    assert not sizes.too_large({"x.cc": large(40, 20, 40)})
    found = sizes.too_large({"src/x.cc": large(41, 21, 41) + "\n" * 500})
    assert {key: number for key, (number, _) in found.items()} == {
        ("class functions", "x.cc:Large"): 41, ("class fields", "x.cc:Large"): 21, ("function lines", "x.cc:long_one"): 41,
        ("file lines", "x.cc"): len(large(41, 21, 41).splitlines()) + 500}


def test_sizes_lets_an_exception_shrink_and_nothing_grow():
    exceptions = {("function lines", "x.cc:long_one"): 50}
    said = [sizes.complaints(sizes.too_large({"room/x.cc": large(lines=lines)}), exceptions) for lines in (49, 50, 51, 40)]
    assert [len(complaints) for complaints in said] == [1, 0, 1, 1]
    assert "at most 50" in said[2][0]
    assert sizes.lowered(sizes.too_large({"x.cc": large(lines=49)}), exceptions) == {("function lines", "x.cc:long_one"): 49}
    assert sizes.lowered(sizes.too_large({"x.cc": large(lines=51)}), exceptions) == exceptions
    assert sizes.lowered({}, exceptions) == {}
    assert "at most 40" in sizes.complaints(sizes.too_large({"y.cc": large(lines=50)}), exceptions)[0]
    assert sizes.read_exceptions(sizes.written(exceptions)) == exceptions


def test_includes_finds_what_the_table_does_not_allow(tmp_path):
    def wrong(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_h", ".h")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        found = includes.complaints(tmp_path, {"base": [], "http": [], "aws": ["http"], "rooms/one": [], "rooms/two": ["rooms/one"]})[0]
        for path in tmp_path.rglob("*.h"):
            path.unlink()
        return "\n".join(found)

    assert not wrong(base__a_h="", http__b_h='#include "base/a.h"\n', aws__c_h='#include "http/b.h"\n')
    assert "http may not include aws/c.h" in wrong(aws__c_h="", http__b_h='#include "aws/c.h"\n')
    assert "beast" in wrong(aws__c_h="#include <boost/beast/core.hpp>\n")
    assert "rooms/one may not include rooms/two/b.h" in wrong(rooms__one__a_h='#include "rooms/two/b.h"\n', rooms__two__b_h="")
    # A folder inside one that has rooms is a room, and has to be in the table itself.
    assert "rooms/three is not in the table" in wrong(rooms__three__c_h="")
    assert "rooms is not in the table" in wrong(rooms__c_h="")
    assert not wrong(aws__inner__c_h="")


def test_includes_finds_a_circle():
    assert includes.find_circle({"a": ["b"], "b": ["c"], "c": ["a"]}) == ["a", "b", "c", "a"]
    assert includes.find_circle({"a": ["b", "c"], "b": ["c"], "c": []}) == []


def test_docs_stay_narrow():
    wide = "w" * 121
    text = f"# Title\n\n{wide}\n\n| {wide} |\n\n```\n{wide}\n```\n\n<https://example.org/{wide}>\n\n[text]: https://{wide}\n"
    assert docs_width.wide_lines(text) == [3]
    assert docs_width.wide_lines("x" * 120 + "\n") == []
    assert docs_width.wide_lines(docs_width.reflowed(" ".join(["word"] * 50) + "\n")) == []


def test_reflowing_keeps_what_is_said():
    text = ("# A title\n\nOne two.\nThree.\n\n- item one " + "word " * 40 + "\n  goes on\n- item two\n\n| a | b |\n|---|---|\n\n"
            "```\ncode   stays\n```\n\n    indented   code\n\n- outer:\n  - inner one,\n    two, " + "word " * 30 + "\n\n1. first " + "word " * 30 + "\n")
    new = docs_width.reflowed(text)
    assert new.split() == text.split()
    assert "```\ncode   stays\n```" in new and "    indented   code\n" in new and "  - inner one, two, word" in new and "\n- item two\n" in new and "| a | b |\n|---|---|" in new
    assert docs_width.reflowed(new) == new
