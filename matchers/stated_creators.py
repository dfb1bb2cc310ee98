"""The creators whom a listing states in its words ("作者：…", "by …"), and whether they are those of a work.

A name behind a label is a creator's, whatever else the listing says; a name of unknown form is none. Names in two
scripts are compared only where a Chinese name is written in pinyin: Philip Kuhn may be 孔飞力.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from functools import lru_cache

from attrs import evolve, frozen
from rapidfuzz import fuzz

from crawler.items import Listing
from crawler.text import fold, is_han
from matchers.titles.corroboration import is_same_person
from matchers.titles.phonetics import syllable

MAX_SEARCHED_CHARS = 4_000  # characters of a text in which labels are looked for
CLAIMS_CACHE_SIZE = 2_048  # titles and texts, more than a batch has: each is asked for by several matchers
MAX_CLAIM_CHARS = 160  # characters behind a label that may hold its names
MAX_NAMES = 8  # names of one listing that are kept
MAX_PERSON_CHARS = 40  # characters of one name
MAX_HAN_PERSON_CHARS = 4  # characters of a Chinese or Japanese name
MIN_PART_SIMILARITY = 75.0  # ratio of two transliterations of a part of a name
_MARK_RE = re.compile(r"[:：】\]]|[Bb]y ")  # one of which every claim holds
_LABEL_RE = re.compile(
    r"(?:作\s{0,4}者|著者|编\s{0,2}著者?|原著|原作|主编|导\s{0,4}演|编剧|主\s{0,4}演|讲师|主讲(?:人|老师)?|歌手|演唱者?"
    r"|(?<![a-z])(?:authors?(?:\(s\))?|written by|directors?|directed by|instructors?|artists?|composers?))"
    r"\s{0,2}(?:[:：】\]]|(?<=by)\s)\s{0,2}",
    re.IGNORECASE,
)
# "by" and a name of two to four capitalised words, at the end of a line or before a bracket or bar.
_BYLINE_RE = re.compile(
    r"(?<!\w)[Bb]y (?P<name>[A-Z](?:\.|[\w'’-]{1,20})(?: [A-Z](?:\.|[\w'’-]{1,20})){1,3})\s{0,2}(?=$|[\[(|–—])",
    re.MULTILINE,
)
_PARTICIPLE_RE = re.compile(r"(?:\w{2,20}ed|sold|made|run|built|sent)\s{0,2}[-:]?\s{0,2}$", re.IGNORECASE)
_OTHER_LABEL_RE = re.compile(r"\s[^\s:：(（]{2,8}[:：]|https?://|[\n|｜;；。]|ISBN", re.IGNORECASE)
_OTHER_SPELLING_RE = re.compile(r"[^\s:：]{1,6}[:：]\s{0,2}([^()（）]{2,40})")
_BRACKETED_RE = re.compile(r"[(（\[【〔]([^()（）\[\]【】〔〕]{0,40})[)）\]】〕]")
_SEPARATOR_RE = re.compile(r"[、,，/&＆+\t]|\s{2,}|\band\b|\bwith\b|(?:和|与)(?=[^\s]{2})")
_AUTHOR_RE = re.compile(r"作|著|编 ?者|主编|author|written|by")
_FRAMED_RE = re.compile(r"《([^《》]{1,60})》")
_NAME_PART_RE = re.compile(r"[^\s·・.]{2,40}")
_ROLE_RE = re.compile(r"\s{0,2}(?:等|等著|编著|主编|著|编|译|导演|作品|et al\.?|\.{3}|…)$")


class Agreement(Enum):
    """How the stated creators compare with a work's."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"  # none stated, none registered, or written in scripts that cannot be compared


@frozen(kw_only=True)
class Claim:
    """Names that one label states, at the offsets `span` of the text."""

    label: str
    names: tuple[str, ...]
    span: tuple[int, int]


def with_stated_creators(listing: Listing) -> Listing:
    """The listing with the creators that its title or text states, if its own field names none."""
    names = stated_creators(listing)
    return listing if names == listing.creators else evolve(listing, creators=names)


def stated_creators(listing: Listing) -> tuple[str, ...]:
    """The creators of the listing's own field, else those that its title or text states."""
    if listing.creators:
        return listing.creators
    claims = (*find_claims(listing.title), *find_claims(listing.text))
    return tuple(dict.fromkeys(name for claim in claims for name in claim.names))[:MAX_NAMES] if claims else ()


def find_claims(text: str) -> tuple[Claim, ...]:
    """The claims in a text: those with a label in their order, then bylines."""
    return _find_claims(text[:MAX_SEARCHED_CHARS]) if _MARK_RE.search(text) else ()


@lru_cache(maxsize=CLAIMS_CACHE_SIZE)
def _find_claims(text: str) -> tuple[Claim, ...]:
    return tuple(_claims(text))


def states_several_works(listing: Listing) -> bool:
    """Whether title and text frame several titles or repeat a label, so that no name is the creator of all."""
    labels = [claim.label for text in (listing.title, listing.text) for claim in find_claims(text)]
    return len(set(labels)) < len(labels) or len(set(_FRAMED_RE.findall(f"{listing.title}\n{listing.text}"))) > 1


def states_author(listing: Listing) -> bool:
    """Whether title or text state an author, as of a book; a film's director need not be whom a registry names."""
    claims = [claim for text in (listing.title, listing.text) for claim in find_claims(text)]
    return any(_AUTHOR_RE.search(claim.label) for claim in claims)


def compare_creators(stated: Sequence[str], registered: Sequence[str]) -> Agreement:
    """SAME if one of the stated names may be one of the registered, OTHER if any two can be compared, else UNKNOWN."""
    agreements = {_compare(theirs, ours) for theirs in stated for ours in registered}
    return next((result for result in (Agreement.SAME, Agreement.OTHER) if result in agreements), Agreement.UNKNOWN)


def _claims(text: str) -> Iterator[Claim]:
    for label in _LABEL_RE.finditer(text):
        value = text[label.end() : label.end() + MAX_CLAIM_CHARS]
        other = _OTHER_LABEL_RE.search(value)
        value = value[: other.start()] if other else value
        names = tuple(_person_names(value))
        if names:
            span = (label.start(), label.end() + len(value))
            yield Claim(label=fold(label.group()), names=names, span=span)
    for match in _BYLINE_RE.finditer(text):
        if not _PARTICIPLE_RE.search(text[max(0, match.start() - 24) : match.start()]):
            yield Claim(label="by", names=(match["name"],), span=match.span())


def _person_names(value: str) -> Iterator[str]:
    """The names in what stands behind a label, with other spellings that brackets give: (原名：…)."""
    for bracket in _BRACKETED_RE.finditer(value):
        spelling = _OTHER_SPELLING_RE.fullmatch(bracket.group(1).strip())
        if spelling:
            yield spelling.group(1).strip()
    for part in _SEPARATOR_RE.split(_BRACKETED_RE.sub("\t", value)):
        name = _ROLE_RE.sub("", part.strip(" 　.·:：\"“”'-—《》")).strip()
        if 1 < len(name) <= MAX_PERSON_CHARS and any(map(str.isalpha, name)) and not any(map(str.isdigit, name)):
            yield name


def _compare(theirs: str, ours: str) -> Agreement:
    if is_same_person(theirs, ours) or _is_alike(theirs, ours):
        return Agreement.SAME
    is_theirs_han, is_ours_han = (_is_han_name(name) for name in (theirs, ours))
    if is_theirs_han == is_ours_han:
        return Agreement.OTHER
    han, latin = (theirs, ours) if is_theirs_han else (ours, theirs)
    return Agreement.SAME if _is_pinyin_of(latin, han) else Agreement.UNKNOWN


def _is_alike(theirs: str, ours: str) -> bool:
    """Whether a part of one foreign name is spelled nearly like a part of the other: 费恩曼 and 费曼."""
    our_parts, their_parts = (list(map(fold, _NAME_PART_RE.findall(name))) for name in (ours, theirs))
    return any(fuzz.ratio(part, other) >= MIN_PART_SIMILARITY for part in our_parts for other in their_parts)


def _is_han_name(name: str) -> bool:
    return any(map(is_han, fold(name)))


def _is_pinyin_of(latin: str, han: str) -> bool:
    """Whether a Latin name is a Chinese one in pinyin, family name first or last."""
    compact = fold(han).replace(" ", "")
    if len(compact) > MAX_HAN_PERSON_CHARS or not all(map(is_han, compact)):
        return False
    syllables = [syllable(character) for character in compact]
    letters = "".join(filter(str.isalpha, fold(latin)))
    return letters in _orders(syllables)


def _orders(syllables: Sequence[str]) -> Iterable[str]:
    return {"".join((*syllables[first:], *syllables[:first])) for first in range(min(3, len(syllables)))}
