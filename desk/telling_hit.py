"""One hit, told so that a newcomer can answer: which work, why, what is wrong with the offer, how sure, what would
change it.

The offence is told as the sum that it is: where such listings start, what each ground adds, what comes out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from crawler.items import Decision, Finding, Hit, Listing, Polarity, Question, ShareCheck, Work
from crawler.messages import say
from crawler.store import Store
from matchers.offers.nature import nature
from matchers.weigh import LICENCE, Term, chance_of, terms_of
from matchers.weights import Bounds, Weights, shipped
from pipelines._knowing import weights_of


def told(store: Store, hit: Hit, language: str) -> Iterator[str]:
    """The hit line by line."""
    work = store.works.some([hit.work_id])[hit.work_id]
    weights = weights_of(store) or shipped()
    listing = hit.listing
    yield f"{hit.id}  {_say(f'decision_{hit.decision.value}', language)}"
    yield f"{listing.title}\n{listing.url}"
    yield _say("told_offer", language, platform=listing.platform, **_sold(listing, language))
    yield _say("told_work", language, id=work.id, title=work.title, owner=work.owner or work.publisher or "-")
    yield from _identity(hit, weights, language)
    yield from _offence(hit, weights, language)
    yield from _decision(hit, work, weights, language)
    yield from _shares(hit, store.shares.history(listing.links), language)
    yield from _judged(store, hit, language)


def _identity(hit: Hit, weights: Weights, language: str) -> Iterator[str]:
    yield _say("told_identity", language, probability=f"{hit.identity:.2f}")
    for finding in hit.findings:
        if finding.question is Question.IDENTITY:
            sign = "+" if finding.polarity is Polarity.FOR else "-"
            chance = chance_of(finding, weights) if finding.polarity is Polarity.FOR else finding.probability
            yield f"  {sign} {chance:.2f} {finding.matcher}: {finding.why}{_compared(finding, language)}"


def _offence(hit: Hit, weights: Weights, language: str) -> Iterator[str]:
    """The sum: start, what each ground adds (weight x strength), total, probability."""
    channel = hit.listing.kind.value
    terms = terms_of(hit.findings, channel, weights)
    total = sum(term.added for term in terms)
    yield _say("told_offence", language, probability=f"{hit.offence:.2f}")
    start = _say("told_start", language, kind=_say(f"kind_{channel}", language))
    yield f"  {terms[0].added:+5.2f}  {start}"
    reasons = _strongest(hit.findings)
    for term in sorted(terms[1:], key=lambda term: -abs(term.added)):
        finding = reasons.get(term.ground)
        why = f"{finding.matcher}: {finding.why}" if finding else term.ground
        weighed = _say("told_weighed", language, weight=f"{term.weight:.2f}", strength=f"{term.strength:.2f}")
        yield f"  {term.added:+5.2f}  {why}  ({weighed})"
    yield f"  {total:+5.2f}  {_say('told_sum', language, probability=f'{hit.offence:.2f}')}"


def _strongest(findings: Sequence[Finding]) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    for one in sorted(findings, key=lambda one: one.probability):
        if one.question is Question.OFFENCE:
            found[one.ground or one.matcher] = one
    return found


def _decision(hit: Hit, work: Work, weights: Weights, language: str) -> Iterator[str]:
    """How the decision follows, and what would change it."""
    channel = hit.listing.kind.value
    bounds = weights.bound(channel, nature(work).value)
    values = {"identity": f"{hit.identity:.2f}", "offence": f"{hit.offence:.2f}"}
    values |= {"product": f"{hit.identity * hit.offence:.2f}", "least": f"{bounds.identity:.2f}"}
    values |= {"offends": f"{bounds.offence:.2f}", "chance": f"{bounds.chance:.2f}", "review": f"{bounds.review:.2f}"}
    yield _say(f"told_because_{hit.decision.value}", language, **values)
    changes = list(_changes(hit, bounds, terms_of(hit.findings, channel, weights), language))
    if changes:
        yield _say("told_changes", language)
        yield from (f"  {line}" for line in changes)


def _changes(hit: Hit, bounds: Bounds, terms: Sequence[Term], language: str) -> Iterator[str]:
    """Single things that would turn the decision."""
    licence = next((one for one in hit.findings if one.matcher == LICENCE and one.polarity is Polarity.AGAINST), None)
    if licence is not None:
        yield _say("told_change_licence", language, why=licence.why)
        return
    total = sum(term.added for term in terms)
    reasons = _strongest(hit.findings)
    needed = _log_odds(max(bounds.offence, min(0.98, bounds.chance / max(hit.identity, 0.01))))
    is_hit = hit.decision is Decision.HIT
    for term in terms[1:]:
        without = total - term.added
        turns = without < needed if is_hit else without >= needed and hit.identity >= bounds.identity
        if turns and term.ground in reasons:
            yield _say("told_change_ground", language, why=reasons[term.ground].why)
    if is_hit:
        yield _say("told_change_new_licence", language, id=hit.id)
    elif hit.identity < bounds.identity:
        yield _say("told_change_identity", language, least=f"{bounds.identity:.2f}")
    elif total < needed:
        yield _say("told_change_more", language, points=f"{needed - total:.2f}")


def _log_odds(chance: float) -> float:
    return math.log(chance / (1.0 - chance))


def _shares(hit: Hit, checks: Sequence[ShareCheck], language: str) -> Iterator[str]:
    for link, state in zip(hit.listing.links, hit.share_states, strict=False):
        yield _say("told_share", language, url=link.url, code=link.code or "-", state=state)
        for check in checks:
            if (check.platform, check.share_id) == (link.platform, link.share_id):
                yield _check(check, language)


def _check(check: ShareCheck, language: str) -> str:
    at = check.at.strftime("%Y-%m-%d %H:%M:%S")
    asked = {"endpoint": check.endpoint.partition("?")[0], "status": check.status, "digest": check.digest[:12]}
    return _say("told_check", language, at=at, state=check.state.value, code=check.code or "-", **asked)


def _judged(store: Store, hit: Hit, language: str) -> Iterator[str]:
    for each in store.judgements.history(hit.id):
        key = "told_undone" if each.undoes else "told_judged"
        yield _say(
            key, language, verdict=each.verdict.value, by=each.by, at=f"{each.at:%Y-%m-%d %H:%M}", reason=each.reason
        )
    why = store.trust.quarantined().get(hit.work_id)
    if why:
        yield _say("told_held", language, why=why, work=hit.work_id)


def _sold(listing: Listing, language: str) -> dict[str, str]:
    """Who offers it, for how much."""
    by = listing.seller or listing.publisher or _say("told_nobody", language)
    if listing.price is None:
        return {"seller": by, "price": _say("told_no_price", language)}
    return {"seller": by, "price": f"{listing.price} {listing.currency or ''}".rstrip()}


def _compared(finding: Finding, language: str) -> str:
    """Both sides, where they differ and the reason does not hold them already."""
    sides = (finding.ours, finding.theirs)
    if not all(sides) or finding.ours == finding.theirs or all(side in finding.why for side in sides):
        return ""
    return f"  [{_say('told_compared', language, ours=finding.ours, theirs=finding.theirs)}]"


def _say(key: str, language: str, **values: object) -> str:
    return say("desk.cli", key, language, **values)
