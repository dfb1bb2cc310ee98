"""Hits for people: as rows of an export, as a table on the terminal, and one told line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from crawler.items import Decision, Finding, Hit, Polarity, Question, ShareCheck, Work
from crawler.messages import say
from crawler.store import Filter, Store
from desk.rows import HitRow, row_of

SHOWN = (Decision.HIT, Decision.REVIEW)
_PORTION = 500


def rows(store: Store, wanted: Filter, language: str) -> Iterator[HitRow]:
    """The rows of an export, by hit id."""
    found = list(store.hits.find(wanted))
    for start in range(0, len(found), _PORTION):
        part = found[start : start + _PORTION]
        works = store.works.some(hit.work_id for hit in part)
        judgements = store.hits.judgements([hit.id for hit in part])
        for hit in part:
            yield row_of(hit, works[hit.work_id], judgements.get(hit.id), language)


def hit_table(store: Store, hits: Sequence[Hit], language: str, decisions: Sequence[Decision] = SHOWN) -> Table:
    """Hits of these decisions as a table, surest first."""
    shown = [hit for hit in hits if hit.decision in decisions]
    works = store.works.some(hit.work_id for hit in shown)
    table = Table(*(say("desk.cli", f"column_{name}", language) for name in ("hit", "listing")), show_lines=True)
    for hit in sorted(shown, key=lambda hit: (-hit.identity * hit.offence, hit.id)):
        decision = say("desk.cli", f"decision_{hit.decision.value}", language)
        left = f"[bold]{decision}[/bold] {hit.id[:8]}\n{escape(works[hit.work_id].title)}\n{hit.listing.platform}"
        right = [f"[bold]{escape(hit.listing.title)}[/bold]", f"[dim]{escape(hit.listing.url)}[/dim]"]
        right += [f"- {escape(reason)}" for reason in reasons(hit)]
        table.add_row(f"{left}\n{hit.identity:.2f} × {hit.offence:.2f}", "\n".join(right))
    return table


def reasons(hit: Hit) -> list[str]:
    """The sentences that speak for the hit, strongest first."""
    standing = [finding for finding in hit.findings if finding.polarity is Polarity.FOR]
    return [finding.why for finding in sorted(standing, key=lambda finding: -finding.probability)]


def told(hit: Hit, work: Work, language: str, checks: Sequence[ShareCheck] = ()) -> Iterator[str]:
    """A hit line by line: what, which work, each finding with what it compared, what drives said of its shares."""
    listing = hit.listing
    yield f"{hit.id}  {say('desk.cli', f'decision_{hit.decision.value}', language)}"
    yield f"{listing.title}\n{listing.url}"
    yield say(
        "desk.cli", "told_work", language, id=work.id, title=work.title, owner=work.owner or work.publisher or "-"
    )
    for question in Question:
        probability = hit.identity if question is Question.IDENTITY else hit.offence
        yield say("desk.cli", f"told_{question.value}", language, probability=f"{probability:.2f}")
        yield from (_finding(finding) for finding in hit.findings if finding.question is question)
    for link, state in zip(listing.links, hit.share_states, strict=False):
        yield say("desk.cli", "told_share", language, url=link.url, code=link.code or "-", state=state)
        for check in checks:
            if (check.platform, check.share_id) == (link.platform, link.share_id):
                yield _check(check, language)


def _check(check: ShareCheck, language: str) -> str:
    at = check.at.strftime("%Y-%m-%d %H:%M:%S")
    asked = {"endpoint": check.endpoint.partition("?")[0], "status": check.status, "digest": check.digest[:12]}
    return say("desk.cli", "told_check", language, at=at, state=check.state.value, code=check.code or "-", **asked)


def _finding(finding: Finding) -> str:
    sign = "+" if finding.polarity is Polarity.FOR else "-"
    compared = f"  [{finding.ours} | {finding.theirs}]" if finding.ours or finding.theirs else ""
    return f"  {sign} {finding.probability:.2f} {finding.matcher}: {finding.why}{compared}"
