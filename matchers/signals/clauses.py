"""What each clause of a listing does: name the work, praise it, say how it is delivered, chat.

A text is split into clauses, the shortest stretches that do one thing each, and a linear model over hashed character
n-grams tells what each does. The same word means another thing in another clause: 全书 in a blurb is the whole book, in
"全书PDF 秒发" it is what is sold. So a word counts only as far as its clause can bear that meaning
(matchers/signals/text_signals.py). The model is clauses.npz, trained by bench/fit_clauses.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from functools import cache
from importlib import resources

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

MODEL_FILE = "clauses.npz"
MAX_CLAUSE_CHARS = 160  # a longer stretch without any end is cut
MAX_GRAM_CHARS = 5  # n-grams of 1 to this many characters
HASH_BITS = 16  # of a hashed n-gram: 65,536 rows of weights
POSITION_FEATURES = 5  # in the title, first clause, last clause, number of clauses, length; see `position_features`
_HAN_CLASS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_END_RE = re.compile(
    r"[。！？!?；;\n\r\t，,|｜¦•●◆◇★☆■□▶►✅❤➕【】\[\](){}（）〔〕～~]+"  # punctuation, bars, bullets, brackets
    r"|[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]+"  # emoji
    r"|\.(?=\s|$)|\.{2,}|…+|\s[-–—/]{1,3}\s|[—─-]{2,}"
    rf"|(?<=[{_HAN_CLASS}》」』])[ \u3000]|[ \u3000](?=[{_HAN_CLASS}《「『])"
)
_WORD_CHAR_RE = re.compile(r"\w")
_DIGITS = str.maketrans("123456789", "000000000")
_END_CODE = ord("\n")
_HASH_MULTIPLIER, _GRAM_MULTIPLIER = np.uint32(2_654_435_761), 1_000_003
# The hash of an n-gram is a polynomial of its code points plus their places in it (from 1), modulo 2**32.
_GRAM_STEPS = np.arange(MAX_GRAM_CHARS)
_LAST_INNER = np.maximum(0, _GRAM_STEPS - 1)  # the last character of an n-gram of each length that is no end of it
_GRAM_MULTIPLIERS = np.array(
    [
        [_GRAM_MULTIPLIER ** max(0, last - step) % 2**32 * (step <= last) for last in range(MAX_GRAM_CHARS)]
        for step in range(MAX_GRAM_CHARS)
    ],
    dtype=np.uint32,
)
_GRAM_OFFSETS = np.arange(1, MAX_GRAM_CHARS + 1, dtype=np.uint32) @ _GRAM_MULTIPLIERS

FloatArray = NDArray[np.float32]


class ClauseKind(IntEnum):
    """What a clause does in its listing; the value is its column in the model."""

    TITLE = 0  # names what is offered: work, author, publisher, edition, product
    BLURB = 1  # praise, plot, subject, audience, sales records
    CONTENTS = 2  # what is in it
    SPECIFICATION = 3  # size, pages, version, language, format beside others
    CONDITION = 4  # new, used, genuine, reprinted
    DELIVERY = 5  # how and when it is handed over
    FORM = 6  # as what it is sold: e-book, photocopy, disc, key
    LINK = 7  # a link, a code, how to get one
    ACCOUNT = 8  # logins, seats, memberships, renting
    CONTACT = 9  # groups, shops, private messages
    TALK = 10  # questions, requests, news, stories
    TERMS = 11  # price, discount, stock, refunds
    CHATTER = 12  # greetings, encouragement, filler
    OTHER = 13


class Evidence(IntEnum):
    """What a clause says about how the work is passed on; the value is its column in the model."""

    NONE = 0
    DIGITAL = 1  # as a file, a link, a download, instantly
    COPY = 2  # photocopied, printed, burned, counterfeit
    CRACK = 3  # cracked, modified, repacked, a private server, a cheat
    ACCOUNT = 4  # a login, a seat or a membership is shared, rented or sold
    GENUINE = 5  # a material or lawful copy


@frozen(kw_only=True)
class ClauseReading:
    """The probabilities of the kinds (by ClauseKind) and of the evidence (by Evidence) of one clause."""

    kinds: Sequence[float]
    evidence: Sequence[float]


@frozen(kw_only=True)
class Head:
    """One question about clauses, in two steps. `grams` (2**HASH_BITS, answers) as int8 times `scale` scores n-grams;
    `context` takes a clause's own scores, both neighbours' probabilities and its position, (3 * answers +
    POSITION_FEATURES + 1, answers).
    """

    grams: NDArray[np.int8]
    scale: float
    context: FloatArray

    def probabilities(self, hashed: HashedClauses, position: FloatArray) -> FloatArray:
        """The probability of each answer for each of these neighbouring clauses, (clauses, answers)."""
        scores = hashed.scores(self.grams, self.scale)
        return softmax(context_features(scores, position) @ self.context)


@frozen(kw_only=True)
class ClauseModel:
    """The two questions: what a clause does, and what it says about how the work is passed on."""

    kinds: Head
    evidence: Head

    def read(self, folded_clauses: Sequence[str], in_title: bool) -> list[ClauseReading]:
        """The readings of these neighbouring clauses of one text."""
        if not folded_clauses:
            return []
        hashed, position = HashedClauses.of(folded_clauses), position_features(folded_clauses, in_title)
        kinds = self.kinds.probabilities(hashed, position).tolist()
        evidence = self.evidence.probabilities(hashed, position).tolist()
        return [ClauseReading(kinds=first, evidence=last) for first, last in zip(kinds, evidence, strict=True)]


@cache
def clause_model() -> ClauseModel:
    """The model that ships."""
    with (
        resources.as_file(resources.files("matchers.signals") / MODEL_FILE) as path,
        np.load(path, allow_pickle=False) as arrays,
    ):
        heads = {
            name: Head(
                grams=arrays[f"{name}_grams"], scale=float(arrays[f"{name}_scale"]), context=arrays[f"{name}_context"]
            )
            for name in ("kinds", "evidence")
        }
    return ClauseModel(**heads)


def split_clauses(text: str) -> Iterator[tuple[int, int]]:
    """The spans [start, end) of the clauses of a text, in order, without surrounding blanks; none is empty.

    Clauses end at punctuation, line breaks, brackets, bars and emoji, and at a blank beside a Han character: titles of
    market places separate their parts by blanks alone. Book title marks stay inside.
    """
    start = 0
    for match in _END_RE.finditer(text):
        yield from _cut(text, start, match.start())
        start = match.end()
    yield from _cut(text, start, len(text))


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretch in pieces of at most MAX_CLAUSE_CHARS, if it has any letter or digit."""
    for first in range(start, end, MAX_CLAUSE_CHARS):
        piece = text[first : min(end, first + MAX_CLAUSE_CHARS)]
        if _WORD_CHAR_RE.search(piece):
            lead = len(piece) - len(piece.lstrip())
            yield first + lead, first + len(piece.rstrip())


@frozen(kw_only=True)
class HashedClauses:
    """The hashed n-grams of some clauses, clause by clause, and what each counts in its clause: one divided by the root
    of the number of n-grams there.
    """

    hashes: NDArray[np.int64]
    numbers: NDArray[np.int64]  # the clause of each n-gram, ascending
    starts: NDArray[np.int64]  # the first n-gram of each clause; none is without any
    counts: FloatArray  # what an n-gram of each clause counts

    @classmethod
    def of(cls, folded_clauses: Sequence[str]) -> HashedClauses:
        """Digits are all 0, and both ends are marked: a prefix is another n-gram than the same letters inside."""
        text = "\n" + "\n".join([clause or " " for clause in folded_clauses]).translate(_DIGITS) + "\n"
        codes = np.frombuffer((text + "\n" * MAX_GRAM_CHARS).encode("utf-32-le", "replace"), dtype=np.uint32)
        is_end = codes == _END_CODE
        ends = is_end.cumsum()
        places = np.arange(len(text) - 1)[:, None]
        # The n-grams of all lengths at each place: (places, MAX_GRAM_CHARS).
        rolled = codes[places + _GRAM_STEPS] @ _GRAM_MULTIPLIERS + _GRAM_OFFSETS
        # An n-gram may begin or end with the mark of an end, and holds none elsewhere.
        is_whole = ends[places + _LAST_INNER] == ends[places]
        is_whole[:, 0] = ~is_end[: len(places)]
        hashes = (rolled * _HASH_MULTIPLIER)[is_whole] >> np.uint32(32 - HASH_BITS)
        numbers = ends[is_whole.nonzero()[0]] - 1
        counts = 1.0 / np.sqrt(np.bincount(numbers))
        return cls(
            hashes=hashes.astype(np.int64),
            numbers=numbers,
            starts=numbers.searchsorted(np.arange(len(folded_clauses))),
            counts=counts.astype(np.float32),
        )

    def scores(self, grams: NDArray[np.int8], scale: float) -> FloatArray:
        """The first step: the weighted sum of the scores of each clause's n-grams, (clauses, answers)."""
        sums = np.add.reduceat(grams[self.hashes], self.starts, axis=0, dtype=np.int32)
        scores: FloatArray = sums.astype(np.float32) * (self.counts * np.float32(scale))[:, None]
        return scores


def position_features(folded_clauses: Sequence[str], in_title: bool) -> FloatArray:
    """Whether it is a title, the first or last clause, how many there are, how long each is, and a constant."""
    position = np.zeros((len(folded_clauses), POSITION_FEATURES + 1), dtype=np.float32)
    position[:, 0] = in_title
    position[0, 1] = position[-1, 2] = 1.0
    position[:, 3] = min(len(folded_clauses), 10) / 10
    position[:, 4] = [min(len(clause), 40) / 40 for clause in folded_clauses]
    position[:, 5] = 1.0
    return position


def context_features(scores: FloatArray, position: FloatArray) -> FloatArray:
    """The input of the second step: own scores, the neighbours' probabilities, position."""
    chances, count = softmax(scores), scores.shape[1]
    features = np.zeros((len(scores), 3 * count + position.shape[1]), dtype=np.float32)
    features[:, :count] = scores
    features[1:, count : 2 * count] = chances[:-1]
    features[:-1, 2 * count : 3 * count] = chances[1:]
    features[:, 3 * count :] = position
    return features


def softmax(scores: FloatArray) -> FloatArray:
    """Scores as probabilities, row by row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances: FloatArray = powers / powers.sum(axis=1, keepdims=True)
    return chances
