"""Prints hits for people: two lines each, which can be copied, or a table with the reasons that support each."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from crawler.items import Decision, Hit, Polarity
from crawler.messages import render_message
from crawler.store import Store
from matchers.findings import finding_sentence

DEFAULT_DECISIONS = (Decision.HIT, Decision.REVIEW)
MIN_TABLE_COLUMNS = 120  # characters of a terminal below which a table would break addresses
WIDE_COLUMNS = 200  # characters of a table that was asked for, where the terminal has fewer
_INDENT = " " * 10  # the width of a short id and two blanks


def print_hits(console: Console, store: Store, hits: Sequence[Hit], language: str, wide: bool = False) -> None:
    """Print hits in their order: as a table on a wide terminal or if `wide`, else two lines each."""
    if wide:
        console.width = max(console.width, WIDE_COLUMNS)
        console.print(hit_table(store, hits, language))
    elif console.is_terminal and console.width >= MIN_TABLE_COLUMNS:
        console.print(hit_table(store, hits, language))
    else:
        for summary, address in hit_lines(store, hits, language):
            if console.is_terminal:
                summary.truncate(console.width, overflow="ellipsis")
            console.print(summary, Text(address, "dim"), sep="\n", soft_wrap=True, highlight=False)


def hit_lines(store: Store, hits: Sequence[Hit], language: str) -> list[tuple[Text, str]]:
    """Two lines for each hit: id, decision, verdict, work, platform, price and title; the whole address."""
    works = store.works.get_many(hit.work_id for hit in hits)
    lines = []
    for hit in hits:
        listing = hit.listing
        price = "" if listing.price is None else f"{listing.price} {listing.currency or ''}".rstrip()
        facts = [works[hit.work_id].title, listing.platform, price, listing.title]
        facts = [_judged_text(hit, language), *(" ".join(fact.split()) for fact in facts)]
        summary = Text.assemble(f"{hit.id[:8]}  ", (_decision_text(hit, language), "bold"))
        lines.append((summary.append("".join(f"  {fact}" for fact in facts if fact)), _INDENT + listing.url))
    return lines


def hit_table(store: Store, hits: Sequence[Hit], language: str) -> Table:
    """A table of the hits in their order."""
    works = store.works.get_many(hit.work_id for hit in hits)
    table = Table(
        *(render_message("desk.cli", f"column_{name}", language) for name in ("hit", "listing")), show_lines=True
    )
    for hit in hits:
        judged = f" [italic]{_judged_text(hit, language)}[/italic]" if hit.judged else ""
        left_cell = f"[bold]{_decision_text(hit, language)}[/bold]{judged} {hit.id[:8]}"
        left_cell += f"\n{escape(works[hit.work_id].title)}\n{hit.listing.platform}"
        right_lines = [f"[bold]{escape(hit.listing.title)}[/bold]", f"[dim]{escape(hit.listing.url)}[/dim]"]
        right_lines += [f"- {escape(reason)}" for reason in supporting_reasons(hit, language)]
        table.add_row(f"{left_cell}\n{hit.identity:.2f} × {hit.offence:.2f}", "\n".join(right_lines))
    return table


def _decision_text(hit: Hit, language: str) -> str:
    return render_message("desk.cli", f"decision_{hit.decision.value}", language)


def _judged_text(hit: Hit, language: str) -> str:
    return render_message("desk.cli", f"verdict_{hit.judged.value}", language) if hit.judged else ""


def shown_hits(hits: Sequence[Hit]) -> list[Hit]:
    """Those of DEFAULT_DECISIONS in the order to work on them."""
    return [hit for hit in sort_by_harm(hits) if hit.decision in DEFAULT_DECISIONS]


def sort_by_harm(hits: Sequence[Hit]) -> list[Hit]:
    """The hits in the order to work on them: by falling expected harm (`rank`), then by id."""
    return sorted(hits, key=lambda hit: (-hit.rank, hit.id))


def supporting_reasons(hit: Hit, language: str) -> list[str]:
    """The reasons that support the hit in a language, the strongest first."""
    supporting = [finding for finding in hit.findings if finding.polarity is Polarity.FOR]
    return [
        finding_sentence(finding, language) for finding in sorted(supporting, key=lambda finding: -finding.probability)
    ]
