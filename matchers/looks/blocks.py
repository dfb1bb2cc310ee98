"""Two pictures laid over each other, compared block by block: how much of ours is really there, and how exactly.

The number of key points that agree cannot tell a copy from a sibling: cartons of one brand share a logo with a hundred
of them. Here every block of 16 x 16 pixels of our thumb is asked whether the same thing is at the same place of theirs,
and a copy of a picture fits to a fraction of a pixel everywhere, while another photograph of the same thing does not:
over 344 attacked copies the blocks of nine in ten are off by less than a quarter of a pixel, those of 69 hard wrong
pairs by a third at least.
"""

from __future__ import annotations

import cv2
import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from matchers.looks.align import Homography, Points, refined, warped
from matchers.looks.bends import BENT, STRAIGHT, bend, unbent
from matchers.looks.sides import Mask, Ours, Theirs, Values
from matchers.looks.sketch import Pixels, grey_of
from matchers.looks.veils import LEAST_FITTED, colour_fits, sharpness
from matchers.looks.verdict import is_exact

ALIKE = 0.6  # correlation from which a block agrees
UNLIKE = 0.3  # below, a block shows something else
TEXTURED = 4.0  # deviation of the grey values of a block that has a drawing; the others are flat
QUIET = 6.0  # deviation that a flat block of ours may have in theirs, in our contrast
WITHIN = 0.9  # share of a block that must lie within their picture to be visible
SOFT = 2.0  # pixels of blur at which blocks are compared a second time: noise and screens of dots vanish
LEAST_CONTRAST = 0.15  # of theirs against ours
DENSITIES = (0.1, 12.0)  # pixels of theirs for one of our thumb


@frozen(kw_only=True)
class Agreement:
    """What the blocks say. Shares are of the textured visible blocks where nothing else is said. Colours, bends and
    blur are looked at only where the rest does not settle it.
    """

    visible: int  # blocks of ours within their picture
    blocks: int  # all blocks of ours
    textured: int  # visible ones that have a drawing
    alike: float  # share that agrees
    unlike: float  # share that shows another drawing
    all_alike: float  # share of all visible blocks, flat ones included, that agree
    coloured: float = 0.0  # share of all visible blocks whose colour agrees, whatever filter lies over all
    off: float  # pixels that the median agreeing block is off
    off_most: float  # and the worst fifth of them
    bent: float = np.inf  # pixels that the median is off after a smooth bend of the paper is allowed for
    sharp: float = (
        np.inf
    )  # fine detail of theirs against ours in the blocks that agree, in our contrast; blurred is under .5
    scale: float  # pixels of theirs for a pixel of our thumb
    grid: tuple[int, int]
    marks: NDArray[np.int8]  # of each block: 1 agrees, 0 undecided, -1 another drawing, -2 not visible, -3 flat


def compare(ours: Ours, theirs: Theirs, homography: Homography) -> tuple[Agreement, Homography] | None:
    """Refine an alignment and count what agrees; None where the pictures do not overlap in a sensible way."""
    density = _density(homography, ours.grey.shape)
    if density is None:
        return None
    pixels, shrunk = theirs.sized(density)
    smaller = homography @ np.diag([1 / shrunk, 1 / shrunk, 1])
    textured = np.flatnonzero(ours.deviations > TEXTURED)
    found = refined(ours.evened, ours.centres[textured], pixels, smaller)
    off = np.full((len(ours.centres), 2), np.nan, np.float32)
    off[textured] = found.off
    agreement = _counted(ours, pixels, found.homography, off, density)
    return agreement, found.homography @ np.diag([shrunk, shrunk, 1])


def _density(homography: Homography, shape: tuple[int, ...]) -> float | None:
    """Pixels of theirs for a pixel of ours, in the middle of ours."""
    height, width = shape[:2]
    try:
        back = np.linalg.inv(homography)
    except np.linalg.LinAlgError:
        return None
    middle = np.array([[width / 2, height / 2, 1], [width / 2 + 1, height / 2, 1], [width / 2, height / 2 + 1, 1]])
    drawn = middle @ back.T
    if not np.isfinite(drawn).all() or (np.abs(drawn[:, 2]) < 1e-9).any():
        return None
    points = drawn[:, :2] / drawn[:, 2:]
    one, other = points[1] - points[0], points[2] - points[0]
    density = float(np.sqrt(abs(one[0] * other[1] - one[1] * other[0])))
    return density if DENSITIES[0] <= density <= DENSITIES[1] else None


def _counted(ours: Ours, pixels: Pixels, homography: Homography, off: Points, density: float) -> Agreement:
    seen, visible = _laid_over(ours, pixels, homography)
    alike, unlike, textured, quiet = _judged(ours, seen, visible, density)
    misses = _lengths(off[alike])
    exactly = _agreement(ours, visible, (alike, unlike, textured, quiet), misses, density)
    if is_exact(exactly):
        return exactly
    field, bent = bend(ours, off, alike)
    if field is not None and bent < BENT and np.median(misses) > STRAIGHT:
        seen = unbent(ours, seen, field)
        alike, unlike, textured, quiet = _judged(ours, seen, visible, density)
    fits = colour_fits(ours, seen, alike if alike.sum() >= LEAST_FITTED else visible) & visible
    return evolve(
        _agreement(ours, visible, (alike, unlike, textured, quiet), misses, density),
        coloured=float(fits.sum()) / max(1, int(visible.sum())),
        bent=bent,
        sharp=sharpness(ours, seen, alike),
    )


def _agreement(
    ours: Ours, visible: Mask, judged: tuple[Mask, Mask, Mask, Mask], misses: Values, density: float
) -> Agreement:
    """Without colours, bends and blur."""
    alike, unlike, textured, quiet = judged
    marks = np.zeros(len(visible), np.int8)
    for value, which in ((-3, visible & ~textured), (1, alike), (-1, unlike), (-2, ~visible)):
        marks[which] = value
    drawn, shown = max(1, int(textured.sum())), max(1, int(visible.sum()))
    return Agreement(
        visible=int(visible.sum()),
        blocks=len(visible),
        textured=int(textured.sum()),
        alike=float(alike.sum()) / drawn,
        unlike=float(unlike.sum()) / drawn,
        all_alike=float((alike | (visible & ~textured & quiet)).sum()) / shown,
        off=float(np.median(misses)) if len(misses) else np.inf,
        off_most=float(np.percentile(misses, 80)) if len(misses) else np.inf,
        scale=density,
        grid=ours.grid,
        marks=marks,
    )


def _laid_over(ours: Ours, pixels: Pixels, homography: Homography) -> tuple[Pixels, Mask]:
    """Their picture in our frame, and which blocks of ours it covers."""
    shape = ours.grey.shape
    full = np.full(pixels.shape[:2], 255, np.uint8)
    mask = cv2.warpPerspective(full, homography, (shape[1], shape[0])).astype(np.float32)
    return warped(pixels, homography, shape), (ours.split(mask) > 250).mean(1) > WITHIN


def _judged(ours: Ours, seen: Pixels, visible: Mask, density: float) -> tuple[Mask, Mask, Mask, Mask]:
    """Of the visible blocks: which agree, which show another drawing, which have one; which are quiet in theirs."""
    a, b = ours.grey.astype(np.float32), grey_of(seen).astype(np.float32)
    if density < 1:  # theirs was enlarged: ours is blurred as much
        a = cv2.GaussianBlur(a, (0, 0), 0.55 / density).astype(np.float32)
    fine = ours.split(a), ours.split(b)
    soft = [ours.split(cv2.GaussianBlur(each, (0, 0), SOFT).astype(np.float32)) for each in (a, b)]
    likeness = np.maximum(_correlation(*fine), _correlation(soft[0], soft[1]))
    drawn, theirs_drawn = fine[0].std(1), fine[1].std(1)
    textured = visible & (drawn > TEXTURED)
    alike = textured & (likeness > ALIKE)
    contrast = float(np.median(theirs_drawn[alike] / drawn[alike])) if alike.sum() > 4 else 1.0
    quiet = theirs_drawn / max(contrast, LEAST_CONTRAST) < QUIET
    return alike, textured & (likeness < UNLIKE) & ~quiet, textured, quiet


def _lengths(off: Points) -> Values:
    lengths = np.linalg.norm(off, axis=1)
    known: Values = lengths[np.isfinite(lengths)]
    return known


def _correlation(a: Values, b: Values) -> Values:
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    together = np.einsum("ij,ij->i", a, b)
    alone = np.sqrt(np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b))
    return np.asarray(together / (alone + 1), dtype=np.float32)
