"""Many texts, in all their variants, as one array of code points, so that all are looked up and compared at once.

Two zeros stand before, between and after the variants.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
from attrs import frozen

from matchers.titles.analysis import AnalysedText, word_interiors
from matchers.titles.rolling_hash import CodePoints, IntArray, code_points
from matchers.titles.variants import Variant, text_variants

SEPARATOR = "\x00\x00"
_BREAKABLE = b"\x00"

Mask = npt.NDArray[np.bool_]


@frozen(kw_only=True, eq=False)
class TextBatch:
    """variants[i] belongs to texts[owners[i]]; it begins at begins[i] of `codes` and has sizes[i] characters.

    first_variants[k] is the number of the first variant of texts[k]. A name may not begin where `no_start` is true, nor
    end (its last character being the one before) where `no_end` is.
    """

    texts: Sequence[AnalysedText]
    word_interiors: list[bytes]
    variants: list[Variant]
    owners: npt.NDArray[np.int64]
    first_variants: npt.NDArray[np.int64]
    codes: CodePoints
    begins: IntArray
    sizes: IntArray
    no_start: Mask
    no_end: Mask

    def positions(self) -> IntArray:
        """The position of each character within its own variant."""
        return positions_within(self.sizes + len(SEPARATOR), len(SEPARATOR))


def batch_texts(texts: Sequence[AnalysedText]) -> TextBatch:
    """The batch of all variants of these texts."""
    interiors = word_interiors(texts)
    owned = [(owner, variant) for owner, text in enumerate(texts) for variant in text_variants(text)]
    variants = [variant for _, variant in owned]
    owners = np.array([owner for owner, _ in owned], dtype=np.int64)
    sizes = np.fromiter((len(variant.text) for variant in variants), dtype=np.int64, count=len(variants))
    return TextBatch(
        texts=texts,
        word_interiors=interiors,
        variants=variants,
        owners=owners,
        first_variants=np.searchsorted(owners, np.arange(len(texts))),
        codes=code_points(SEPARATOR + SEPARATOR.join([variant.text for variant in variants]) + SEPARATOR),
        begins=np.cumsum(sizes + len(SEPARATOR)) - sizes,
        sizes=sizes,
        no_start=_mask([_start_mask(variant, interiors[owner]) for owner, variant in owned]),
        no_end=_mask([_end_mask(variant, interiors[owner]) for owner, variant in owned]),
    )


def positions_within(sizes: IntArray, offset: int = 0) -> IntArray:
    """0, 1, 2 .. within each of several strings of these sizes, after `offset` zeros that belong to none."""
    positions = np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.concatenate([np.zeros(offset, dtype=np.int64), positions])


def ranks_within_owner(owners: IntArray) -> IntArray:
    """The rank of each row among the rows of its owner, from 0; `owners` must be sorted."""
    return np.arange(len(owners)) - np.searchsorted(owners, owners)


def enumerate_windows(begins: IntArray, sizes: IntArray, lengths: tuple[int, ...]) -> tuple[IntArray, IntArray]:
    """Starts and ends of all windows of these `lengths` inside strings with these `begins` and `sizes`."""
    positions = positions_within(sizes)
    remaining = np.repeat(sizes, sizes) - positions
    positions += np.repeat(begins, sizes)
    starts = [positions[remaining >= length] for length in lengths]
    ends = [window_starts + length for window_starts, length in zip(starts, lengths, strict=True)]
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *starts]), np.concatenate([empty, *ends])


def _mask(parts: list[bytes]) -> Mask:
    """A mask of one byte for each position of the joined variants; each part is one longer than its variant."""
    joined_mask = b"".join(chain((_BREAKABLE * len(SEPARATOR),), *((part, _BREAKABLE) for part in parts)))
    return np.frombuffer(joined_mask, dtype=np.bool_)


def _start_mask(variant: Variant, word_interior: bytes) -> bytes:
    if variant.positions is None:
        return word_interior
    return bytes([word_interior[position] for position in variant.positions]) + _BREAKABLE


def _end_mask(variant: Variant, word_interior: bytes) -> bytes:
    if variant.positions is None:
        return word_interior
    return _BREAKABLE + bytes([word_interior[position + 1] for position in variant.positions])
