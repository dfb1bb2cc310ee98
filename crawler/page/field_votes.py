"""Weighted votes for the fields of a page: each source votes for a value with a weight, the heaviest value wins.

The weights of equal values add up; on a tie the first value wins. The winner carries the name of its heaviest source,
so that everyone can see where a field was read. Weights depend on the kind of source and were set on one half of the
sites of bench/pages.py (`tune`); docs/benchmarks-platforms.md has the figures of the other half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from attrs import Factory, define, frozen

from crawler.page.forum_posts import Thread

# Weights by kind of source: markup meant for machines, the page's own scripts, text shown to people, a guess.
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
    """The value that one source gives for a field."""

    value: Any
    source: str
    weight: float


@define
class Ballot:
    """The votes of one page, by field."""

    votes: dict[str, list[Vote]] = Factory(dict)

    def add_vote(self, field: str, value: Any, source: str, weight: float) -> None:
        """Add a vote; an empty value is ignored."""
        if value not in (None, "", (), {}, []):
            self.votes.setdefault(field, []).append(Vote(value, source, weight))

    def values(self, field: str) -> list[Any]:
        """The values voted for in a field, in the order of the votes."""
        return [vote.value for vote in self.votes.get(field, ())]

    def winner(self, field: str, normalize: Callable[[Any], Any] | None = None) -> tuple[Any, str] | None:
        """The winning value and its source, None without votes; `normalize` decides which values are equal."""
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
    """The fields of a page's subject by name; `sources` says where each was read.

    `is_declared` is True if structured data says that the page is about one thing, `is_article` if that is a text.
    `price_element_ids` are the `mem_id` of the elements around the first shown price; () if no price is shown. `thread`
    holds the posts if the page is one of a forum; `byline` names who wrote the post or the page, "" if nothing says so.
    `is_offered` says that the page has a price, or belongs to a site whose listings have one.
    """

    values: dict[str, Any] = Factory(dict)
    sources: dict[str, str] = Factory(dict)
    types: tuple[str, ...] = ()
    is_declared: bool = False
    is_article: bool = False
    price_element_ids: tuple[int, ...] = ()
    thread: Thread | None = None
    byline: str = ""
    is_offered: bool = False

    def set_if_missing(self, field: str, value: Any, source: str) -> None:
        """Set a field unless `value` is empty or the field has a value already."""
        if value not in (None, "", (), {}, []) and field not in self.values:
            self.values[field], self.sources[field] = value, source

    def elect_winners(
        self, ballot: Ballot, fields: Iterable[str], normalize: Callable[[Any], Any] | None = None
    ) -> None:
        """Set each of `fields` to the winner of its votes."""
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
