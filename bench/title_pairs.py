"""Pairs of a listing and a work with what the title engine sees in them: what weights are fitted on and judged by.

Names that claim the same characters share one chance (matchers/titles/ranking.py), so how much a pair's rivals count
hangs on the weights: `weigh_rivals` works it out anew for given ones.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define

from bench.titles import DATA, rows, work_of
from crawler.items import Listing, ListingKind, Work
from matchers.title_findings import MAX_TITLE_PROBABILITY
from matchers.titles import title_matcher, token_overlap
from matchers.titles.index.arrays import IndexArrays
from matchers.titles.index.build import open_index
from matchers.titles.ranking import RivalSpan, rival_log_odds
from matchers.titles.scoring import MAX_LOG_ODDS, log_odds, probability

MADE = "made "  # the names of sets that make_registry.py wrote begin so
LEAST = 0.005  # so weak pairs are fitted too, or the map would know only what it believed before
BATCH = 128

Weights = Mapping[str, Mapping[str, float]]


@define(kw_only=True)
class Pair:
    """A work found for a query. `map`: what judges it; `most`: what caps its probability; `vetoes`: their kinds."""

    of_set: str
    query: str
    work: str
    channel: str
    map: str
    features: dict[str, float]
    most: float
    vetoes: tuple[str, ...]
    is_right: bool
    is_neutral: bool
    span: tuple[int, int]

    def chance(self, weights: Weights) -> float:
        """The identity that these weights give it."""
        right = total_odds(self, weights)
        return MAX_TITLE_PROBABILITY * self.most * right / (1.0 + right) * self.left(weights)

    def left(self, weights: Weights) -> float:
        """What its vetoes leave."""
        left = 1.0
        for kind in self.vetoes:
            left *= 1.0 - weights["vetoes"][kind]
        return left


def every_pair(streams: Sequence[Path]) -> list[Pair]:
    """The pairs of all sets and of made registries."""
    title_matcher.MIN_PROBABILITY = token_overlap.MIN_PROBABILITY = LEAST
    pairs: list[Pair] = []
    for name in sorted(path.name for path in (DATA / "sets").iterdir()):
        pairs.extend(collected(name, [work_of(row) for row in rows(name, "registry")], rows(name, "queries")))
    for number, stream in enumerate(streams):
        read = {part: [json.loads(line) for line in (stream / f"{part}.jsonl").open(encoding="utf-8")]
                for part in ("registry", "queries")}  # fmt: skip
        works = [work_of(row) for row in read["registry"]]
        index = open_index(works, stream / "index").arrays
        pairs.extend(collected(f"{MADE}{number}", works, read["queries"], index))
    return pairs


def collected(
    name: str, works: list[Work], queries: list[dict[str, Any]], index: IndexArrays | None = None
) -> Iterable[Pair]:
    """All candidates for each query."""
    titles = title_matcher.TitleMatcher(works, index)
    for number, query in enumerate(queries):
        if number % BATCH == 0:
            titles.prefetch((each["text"], None) for each in queries[number : number + BATCH])
        gold = set(query["gold"]) if isinstance(query["gold"], list) else {query["gold"]}
        creators = (query["creator"],) if query.get("creator") else ()
        listing = Listing(platform="bench", kind=ListingKind.OFFER, url="row:1", title=query["text"], creators=creators)
        for one in titles.find([query["text"]], listing):
            work = works[one.work_index].id
            yield Pair(
                of_set=name,
                query=query["query_id"],
                work=work,
                channel=one.channel,
                map=one.model,
                features=dict(one.features),
                most=one.probability / probability(one.model, one.features),
                vetoes=tuple(veto.kind for veto in one.contradictions),
                is_right=work in gold,
                is_neutral=work in (query.get("ignore") or ()),
                span=one.span,
            )


def weigh_rivals(pairs: Iterable[Pair], weights: Weights) -> None:
    """Sets the feature `against` of all spelled pairs to what these weights make of their rivals."""
    texts: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.channel == "spelled":
            texts[pair.of_set, pair.query].append(pair)
    for together in texts.values():
        claims = []
        for pair in together:
            pair.features["against"] = 0.0
            claimed = total_odds(pair, weights) * pair.left(weights)
            claims.append(RivalSpan(hash(pair.work), *pair.span, claimed))
        for pair, others in zip(together, rival_log_odds(claims), strict=True):
            pair.features["against"] = others


def total_odds(pair: Pair, weights: Weights) -> float:
    """As `odds` of matchers.titles.scoring, for other weights than the stored ones."""
    return math.exp(max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, log_odds(weights, pair.map, pair.features))))


def predictions(pairs: Iterable[Pair], weights: Weights) -> dict[str, dict[str, float]]:
    """What the scorer wants: for each query the works and their scores."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for pair in pairs:
        score = pair.chance(weights)
        found[pair.query][pair.work] = max(score, found[pair.query].get(pair.work, 0.0))
    return found
