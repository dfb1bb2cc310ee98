"""The protocol of matchers, the grounds they declare, and the context they get.

A matcher answers one of two questions. Those in matchers/identity: which registered works does this listing carry?
Those in matchers/offence: what makes its offer of such a work an infringement? Both yield findings, each with a ground
that the matcher declares. A file in one of the two folders that defines one class `Matcher` is registered by that alone
(matchers/catalogue.py).
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
from crawler.urls import canonicalize_url
from matchers.weights import Weights


class RuleKind(StrEnum):
    """What a rule covers."""

    LISTING = "listing"  # exactly this listing
    SELLER = "seller"  # this seller, of this work
    PHRASE = "phrase"  # these words together with this work


@frozen(kw_only=True)
class Rule:
    """A rule that a person created with the verdict "not"; it can be withdrawn by its number. `value` is compared."""

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
class Accusation:
    """A person's current verdict that a listing infringes this work."""

    work: str
    by: str
    at: datetime
    reason: str = ""


@frozen(kw_only=True)
class MedianPrice:
    """What a work costs on a platform: the median price of `count` listings."""

    price: Decimal
    currency: str
    count: int


@frozen(kw_only=True)
class SellerRecord:
    """How many of a seller's offers people have judged infringing and innocent."""

    infringing: int = 0
    innocent: int = 0


@frozen(kw_only=True)
class ConfirmedOutlet:
    """A platform, host or seller (of a platform) that only passes on copies, as a person confirmed."""

    id: int
    field: str  # platform, host or seller
    value: str
    platform: str = ""  # of a seller
    reason: str = ""
    by: str = ""
    at: datetime


@frozen(kw_only=True)
class Context:
    """What matchers may use besides the listing and the works; desk and pipelines pass it in, it is never fetched.

    `medians` are by (work id, platform), `sellers` by (platform, seller's number or name), `rules` by work id,
    `official_licences` (own shops and official stores, as licences for all works) by owner, `outlets` by (field,
    platform of a seller or "", value), `accusations` by canonical address of the listing. `weights` is None for those
    that ship. Hits of works in `quarantined` (too many new or false hits) become reviews.
    """

    now: datetime = field(factory=lambda: datetime.now(UTC))
    medians: Mapping[tuple[str, str], MedianPrice] = Factory(dict)
    sellers: Mapping[tuple[str, str], SellerRecord] = Factory(dict)
    rules: Mapping[str, tuple[Rule, ...]] = Factory(dict)
    official_licences: Mapping[str, tuple[Licence, ...]] = Factory(dict)
    outlets: Mapping[tuple[str, str, str], ConfirmedOutlet] = Factory(dict)
    accusations: Mapping[str, tuple[Accusation, ...]] = Factory(dict)
    weights: Weights | None = None
    quarantined: frozenset[str] = frozenset()

    def accusations_of(self, listing: Listing) -> tuple[Accusation, ...]:
        """What people judged infringing about exactly this listing."""
        return self.accusations.get(canonicalize_url(listing.url), ()) if self.accusations else ()


class Stage(StrEnum):
    """When a matcher runs: stages in this order, the matchers of a stage in the order of their files."""

    IDENTITY = "identity"  # finds works
    BOOST = "boost"  # examines the works found again, and may find more
    OFFENCE = "offence"  # judges the offer of each work found


@frozen
class Ground:
    """A reason that a matcher may give. Its sentences stand in matchers/messages.toml, under its key.

    `key` is stored with findings and named in weights.toml: write it as a literal, so that a search finds it. `weight`
    is what an offence ground of full strength is assumed to add to the log odds before any data (the prior of
    bench/fit_offence.py; used where weights.toml has no other); None for identity grounds.
    """

    key: str = field(validator=validators.matches_re(r"[a-z]+(_[a-z]+)+"))
    polarity: Polarity
    weight: float | None = field()

    @weight.validator
    def _has_the_sign_of_its_polarity(self, _: object, weight: float | None) -> None:
        if weight is not None and (weight < 0) != (self.polarity is Polarity.AGAINST):
            raise ValueError(f"{self.key}: a weight of {weight} for a ground {self.polarity.value} an offence")


Candidates = Mapping[str, Sequence[Finding]]  # the works found so far, by id, with their findings


class Matcher(Protocol):
    """What the Assessor runs. One object is built over all works and used from any thread.

    Subclass `IdentityMatcher` or `OffenceMatcher`. Everything below `find` is optional and has defaults.

    `candidates` is empty at stage identity. At stage boost it holds every work found so far, however weakly; what a
    matcher yields there for a work *replaces* the identity findings of that work; works for which it yields nothing
    keep theirs, and works that only it found are considered too. Whether a work is considered depends on the findings
    by which it was first found: boosting lifts no work over that threshold. At stage offence it holds the works whose
    offer is judged.
    """

    name: ClassVar[str]  # unique; stored in its findings, and fixtures/pairs/<name>.csv tests it
    stage: ClassVar[Stage]
    grounds: ClassVar[tuple[Ground, ...]]  # all grounds of its findings: any other raises an error

    @abstractmethod
    def __init__(self, works: Sequence[Work]) -> None:
        """Prepare for these works, without the retired ones."""

    @abstractmethod
    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """Findings for and against, at most one for each work and ground."""

    def prefetch(self, batch: Sequence[tuple[Listing, Candidates]], context: Context) -> None:
        """Prepare `find` for each of these: a joint lookup takes less time. Changes no result.

        Not every `find` is preceded by it; it is never called by two threads at a time.
        """
        return

    @classmethod
    def open_index(cls, works: Sequence[Work], folder: Path) -> str:
        """Open the index of these works in a folder, or extend or build it; returns "opened", "extended" or "built".

        Called before matchers over the same sequence are built. All matchers share the folder: file names begin with
        the matcher's name, except those of `title`, which had the folder first. Returns "" if no index is kept.
        """
        return ""

    @classmethod
    def index_digest(cls, works: Sequence[Work]) -> str:
        """A digest of the contents of the index: machines share an index of the same digest. "" if there is none."""
        return ""

    @classmethod
    def prefilter_keys(cls, work: Work) -> Iterable[str]:
        """Strings of which a listing contains at least one (in title, text, file names or identifiers) if this matcher
        finds the work in it.

        New works are compared only with stored listings that contain one (matchers/prefilter.py), or a name or a
        picture of the works.
        """
        return ()


class IdentityMatcher(Matcher):
    """Base of the matchers that recognise works."""

    stage = Stage.IDENTITY


class OffenceMatcher(Matcher):
    """The base of matchers that judge the offer of one work at a time, regardless of other works in the listing."""

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
    """The works by id. The latest mapping is kept, so that all matchers over one sequence share it."""
    with _lock:
        if not _latest or _latest[0][0] is not works:
            _latest[:] = [(works, {work.id: work for work in works})]
        return _latest[0][1]
