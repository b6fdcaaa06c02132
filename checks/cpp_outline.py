"""What a C++ file declares: its functions with their lengths, its classes with their members. A scanner of braces, not a compiler:
it reads the formatted sources of this repository, the whole tree in a second or two, and needs no build folder."""
import bisect
import dataclasses
import re

# Longest first: a comment, a raw string, a string or a character, a line of the preprocessor with its continuations.
NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)"|"(?:[^"\\\n]|\\.)*"|(?<![0-9A-Za-z_])\'(?:[^\'\\\n]|\\.)+\''
    r'|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*', re.S | re.M)
# A macro that stands alone on its line, without the braces of a test.
MACRO_LINE = re.compile(r"^[A-Z][A-Z0-9_]+\([^()\n]*\)$", re.M)
CLASS = re.compile(r"^(?:\[\[.*?\]\]|\s|template|alignas\(\))*(?:class|struct|union)\s+(?:\[\[.*?\]\]\s*)?((?:\w+::)*\w+)")
OPERATOR = re.compile(r"operator\s*(?:\(\)|\[\]|[^\s\w(]+|co_await\b)")


@dataclasses.dataclass
class Function:
    name: str  # qualified as far as the file tells: `lambda::Pool::take`
    line: int
    lines: int  # from the first line of its head to its closing brace


@dataclasses.dataclass
class Class:
    name: str
    line: int
    fields: list = dataclasses.field(default_factory=list)  # without static constants
    functions: list = dataclasses.field(default_factory=list)  # without defaulted and deleted ones


@dataclasses.dataclass
class Outline:
    functions: list = dataclasses.field(default_factory=list)
    classes: list = dataclasses.field(default_factory=list)


def without_noise(text):
    """The text with comments, literals and preprocessor lines blanked; lines stay where they are."""
    def blank(match):
        found = match.group()
        lines = "\n" * found.count("\n")
        return ('""' if found[0] in '"R' else "0" if found[0] == "'" else " ") + lines
    return MACRO_LINE.sub("", NOISE.sub(blank, text))


def without_groups(text):
    """Template arguments and what stands in parentheses or brackets taken out: `f<a(b)>(c) x` becomes `f() x`."""
    text = OPERATOR.sub("operator_", text).replace("->", " ")
    while True:
        shorter = re.sub(r"<[^<>;{}]*>", "", re.sub(r"\[[^\[\]]*\]", "", re.sub(r"\((?!\))(?:[^()]|\(\))*\)", "()", text)))
        if shorter == text:
            return text
        text = shorter


def function_name(head):
    """The name that a head declares, when it is a function's; None otherwise. Tests are named by what their macro is given."""
    test = re.match(r"TEST(?:_F|_P)?\((\w+),\s*(\w+)\)$", head)
    if test:
        return ".".join(test.groups())
    plain = without_groups(head)
    declared = plain.split("=", 1)[0]
    found = re.search(r"((?:\w+::)*~?\w+)\s*\(\)", declared)
    while found and found.group(1) in ("alignas", "decltype", "explicit", "noexcept", "requires", "__attribute__"):
        found = re.search(r"((?:\w+::)*~?\w+)\s*\(\)", declared[found.end():])
    return found.group(1) if found else None


class Scanner:
    def __init__(self, text):
        self.text = without_noise(text)
        self.starts = [0] + [match.end() for match in re.finditer("\n", self.text)]
        self.outline = Outline()

    def line(self, position):
        return bisect.bisect_right(self.starts, position)

    def closing(self, position):
        """The position of the brace, bracket or parenthesis that closes the one at `position`."""
        pairs, depth = {"{": "}", "(": ")", "[": "]"}, []
        for match in re.finditer(r"[{}()\[\]]", self.text[position:]):
            if match.group() in pairs:
                depth.append(pairs[match.group()])
            else:
                depth.pop()
                if not depth:
                    return position + match.start()
        raise ValueError(f"line {self.line(position)}: nothing closes this")

    def scope(self, position, end, names, inside):
        """Reads the declarations from `position` to `end`; `inside` is the class that they belong to."""
        start = position
        while position < end:
            match = re.compile(r"[{}();]|(?<!:):(?!:)").search(self.text, position, end)
            if not match:
                return
            position, found = match.end(), match.group()
            if found == "(":
                position = self.closing(match.start()) + 1
            elif found == ":":
                if self.text[start:match.start()].strip() in ("public", "private", "protected"):
                    start = position
            elif found == ";":
                self.statement(start, match.start(), inside)
                start = position
            elif found == "{":
                close = self.closing(match.start())
                if self.block(start, match.start(), close, names, inside):
                    start = close + 1
                position = close + 1

    def statement(self, start, end, inside):
        head = self.text[start:end].strip()
        if inside is None or not head or re.match(r"(using|friend|typedef|static_assert|enum|template|class|struct|union)\b", head):
            if not (inside and head.startswith("template") and function_name(head)):
                return
        name = function_name(head)
        if name is None:
            if not re.search(r"\bstatic\b|\bconstexpr\b", head):
                inside.fields.append(re.search(r"(\w+)\W*$", without_groups(head).split("=")[0].split("{")[0]).group(1))
        elif not re.search(r"=\s*(default|delete)$", head):
            inside.functions.append(name)

    def block(self, start, brace, close, names, inside):
        """Reads one pair of braces; false when the statement goes on behind it."""
        head = self.text[start:brace].strip()
        found = re.match(r"(?:inline\s+)?namespace\b\s*([\w:]*)", head)
        if found or head.startswith("extern \"\""):
            self.scope(brace + 1, close, names + ([found.group(1)] if found and found.group(1) else []), None)
            return True
        if re.match(r"enum\b", head):
            return False
        found = CLASS.match(re.sub(r"template\s*<[^{};]*?>\s*(?=class|struct|union)", "template ", head))
        if found and not function_name(head.split(":", 1)[0]):
            made = Class("::".join(names + [found.group(1)]), self.first_line(start))
            self.outline.classes.append(made)
            self.scope(brace + 1, close, names + [found.group(1)], made)
            return False  # `} variable;` or `};`
        name = function_name(head)
        if name is None or self.initializes(head):
            return False
        qualified = "::".join(names + [name])
        first = self.first_line(start)
        self.outline.functions.append(Function(qualified, first, self.line(close) - first + 1))
        if inside is not None:
            inside.functions.append(name)
        return True

    def first_line(self, start):
        return self.line(start + len(self.text[start:]) - len(self.text[start:].lstrip()))

    @staticmethod
    def initializes(head):
        """Whether the brace behind `head` begins a value: a member's in a constructor's list, or a variable's."""
        plain = without_groups(head)
        if "=" in plain:
            return True
        listed = re.search(r"\(\)[^():]*(?<!:):(?!:)", plain)
        return bool(listed) and re.search(r"[\w>]\s*$", head[-2:]) is not None and not head.endswith(("try", "const", "noexcept"))


def outline(text):
    scanner = Scanner(text)
    scanner.scope(0, len(scanner.text), [], None)
    return scanner.outline
