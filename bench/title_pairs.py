"""Pairs of a listing and a work with the title matcher's features, on which weights are fitted and evaluated.

Names that claim the same characters share one probability (matchers/titles/ranking.py), so how much a pair's rivals
count depends on the weights: `weigh_rivals` recomputes it for given ones.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zlib import crc32

from ahocorasick_rs import AhoCorasick
from attrs import define

from bench.fit_runs import all_examples, fit_weights, list_words, quantise
from bench.titles import DATA, rows, work_of
from crawler.items import Listing, ListingKind, Work
from crawler.text import fold as fold_text
from matchers.signals.lexicon import Lexicon, load_lexicon
from matchers.title_findings import MAX_TITLE_PROBABILITY
from matchers.titles import analysis, title_matcher, token_overlap
from matchers.titles.analysis import AnalysedText
from matchers.titles.index import lookup
from matchers.titles.index.arrays import IndexArrays
from matchers.titles.index.build import build_arrays, open_index
from matchers.titles.ranking import RivalSpan, rival_log_odds
from matchers.titles.run_kinds import WEIGHT_STEP, weigh_run
from matchers.titles.scoring import MAX_LOG_ODDS, log_odds, probability

GENERATED_PREFIX = "made "  # prefix of the names of sets that make_registry.py wrote
MIN_PAIR_PROBABILITY = 0.005  # weak pairs are fitted too; otherwise the model would only see what it believed before
BATCH_SIZE = 128
FAMILY_FOLDS = 6  # groups of families that are left out together

Weights = Mapping[str, Mapping[str, float]]


@define(kw_only=True)
class Pair:
    """A work found for a query.

    `model`: its model; `max_probability`: the cap of its probability; `contradictions`: their kinds; `family`: of the
    query (`family_of`); `is_unseen`: found by lists that know no word of its family.
    """

    set_name: str
    query: str
    work: str
    channel: str
    model: str
    features: dict[str, float]
    max_probability: float
    contradictions: tuple[str, ...]
    family: str
    is_unseen: bool
    is_right: bool
    is_neutral: bool
    span: tuple[int, int]

    def chance(self, weights: Weights) -> float:
        """The identity probability by these weights."""
        right = pair_odds(self, weights)
        return MAX_TITLE_PROBABILITY * self.max_probability * right / (1.0 + right) * self.remaining_share(weights)

    def remaining_share(self, weights: Weights) -> float:
        """The share of the probability that its contradictions leave."""
        share = 1.0
        for kind in self.contradictions:
            share *= 1.0 - weights["vetoes"][kind]
        return share


def collect_all_pairs(streams: Sequence[Path]) -> list[Pair]:
    """The pairs of all sets and of the generated registries in `streams`."""
    title_matcher.MIN_PROBABILITY = token_overlap.MIN_PROBABILITY = MIN_PAIR_PROBABILITY
    lookup.MIN_LOG_ODDS = math.log(MIN_PAIR_PROBABILITY / (1.0 - MIN_PAIR_PROBABILITY)) - 0.001
    pairs: list[Pair] = []
    for name in sorted(path.name for path in (DATA / "sets").iterdir()):
        works = [work_of(row) for row in rows(name, "registry")]
        pairs.extend(collect_pairs(name, works, rows(name, "queries")))
        pairs.extend(collect_unseen_pairs(name, works, rows(name, "queries")))
    for number, stream in enumerate(streams):
        rows_by_part = {part: [json.loads(line) for line in (stream / f"{part}.jsonl").open(encoding="utf-8")]
                for part in ("registry", "queries")}  # fmt: skip
        works = [work_of(row) for row in rows_by_part["registry"]]
        index = open_index(works, stream / "index").arrays
        pairs.extend(collect_pairs(f"{GENERATED_PREFIX}{number}", works, rows_by_part["queries"], index))
    return pairs


def collect_pairs(
    name: str,
    works: list[Work],
    queries: list[dict[str, Any]],
    index: IndexArrays | None = None,
    is_unseen: bool = False,
) -> Iterable[Pair]:
    """All candidates for each query, as pairs."""
    titles = title_matcher.TitleMatcher(works, index)
    for number, query in enumerate(queries):
        if number % BATCH_SIZE == 0:
            titles.prefetch((row["text"], None) for row in queries[number : number + BATCH_SIZE])
        gold = set(query["gold"]) if isinstance(query["gold"], list) else {query["gold"]}
        creators = (query["creator"],) if query.get("creator") else ()
        listing = Listing(platform="bench", kind=ListingKind.OFFER, url="row:1", title=query["text"], creators=creators)
        for candidate in titles.find([query["text"]], listing):
            work = works[candidate.work_index].id
            yield Pair(
                set_name=f"{name} unseen" if is_unseen else name,
                query=query["query_id"],
                work=work,
                channel=candidate.channel,
                model=candidate.model,
                features=dict(candidate.features),
                max_probability=candidate.probability / probability(candidate.model, candidate.features),
                contradictions=tuple(contradiction.kind for contradiction in candidate.contradictions),
                family=family_of(name, query),
                is_unseen=is_unseen,
                is_right=work in gold,
                is_neutral=work in (query.get("ignore") or ()),
                span=candidate.span,
            )


def family_of(name: str, query: Mapping[str, Any]) -> str:
    """The noise family of a query: its kind of noise or wording, whatever else was done to it and in whichever set; of
    a set of real titles the set.
    """
    operator = str(query.get("op") or "").removeprefix("not_registered:").removesuffix("+obf").partition("+")[0]
    return operator if operator and not name.startswith(GENERATED_PREFIX) else name


def collect_unseen_pairs(name: str, works: list[Work], queries: list[dict[str, Any]]) -> Iterable[Pair]:
    """The pairs of a set as if the word list knew none of the words of a query's own family, as with unseen wording.

    Sets of real titles, whose wording is the same in other halves, keep all words.
    """
    arrays = build_arrays(works)
    all_words = load_lexicon("matchers.titles", "words.csv")
    families: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for query in queries:
        families[family_of(name, query)].append(query)
    for family, family_queries in families.items():
        folded_texts = [fold_text(query["text"]) for query in family_queries] if family != name else []
        used_words = {match.word for folded in folded_texts for match in all_words.find(folded)}
        lexicon = Lexicon(word for word in all_words.words() if word not in used_words)
        run_weights = fold_run_weights(family_fold(family))
        with (
            patch.object(analysis, "load_lexicon", lambda *_, lexicon=lexicon: lexicon),
            patch.object(title_matcher, "analyse", cache(AnalysedText)),
            patch.object(analysis, "run_kind", lambda run, weights=run_weights: weigh_run(run, weights)),
        ):
            yield from collect_pairs(name, works, family_queries, arrays, is_unseen=True)


def family_fold(family: str) -> int:
    """The number of the fold in which a family is left out; -1 for generated registries, which never are."""
    return -1 if family.startswith(GENERATED_PREFIX) else crc32(family.encode()) % FAMILY_FOLDS


@cache
def fold_run_weights(fold: int) -> list[list[float]]:
    """The weights of runs (fit_runs.py) fitted without any word that occurs in a query of the fold's families."""
    words = list(list_words())
    automaton = AhoCorasick(words)
    used_words: set[str] = set()
    for name in sorted(path.name for path in (DATA / "sets").iterdir()):
        for query in rows(name, "queries"):
            family = family_of(name, query)
            if family != name and family_fold(family) == fold:
                matches = automaton.find_matches_as_indexes(fold_text(query["text"]), overlapping=True)
                used_words.update(words[index] for index, _, _ in matches)
    weights: list[list[float]] = (quantise(fit_weights(all_examples(used_words))) * WEIGHT_STEP).tolist()
    return weights


def weigh_rivals(pairs: Iterable[Pair], weights: Weights) -> None:
    """Set the feature `against` of all spelled pairs to the log odds of their rivals under these weights."""
    texts: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.channel == "spelled":
            texts[pair.set_name, pair.query].append(pair)
    for rivals in texts.values():
        spans = []
        for pair in rivals:
            pair.features["against"] = 0.0
            remaining_odds = pair_odds(pair, weights) * pair.remaining_share(weights)
            spans.append(RivalSpan(hash(pair.work), *pair.span, remaining_odds))
        for pair, rival_odds in zip(rivals, rival_log_odds(spans), strict=True):
            pair.features["against"] = rival_odds


def pair_odds(pair: Pair, weights: Weights) -> float:
    """As `odds` of matchers.titles.scoring, with `weights` in place of the stored ones."""
    return math.exp(max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, log_odds(weights, pair.model, pair.features))))


def predictions(pairs: Iterable[Pair], weights: Weights) -> dict[str, dict[str, float]]:
    """For each query the works and their scores, as the scorer expects them."""
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    for pair in pairs:
        score = pair.chance(weights)
        scores[pair.query][pair.work] = max(score, scores[pair.query].get(pair.work, 0.0))
    return scores
