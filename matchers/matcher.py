"""The protocol of matchers, the grounds they declare, and the context they run in.

Matchers in matchers/identity answer: which registered works does this listing carry? Those in matchers/offence answer:
what makes its offer of such a work an infringement? Both yield findings, each with a ground that they have declared. A
file in one of the two folders that defines one class `Matcher` is the registration (matchers/catalogue.py).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import ClassVar, Protocol

from attrs import Factory, field, frozen, validators

from crawler.items import Finding, Licence, Listing, Polarity, Work
from matchers.weights import Weights


class RuleKind(StrEnum):
    """The scope of a rule."""

    LISTING = "listing"  # one listing
    SELLER = "seller"  # all offers of one work by one seller
    PHRASE = "phrase"  # all offers of one work with certain words


@frozen(kw_only=True)
class Rule:
    """A rule that a person taught with the verdict "not". `value` is compared, `shown` displayed; `id` withdraws it."""

    id: int
    kind: RuleKind
    work: str
    value: str
    shown: str = ""
    platform: str = ""
    reason: str = ""
    by: str = ""
    at: datetime


@frozen(kw_only=True)
class MedianPrice:
    """The median price of `count` listings of a work on a platform."""

    price: Decimal
    currency: str
    count: int


@frozen(kw_only=True)
class SellerRecord:
    """The verdicts on a seller's offers so far."""

    infringing: int = 0
    innocent: int = 0


@frozen(kw_only=True)
class Context:
    """What matchers may know besides the listing and the works; handed in by the caller, never fetched.

    `medians` are by (work id, platform), `sellers` by (platform, seller's number or name), `rules` by work id,
    `official_licences` (own shops and official stores, as licences for all works) by owner. `weights` is None for
    those that ship. Works in `quarantined` have too many false alarms: their hits become reviews.
    """

    now: datetime = field(factory=lambda: datetime.now(UTC))
    language: str = "en"
    medians: Mapping[tuple[str, str], MedianPrice] = Factory(dict)
    sellers: Mapping[tuple[str, str], SellerRecord] = Factory(dict)
    rules: Mapping[str, tuple[Rule, ...]] = Factory(dict)
    official_licences: Mapping[str, tuple[Licence, ...]] = Factory(dict)
    weights: Weights | None = None
    quarantined: frozenset[str] = frozenset()


class Stage(StrEnum):
    """When a matcher runs: stages in this order, matchers of one stage by their file names."""

    IDENTITY = "identity"  # finds works
    BOOST = "boost"  # revises the findings of works already found, and may find more
    OFFENCE = "offence"  # judges the offer of each work found


@frozen
class Ground:
    """A reason that a matcher may give, declared once, with its sentences.

    `key` is stored with findings and named in weights.toml: write it as a literal, so that a search finds it. `weight`
    is what an offence ground of full strength is believed to add to the log odds before any data was seen (the prior of
    bench/fit_offence.py, and the weight where weights.toml has none); None for identity grounds. The sentences may use
    {ours}, {theirs} and the other values that `make_finding` is called with.
    """

    key: str = field(validator=validators.matches_re(r"[a-z]+(_[a-z]+)+"))
    polarity: Polarity
    weight: float | None = field()
    en: str = field(kw_only=True)
    zh: str = field(kw_only=True)

    @weight.validator
    def _has_the_sign_of_its_polarity(self, _: object, weight: float | None) -> None:
        if weight is not None and (weight < 0) != (self.polarity is Polarity.AGAINST):
            raise ValueError(f"{self.key}: a weight of {weight} for a ground {self.polarity.value} an offence")

    def sentence(self, language: str) -> str:
        """The sentence in a language of crawler.messages.LANGUAGES, with its placeholders."""
        return self.zh if language == "zh" else self.en


Candidates = Mapping[str, Sequence[Finding]]  # the works found so far: work id -> findings


class Matcher(Protocol):
    """What the Assessor runs: one object over all works, used from any thread.

    Subclass `IdentityMatcher` or `OffenceMatcher`; both have defaults for the optional methods, which are those after
    `find`. What `candidates` holds, and what becomes of the findings, depends on the stage:

    identity: `candidates` is empty; findings for works and against them.
    boost: `candidates` are all works found so far, however weakly. The findings yielded for a work *replace* its
        identity findings; a work for which nothing is yielded keeps its own; works found here first are added. The
        threshold for considering a work is applied to the findings by which it was first found, so a boost lifts no
        work over it.
    offence: `candidates` are the works whose offer is judged.
    """

    name: ClassVar[str]  # unique, stored with findings; fixtures/pairs/<name>.csv is the test
    stage: ClassVar[Stage]
    grounds: ClassVar[tuple[Ground, ...]]  # of all its findings: the Assessor raises ValueError for any other

    @abstractmethod
    def __init__(self, works: Sequence[Work]) -> None:
        """Prepare for these works; retired ones are not to be found."""

    @abstractmethod
    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """Findings for and against works."""

    def prefetch(self, batch: Sequence[tuple[Listing, Candidates]], context: Context) -> None:
        """Look up a batch together before `find` is called for each, where that takes less time. Changes no result.

        Not every `find` is preceded by it; it is never called by two threads at a time.
        """
        return

    @classmethod
    def open_index(cls, works: Sequence[Work], folder: Path) -> str:
        """Open the index of these works in a folder, or extend or build it; returns "opened", "extended" or "built".

        Called before matchers over the same sequence are built. Matchers share the folder: file names begin with the
        matcher's name (except those of `title`). Returns "" for a matcher without an index.
        """
        return ""

    @classmethod
    def index_digest(cls, works: Sequence[Work]) -> str:
        """A digest of everything in the index; machines share an index by its digest. "" without an index."""
        return ""

    @classmethod
    def prefilter_keys(cls, work: Work) -> Iterable[str]:
        """Strings at least one of which is in the title, text, file names or identifiers of every listing in which this
        matcher finds the work.

        After new works, only stored listings with such a string, or with a name or picture of the works, are matched
        again (matchers/prefilter.py).
        """
        return ()


class IdentityMatcher(Matcher):
    """Base of the matchers that recognise works."""

    stage = Stage.IDENTITY


class OffenceMatcher(Matcher):
    """Base of the matchers that judge the offer of each work by itself: write `judge`."""

    stage = Stage.OFFENCE

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works_by_id(works)

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """The findings of `judge` for each candidate."""
        for work_id in candidates:
            yield from self.judge(listing, self._works[work_id], context)

    @abstractmethod
    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """Findings about the offer, if it is this work."""


_lock = Lock()
_latest: list[tuple[Sequence[Work], Mapping[str, Work]]] = []


def works_by_id(works: Sequence[Work]) -> Mapping[str, Work]:
    """The works by their ids. The latest table is kept, so that all matchers over one sequence share it."""
    with _lock:
        if not _latest or _latest[0][0] is not works:
            _latest[:] = [(works, {work.id: work for work in works})]
        return _latest[0][1]
