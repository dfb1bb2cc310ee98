"""What a run of unknown text beside a name does: part of a title, sellers' chatter, or naming a work about the title.

Word lists (words.csv) never hold all that sellers write. So the runs that no list knows are judged by how they are
made: a softmax model over hashed n-grams of characters and words, fitted by bench/fit_runs.py on the project's own
lists and on pieces of titles, and kept as numbers only (run_kinds.npy).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources
from io import BytesIO
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from crawler.text import is_han

RUN_KINDS = ("title", "chatter", "about")
HASH_SLOTS = 32_768  # slots of hashed n-grams
WEIGHT_STEP = 1 / 24  # one step of a stored weight
MAX_RUN_CHARS = 40  # characters of a run that are read
MAX_RUN_LOG_ODDS = 6.0
_PACKED_BITS = 20  # for the sum of one kind: 4,096 n-grams of 255 steps, many more than a run has
_PACKED_MASK = (1 << _PACKED_BITS) - 1
_PART_RE = re.compile(r"[0-9]{1,40}|[a-z]{1,40}|[^\sa-z0-9]{1,40}")


class RunKind(NamedTuple):
    """How likely a run is part of a title, sellers' chatter, or naming a work about the title; they sum to 1."""

    title: float
    chatter: float
    about: float


@lru_cache(maxsize=8_192)
def run_kind(run: str) -> RunKind:
    """What a folded run of text does."""
    packed = sum(map(_packed_steps, set(_grams(run[:MAX_RUN_CHARS]))))
    steps = (packed >> 2 * _PACKED_BITS, packed >> _PACKED_BITS & _PACKED_MASK, packed & _PACKED_MASK)
    return _to_kind([WEIGHT_STEP * step for step in steps])


def weigh_run(run: str, weights: Sequence[Sequence[float]]) -> RunKind:
    """What a folded run of text does by these weights of each slot."""
    return _to_kind(list(map(sum, zip(*(weights[slot] for slot in run_slots(run)), strict=True))))


def run_slots(run: str) -> list[int]:
    """The slots of a run's n-grams: characters and pairs of Han, words, pairs, beginnings and ends of Latin words."""
    return [_gram_slot(gram) for gram in set(_grams(run[:MAX_RUN_CHARS]))]


def _to_kind(totals: Sequence[float]) -> RunKind:
    highest = max(totals)
    title, chatter, about = (math.exp(max(-MAX_RUN_LOG_ODDS, total - highest)) for total in totals)
    total = title + chatter + about
    return RunKind(title / total, chatter / total, about / total)


def _gram_slot(gram: str) -> int:
    return crc32(gram.encode("utf-8", "replace")) % HASH_SLOTS


@lru_cache(maxsize=32_768)
def _packed_steps(gram: str) -> int:
    return _packed_weights()[_gram_slot(gram)]


def _grams(run: str) -> list[str]:
    grams = [""]
    previous_word = "^"
    for part in _PART_RE.findall(run):
        if is_han(part[0]):
            grams += part
            grams += map("".join, pairwise(part))
            grams += (f"^{part[0]}", f"{part[-1]}$", f"{part[-2:]}$")
            previous_word = "^"
        elif part.isdigit():
            grams.append("0")
        else:
            grams += (f" {part}", f"{previous_word} {part}", f"{part[-3:]}<", f">{part[:4]}")
            previous_word = part
    if previous_word != "^":
        grams.append(f"{previous_word} $")
    return grams


@cache
def _packed_weights() -> list[int]:
    """The weights of each slot in whole steps, one integer for all kinds: sums of these are sums of each of the three.

    All are raised by the same amount, so that none is negative; only the differences of their sums count.
    """
    stored = (resources.files("matchers.titles") / "run_kinds.npy").read_bytes()
    weights: npt.NDArray[np.int8] = np.load(BytesIO(stored), allow_pickle=False)
    steps = weights.astype(np.int64) - int(np.iinfo(np.int8).min)
    packed: list[int] = (steps @ (1 << np.array([2 * _PACKED_BITS, _PACKED_BITS, 0]))).tolist()
    return packed
