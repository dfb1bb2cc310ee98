"""Short forms of names: their words abbreviated (ped pharm for Pediatric Pharmacology), or their beginning alone.

Only the letters are compared here; what makes a short form mean a work is matchers/identity/short_name.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from crawler.items import Work
from crawler.text import fold, is_han
from matchers.titles.title_names import BARE_FORM, build_name, han_equivalents, strip_mark
from matchers.titles.tokens import token_bits

MIN_PREFIX_LETTERS = 3  # of an abbreviated word
MIN_DROPPED_LETTERS = 2  # of an abbreviated word: with fewer it is inflected
MIN_WHOLE_WORDS = 3  # of a name of which only small words are left out
MAX_ABBREVIATED_WORDS = 6  # of a name that people abbreviate
# Of a shortened name: what two words of middling rarity have; docs/matchers-titles.md tells what was found with it.
MIN_ABBREVIATED_BITS = 26.0
MAX_LETTER_BITS = 4.7  # of a letter: log2 26
MAX_SMALL_WORD_BITS = 8.0  # of a word that may be left out (of, the, and, for): the 25 commonest
MIN_HEAD_INFORMATION = 2.0  # of the beginning of a name, in Han characters
MIN_HEAD_SHARE = 0.5  # share of a name's information that its beginning has
MIN_HEAD_WORDS = 2  # of a Latin name
MIN_FOREIGN_NAME_CHARS, MIN_SURNAME_LETTERS = 3, 5  # of the last part of a foreign name; of a Latin surname
_MAIN_PART_END_RE = re.compile(r"[:：(（\[【]|\s[-–—]\s|——")
_WORD_RE = re.compile(r"[a-z]+|\d+[a-z]*")
_FOREIGN_SEPARATOR_RE = re.compile(r"[·・•.]")


def content_words(folded: str) -> list[str]:
    """The Latin words and numbers of a folded text without its small words."""
    return [word for word in _WORD_RE.findall(folded) if not _is_small(word)]


def content_spans(folded: str) -> list[tuple[int, int]]:
    """Where the content words of a folded text start and end."""
    return [match.span() for match in _WORD_RE.finditer(folded) if not _is_small(match.group())]


@lru_cache(maxsize=65_536)
def _is_small(word: str) -> bool:
    return token_bits(word) <= MAX_SMALL_WORD_BITS and not word[0].isdigit()


def word_key(first: str, second: str) -> str:
    """What two words and all their abbreviations have in common: their first letters."""
    return f"{first[:MIN_PREFIX_LETTERS]} {second[:MIN_PREFIX_LETTERS]}"


def main_names(work: Work) -> list[str]:
    """Title and aliases, folded, each up to its colon, dash or bracket and without edition or article."""
    return list(dict.fromkeys(filter(None, map(_main_part, (work.title, *work.aliases)))))


def whole_names(work: Work) -> list[str]:
    """Title and aliases that have a subtitle, folded, with it and without edition."""
    names = (name for name in (work.title, *work.aliases) if _MAIN_PART_END_RE.search(name))
    return [(strip_mark(name) or (fold(name),))[0] for name in names]


def _main_part(name: str) -> str:
    end = _MAIN_PART_END_RE.search(name)
    main = name[: end.start()] if end and end.start() else name
    stripped = strip_mark(main)
    return stripped[0] if stripped else fold(main)


def abbreviable_words(main_name: str) -> list[str]:
    """The content words of a main name that people may abbreviate; [] if they do not."""
    words = content_words(main_name) if main_name.isascii() else []
    return words if 1 < len(words) <= MAX_ABBREVIATED_WORDS else []


def _stem(theirs: str, word: str) -> str:
    """The beginning of `word` that abbreviates it in `theirs`, which may have a plural's s; "" if it does not."""
    for stem in (theirs, theirs.removesuffix("s")):
        if MIN_PREFIX_LETTERS <= len(stem) <= len(word) - MIN_DROPPED_LETTERS and word.startswith(stem):
            return stem
    return ""


def is_abbreviation(theirs: Sequence[str], words: Sequence[str]) -> bool:
    """Whether `theirs` are these content words, abbreviated or not, and tell MIN_ABBREVIATED_BITS; two words of which
    none is abbreviated are not enough.
    """
    if not words or len(words) != len(theirs):
        return False
    stems = [word if word == other else _stem(other, word) for word, other in zip(words, theirs, strict=True)]
    if not all(stems) or (stems == list(words) and len(words) < MIN_WHOLE_WORDS):
        return False
    pairs = zip(stems, words, strict=True)
    bits = (min(token_bits(stem), token_bits(word), MAX_LETTER_BITS * len(stem)) for stem, word in pairs)
    return sum(bits) >= MIN_ABBREVIATED_BITS


def is_rare_abbreviation(theirs: Sequence[str], words: Sequence[str]) -> bool:
    """Whether each abbreviation is as rare as its word, or as its letters allow: one that is commoner is a word of its
    own (war).
    """
    return all(
        min(token_bits(other), token_bits(stem)) >= min(token_bits(word), MAX_LETTER_BITS * len(stem))
        for word, other in zip(words, theirs, strict=True)
        if word != other and (stem := _stem(other, word))
    )


@lru_cache(maxsize=4_096)
def creator_keys(creator: str) -> tuple[str, ...]:
    """By what a creator is looked up: the whole Han name, and the last part of a foreign one; or the parts of a Latin
    surname.
    """
    compact = fold(creator).replace(" ", "")
    if not compact:
        return ()
    if is_han(compact[0]):
        last_part = fold(_FOREIGN_SEPARATOR_RE.split(creator)[-1]).replace(" ", "")
        parts = (compact, last_part) if len(last_part) >= MIN_FOREIGN_NAME_CHARS else (compact,)
        return tuple(part for part in dict.fromkeys(parts) if len(part) > 1)
    surname = fold(creator.split()[-1])
    return tuple(part for part in surname.split() if len(part) >= MIN_SURNAME_LETTERS and part.isascii())


def own_names(names: Iterable[str], creators: Iterable[str]) -> list[str]:
    """These main names without a creator's name at the beginning; of Latin ones also what is behind a small word, as
    in Foundations of X.
    """
    found: list[str] = []
    for name in names:
        for creator in creators:
            name = name.removeprefix(creator).strip()
        found.append(name)
        small = next((word for word in _WORD_RE.finditer(name) if _is_small(word.group())), None)
        if name.isascii() and small and small.start():
            found.append(name[small.end() :].strip())
    return list(filter(None, found))


@lru_cache(maxsize=4_096)
def head_ends(name: str) -> tuple[int, ...]:
    """The ends in a compact name of its beginnings that are long enough, the shortest first."""
    compact = name.replace(" ", "")
    breaks = build_name(0, name, name, BARE_FORM).word_breaks | {len(compact)}
    min_information = max(MIN_HEAD_INFORMATION, MIN_HEAD_SHARE * han_equivalents(compact))
    return tuple(
        end
        for end in range(2, len(compact) + 1)
        if (end in breaks or is_han(compact[end - 1]))
        and han_equivalents(compact[:end]) >= min_information
        and (not compact.isascii() or sum(place <= end for place in breaks) >= MIN_HEAD_WORDS)
    )
