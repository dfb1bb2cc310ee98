"""`swordnet match --sample`, `--sheet`: decisions drawn at random for a person to check, and what a filled sheet says.

The population is split into strata: pairs of listing and work that are hits, those for review, the best work considered
of listings without either (near misses), and listings for which no work was considered. Each stratum is drawn from
equally, so that the rare ones are read too; `stands_for` says how many of its stratum a drawn row represents.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from attrs import define, field, frozen

from crawler.errors import BadInput, Problem
from crawler.items import Decision, Polarity, Work
from crawler.messages import render_message
from desk.export.formats import write_csv
from desk.export.rows import CellValue, cell_text
from desk.match_rows import OfferRow
from matchers.evaluation import Proportion, proportion_of
from registry.tables import Row, Tell, read_table

MAX_EXCERPT_CHARS = 400  # of a listing's text: what a person reads at a glance
IS_WORK, IS_INFRINGING = "is_work", "is_infringing"
COLUMNS = (
    *("id", "channel", "platform", "title", "text", "seller", "price", "url", "decision"),
    *("work_id", "work_title", "creators", "identity", "offence", "reasons", "stands_for"),
    *(IS_WORK, IS_INFRINGING, "note"),
)
ALL_GROUPS = "*"
YES_ANSWERS = frozenset({"yes", "y", "1", "true", "x", "是", "对", "√"})
NO_ANSWERS = frozenset({"no", "n", "0", "false", "否", "不是", "不", "×"})
UNSURE_ANSWERS = frozenset({"unsure", "?", "不确定", "不清楚"})


class Stratum(StrEnum):
    """What is drawn from apart. `NEAR_MISS`: a work was considered, and neither hit nor review came of it."""

    HIT = "hit"
    REVIEW = "review"
    NEAR_MISS = "near"
    NONE = "none"


@define
class SampleDraw:
    """Draws from result rows as they come (reservoir sampling, algorithm R): the same rows and seed give the same draw.

    No more than `count` rows of each stratum are kept in memory.
    """

    count: int
    seed: int
    _drawn: dict[Stratum, list[dict[str, Any]]] = field(init=False, factory=lambda: {name: [] for name in Stratum})
    _seen: dict[Stratum, int] = field(init=False, factory=lambda: dict.fromkeys(Stratum, 0))
    _source: random.Random = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._source = random.Random(self.seed)

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Offer rows as `desk.match_rows.result_rows` gives them, those of one listing in one call."""
        for _, of_listing in groupby(rows, key=itemgetter("id")):
            for stratum, row in _strata_of(list(of_listing)):
                self._offer(stratum, row)

    def _offer(self, stratum: Stratum, row: dict[str, Any]) -> None:
        self._seen[stratum] += 1
        drawn = self._drawn[stratum]
        if len(drawn) < self.count:
            drawn.append(row)
        elif (place := self._source.randrange(self._seen[stratum])) < self.count:
            drawn[place] = row

    def draw(self) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """At most `count` rows in random order, each with `stands_for`, and how many there are of each stratum. A
        stratum that is too small leaves its share to the others.
        """
        quotas = _equal_quotas(self.count, {name: len(rows) for name, rows in self._drawn.items()})
        chosen = [
            row | {"stands_for": self._seen[stratum] / quota}
            for stratum, quota in quotas.items()
            for row in self._source.sample(self._drawn[stratum], quota)
        ]
        self._source.shuffle(chosen)
        return chosen, {name.value: quota for name, quota in quotas.items()}


def _strata_of(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[Stratum, dict[str, Any]]]:
    """What the rows of one listing give to draw from."""
    found = [row for row in rows if row["decision"] in (Stratum.HIT, Stratum.REVIEW)]
    if found:
        yield from ((Stratum(row["decision"]), row) for row in found)
    elif rows[0]["work_id"] is None:
        yield Stratum.NONE, rows[0]
    else:
        yield Stratum.NEAR_MISS, max(rows, key=lambda row: row["identity"] * row["offence"])


def _equal_quotas(count: int, sizes: Mapping[Stratum, int]) -> dict[Stratum, int]:
    """How many to draw of each stratum: one each in turn until `count` is reached or nothing is left."""
    quotas = dict.fromkeys(sizes, 0)
    while sum(quotas.values()) < count:
        open_strata = [name for name, size in sizes.items() if quotas[name] < size]
        if not open_strata:
            break
        for name in open_strata[: count - sum(quotas.values())]:
            quotas[name] += 1
    return quotas


def write_sheet(
    file: BinaryIO, rows: Iterable[dict[str, Any]], offers: Sequence[OfferRow], works: Sequence[Work], language: str
) -> None:
    """Write drawn rows as CSV (UTF-8 with signature, as spreadsheets expect); the last three columns stay empty."""
    write_csv(file, COLUMNS, _sheet_rows(rows, offers, works, language))


def _sheet_rows(
    rows: Iterable[dict[str, Any]], offers: Sequence[OfferRow], works: Sequence[Work], language: str
) -> Iterator[list[CellValue]]:
    listings = {offer.id: offer.listing for offer in offers}
    works_by_id = {work.id: work for work in works}
    for row in rows:
        listing, work = listings[row["id"]], works_by_id.get(row["work_id"])
        price = f"{cell_text(listing.price)} {listing.currency or ''}".strip() if listing.price is not None else None
        cells = {
            **{name: row[name] for name in ("id", "decision", "work_id", "identity", "offence", "stands_for")},
            **{name: getattr(listing, name) for name in ("platform", "title", "seller", "url")},
            "channel": listing.kind.value,
            "text": " ".join(listing.text.split())[:MAX_EXCERPT_CHARS],
            "price": price,
            "work_title": work.title if work else None,
            "creators": work.creators if work else (),
            "reasons": tuple(_reason_text(finding, language) for finding in row["findings"]),
        }
        yield [cells.get(name) for name in COLUMNS]


def _reason_text(finding: Mapping[str, Any], language: str) -> str:
    why = str(finding["why"])
    is_against = finding["polarity"] == Polarity.AGAINST.value
    return render_message("desk", "reason_against", language, why=why) if is_against else why


@frozen(kw_only=True)
class ReadDecision:
    """One row of a filled sheet; an answer is None where it is empty or unsure."""

    decision: Decision
    channel: str
    platform: str
    stands_for: float
    is_work: bool | None
    is_infringing: bool | None

    @property
    def is_right(self) -> bool | None:
        """Whether it is the work and infringes; None if that is not answered."""
        if False in (self.is_work, self.is_infringing):
            return False
        return True if self.is_work and self.is_infringing else None


def read_sheet(
    path: Path, language: str, *, encoding: str | None = None, tell: Tell = lambda _: None
) -> list[ReadDecision]:
    """The rows of a filled sheet (.csv, .xlsx, .jsonl). Raises BadInput with every problem."""
    table = read_table(path, language, encoding=encoding, tell=tell)
    problems = list(table.problems)
    read: list[ReadDecision] = []
    for row in table.rows:
        try:
            read.append(
                ReadDecision(
                    decision=_parse_cell(row, "decision", Decision),
                    channel=_cell_value(row, "channel"),
                    platform=_cell_value(row, "platform"),
                    stands_for=_parse_cell(row, "stands_for", _parse_number),
                    is_work=_parse_cell(row, IS_WORK, _parse_answer),
                    is_infringing=_parse_cell(row, IS_INFRINGING, _parse_answer),
                )
            )
        except _CellError as error:
            message = render_message("desk", "sheet_bad_cell", language, text=_cell_value(row, error.name))
            problems.append(Problem(file=str(path), line=row.line, field=error.name, message=message))
    if problems:
        raise BadInput(problems)
    return read


Value = TypeVar("Value")


class _CellError(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _parse_cell(row: Row, name: str, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(_cell_value(row, name))
    except ValueError:
        raise _CellError(name) from None


def _parse_number(text: str) -> float:
    return float(text.replace(",", "."))  # as spreadsheets in half of Europe write it back


def _parse_answer(text: str) -> bool | None:
    answer = unicodedata.normalize("NFKC", text).casefold()
    if not answer or answer in UNSURE_ANSWERS:
        return None
    if answer not in YES_ANSWERS | NO_ANSWERS:
        raise ValueError(text)
    return answer in YES_ANSWERS


def _cell_value(row: Row, name: str) -> str:
    value = row.cells.get(name)
    return "" if value is None else str(value).strip().removeprefix("'")


@frozen(kw_only=True)
class SheetFigures:
    """What a filled sheet says of one group of rows (`ALL_GROUPS`, a channel, or a platform).

    `precision`: of hits with both answers, or one that is no, those that are the work and infringe; `wrong_work` and
    `wrong_offence`: of hits with that answer, those where it is no, whatever the other is; `review`: of pairs for
    review, those that infringe; `missed`: the same of everything else; `missed_in_all`: how many the drawn ones of
    these stand for; `waiting`: rows without either answer.
    """

    group: str
    precision: Proportion
    wrong_work: Proportion
    wrong_offence: Proportion
    review: Proportion
    missed: Proportion
    missed_in_all: float
    waiting: int


FIGURE_NAMES = ("precision", "wrong_work", "wrong_offence", "review", "missed")


def measure_sheet(rows: Sequence[ReadDecision]) -> list[SheetFigures]:
    """The figures of all rows, then by channel, then by platform; a kind with only one group is left out."""
    figures = [_group_figures(ALL_GROUPS, rows)]
    for column in ("channel", "platform"):
        groups = sorted({getattr(row, column) for row in rows})
        if len(groups) > 1:
            figures += [_group_figures(name, [row for row in rows if getattr(row, column) == name]) for name in groups]
    return figures


def _group_figures(group: str, rows: Sequence[ReadDecision]) -> SheetFigures:
    hits = [row for row in rows if row.decision is Decision.HIT]
    others = [row for row in rows if row.decision not in (Decision.HIT, Decision.REVIEW)]
    return SheetFigures(
        group=group,
        precision=_share_right(hits),
        wrong_work=proportion_of(not row.is_work for row in hits if row.is_work is not None),
        wrong_offence=proportion_of(not row.is_infringing for row in hits if row.is_infringing is not None),
        review=_share_right([row for row in rows if row.decision is Decision.REVIEW]),
        missed=_share_right(others),
        missed_in_all=sum(row.stands_for for row in others if row.is_right),
        waiting=sum(row.is_work is None and row.is_infringing is None for row in rows),
    )


def _share_right(rows: Iterable[ReadDecision]) -> Proportion:
    return proportion_of(row.is_right for row in rows if row.is_right is not None)


def sheet_lines(figures: Iterable[SheetFigures], language: str) -> Iterator[str]:
    """The figures for people."""
    for row in figures:
        group = render_message("desk", "sheet_all", language) if row.group == ALL_GROUPS else row.group
        yield render_message("desk", "sheet_group", language, group=group, waiting=row.waiting)
        for name in FIGURE_NAMES:
            share: Proportion = getattr(row, name)
            if share.total:
                yield "  " + render_message("desk", f"sheet_{name}", language, share=share.to_text())
        if row.missed_in_all:
            yield "  " + render_message("desk", "sheet_missed_in_all", language, count=round(row.missed_in_all))


def sheet_json(figures: Iterable[SheetFigures]) -> list[dict[str, Any]]:
    """The figures for programs."""
    return [
        {"group": row.group, "waiting": row.waiting, "missed_in_all": round(row.missed_in_all, 1)}
        | {name: getattr(row, name).to_dict() for name in FIGURE_NAMES}
        for row in figures
    ]
