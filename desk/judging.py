"""A person says what a hit is: kept for ever, taken back by another line, and taught to the program where it says
"not".

"Not" teaches this listing by itself; on demand this seller of this work, or these words beside this work. Each lesson
is a rule with a number that can be withdrawn, and what is stored is decided again at once. Another verdict about the
same listing withdraws what a "not" taught of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from crawler.errors import BadInput, Problem
from crawler.items import Hit, Judgement, Verdict
from crawler.messages import render_message
from crawler.store import Store
from crawler.store.judgements import DecisionSnapshot, ReviewEntry
from crawler.text import fold
from crawler.urls import canonicalize_url
from matchers import RuleKind
from matchers.weigh import term_strengths
from matchers.weights import Weights, default_weights
from pipelines._knowing import build_context, current_weights
from pipelines._redeciding import redecide_hits

MIN_PHRASE_CHARS = 2  # characters of a phrase that is taught: one alone stands everywhere


@frozen(kw_only=True)
class Lesson:
    """What a "not" is to teach besides this listing."""

    seller: bool = False
    phrase: str = ""


@frozen(kw_only=True)
class NewVerdict:
    """One verdict to be kept."""

    hit: Hit
    verdict: Verdict
    reason: str
    by: str
    at: datetime
    lesson: Lesson = Lesson()


def record_verdicts(store: Store, verdicts: Sequence[NewVerdict], language: str) -> list[int]:
    """Keep verdicts, teach what they teach, decide what is stored again. Returns the numbers of the rules."""
    weights = current_weights(store) or default_weights()
    rule_ids = store.reviews.add_reviews([_judgement_entry(new_verdict, weights) for new_verdict in verdicts])
    _redecide_works(
        store, {new_verdict.hit.work_id for new_verdict in verdicts}, verdicts[0].at if verdicts else None, language
    )
    return rule_ids


def _judgement_entry(new_verdict: NewVerdict, weights: Weights) -> ReviewEntry:
    return ReviewEntry(
        judgement=Judgement(
            hit=new_verdict.hit.id,
            verdict=new_verdict.verdict,
            reason=new_verdict.reason,
            by=new_verdict.by,
            at=new_verdict.at,
        ),
        snapshot=_decision_snapshot(new_verdict.hit, weights),
        rules=_taught_rules(new_verdict),
        accused_listing=None
        if new_verdict.verdict is Verdict.NOT
        else (new_verdict.hit.work_id, canonicalize_url(new_verdict.hit.listing.url)),
    )


def _decision_snapshot(hit: Hit, weights: Weights) -> DecisionSnapshot:
    channel = hit.listing.kind.value
    return DecisionSnapshot(
        decision=hit.decision.value,
        identity=hit.identity,
        offence=hit.offence,
        channel=channel,
        terms=term_strengths(hit.findings, channel, weights),
    )


def undo_verdict(store: Store, hit: Hit, by: str, at: datetime, language: str, reason: str = "") -> Judgement | None:
    """Take back the verdict that stands, and what it taught; returns it, None where none stands. An older "not"
    stands again, and teaches this listing again.
    """
    undone = store.reviews.undo_judgement(hit.id, by, at, reason)
    if undone is not None and undone.id is not None:
        store.rules.withdraw_rules_of(undone.id, by, at)
        older = store.reviews.current_judgements([hit.id]).get(hit.id)
        if older is not None and older.verdict is Verdict.NOT:
            new_verdict = NewVerdict(hit=hit, verdict=older.verdict, reason=older.reason, by=older.by, at=older.at)
            store.rules.add_rule(_taught_rules(new_verdict)[0] | {"judgement": older.id})
        _redecide_works(store, {hit.work_id}, at, language)
    return undone


def withdraw_rule(store: Store, number: int, by: str, at: datetime, language: str) -> bool:
    """Take a rule back; False where there is none of this number."""
    rule = store.rules.withdraw_rule(number, by, at)
    if rule is None:
        return False
    _redecide_works(store, {rule.work}, at, language)
    return True


def check_lesson(new_verdict: NewVerdict, language: str, file: str, line: int | None = None) -> None:
    """Raise BadInput where a lesson cannot be taught."""
    lesson, listing = new_verdict.lesson, new_verdict.hit.listing
    problem = None
    if (lesson.seller or lesson.phrase) and new_verdict.verdict is not Verdict.NOT:
        problem = "teach_only_not"
    elif lesson.seller and not (listing.seller_id or listing.seller):
        problem = "teach_no_seller"
    elif lesson.phrase and not _contains_phrase(lesson.phrase, f"{listing.title}\n{listing.text}"):
        problem = "teach_no_phrase"
    if problem:
        raise BadInput(
            Problem(
                file=file,
                line=line,
                field="teach",
                message=render_message("desk", problem, language, id=new_verdict.hit.id),
            )
        )


def _contains_phrase(phrase: str, listing_text: str) -> bool:
    folded = fold(phrase)
    return len(folded) >= MIN_PHRASE_CHARS and folded in fold(listing_text)


def _taught_rules(new_verdict: NewVerdict) -> list[dict[str, Any]]:
    if new_verdict.verdict is not Verdict.NOT:
        return []
    listing = new_verdict.hit.listing
    common = {"work": new_verdict.hit.work_id, "reason": new_verdict.reason, "by": new_verdict.by, "at": new_verdict.at}
    listing_rule = {"kind": RuleKind.LISTING.value, "value": canonicalize_url(listing.url), "shown": listing.url}
    rules = [common | {"platform": ""} | listing_rule]
    if new_verdict.lesson.seller:
        seller = listing.seller_id or listing.seller or ""
        seller_rule = {"kind": RuleKind.SELLER.value, "value": seller, "shown": listing.seller or seller}
        rules.append(common | {"platform": listing.platform} | seller_rule)
    if new_verdict.lesson.phrase:
        phrase_rule = {
            "kind": RuleKind.PHRASE.value,
            "value": fold(new_verdict.lesson.phrase),
            "shown": new_verdict.lesson.phrase,
        }
        rules.append(common | {"platform": ""} | phrase_rule)
    return rules


def _redecide_works(store: Store, works: set[str], at: datetime | None, language: str) -> None:
    if at is not None:
        redecide_hits(store, sorted(works), build_context(store, at, language))
