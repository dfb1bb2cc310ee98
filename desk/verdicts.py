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
from crawler.messages import render_message
from crawler.store import Store
from desk.judging import Lesson, NewVerdict, check_lesson
from registry.tables import Row, read_table

PHRASE_PREFIX = "phrase:"


def read_verdicts(path: Path, store: Store, by: str, at: datetime, language: str) -> list[NewVerdict]:
    """The new verdicts of a file. Raises BadInput with every problem; then nothing was taken over."""
    table = read_table(path, language)
    problems = list(table.problems)
    judged_rows = [row for row in table.rows if _cell_value(row, "verdict")]
    ids = [_cell_value(row, "hit_id") for row in judged_rows]
    hits, standing = store.hits.get_many(ids), store.reviews.current_judgements(ids)
    new_verdicts: dict[str, NewVerdict] = {}
    for row in judged_rows:
        try:
            new_verdict = _read_verdict(row, path, hits, by, at, language)
        except BadInput as error:
            problems.extend(error.problems)
            continue
        if not _is_same(new_verdict, standing):
            new_verdicts[new_verdict.hit.id] = new_verdict
    if problems:
        raise BadInput(problems)
    return list(new_verdicts.values())


def _read_verdict(row: Row, path: Path, hits: Mapping[str, Hit], by: str, at: datetime, language: str) -> NewVerdict:
    hit_id, verdict_text = _cell_value(row, "hit_id"), _cell_value(row, "verdict").casefold()
    hit = hits.get(hit_id)
    if hit is None:
        message = render_message("desk", "verdict_no_hit", language, id=hit_id)
        raise BadInput(Problem(file=str(path), line=row.line, field="hit_id", message=message))
    if verdict_text not in {verdict.value for verdict in Verdict}:
        verdict_names = ", ".join(verdict.value for verdict in Verdict)
        message = render_message("desk", "verdict_unknown", language, text=verdict_text, known=verdict_names)
        raise BadInput(Problem(file=str(path), line=row.line, field="verdict", message=message))
    teach = _cell_value(row, "teach")
    phrase = teach[len(PHRASE_PREFIX) :].strip() if teach.casefold().startswith(PHRASE_PREFIX) else ""
    lesson = Lesson(seller=teach.casefold() == "seller", phrase=phrase)
    new_verdict = NewVerdict(
        hit=hit, verdict=Verdict(verdict_text), reason=_cell_value(row, "reason"), by=by, at=at, lesson=lesson
    )
    check_lesson(new_verdict, language, str(path), row.line)
    return new_verdict


def _is_same(new_verdict: NewVerdict, standing: Mapping[str, Judgement]) -> bool:
    judgement = standing.get(new_verdict.hit.id)
    is_new_lesson = new_verdict.lesson != Lesson()
    return judgement is not None and judgement.verdict is new_verdict.verdict and not is_new_lesson


def _cell_value(row: Row, name: str) -> str:
    value = row.cells.get(name)
    return "" if value is None else str(value).strip().removeprefix("'")
