"""The spellings by which a work can be found: title and aliases, also without note, subtitle, edition mark or article.

Sellers write editions, years, seasons and "revised" in other ways or leave them out, so the bare names are indexed
beside the full ones; `stated_numbers` returns the editions or years that a title states, seasons.py the seasons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice

from attrs import frozen

from crawler.items import Work
from crawler.text import fold
from matchers.titles.numerals import numeral_value, rewrite_numerals
from matchers.titles.seasons import season_bases

_NOTE_RE = re.compile(r"\s{0,4}[(（\[【][^()（）\[\]【】]{1,40}[)）\]】]\s{0,4}$")
_SUBTITLE_RE = re.compile(r"\s{0,4}(?:[:：—]|\s[-–]\s)")
_HAN_RE = re.compile("[\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_NUMBER_IN_NOTE_RE = re.compile(r"[上中下一二三四五六七八九十\d]")
_LEADING_ARTICLE_RE = re.compile(r"(?:the|an?)\s+(?=\S)", re.IGNORECASE)
FULL_FORM, NOTE_FORM, SHORTENED_FORM, INVERTED_FORM = "full", "note", "shortened", "inverted"
MIN_SHORTENED_INFORMATION = 4.0  # information, in Han characters, that a title without its subtitle must still have
# Information of one character; a Han character has 1.
HAN_CHAR_INFORMATION, DIGIT_INFORMATION, LETTER_INFORMATION = 1.0, 0.5, 0.4


@frozen(kw_only=True)
class Name:
    """One spelling of works[work_index]. `compact` is `folded` without spaces, `word_breaks` where words part in it.

    `form`: FULL_FORM, or what was changed: without a note in brackets (NOTE_FORM), without the subtitle
    (SHORTENED_FORM), or with the article at the end (INVERTED_FORM: Garden, The).
    """

    work_index: int
    spelled: str
    folded: str
    compact: str
    word_breaks: frozenset[int]
    han_equivalents: float
    form: str = FULL_FORM


def names_of(work_index: int, work: Work) -> Iterator[Name]:
    """Each distinct spelling of a work, the full ones first."""
    yielded: set[str] = set()
    for form, spelled, folded in _folded_spellings(work):
        compact = folded.replace(" ", "")
        if not compact or compact in yielded:
            continue
        if form == SHORTENED_FORM and han_equivalents(compact) < MIN_SHORTENED_INFORMATION:
            continue
        yielded.add(compact)
        yield build_name(work_index, spelled, folded, form)


def _folded_spellings(work: Work) -> Iterator[tuple[str, str, str]]:
    """(form, spelling, folded spelling) of each spelling; and the same with the numerals rewritten."""
    for form, spelled in _spellings(work):
        folded = fold(spelled)
        yield form, spelled, folded
        rewritten = rewrite_numerals(folded)
        if rewritten:
            yield form, spelled, rewritten[0]


def first_name(work_index: int, work: Work) -> Name:
    """The first of `names_of`, at a fraction of its cost unless the title folds to nothing."""
    folded = fold(work.title)
    if not folded:
        return next(names_of(work_index, work))
    return build_name(work_index, work.title, folded, FULL_FORM)


def build_name(work_index: int, spelled: str, folded: str, form: str) -> Name:
    """The name with this folded text."""
    compact = folded.replace(" ", "")
    return Name(
        work_index=work_index,
        spelled=spelled,
        folded=folded,
        compact=compact,
        word_breaks=_word_breaks(folded),
        han_equivalents=han_equivalents(compact),
        form=form,
    )


def han_equivalents(compact: str) -> float:
    """The information of a compact name, in Han characters: letters and digits carry less."""
    han_count = len(_HAN_RE.findall(compact)) if not compact.isascii() else 0
    digit_count = sum(map(str.isdigit, compact))
    return (
        HAN_CHAR_INFORMATION * han_count
        + DIGIT_INFORMATION * digit_count
        + LETTER_INFORMATION * (len(compact) - han_count - digit_count)
    )


def _spellings(work: Work) -> Iterator[tuple[str, str]]:
    full_names: Sequence[str] = (work.title, *work.aliases)
    creators = {fold(creator) for creator in work.creators}
    yield from ((FULL_FORM, name) for name in full_names)
    for name in full_names:
        bare = _NOTE_RE.sub("", name)
        if bare != name and not _NUMBER_IN_NOTE_RE.search(name[len(bare) :]):
            yield NOTE_FORM, bare
        article = _LEADING_ARTICLE_RE.match(bare)
        if article:
            yield INVERTED_FORM, f"{bare[article.end() :]}, {article.group()}"
        match = _SUBTITLE_RE.search(bare)
        if match and match.start() > 0 and not (creators and fold(bare[: match.start()]) in creators):
            yield SHORTENED_FORM, bare[: match.start()]


def _word_breaks(folded: str) -> frozenset[int]:
    if " " not in folded:
        return frozenset()
    return frozenset(accumulate(map(len, folded.split(" ")[:-1])))


BARE_FORM, SEASON_FORM = "bare", "season"  # the forms of bare names: without an edition mark, without a season
MIN_BASE_INFORMATION = 2.5  # information, in Han characters, of a title without its season
MAX_BARE_NAMES = 6  # of a work; the index numbers no more

_ORDINAL_WORDS_PATTERN = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
_ORDINAL_WORDS = _ORDINAL_WORDS_PATTERN.split("|")
_EDITION_WORD_PATTERN = r"(?:edition|edn|ed|e)(?![a-z])"
_ENGLISH_EDITION_PATTERN = (
    rf"(?P<english>\d{{1,2}})(?:st|nd|rd|th)? ?{_EDITION_WORD_PATTERN}"
    rf"|(?P<spelt>{_ORDINAL_WORDS_PATTERN}) {_EDITION_WORD_PATTERN}"
)
_CHINESE_EDITION_PATTERN = r"第 ?(?P<chinese>\d{1,2}|[一二三四五六七八九十]{1,3}) ?版"
_YEAR_PATTERN = r"(?<!\d)(?P<year>(?:19|20)\d\d)(?!\d)(?:年?版)?"
_EDITION_RE = re.compile(f"{_ENGLISH_EDITION_PATTERN}|{_CHINESE_EDITION_PATTERN}")
_YEAR_RE = re.compile(_YEAR_PATTERN)
_MARK_AT_END_RE = re.compile(rf"(?:{_ENGLISH_EDITION_PATTERN}|{_CHINESE_EDITION_PATTERN}|{_YEAR_PATTERN})$")
_REVISED_AT_END_RE = re.compile(r"(?:修订版|增订版|最新版|新版|revised edition|new edition)$")
_FOLDED_ARTICLE_RE = re.compile(r"^(?:the|an?) (?=\S)")
_MARK_LAST_CHARS = frozenset("0123456789版end")  # the last characters of all marks at the end, for a quick check


@frozen(kw_only=True)
class EditionMark:
    """What was cut off a name. `kind` is edition, year, revised or article; `value` is the number."""

    kind: str
    value: int = 0


def bare_names(work_index: int, work: Work) -> Iterator[Name]:
    """The bare names of a work: of a title with a mark, of title and aliases that end in a season, a part or a volume;
    each also with its numerals rewritten. `spelled` of the latter is the name with its season.
    """
    stripped = strip_mark(work.title)
    found = [(stripped[0], stripped[0], BARE_FORM)] if stripped else []
    found += [
        (spelled, base, SEASON_FORM)
        for spelled, base, _ in season_bases(work)
        if han_equivalents(base.replace(" ", "")) >= MIN_BASE_INFORMATION
    ]
    names: dict[tuple[str, str], Name] = {}
    for spelled, base, form in found:
        rewritten = rewrite_numerals(base)
        for folded in (base, rewritten[0]) if rewritten else (base,):
            names.setdefault((folded, form), build_name(work_index, spelled, folded, form))
    yield from islice(names.values(), MAX_BARE_NAMES)


def strip_mark(title: str) -> tuple[str, EditionMark] | None:
    """The folded title without its last mark, and the mark; None if there is none or too little would be left."""
    folded = fold(title)
    ends = ((_MARK_AT_END_RE, ""), (_REVISED_AT_END_RE, "revised")) if folded[-1:] in _MARK_LAST_CHARS else ()
    for pattern, kind in (*ends, (_FOLDED_ARTICLE_RE, "article")):
        match = pattern.search(folded)
        if match is None:
            continue
        bare_name = folded[match.end() :] if kind == "article" else folded[: match.start()].strip()
        if han_equivalents(bare_name.replace(" ", "")) >= MIN_SHORTENED_INFORMATION:
            return bare_name, EditionMark(kind=kind) if kind else _edition_mark(match)
    return None


def stated_numbers(mark: EditionMark, title: str) -> set[int]:
    """The numbers of editions (or years, as `mark` has it) that the title states; none for marks without a number."""
    folded = fold(title)
    if mark.kind == "year":
        return {int(match["year"]) for match in _YEAR_RE.finditer(folded)}
    if mark.kind == "edition":
        return {_edition_number(match) for match in _EDITION_RE.finditer(folded)}
    return set()


def _edition_mark(match: re.Match[str]) -> EditionMark:
    if match["year"]:
        return EditionMark(kind="year", value=int(match["year"]))
    return EditionMark(kind="edition", value=_edition_number(match))


def _edition_number(match: re.Match[str]) -> int:
    if match["spelt"]:
        return _ORDINAL_WORDS.index(match["spelt"]) + 1
    return numeral_value(match["english"] or match["chinese"]) or 0
