"""The matcher protocols, the Context they are asked in, and how the modules that implement them are found.

A module in matchers/identity answers "which registered work does this listing carry?"; a module in matchers/offence
answers "what makes this offer an infringement?". Both return findings with a reason. A file in the folder is the
registration: it defines `NAME`, and a class `Matcher` (identity) or a function `judge` (offence)."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from importlib import import_module
from types import ModuleType
from typing import Protocol, runtime_checkable

from attrs import Factory, field, frozen

from crawler.items import Finding, Licence, Listing, Work
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


class IdentityMatcher(Protocol):
    """Built once over all works, asked often."""

    def __init__(self, works: Sequence[Work]) -> None:
        """Index the works that are not retired."""

    def find(self, listing: Listing, context: Context) -> Iterable[Finding]:
        """Findings (for and against) about every work that the listing may carry."""


@runtime_checkable
class PrefetchingMatcher(Protocol):
    """A matcher that is quicker when it knows what it will be asked."""

    def prefetch(self, listings: Sequence[Listing]) -> None:
        """These listings come next. Changes no answer."""


def matcher_modules(package: str) -> list[ModuleType]:
    """The modules of `matchers.identity` or `matchers.offence`, by name; those beginning with _ are helpers."""
    folder = import_module(package)
    names = sorted(
        module_info.name
        for module_info in pkgutil.iter_modules(folder.__path__)
        if not module_info.name.startswith("_")
    )
    return [import_module(f"{package}.{name}") for name in names]
