"""Which of the names found in a text count, and how far rivals for the same characters reduce each other's odds.

The longest name wins (三国 inside 三国演义); a name inside a longer one, inside a seller's word (书店 in 新华书店) or
inside a foreign person's name is dropped. Names that claim the same characters share one chance, as at most one of
them is meant: each name's odds count against the others', so a name that many others resemble is less sure in a larger
registry.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

from matchers.titles.analysis import AnalysedText
from matchers.titles.corroboration import is_part_of_person
from matchers.titles.features import SHORT_NAME_INFORMATION
from matchers.titles.index.lookup import MAX_EDITED_HITS, NameIndex
from matchers.titles.name_matches import NameHit


def select_hits(hits: Collection[NameHit], text: AnalysedText, index: NameIndex) -> list[NameHit]:
    """The hits that count: exact ones first, then those with an edit.

    Of the latter those between words come first, then those whose first and last characters agree, then the longest.
    """
    if not hits:
        return []
    order = sorted(hits, key=lambda hit: _sort_key(hit, text, index))
    selected: list[NameHit] = []
    edit_count = 0
    for hit in order:
        if edit_count >= MAX_EDITED_HITS:
            break
        if any(_is_hidden_by(hit, longer, text, index) for longer in selected) or _is_part_of_noise(hit, text):
            continue
        if _splits_noise(hit, text) or index.is_false_inversion(hit, text):
            continue
        if index.han_equivalents(hit.name_id) < SHORT_NAME_INFORMATION and is_part_of_person(text, hit.start, hit.end):
            continue
        selected.append(hit)
        edit_count += hit.edits
    return selected


def _sort_key(hit: NameHit, text: AnalysedText, index: NameIndex) -> tuple[int, int, int, int, int]:
    if not hit.edits:
        return (0, 0, 0, hit.start - hit.end, hit.start)
    noise, borders = text.noise, text.boundaries
    torn_ends = (not borders[hit.start] and not noise[hit.start - 1]) + (not borders[hit.end] and not noise[hit.end])
    name_compact, text_compact = index.compact_name(hit.name_id), text.compact
    differing_edges = (name_compact[0] != text_compact[hit.start]) + (name_compact[-1] != text_compact[hit.end - 1])
    return (1, torn_ends, differing_edges, hit.start - hit.end, hit.start)


def _is_part_of_noise(hit: NameHit, text: AnalysedText) -> bool:
    length = hit.end - hit.start
    return any(
        spot.start <= hit.start and hit.end <= spot.end and spot.end - spot.start > length
        for spot in text.lexicon_words
    )


def _splits_noise(hit: NameHit, text: AnalysedText) -> bool:
    """Whether an end of the hit splits letters or digits of a seller's word (4 of 4k), or any such word if all of the
    hit is noise (新全套 in 9成新 全套).
    """
    positions = [
        position
        for position in (hit.start, hit.end)
        if 0 < position < len(text.compact) and not text.boundaries[position]
    ]
    noise, boilerplate = text.noise, text.boilerplate
    if any(
        noise[position - 1] and noise[position] and text.compact[position - 1 : position + 1].isascii()
        for position in positions
    ):
        return True
    # `boilerplate`, not `noise`: a release name is all noise outside its title span.
    is_boilerplate = boilerplate.find(0, hit.start, hit.end) < 0
    return is_boilerplate and any(boilerplate[position - 1] and boilerplate[position] for position in positions)


def _is_hidden_by(hit: NameHit, longer: NameHit, text: AnalysedText, index: NameIndex) -> bool:
    if longer.edits or (hit.edits and longer.is_below_threshold):
        return False  # a hit below the threshold does not hide a name with an edit: Prisoner in Th Prisoner
    overlap = min(hit.end, longer.end) - max(hit.start, longer.start)
    if overlap <= 0:
        return False
    length, longer_length = hit.end - hit.start, longer.end - longer.start
    if hit.edits and 2 * overlap >= length and longer_length >= length - 2 and not _extends_beyond(hit, longer, text):
        return True
    if overlap < length:
        return False
    if hit.is_disguised and not longer.is_disguised:
        return True
    return longer_length > length or (
        hit.edits > 0 and index.work_index(hit.name_id) == index.work_index(longer.name_id)
    )


def _extends_beyond(hit: NameHit, exact: NameHit, text: AnalysedText) -> bool:
    """Whether a name with an edit extends beyond an exact one that ends inside a run of Han: 日本性 in 日本性日至."""
    is_torn_before = hit.start < exact.start and not text.boundaries[exact.start] and not text.noise[exact.start - 1]
    is_torn_behind = exact.end < hit.end and not text.boundaries[exact.end] and not text.noise[exact.end]
    return is_torn_before or is_torn_behind


# A name of so much information (Han characters) that leads a text and stands by itself has at least these odds: sellers
# pile up keywords behind it. Of 11 such pairs that the models held for less than .2, 10 were right (bench/titles.py and
# real listings, 2026-11-30).
LEADING_NAME_INFORMATION, LEADING_NAME_ODDS = 8.0, 1.5
LEADING_REASONED_INFORMATION, LEADING_REASONED_ODDS = (
    4.0,
    6.0,
)  # the same where the work's creator is named too; estimate


def lead_odds(hit: NameHit, text: AnalysedText, index: NameIndex, has_creator: bool = False) -> float:
    """The least odds of an exact name that is the first thing a text says and stands by itself, whatever follows it;
    0.0 for any other. `has_creator`: the text or its listing names the work's creator.
    """
    if hit.edits or not text.boundaries[hit.end] or text.noise.find(0, 0, hit.start) >= 0:
        return 0.0
    information = index.han_equivalents(hit.name_id)
    if has_creator and information >= LEADING_REASONED_INFORMATION:
        return LEADING_REASONED_ODDS
    return LEADING_NAME_ODDS if information >= LEADING_NAME_INFORMATION else 0.0


MAX_RIVAL_ODDS = 1e9


class RivalSpan(NamedTuple):
    """Positions start..end claimed for a work with these odds (right to wrong, contradictions included)."""

    work_index: int
    start: int
    end: int
    odds: float


def rival_log_odds(spans: Sequence[RivalSpan]) -> list[float]:
    """For each span the logarithm of 1 + the summed odds of all other works with overlapping spans."""
    if len(spans) == 1:
        return [0.0]
    log_odds = []
    for work, start, end, _ in spans:
        rival_odds: dict[int, float] = {}
        for rival_index, first, last, odds in spans:
            if rival_index != work and first < end and start < last and odds > rival_odds.get(rival_index, 0.0):
                rival_odds[rival_index] = odds
        log_odds.append(math.log1p(min(MAX_RIVAL_ODDS, sum(rival_odds.values()))) if rival_odds else 0.0)
    return log_odds
