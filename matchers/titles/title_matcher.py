"""Finds which registered titles texts name, with what probability, and what contradicts each.

The matcher is built once over the works and shared by all callers with the same works; texts are best looked up in
batches (`prefetch`). Names of one or two characters need a second reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np
from attrs import frozen

from crawler.items import Listing, Work
from crawler.text import fold
from matchers.titles.analysis import AnalysedText, analyse
from matchers.titles.contradictions import (
    Contradiction,
    find_contradictions,
    lexicon_contradictions,
    text_contradictions,
)
from matchers.titles.corroboration import CreatorIndex, find_corroboration
from matchers.titles.features import (
    NO_CORROBORATION,
    SHORT_NAME_INFORMATION,
    Corroboration,
    corroboration_features,
    is_tiny,
    match_features,
    model_of,
)
from matchers.titles.index.arrays import IndexArrays
from matchers.titles.index.build import open_index
from matchers.titles.index.lookup import NameIndex
from matchers.titles.index.pruning import PRODUCT_MODEL
from matchers.titles.name_matches import NameHit, NameMatch
from matchers.titles.ranking import RivalSpan, lead_odds, rival_log_odds, select_hits
from matchers.titles.scoring import MIN_BARE_PROBABILITY, MIN_PROBABILITY, odds, probability
from matchers.titles.textbooks import TextbookIndex, TextbookMatch, is_other_textbook
from matchers.titles.title_names import Name, first_name
from matchers.titles.token_overlap import TokenOverlapIndex
from matchers.titles.token_similarity import Similarity

MAX_UNSUPPORTED_PROBABILITY = 0.38  # the most that a name of one or two characters reaches without a second reason
# The same if nothing but noise stands beside the name. Of 770 such pairs of the benchmark .89 were right, but its
# registries are small: among many works there are more namesakes. So a person reviews it.
MAX_LONE_NAME_PROBABILITY = 0.6
# Kinds of works whose names shops put in their own words (brand, model, extras): similar words are stronger evidence.
PRODUCT_KINDS = frozenset({"product", "goods", "device", "toy"})
SURE_PROBABILITY = 0.8  # if a spelled-out name reaches this, the text is not compared word by word


@frozen(kw_only=True)
class Candidate:
    """A work (its position in the sequence) that a text names. `span` holds offsets into texts[text_index].

    `channel`: spelled, loose or school; `model`: the model of weights.toml that judged the features.
    """

    work_index: int
    name: Name
    channel: str
    model: str
    text_index: int
    span: tuple[int, int]
    quote: str
    edits: int
    is_homophone: bool
    probability: float
    corroboration: Corroboration
    rival_count: int
    contradictions: tuple[Contradiction, ...]
    features: dict[str, float]


@frozen(kw_only=True)
class _Draft:
    """A name match with all that is known about it except its rivals."""

    name_match: NameMatch
    corroboration: Corroboration
    contradictions: tuple[Contradiction, ...]
    features: dict[str, float]
    model: str
    odds: float
    minimum_odds: float  # `lead_odds`

    def rival_span(self) -> RivalSpan:
        """The positions it claims, with its odds after contradictions."""
        remaining_odds = self.odds
        for contradiction in self.contradictions:
            remaining_odds *= 1.0 - contradiction.probability
        return RivalSpan(self.name_match.name.work_index, self.name_match.start, self.name_match.end, remaining_odds)


class TitleMatcher:
    """A title matcher, built once over works (retired ones left out) and queried often; its caches only save time."""

    def __init__(self, works: Sequence[Work], arrays: IndexArrays | None = None) -> None:
        self.works = works
        self._index = NameIndex(works, arrays)
        self._is_product = np.array([_is_product(work) for work in works], dtype=bool)
        self._token_overlap = TokenOverlapIndex(self._index, self._is_product)
        self._textbooks = TextbookIndex(works)
        self._creators = CreatorIndex(works)

    def find(self, texts: Sequence[str], listing: Listing | None = None) -> list[Candidate]:
        """The works that `texts` name, best first, each once a text. The listing's other fields are second reasons."""
        candidates = [
            candidate
            for text_index, text in enumerate(texts)
            if text
            for candidate in self._text_candidates(text_index, analyse(text), listing)
        ]
        return sorted(
            candidates, key=lambda candidate: (-candidate.probability, candidate.work_index, candidate.text_index)
        )

    def prefetch(self, queries: Iterable[tuple[str, Listing | None]], descriptions: Iterable[str] = ()) -> None:
        """Looks up many texts at once, each with the listing that `find` will get, so that `find` is faster for each of
        them; changes no result. In `descriptions` only names are looked up, as `find` does in all texts but the first.
        """
        analysed = [(analyse(text), listing) for text, listing in queries if text]
        distinct_texts = list(dict.fromkeys(item for item, _ in analysed))
        self._index.prefetch(list(dict.fromkeys((*distinct_texts, *map(analyse, filter(None, descriptions))))))
        named_texts = {item for item in distinct_texts if self._is_fully_named(item)}
        overlap_queries = dict.fromkeys(
            (item, self._creators.may_corroborate(item, listing))
            for item, listing in analysed
            if item not in named_texts
        )
        self._token_overlap.prefetch(list(overlap_queries))

    def bare_matches(self, text: str, form: str) -> list[tuple[NameHit, NameMatch]]:
        """The bare names of this form (title_names.py) that are spelled exactly in the text."""
        analysed = analyse(text)
        hits = self._index.lookup(analysed).bare_hits if text else []
        matches = [(hit, self._index.name_match(hit, analysed)) for hit in hits]
        return [found for found in matches if found[1].name.form == form]

    def exact_hits(self, text: str) -> list[NameHit]:
        """The full names that are spelled exactly in the text."""
        return [hit for hit in self._index.name_hits(analyse(text)) if not hit.edits]

    def weigh(self, hits: list[NameHit], text: str, listing: Listing | None) -> list[Candidate]:
        """The works of these hits in the text, as if there were no others."""
        return list(self._spelled_candidates(0, hits, analyse(text), listing)) if hits else []

    def _is_fully_named(self, text: AnalysedText) -> bool:
        """Whether an informative name is all of the text except noise: then words will hardly be compared."""
        return any(
            not hit.edits
            and hit.end - hit.start >= text.core_chars
            and self._index.han_equivalents(hit.name_id) >= SHORT_NAME_INFORMATION
            for hit in self._index.name_hits(text)
        )

    def _text_candidates(self, text_index: int, text: AnalysedText, listing: Listing | None) -> Iterator[Candidate]:
        best: dict[int, Candidate] = {}
        for candidate in self._spelled_candidates(text_index, self._index.name_hits(text), text, listing):
            _keep_best(best, candidate)
        for book in self._textbooks.find(text):
            _keep_best(best, self._textbook_candidate(text_index, book, text))
        is_title = text_index == 0 or listing is None
        if is_title and not any(_rank(candidate)[0] >= SURE_PROBABILITY for candidate in best.values()):
            named_works = {
                item.work_index
                for item in best.values()
                if item.contradictions or (item.channel == "spelled" and not item.edits)
            } | {
                # A name that is spelled out but rejected for what surrounds it is not similar either.
                self._index.work_index(hit.name_id)
                for hit in self._index.name_hits(text)
                if not (hit.edits or hit.is_disguised)
            }
            for item in self._token_overlap.find(text, self._creators.may_corroborate(text, listing)):
                similar = (
                    None
                    if item.name.work_index in named_works
                    else self._similarity_candidate(text_index, item, text, listing)
                )
                if similar:
                    _keep_best(best, similar)
        yield from best.values()

    def _spelled_candidates(
        self, text_index: int, hits: list[NameHit], text: AnalysedText, listing: Listing | None
    ) -> Iterator[Candidate]:
        selected = select_hits(self._mark_rejected(hits, text), text, self._index)
        if not selected:
            return
        long_starts = {
            hit.start
            for hit in selected
            if not hit.edits and self._index.han_equivalents(hit.name_id) >= SHORT_NAME_INFORMATION
        }
        is_only_name = len(long_starts) <= 1
        may_corroborate = self._creators.may_corroborate(text, listing)
        drafts = [
            self._build_draft(hit, text, listing, is_only_name)
            for hit in selected
            if not hit.is_below_threshold
            or (may_corroborate and self._index.has_metadata[hit.name_id])
            or lead_odds(hit, text, self._index)
        ]
        spans: dict[tuple[int, int, int], set[int]] = {}
        for draft in drafts:
            spans.setdefault(_claimed_span(draft), set()).add(draft.name_match.name.work_index)
        for draft, log_rival_odds in zip(drafts, rival_log_odds([draft.rival_span() for draft in drafts]), strict=True):
            candidate = _to_candidate(text_index, draft, text, log_rival_odds, len(spans[_claimed_span(draft)]) - 1)
            if candidate:
                yield candidate

    def _mark_rejected(self, hits: list[NameHit], text: AnalysedText) -> list[NameHit]:
        """The hits; an exact one whose surroundings leave it below the threshold is marked, so that it hides no name
        with an edit that shares its characters.
        """
        edited = [hit for hit in hits if hit.edits]
        if not edited or len(edited) == len(hits):
            return hits
        return [
            hit._replace(is_below_threshold=self._is_rejected(hit, text))
            if not hit.edits
            and not hit.is_below_threshold
            and any(other.start < hit.end and hit.start < other.end for other in edited)
            else hit
            for hit in hits
        ]

    def _is_rejected(self, hit: NameHit, text: AnalysedText) -> bool:
        name_match = self._index.name_match(hit, text)
        features = match_features(name_match, text, NO_CORROBORATION)
        return odds(model_of(name_match, features), features) < MIN_PROBABILITY / (1.0 - MIN_PROBABILITY)

    def _build_draft(self, hit: NameHit, text: AnalysedText, listing: Listing | None, is_only_name: bool) -> _Draft:
        name_match = self._index.name_match(hit, text)
        work = self.works[name_match.name.work_index]
        corroboration = find_corroboration(work, text, name_match, listing, self._creators, is_only_name)
        features = match_features(name_match, text, corroboration)
        model = model_of(name_match, features)
        match_odds = odds(model, features)
        minimum_odds = lead_odds(hit, text, self._index, corroboration.creator is not None)
        # Below the threshold the match is not reported, so its contradictions are not looked for.
        is_below_threshold = max(match_odds, minimum_odds) < MIN_PROBABILITY / (1.0 - MIN_PROBABILITY)
        return _Draft(
            name_match=name_match,
            corroboration=corroboration,
            contradictions=()
            if is_below_threshold
            else tuple(find_contradictions(name_match, text, work, corroboration)),
            features=features,
            model=model,
            odds=match_odds,
            minimum_odds=minimum_odds,
        )

    def _similarity_candidate(
        self, text_index: int, similarity: Similarity, text: AnalysedText, listing: Listing | None
    ) -> Candidate | None:
        work = self.works[similarity.name.work_index]
        if is_tiny(similarity.name) or is_other_textbook(work.title, text.original):
            return None
        whole_text = NameMatch(name=similarity.name, start=0, end=1, edits=1)
        corroboration = find_corroboration(work, text, whole_text, listing, self._creators, True)
        features = similarity.features | corroboration_features(corroboration)
        model = PRODUCT_MODEL if self._is_product[similarity.name.work_index] else similarity.model
        chance = probability(model, features)
        if chance < (min(MIN_PROBABILITY, MIN_BARE_PROBABILITY) if similarity.is_bare else MIN_PROBABILITY):
            return None
        contradictions = tuple(text_contradictions(similarity.name, text, work, corroboration))
        return _whole_text_candidate(
            text_index, ("loose", model), similarity.name, text, chance, features, contradictions, corroboration
        )

    def _textbook_candidate(self, text_index: int, book: TextbookMatch, text: AnalysedText) -> Candidate:
        name = first_name(book.work_index, self.works[book.work_index])
        chance = probability("school", book.features)
        contradictions = tuple(lexicon_contradictions(name, text))
        return _whole_text_candidate(
            text_index, ("school", "school"), name, text, chance, book.features, contradictions, Corroboration()
        )


def _is_product(work: Work) -> bool:
    return work.kind is not None and _is_product_kind(work.kind)


@lru_cache(maxsize=256)
def _is_product_kind(kind: str) -> bool:
    return fold(kind) in PRODUCT_KINDS


def _to_candidate(
    text_index: int, draft: _Draft, text: AnalysedText, log_rival_odds: float, rival_count: int
) -> Candidate | None:
    """The candidate with its probability against its rivals (`rival_odds`, from `rival_log_odds`); None if it is below
    MIN_PROBABILITY.

    The rule for short names without a second reason is applied here, as no weight can express it.
    """
    name_match, features = draft.name_match, draft.features
    is_unsupported = is_tiny(name_match.name) and not draft.corroboration.has_second_reason()
    max_probability = (
        (MAX_LONE_NAME_PROBABILITY if "all" in features else MAX_UNSUPPORTED_PROBABILITY) if is_unsupported else 1.0
    )
    own_odds = max(draft.odds, draft.minimum_odds)
    chance = max_probability * own_odds / (own_odds + math.exp(log_rival_odds))
    if chance < MIN_PROBABILITY:
        return None
    span = text.span(name_match.start, name_match.end)
    return Candidate(
        work_index=name_match.name.work_index,
        name=name_match.name,
        channel="spelled",
        model=draft.model,
        text_index=text_index,
        span=span,
        quote=text.original[span[0] : span[1]],
        edits=name_match.edits,
        is_homophone=name_match.is_homophone,
        probability=chance,
        corroboration=draft.corroboration,
        rival_count=rival_count,
        contradictions=draft.contradictions,
        features=features | {"against": log_rival_odds},
    )


def _whole_text_candidate(
    text_index: int,
    channel: tuple[str, str],
    name: Name,
    text: AnalysedText,
    chance: float,
    features: dict[str, float],
    contradictions: tuple[Contradiction, ...],
    corroboration: Corroboration,
) -> Candidate:
    return Candidate(
        work_index=name.work_index,
        name=name,
        channel=channel[0],
        model=channel[1],
        text_index=text_index,
        span=(0, len(text.original)),
        quote=text.original,
        edits=int(channel[0] == "loose"),
        is_homophone=False,
        probability=chance,
        corroboration=corroboration,
        rival_count=0,
        contradictions=contradictions,
        features=features,
    )


def _keep_best(best: dict[int, Candidate], candidate: Candidate) -> None:
    previous = best.get(candidate.work_index)
    if previous is None or _rank(candidate) > _rank(previous):
        best[candidate.work_index] = candidate


def _rank(candidate: Candidate) -> tuple[float, float]:
    remaining_share = 1.0
    for contradiction in candidate.contradictions:
        remaining_share *= 1.0 - contradiction.probability
    return candidate.probability * remaining_share, candidate.probability


def _claimed_span(draft: _Draft) -> tuple[int, int, int]:
    return draft.name_match.start, draft.name_match.end, draft.name_match.edits


_lock = Lock()
_latest: list[TitleMatcher] = []


def title_matcher_for(works: Sequence[Work]) -> TitleMatcher:
    """The matcher over exactly this sequence; the latest one is kept."""
    with _lock:
        if not _latest or _latest[0].works is not works:
            _latest[:] = [TitleMatcher(works)]
        return _latest[0]


def open_title_matcher(works: Sequence[Work], folder: Path) -> str:
    """Makes the matcher that `title_matcher_for` returns for these works, with an index kept in `folder`.

    Returns the origin of the index: opened, extended or built.
    """
    stored = open_index(works, folder)
    with _lock:
        _latest[:] = [TitleMatcher(works, stored.arrays)]
    return stored.origin
