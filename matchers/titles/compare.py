"""Which of the pieces found in texts belong to a name that stands there whole, or with one error: all of them at once.

One error is a character replaced, missing or put in, or two neighbours swapped. Beside a found half the other half must
stand with at most one error: how far both agree from the near end and from the far end tells, so nothing is compared
twice and no distance is worked out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from attrs import frozen

from matchers.titles.joined import Joined
from matchers.titles.windows import Codes, Places

FIRST, SECOND, WHOLE, SWAPPED = range(4)  # which piece of a name an entry of the plain table is
AROUND = 5  # characters on either side of a swapped middle
TWO_OF = 5  # characters of a half of which one error leaves two at an end
LONGEST_PIECE = 12  # characters; more of a half need not be looked up to be rare


@frozen(kw_only=True, eq=False)
class Pieces:
    """Pieces of names found in texts: number of the name, kind of piece, place of it in the joined texts."""

    numbers: Places
    kinds: npt.NDArray[np.uint32]
    places: Places

    def only(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Pieces:
        """Some of them."""
        rows = _as_places(rows)
        return Pieces(numbers=self.numbers.take(rows), kinds=self.kinds.take(rows), places=self.places.take(rows))


@frozen(kw_only=True, eq=False)
class Crowd:
    """Halves of names that stand in the joined texts without the rest of their name: for each place, how many begin
    before it, and how many end at or before it.

    Among many names that share something with a stretch of text one may resemble it by chance.
    """

    begun: Places
    ended: Places

    @classmethod
    def of(cls, begins: Places, ends: Places, size: int) -> Crowd:
        """Of halves that begin and end there, in joined texts of so many characters."""
        begun = np.zeros(size + 2, dtype=np.int64)
        np.cumsum(np.bincount(begins, minlength=size + 1), out=begun[1:])
        return cls(begun=begun, ended=np.cumsum(np.bincount(ends, minlength=size + 1)))

    def over(self, starts: Places, ends: Places) -> Places:
        """How many of them share characters with each of these stretches."""
        return self.begun[ends] - self.ended[starts]


@frozen(kw_only=True, eq=False)
class Standing:
    """Names that stand in the joined texts at starts..ends, with 0 or 1 errors."""

    numbers: Places
    starts: Places
    ends: Places
    errors: Places

    def only(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Standing:
        """Some of them."""
        rows = _as_places(rows)
        return Standing(
            numbers=self.numbers.take(rows),
            starts=self.starts.take(rows),
            ends=self.ends.take(rows),
            errors=self.errors.take(rows),
        )


class Names:
    """The characters of all names, and where each name starts in them."""

    def __init__(self, codes: Codes, starts: Places) -> None:
        self._codes = codes
        self._starts = starts

    def standing(self, pieces: Pieces, texts: Joined) -> tuple[Standing, Crowd]:
        """The names that these pieces belong to, where they begin and end between words; and the other halves."""
        is_whole, is_swapped = pieces.kinds == WHOLE, pieces.kinds == SWAPPED
        text = texts.codes
        halves, crowd = self._halves(self._possible(pieces.only(~(is_whole | is_swapped)), texts), text)
        found = [self._whole(pieces.only(is_whole)), self._swapped(pieces.only(is_swapped), text), *halves]
        standing = Standing(
            numbers=np.concatenate([one.numbers for one in found]),
            starts=np.concatenate([one.starts for one in found]),
            ends=np.concatenate([one.ends for one in found]),
            errors=np.concatenate([one.errors for one in found]),
        )
        return standing.only(~(texts.no_start[standing.starts] | texts.no_end[standing.ends])), crowd

    def _possible(self, pieces: Pieces, texts: Joined) -> Pieces:
        """The halves at whose outer end the name may begin or end: error or not, that end is where it is."""
        begin, end = self._starts.take(pieces.numbers), self._starts.take(pieces.numbers + 1)
        last = np.minimum(pieces.places + (end - begin) - (end - begin) // 2, len(texts.no_end) - 1)
        is_torn = np.where(pieces.kinds == SECOND, texts.no_end.take(last), texts.no_start.take(pieces.places))
        return pieces.only(~is_torn)

    def _whole(self, pieces: Pieces) -> Standing:
        sizes = self._starts.take(pieces.numbers + 1) - self._starts.take(pieces.numbers)
        return _standing(pieces.numbers, pieces.places, pieces.places + sizes, 0)

    def _swapped(self, pieces: Pieces, text: Codes) -> Standing:
        begin, end = self._starts.take(pieces.numbers), self._starts.take(pieces.numbers + 1)
        middle = (end - begin) // 2
        first = pieces.places - np.maximum(0, middle - AROUND)
        last = first + (end - begin)
        inside = np.flatnonzero((first > 0) & (last < len(text)))
        pieces, begin, end, middle, first, last = (
            pieces.only(inside),
            *(each[inside] for each in (begin, end, middle, first, last)),
        )
        fits = self._codes.take(begin + middle) == text[first + middle - 1]
        fits &= self._codes.take(begin + middle - 1) == text[first + middle]
        fits &= self._run(text, begin, first, 1, middle - 1) == middle - 1
        fits &= self._run(text, end - 1, last - 1, -1, end - begin - middle - 1) == end - begin - middle - 1
        return _standing(pieces.numbers[fits], first[fits], last[fits], 1)

    def _halves(self, pieces: Pieces, text: Codes) -> tuple[list[Standing], Crowd]:
        begin, end = self._starts.take(pieces.numbers), self._starts.take(pieces.numbers + 1)
        middle = (end - begin) // 2
        is_second = pieces.kinds == SECOND
        half = _Half(
            pieces=pieces,
            step=np.where(is_second, -1, 1),
            near=np.where(is_second, begin + middle - 1, begin + middle),
            there=np.where(is_second, pieces.places - 1, pieces.places + middle),
            rest=np.where(is_second, middle, end - begin - middle),
            known=np.where(is_second, end - begin - middle, middle),
        )
        rows = np.flatnonzero(self._is_likely(half, text))
        rows = rows[self._is_piece_whole(half.only(rows), text)]
        likely = half.only(rows)
        head = self._run(text, likely.near, likely.there, likely.step, likely.rest)
        is_exact = (head == likely.rest) & (likely.step > 0)
        wrong = head < likely.rest
        without_rest = np.ones(len(half.rest), dtype=bool)
        without_rest[rows] = wrong
        places = pieces.places[without_rest]
        crowd = Crowd.of(places, places + np.minimum(half.known[without_rest], LONGEST_PIECE), len(text))
        found = [likely.standing(is_exact, 0, 0)]
        return [*found, *self._with_error(likely.only(wrong), head[wrong], text)], crowd

    def _is_likely(self, half: _Half, text: Codes) -> npt.NDArray[np.bool_]:
        """A quick look: one error leaves the nearest or the farthest of two characters and more where it belongs, and
        of five and more the two nearest or the two farthest.
        """
        is_short = half.rest < TWO_OF
        second = np.where(is_short, 0, half.step)
        likely: npt.NDArray[np.bool_] = half.rest < 2
        near = self._codes.take(half.near) == _at(text, half.there)
        likely |= near & (is_short | (self._codes.take(half.near + second) == _at(text, half.there + second)))
        far, there = half.near + half.step * (half.rest - 1), half.there + half.step * (half.rest - 1)
        last, last_but_one = self._codes.take(far), self._codes.take(far - second)
        for shift in (0, -1, 1):
            place = there + half.step * shift
            likely |= (last == _at(text, place)) & (is_short | (last_but_one == _at(text, place - second)))
        return likely

    def _is_piece_whole(self, half: _Half, text: Codes) -> npt.NDArray[np.bool_]:
        """Of a half longer than a piece only the piece was looked up: the rest of it must stand there too."""
        whole = np.ones(len(half.rest), dtype=bool)
        rows = np.flatnonzero(half.known > LONGEST_PIECE)
        part = half.only(rows)
        beyond = np.where(part.step > 0, part.near - 1, part.near + part.known)
        there = np.where(part.step > 0, part.there - 1, part.there + part.known)
        whole[rows] = self._run(text, beyond, there, -1, part.known) == part.known
        return whole

    def _with_error(self, half: _Half, head: Places, text: Codes) -> list[Standing]:
        """A missing character, a replaced one or a swapped pair, one put in; at an edge more than one of them fits."""
        far, last = half.near + half.step * (half.rest - 1), half.there + half.step * (half.rest - 1)
        tail = self._run(text, far, last, -half.step, half.rest)
        turn = half.step * head
        is_inside = _at(text, half.there + turn) != 0
        is_replaced = (head + tail >= half.rest - 1) & is_inside
        could_swap = head + tail == half.rest - 2
        crossed = self._codes.take(np.where(could_swap, half.near + turn + half.step, 0)) == _at(
            text, half.there + turn
        )
        crossed &= self._codes.take(half.near + turn) == _at(text, half.there + turn + half.step)
        shorter = self._run(text, far, last - half.step, -half.step, half.rest - 1)
        is_missing = (np.minimum(head, half.rest - 1) + shorter >= half.rest - 1) & (half.rest > 1)
        longer = self._run(text, far, last + half.step, -half.step, half.rest)
        is_extra = head + longer >= half.rest
        return [
            half.standing(is_replaced | (could_swap & crossed), 0, 1),
            half.standing(is_missing, -1, 1),
            half.standing(is_extra, 1, 1),
        ]

    def _run(self, text: Codes, ours: Places, theirs: Places, step: Places | int, most: Places) -> Places:
        """How many characters agree from these places on, going by `step`, up to `most`."""
        found = np.maximum(most, 0)
        begins_alike = self._codes.take(np.where(found > 0, ours, 0)) == _at(text, theirs)
        found = np.where(begins_alike, found, 0)  # for most that is all there is to compare
        rows = np.flatnonzero(found > 1)
        counts = found[rows]
        if not len(rows):
            return found
        begins = np.cumsum(counts) - counts
        places = np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(begins, counts)
        steps = np.repeat(np.broadcast_to(np.asarray(step), most.shape)[rows], counts) * places
        agree = self._codes.take(np.repeat(ours[rows], counts) + steps) == _at(
            text, np.repeat(theirs[rows], counts) + steps
        )
        found[rows] = np.minimum.reduceat(np.where(agree, np.repeat(counts, counts), places), begins)
        return found


@frozen(kw_only=True, eq=False)
class _Half:
    """A piece that was found, and where the other half of its name would stand, going by `step` from its near end."""

    pieces: Pieces
    step: Places
    near: Places
    there: Places
    rest: Places
    known: Places

    def only(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> _Half:
        """Some of them."""
        rows = _as_places(rows)
        return _Half(
            pieces=self.pieces.only(rows),
            step=self.step.take(rows),
            near=self.near.take(rows),
            there=self.there.take(rows),
            rest=self.rest.take(rows),
            known=self.known.take(rows),
        )

    def standing(self, rows: npt.NDArray[np.bool_], longer: int, errors: int) -> Standing:
        """The whole names, where the other half is by `longer` longer than in the name."""
        part = self.only(rows)
        ends = part.there + part.step * (part.rest + longer)
        begins = part.there - part.step * part.known
        starts = np.where(part.step > 0, begins, ends + 1)
        return _standing(part.pieces.numbers, starts, np.where(part.step > 0, ends, begins + 1), errors)


def _standing(numbers: Places, starts: Places, ends: Places, errors: int) -> Standing:
    return Standing(numbers=numbers, starts=starts, ends=ends, errors=np.full(len(numbers), errors, dtype=np.int64))


def _as_places(rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Places:
    """Rows by their numbers: several arrays are taken from faster so than by a mask."""
    return np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64, copy=False)


def _at(text: Codes, places: Places) -> Codes:
    """The characters there; outside, the zeros at the end."""
    return text.take(places, mode="clip")
