"""A page becomes a fixture: what one address answers, live or from an archive, written as a case of its platform.

The page comes through the same door as in a crawl (robots, pace, guard), into a database that is thrown away. Nothing
is overwritten; expected.json is left to the next test run, which writes it and fails until a person has read it.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from crawler.config import Config
from crawler.errors import BadInput, NothingToDo, Problem
from crawler.items import Ask, UnitKind
from crawler.messages import say
from crawler.page import Page
from desk import crawling

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
MOST = 5  # answers of one address that are kept: some platforms take several requests
_ENDINGS = (("json", "json"), ("xml", "xml"), ("text/plain", "txt"))


@frozen(kw_only=True)
class Kept:
    """One answer and what asked for it."""

    page: Page
    method: str = "GET"
    body: str = ""


def save(
    config: Config,
    platform: str,
    url: str,
    case: str,
    folder: Path,
    *,
    now: Callable[[], datetime],
    replay: Path | None = None,
) -> list[Path]:
    """The folders that were written. Raises BadInput where a name is wrong or taken, NothingToDo without an answer."""
    spider = crawling.platform(platform, config.language)
    if not NAME.fullmatch(case):
        raise BadInput(Problem(file="CASE", message=say("desk.cli", "save_name", config.language, case=case)))
    place = folder / spider.name / case
    if place.exists():
        raise BadInput(Problem(file=str(place), message=say("desk.cli", "save_taken", config.language)))
    kept = _asked(config, spider.name, url, now, replay)
    if not kept:
        raise NothingToDo(say("desk.cli", "save_nothing", config.language, url=url))
    places = [place if number == 1 else Path(f"{place}-{number}") for number in range(1, len(kept) + 1)]
    for each, where in zip(kept, places, strict=True):
        _write(where, each)
    return places


def _asked(config: Config, platform: str, url: str, now: Callable[[], datetime], replay: Path | None) -> list[Kept]:
    """What the address answered, and what had to be asked further to read it."""
    kept: list[Kept] = []

    def keep(page: Page, method: str, body: bytes) -> None:
        if len(kept) < MOST:
            kept.append(Kept(page=page, method=method, body=body.decode("utf-8", "replace")))

    with tempfile.TemporaryDirectory() as scratch:
        store = evolve(config.store, url=f"sqlite:///{scratch}/save.db", blobs=f"{scratch}/blobs")
        plan = crawling.Plan(asks={platform: {UnitKind.DETAILS: [Ask(url=url)]}}, floors=False, positives=False)
        aside = evolve(config, store=store)
        crawling.crawl(aside, plan, now=now, replay=replay, follow=False, keep=keep)
    return kept


def _write(place: Path, kept: Kept) -> None:
    kind = kept.page.content_type.lower()
    ending = next((ending for mark, ending in _ENDINGS if mark in kind), "html")
    request: dict[str, Any] = {"url": kept.page.url}
    request |= {"method": kept.method} if kept.method != "GET" else {}
    request |= {"body": kept.body} if kept.body else {}
    request |= {"status": kept.page.status} if kept.page.status != 200 else {}
    request |= {"content_type": kept.page.content_type} if "charset" in kind else {}
    request |= {"values": dict(kept.page.values)} if kept.page.values else {}
    place.mkdir(parents=True)
    (place / f"page.{ending}").write_bytes(kept.page.body)
    (place / "request.json").write_text(json.dumps(request, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
