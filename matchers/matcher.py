"""The protocol of matchers, the grounds they declare, and the context they are asked in.

A matcher answers one of two questions. Those in matchers/identity: which registered works does this listing carry?
Those in matchers/offence: what makes its offer of such a work an infringement? Either yields findings, each with a
ground that it has declared. A file in one of the two folders that defines one class `Matcher` is the registration
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
from matchers.weights import Weights


class RuleKind(StrEnum):
    """What a judgement taught."""

    LISTING = "listing"  # this very listing
    SELLER = "seller"  # this seller, of this work
    PHRASE = "phrase"  # these words beside this work


@frozen(kw_only=True)
class Rule:
    """What a person taught with the verdict "not"; visible, and withdrawn by its number. `value` is compared."""

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
    """What a work costs on a platform: the middle price of `count` listings."""

    price: Decimal
    currency: str
    count: int


@frozen(kw_only=True)
class SellerRecord:
    """What people judged of a seller's offers so far."""

    infringing: int = 0
    innocent: int = 0


@frozen(kw_only=True)
class Context:
    """What matching may know besides the listing and the works; handed in by desk and pipelines, never fetched.

    `medians` are by (work id, platform), `sellers` by (platform, seller's number or name), `rules` by work id,
    `official_licences` (own shops and official stores, as licences for all works) by owner. `weights` is None for
    those that ship. Works in `quarantined` flood: nothing of them is a hit, a person looks.
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
    """When a matcher is asked: stages follow each other in this order, matchers of one stage in that of their files."""

    IDENTITY = "identity"  # finds works
    BOOST = "boost"  # looks again at the works found, and may find more
    OFFENCE = "offence"  # asks of each work found what is wrong with the offer


@frozen
class Ground:
    """A reason that a matcher may give, declared once with its sentences; matchers/messages.toml has none of them.

    `key` is stored with findings and named in weights.toml: write it as a literal, so that a search finds it. `weight`
    is what an offence ground of full strength is thought to add to the log odds before any data was seen (the prior of
    bench/fit_offence.py; in force where weights.toml has no other); None for grounds of an identity. The sentences may
    use {ours}, {theirs} and what else the finding is made with.
    """

    key: str = field(validator=validators.matches_re(r"[a-z]+(_[a-z]+)+"))
    polarity: Polarity
    weight: float | None = field()
    en: str = field(kw_only=True)
    zh: str = field(kw_only=True)

    @weight.validator
    def _has_the_sign_of_its_polarity(self, _: object, weight: float | None) -> None:
        if weight is not None and (weight < 0) != (self.polarity is Polarity.AGAINST):
            raise ValueError(f"{self.key}: a weight of {weight} does not speak {self.polarity.value} an offence")

    def sentence(self, language: str) -> str:
        """The sentence in a language of crawler.messages.LANGUAGES, with its placeholders."""
        return self.zh if language == "zh" else self.en


Candidates = Mapping[str, Sequence[Finding]]  # the works found so far, by their ids, and what was found of each


class Matcher(Protocol):
    """What the Assessor asks. One object is built over all works and asked from any thread.

    Subclass `IdentityMatcher` or `OffenceMatcher`: they bring defaults for all that is optional, which is everything
    below `find`.

    `candidates` is empty at stage identity. At stage boost it holds every work found so far, however weakly; what a
    matcher yields there for a work *replaces* the identity findings of that work, works for which it yields nothing
    keep theirs, and works that only it has found are considered too. Whether a work is considered at all depends on
    the findings by which it was first found: boosting lifts no work over that threshold. At stage offence it holds the
    works worth judging.
    """

    name: ClassVar[str]  # unique; findings bear it, and fixtures/pairs/<name>.csv tests it
    stage: ClassVar[Stage]
    grounds: ClassVar[tuple[Ground, ...]]  # all that its findings may have: any other raises an error

    @abstractmethod
    def __init__(self, works: Sequence[Work]) -> None:
        """Prepare to be asked about these works, leaving out the retired ones."""

    @abstractmethod
    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """Findings, for and against, of each ground at most one for a work."""

    def prefetch(self, batch: Sequence[tuple[Listing, Candidates]], context: Context) -> None:
        """Prepare for `find` being asked about each of these: many looked up at once take less time. Changes no answer.

        It is not called before every `find`, and never by two threads at a time.
        """
        return

    @classmethod
    def open_index(cls, works: Sequence[Work], folder: Path) -> str:
        """Open what is kept for these works in a folder, or extend or build it: "opened", "extended" or "built".

        Called before matchers over the same sequence are built. The folder belongs to all matchers: names of files
        begin with the matcher's name, but for those of `title`, which had the folder first. "" where nothing is kept.
        """
        return ""

    @classmethod
    def index_digest(cls, works: Sequence[Work]) -> str:
        """A digest of all that the index holds of the works: machines share one of the same digest. "" without one."""
        return ""

    @classmethod
    def prefilter_keys(cls, work: Work) -> Iterable[str]:
        """Strings of which a stored listing holds at least one (in title, text, file names or identifiers) if this
        matcher finds the work in it.

        With new works, only stored listings are compared that hold one (matchers/prefilter.py), or a name or a picture
        of the works.
        """
        return ()


class IdentityMatcher(Matcher):
    """The base of matchers that recognise works."""

    stage = Stage.IDENTITY


class OffenceMatcher(Matcher):
    """The base of matchers that judge the offer of one work at a time, whatever else the listing carries."""

    stage = Stage.OFFENCE

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works_by_id(works)

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """What `judge` yields for each candidate."""
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
