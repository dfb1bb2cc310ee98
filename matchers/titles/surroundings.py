"""What stands around many stretches of many texts, all at once: what beside.py and evidence.py say of one at a time.

Places in other views of a text (digits read as letters) have no surroundings here: nothing beside them is unknown, and
those few names are looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matchers.titles.joined import SEPARATOR, TextBatch
from matchers.titles.reading import HARD_BOUNDARY, LETTER_INFORMATION
from matchers.titles.windows import CodePoints, IntArray

Mask = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
NO_NEIGHBOUR, NOISE_NEIGHBOUR, BRACKETED_NEIGHBOUR, TEXT_NEIGHBOUR = range(4)  # what can stand beside a stretch
_QUOTATION_MARK_RE = re.compile(r"[《〈「『【\[“\"]")  # behind which a name may be framed
_OUTSIDE_MASK = b"\x01" * len(SEPARATOR)


class BatchSurroundings:
    """Noise, remarks and borders of the joined texts."""

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
        """Which of the stretches starts..ends unknown text touches at one side or the other."""
        blocked, boundary, han_mask = (self._noise | self._bracketed).astype(bool), self._boundaries, self._is_han
        is_open = boundary != HARD_BOUNDARY
        is_open[1:] &= (boundary[1:] == 0) | (han_mask[1:] == han_mask[:-1])
        is_touched: Mask = (is_open[starts] & ~blocked[starts - 1]) | (is_open[ends] & ~blocked[ends])
        return is_touched

    def count_torn_ends(self, starts: IntArray, ends: IntArray) -> IntArray:
        """How many ends of each stretch stand in the midst of a word that is no noise."""
        is_unbroken = self._boundaries == 0
        is_start_torn = is_unbroken[starts] & (self._noise[starts - 1] == 0)
        torn_ends: IntArray = is_start_torn.astype(np.int64) + (is_unbroken[ends] & (self._noise[ends] == 0))
        return torn_ends

    def text_flags(self, variants: IntArray) -> tuple[Mask, Mask, Mask]:
        """Whether the text of each of these views holds remarks, is a release name, holds quotation marks."""
        owners = self._batch.owners[variants]
        return self._has_brackets[owners], self._has_title_span[owners], self._has_quotation_marks[owners]

    def kinds_before(self, starts: IntArray) -> IntArray:
        """What stands before each place: NONE, NOISE, ASIDE or TEXT."""
        return self._neighbour_kinds(starts - 1)

    def kinds_behind(self, ends: IntArray) -> IntArray:
        """What stands there."""
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
        """The unknown text outside each stretch, in Han characters: within `reach` places of it, and in all of its
        view.
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
    """Han and kana, as `is_han` of folded characters has it."""
    is_han_code: Mask = (
        ((codes >= 0x3005) & (codes <= 0x9FFF)) | ((codes >= 0xF900) & (codes <= 0xFAFF)) | (codes >= 0x20000)
    )
    return is_han_code
