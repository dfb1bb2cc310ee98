"""Weighted votes for the fields of a page: each source adds a value with a weight, the heaviest value wins.

Equal values add up; of equal weights the first wins. The winner keeps the name of its weightiest source, so that
everyone can see where a field was read. Weights are by kind of source and were set on one half of the sites of
bench/pages.py (`tune`); docs/benchmarks-platforms.md has the figures of the other half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from attrs import Factory, define, frozen

# What a source is worth: told to machines on purpose, told by scripts of the page's own, shown to people, guessed.
STRUCTURED_WEIGHT, MICRODATA_WEIGHT, OPENGRAPH_WEIGHT, SCRIPT_WEIGHT, LABEL_WEIGHT, VISIBLE_WEIGHT, ADDRESS_WEIGHT = (
    3.0,
    3.0,
    2.5,
    2.0,
    2.5,
    2.5,
    1.0,
)


@frozen
class Vote:
    """What one source says of a field."""

    value: Any
    source: str
    weight: float


@define
class Ballot:
    """The votes of one page, by field."""

    votes: dict[str, list[Vote]] = Factory(dict)

    def add_vote(self, field: str, value: Any, source: str, weight: float) -> None:
        """Count a vote; what is empty says nothing."""
        if value not in (None, "", (), {}, []):
            self.votes.setdefault(field, []).append(Vote(value, source, weight))

    def values(self, field: str) -> list[Any]:
        """What was said of a field, in the order it was said."""
        return [vote.value for vote in self.votes.get(field, ())]

    def winner(self, field: str, normalize: Callable[[Any], Any] | None = None) -> tuple[Any, str] | None:
        """The winning value and its source; values are one where `normalize` makes them equal."""
        key = normalize or _comparison_key
        weights: dict[Any, float] = {}
        heaviest: dict[Any, Vote] = {}
        for vote in self.votes.get(field, ()):
            group = key(vote.value)
            weights[group] = weights.get(group, 0.0) + vote.weight
            if group not in heaviest or vote.weight > heaviest[group].weight:
                heaviest[group] = vote
        if not heaviest:
            return None
        chosen = heaviest[max(heaviest, key=lambda group: weights[group])]
        return chosen.value, chosen.source


@define(kw_only=True)
class Facts:
    """Named values of one page's subject; `sources` says where each was read.

    `is_declared` is True where machines are told that the page is about one thing, `is_article` where that is a text.
    `price_element_ids` are the elements around the first shown price, by identity: () where no price is shown.
    """

    values: dict[str, Any] = Factory(dict)
    sources: dict[str, str] = Factory(dict)
    types: tuple[str, ...] = ()
    is_declared: bool = False
    is_article: bool = False
    price_element_ids: tuple[int, ...] = ()

    def set_if_missing(self, field: str, value: Any, source: str) -> None:
        """Keep a value unless it is empty or the field has one."""
        if value not in (None, "", (), {}, []) and field not in self.values:
            self.values[field], self.sources[field] = value, source

    def elect_winners(
        self, ballot: Ballot, fields: Iterable[str], normalize: Callable[[Any], Any] | None = None
    ) -> None:
        """Keep the winners of these fields."""
        for field in fields:
            winner = ballot.winner(field, normalize)
            if winner:
                self.set_if_missing(field, *winner)


def _comparison_key(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value.normalize()
    if isinstance(value, str):
        return " ".join(value.casefold().split())
    return repr(value) if isinstance(value, dict | list) else value
