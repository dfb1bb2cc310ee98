"""Rolling hashes of all windows of a text at once, in numpy, the same on every machine and run.

A window's hash is sum(mix(character) * BASE**position) modulo 2**64, shifted to position 0 and mixed again; so the
hashes of all windows of a text cost one pass, and equal windows have equal hashes wherever they are.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

CodePoints = npt.NDArray[np.uint32]
Hashes = npt.NDArray[np.uint64]
IntArray = npt.NDArray[np.int64]

MAX_STRING_CHARS = 131_072  # characters of one string; longer ones are not hashed
_BASE = 0x9E3779B97F4A7C15 | 1
_MASK = (1 << 64) - 1


def code_points(text: str) -> CodePoints:
    """The code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)


def prefix_hashes(codes: CodePoints, positions: IntArray | None = None) -> Hashes:
    """Running sums over `codes`, one longer than it; `positions` count within each string, if there are several."""
    powers = _powers()[0]
    factors = powers[: len(codes)] if positions is None else powers[positions]
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(_mix_bits(codes.astype(np.uint64) + np.uint64(1)) * factors, out=sums[1:])
    return sums


def window_hashes(
    sums: Hashes, starts: IntArray, ends: IntArray, salt: int, positions: IntArray | None = None
) -> Hashes:
    """The hash of each window starts..ends; `salt` separates kinds of patterns, `positions` are the starts within each
    string.
    """
    inverse = _powers()[1]
    moved = (sums[ends] - sums[starts]) * inverse[starts if positions is None else positions]
    lengths = (ends - starts).astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
    return _mix_bits(moved + lengths + np.uint64((salt * 0xA0761D6478BD642F) & _MASK))


def _mix_bits(values: Any) -> Hashes:
    """The finalizer of splitmix64: each bit of the result depends on all bits of the value."""
    mixed: Hashes = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


@cache
def _powers() -> tuple[Hashes, Hashes]:
    """BASE**position and its inverse modulo 2**64, for every position."""
    inverse = pow(_BASE, -1, 1 << 64)
    powers = []
    for factor in (_BASE, inverse):
        steps = np.full(MAX_STRING_CHARS, factor, dtype=np.uint64)
        steps[0] = 1
        powers.append(np.cumprod(steps, dtype=np.uint64))
    return powers[0], powers[1]
