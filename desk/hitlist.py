"""Hits for people: as rows of an export, and as a table on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from crawler.items import Decision, Hit, Polarity
from crawler.messages import say
from crawler.store import Filter, Store
from desk.rows import HitRow, row_of, stored_row

SHOWN = (Decision.HIT, Decision.REVIEW)


def rows(store: Store, wanted: Filter, language: str) -> Iterator[HitRow]:
    """The rows of an export, by hit id: straight from what is stored, since there may be very many."""
    for part, states in store.hits.rows(wanted):
        works = store.works.brief(row.work for row in part)
        judgements = store.judgements.standing([row.id for row in part if row.judged])
        for row in part:
            title, owner = works[row.work]
            yield stored_row(row, states, title, owner, judgements.get(row.id), language)


def rows_of(store: Store, hits: Sequence[Hit], language: str) -> list[HitRow]:
    """The rows of these hits, in their order."""
    works = store.works.some(hit.work_id for hit in hits)
    judgements = store.judgements.standing([hit.id for hit in hits])
    return [row_of(hit, works[hit.work_id], judgements.get(hit.id), language) for hit in hits]


def hit_table(store: Store, hits: Sequence[Hit], language: str, decisions: Sequence[Decision] = ()) -> Table:
    """Hits (of these decisions, if any are given) as a table, in their order."""
    shown = [hit for hit in hits if not decisions or hit.decision in decisions]
    works = store.works.some(hit.work_id for hit in shown)
    table = Table(*(say("desk.cli", f"column_{name}", language) for name in ("hit", "listing")), show_lines=True)
    for hit in shown:
        decision = say("desk.cli", f"decision_{hit.decision.value}", language)
        judged = f" [italic]{say('desk.cli', f'verdict_{hit.judged.value}', language)}[/italic]" if hit.judged else ""
        left = (
            f"[bold]{decision}[/bold]{judged} {hit.id[:8]}\n{escape(works[hit.work_id].title)}\n{hit.listing.platform}"
        )
        right = [f"[bold]{escape(hit.listing.title)}[/bold]", f"[dim]{escape(hit.listing.url)}[/dim]"]
        right += [f"- {escape(reason)}" for reason in reasons(hit)]
        table.add_row(f"{left}\n{hit.identity:.2f} × {hit.offence:.2f}", "\n".join(right))
    return table


def by_harm(hits: Sequence[Hit]) -> list[Hit]:
    """Hits in the order of work."""
    return sorted(hits, key=lambda hit: (-hit.rank, hit.id))


def reasons(hit: Hit) -> list[str]:
    """The sentences that speak for the hit, strongest first."""
    standing = [finding for finding in hit.findings if finding.polarity is Polarity.FOR]
    return [finding.why for finding in sorted(standing, key=lambda finding: -finding.probability)]
