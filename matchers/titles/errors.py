"""What kind of error stands between a name and what is written: a slip of the pen, or another word.

Two letters swapped, one doubled or left out, a character that sounds the same: slips. A character from nowhere, at the
edge of the name, or one that turns a word into another common word: rather another title.
"""

from __future__ import annotations

from crawler.text import is_han
from matchers.titles.frequencies import bits
from matchers.titles.numerals import is_mark
from matchers.titles.reading import Reading
from matchers.titles.sound import syllable

KNOWN_WORD = 19.5  # bits under which a word is in the table of frequencies


def error_features(ours: str, start: int, end: int, reading: Reading) -> dict[str, float]:
    """The kind of the one error of a name without spaces at start..end, as features of 0 and 1.

    Another number is no slip: a veto says what it is.
    """
    theirs = reading.tight[start:end]
    same = _same(ours, theirs)
    tail = min(_same(ours[::-1], theirs[::-1]), min(len(ours), len(theirs)) - same)
    lost, found = ours[same : len(ours) - tail], theirs[same : len(theirs) - tail]
    if is_mark(lost + found, ours, same):
        return {}
    kind = _kind(ours, lost, found, same)
    at_edge = kind != "swapped" and (same == 0 or tail == 0)
    return {
        kind: 1.0,
        f"edge_{kind}": float(at_edge),
        "error_word": float(kind != "swapped" and _makes_word(min(start + same, end - 1), reading)),
        "error_han": float(any(map(is_han, lost + found))),
    }


def _same(one: str, other: str) -> int:
    """How many characters two strings have in common from the beginning."""
    count = 0
    for ours, theirs in zip(one, other, strict=False):
        if ours != theirs:
            break
        count += 1
    return count


def _kind(ours: str, lost: str, found: str, place: int) -> str:
    if len(lost) > len(found):
        return "missing"
    if len(found) > len(lost):
        beside = ours[max(0, place - 1) : place + 1]
        return "replaced_kin" if found[:1] and found[0] in beside else "extra"
    if sorted(lost) == sorted(found):
        return "swapped"
    is_kin = all(theirs in ours or syllable(mine) == syllable(theirs) for mine, theirs in zip(lost, found, strict=True))
    return "replaced_kin" if is_kin else "replaced_foreign"


def _makes_word(place: int, reading: Reading) -> bool:
    """Whether the Latin word there, in which the error lies, is a known word, a number or a single letter as it
    stands.
    """
    if is_han(reading.tight[place]):
        return False
    index, key = reading.places[place], reading.key
    word = key[key.rfind(" ", 0, index) + 1 : index] + key[index:].partition(" ")[0]
    return len(word) == 1 or word.isdigit() or bits(word) < KNOWN_WORD
