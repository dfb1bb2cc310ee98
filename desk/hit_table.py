"""Renders hits as a table for the terminal, with the reasons that support each."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from crawler.items import Decision, Hit, Polarity
from crawler.messages import render_message
from crawler.store import Store

DEFAULT_DECISIONS = (Decision.HIT, Decision.REVIEW)


def hit_table(store: Store, hits: Sequence[Hit], language: str, decisions: Sequence[Decision] = ()) -> Table:
    """A table of the hits in their order; only those of `decisions`, if any are given."""
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
    """The hits in the order to work on them: by falling expected harm (`rank`), then by id."""
    return sorted(hits, key=lambda hit: (-hit.rank, hit.id))


def supporting_reasons(hit: Hit) -> list[str]:
    """The reasons that support the hit, the strongest first."""
    supporting = [finding for finding in hit.findings if finding.polarity is Polarity.FOR]
    return [finding.why for finding in sorted(supporting, key=lambda finding: -finding.probability)]
