"""The report of a night as Markdown and as JSON: for each platform what was asked, answered, found, and what to do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crawler.config import Config
from crawler.errors import BadInput, Problem
from crawler.health import PlatformCounts, made_counts
from crawler.messages import say
from crawler.store import Run, Store
from desk.crawling import Ran
from desk.nightreport import report_data
from desk.report import write_report
from desk.saving import saving

COLUMNS = ("asked", "answered", "blocked", "listings", "hits", "new", "changed", "gone", "returned")
SUFFIXES = (".html", ".md", ".json")


def ran_of(run: Run) -> Ran:
    """What a stored run did."""
    counts = [made_counts(name, plain) for name, plain in sorted(run.counts.items())]
    complaints = {name: plain["complaint"] for name, plain in run.counts.items() if plain.get("complaint")}
    finished = run.finished or run.started
    return Ran(run=run.id, started=run.started, finished=finished, platforms=counts, complaints=complaints)


def as_json(ran: Ran) -> dict[str, Any]:
    """The report for programs."""
    platforms = {
        each.platform: {name: getattr(each, name) for name in COLUMNS}
        | {
            "pages": dict(each.pages),
            "limits": dict(each.limits),
            "questions": forms_asked(each),
            "units_failed": each.failed,
            "units_skipped": each.skipped,
        }
        | {"healthy": each.platform not in ran.complaints, "complaint": ran.complaints.get(each.platform, "")}
        | {"problems": each.problems[:20]}
        for each in ran.platforms
    }
    times = {"started": ran.started.isoformat(), "finished": ran.finished.isoformat()}
    return {"run": ran.run, **times, "healthy": not ran.complaints, "platforms": platforms}


def forms_asked(counts: PlatformCounts) -> dict[str, dict[str, int]]:
    """What each form of question brought: {form: {asked, hits}}."""
    return {form: {"asked": number, "hits": counts.hits_by[form]} for form, number in sorted(counts.asked_by.items())}


def as_markdown(ran: Ran, language: str) -> str:
    """The report for people, in plain text."""
    heads = [say("desk.cli", f"report_{name}", language) for name in ("platform", *COLUMNS)]
    lines = [f"# {say('desk.cli', 'report_title', language)}", "", _when(ran), ""]
    lines += _complaints(ran, language)
    lines += [f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * len(COLUMNS)}"]
    for each in ran.platforms:
        lines.append(f"| {_plain(each.platform)} | {' | '.join(str(getattr(each, name)) for name in COLUMNS)} |")
    for each in ran.platforms:
        lines += _of_platform(each, ran.complaints.get(each.platform), language)
    return "\n".join(lines) + "\n"


def save(path: Path, store: Store, ran: Ran, config: Config) -> None:
    """Write the report, by suffix .html, .md or .json. Raises BadInput."""
    if path.suffix == ".html":
        write_report(path, report_data(store, ran, config))
        return
    if path.suffix not in SUFFIXES:
        raise BadInput(Problem(file=str(path), message=say("desk.cli", "report_suffix", config.language)))
    text = as_markdown(ran, config.language) if path.suffix == ".md" else _dumped(ran)
    with saving(path, config.language) as file:
        file.write(text.encode("utf-8", "replace"))


def _dumped(ran: Ran) -> str:
    return json.dumps(as_json(ran), ensure_ascii=False, indent=2) + "\n"


def _complaints(ran: Ran, language: str) -> list[str]:
    if not ran.complaints:
        return [say("desk.cli", "report_healthy", language), ""]
    return [f"- **{_plain(complaint)}**" for complaint in ran.complaints.values()] + [""]


def _of_platform(counts: PlatformCounts, complaint: str | None, language: str) -> list[str]:
    pages = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.pages.items())) or "-"
    lines = ["", f"## {_plain(counts.platform)}", "", f"{say('desk.cli', 'report_pages', language)}: {pages}"]
    if counts.limits:
        cut = ", ".join(f"{number} {limit}" for limit, number in sorted(counts.limits.items()))
        lines += ["", f"{say('desk', 'report_cut', language)} {cut}"]
    if counts.asked_by:
        rows = [f"{form} {each['hits']}/{each['asked']}" for form, each in forms_asked(counts).items()]
        lines += ["", f"{say('desk', 'report_forms', language)} {', '.join(rows)}"]
    if complaint:
        lines += ["", _plain(complaint)]
    shown: Sequence[str] = counts.problems[:10]
    return lines + ([""] if shown else []) + [f"- `{_plain(problem)[:300]}`" for problem in shown]


def _when(ran: Ran) -> str:
    return f"{ran.run}: {ran.started:%Y-%m-%d %H:%M} - {ran.finished:%Y-%m-%d %H:%M} UTC"


def _plain(text: str) -> str:
    """Text from the web as text of a table: no cell ends, no line breaks, no code ends."""
    return " ".join(text.replace("|", "¦").replace("`", "'").replace("<", "‹").split())
