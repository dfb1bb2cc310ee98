"""Renders the explanation of a hit as lines for the terminal, the offence as a sum of weighted grounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, tzinfo

from crawler.items import Finding, Listing, Polarity, ShareCheck
from crawler.messages import local_time, render_message
from crawler.pictures import problem_sentence
from desk.review.explain import Change, Explanation
from matchers.findings import finding_sentence, share_state_text


def explanation_lines(explanation: Explanation, language: str, zone: tzinfo = UTC) -> Iterator[str]:
    """Yield the lines of the explanation, with times in `zone`; the second entry holds two lines, title and address."""
    hit, work = explanation.hit, explanation.work
    listing = hit.listing
    yield f"{hit.id}  {_say(f'decision_{hit.decision.value}', language)}"
    yield f"{listing.title}\n{listing.url}"
    yield _say("told_offer", language, platform=listing.platform, **_seller_and_price(listing, language))
    yield _say("told_work", language, id=work.id, title=work.title, owner=work.owner or work.publisher or "-")
    yield from _identity_lines(explanation, language)
    yield from _offence_lines(explanation, language)
    yield from _decision_lines(explanation, language)
    yield from _share_lines(explanation, language, zone)
    yield from picture_lines(explanation, language)
    yield from _judgement_lines(explanation, language, zone)


def _identity_lines(explanation: Explanation, language: str) -> Iterator[str]:
    yield _say("told_identity", language, probability=f"{explanation.hit.identity:.2f}")
    for finding, probability in explanation.identity_reasons():
        sign = "+" if finding.polarity is Polarity.FOR else "-"
        line = f"  {sign} {probability:.2f} {finding.matcher}: {finding_sentence(finding, language)}"
        yield line + _comparison(finding, language)


def _offence_lines(explanation: Explanation, language: str) -> Iterator[str]:
    """The sum of the offence: start, contribution of each ground (weight x strength), total, probability."""
    terms, probability = explanation.offence_terms(), f"{explanation.hit.offence:.2f}"
    yield _say("told_offence", language, probability=probability)
    start = _say("told_start", language, kind=_say(f"kind_{explanation.channel}", language))
    yield f"  {terms[0].contribution:+5.2f}  {start}"
    for entry in explanation.weighted_grounds():
        term, why = entry.term, f"{entry.finding.matcher}: {finding_sentence(entry.finding, language)}"
        weight_text = _say("told_weighed", language, weight=f"{term.weight:.2f}", strength=f"{term.strength:.2f}")
        yield f"  {term.contribution:+5.2f}  {why}  ({weight_text})"
    total = sum(term.contribution for term in terms)
    yield f"  {total:+5.2f}  {_say('told_sum', language, probability=probability)}"


def _decision_lines(explanation: Explanation, language: str) -> Iterator[str]:
    """How the decision follows from identity and offence, and what would change it."""
    hit, bounds = explanation.hit, explanation.bounds
    values = {"identity": f"{hit.identity:.2f}", "offence": f"{hit.offence:.2f}"}
    values |= {"product": f"{hit.identity * hit.offence:.2f}", "least": f"{bounds.identity:.2f}"}
    values |= {"offends": f"{bounds.offence:.2f}", "chance": f"{bounds.chance:.2f}", "review": f"{bounds.review:.2f}"}
    yield _say(f"told_because_{hit.decision.value}", language, **values)
    changes = list(explanation.changes())
    if changes:
        yield _say("told_changes", language)
        yield from (f"  {_change_text(change, language)}" for change in changes)


def _change_text(change: Change, language: str) -> str:
    values = dict(change.values)
    if change.finding is not None:
        values["why"] = finding_sentence(change.finding, language)
    return _say(change.key, language, **values)


def _share_lines(explanation: Explanation, language: str, zone: tzinfo) -> Iterator[str]:
    for share in explanation.shares():
        yield _say(
            "told_share",
            language,
            url=share.link.url,
            code=share.link.code or "-",
            state=share_state_text(share.state, language),
        )
        for check in share.checks:
            yield _check_line(check, language, zone)


def picture_lines(explanation: Explanation, language: str) -> Iterator[str]:
    """Yield why pictures of the listing were not read, or not whole, and how many were not asked for."""
    for picture in explanation.unread_pictures():
        problem = problem_sentence(picture.problem, picture.problem_values, language)
        yield _say("told_picture", language, url=picture.url, problem=problem)
    if count := explanation.unfetched_pictures():
        yield _say("told_more_pictures", language, count=count)


def _check_line(check: ShareCheck, language: str, zone: tzinfo) -> str:
    at = local_time(check.at, zone, "seconds")
    details = {"endpoint": check.endpoint.partition("?")[0], "status": check.status, "digest": check.digest[:12]}
    state = share_state_text(check.state.value, language)
    return _say("told_check", language, at=at, state=state, code=check.code or "-", **details)


def _judgement_lines(explanation: Explanation, language: str, zone: tzinfo) -> Iterator[str]:
    for judgement in explanation.judgements:
        values = {"verdict": judgement.verdict.value, "by": judgement.by, "reason": judgement.reason}
        key = "told_undone" if judgement.undoes else "told_judged"
        yield _say(key, language, at=local_time(judgement.at, zone), **values)
    if explanation.quarantine_reason:
        work_id = explanation.hit.work_id
        yield _say("told_held", language, why=explanation.quarantine_reason, work=work_id)


def _seller_and_price(listing: Listing, language: str) -> dict[str, str]:
    """The seller and the price of a listing, as message values."""
    seller = listing.seller or listing.publisher or _say("told_nobody", language)
    if listing.price is None:
        return {"seller": seller, "price": _say("told_no_price", language)}
    amounts = f"{listing.price}" if listing.price_high is None else f"{listing.price}–{listing.price_high}"
    return {"seller": seller, "price": f"{amounts} {listing.currency or ''}".rstrip()}


def _comparison(finding: Finding, language: str) -> str:
    """Both sides of a finding, if they differ and its reason does not contain them; else ""."""
    sides = (finding.ours, finding.theirs)
    if (
        not all(sides)
        or finding.ours == finding.theirs
        or all(side in finding_sentence(finding, language) for side in sides)
    ):
        return ""
    return f"  [{_say('told_compared', language, ours=finding.ours, theirs=finding.theirs)}]"


def _say(key: str, language: str, **values: object) -> str:
    return render_message("desk.cli", key, language, **values)
