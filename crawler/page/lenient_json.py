r"""Parses JSON as people and templates write it: comments, several values, single quotes, commas too many or too few.

Read are also raw line breaks and quotes inside strings, wrappers (HTML comments, CDATA, assignments, `;`), keys and
values without quotes, numbers with a decimal comma, escaped quotes (&quot;) and missing ends. Time is linear in the
length: every quote is looked at once, and what follows it up to the next. Libraries were tried on 24 such spellings:
chompjs and json5 lose values with line breaks or quotes inside, and json-repair takes minutes for 200 kB of "{\"".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

MAX_DEPTH = 60  # of nested values; what is nested deeper is left out
MAX_ENTITY_ROUNDS = 3  # of escaping around a whole script: &amp;amp;quot;
_ESCAPED_QUOTE_RE = re.compile(r"[{\[,]\s{0,50}&(?:amp;){0,3}(?:quot|#34|#x22|apos|#39|#x27);", re.I)
# Between values: blanks, comments to their end or a bounded length, and the marks of wrappers.
_MARKER_PATTERN = r"//\s{0,9}<!\[CDATA\[|//\s{0,9}\]\]>|<!\[CDATA\[|\]\]>|<!--|--!?>"
_BLANK_RE = re.compile(rf"(?:[\s\ufeff\u200b\x00-\x1f]+|{_MARKER_PATTERN})+")
_LINE_END_RE = re.compile(r"[\r\n\u2028\u2029]")
_VALUE_START_RE = re.compile(rf"{_MARKER_PATTERN}|[{{\[]|/\*|//")
_QUOTES = {'"': '"', "'": "'", "“": "“”", "”": "“”", "„": "“”", "″": "″", "‘": "‘’", "’": "‘’", "`": "`"}
_QUOTE_RES = {opening: re.compile(rf"\\|[{closing}]") for opening, closing in _QUOTES.items()}
_QUOTE_CHARS = "\"'“”„″‘’`"
_COMMENT_PATTERN = (
    r"(?:\s*+(?:/\*[^*]{0,100}\*/|//[^\r\n]{0,100}[\r\n])){0,3}\s*+"  # bounded: looked at for every quote
)
_NEXT_KEY_PATTERN = (
    rf"(?:[{_QUOTE_CHARS}][^{_QUOTE_CHARS}]{{0,100}}[{_QUOTE_CHARS}]|[A-Za-z_@$][\w$@-]{{0,60}}){_COMMENT_PATTERN}:"
)
# What follows the quote that ends a string: of a key; of a value of an object; of a value of a list.
_AFTER_KEY_RE = re.compile(rf"(?<=[{_QUOTE_CHARS}]){_COMMENT_PATTERN}:")
_AFTER_MEMBER_RE = re.compile(
    rf"(?<=[{_QUOTE_CHARS}]){_COMMENT_PATTERN}(?:[,;]{_COMMENT_PATTERN}(?:{_NEXT_KEY_PATTERN}|[}},]|\Z)|}}|\]|\Z|-->|{_NEXT_KEY_PATTERN})"
)
_AFTER_ITEM_RE = re.compile(
    rf"(?<=[{_QUOTE_CHARS}]){_COMMENT_PATTERN}(?:,{_COMMENT_PATTERN}(?:[{_QUOTE_CHARS}{{\[\d\],tfn-]|\Z)|[\]}}:]|\Z)"
)
_NUMBER_RE = re.compile(r"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?:[eE][-+]?\d{1,3})?(?=\s{0,20}(?:[,}\]/;\r\n\"']|\Z))")
_COMMA_NUMBER_RE = re.compile(
    r"-?(?:\d{1,3}(?:,\d{3}){1,5}(?:\.\d{1,4})?|\d{1,12},\d{1,2})(?=\s{0,20}[,}\r\n])"
)  # of a member
_BARE_RE = re.compile(r"[^,}\]\r\n\"]*")
_KEY_RE = re.compile(r"[^\W\d][\w$.-]*|[@$][\w$.:-]*|\d+")
_ESCAPE_RE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|[\s\S]))")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": "", "\r": "", "\r\n": ""}
_WORDS = {"true": True, "false": False, **dict.fromkeys(("null", "none", "undefined", "nan", ""))}


def parse_values(text: str) -> list[Any]:
    """The values in a text in their order: one of valid JSON, else every object and list that can be told apart."""
    for _ in range(MAX_ENTITY_ROUNDS):
        if not _ESCAPED_QUOTE_RE.search(text):
            break
        text = unescape(text)
    stripped = text.strip("\ufeff\u200b \t\r\n;")
    try:
        value = json.loads(stripped, strict=False)
    except (ValueError, RecursionError):
        return list(_Parser(stripped).values())
    if isinstance(value, str) and "{" in value:  # JSON within a string
        return list(_Parser(value).values())
    return [value]


class _Parser:
    """Walks through a text once; `position` goes back only to read the string before a colon as a key."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self._last_line_end = max((match.start() for match in _LINE_END_RE.finditer(text)), default=-1)
        self._last_comment_end = text.rfind("*/")
        self._is_hopeless = False  # a string without an end was met: from there on the first quote ends a string

    def values(self) -> Iterator[Any]:
        """Yield the objects and lists of the outermost level; what stands between them is passed over."""
        while match := _VALUE_START_RE.search(self.text, self.position):
            self.position = match.start()
            if match[0] in ("{", "["):
                yield self._container(0)
            else:
                self._skip_blanks(depth=0)

    def _skip_blanks(self, depth: int) -> str:
        """Go on to the next character that is no blank, comment or mark of a wrapper; returns it, "" at the end."""
        while True:
            blank = _BLANK_RE.match(self.text, self.position)
            self.position = blank.end() if blank else self.position
            pair = self.text[self.position : self.position + 2]
            if pair == "/*":
                self._skip_comment()
            elif pair == "//":
                self._skip_line(depth)
            else:
                return pair[:1]

    def _skip_comment(self) -> None:
        if self.position + 2 > self._last_comment_end:
            self.position += 2  # one without an end
        else:
            self.position = self.text.index("*/", self.position + 2) + 2

    def _skip_line(self, depth: int) -> None:
        """Pass over a comment to the end of its line; in a value without lines, to the next quote or bracket."""
        if self.position < self._last_line_end:
            end = _LINE_END_RE.search(self.text, self.position)
        else:
            end = re.compile(r"[\"'{}\[\]]").search(self.text, self.position) if depth else None
        self.position = end.start() if end else len(self.text)

    def _container(self, depth: int) -> Any:
        opening = self.text[self.position]
        self.position += 1
        if depth > MAX_DEPTH:
            self.position = len(self.text)
            return None
        return self._object(depth) if opening == "{" else self._list(depth)

    def _object(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        while (character := self._skip_blanks(depth + 1)) not in ("", "}"):
            if character == "]":  # the end of the list around an object without its own
                return members
            key = self._key(character)
            if key is None:
                self.position += 1
                continue
            if self._skip_blanks(depth + 1) in (":", "="):
                self.position += 1
                members[key] = self._value(depth + 1, _AFTER_MEMBER_RE)
        self.position += 1
        return members

    def _list(self, depth: int) -> list[Any]:
        items: list[Any] = []
        while (character := self._skip_blanks(depth + 1)) not in ("", "]"):
            if character == "}":  # the end of the object around a list without its own
                return items
            if character in ",;:":
                self.position += 1
                continue
            start = self.position
            item = self._value(depth + 1, _AFTER_ITEM_RE)
            if self._skip_blanks(depth + 1) == ":" and character in _QUOTES and depth:
                self.position = start  # a key of the object around a list without its own end
                return items
            items.append(item)
        self.position += 1
        return items

    def _key(self, character: str) -> str | None:
        if character in _QUOTES:
            return self._string(character, _AFTER_KEY_RE).strip()
        match = _KEY_RE.match(self.text, self.position)
        self.position = match.end() if match else self.position
        return match[0] if match else None

    def _value(self, depth: int, after: re.Pattern[str]) -> Any:
        character = self._skip_blanks(depth)
        if character in ("", "}", "]", ","):
            return None
        if character in "{[":
            return self._container(depth)
        if character in _QUOTES:
            return self._string(character, after)
        return self._bare(after is _AFTER_MEMBER_RE)

    def _bare(self, is_member: bool) -> Any:
        """A value without quotes: a number, a word, or any text up to the next comma, bracket or line end."""
        number = _COMMA_NUMBER_RE.match(self.text, self.position) if is_member else None
        number = number or _NUMBER_RE.match(self.text, self.position)
        if number:
            self.position = number.end()
            return number[0] if "," in number[0] else json.loads(number[0])
        match = _BARE_RE.match(self.text, self.position)
        end = match.end() if match else self.position
        word = self.text[self.position : end].strip()
        self.position = max(end, self.position + 1)
        return _WORDS.get(word.lower(), word)

    def _string(self, opening: str, after: re.Pattern[str]) -> str:
        """The string that begins here; a quote ends it where something follows that may follow a string."""
        start = self.position + 1
        end = self._string_end(opening, start, None if self._is_hopeless else after)
        if end is None:
            self._is_hopeless = True
            end = self._string_end(opening, start, None) or len(self.text)
        self.position = end + 1
        return unescape_string(self.text[start:end])

    def _string_end(self, opening: str, start: int, after: re.Pattern[str] | None) -> int | None:
        """Where the first quote is that `after` follows, None without one."""
        position = start
        while match := _QUOTE_RES[opening].search(self.text, position):
            if match[0] == "\\":
                position = match.end() + 1
            elif after is None or after.match(self.text, match.end()):
                return match.start()
            else:
                position = match.end()
        return None


def unescape_string(text: str) -> str:
    """The inside of a string with its escapes resolved as JavaScript does: an unknown one is its character."""
    if "\\" not in text:
        return text
    plain = _ESCAPE_RE.sub(_unescape_match, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unescape_match(match: re.Match[str]) -> str:
    if match[3] is not None:
        return _ESCAPES.get(match[3], match[3])
    code = int(match[1] or match[2], 16)
    return chr(code) if code <= 0x10FFFF else "\ufffd"
