"""The report of a run: its figures and hits collected from the store, and written as JSON, Markdown or HTML."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, timedelta, tzinfo
from pathlib import Path
from typing import Any

from crawler.blobs import BlobStore, open_blobs
from crawler.config import Config
from crawler.errors import BadInput, Problem
from crawler.health import PlatformCounts, counts_from_dict
from crawler.items import Decision
from crawler.messages import local_time, render_message
from crawler.pictures import problem_label
from crawler.store import NIGHT_RUN, NO_VERDICT, HitQuery, Run, Store
from desk.crawling import RunResult
from desk.export.atomic_write import open_atomic
from desk.nightly.html_report import PlatformRow, ReportData, ReportHit, write_report
from desk.review.explain import Explanation
from matchers.weights import default_weights
from screening.match_context import current_weights

REPORT_COLUMNS = ("asked", "answered", "blocked", "listings", "hits", "new", "changed", "gone", "returned")
REPORT_SUFFIXES = (".html", ".md", ".json")


def result_of_run(run: Run) -> RunResult:
    """The result of a stored run."""
    counts = [counts_from_dict(name, plain) for name, plain in sorted(run.counts.items())]
    complaints = {name: plain["complaint"] for name, plain in run.counts.items() if plain.get("complaint")}
    finished = run.finished or run.started
    return RunResult(run=run.id, started=run.started, finished=finished, platforms=counts, complaints=complaints)


def report_json(result: RunResult) -> dict[str, Any]:
    """The report as JSON values, for programs."""
    platforms = {
        counts.platform: {name: getattr(counts, name) for name in REPORT_COLUMNS}
        | {
            "pages": dict(counts.pages),
            "limits": dict(counts.limits),
            "picture_problems": dict(counts.picture_problems),
            "questions": question_forms(counts),
            "questions_planned": counts.planned,
            "questions_queried": counts.queried,
            "candidates": counts.candidates,
            "candidates_opened": counts.opened,
            "units_failed": counts.failed,
            "units_skipped": counts.skipped,
        }
        | {"healthy": counts.platform not in result.complaints, "complaint": result.complaints.get(counts.platform, "")}
        | {"problems": counts.problems[:20]}
        for counts in result.platforms
    }
    times = {"started": result.started.isoformat(), "finished": result.finished.isoformat()}
    return {"run": result.run, **times, "healthy": not result.complaints, "platforms": platforms}


def question_forms(counts: PlatformCounts) -> dict[str, dict[str, int]]:
    """The yield of each form of question: {form: {asked, hits}}."""
    return {form: {"asked": number, "hits": counts.hits_by[form]} for form, number in sorted(counts.asked_by.items())}


def reach_line(counts: PlatformCounts, language: str) -> str:
    """How far the night came on a platform: queried of planned, opened of candidates; "" where it asked nothing."""
    names = ("queried", "planned", "opened", "candidates")
    values = {name: getattr(counts, name) for name in names}
    return render_message("desk", "report_reach", language, **values) if any(values.values()) else ""


def picture_reasons(counts: PlatformCounts, language: str) -> str:
    """How many pictures of listings were not read, or not whole, for which reasons; "" if there are none."""
    labels: Counter[str] = Counter()
    for key, number in counts.picture_problems.items():
        labels[problem_label(key, language)] += number
    return ", ".join(f"{number} {label}" for label, number in labels.most_common())


def report_markdown(result: RunResult, language: str, zone: tzinfo = UTC) -> str:
    """The report as Markdown, for people, with times in `zone`."""
    heads = [render_message("desk.cli", f"report_{name}", language) for name in ("platform", *REPORT_COLUMNS)]
    lines = [f"# {render_message('desk.cli', 'report_title', language)}", "", _run_line(result, zone), ""]
    lines += _complaint_lines(result, language)
    lines += [f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * len(REPORT_COLUMNS)}"]
    for counts in result.platforms:
        lines.append(
            f"| {_table_text(counts.platform)} | {' | '.join(str(getattr(counts, name)) for name in REPORT_COLUMNS)} |"
        )
    for counts in result.platforms:
        lines += _platform_lines(counts, result.complaints.get(counts.platform), language)
    return "\n".join(lines) + "\n"


def save_report(path: Path, store: Store, result: RunResult, config: Config) -> None:
    """Write the report as HTML, Markdown or JSON, by the suffix of `path`. Raises BadInput for any other suffix or if
    `path` cannot be written.
    """
    if path.suffix == ".html":
        write_report(path, report_data(store, result, config))
        return
    if path.suffix not in REPORT_SUFFIXES:
        raise BadInput(Problem(file=str(path), message=render_message("desk.cli", "report_suffix", config.language)))
    text = report_markdown(result, config.language, config.zone) if path.suffix == ".md" else _json_text(result)
    with open_atomic(path, config.language) as file:
        file.write(text.encode("utf-8", "replace"))


def _json_text(result: RunResult) -> str:
    return json.dumps(report_json(result), ensure_ascii=False, indent=2) + "\n"


def _complaint_lines(result: RunResult, language: str) -> list[str]:
    if not result.complaints:
        return [render_message("desk.cli", "report_healthy", language), ""]
    return [f"- **{_table_text(complaint)}**" for complaint in result.complaints.values()] + [""]


def _platform_lines(counts: PlatformCounts, complaint: str | None, language: str) -> list[str]:
    pages = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.pages.items())) or "-"
    lines = [
        "",
        f"## {_table_text(counts.platform)}",
        "",
        f"{render_message('desk.cli', 'report_pages', language)}: {pages}",
    ]
    if reach := reach_line(counts, language):
        lines += ["", reach]
    if counts.limits:
        limited = ", ".join(f"{number} {limit}" for limit, number in sorted(counts.limits.items()))
        lines += ["", f"{render_message('desk', 'report_cut', language)} {limited}"]
    if reasons := picture_reasons(counts, language):
        lines += ["", f"{render_message('desk', 'report_pictures', language)} {reasons}"]
    if counts.asked_by:
        rows = [
            f"{form} {form_counts['hits']}/{form_counts['asked']}"
            for form, form_counts in question_forms(counts).items()
        ]
        lines += ["", f"{render_message('desk', 'report_forms', language)} {', '.join(rows)}"]
    if complaint:
        lines += ["", _table_text(complaint)]
    problems: Sequence[str] = counts.problems[:10]
    return lines + ([""] if problems else []) + [f"- `{_table_text(problem)[:300]}`" for problem in problems]


def _run_line(result: RunResult, zone: tzinfo) -> str:
    return f"{result.run}: {local_time(result.started, zone)} - {local_time(result.finished, zone)}"


def _table_text(text: str) -> str:
    """Text from the web made safe for a Markdown table: no cell separators, backticks, tags or line breaks."""
    return " ".join(text.replace("|", "¦").replace("`", "'").replace("<", "‹").split())


PREVIEW_PIXELS = 192  # longer side of a picture, twice what is shown: some screens draw finely
_PICTURED_DECISIONS = (Decision.HIT, Decision.REVIEW)  # the others are lines of a table
CHART_NIGHTS = 14  # nights on the chart of the last nights
MAX_RUNS_PER_NIGHT = 4  # runs looked at for each; of a night that was run more often the last ones


def report_data(store: Store, result: RunResult, config: Config) -> ReportData:
    """The data of the HTML report of one run."""
    run_hits = list(store.hits.find_hits(HitQuery(run=result.run)))
    works = {
        work.id: work for work in store.works.fill_pictures(store.works.get_many(h.work_id for h in run_hits).values())
    }
    new_ids = {summary.id for summary in store.hits.find_summaries(new_hit_query(result))}
    blobs, weights = open_blobs(config.store), current_weights(store) or default_weights()
    return ReportData(
        title=render_message("desk.cli", "report_title", config.language),
        started=result.started,
        finished=result.finished,
        platforms=tuple(_platform_rows(result, config.language)),
        hits=tuple(
            _report_hit(Explanation(hit=hit, work=works[hit.work_id], weights=weights), hit.id in new_ids, blobs)
            for hit in run_hits
        ),
        past=tuple(_past_nights(store)),
        language=config.language,
        zone=config.zone,
    )


def new_hit_query(result: RunResult) -> HitQuery:
    """The new hits of a run: decided as hits since it began, and judged by nobody yet."""
    just_before = result.started - timedelta(microseconds=1)  # the query leaves out what changed at its very time
    return HitQuery(run=result.run, decisions=(Decision.HIT,), verdicts=(NO_VERDICT,), changed_after=just_before)


def _platform_rows(result: RunResult, language: str) -> list[PlatformRow]:
    return [
        PlatformRow(
            name=counts.platform,
            asked=counts.asked,
            pages=counts.pages,
            limits=counts.limits,
            pictures=picture_reasons(counts, language),
            reach=reach_line(counts, language),
            listings=counts.listings,
            hits=counts.hits,
            answered=counts.answered,
            blocked=counts.blocked,
            new=counts.new,
            changed=counts.changed,
            gone=counts.gone,
            healthy=counts.platform not in result.complaints,
            note=result.complaints.get(counts.platform, ""),
        )
        for counts in result.platforms
    ]


def _past_nights(store: Store) -> list[tuple[str, int, int]]:
    """The last nights, the oldest first: date, hits, new hits.

    Of a night with several runs, a platform's hits are those of its last run, which sees them all again; what was new
    adds up.
    """
    runs = [run for run in store.runs.latest_runs(MAX_RUNS_PER_NIGHT * CHART_NIGHTS, NIGHT_RUN) if run.finished]
    hits: dict[str, dict[str, int]] = {}
    new: Counter[str] = Counter()
    for run in sorted(runs, key=lambda run: (run.night, run.started)):
        for platform, counts in run.counts.items():
            hits.setdefault(run.night, {})[platform] = counts.get("hits", 0)
            new[run.night] += counts.get("new", 0)
    return [(night, sum(hits[night].values()), new[night]) for night in sorted(hits)[-CHART_NIGHTS:]]


def _report_hit(explanation: Explanation, is_new: bool, blobs: BlobStore) -> ReportHit:
    from crawler.pictures import first_preview

    hit, work = explanation.hit, explanation.work
    if hit.decision not in _PICTURED_DECISIONS:
        return ReportHit(explanation=explanation, is_new=is_new)
    sightings = (finding.sighting for finding in hit.findings if finding.sighting is not None)
    comparison = next(
        (data for sighting in sightings if sighting.beside and (data := blobs.get(sighting.beside))), None
    )
    return ReportHit(
        explanation=explanation,
        is_new=is_new,
        listing_picture=first_preview(hit.listing.pictures, blobs.get, PREVIEW_PIXELS, "JPEG"),
        work_picture=first_preview(work.images, blobs.get, PREVIEW_PIXELS, "JPEG"),
        comparison=comparison,
    )
