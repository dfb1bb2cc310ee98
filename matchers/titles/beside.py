"""What stands beside a name: how it is parted from its neighbours, and how much unknown text touches it.

A name between sellers' words, punctuation or the ends of a text is the title; one that unknown words touch may be a
part of a longer title (Kingdom in The Lost Kingdom Returns). Brackets hold remarks, not parts of a title.
"""

from __future__ import annotations

from collections.abc import Sequence

from crawler.text import is_han
from matchers.titles.frequencies import token_bits
from matchers.titles.prospects import MAX_ELSEWHERE_INFORMATION
from matchers.titles.reading import HARD_BOUNDARY, AnalysedText

MAX_RUN_INFORMATION = 8.0  # Han characters of unknown text beside a name; more says no more
SMALL_WORD_BITS = 8.0  # bits under which a word is a small one (of, the, and), which joins a name to its neighbour
BEFORE_SIDE, BEHIND_SIDE = "before", "behind"

Spans = Sequence[tuple[int, int]]


def surrounding_features(
    text: AnalysedText, start: int, end: int, han_equivalents: float, known_spans: Spans
) -> dict[str, float]:
    """Features of both sides of a name of these units at start..end.

    `known_spans` are places of the text that say what is known of the work: creator, publisher, year. `touched` is 1
    where unknown text touches the name.
    """
    bracketed = text.bracketed
    if bracketed.find(1, start, end) >= 0:
        bracketed = bytearray(len(bracketed))
    before_features = _side_features(text, start, known_spans, bracketed, forward=False)
    behind_features = _side_features(text, end, known_spans, bracketed, forward=True)
    runs = before_features.pop("run_before", 0.0) + behind_features.pop("run_behind", 0.0)
    features = before_features | behind_features
    if runs:
        features["touched"] = 1.0
        features["segment"] = han_equivalents / (han_equivalents + runs)
    else:
        features["segment"] = 1.0
    unknown_sums = text.unknown_sums
    elsewhere = unknown_sums[-1] - unknown_sums[end] + unknown_sums[start]
    if elsewhere:
        bracketed_information = text.bracketed_information if 1 in bracketed else 0.0
        features["aside"] = min(bracketed_information, MAX_RUN_INFORMATION) / MAX_RUN_INFORMATION
        features["elsewhere"] = (
            min(max(0.0, elsewhere - bracketed_information), MAX_ELSEWHERE_INFORMATION) / MAX_ELSEWHERE_INFORMATION
        )
    if text.title_span:
        first, last = text.title_span
        features["outside"] = float(start < first or last < end)
        features["heads_slot"] = float(start == first)
    return features


def touches_unknown_text(text: AnalysedText, start: int, end: int) -> bool:
    """Whether unknown text touches a name at start..end, as `beside` has it where nothing is known of the work."""
    return _touches_side(text, start, start - 1) or _touches_side(text, end, end)


def _touches_side(text: AnalysedText, position: int, neighbour: int) -> bool:
    compact = text.compact
    if not 0 <= neighbour < len(compact) or text.noise[neighbour] or text.bracketed[neighbour]:
        return False
    boundary = text.boundaries[position]
    if boundary == HARD_BOUNDARY:
        return False
    return not boundary or is_han(compact[position]) == is_han(compact[position - 1])


def _side_features(
    text: AnalysedText, position: int, known_spans: Spans, bracketed: bytearray, *, forward: bool
) -> dict[str, float]:
    """Features of one side: kind of border, units of the unknown run, the word that touches."""
    side = BEHIND_SIDE if forward else BEFORE_SIDE
    neighbour = position if forward else position - 1
    if not 0 <= neighbour < len(text.compact):
        return {}
    if text.noise[neighbour]:
        return {f"{side}_noise": 1.0}
    if bracketed[neighbour]:
        return {f"{side}_aside": 1.0}
    if any(first <= neighbour < run_end for first, run_end in known_spans):
        return {f"{side}_known": 1.0}
    boundary = text.boundaries[position]
    # A title in two languages: the name in another script beside it is no part of a longer one.
    is_other_script = boundary and is_han(text.compact[position]) != is_han(text.compact[position - 1])
    if boundary == HARD_BOUNDARY or is_other_script:
        return {f"{side}_hard": 1.0}
    run_end = _unknown_run_end(text, neighbour, bracketed, forward=forward)
    run_information = abs(text.unknown_sums[run_end] - text.unknown_sums[position])
    features = {
        f"{side}_soft" if boundary else f"{side}_joined": 1.0,
        f"{side}_run": min(run_information, MAX_RUN_INFORMATION) / MAX_RUN_INFORMATION,
        f"run_{side}": run_information,
    }
    word = _touching_word(text, neighbour, forward=forward)
    if word.isdigit():
        features[f"{side}_digits"] = 1.0
    elif word.isascii() and token_bits(word) < SMALL_WORD_BITS:
        features[f"{side}_small"] = 1.0
    return features


def _unknown_run_end(text: AnalysedText, neighbour: int, bracketed: bytearray, *, forward: bool) -> int:
    """Where the unknown text that begins beside a name ends: at noise, an aside, a hard border, an end."""
    if forward:
        ends = [mask.find(1, neighbour + 1) for mask in (text.noise, bracketed)]
        ends.append(text.boundaries.find(HARD_BOUNDARY, neighbour + 1))
        return min((position for position in ends if position >= 0), default=len(text.compact))
    begins = [mask.rfind(1, 0, neighbour) + 1 for mask in (text.noise, bracketed)]
    return max(0, *begins, text.boundaries.rfind(HARD_BOUNDARY, 0, neighbour + 1))


def _touching_word(text: AnalysedText, neighbour: int, *, forward: bool) -> str:
    """The word of the folded text that touches the name."""
    index, folded = text.positions[neighbour], text.folded
    if forward:
        return folded[index:].partition(" ")[0]
    return folded[: index + 1].rpartition(" ")[2]
