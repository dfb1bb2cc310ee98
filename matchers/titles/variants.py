"""Variants of a text: digits and symbols read as the letters they resemble, numerals rewritten, split characters
joined.

These disguises cannot be undone by folding, as they depend on the neighbouring characters. Names are looked up in
every variant; most texts have only one, the text itself.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources

from ahocorasick_rs import AhoCorasick
from attrs import frozen

from crawler.text import fold, fold_origins
from matchers.titles.analysis import AnalysedText
from matchers.titles.numerals import NUMERAL_HINT_PATTERN, rewrite_numerals
from matchers.titles.tokens import token_bits

NOISE_MARK = "\x01"  # occurs in no folded text
_WORD_RE = re.compile(r"[0-9a-z]{2,40}")
_LETTER_DIGIT_RE = re.compile(r"(?=[a-z][0-9]|[0-9][a-z])")
_NUMERAL_RE = re.compile(NUMERAL_HINT_PATTERN)
_DIGITS_AS_LETTERS_I = str.maketrans("01345789", "oieastbg")
_DIGITS_AS_LETTERS_L = str.maketrans("01345789", "oleastbg")


@frozen
class Variant:
    """One way to read a text: character i of `text` stands at positions[i] of `compact` (at i if there are none)."""

    text: str
    positions: Sequence[int] | None = None
    is_disguised: bool = False

    def position_of(self, index: int) -> int:
        """The position in `compact` of text[index]."""
        return index if self.positions is None else self.positions[index]


def text_variants(analysed: AnalysedText) -> list[Variant]:
    """The text as written, with symbols and digits read as letters, numerals rewritten, and split characters joined."""
    variants = [Variant(analysed.compact)]
    folded = analysed.folded
    is_mixed, is_numbered = (
        _matches_outside_noise(_LETTER_DIGIT_RE, analysed, 2),
        _matches_outside_noise(_NUMERAL_RE, analysed, 1),
    )
    marked = _mask_noise(analysed) if is_mixed or is_numbered else ""
    if is_mixed:
        variants.extend(_letter_variants(marked, None))
    if "@" in analysed.original or "!" in analysed.original:
        variants.extend(_symbol_variants(analysed))
    if is_numbered:
        numbers = rewrite_numerals(marked)
        if numbers:
            variants.append(_numeral_variant(analysed, *numbers))
    undone = (
        *(join_split_characters(analysed.compact, eager) for eager in (False, True)),
        *(undo_fillers(analysed.compact) if _FILLER_HINT_RE.search(analysed.compact) else ()),
    )
    for text, positions in undone:
        if positions and all(variant.text != text for variant in variants[1:]):
            variants.append(Variant(text, positions, True))
    return variants if folded else []


def _matches_outside_noise(pattern: re.Pattern[str], text: AnalysedText, width: int) -> bool:
    """Whether `pattern` matches the folded text where none of its `width` characters is noise."""
    for match in pattern.finditer(text.folded):
        position = text.position_of(match.start())
        if text.noise.find(1, position, position + width) < 0:
            return True
    return False


def _mask_noise(text: AnalysedText) -> str:
    """The folded text with NOISE_MARK for every character of noise: 1080p and x264 hide no letters."""
    letters = list(text.folded)
    for position, noisy in enumerate(text.noise):
        if noisy:
            letters[text.positions[position]] = NOISE_MARK
    return "".join(letters)


def _symbol_variants(text: AnalysedText) -> Iterator[Variant]:
    replaced = replace_symbols(text.original)
    if replaced == text.original:
        return
    folded, origins = fold_origins(replaced)
    last = len(text.origins) - 1
    positions = [min(last, max(0, bisect_right(text.origins, origin) - 1)) for origin in origins]
    yield Variant(folded.replace(" ", ""), positions, True)
    yield from _letter_variants(folded, positions)


def _numeral_variant(text: AnalysedText, folded: str, indexes: Sequence[int]) -> Variant:
    visible = [
        (letter, text.position_of(index)) for letter, index in zip(folded, indexes, strict=True) if letter != " "
    ]
    return Variant("".join(letter for letter, _ in visible), [position for _, position in visible], True)


def _letter_variants(folded: str, positions: Sequence[int] | None) -> Iterator[Variant]:
    """Variants of a folded text with digits inside words read as letters they resemble; none if no word holds both."""
    mixed = [match for match in _WORD_RE.finditer(folded) if _has_letters_and_digits(match.group())]
    variant_texts = []
    for digit_letters in (_DIGITS_AS_LETTERS_I, _DIGITS_AS_LETTERS_L) if mixed else ():
        letters = list(folded)
        for match in mixed:
            letters[match.start() : match.end()] = match.group().translate(digit_letters)
        variant_texts.append("".join(letters).replace(" ", ""))
    for text in dict.fromkeys(variant_texts):
        yield Variant(text, positions, True)


def _has_letters_and_digits(word: str) -> bool:
    return not word.isalpha() and not word.isdigit()


# Letters between Han characters (长x夜y里), Han characters between letters, one character at every second place
# (轨的道的纪的), and every character twice. Once is chance.
_FOREIGN_FILLER_RES = (
    re.compile("(?<=[\u3400-\u9fff])[a-z]{1,2}(?=[\u3400-\u9fff])"),
    re.compile("(?<=[a-z])[\u3400-\u9fff](?=[a-z])"),
)
_REPEATED_FILLER_RE = re.compile(
    r"(?=(?P<filler>.)[^\d](?P=filler)[^\d](?P=filler))(?:(?P=filler)[^\d]){2,40}(?P=filler)?"
)
_DOUBLED_RE = re.compile(r"(?:(?P<letter>[^\W\d])(?P=letter)){3,40}")  # three in a row: fewer are chance
_FILLER_HINT_RE = re.compile(
    r"(.).\1.\1|(.)\2(.)\3(.)\4|[\u3400-\u9fff][a-z]{1,2}[\u3400-\u9fff]|[a-z][\u3400-\u9fff][a-z]"
)  # a quick check
MIN_FILLERS = 2  # characters between others that make a pattern
MIN_REPEATED_LATIN_CHARS = 8  # characters of a Latin run with a filler at every second place: banana is none


def undo_fillers(compact: str) -> Iterator[tuple[str, Sequence[int]]]:
    """A compact text without the characters that fill or double a name, and the position of each character; one for
    each way to fill, nothing for a text without.
    """
    for pattern in _FOREIGN_FILLER_RES if not compact.isascii() else ():
        foreign = [match.span() for match in pattern.finditer(compact)]
        if len(foreign) >= MIN_FILLERS:
            yield _without(compact, [position for span in foreign for position in range(*span)])
    repeated = [
        position
        for match in _REPEATED_FILLER_RE.finditer(compact)
        if not match.group().isascii() or len(match.group()) >= MIN_REPEATED_LATIN_CHARS
        for position in range(match.start(), match.end(), 2)
    ]
    if repeated:
        yield _without(compact, repeated)
    doubled = [
        match.end() - 2 if position == match.end() - 2 else position + 1  # both ends of a word stay where they are
        for match in _DOUBLED_RE.finditer(compact)
        for position in range(match.start(), match.end(), 2)
    ]
    if doubled:
        yield _without(compact, doubled)


def _without(compact: str, dropped: Sequence[int]) -> tuple[str, list[int]]:
    dropped_positions = set(dropped)
    positions = [position for position in range(len(compact)) if position not in dropped_positions]
    return "".join(compact[position] for position in positions), positions


RARE_PART_BITS = 13.0  # bits of a character: a pair with such a part (白勺) is seldom two words (as 女子 is)
_DRAWN_SYMBOL_RE = re.compile(
    r"(?<=[^\W_])[@!](?=[^\W_])|(?<=[^\W_])@(?![^\s])|(?<![^\s])@(?=[^\W_])",
)


def replace_symbols(text: str) -> str:
    """`text` with @ and ! inside words replaced by the letters a and i, which they resemble; its length stays."""
    if "@" not in text and "!" not in text:
        return text
    return _DRAWN_SYMBOL_RE.sub(lambda match: "a" if match.group() == "@" else "i", text)


def join_split_characters(compact: str, eager: bool) -> tuple[str, tuple[int, ...]]:
    """A compact text with split characters joined (白勺 is 的), and the position of each character; ("", ()) if there
    are none.

    Only pairs with a rare part are joined, unless `eager`.
    """
    parts = _split_characters()
    if not _pair_automaton().find_matches_as_indexes(compact):
        return "", ()
    letters: list[str] = []
    positions: list[int] = []
    position = 0
    while position < len(compact):
        pair = compact[position : position + 2]
        joined_character = parts.get(pair)
        if joined_character and not eager and max(map(token_bits, pair)) < RARE_PART_BITS:
            joined_character = None
        letters.append(joined_character or compact[position])
        positions.append(position)
        position += 2 if joined_character else 1
    return ("".join(letters), tuple(positions)) if len(letters) < len(compact) else ("", ())


@cache
def _pair_automaton() -> AhoCorasick:
    return AhoCorasick(list(_split_characters()))


@cache
def _split_characters() -> dict[str, str]:
    """The character that each pair of parts makes, both folded, from splits.csv."""
    text = (resources.files("matchers.titles") / "splits.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {fold(parts): fold(row["character"]) for row in rows for parts in row["parts"].split()}
