"""Why a text that spells a name means another work: a number, a word of a derived work or sequel, another person.

A number right behind the name (or an ordinal right before it) that the name lacks indicates a sequel, volume or
season; years, prices, sizes and quantities do not. A foreign name with its middle dot, or two to four characters that
begin with a common surname (surnames.csv), is another person if the work's own creators are not named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import frozen

from crawler.items import Work
from crawler.text import fold, is_han
from matchers.signals.lexicon import WordMatch
from matchers.titles.analysis import AnalysedText
from matchers.titles.boilerplate import is_file_part
from matchers.titles.corroboration import begins_with_surname
from matchers.titles.features import Corroboration, derived_word_reach
from matchers.titles.frames import find_frame
from matchers.titles.name_matches import NameMatch
from matchers.titles.numerals import (
    ENGLISH_NUMBER_PATTERN,
    NUMERAL_PATTERN,
    is_numeral,
    numeral_value,
    unit_roles,
    whole_numeral,
)
from matchers.titles.scoring import contradiction_weight
from matchers.titles.seasons import stated_seasons, strip_season
from matchers.titles.title_names import Name


@frozen(kw_only=True)
class Contradiction:
    """A reason why a match means another work.

    `kind` is sequel, season, volume, other_number, derived, before, behind, other_creator or stranger.
    """

    kind: str
    ours: str
    theirs: str
    probability: float


def find_contradictions(
    name_match: NameMatch, text: AnalysedText, work: Work, corroboration: Corroboration
) -> Iterator[Contradiction]:
    """The contradictions of a name found in the text."""
    ours = name_match.name.spelled
    foreign_number = find_foreign_number(name_match, text, fold(work.kind) if work.kind else "")
    if foreign_number:
        yield Contradiction(
            kind=foreign_number.kind,
            ours=ours,
            theirs=foreign_number.theirs,
            probability=contradiction_weight(foreign_number.kind),
        )
    spot = _contradicting_word(name_match, text)
    if spot:
        yield Contradiction(
            kind=spot.word.area,
            ours=ours,
            theirs=text.quote(spot.start, spot.end),
            probability=contradiction_weight(spot.word.area),
        )
    elif frame := find_frame(name_match, text):
        kind, theirs = frame
        yield Contradiction(kind=kind, ours=ours, theirs=theirs, probability=contradiction_weight(kind))
    yield from _creator_contradictions(work, corroboration)
    if work.creators and not corroboration.creator and not corroboration.other_creators:
        known_text = fold(" ".join((work.title, *work.aliases, work.publisher or ""))).replace(" ", "")
        other_person = find_other_person(name_match, text, known_text)
        if other_person:
            yield Contradiction(
                kind="stranger",
                ours="、".join(work.creators),
                theirs=other_person,
                probability=contradiction_weight("stranger"),
            )


def _creator_contradictions(work: Work, corroboration: Corroboration) -> Iterator[Contradiction]:
    """The contradiction by another creator than the work's, if there is one."""
    if corroboration.other_creators:
        yield Contradiction(
            kind="other_creator",
            ours="、".join(work.creators),
            theirs=corroboration.other_creators,
            probability=contradiction_weight("other_creator"),
        )


def text_contradictions(
    name: Name, text: AnalysedText, work: Work, corroboration: Corroboration
) -> Iterator[Contradiction]:
    """The contradictions of a text that resembles a name as a whole."""
    yield from lexicon_contradictions(name, text)
    yield from _season_contradictions(name, text, work.kind)
    yield from _creator_contradictions(work, corroboration)


def _season_contradictions(name: Name, text: AnalysedText, work_kind: str | None) -> Iterator[Contradiction]:
    """The contradiction by another season, part or volume than the one that ends the name, if the text states one."""
    stripped = strip_season(name.spelled, work_kind)
    if stripped is None:
        return
    base = stripped[0].replace(" ", "")
    start = text.compact.find(base)
    behind = number_behind(NameMatch(name=name, start=start, end=start + len(base)), text) if start >= 0 else None
    numbers = stated_seasons(text.original).compared_with(stripped[1], behind)
    if numbers and stripped[1].value not in numbers:
        yield Contradiction(
            kind="season",
            ours=name.spelled,
            theirs=text.original,
            probability=contradiction_weight("season"),
        )


def lexicon_contradictions(name: Name, text: AnalysedText) -> Iterator[Contradiction]:
    """The contradiction by the first word of a derived work or sequel in the text that is not in the name, if any."""
    for spot in text.lexicon_words:
        is_named = text.compact[spot.start : spot.end] in name.compact
        if spot.word.area in ("derived", "sequel") and not is_named and not _is_extra(spot, text):
            yield Contradiction(
                kind=spot.word.area,
                ours=name.spelled,
                theirs=text.quote(spot.start, spot.end),
                probability=contradiction_weight(spot.word.area),
            )
            return


def _contradicting_word(name_match: NameMatch, text: AnalysedText) -> WordMatch | None:
    """A word of a derived work anywhere (in a long text: near the name), or another one that touches the name at the
    side where it counts.
    """
    reach = derived_word_reach(text)
    for spot in text.contradicting_words:
        is_outside = spot.start >= name_match.end or spot.end <= name_match.start
        if is_outside and _is_contradicting(spot, name_match, reach) and not _is_extra(spot, text):
            return spot
    return None


# What comes with the work: 赠书签, 带书签 (a PDF with bookmarks), + OST, with soundtrack, bonus artbook.
_GIFT_CHARS = "赠送附含带"
_EXTRA_BEFORE_RE = re.compile(
    r"(?:[赠送附含带配]|外加|[赠送附含带][^\W\d_a-z])$"
    r"|(?<![a-z])(?:with|w|incl|includes?|including|bonus|plus|free|extras?)"
    r"(?: (?:the|a|an|its|digital|original|bonus))? ?$"
)


def _is_extra(spot: WordMatch, text: AnalysedText) -> bool:
    """Whether a word of a derived work names something that comes with the work."""
    if spot.word.area not in ("derived", "sequel") or not spot.start:
        return False
    if is_file_part(spot.word.text, text.folded):
        return True
    if text.is_joined(spot.start, text.boilerplate):
        return True
    if spot.word.area == "sequel":
        return False
    previous = next((other for other in text.lexicon_words if other.end == spot.start), None)
    if previous and (text.compact[previous.start] in _GIFT_CHARS or _is_extra(previous, text)):
        return True
    index = text.positions[spot.start]
    return _EXTRA_BEFORE_RE.search(text.folded[max(0, index - 24) : index]) is not None


def _is_contradicting(spot: WordMatch, name_match: NameMatch, reach: int) -> bool:
    area = spot.word.area
    if area == "derived":
        return max(spot.start - name_match.end, name_match.start - spot.end) <= reach
    if area == "before":
        return spot.end == name_match.start
    return area in ("sequel", "behind") and spot.start == name_match.end


_NUMBER_AFTER_RE = re.compile(rf"(?P<ordinal>[第之])?(?P<value>{NUMERAL_PATTERN}) ?(?P<unit>[^\d\W]{{0,9}})")
_ENGLISH_COUNTER_RE = re.compile(
    r"(?P<unit>part|pt|volume|vol|book|chapter|season|series|episode|no|s(?=\d)) ?"
    rf"(?P<value>{NUMERAL_PATTERN}|{ENGLISH_NUMBER_PATTERN})"
)
_ORDINAL_BEFORE_RE = re.compile(r"第(?P<value>\d{1,2}|[一二三四五六七八九十]{1,3})(?P<unit>部|季|代|弹)$")
_FRACTION_RE = re.compile(r"[.．:/]\d{1,3}(?!\d)")
_RANGE_RE = re.compile(r"\s?[-–—~～至到+＋&、]\s?(?:\d|[一二三四五六七八九十]|[ivx]{1,4}(?![a-z]))", re.IGNORECASE)
_EPISODE_RE = re.compile(r"s?\d{1,4} ?[ex]\d{1,3}")
_PRICE_OR_SIZE_RE = re.compile(r"[¥￥$€£×*]\s{0,2}$|(?<![^\W\d])[xX]\s{0,2}$")
# Registered as a whole: each numbered or dated part of them (第3期, Day 12, II) is of the work.
KINDS_OF_PARTS = frozenset({"course", "lecture", "lectures", "training", "课程", "教程", "网课"})
_FIRST_PART_RE = re.compile(
    r"(?:附|含|带|连同|包括|送)[^\W\d_]{0,2}(?:第[一1]|[一1](?=[部季卷册])|前作)"
)  # 2附带第一部
# A number behind the name of such a work, or a part, is one of its seasons.
_SERIES_KINDS = frozenset(
    ("series", "tv", "show", "drama", "anime", "剧集", "电视剧", "连续剧", "动漫", "动画", "番剧", "综艺")
)
_KINDS_WITHOUT_SEASONS = frozenset({"book", "film", "movie", "app", "course", "textbook", "software", "game", "music"})


@frozen(kw_only=True)
class ForeignNumber:
    """A number in the listing that the name lacks and that indicates another work."""

    kind: str
    theirs: str


def find_foreign_number(name_match: NameMatch, text: AnalysedText, kind: str) -> ForeignNumber | None:
    """The number beside a match (or, if it has an edit, inside it) that indicates another work, if there is one.

    `kind` is the work's, folded; "" if unknown.
    """
    changed_numeral = _changed_numeral(name_match, text) if name_match.edits else ""
    if changed_numeral:
        return ForeignNumber(kind="other_number", theirs=changed_numeral)
    if kind in KINDS_OF_PARTS or kind in _SERIES_KINDS or _FIRST_PART_RE.search(text.folded):
        return None
    return _number_behind(name_match, text, kind) or _ordinal_before(name_match, text)


def _changed_numeral(name_match: NameMatch, text: AnalysedText) -> str:
    """The text of the match, if it differs from the name in a numeral or volume word, else ""."""
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
    values = [numeral_value(whole_numeral(whole, prefix, len(whole) - tail)) for whole in (name_compact, text_compact)]
    return "" if values[0] == values[1] is not None else text_compact


def number_behind(name_match: NameMatch, text: AnalysedText) -> int | None:
    """The bare number right behind a match that counts a part of the name: 2 of 长夜谍影2 and of 长夜谍影Ⅱ."""
    found = _number_behind(name_match, text, "", 1)
    return numeral_value(fold(found.theirs)) if found else None


def _number_behind(name_match: NameMatch, text: AnalysedText, kind: str, minimum: int = 2) -> ForeignNumber | None:
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
    if not match or (numeral_value(match["value"]) or 0) < minimum:
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
    """The kind of contradiction that a number of 2 or more behind the name makes, by the role of its unit."""
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
    """Whether a bare number ends at `end` and numbers the name, instead of counting the noun behind it (10 in
    执行力10项法则).
    """
    value = match["value"]
    has_boundary = text.boundaries[end] > 0 or bool(text.noise[end])
    if match["ordinal"]:
        return True
    if is_han(value[0]):
        return has_boundary and not text.boundaries[position]
    return has_boundary or len(value) == 1 or not value.isdigit() or not is_han(text.compact[end])


def _unit_at(analysed: AnalysedText, position: int, text: str) -> str:
    """The longest known unit at the beginning of `text`, which stands at `position`; "" if there is none.

    A unit touches its number (except "2 GB") and is neither the beginning of a longer word nor of a seller's phrase.
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
    """Whether a number continues in the original: a price, a rating or a version after a point, or a range."""
    last = text.origins[end - 1] + 1
    return _FRACTION_RE.match(text.original, last) is not None or _RANGE_RE.match(text.original, last) is not None


_DOTTED_NAME_RE = re.compile(r"[\u4e00-\u9fff]{1,6}(?:[·・•・][\u4e00-\u9fff]{1,6}){1,3}$")
MAX_PERSON_NAME_CHARS = 4  # characters of a Chinese or Japanese name


def find_other_person(name_match: NameMatch, text: AnalysedText, known_text: str) -> str | None:
    """The first run that looks like a person and is not in `known_text` (the folded text of the work's own fields)."""
    for start, end in _name_runs(name_match, text):
        quote = text.quote(start, end).strip()
        compact = text.compact[start:end]
        if compact in known_text or not all(map(is_han, compact)):
            continue
        if _DOTTED_NAME_RE.fullmatch(quote) or (len(compact) <= MAX_PERSON_NAME_CHARS and begins_with_surname(compact)):
            return quote
    return None


def _name_runs(name_match: NameMatch, text: AnalysedText) -> list[tuple[int, int]]:
    """Runs of at least two characters between boundaries, noise and the match; a middle dot is no boundary."""
    runs: list[tuple[int, int]] = []
    run_start = None
    for position in range(len(text.compact) + 1):
        is_outside = position < len(text.compact) and not (name_match.start <= position < name_match.end)
        is_free = is_outside and not text.noise[position]
        if run_start is not None and (
            not is_free or (text.boundaries[position] and not _has_middle_dot(text, position))
        ):
            runs.append((run_start, position))
            run_start = None
        if is_free and run_start is None:
            run_start = position
    return [(first, last) for first, last in runs if last - first > 1]


def _has_middle_dot(text: AnalysedText, position: int) -> bool:
    first, last = text.span(position - 1, position + 1)
    return any(dot in text.original[first:last] for dot in "·・•・")
