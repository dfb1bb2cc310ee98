"""The front door of matching: two protocols, the Context they are asked in, and how the modules are found.

A module in matchers/identity answers "which registered work does this listing carry?"; a module in matchers/offence
answers "what makes this offer an infringement?". Both return findings with a reason. A file in the folder is the
registration: it defines `NAME`, and a class `Matcher` (identity) or a function `judge` (offence).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from crawler.items import Finding, Listing, Work


@frozen(kw_only=True)
class Context:
    """What matching may know besides the listing and the works; handed in by desk and pipelines, never fetched."""

    now: datetime = field(factory=lambda: datetime.now(UTC))
    language: str = "en"


class Identifies(Protocol):
    """Built once over all works, asked often."""

    def __init__(self, works: Sequence[Work]) -> None:
        """Index the works that are not retired."""

    def find(self, listing: Listing, context: Context) -> Iterable[Finding]:
        """Findings (for and against) about every work that the listing may carry."""


@runtime_checkable
class ReadsAhead(Protocol):
    """A matcher that is quicker when it knows what it will be asked."""

    def warm(self, listings: Sequence[Listing]) -> None:
        """These listings come next. Changes no answer."""


type_judge = Callable[[Listing, Work, Context], Iterable[Finding]]


def modules(package: str) -> list[ModuleType]:
    """The modules of `matchers.identity` or `matchers.offence`, by name; those beginning with _ are helpers."""
    folder = import_module(package)
    names = sorted(found.name for found in pkgutil.iter_modules(folder.__path__) if not found.name.startswith("_"))
    return [import_module(f"{package}.{name}") for name in names]
