"""Verdicts from an edited export: the rows whose verdict somebody filled in or changed; the rest is left alone.

The file may be sorted, cut and lack any column but hit_id and verdict. Columns `reason` and `teach` may be added:
`teach` holds `seller`, or `phrase: WORDS`. The same file twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from crawler.errors import BadInput, Problem
from crawler.items import Hit, Judgement, Verdict
from crawler.messages import say
from crawler.store import Store
from desk.judging import Lesson, Said, checked_lesson
from registry.tables import Row, read_table

PHRASE = "phrase:"


def read_verdicts(path: Path, store: Store, by: str, at: datetime, language: str) -> list[Said]:
    """The new verdicts of a file. Raises BadInput with every problem; then nothing was taken over."""
    table = read_table(path, language)
    problems = list(table.problems)
    filled = [row for row in table.rows if _cell(row, "verdict")]
    ids = [_cell(row, "hit_id") for row in filled]
    hits, known = store.hits.some(ids), store.judgements.standing(ids)
    found: dict[str, Said] = {}
    for row in filled:
        try:
            said = _said(row, path, hits, by, at, language)
        except BadInput as error:
            problems.extend(error.problems)
            continue
        if not _is_same(said, known):
            found[said.hit.id] = said
    if problems:
        raise BadInput(problems)
    return list(found.values())


def _said(row: Row, path: Path, hits: Mapping[str, Hit], by: str, at: datetime, language: str) -> Said:
    hit_id, text = _cell(row, "hit_id"), _cell(row, "verdict").casefold()
    hit = hits.get(hit_id)
    if hit is None:
        message = say("desk", "verdict_no_hit", language, id=hit_id)
        raise BadInput(Problem(file=str(path), line=row.line, field="hit_id", message=message))
    if text not in {verdict.value for verdict in Verdict}:
        known = ", ".join(verdict.value for verdict in Verdict)
        message = say("desk", "verdict_unknown", language, text=text, known=known)
        raise BadInput(Problem(file=str(path), line=row.line, field="verdict", message=message))
    teach = _cell(row, "teach")
    phrase = teach[len(PHRASE) :].strip() if teach.casefold().startswith(PHRASE) else ""
    lesson = Lesson(seller=teach.casefold() == "seller", phrase=phrase)
    said = Said(hit=hit, verdict=Verdict(text), reason=_cell(row, "reason"), by=by, at=at, lesson=lesson)
    checked_lesson(said, language, str(path), row.line)
    return said


def _is_same(said: Said, known: Mapping[str, Judgement]) -> bool:
    old = known.get(said.hit.id)
    is_new_lesson = said.lesson != Lesson()
    return old is not None and old.verdict is said.verdict and not is_new_lesson


def _cell(row: Row, name: str) -> str:
    value = row.cells.get(name)
    return "" if value is None else str(value).strip().removeprefix("'")
