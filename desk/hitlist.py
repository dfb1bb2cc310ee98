"""Hits for people: as rows of an export, and as a table on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from crawler.items import Decision, Hit, Polarity
from crawler.messages import render_message
from crawler.store import HitQuery, Store
from desk.rows import HitRow, row_of_hit, row_of_record

DEFAULT_DECISIONS = (Decision.HIT, Decision.REVIEW)


def export_rows(store: Store, query: HitQuery, language: str) -> Iterator[HitRow]:
    """The rows of an export, by hit id: straight from what is stored, since there may be very many."""
    for part, states in store.hits.find_rows(query):
        works = store.works.titles_and_owners(row.work for row in part)
        judgements = store.reviews.current_judgements([row.id for row in part if row.judged])
        for row in part:
            title, owner = works[row.work]
            yield row_of_record(row, states, title, owner, judgements.get(row.id), language)


def rows_of_hits(store: Store, hits: Sequence[Hit], language: str) -> list[HitRow]:
    """The rows of these hits, in their order."""
    works = store.works.get_many(hit.work_id for hit in hits)
    judgements = store.reviews.current_judgements([hit.id for hit in hits])
    return [row_of_hit(hit, works[hit.work_id], judgements.get(hit.id), language) for hit in hits]


def hit_table(store: Store, hits: Sequence[Hit], language: str, decisions: Sequence[Decision] = ()) -> Table:
    """Hits (of these decisions, if any are given) as a table, in their order."""
    shown_hits = [hit for hit in hits if not decisions or hit.decision in decisions]
    works = store.works.get_many(hit.work_id for hit in shown_hits)
    table = Table(
        *(render_message("desk.cli", f"column_{name}", language) for name in ("hit", "listing")), show_lines=True
    )
    for hit in shown_hits:
        decision = render_message("desk.cli", f"decision_{hit.decision.value}", language)
        judged = (
            f" [italic]{render_message('desk.cli', f'verdict_{hit.judged.value}', language)}[/italic]"
            if hit.judged
            else ""
        )
        left_cell = (
            f"[bold]{decision}[/bold]{judged} {hit.id[:8]}\n{escape(works[hit.work_id].title)}\n{hit.listing.platform}"
        )
        right_lines = [f"[bold]{escape(hit.listing.title)}[/bold]", f"[dim]{escape(hit.listing.url)}[/dim]"]
        right_lines += [f"- {escape(reason)}" for reason in supporting_reasons(hit)]
        table.add_row(f"{left_cell}\n{hit.identity:.2f} × {hit.offence:.2f}", "\n".join(right_lines))
    return table


def sort_by_harm(hits: Sequence[Hit]) -> list[Hit]:
    """Hits in the order of work."""
    return sorted(hits, key=lambda hit: (-hit.rank, hit.id))


def supporting_reasons(hit: Hit) -> list[str]:
    """The sentences that speak for the hit, strongest first."""
    supporting = [finding for finding in hit.findings if finding.polarity is Polarity.FOR]
    return [finding.why for finding in sorted(supporting, key=lambda finding: -finding.probability)]
