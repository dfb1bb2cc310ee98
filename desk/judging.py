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
from crawler.messages import say
from crawler.store import Store
from crawler.store.judgements import Entry, Snapshot
from crawler.text import fold
from crawler.urls import canonical
from matchers import RuleKind
from matchers.weigh import snapshot_terms
from matchers.weights import Weights, shipped
from pipelines._knowing import context_of, weights_of
from pipelines._redeciding import redecide

SHORTEST = 2  # characters of a phrase that is taught: one alone stands everywhere


@frozen(kw_only=True)
class Lesson:
    """What a "not" is to teach besides this listing."""

    seller: bool = False
    phrase: str = ""


@frozen(kw_only=True)
class Said:
    """One verdict to be kept."""

    hit: Hit
    verdict: Verdict
    reason: str
    by: str
    at: datetime
    lesson: Lesson = Lesson()


def judge(store: Store, verdicts: Sequence[Said], language: str) -> list[int]:
    """Keep verdicts, teach what they teach, decide what is stored again. Returns the numbers of the rules."""
    weights = weights_of(store) or shipped()
    taught = store.judgements.add_all([_entry(said, weights) for said in verdicts])
    _decide_again(store, {said.hit.work_id for said in verdicts}, verdicts[0].at if verdicts else None, language)
    return taught


def _entry(said: Said, weights: Weights) -> Entry:
    return Entry(
        judgement=Judgement(hit=said.hit.id, verdict=said.verdict, reason=said.reason, by=said.by, at=said.at),
        snapshot=_snapshot(said.hit, weights),
        teaches=_rules(said),
        accuses=None if said.verdict is Verdict.NOT else (said.hit.work_id, canonical(said.hit.listing.url)),
    )


def _snapshot(hit: Hit, weights: Weights) -> Snapshot:
    channel = hit.listing.kind.value
    return Snapshot(
        decision=hit.decision.value,
        identity=hit.identity,
        offence=hit.offence,
        channel=channel,
        terms=snapshot_terms(hit.findings, channel, weights),
    )


def undo(store: Store, hit: Hit, by: str, at: datetime, language: str, reason: str = "") -> Judgement | None:
    """Take back the verdict that stands, and what it taught; returns it, None where none stands. An older "not"
    stands again, and teaches this listing again.
    """
    taken = store.judgements.undo(hit.id, by, at, reason)
    if taken is not None and taken.id is not None:
        store.rules.withdraw_of(taken.id, by, at)
        older = store.judgements.standing([hit.id]).get(hit.id)
        if older is not None and older.verdict is Verdict.NOT:
            said = Said(hit=hit, verdict=older.verdict, reason=older.reason, by=older.by, at=older.at)
            store.rules.add(_rules(said)[0] | {"judgement": older.id})
        _decide_again(store, {hit.work_id}, at, language)
    return taken


def withdraw(store: Store, number: int, by: str, at: datetime, language: str) -> bool:
    """Take a rule back; False where there is none of this number."""
    rule = store.rules.withdraw(number, by, at)
    if rule is None:
        return False
    _decide_again(store, {rule.work}, at, language)
    return True


def checked_lesson(said: Said, language: str, file: str, line: int | None = None) -> None:
    """Raise BadInput where a lesson cannot be taught."""
    lesson, listing = said.lesson, said.hit.listing
    problem = None
    if (lesson.seller or lesson.phrase) and said.verdict is not Verdict.NOT:
        problem = "teach_only_not"
    elif lesson.seller and not (listing.seller_id or listing.seller):
        problem = "teach_no_seller"
    elif lesson.phrase and not _stands(lesson.phrase, f"{listing.title}\n{listing.text}"):
        problem = "teach_no_phrase"
    if problem:
        raise BadInput(
            Problem(file=file, line=line, field="teach", message=say("desk", problem, language, id=said.hit.id))
        )


def _stands(phrase: str, text: str) -> bool:
    key = fold(phrase)
    return len(key) >= SHORTEST and key in fold(text)


def _rules(said: Said) -> list[dict[str, Any]]:
    if said.verdict is not Verdict.NOT:
        return []
    listing = said.hit.listing
    common = {"work": said.hit.work_id, "reason": said.reason, "by": said.by, "at": said.at}
    address = {"kind": RuleKind.LISTING.value, "value": canonical(listing.url), "shown": listing.url}
    rules = [common | {"platform": ""} | address]
    if said.lesson.seller:
        seller = listing.seller_id or listing.seller or ""
        shop = {"kind": RuleKind.SELLER.value, "value": seller, "shown": listing.seller or seller}
        rules.append(common | {"platform": listing.platform} | shop)
    if said.lesson.phrase:
        words = {"kind": RuleKind.PHRASE.value, "value": fold(said.lesson.phrase), "shown": said.lesson.phrase}
        rules.append(common | {"platform": ""} | words)
    return rules


def _decide_again(store: Store, works: set[str], at: datetime | None, language: str) -> None:
    if at is not None:
        redecide(store, sorted(works), context_of(store, at, language))
