"""The spellings under which a work can be found: its title and aliases, and both without edition notes and subtitle."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from attrs import frozen

from crawler.items import Work
from crawler.text import fold
from matchers.titles.numerals import otherwise

_NOTE = re.compile(r"\s{0,4}[(（\[【][^()（）\[\]【】]{1,40}[)）\]】]\s{0,4}$")
_SUBTITLE = re.compile(r"\s{0,4}(?:[:：—]|\s[-–]\s)")
_HAN = re.compile("[\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_NUMBER_IN_NOTE = re.compile(r"[上中下一二三四五六七八九十\d]")
_ARTICLE = re.compile(r"(?:the|an?)\s+(?=\S)", re.IGNORECASE)
FULL, NOTE, SHORTENED, INVERTED = "full", "note", "shortened", "inverted"
LEAST_SHORTENED = 4.0  # units of information that a title without its subtitle must still have
HAN_UNITS, DIGIT_UNITS, LETTER_UNITS = 1.0, 0.5, 0.4  # information of one character, one Han character being 1


@frozen(kw_only=True)
class Name:
    """One spelling of works[work]. `tight` is its key without spaces, `breaks` where words part in it.

    `form`: FULL, or what was changed: without a NOTE in brackets, SHORTENED by the subtitle, or the article INVERTED
    (Garden, The).
    """

    work: int
    spelled: str
    key: str
    tight: str
    breaks: frozenset[int]
    units: float
    form: str = FULL


def names_of(position: int, work: Work) -> Iterator[Name]:
    """Each spelling of a work once, the full ones first."""
    seen: set[str] = set()
    for form, spelled, key in _folded(work):
        tight = key.replace(" ", "")
        if not tight or tight in seen:
            continue
        if form == SHORTENED and information(tight) < LEAST_SHORTENED:
            continue
        seen.add(tight)
        yield name_of(position, spelled, key, form)


def _folded(work: Work) -> Iterator[tuple[str, str, str]]:
    """Form, spelling and key; and the key with its numbers written otherwise."""
    for form, spelled in _spellings(work):
        key = fold(spelled)
        yield form, spelled, key
        changed = otherwise(key)
        if changed:
            yield form, spelled, changed[0]


def first_name(position: int, work: Work) -> Name:
    """The first of `names_of`, at a fraction of its cost where the title has letters at all."""
    key = fold(work.title)
    if not key:
        return next(names_of(position, work))
    return name_of(position, work.title, key, FULL)


def name_of(position: int, spelled: str, key: str, form: str) -> Name:
    """The name with this folded text."""
    tight = key.replace(" ", "")
    return Name(
        work=position,
        spelled=spelled,
        key=key,
        tight=tight,
        breaks=_breaks(key),
        units=information(tight),
        form=form,
    )


def information(tight: str) -> float:
    """How much a key says, in Han characters: letters and digits say less."""
    han = len(_HAN.findall(tight)) if not tight.isascii() else 0
    digits = sum(map(str.isdigit, tight))
    return HAN_UNITS * han + DIGIT_UNITS * digits + LETTER_UNITS * (len(tight) - han - digits)


def _spellings(work: Work) -> Iterator[tuple[str, str]]:
    full: Sequence[str] = (work.title, *work.aliases)
    creators = {fold(creator) for creator in work.creators}
    yield from ((FULL, name) for name in full)
    for name in full:
        bare = _NOTE.sub("", name)
        if bare != name and not _NUMBER_IN_NOTE.search(name[len(bare) :]):
            yield NOTE, bare
        article = _ARTICLE.match(bare)
        if article:
            yield INVERTED, f"{bare[article.end() :]}, {article.group()}"
        found = _SUBTITLE.search(bare)
        if found and found.start() > 0 and not (creators and fold(bare[: found.start()]) in creators):
            yield SHORTENED, bare[: found.start()]


def _breaks(key: str) -> frozenset[int]:
    if " " not in key:
        return frozenset()
    return frozenset(accumulate(map(len, key.split(" ")[:-1])))
