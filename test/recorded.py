"""Answers recorded from AWS, compared with those of the program under test.

    recording = recorded.load("lambda-api", "TestLambdaTags::test_tag_versions")
    recording.match("tag_resource_exception", recorded.call(client.tag_resource, Resource=arn, Tags={}))
    recording.complete()

A recording is a pattern. `<uuid:1>` in it stands for one value wherever it occurs again, and `<uuid:2>` for another one; an
unnumbered placeholder like `<code-size>` and the words of ANY_VALUE stand for any value. Everything else
has to be the same: status, codes, texts, and the whole shape.
"""

import datetime
import json
import re

import pytest

from support import REPOSITORY

RECORDINGS = REPOSITORY.parent / "shared/reference/recorded-aws"
ANY_VALUE = ("date", "datetime", "timestamp", "code-sha256", "lambda-url", "function-url", "log-result")
# What newer clients add to messages of their own.
TRIES = re.compile(r" \(reached max retries: \d+\)")
PLACEHOLDER = re.compile(r"<([A-Za-z_][\w.-]*?)(?::([\w-]+))?>")
ACCOUNT = "000000000000"
KNOWN = {"<partition>": "aws", "<region>": "us-east-1", "<account-id>": ACCOUNT}


def load(name, test, **bindings):
    """One recorded test of NAME.json. Bindings give values to placeholders beforehand: {"<bucket:1>": "b"} or bucket="b"."""
    file = RECORDINGS / f"{name}.json"
    if not file.exists():
        pytest.skip("the recorded answers of AWS are not here (../shared/reference/recorded-aws)")
    return Recording(contents(file)[test]["recorded-content"], bindings)


def contents(file, cache={}):
    if file not in cache:
        cache[file] = json.loads(file.read_text())
    return cache[file]


def tests(name, prefix=""):
    """The names of the recorded tests that begin with PREFIX; none where the recordings are absent."""
    file = RECORDINGS / f"{name}.json"
    return [test for test in contents(file) if test.startswith(prefix)] if file.exists() else []


def call(operation, **parameters):
    """The answer of a boto3 operation; of a refused one what botocore read of the refusal."""
    from botocore.exceptions import ClientError
    try:
        return operation(**parameters)
    except ClientError as error:
        return error.response


class Recording:
    def __init__(self, content, bindings):
        self.content = content
        self.bound = dict(KNOWN)
        self.compared = set()
        for name, value in bindings.items():
            self.bind(name, value)

    def bind(self, name, value):
        """Gives a placeholder its value, where the pattern alone would not tell."""
        self.bound[name if name.startswith("<") else f"<{name}>"] = value

    def __getitem__(self, key):
        return self.content[key]

    def match(self, key, answer, leave_out=()):
        """The answer is what was recorded under KEY, `a.b.c` for what is within; members LEAVE_OUT are not looked at."""
        expected = self.content
        for part in [key] if key in self.content else key.split("."):
            expected = expected[part]
        self.compared.add(key.split(".")[0] if key not in self.content else key)
        found = differences(expected, plain(answer, expected), self.bound, frozenset(leave_out))
        assert not found, f"{key} differs from AWS's:\n" + "\n".join(found) + "\nanswer: " + \
            json.dumps(plain(answer, expected), indent=1, default=str)[:6000]

    def skip(self, key, why):
        """Says of a part of the recording why it cannot be compared."""
        assert key in self.content and why
        self.compared.add(key)

    def complete(self):
        """Every part of the recording was looked at."""
        left = set(self.content) - self.compared
        assert not left, f"not compared: {sorted(left)}"


def plain(value, expected=None):
    """A boto3 answer as JSON has it: times as text, streams read, documents in texts read where the recording has them so."""
    if isinstance(value, dict):
        within = expected if isinstance(expected, dict) else {}
        return {str(name): plain(member, within.get(name)) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        within = expected if isinstance(expected, list) else []
        return [plain(member, within[index] if index < len(within) else None) for index, member in enumerate(value)]
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value).decode(errors="replace")
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, str) and expected is not None and not isinstance(expected, str):
        return read_document(value)
    if isinstance(value, str):
        return TRIES.sub("", value)
    return value


def read_document(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def differences(expected, answer, bound, leave_out=frozenset(), path=""):
    """What is not as recorded, a line each. Binds the placeholders it meets."""
    if isinstance(expected, dict) and isinstance(answer, dict):
        return members_differ(expected, answer, bound, leave_out, path)
    if isinstance(expected, list) and isinstance(answer, list):
        found = [] if len(expected) == len(answer) else [f"{path}: {len(answer)} entries, recorded {len(expected)}"]
        for index, (one, other) in enumerate(zip(expected, answer)):
            found += differences(one, other, bound, leave_out, f"{path}[{index}]")
        return found
    if isinstance(expected, str) and not isinstance(answer, (dict, list)):
        return [] if text_matches(expected, answer, bound) else [f"{path}: {answer!r}, recorded {resolved(expected, bound)!r}"]
    if isinstance(expected, str) and PLACEHOLDER.fullmatch(expected):
        return []
    same = type(expected) is type(answer) and expected == answer
    return [] if same else [f"{path}: {answer!r}, recorded {expected!r}"]


def members_differ(expected, answer, bound, leave_out, path):
    if path.endswith("ResponseMetadata"):
        expected, answer = ({"HTTPStatusCode": of.get("HTTPStatusCode")} for of in (expected, answer))
    found = []
    for name in list(expected) + [name for name in answer if name not in expected]:
        where = f"{path}.{name}" if path else name
        if name in leave_out or where in leave_out:
            continue
        if name not in answer:
            # botocore gives an error's text as `message` or `Message`, after the model it has.
            if expected[name] is not None and not renamed(name, answer):
                found.append(f"{where}: missing, recorded {expected[name]!r}")
        elif name not in expected:
            if not renamed(name, expected) and answer[name] is not None:
                found.append(f"{where}: {answer[name]!r}, recorded nothing")
        else:
            found += differences(expected[name], answer[name], bound, leave_out, where)
    return found


def renamed(name, members):
    return name in ("message", "Message") and ({"message", "Message"} - {name}) & set(members)


def resolved(text, bound):
    return PLACEHOLDER.sub(lambda found: str(bound.get(found.group(0), found.group(0))), with_account(text))


def with_account(text):
    return text.replace("111111111111", ACCOUNT)


def text_matches(expected, answer, bound):
    if expected in ANY_VALUE:
        return answer is not None
    lone = PLACEHOLDER.fullmatch(expected)
    if lone:
        return lone_matches(lone, answer, bound)
    if not isinstance(answer, str):
        return False
    pattern, groups = pattern_of(with_account(expected), bound)
    found = re.fullmatch(pattern, answer, re.DOTALL)
    return found is not None and all(bind(name, found.group(group), bound) for name, group in groups.items())


def lone_matches(placeholder, answer, bound):
    if placeholder.group(0) in bound:
        return bound[placeholder.group(0)] == answer
    if answer is None or answer == "":
        return False
    return placeholder.group(2) is None or bind(placeholder.group(0), answer, bound)


def pattern_of(text, bound):
    """A regular expression of a recorded text, and which group stands for which placeholder."""
    pattern, groups, at = "", {}, 0
    for number, found in enumerate(PLACEHOLDER.finditer(text)):
        name = found.group(0)
        pattern += re.escape(text[at:found.start()])
        at = found.end()
        if name in bound:
            pattern += re.escape(str(bound[name]))
        elif name in groups:
            pattern += f"(?P={groups[name]})"
        elif found.group(2) is None:
            pattern += ".+?"
        else:
            groups[name] = f"p{number}"
            pattern += f"(?P<p{number}>.+?)"
    return pattern + re.escape(text[at:]), groups


def bind(name, value, bound):
    """Two numbers of one placeholder are two values."""
    kind = name.split(":")[0]
    if any(other != name and other.split(":")[0] == kind and known == value for other, known in bound.items()):
        return False
    bound[name] = value
    return True
