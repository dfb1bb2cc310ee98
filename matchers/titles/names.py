"""The spellings under which a work can be found: its title and aliases, and both without edition notes and subtitle."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from attrs import frozen

from crawler.items import Work
from crawler.text import fold
from matchers.titles.numerals import rewrite_numerals

_NOTE_RE = re.compile(r"\s{0,4}[(（\[【][^()（）\[\]【】]{1,40}[)）\]】]\s{0,4}$")
_SUBTITLE_RE = re.compile(r"\s{0,4}(?:[:：—]|\s[-–]\s)")
_HAN_RE = re.compile("[\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_NUMBER_IN_NOTE_RE = re.compile(r"[上中下一二三四五六七八九十\d]")
_LEADING_ARTICLE_RE = re.compile(r"(?:the|an?)\s+(?=\S)", re.IGNORECASE)
FULL_FORM, NOTE_FORM, SHORTENED_FORM, INVERTED_FORM = "full", "note", "shortened", "inverted"
MIN_SHORTENED_INFORMATION = 4.0  # units of information that a title without its subtitle must still have
HAN_CHAR_INFORMATION, DIGIT_INFORMATION, LETTER_INFORMATION = (
    1.0,
    0.5,
    0.4,
)  # information of one character, one Han character being 1


@frozen(kw_only=True)
class Name:
    """One spelling of works[work]. `compact` is its key without spaces, `word_breaks` where words part in it.

    `form`: FULL, or what was changed: without a NOTE in brackets, SHORTENED by the subtitle, or the article INVERTED
    (Garden, The).
    """

    work_index: int
    spelled: str
    folded: str
    compact: str
    word_breaks: frozenset[int]
    han_equivalents: float
    form: str = FULL_FORM


def names_of(work_index: int, work: Work) -> Iterator[Name]:
    """Each spelling of a work once, the full ones first."""
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
    """Form, spelling and key; and the key with its numbers written otherwise."""
    for form, spelled in _spellings(work):
        folded = fold(spelled)
        yield form, spelled, folded
        rewritten = rewrite_numerals(folded)
        if rewritten:
            yield form, spelled, rewritten[0]


def first_name(work_index: int, work: Work) -> Name:
    """The first of `names_of`, at a fraction of its cost where the title has letters at all."""
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
    """How much a key says, in Han characters: letters and digits say less."""
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
