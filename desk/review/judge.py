"""Records verdicts on hits, one by one or from an edited export, with the rules they create, and official shops; stored
hits are redecided at once.

A verdict is never deleted: another entry withdraws it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from crawler.errors import BadInput, Problem
from crawler.items import Hit, Judgement, Licence, Verdict
from crawler.messages import render_message
from crawler.store import DecisionSnapshot, ReviewEntry, Store, StoredRule
from crawler.text import fold
from crawler.urls import canonicalize_url
from desk.review.aliases import NameRegister, alias_rule, is_in_listing
from matchers.decision import is_decided_by_person, term_strengths
from matchers.matcher import RuleKind
from matchers.weights import Weights, default_weights
from registry.fields import FieldError, parse_day, parse_text
from registry.tables import Row, Tell, read_table
from screening.match_context import build_context, current_weights
from screening.redecide_hits import redecide_hits

MIN_PHRASE_CHARS = 2  # of a phrase for a rule: a single character occurs everywhere


@frozen(kw_only=True)
class Lesson:
    """The further rules that a verdict creates: "not" about a seller or words, "infringing" a name of the work."""

    seller: bool = False
    phrase: str = ""
    alias: str = ""


@frozen(kw_only=True)
class NewVerdict:
    """One verdict to be recorded."""

    hit: Hit
    verdict: Verdict
    reason: str
    by: str
    at: datetime
    lesson: Lesson = Lesson()


def record_verdicts(store: Store, verdicts: Sequence[NewVerdict]) -> list[int]:
    """Record verdicts, create their rules and redecide stored hits. Returns the numbers of the rules."""
    weights = current_weights(store) or default_weights()
    rule_ids = store.reviews.add_reviews([_judgement_entry(new_verdict, weights) for new_verdict in verdicts])
    _redecide_works(store, {new_verdict.hit.work_id for new_verdict in verdicts}, verdicts[0].at if verdicts else None)
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


def _decision_snapshot(hit: Hit, weights: Weights) -> DecisionSnapshot | None:
    """What the program decided; None where it only repeats an earlier verdict, from which nothing can be learned."""
    if is_decided_by_person(hit.findings):
        return None
    channel = hit.listing.kind.value
    return DecisionSnapshot(
        decision=hit.decision.value,
        identity=hit.identity,
        offence=hit.offence,
        channel=channel,
        terms=term_strengths(hit.findings, channel, weights),
    )


def undo_verdict(store: Store, hit: Hit, by: str, at: datetime, reason: str = "") -> Judgement | None:
    """Withdraw the current verdict of a hit, and its rules; returns it, or None if there is none. An older "not"
    becomes current again, and so does its rule for the listing.
    """
    undone = store.reviews.undo_judgement(hit.id, by, at, reason)
    if undone is not None and undone.id is not None:
        store.reviews.withdraw_rules_of_judgement(undone.id, by, at)
        older = store.reviews.current_judgements([hit.id]).get(hit.id)
        if older is not None and older.verdict is Verdict.NOT:
            new_verdict = NewVerdict(hit=hit, verdict=older.verdict, reason=older.reason, by=older.by, at=older.at)
            store.reviews.add_rule(_taught_rules(new_verdict)[0] | {"judgement": older.id})
        _redecide_works(store, {hit.work_id}, at)
    return undone


def withdraw_rule(store: Store, number: int, by: str, at: datetime) -> StoredRule | None:
    """Withdraw a rule and redecide the hits of its work; returns it, None if there is no rule with this number. What a
    withdrawn name found stays until a rematch.
    """
    rule = store.reviews.withdraw_rule(number, by, at)
    if rule is not None:
        _redecide_works(store, {rule.work}, at)
    return rule


def check_lesson(new_verdict: NewVerdict, language: str, file: str, line: int | None = None) -> None:
    """Raise BadInput if no rule can be created from the lesson of a verdict."""
    lesson, listing = new_verdict.lesson, new_verdict.hit.listing
    problem = None
    if (lesson.seller or lesson.phrase) and new_verdict.verdict is not Verdict.NOT:
        problem = "teach_only_not"
    elif lesson.alias and new_verdict.verdict is not Verdict.INFRINGING:
        problem = "teach_only_infringing"
    elif lesson.alias and not is_in_listing(lesson.alias, listing.title, listing.text):
        problem = "teach_no_alias"
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
    if new_verdict.verdict is Verdict.INFRINGING and new_verdict.lesson.alias:
        work_id, alias = new_verdict.hit.work_id, new_verdict.lesson.alias
        return [alias_rule(work_id, alias, new_verdict.reason, new_verdict.by, new_verdict.at)]
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


def _redecide_works(store: Store, works: set[str], at: datetime | None) -> None:
    if at is not None:
        redecide_hits(store, sorted(works), build_context(store, at))


PHRASE_PREFIX, ALIAS_PREFIX = "phrase:", "alias:"


_ROUNDED_ID_RE = re.compile(r"\d+(?:[.,]\d+)?(?:e\+?\d+)?", re.IGNORECASE)  # what a spreadsheet makes of 6321e11...
VERDICT_WORDS = {verdict.value: verdict for verdict in Verdict} | {
    "侵权": Verdict.INFRINGING,
    "不侵权": Verdict.NOT,
    "不确定": Verdict.UNSURE,
}


def read_verdicts(
    path: Path,
    store: Store,
    by: str,
    at: datetime,
    language: str,
    *,
    encoding: str | None = None,
    tell: Tell = lambda _: None,
) -> list[NewVerdict]:
    """The new verdicts in a file. Raises BadInput with every problem; nothing is recorded then."""
    table = read_table(path, language, encoding=encoding, tell=tell)
    problems = list(table.problems)
    missing = [name for name in ("hit_id", "verdict") if table.columns is not None and name not in table.columns]
    message = render_message("registry", "missing_column", language)
    problems += [Problem(file=str(path), line=1, field=name, message=message) for name in missing]
    judged_rows = [row for row in table.rows if _cell_value(row, "verdict")]
    ids = [_cell_value(row, "hit_id") for row in judged_rows]
    hits, current_judgements = store.hits.get_many(ids), store.reviews.current_judgements(ids)
    new_verdicts: dict[str, NewVerdict] = {}
    register: NameRegister | None = None
    for row in judged_rows:
        try:
            new_verdict = _read_verdict(row, path, hits, by, at, language)
            if new_verdict.lesson.alias:
                register = register or NameRegister(store.works.all_works())
                new_verdict = _check_alias(new_verdict, register, path, row.line, language)
        except BadInput as error:
            problems.extend(error.problems)
            continue
        if not _is_same(new_verdict, current_judgements):
            new_verdicts[new_verdict.hit.id] = new_verdict
    if problems:
        raise BadInput(problems)
    return list(new_verdicts.values())


def _read_verdict(row: Row, path: Path, hits: Mapping[str, Hit], by: str, at: datetime, language: str) -> NewVerdict:
    hit_id, verdict_text = _cell_value(row, "hit_id"), _cell_value(row, "verdict").casefold()
    hit = hits.get(hit_id)
    if hit is None:
        key = "verdict_rounded_id" if _ROUNDED_ID_RE.fullmatch(hit_id) else "verdict_no_hit"
        message = render_message("desk", key, language, id=hit_id)
        raise BadInput(Problem(file=str(path), line=row.line, field="hit_id", message=message))
    if verdict_text not in VERDICT_WORDS:
        verdict_names = ", ".join(VERDICT_WORDS)
        message = render_message("desk", "verdict_unknown", language, text=verdict_text, known=verdict_names)
        raise BadInput(Problem(file=str(path), line=row.line, field="verdict", message=message))
    teach = _cell_value(row, "teach")
    phrase, alias = (
        teach[len(prefix) :].strip() if teach.casefold().startswith(prefix) else ""
        for prefix in (PHRASE_PREFIX, ALIAS_PREFIX)
    )
    lesson = Lesson(seller=teach.casefold() == "seller", phrase=phrase, alias=alias)
    new_verdict = NewVerdict(
        hit=hit, verdict=VERDICT_WORDS[verdict_text], reason=_cell_value(row, "reason"), by=by, at=at, lesson=lesson
    )
    check_lesson(new_verdict, language, str(path), row.line)
    return new_verdict


def _check_alias(new_verdict: NewVerdict, register: NameRegister, path: Path, line: int, language: str) -> NewVerdict:
    """The verdict, without its name if the work has it already: the same file twice changes nothing."""
    alias, work_id = new_verdict.lesson.alias, new_verdict.hit.work_id
    if register.has(alias, work_id):
        return evolve(new_verdict, lesson=evolve(new_verdict.lesson, alias=""))
    register.check(alias, work_id, language, str(path), line)
    register.add(alias, work_id)
    return new_verdict


def _is_same(new_verdict: NewVerdict, current_judgements: Mapping[str, Judgement]) -> bool:
    judgement = current_judgements.get(new_verdict.hit.id)
    is_new_lesson = new_verdict.lesson != Lesson()
    return judgement is not None and judgement.verdict is new_verdict.verdict and not is_new_lesson


def _cell_value(row: Row, name: str) -> str:
    value = row.cells.get(name)
    return "" if value is None else str(value).strip().removeprefix("'")


def licence_from_options(language: str, **options: str | None) -> Licence:
    """The licence given by command options; needs at least a platform or a seller. Raises BadInput."""
    if not options.get("platform") and not options.get("seller"):
        raise BadInput(Problem(file="works official", message=render_message("desk", "official_what", language)))
    try:
        names = {name: parse_text(options.get(name)) for name in ("platform", "seller")}
        return Licence(**names, since=parse_day(options.get("since")), until=parse_day(options.get("until")))
    except FieldError as error:
        message = render_message("registry", error.key, language, **error.values)
        raise BadInput(Problem(file="works official", message=message)) from None


def redecide_owner(store: Store, owner: str, at: datetime) -> int:
    """Redecide the stored hits of an owner's works; returns how many decisions changed."""
    works = [
        work.id for work in store.works.all_works() if owner in (work.owner, None if work.owner else work.publisher)
    ]
    return redecide_hits(store, works, build_context(store, at))
