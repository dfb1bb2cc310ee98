"""Explains one hit line by line: which work, why, what is wrong with the offer, how certain that is, and what would
change the decision.

The offence is shown as a sum of weighted grounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from crawler.items import Decision, Finding, Hit, Listing, Polarity, Question, ShareCheck, Work
from crawler.messages import render_message
from crawler.store import Store
from matchers.decision import LICENCE_MATCHER, Term, calibrated_probability, offence_terms
from matchers.signals.work_type import work_type
from matchers.weights import Bounds, Weights, default_weights
from screening.match_context import current_weights


def explain_hit(store: Store, hit: Hit, language: str) -> Iterator[str]:
    """The explanation of a hit, line by line."""
    work = store.works.get_many([hit.work_id])[hit.work_id]
    weights = current_weights(store) or default_weights()
    listing = hit.listing
    yield f"{hit.id}  {_say(f'decision_{hit.decision.value}', language)}"
    yield f"{listing.title}\n{listing.url}"
    yield _say("told_offer", language, platform=listing.platform, **_seller_and_price(listing, language))
    yield _say("told_work", language, id=work.id, title=work.title, owner=work.owner or work.publisher or "-")
    yield from _identity_lines(hit, weights, language)
    yield from _offence_lines(hit, weights, language)
    yield from _decision_lines(hit, work, weights, language)
    yield from _share_lines(hit, store.shares.share_history(listing.links), language)
    yield from _judgement_lines(store, hit, language)


def _identity_lines(hit: Hit, weights: Weights, language: str) -> Iterator[str]:
    yield _say("told_identity", language, probability=f"{hit.identity:.2f}")
    for finding in hit.findings:
        if finding.question is Question.IDENTITY:
            sign = "+" if finding.polarity is Polarity.FOR else "-"
            chance = (
                calibrated_probability(finding, weights) if finding.polarity is Polarity.FOR else finding.probability
            )
            yield f"  {sign} {chance:.2f} {finding.matcher}: {finding.why}{_comparison(finding, language)}"


def _offence_lines(hit: Hit, weights: Weights, language: str) -> Iterator[str]:
    """The sum of the offence: start, contribution of each ground (weight x strength), total, probability."""
    channel = hit.listing.kind.value
    terms = offence_terms(hit.findings, channel, weights)
    total = sum(term.contribution for term in terms)
    yield _say("told_offence", language, probability=f"{hit.offence:.2f}")
    start = _say("told_start", language, kind=_say(f"kind_{channel}", language))
    yield f"  {terms[0].contribution:+5.2f}  {start}"
    strongest = _strongest_by_ground(hit.findings)
    for term in sorted(terms[1:], key=lambda term: -abs(term.contribution)):
        finding = strongest.get(term.ground)
        why = f"{finding.matcher}: {finding.why}" if finding else term.ground
        weight_text = _say("told_weighed", language, weight=f"{term.weight:.2f}", strength=f"{term.strength:.2f}")
        yield f"  {term.contribution:+5.2f}  {why}  ({weight_text})"
    yield f"  {total:+5.2f}  {_say('told_sum', language, probability=f'{hit.offence:.2f}')}"


def _strongest_by_ground(findings: Sequence[Finding]) -> dict[str, Finding]:
    strongest: dict[str, Finding] = {}
    for finding in sorted(findings, key=lambda finding: finding.probability):
        if finding.question is Question.OFFENCE:
            strongest[finding.ground or finding.matcher] = finding
    return strongest


def _decision_lines(hit: Hit, work: Work, weights: Weights, language: str) -> Iterator[str]:
    """How the decision follows from identity and offence, and what would change it."""
    channel = hit.listing.kind.value
    bounds = weights.bounds_of(channel, work_type(work).value)
    values = {"identity": f"{hit.identity:.2f}", "offence": f"{hit.offence:.2f}"}
    values |= {"product": f"{hit.identity * hit.offence:.2f}", "least": f"{bounds.identity:.2f}"}
    values |= {"offends": f"{bounds.offence:.2f}", "chance": f"{bounds.chance:.2f}", "review": f"{bounds.review:.2f}"}
    yield _say(f"told_because_{hit.decision.value}", language, **values)
    change_lines = list(_change_lines(hit, bounds, offence_terms(hit.findings, channel, weights), language))
    if change_lines:
        yield _say("told_changes", language)
        yield from (f"  {line}" for line in change_lines)


def _change_lines(hit: Hit, bounds: Bounds, terms: Sequence[Term], language: str) -> Iterator[str]:
    """The single changes that would change the decision."""
    licence = next(
        (
            finding
            for finding in hit.findings
            if finding.matcher == LICENCE_MATCHER and finding.polarity is Polarity.AGAINST
        ),
        None,
    )
    if licence is not None:
        yield _say("told_change_licence", language, why=licence.why)
        return
    total = sum(term.contribution for term in terms)
    strongest = _strongest_by_ground(hit.findings)
    needed_log_odds = _log_odds(max(bounds.offence, min(0.98, bounds.chance / max(hit.identity, 0.01))))
    is_hit = hit.decision is Decision.HIT
    for term in terms[1:]:
        total_without = total - term.contribution
        is_decisive = (
            total_without < needed_log_odds
            if is_hit
            else total_without >= needed_log_odds and hit.identity >= bounds.identity
        )
        if is_decisive and term.ground in strongest:
            yield _say("told_change_ground", language, why=strongest[term.ground].why)
    if is_hit:
        yield _say("told_change_new_licence", language, id=hit.id)
    elif hit.identity < bounds.identity:
        yield _say("told_change_identity", language, least=f"{bounds.identity:.2f}")
    elif total < needed_log_odds:
        yield _say("told_change_more", language, points=f"{needed_log_odds - total:.2f}")


def _log_odds(chance: float) -> float:
    return math.log(chance / (1.0 - chance))


def _share_lines(hit: Hit, checks: Sequence[ShareCheck], language: str) -> Iterator[str]:
    for link, state in zip(hit.listing.links, hit.share_states, strict=False):
        yield _say("told_share", language, url=link.url, code=link.code or "-", state=state)
        for check in checks:
            if (check.platform, check.share_id) == (link.platform, link.share_id):
                yield _check_line(check, language)


def _check_line(check: ShareCheck, language: str) -> str:
    at = check.at.strftime("%Y-%m-%d %H:%M:%S")
    details = {"endpoint": check.endpoint.partition("?")[0], "status": check.status, "digest": check.digest[:12]}
    return _say("told_check", language, at=at, state=check.state.value, code=check.code or "-", **details)


def _judgement_lines(store: Store, hit: Hit, language: str) -> Iterator[str]:
    for judgement in store.reviews.judgement_history(hit.id):
        key = "told_undone" if judgement.undoes else "told_judged"
        yield _say(
            key,
            language,
            verdict=judgement.verdict.value,
            by=judgement.by,
            at=f"{judgement.at:%Y-%m-%d %H:%M}",
            reason=judgement.reason,
        )
    why = store.works.quarantined_works().get(hit.work_id)
    if why:
        yield _say("told_held", language, why=why, work=hit.work_id)


def _seller_and_price(listing: Listing, language: str) -> dict[str, str]:
    """The seller and the price of a listing, as message values."""
    seller = listing.seller or listing.publisher or _say("told_nobody", language)
    if listing.price is None:
        return {"seller": seller, "price": _say("told_no_price", language)}
    return {"seller": seller, "price": f"{listing.price} {listing.currency or ''}".rstrip()}


def _comparison(finding: Finding, language: str) -> str:
    """Both sides of a finding, if they differ and its reason does not contain them; else ""."""
    sides = (finding.ours, finding.theirs)
    if not all(sides) or finding.ours == finding.theirs or all(side in finding.why for side in sides):
        return ""
    return f"  [{_say('told_compared', language, ours=finding.ours, theirs=finding.theirs)}]"


def _say(key: str, language: str, **values: object) -> str:
    return render_message("desk.cli", key, language, **values)
