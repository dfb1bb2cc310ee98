"""Renders the report of a night as a single HTML file that needs no network, and no script to be complete.

Everything from the web is escaped text; the style sheet and the script, which only filters and unfolds what is there,
are allowed by their digests; pictures are data URIs of raster formats only.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import partial
from hashlib import sha256
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

from attrs import Factory, field, frozen
from jinja2 import Environment, PackageLoader, StrictUndefined

from crawler.items import Decision, Hit, Picture
from crawler.messages import local_time, render_message
from crawler.pictures import problem_sentence
from crawler.urls import readable_url
from desk.export.atomic_write import open_atomic
from desk.review.explain import Explanation
from matchers.findings import finding_sentence, share_state_text

MAX_PICTURE_BYTES = 2_000_000  # larger pictures are left out, so that a page of many hits still opens
_MEDIA_TYPE_BY_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}


@frozen(kw_only=True)
class PlatformRow:
    """The figures of one platform: units asked, pages by outcome, listings read, hits. `limits` counts what limits left
    out, by setting; `reach` says how much was queried and opened of what; `note` says why the platform is not healthy.
    """

    name: str
    asked: int
    pages: Mapping[str, int] = Factory(dict)
    limits: Mapping[str, int] = Factory(dict)
    pictures: str = ""  # how many were not read for which reasons
    reach: str = ""  # queried of planned, opened of candidates
    listings: int = 0
    hits: int = 0
    answered: int = 0
    blocked: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    healthy: bool = True
    note: str = ""


@frozen(kw_only=True)
class ReportHit:
    """A hit of any decision with its explanation, and the bytes of one picture of each side.

    `is_new`: decided as a hit in the night of the report, and judged by nobody yet.
    """

    explanation: Explanation
    is_new: bool = True
    listing_picture: bytes | None = None
    work_picture: bytes | None = None
    # Preview of the most certain picture match: query with the reference outlined, aligned part, reference.
    comparison: bytes | None = None

    @property
    def hit(self) -> Hit:
        """The hit itself."""
        return self.explanation.hit


@frozen(kw_only=True)
class ReportData:
    """The content of a report. `hits` are of all decisions; the page groups them."""

    title: str
    started: datetime
    finished: datetime | None = None
    zone: tzinfo = UTC  # of the times shown
    platforms: tuple[PlatformRow, ...] = ()
    hits: tuple[ReportHit, ...] = ()
    language: str = field(default="en")
    past: tuple[tuple[str, int, int], ...] = ()  # the last nights, each date once: date, hits, new hits

    def with_decision(self, decision: str) -> tuple[ReportHit, ...]:
        """The hits of one decision, the most probable first, then by id."""
        report_hits = (report_hit for report_hit in self.hits if report_hit.hit.decision is Decision(decision))
        return tuple(
            sorted(
                report_hits,
                key=lambda report_hit: (-report_hit.hit.identity * report_hit.hit.offence, report_hit.hit.id),
            )
        )

    def new_hits(self) -> tuple[ReportHit, ...]:
        """The new ones among the hits, in the order of `with_decision`."""
        return tuple(report_hit for report_hit in self.with_decision(Decision.HIT.value) if report_hit.is_new)

    def known_hits(self) -> tuple[ReportHit, ...]:
        """The hits that are not new, in the order of `with_decision`."""
        return tuple(report_hit for report_hit in self.with_decision(Decision.HIT.value) if not report_hit.is_new)

    @property
    def pages(self) -> Counter[str]:
        """The number of pages of all platforms, by outcome."""
        total: Counter[str] = Counter()
        for platform in self.platforms:
            total.update(platform.pages)
        return total


def write_report(path: Path, report: ReportData) -> None:
    """Write the page. Raises BadInput if `path` cannot be written."""
    page = render_html(report)
    with open_atomic(path, report.language) as file:
        file.write(page.encode("utf-8", "replace"))


def render_html(night: ReportData) -> str:
    """The whole page as text."""
    environment = Environment(
        loader=PackageLoader("desk"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters.update(link=_safe_link, picture=_data_uri, percent=_percent)
    environment.filters.update(
        moment=partial(local_time, zone=night.zone),
        readable=readable_url,
        axis_top=axis_top,
        sentence=partial(finding_sentence, language=night.language),
        share_state=partial(share_state_text, language=night.language),
        picture_problem=partial(_picture_problem, night.language),
    )
    style, script = (environment.get_template(f"report.{kind}").render() for kind in ("css", "js"))
    return environment.get_template("report.html").render(
        night=night,
        style=style,
        style_digest=_digest(style),
        script=script,
        script_digest=_digest(script),
        t=partial(_message, night.language),
    )


def axis_top(largest: int) -> int:
    """Where the axis of a chart ends: the smallest of 2, 4, 10, 20, 40, 100 ... that is not below `largest`."""
    top, steps = 2, cycle((2, 2.5, 2))  # 2 to 4, 4 to 10, 10 to 20
    while top < largest:
        top = round(top * next(steps))
    return top


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _message(language: str, key: str, **values: object) -> str:
    return render_message("desk", key, language, **values)


def _picture_problem(language: str, picture: Picture) -> str:
    return problem_sentence(picture.problem, picture.problem_values, language)


def _safe_link(address: str) -> str | None:
    """The address if it is an http(s) link, else None."""
    try:
        parts = urlsplit(address)
        return address if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None


def _data_uri(content: bytes | None) -> str | None:
    """A data URI, or None if the content is too large or not a known raster format (SVG can contain scripts)."""
    if not content or len(content) > MAX_PICTURE_BYTES:
        return None
    media_type = next((kind for magic, kind in _MEDIA_TYPE_BY_MAGIC.items() if content.startswith(magic)), None)
    return f"data:{media_type};base64,{b64encode(content).decode()}" if media_type else None


def _percent(probability: float) -> int:
    """A probability in percent: 100 only if it is certain, 0 only if it is impossible."""
    return min(99, max(1, round(probability * 100))) if 0 < probability < 1 else round(probability * 100)
