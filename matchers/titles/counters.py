"""Numbers that make it another work: a sequel, another volume, another season.

General, not a list of titles: a number right behind (or an ordinal right before) the name that the name does not have,
and a spelling error that is no error but another number. Years, prices, sizes and quantities are no counters.
"""

from __future__ import annotations

import re

from attrs import frozen

from crawler.text import is_han
from matchers.titles.numerals import ENGLISH_NUMBER_PATTERN, NUMERAL_PATTERN, is_numeral, numeral_value, unit_roles
from matchers.titles.reading import AnalysedText
from matchers.titles.sightings import NameMatch

_NUMBER_AFTER_RE = re.compile(rf"(?P<ordinal>[第之])?(?P<value>{NUMERAL_PATTERN}) ?(?P<unit>[^\d\W]{{0,9}})")
_ENGLISH_COUNTER_RE = re.compile(
    r"(?P<unit>part|pt|volume|vol|book|chapter|season|series|episode|no|s(?=\d)) ?"
    rf"(?P<value>{NUMERAL_PATTERN}|{ENGLISH_NUMBER_PATTERN})"
)
_ORDINAL_BEFORE_RE = re.compile(r"第(?P<value>\d{1,2}|[一二三四五六七八九十]{1,3})(?P<unit>部|季|代|弹)$")
_FRACTION_RE = re.compile(r"[.．:/]\d{1,3}(?!\d)")
_RANGE_RE = re.compile(r"\s?[-–—~～至到]\s?\d")
_EPISODE_RE = re.compile(r"s?\d{1,4} ?[ex]\d{1,3}")
_PRICE_OR_SIZE_RE = re.compile(r"[¥￥$€£×*]\s{0,2}$|(?<![^\W\d])[xX]\s{0,2}$")
_KINDS_WITHOUT_SEASONS = frozenset({"book", "film", "movie", "app", "course", "textbook", "software", "game", "music"})


@frozen(kw_only=True)
class ForeignNumber:
    """A number in the listing that the name lacks, which makes it another work."""

    kind: str
    theirs: str


def find_foreign_number(name_match: NameMatch, text: AnalysedText, kind: str) -> ForeignNumber | None:
    """The number beside (or, for a name with an error, inside) a sighting that tells of another work, if there is one.

    `kind` is the work's, folded; "" where unknown.
    """
    changed_numeral = _changed_numeral(name_match, text) if name_match.edits else ""
    if changed_numeral:
        return ForeignNumber(kind="other_number", theirs=changed_numeral)
    return _number_behind(name_match, text, kind) or _ordinal_before(name_match, text)


def _changed_numeral(name_match: NameMatch, text: AnalysedText) -> str:
    """What stands there, if it differs from the name in a numeral or volume word, else ""."""
    name_compact, text_compact = name_match.name.compact, text.compact[name_match.start : name_match.end]
    shorter = min(len(name_compact), len(text_compact))
    prefix = next(
        (position for position in range(shorter) if name_compact[position] != text_compact[position]), shorter
    )
    tail = next(
        (
            position
            for position in range(shorter - prefix)
            if name_compact[-1 - position] != text_compact[-1 - position]
        ),
        shorter - prefix,
    )
    replaced, replacement = (
        name_compact[prefix : len(name_compact) - tail],
        text_compact[prefix : len(text_compact) - tail],
    )
    digit_for_han = (replaced.isdigit() and not replacement.isascii()) or (
        replacement.isdigit() and not replaced.isascii()
    )
    if not digit_for_han and not (
        is_numeral(replaced, name_compact, prefix) and is_numeral(replacement, text_compact, prefix)
    ):
        return ""
    is_same_value = replaced and replacement and numeral_value(replaced) == numeral_value(replacement) is not None
    return "" if is_same_value else text_compact


def _number_behind(name_match: NameMatch, text: AnalysedText, kind: str) -> ForeignNumber | None:
    position = name_match.end
    if (
        position >= len(text.compact)
        or _is_price_or_size(text, position)
        or (text.title_span and text.title_span[1] == position)
    ):
        return None
    start = text.positions[position]
    folded_tail = text.folded[start : start + 32]
    if _EPISODE_RE.match(folded_tail):
        return None
    match = _ENGLISH_COUNTER_RE.match(folded_tail) or _NUMBER_AFTER_RE.match(folded_tail)
    if not match or (numeral_value(match["value"]) or 0) <= 1:
        return None
    end = text.position_of(start + match.end("value") - 1) + 1
    if _is_number_continued(text, end) or text.splits_word(end):
        return None
    unit = _unit_at(text, end, match["unit"]) if match.re is _NUMBER_AFTER_RE else match["unit"]
    role = unit_roles().get(unit, "")
    counter_kind = (
        _english_counter_kind(match["unit"], text.boundaries[position] > 0, kind)
        if match.re is _ENGLISH_COUNTER_RE
        else None
    )
    if match.re is _NUMBER_AFTER_RE:
        counter_kind = _counter_kind(match, role, _is_standalone(match, text, position, end), kind)
        end += len(unit)
    return ForeignNumber(kind=counter_kind, theirs=text.quote(position, end)) if counter_kind else None


def _counter_kind(match: re.Match[str], role: str, is_standalone: bool, kind: str) -> str | None:
    """What a number of 2 or more behind the name makes of it, by the role of its unit."""
    value = match["value"]
    if role == "":
        is_code = value.isdigit() and (len(value) >= 3 or value.startswith("0"))
        return "sequel" if is_standalone and not is_code else None
    if role == "volume" and match["ordinal"]:
        return "volume"
    if role == "season" and kind in _KINDS_WITHOUT_SEASONS:
        return "season"
    return "sequel" if role == "sequel" else None


def _english_counter_kind(word: str, is_apart: bool, kind: str) -> str | None:
    if word == "no" and not is_apart:
        return None
    if word in ("season", "series", "s", "episode") and kind not in _KINDS_WITHOUT_SEASONS:
        return None
    return "sequel"


def _ordinal_before(name_match: NameMatch, text: AnalysedText) -> ForeignNumber | None:
    match = _ORDINAL_BEFORE_RE.search(text.compact[max(0, name_match.start - 6) : name_match.start])
    if not match or (numeral_value(match["value"]) or 0) <= 1:
        return None
    quote = text.quote(name_match.start - len(match.group()), name_match.start)
    return ForeignNumber(kind="sequel", theirs=quote)


def _is_standalone(match: re.Match[str], text: AnalysedText, position: int, end: int) -> bool:
    """Whether a bare number ends there and counts the name, not the noun behind it (10 in 执行力10项法则)."""
    value = match["value"]
    has_boundary = text.boundaries[end] > 0 or bool(text.noise[end])
    if match["ordinal"]:
        return True
    if is_han(value[0]):
        return has_boundary and not text.boundaries[position]
    return has_boundary or len(value) == 1 or not value.isdigit() or not is_han(text.compact[end])


def _unit_at(analysed: AnalysedText, position: int, text: str) -> str:
    """The longest known unit at the beginning of `text`, which stands at `position`; "" where there is none.

    A unit touches its number (but "2 GB") and is neither the beginning of a longer word nor of a seller's phrase.
    """
    phrase_length = next((spot.end - spot.start for spot in analysed.lexicon_words if spot.start == position), 1)
    for length in range(len(text), phrase_length - 1, -1):
        unit = text[:length]
        if unit not in unit_roles() or analysed.splits_word(position + length):
            continue
        if not analysed.boundaries[position] or (unit.isascii() and length > 1):
            return unit
    return ""


def _is_price_or_size(text: AnalysedText, position: int) -> bool:
    start = text.origins[position]
    return _PRICE_OR_SIZE_RE.search(text.original[max(0, start - 4) : start]) is not None


def _is_number_continued(text: AnalysedText, end: int) -> bool:
    """Whether a number goes on in the original: a price, a rating or a version behind a point, or a range."""
    last = text.origins[end - 1] + 1
    return _FRACTION_RE.match(text.original, last) is not None or _RANGE_RE.match(text.original, last) is not None
