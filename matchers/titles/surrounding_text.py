"""What surrounds a name in a text: its boundaries, and how much unknown text touches it; for one name, and for a batch.

A name between sellers' words, punctuation or the ends of a text is the title; one that unknown words touch may be
part of a longer title (Kingdom in The Lost Kingdom Returns). Brackets hold remarks, not parts of a title. In the
batch, variants of a text (digits read as letters) have no surroundings: those few names are checked one by one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from crawler.text import is_han
from matchers.titles.analysis import HARD_BOUNDARY, LETTER_INFORMATION, AnalysedText
from matchers.titles.rolling_hash import CodePoints, IntArray
from matchers.titles.text_batch import SEPARATOR, TextBatch
from matchers.titles.tokens import token_bits

MAX_ELSEWHERE_INFORMATION = 12.0  # Han characters of unknown text
MAX_RUN_INFORMATION = 8.0  # Han characters of unknown text beside a name; more adds nothing
MAX_ISOLATED_CHARS = 8  # characters of a name between separators; more adds nothing
SMALL_WORD_BITS = 8.0  # bits below which a word is a small one (of, the, and), which joins a name to its neighbour
BEFORE_SIDE, BEHIND_SIDE = "before", "behind"

Spans = Sequence[tuple[int, int]]


def surrounding_features(
    text: AnalysedText, start: int, end: int, han_equivalents: float, known_spans: Spans
) -> dict[str, float]:
    """Features of both sides of a name at start..end with `han_equivalents` of information.

    `known_spans` are positions of what is known of the work: creator, publisher, year. `touched` is 1 if unknown text
    touches the name.
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


def run_features(text: AnalysedText, start: int, end: int, known_spans: Spans, reach: int) -> Mapping[str, float]:
    """What the unknown text within `reach` characters of a name at start..end does (run_kinds.py).

    `chatter` is the share of it that sellers put beside any title, `about` the surest sign of a work about the title;
    `touch_chatter` and `touch_about` are the same of what touches the name. `isolated`: separators or sellers' words
    on both sides of a Han name, whatever stands behind them; `isolated_units` grows with its length.
    """
    if known_spans:
        return _run_features(text, start, end, known_spans, reach)
    features = text.run_features.get((start, end, reach))
    if features is None:
        features = text.run_features[start, end, reach] = _run_features(text, start, end, (), reach)
    return features


def _run_features(text: AnalysedText, start: int, end: int, known_spans: Spans, reach: int) -> dict[str, float]:
    features: dict[str, float] = {}
    total = chatter = about = 0.0
    for first, last in _runs_beside(text, start, end, reach):
        if last <= start - reach or _is_known(first, last, known_spans):
            continue
        kind, units = text.run_kind(first, last), text.unknown_sums[last] - text.unknown_sums[first]
        total += units
        chatter += units * kind.chatter
        about = max(about, kind.about)
        boundary = text.boundaries[start] if last == start else text.boundaries[end] if first == end else HARD_BOUNDARY
        if boundary != HARD_BOUNDARY:
            features["touch_chatter"] = min(features.get("touch_chatter", 1.0), kind.chatter)
            features["touch_about"] = max(features.get("touch_about", 0.0), kind.about)
    if total:
        features["chatter"] = chatter / total
        features["about"] = about
    if is_han(text.compact[start]) and _is_isolated(text, start, start - 1) and _is_isolated(text, end, end):
        features["isolated"] = 1.0
        features["isolated_units"] = min(1.0, (end - start) / MAX_ISOLATED_CHARS)
    return features


def _runs_beside(text: AnalysedText, start: int, end: int, reach: int) -> Iterator[tuple[int, int]]:
    """The unknown runs outside start..end, from one that may end before `reach` to the last that begins within it."""
    runs = text.unknown_runs
    for index in range(max(0, bisect_left(runs, (start - reach, 0)) - 1), len(runs)):
        first, last = runs[index]
        if first >= end + reach:
            break
        if last <= start or first >= end:
            yield first, last
            continue
        if first < start:
            yield first, start
        if last > end:
            yield end, last


def _is_known(first: int, last: int, known_spans: Spans) -> bool:
    return any(first < known_end and last > known_first for known_first, known_end in known_spans)


def _is_isolated(text: AnalysedText, position: int, neighbour: int) -> bool:
    return text.boundaries[position] > 0 or bool(text.noise[neighbour])


def touches_unknown_text(text: AnalysedText, start: int, end: int) -> bool:
    """Whether unknown text touches a name at start..end: `touched` of `surrounding_features` without known spans."""
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
    """Features of one side: kind of boundary, information of the unknown run, the word that touches."""
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
    # A title in two languages: a name beside text in another script is not part of a longer one.
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
    """Where the unknown text beside a name ends: at noise, a bracketed remark, a hard boundary or the text's end."""
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


Mask = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
NO_NEIGHBOUR, NOISE_NEIGHBOUR, BRACKETED_NEIGHBOUR, TEXT_NEIGHBOUR = range(4)  # what can stand beside a span
_QUOTATION_MARK_RE = re.compile(r"[《〈「『【\[“\"]")  # behind which a name may be framed
_OUTSIDE_MASK = b"\x01" * len(SEPARATOR)


class BatchSurroundings:
    """Noise, bracketed remarks and boundaries of all variants of a batch."""

    def __init__(self, batch: TextBatch) -> None:
        self._batch = batch
        noise, bracketed, boundaries = [_OUTSIDE_MASK], [_OUTSIDE_MASK], [bytes(len(SEPARATOR))]
        for variant, owner in zip(batch.variants, batch.owners.tolist(), strict=True):
            text, size = batch.texts[owner], len(variant.text)
            is_text = variant.positions is None
            noise += (text.noise if is_text else b"\x01" * size, _OUTSIDE_MASK)
            bracketed += (text.bracketed if is_text else bytes(size), _OUTSIDE_MASK)
            boundaries += (text.boundaries if is_text else bytes(size + 1), bytes(len(SEPARATOR) - 1))
        self._noise, self._bracketed, self._boundaries = (
            _mask_array(noise),
            _mask_array(bracketed),
            _mask_array(boundaries),
        )
        self._is_han = _are_han(batch.codes)
        analysed_texts = batch.texts
        self._has_brackets = np.array([1 in text.bracketed for text in analysed_texts], dtype=bool)
        self._has_title_span = np.array([text.title_span is not None for text in analysed_texts], dtype=bool)
        self._has_quotation_marks = np.array(
            [_QUOTATION_MARK_RE.search(text.original) is not None for text in analysed_texts], dtype=bool
        )

    def touch_unknown_text(self, starts: IntArray, ends: IntArray) -> Mask:
        """Which of the spans starts..ends unknown text touches on either side."""
        blocked, boundary, han_mask = (self._noise | self._bracketed).astype(bool), self._boundaries, self._is_han
        is_open = boundary != HARD_BOUNDARY
        is_open[1:] &= (boundary[1:] == 0) | (han_mask[1:] == han_mask[:-1])
        is_touched: Mask = (is_open[starts] & ~blocked[starts - 1]) | (is_open[ends] & ~blocked[ends])
        return is_touched

    def count_torn_ends(self, starts: IntArray, ends: IntArray) -> IntArray:
        """How many ends of each span lie inside a word that is not noise."""
        is_unbroken = self._boundaries == 0
        is_start_torn = is_unbroken[starts] & (self._noise[starts - 1] == 0)
        torn_ends: IntArray = is_start_torn.astype(np.int64) + (is_unbroken[ends] & (self._noise[ends] == 0))
        return torn_ends

    def text_flags(self, variants: IntArray) -> tuple[Mask, Mask, Mask]:
        """Whether the text of each variant holds bracketed remarks, is a release name, holds quotation marks."""
        owners = self._batch.owners[variants]
        return self._has_brackets[owners], self._has_title_span[owners], self._has_quotation_marks[owners]

    def kinds_before(self, starts: IntArray) -> IntArray:
        """What stands before each start: NO_NEIGHBOUR, NOISE_NEIGHBOUR, BRACKETED_NEIGHBOUR or TEXT_NEIGHBOUR."""
        return self._neighbour_kinds(starts - 1)

    def kinds_behind(self, ends: IntArray) -> IntArray:
        """What stands behind each end, in the same kinds."""
        return self._neighbour_kinds(ends)

    def _neighbour_kinds(self, positions: IntArray) -> IntArray:
        kinds = np.where(
            self._noise[positions] > 0,
            NOISE_NEIGHBOUR,
            np.where(self._bracketed[positions] > 0, BRACKETED_NEIGHBOUR, TEXT_NEIGHBOUR),
        )
        neighbour_kinds: IntArray = np.where(self._batch.codes[positions] == 0, NO_NEIGHBOUR, kinds)
        return neighbour_kinds

    def unknown_information(
        self, starts: IntArray, ends: IntArray, variants: IntArray, reach: int
    ) -> tuple[FloatArray, FloatArray]:
        """The unknown text outside each span, in Han characters: within `reach` characters of it, and in its whole
        variant.
        """
        steps = np.where(self._is_han, 1.0, LETTER_INFORMATION) * (self._noise == 0)
        sums = np.concatenate([[0.0], np.cumsum(steps)])
        first = self._batch.begins[variants]
        last = first + self._batch.sizes[variants]
        inside = sums[ends] - sums[starts]
        near_unknown = sums[np.minimum(last, ends + reach)] - sums[np.maximum(first, starts - reach)] - inside
        all_unknown = sums[last] - sums[first] - inside
        return np.maximum(near_unknown, 0.0), np.maximum(all_unknown, 0.0)


def _mask_array(parts: Sequence[bytes | bytearray]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b"".join(parts), dtype=np.uint8)


def _are_han(codes: CodePoints) -> Mask:
    """Which of these characters are Han or kana, as `is_han` decides for folded characters."""
    is_han_code: Mask = (
        ((codes >= 0x3005) & (codes <= 0x9FFF)) | ((codes >= 0xF900) & (codes <= 0xFAFF)) | (codes >= 0x20000)
    )
    return is_han_code
