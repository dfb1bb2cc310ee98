"""Registered pictures that look like one another: found once, when they are registered.

Volumes of a series share a frame and a heading, cartons a logo, apps a background. What two registered works share says
nothing about which of them is shown; so the blocks that a picture shares with others are remembered, and a copy must
agree in blocks of its own. Pictures that share nearly everything can never be told apart: they always end in review.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from matchers.looks.blocks import Agreement

LEAST_SHARED = 0.12  # of the blocks with a drawing that agree: less is chance or a small logo
SHARED_OFF = 1.5  # pixels; another photograph of the same thing counts too
SAME_OFF = 0.25  # pixels: what fits so exactly is the same drawing, more is another photograph of the same thing
CLOSE = 0.4  # share from which another photograph is close enough to be taken for a blurred copy
LEAST_OWN = 12  # visible blocks of its own that a copy is judged by
OWN_ALIKE = 0.6  # share of them that must agree
FILE = "alike.json"

Blocks = NDArray[np.bool_]


@frozen(eq=False)
class Alike:
    """Which other pictures (by digest) a picture looks like, in what share; which blocks they have in common exactly;
    and how exactly a copy must fit (pixels) because another photograph of the same thing fits nearly.
    """

    others: Mapping[str, float]
    shared: Blocks
    exact: float


@frozen(eq=False)
class Share:
    """What one picture shares with another: the share of its blocks, which ones, and how exactly (pixels)."""

    alike: float
    blocks: Blocks
    off: float


def likeness(agreement: Agreement, inliers: int) -> Share | None:
    """What two registered pictures share, seen from ours; None where they are no relatives."""
    related = agreement.alike >= LEAST_SHARED and agreement.off <= SHARED_OFF and agreement.textured >= LEAST_OWN
    if not related or inliers < LEAST_OWN:
        return None
    return Share(agreement.alike, np.asarray(agreement.marks == 1), agreement.off)


def has_its_own(agreement: Agreement, alike: Alike | None) -> bool:
    """Whether a copy agrees in what the picture shares with no other registered one, and more exactly than those do."""
    if alike is None:
        return True
    if agreement.off > alike.exact:
        return False
    own = (agreement.marks >= -1) & ~alike.shared
    return int(own.sum()) >= LEAST_OWN and float((agreement.marks[own] == 1).mean()) >= OWN_ALIKE


class Relatives:
    """What is known of relatives, in a file of the index's folder: digest -> Alike."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        try:
            told = json.loads(self._path.read_text(encoding="ascii"))
            self._alike = {digest: _made(each) for digest, each in told["alike"].items()}
            self._compared = set(told["compared"])
        except (OSError, ValueError, KeyError):
            self._alike, self._compared = {}, set()

    def of(self, digest: str) -> Alike | None:
        """What a picture shares with others; None where it shares nothing."""
        return self._alike.get(digest)

    def missing(self, digests: Iterable[str]) -> list[str]:
        """Those that were not compared with the others yet."""
        return [digest for digest in digests if digest not in self._compared]

    def compared(self, digest: str) -> None:
        """All its relatives were added."""
        self._compared.add(digest)

    def add(self, digest: str, other: str, share: Share) -> None:
        """What one picture shares with another, seen from its side."""
        known = self._alike.get(digest) or Alike({}, np.zeros(len(share.blocks), np.bool_), float("inf"))
        is_same = share.off <= SAME_OFF
        close = share.off / 2 if not is_same and share.alike >= CLOSE else float("inf")
        self._alike[digest] = Alike(
            {**known.others, other: round(share.alike, 3)},
            known.shared | share.blocks if is_same else known.shared,
            min(known.exact, close),
        )

    def write(self) -> None:
        """Keep what is known."""
        told = {
            "alike": {digest: _told(each) for digest, each in sorted(self._alike.items())},
            "compared": sorted(self._compared),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._path.parent)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(told, file)
        Path(name).replace(self._path)


def _told(alike: Alike) -> dict[str, object]:
    return {
        "others": dict(alike.others),
        "blocks": len(alike.shared),
        "shared": np.packbits(alike.shared).tobytes().hex(),
        "exact": None if alike.exact == float("inf") else round(alike.exact, 3),
    }


def _made(told: Mapping[str, object]) -> Alike:
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(str(told["shared"])), np.uint8))
    others = told["others"]
    assert isinstance(others, dict)
    exact = float("inf") if told["exact"] is None else float(str(told["exact"]))
    return Alike(others, bits[: int(str(told["blocks"]))].astype(np.bool_), exact)
