"""Saves the response of one address, live or from an archive, as a test fixture of its platform.

The request passes robots.txt, throttle and SSRF guard as in a crawl; nothing is overwritten.
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
from crawler.messages import render_message
from crawler.page import Page
from desk import crawling

CASE_NAME_RE = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
MAX_ANSWERS = 5  # responses saved for one address: some platforms take several requests
_SUFFIX_BY_MEDIA_TYPE = (("json", "json"), ("xml", "xml"), ("text/plain", "txt"))


@frozen(kw_only=True)
class SavedAnswer:
    """One response and the method and body of its request."""

    page: Page
    method: str = "GET"
    body: str = ""


def save_page(
    config: Config,
    platform: str,
    url: str,
    case: str,
    folder: Path,
    *,
    now: Callable[[], datetime],
    replay: Path | None = None,
) -> list[Path]:
    """Save a page as a fixture; returns the folders written.

    Raises BadInput if a name is invalid or taken, NothingToDo if there was no response.
    """
    spider = crawling.require_platform(platform, config)
    if not CASE_NAME_RE.fullmatch(case):
        raise BadInput(
            Problem(file="CASE", message=render_message("desk.cli", "save_name", config.language, case=case))
        )
    case_folder = folder / spider.name / case
    if case_folder.exists():
        raise BadInput(
            Problem(file=str(case_folder), message=render_message("desk.cli", "save_taken", config.language))
        )
    answers = _fetch_answers(config, spider.name, url, now, replay)
    if not answers:
        raise NothingToDo(render_message("desk.cli", "save_nothing", config.language, url=url))
    folders = [case_folder if number == 1 else Path(f"{case_folder}-{number}") for number in range(1, len(answers) + 1)]
    for answer, answer_folder in zip(answers, folders, strict=True):
        _write_case(answer_folder, answer)
    return folders


def _fetch_answers(
    config: Config, platform: str, url: str, now: Callable[[], datetime], replay: Path | None
) -> list[SavedAnswer]:
    """The response of the address, and those of further requests that were needed to read it."""
    answers: list[SavedAnswer] = []

    def keep(page: Page, method: str, body: bytes) -> None:
        if len(answers) < MAX_ANSWERS:
            answers.append(SavedAnswer(page=page, method=method, body=body.decode("utf-8", "replace")))

    with tempfile.TemporaryDirectory() as scratch:
        store = evolve(config.store, url=f"sqlite:///{scratch}/save.db", blobs=f"{scratch}/blobs")
        plan = crawling.CrawlPlan(
            asks={platform: {UnitKind.DETAILS: [Ask(url=url)]}}, enforce_floors=False, check_positives=False
        )
        scratch_config = evolve(config, store=store)
        crawling.crawl(scratch_config, plan, now=now, replay=replay, follow=False, keep=keep)
    return answers


def _write_case(folder: Path, answer: SavedAnswer) -> None:
    kind = answer.page.content_type.lower()
    suffix = next((suffix for mark, suffix in _SUFFIX_BY_MEDIA_TYPE if mark in kind), "html")
    request: dict[str, Any] = {"url": answer.page.url}
    request |= {"method": answer.method} if answer.method != "GET" else {}
    request |= {"body": answer.body} if answer.body else {}
    request |= {"status": answer.page.status} if answer.page.status != 200 else {}
    request |= {"content_type": answer.page.content_type} if "charset" in kind else {}
    request |= {"values": dict(answer.page.values)} if answer.page.values else {}
    folder.mkdir(parents=True)
    (folder / f"page.{suffix}").write_bytes(answer.page.body)
    (folder / "request.json").write_text(json.dumps(request, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
