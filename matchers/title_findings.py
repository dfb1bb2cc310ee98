"""The findings of the title engine: what a name in a title, a text or a file name says for a work and against it.

Shared by the matchers that use the engine; each declares the grounds that it may give.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from attrs import evolve

from crawler.items import Finding, Listing, ListingKind, Work
from matchers.findings import make_finding
from matchers.matcher import Ground
from matchers.signals.work_type import WorkType, work_type
from matchers.stated_creators import (
    Agreement,
    compare_creators,
    states_author,
    states_several_works,
    with_stated_creators,
)
from matchers.title_doubts import MENTION_PROBABILITY, find_doubts, is_claimed_creator, is_in_sentence
from matchers.title_grounds import (
    CONTRADICTION_GROUNDS,
    DOUBT_GROUNDS,
    TITLE_ERROR,
    TITLE_ERROR_REASONED,
    TITLE_EXACT,
    TITLE_EXACT_REASONED,
    TITLE_IN_TEXT,
    TITLE_IN_TEXT_REASONED,
    TITLE_LOOSE,
    TITLE_LOOSE_REASONED,
    TITLE_MATCHER,
    TITLE_SCHOOL,
    TITLE_SHARED,
    TITLE_SOUND,
    TITLE_SOUND_REASONED,
)
from matchers.titles import Candidate, Contradiction, TitleMatcher

# The most that text alone can give: 97 titles of one list of books cover 212 works.
MAX_TITLE_PROBABILITY = 0.985
TEXT_FACTOR = 0.55  # estimate: names in free text are often mentioned, not offered
APP_TEXT_FACTOR = 0.2  # estimate: an app's description tells what it works with
MIN_SUBJECT_PROBABILITY = 0.6  # of a work whose name leads the title, so that others in the description are mentioned
MAX_DOUBTED_SHARE = 0.2  # of the probability; what is left of a rival below it is no rival any more
MIN_TEXT_HAN_EQUIVALENTS = 3.0  # shorter names are not searched for in free text
_AGAINST_GROUNDS = CONTRADICTION_GROUNDS | DOUBT_GROUNDS


def title_findings(engine: TitleMatcher, listing: Listing) -> Iterator[Finding]:
    """A finding for each work that title or text name, and one against it for each contradiction or doubt.

    Creators whom the listing states in its words count like those of its own field.
    """
    stating = with_stated_creators(listing)
    candidates = [
        evolve(candidate, contradictions=tuple(_contradictions(candidate, engine.works, listing, stating)))
        for candidate in engine.find((stating.title, stating.text), stating)
        if not is_claimed_creator(candidate, stating)
    ]
    subject = next(filter(_is_subject, candidates), None)
    if subject:
        candidates = [_with_mention_doubt(candidate, subject, stating.text) for candidate in candidates]
    seen: set[int] = set()
    for candidate in sorted(candidates, key=lambda candidate: candidate.text_index):
        if candidate.work_index in seen or (
            candidate.text_index and candidate.name.han_equivalents < MIN_TEXT_HAN_EQUIVALENTS
        ):
            continue
        seen.add(candidate.work_index)
        settled = _without_doubted_rivals(candidate, candidates)
        in_app = listing.kind is ListingKind.APP
        yield from _candidate_findings(settled, engine.works[candidate.work_index], in_app)


def _contradictions(
    candidate: Candidate, works: Sequence[Work], listing: Listing, stating: Listing
) -> Iterator[Contradiction]:
    """Those of the engine, without creators who cannot be compared, and the doubts about the whole listing."""
    work = works[candidate.work_index]
    # Beside a program, whoever changed it or passes it on states himself; of a film one registers whom one likes, its
    # director or an actor; several works may have several creators.
    kind = work_type(work)
    is_creator_comparable = stating is listing or not (
        kind is WorkType.PROGRAM
        or (kind is WorkType.SHOW and not states_author(listing))
        or states_several_works(listing)
        or compare_creators(stating.creators, work.creators) is not Agreement.OTHER
    )
    for contradiction in candidate.contradictions:
        if contradiction.kind != "other_creator" or is_creator_comparable:
            yield contradiction
    yield from find_doubts(candidate, work, stating)


def _is_subject(candidate: Candidate) -> bool:
    """Whether the title is this work's, outright."""
    is_outright = candidate.channel == "spelled" and not candidate.edits and "leads" in candidate.features
    return (
        is_outright
        and not candidate.text_index
        and not candidate.contradictions
        and candidate.probability >= MIN_SUBJECT_PROBABILITY
    )


def _with_mention_doubt(candidate: Candidate, subject: Candidate, text: str) -> Candidate:
    """The candidate, doubted if a sentence of the description names it beside a title that is another work's."""
    is_other = candidate.text_index and candidate.work_index != subject.work_index
    if not is_other or not is_in_sentence(candidate, text):
        return candidate
    doubt = Contradiction(
        kind="mention", ours=candidate.name.spelled, theirs=subject.quote, probability=MENTION_PROBABILITY
    )
    return evolve(candidate, contradictions=(*candidate.contradictions, doubt))


def _without_doubted_rivals(candidate: Candidate, candidates: Sequence[Candidate]) -> Candidate:
    """The candidate as it is if those of its rivals that are contradicted count only for what is left of them."""
    if not candidate.rival_count or "against" not in candidate.features:
        return candidate
    rivals = [
        rival
        for rival in candidates
        if rival.work_index != candidate.work_index
        and (rival.text_index, rival.span) == (candidate.text_index, candidate.span)
        and "against" in rival.features
    ]
    doubted = [rival for rival in rivals if _remaining_share(rival) < MAX_DOUBTED_SHARE]
    if not doubted or candidate.contradictions:
        return candidate
    total = sum(map(_own_odds, rivals))
    kept = sum(_own_odds(rival) for rival in rivals if rival not in doubted)
    rival_odds = (math.exp(candidate.features["against"]) - 1.0) * (kept / total if total else 0.0)
    own_odds = _own_odds(candidate)
    probability = max(candidate.probability, own_odds / (own_odds + 1.0 + rival_odds))
    return evolve(candidate, probability=probability, rival_count=max(0, candidate.rival_count - len(doubted)))


def _own_odds(candidate: Candidate) -> float:
    """The odds of a candidate before its rivals."""
    chance = min(candidate.probability, MAX_TITLE_PROBABILITY)
    return chance / (1.0 - chance) * math.exp(candidate.features["against"])


def _remaining_share(candidate: Candidate) -> float:
    return math.prod(1.0 - contradiction.probability for contradiction in candidate.contradictions)


def _candidate_findings(candidate: Candidate, work: Work, in_app: bool) -> Iterator[Finding]:
    text_factor = (APP_TEXT_FACTOR if in_app else TEXT_FACTOR) if candidate.text_index else 1.0
    probability = MAX_TITLE_PROBABILITY * candidate.probability * text_factor
    corroboration = candidate.corroboration
    stated = (corroboration.creator, corroboration.publisher, corroboration.year)
    reasons = list(dict.fromkeys(filter(None, stated)))  # a developer is its own publisher
    values: dict[str, Any] = {"reasons": reasons} if reasons else {}
    ours, theirs = candidate.name.spelled, candidate.quote
    yield make_finding(
        TITLE_MATCHER,
        work,
        _name_ground(candidate, bool(reasons)),
        probability,
        ours=ours,
        theirs=theirs,
        **values,
    )
    if candidate.rival_count:
        yield make_finding(
            TITLE_MATCHER, work, TITLE_SHARED, 0.0, ours=ours, theirs=theirs, count=candidate.rival_count
        )
    yield from contradiction_findings(TITLE_MATCHER, candidate.contradictions, work)


def contradiction_findings(matcher: str, contradictions: Sequence[Contradiction], work: Work) -> Iterator[Finding]:
    """A finding against the work for each contradiction."""
    for contradiction in contradictions:
        ground = _AGAINST_GROUNDS[contradiction.kind]
        yield make_finding(
            matcher,
            work,
            ground,
            contradiction.probability,
            ours=contradiction.ours,
            theirs=contradiction.theirs,
        )


def _name_ground(candidate: Candidate, is_reasoned: bool) -> Ground:
    if candidate.text_index:
        return TITLE_IN_TEXT_REASONED if is_reasoned else TITLE_IN_TEXT
    if candidate.channel == "school":
        return TITLE_SCHOOL
    if candidate.channel == "loose":
        return TITLE_LOOSE_REASONED if is_reasoned else TITLE_LOOSE
    if candidate.is_homophone:
        return TITLE_SOUND_REASONED if is_reasoned else TITLE_SOUND
    if candidate.edits:
        return TITLE_ERROR_REASONED if is_reasoned else TITLE_ERROR
    return TITLE_EXACT_REASONED if is_reasoned else TITLE_EXACT
