"""Text normalisation: `clean_text` for all incoming text, and `fold` for comparing spellings of titles.

`fold` removes differences of width, traditional characters, accents, look-alike letters, zero-width characters, emoji
and spaced-out letters. Every character is folded by itself, whatever is around it (乾 is always 干), so a part of a
text folds to a part of the folded text, and `fold_map` gives each folded character's position in the original. Only
regional indicators are looked at together, as two of them are a flag.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from importlib import resources
from itertools import chain

import opencc
from attrs import frozen

MAX_FOLDED_CHARS = 1_000_000  # the rest of a text is ignored

_UNWANTED_RE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff0-\ufff8\ufffe\uffff\ud800-\udfff]"
)
_UNSPACED_SCRIPTS = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_HAN_RE = re.compile(f"[{_UNSPACED_SCRIPTS}]")
_WIDE_GAP_RE = re.compile(" {2,}")
_UNSPACED_GAP_RE = re.compile(f"(?<=[{_UNSPACED_SCRIPTS}])[ \n]|[ \n](?=[{_UNSPACED_SCRIPTS}])")
_SPACED_LETTER = f"[^ \n{_UNSPACED_SCRIPTS}]"
_SPACED_OUT_RE = re.compile(
    f"(?<!{_SPACED_LETTER}){_SPACED_LETTER}(?:[ \n]{_SPACED_LETTER}){{2,200}}(?!{_SPACED_LETTER})"
)
# Also the kashida (U+0640), which stretches Arabic words, and its kin in other scripts.
_INVISIBLE_CHARS = frozenset("\u034f\u0640\u07fa\u115f\u1160\u17b4\u17b5\u180a\u3164\uffa0'’‘`´ʼʻ＇")
# Unicode's names of letters that are a Latin letter drawn in another way and decompose to nothing, or to brackets.
_DRAWN_LETTER_RE = re.compile(
    r"(?:LATIN LETTER SMALL CAPITAL|(?:CROSSED )?NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER"
    r"|PARENTHESIZED LATIN (?:SMALL|CAPITAL) LETTER|REGIONAL INDICATOR SYMBOL LETTER)"
    r"(?: INVERTED| REVERSED| TURNED| BARRED)? ([A-Z]{1,2})(?: WITH .{1,40})?"
)
_REGIONAL_RUN_RE = re.compile("[\U0001f1e6-\U0001f1ff]{1,200}")
_REGIONAL_RANGE = range(0x1F1E6, 0x1F200)
_MAX_FOLDING_ROUNDS = 6  # one folding may enable another (Ǆ -> dž -> dz); no character needs more


def clean_text(text: str, limit: int) -> str:
    """`text` without control characters, bidi controls, lone surrogates and noncharacters, at most `limit` characters.

    Line breaks become \\n; tabs and zero-width characters stay, as they may be evidence of an attempt to hide.
    """
    head = text[: 2 * limit].replace("\r\n", "\n").replace("\r", "\n")
    return _UNWANTED_RE.sub("", head)[:limit]


@frozen
class FoldedText:
    """A folded text and its origins: character i of `text` comes from `origins[i]` in the original.

    A space has the origin of the character before it.
    """

    text: str
    origins: tuple[int, ...]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The span in the original of `text[start:end]`, which must have at least one character."""
        return self.origins[start], self.origins[end - 1] + 1


def fold(text: str) -> str:
    """The folded form of a text, with one space between words and none beside Han and kana. Idempotent."""
    return _normalise_spaces(_drop_flags(text[:MAX_FOLDED_CHARS]).translate(_folding_table()))


def fold_map(text: str) -> FoldedText:
    """Like `fold`, with the position of each character in the original."""
    return folded_text(*fold_origins(text))


def folded_text(key: str, origins: list[int]) -> FoldedText:
    """The two results of `fold_origins` as a FoldedText; a space gets the origin of the character before it."""
    if len(origins) == len(key):
        return FoldedText(key, tuple(origins))
    origin_iterator = iter(origins)
    all_origins: list[int] = []
    for character in key:
        all_origins.append(all_origins[-1] if character == " " else next(origin_iterator))
    return FoldedText(key, tuple(all_origins))


def fold_origins(text: str) -> tuple[str, list[int]]:
    """The folded text, and the positions in the original of its characters other than spaces."""
    head = _drop_flags(text[:MAX_FOLDED_CHARS])
    table = _folding_table()
    folded_characters = head.translate(table)
    if len(folded_characters) == len(head) and table.multi_letter_chars.isdisjoint(head):
        return _normalise_spaces(folded_characters), [
            position for position, folded_character in enumerate(folded_characters) if folded_character != " "
        ]
    origins = [
        position
        for position, letter in enumerate(head)
        for folded_character in table[ord(letter)]
        if folded_character != " "
    ]
    return _normalise_spaces(folded_characters), origins


def _drop_flags(text: str) -> str:
    """`text` with invisible characters for its flags; regional indicators in an odd run spell words, all over the text.

    Whoever spells with them parts them, lest they make flags.
    """
    if text.isascii() or not (runs := _REGIONAL_RUN_RE.findall(text)) or any(len(run) % 2 for run in runs):
        return text
    return _REGIONAL_RUN_RE.sub(lambda match: "\ufe0f" * len(match.group()), text)


def is_han(character: str) -> bool:
    """Whether a folded character is Han or kana: scripts written without spaces between words."""
    return "\u4e00" <= character <= "\u9fff" or (character > "\u3004" and _HAN_RE.match(character) is not None)


def _normalise_spaces(characters: str) -> str:
    """Join spaced-out letters to words (a gap of two or more spaces separates words); leave one space between words.

    Spaces beside Han and kana are removed.
    """
    if " " not in characters:
        return characters
    text = _WIDE_GAP_RE.sub("\n", characters) if "  " in characters else characters
    text = _UNSPACED_GAP_RE.sub("", text)
    text, joined_runs = _SPACED_OUT_RE.subn(_join_spaced_letters, text)
    if joined_runs or "\n" in text:
        text = _SPACED_OUT_RE.sub(_join_spaced_letters, text.replace("\n", " "))
    return text.strip(" ")


def _join_spaced_letters(match: re.Match[str]) -> str:
    run = match.group()
    if not any(character.isalpha() for character in run):
        return run
    return " ".join(group.replace(" ", "") for group in run.split("\n"))


class _FoldingTable(dict[int, str]):
    """What each character folds to, computed on first use: itself, other letters, a space, or nothing.

    `multi_letter_chars`: the characters seen so far that do not fold to exactly one.
    """

    def __init__(self, lookalikes: dict[str, str]) -> None:
        super().__init__()
        self._lookalikes = lookalikes
        self.multi_letter_chars: set[str] = set()
        self._simplify = opencc.OpenCC("t2s").convert

    def __missing__(self, codepoint: int) -> str:
        text = "" if 0xD800 <= codepoint <= 0xDFFF else chr(codepoint)  # a lone surrogate folds to nothing
        for _ in range(_MAX_FOLDING_ROUNDS):
            previous, text = text, _decompose("".join(map(self._fold_step, text)))
            if text == previous:
                break
        if len(text) != 1:
            self.multi_letter_chars.add(chr(codepoint))
        self[codepoint] = text
        return text

    def _fold_step(self, character: str) -> str:
        character = self._lookalikes.get(character, character)
        drawn = _DRAWN_LETTER_RE.fullmatch(unicodedata.name(character, "")) if len(character) == 1 else None
        if drawn:
            return drawn[1].lower()
        return self._simplify(character) if character > "\u2e7f" else character


def _decompose(text: str) -> str:
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(chain.from_iterable(map(_fold_character, letters)))


def _fold_character(character: str) -> str:
    if character in _INVISIBLE_CHARS or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return ""
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))  # digits of all scripts
    if category[0] in "LN" or (category in ("Mn", "Mc") and not unicodedata.combining(character)):
        return character
    if category[0] in "ZP" or category in ("Sm", "Sc") or character.isspace():
        return " "
    return ""


@cache
def _folding_table() -> _FoldingTable:
    """The folding table, with data_text/lookalikes.csv: characters and the letters they look like."""
    source = resources.files("crawler") / "data_text" / "lookalikes.csv"
    rows = csv.DictReader(source.read_text(encoding="utf-8").splitlines())
    return _FoldingTable({character: row["letter"] for row in rows for character in row["lookalikes"].split()})
