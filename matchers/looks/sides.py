"""The two sides of a comparison, prepared once: a registered thumb in blocks, and a picture that is asked about."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from matchers.looks.align import Points, evened
from matchers.looks.sketch import Pixels, grey_of

BLOCK = 16  # pixels of the thumb
SMALLEST_HALF = 3  # times a picture is halved at most
SPREAD = 1.5  # times their picture may be denser than ours before it is shrunk

Values = NDArray[np.float32]
Mask = NDArray[np.bool_]


@define(eq=False)
class Ours:
    """A registered thumb with what is needed of it, made once."""

    thumb: Pixels

    @cached_property
    def grey(self) -> Pixels:
        """Its brightness."""
        return grey_of(self.thumb)

    @cached_property
    def evened(self) -> Pixels:
        """Its brightness for following places."""
        return evened(self.grey)

    @cached_property
    def grid(self) -> tuple[int, int]:
        """Blocks: rows, columns."""
        return max(1, self.grey.shape[0] // BLOCK), max(1, self.grey.shape[1] // BLOCK)

    @cached_property
    def centres(self) -> Points:
        """The middle of every block: x, y."""
        ys, xs = np.mgrid[0 : self.grid[0], 0 : self.grid[1]]
        middles: Points = (np.stack([xs, ys], -1).reshape(-1, 2) * BLOCK + BLOCK / 2).astype(np.float32)
        return middles

    @cached_property
    def deviations(self) -> Values:
        """Of the grey values of every block."""
        found: Values = self.split(self.grey.astype(np.float32)).std(1)
        return found

    @cached_property
    def colours(self) -> Values:
        """The mean colour of every block."""
        return self.means(self.thumb)

    def split(self, values: Values) -> Values:
        """A picture of this size as one row of values for each block."""
        rows, columns = self.grid
        padded = values[: rows * BLOCK, : columns * BLOCK]
        if padded.shape != (rows * BLOCK, columns * BLOCK):
            padded = cv2.resize(values, (columns * BLOCK, rows * BLOCK)).astype(np.float32)
        cut: Values = padded.reshape(rows, BLOCK, columns, BLOCK).transpose(0, 2, 1, 3).reshape(rows * columns, -1)
        return cut

    def means(self, pixels: Pixels) -> Values:
        """The mean colour of every block of an RGB picture of this size."""
        rows, columns = self.grid
        cut = pixels[: rows * BLOCK, : columns * BLOCK]
        small = cv2.resize(cut, (columns, rows), interpolation=cv2.INTER_AREA)
        return small.reshape(-1, 3).astype(np.float32)


@define(eq=False)
class Theirs:
    """A picture that was asked about, RGB, at several sizes."""

    pixels: Pixels

    _halves: list[Pixels] = field(factory=list)  # the picture, half as large, a quarter ... as far as was asked for

    def sized(self, density: float) -> tuple[Pixels, float]:
        """The picture at a size at which a pixel of ours has about one of it, and by how much it was shrunk."""
        level, chosen = 0, self.pixels
        while density / 2**level > SPREAD and min(chosen.shape[:2]) >= 2 * BLOCK and level < SMALLEST_HALF:
            if level == len(self._halves):
                height, width = (extent // 2 for extent in chosen.shape[:2])
                even = chosen[: 2 * height, : 2 * width]  # exactly half: ten times as fast as nearly half
                self._halves.append(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8))
            chosen = self._halves[level]
            level += 1
        return chosen, 0.5**level
