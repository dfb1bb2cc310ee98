"""Plan a platform's search queries for a night: names of works always, names with an added seller's word where it pays.

A name of one character finds everything and a name of two almost everything, so those are searched together with a
creator, or not at all where none is known. The forms with added words are data (forms.toml). The yield of a form on a
platform is the number of hits its queries led to, divided by the number of queries answered. A fixed part of each
night's queries explores forms that are little tried, drawn with a seed, so that a form that starts to pay is noticed.
Nothing here uses the database: yields are passed in.
"""

from __future__ import annotations

import math
import random
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources

from attrs import field, frozen, validators

from crawler.items import ListingKind, Work
from crawler.text import is_han

TITLE_FORM, ALIAS_FORM = "title", "alias"
MAX_SHORT_NAME_CHARS = 2  # not measured yet; chosen because Chinese names of two characters are everyday words


def name_queries(works: Iterable[Work], kind: ListingKind | None = None, limit: int | None = None) -> list[str]:
    """At most `limit` queries, by priority, then work id; titles of all works come before aliases.

    `kind` is what the platform lists: an app store is searched only for works that may be apps.
    """
    unique_queries: dict[str, str] = {}
    for _, query, _ in iter_name_queries(works, kind):
        unique_queries.setdefault(query.casefold(), query)
    return list(unique_queries.values())[:limit]


def iter_name_queries(works: Iterable[Work], kind: ListingKind | None) -> Iterator[tuple[str, str, Work]]:
    """Tuples of (TITLE_FORM or ALIAS_FORM, query, its work) in query order: works of high priority first."""
    askable_works = [work for work in works if work.retired_at is None and is_listable(work, kind)]
    askable_works.sort(key=lambda work: (-work.priority, work.id))
    yield from ((TITLE_FORM, query, work) for work in askable_works if (query := query_by_name(work.title, work)))
    yield from (
        (ALIAS_FORM, query, work)
        for work in askable_works
        for name in work.aliases
        if (query := query_by_name(name, work))
    )


def is_listable(work: Work, kind: ListingKind | None) -> bool:
    """Whether a work may be found on a platform that lists this kind."""
    return kind is not ListingKind.APP or work.kind in (None, "app", "game", "software")


def query_by_name(name: str, work: Work) -> str | None:
    """The query for one of a work's names; None where the name is too short to search for."""
    name = " ".join(name.split())
    if sum(character.isalnum() for character in name) > MAX_SHORT_NAME_CHARS:
        return name
    return f"{name} {work.creators[0]}" if work.creators and any(map(str.isalnum, name)) else None


# Hits per query while nothing is known; estimates, outweighed by what is learned.
PRIOR_HITS_PER_QUERY = {
    TITLE_FORM: 0.2,
    ALIAS_FORM: 0.1,
}
PRIOR_WEIGHT_QUERIES = 20  # queries that such an estimate counts as
MIN_TRIED_QUERIES = 10  # of a form on a platform, before its rate is trusted
MIN_YIELD_RATIO = 0.5  # of the titles' rate there, for a form with a word to be used every night; an estimate
DRAWS_PER_QUERY = 20  # draws per query to explore; for many works a form makes no query


@frozen
class PlannedQuery:
    """One query (`question`) and the form that made it."""

    query: str
    form: str


@frozen
class FormYield:
    """What a form yielded on a platform so far: queries answered, and hits that they led to."""

    query_count: int = 0
    hit_count: int = 0


def _listing_kinds(names: Iterable[str]) -> tuple[ListingKind, ...]:
    return tuple(ListingKind(name) for name in names)


@frozen(kw_only=True)
class QueryForm:
    """A title with something added: a seller's word, or the work's creator where `word` is empty."""

    name: str
    word: str
    script: str = field(validator=validators.in_(("han", "latin", "any")))
    kinds: tuple[str, ...] = field(converter=tuple)
    on: tuple[ListingKind, ...] = field(converter=_listing_kinds)
    source: str = field(validator=validators.min_len(10))

    def query_for(self, work: Work, kind: ListingKind | None) -> str | None:
        """This form's query for a work on a platform that lists `kind`; None where it makes none."""
        if (kind is not None and kind not in self.on) or not is_listable(work, kind):
            return None
        if work.kind is not None and work.kind not in self.kinds:
            return None
        name, added_word = query_by_name(work.title, work), self.word or next(iter(work.creators), "")
        if not name or not added_word or name.endswith(added_word) or not self._fits_script(name):
            return None
        return f"{name} {added_word}"

    def _fits_script(self, name: str) -> bool:
        return self.script == "any" or any(map(is_han, name)) == (self.script == "han")


def plan_queries(
    works: Sequence[Work],
    kind: ListingKind | None,
    limit: int,
    yields: Mapping[str, FormYield],
    seed: str,
    explore: float,
) -> list[PlannedQuery]:
    """At most `limit` queries for a platform: the best-paying first; the fraction `explore` is drawn from the rest.

    `yields` are that platform's, by form. Queries are ranked by their form's rate times (1 + priority / 10) of the
    work; on ties titles come before aliases, then work ids decide. The same arguments give the same queries.
    """
    best_queries = _drop_duplicates(sorted(_paying_queries(works, kind, yields), key=lambda pair: -pair[0]))
    explore_count = math.ceil(min(limit, len(best_queries)) * explore)
    explored_queries = list(
        _draw_queries(works, kind, {planned.query.casefold() for planned in best_queries}, explore_count, seed)
    )
    return best_queries[: limit - len(explored_queries)] + explored_queries


def yield_rate(form: str, yields: Mapping[str, FormYield]) -> float:
    """Hits per query of this form, shrunk towards the prior while little is known."""
    form_yield = yields.get(form, FormYield())
    return (form_yield.hit_count + PRIOR_HITS_PER_QUERY.get(form, 0.0) * PRIOR_WEIGHT_QUERIES) / (
        form_yield.query_count + PRIOR_WEIGHT_QUERIES
    )


def is_paying(form: str, yields: Mapping[str, FormYield]) -> bool:
    """Whether a form with a word is used every night: tried often enough, and MIN_YIELD_RATIO of the titles' rate."""
    is_tried = yields.get(form, FormYield()).query_count >= MIN_TRIED_QUERIES
    return is_tried and yield_rate(form, yields) >= MIN_YIELD_RATIO * yield_rate(TITLE_FORM, yields)


@cache
def load_forms() -> tuple[QueryForm, ...]:
    """The forms of forms.toml. Raises ValueError where a field of one is invalid."""
    table = tomllib.loads((resources.files("registry") / "forms.toml").read_text(encoding="utf-8"))
    return tuple(QueryForm(**row) for row in table["form"])


def _paying_queries(
    works: Sequence[Work], kind: ListingKind | None, yields: Mapping[str, FormYield]
) -> Iterator[tuple[float, PlannedQuery]]:
    for form, query, work in iter_name_queries(works, kind):
        yield yield_rate(form, yields) * _priority_factor(work), PlannedQuery(query, form)
    active_works = sorted((work for work in works if work.retired_at is None), key=lambda work: work.id)
    for form_with_word in (query_form for query_form in load_forms() if is_paying(query_form.name, yields)):
        form_rate = yield_rate(form_with_word.name, yields)
        for work in active_works:
            if worded_query := form_with_word.query_for(work, kind):
                yield form_rate * _priority_factor(work), PlannedQuery(worded_query, form_with_word.name)


def _priority_factor(work: Work) -> float:
    return 1 + max(0, work.priority) / 10


def _draw_queries(
    works: Sequence[Work], kind: ListingKind | None, known_queries: set[str], count: int, seed: str
) -> Iterator[PlannedQuery]:
    """Up to `wanted` queries of works and forms drawn at random, none of them in `known_queries`, which grows."""
    generator = random.Random(seed)
    active_works = sorted((work for work in works if work.retired_at is None), key=lambda work: work.id)
    for _ in range(DRAWS_PER_QUERY * count if active_works else 0):
        if not count:
            return
        work, form = (
            active_works[generator.randrange(len(active_works))],
            load_forms()[generator.randrange(len(load_forms()))],
        )
        query = form.query_for(work, kind)
        if query and query.casefold() not in known_queries:
            known_queries.add(query.casefold())
            count -= 1
            yield PlannedQuery(query, form.name)


def _drop_duplicates(ranked: Iterable[tuple[float, PlannedQuery]]) -> list[PlannedQuery]:
    unique_queries: dict[str, PlannedQuery] = {}
    for _, planned in ranked:
        unique_queries.setdefault(planned.query.casefold(), planned)
    return list(unique_queries.values())
