"""The kind of edit (one-character error) between a name and what is written: a typo, or another word.

Two letters swapped, one doubled or left out, and a character that sounds the same are typos. An unrelated character,
one at the edge of the name, or one that turns a word into another common word rather indicates another title.
"""

from __future__ import annotations

from crawler.text import is_han
from matchers.titles.analysis import AnalysedText
from matchers.titles.numerals import is_numeral
from matchers.titles.phonetics import syllable
from matchers.titles.tokens import token_bits

KNOWN_WORD_BITS = 19.5  # a word with fewer bits is in the table of frequencies


def edit_features(name_compact: str, start: int, end: int, text: AnalysedText) -> dict[str, float]:
    """The kind of the one edit between a compact name and the text at start..end, as features of 0 and 1.

    Empty for another number, which is no typo but a contradiction (contradictions.py).
    """
    text_compact = text.compact[start:end]
    prefix = _common_prefix_length(name_compact, text_compact)
    suffix = min(
        _common_prefix_length(name_compact[::-1], text_compact[::-1]),
        min(len(name_compact), len(text_compact)) - prefix,
    )
    replaced, replacement = (
        name_compact[prefix : len(name_compact) - suffix],
        text_compact[prefix : len(text_compact) - suffix],
    )
    if is_numeral(replaced + replacement, name_compact, prefix):
        return {}
    kind = _edit_kind(name_compact, replaced, replacement, prefix)
    at_edge = kind != "swapped" and (prefix == 0 or suffix == 0)
    return {
        kind: 1.0,
        f"edge_{kind}": float(at_edge),
        "error_word": float(kind != "swapped" and _makes_word(min(start + prefix, end - 1), text)),
        "error_han": float(any(map(is_han, replaced + replacement))),
    }


def _common_prefix_length(name_compact: str, text_compact: str) -> int:
    """The number of characters that two strings share from the beginning."""
    count = 0
    for ours, theirs in zip(name_compact, text_compact, strict=False):
        if ours != theirs:
            break
        count += 1
    return count


def _edit_kind(name_compact: str, replaced: str, replacement: str, position: int) -> str:
    if len(replaced) > len(replacement):
        return "missing"
    if len(replacement) > len(replaced):
        neighbours = name_compact[max(0, position - 1) : position + 1]
        return "replaced_kin" if replacement[:1] and replacement[0] in neighbours else "extra"
    if sorted(replaced) == sorted(replacement):
        return "swapped"
    is_kin = all(
        theirs in name_compact or syllable(mine) == syllable(theirs)
        for mine, theirs in zip(replaced, replacement, strict=True)
    )
    return "replaced_kin" if is_kin else "replaced_foreign"


def _makes_word(position: int, text: AnalysedText) -> bool:
    """Whether the Latin word with the edit, at `position`, is as written a known word, a number or a single letter."""
    if is_han(text.compact[position]):
        return False
    index, folded = text.positions[position], text.folded
    word = folded[folded.rfind(" ", 0, index) + 1 : index] + folded[index:].partition(" ")[0]
    return len(word) == 1 or word.isdigit() or token_bits(word) < KNOWN_WORD_BITS
