"""The two sides of a block comparison, prepared once: a registered thumbnail in blocks, a query at several sizes."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from matchers.images.alignment import Points, normalize_contrast
from matchers.images.descriptors import Pixels, to_grey

BLOCK_PIXELS = 16  # pixels of the thumb
MAX_HALVINGS = 3  # times a picture is halved at most
MAX_DENSITY_RATIO = 1.5  # times their picture may be denser than ours before it is shrunk

Values = NDArray[np.float32]
Mask = NDArray[np.bool_]


@define(eq=False)
class PreparedReference:
    """A registered thumb with what is needed of it, made once."""

    thumb: Pixels

    @cached_property
    def grey(self) -> Pixels:
        """Its brightness."""
        return to_grey(self.thumb)

    @cached_property
    def normalized(self) -> Pixels:
        """Its brightness for following places."""
        return normalize_contrast(self.grey)

    @cached_property
    def grid(self) -> tuple[int, int]:
        """Blocks: rows, columns."""
        return max(1, self.grey.shape[0] // BLOCK_PIXELS), max(1, self.grey.shape[1] // BLOCK_PIXELS)

    @cached_property
    def block_centres(self) -> Points:
        """The middle of every block: x, y."""
        ys, xs = np.mgrid[0 : self.grid[0], 0 : self.grid[1]]
        centres: Points = (np.stack([xs, ys], -1).reshape(-1, 2) * BLOCK_PIXELS + BLOCK_PIXELS / 2).astype(np.float32)
        return centres

    @cached_property
    def block_deviations(self) -> Values:
        """Of the grey values of every block."""
        deviations: Values = self.split_blocks(self.grey.astype(np.float32)).std(1)
        return deviations

    @cached_property
    def block_colours(self) -> Values:
        """The mean colour of every block."""
        return self.block_means(self.thumb)

    def split_blocks(self, values: Values) -> Values:
        """A picture of this size as one row of values for each block."""
        rows, columns = self.grid
        padded = values[: rows * BLOCK_PIXELS, : columns * BLOCK_PIXELS]
        if padded.shape != (rows * BLOCK_PIXELS, columns * BLOCK_PIXELS):
            padded = cv2.resize(values, (columns * BLOCK_PIXELS, rows * BLOCK_PIXELS)).astype(np.float32)
        blocks: Values = (
            padded.reshape(rows, BLOCK_PIXELS, columns, BLOCK_PIXELS).transpose(0, 2, 1, 3).reshape(rows * columns, -1)
        )
        return blocks

    def block_means(self, pixels: Pixels) -> Values:
        """The mean colour of every block of an RGB picture of this size."""
        rows, columns = self.grid
        cropped = pixels[: rows * BLOCK_PIXELS, : columns * BLOCK_PIXELS]
        resized = cv2.resize(cropped, (columns, rows), interpolation=cv2.INTER_AREA)
        return resized.reshape(-1, 3).astype(np.float32)


@define(eq=False)
class PreparedQuery:
    """A picture that was asked about, RGB, at several sizes."""

    pixels: Pixels

    _pyramid: list[Pixels] = field(factory=list)  # the picture, half as large, a quarter ... as far as was asked for

    def shrink_to_density(self, density: float) -> tuple[Pixels, float]:
        """The picture at a size at which a pixel of ours has about one of it, and by how much it was shrunk."""
        level, level_pixels = 0, self.pixels
        while (
            density / 2**level > MAX_DENSITY_RATIO
            and min(level_pixels.shape[:2]) >= 2 * BLOCK_PIXELS
            and level < MAX_HALVINGS
        ):
            if level == len(self._pyramid):
                height, width = (extent // 2 for extent in level_pixels.shape[:2])
                even = level_pixels[: 2 * height, : 2 * width]  # exactly half: ten times as fast as nearly half
                self._pyramid.append(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8))
            level_pixels = self._pyramid[level]
            level += 1
        return level_pixels, 0.5**level
