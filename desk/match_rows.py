"""`swordnet match`: reads listings from the rows of a file, matches them in batches on all cores, and turns the results
into rows.

Every problem in the file is reported before anything is matched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from attrs import Factory, evolve, frozen

from crawler.errors import BadInput, Problem
from crawler.items import Assessment, Finding, Listing, ListingKind, Picture
from crawler.messages import render_message
from crawler.pictures import PictureError, PictureInspector, PlainInspector, problem_sentence, with_problem
from crawler.pictures.decoding import MAX_BYTES
from crawler.text import clean_text
from matchers.assessor import Assessor
from matchers.findings import finding_sentence
from matchers.matcher import Context
from registry import fields, identifiers
from registry.fields import FieldError
from registry.headings import canonical_channel, offers_vocabulary, platform_name
from registry.tables import Row, Table, Tell, read_table
from screening.parallel import map_in_order, worker_count

MAX_TITLE_CHARS, MAX_TEXT_CHARS = 2_000, 200_000
NO_PLATFORM = "-"  # platform of a row that names none


@frozen(kw_only=True)
class OfferRow:
    """One row: its id and its listing, whose pictures are still paths."""

    id: str
    listing: Listing

    def with_pictures(self, folder: Path, inspector: PictureInspector) -> Listing:
        """The listing with its pictures decoded, hashed and compared."""
        pictures = tuple(_analyse_picture(picture, folder, inspector) for picture in self.listing.pictures)
        return evolve(self.listing, pictures=pictures)


@frozen(kw_only=True)
class UnreadPicture:
    """A picture of the row `id` that was not read, or not whole: the sentence says why."""

    id: str
    picture: str
    sentence: str


@frozen(kw_only=True)
class MatchedBatch:
    """A batch of rows: their number, their results as JSON Lines, and what was not read of their pictures.

    `addresses` counts pictures given by their address, which are not fetched.
    """

    rows: int
    lines: str
    unread_pictures: tuple[UnreadPicture, ...] = ()
    addresses: int = 0


def read_offers(
    path: Path,
    language: str = "en",
    source: TextIO | None = None,
    *,
    encoding: str | None = None,
    tell: Tell = lambda _: None,
) -> list[OfferRow]:
    """The rows of a table or .jsonl file, or of the JSON Lines in `source`. Raises BadInput with every problem.

    `encoding` and `tell` are those of `read_table`.
    """
    table = (
        read_table(path, language, encoding=encoding, tell=tell, vocabulary=offers_vocabulary(tuple(_FIELDS)))
        if source is None
        else _read_lines(source, path, language)
    )
    rows, problems = table.rows, table.problems
    offers: list[OfferRow] = []
    first_lines: dict[str, int] = {}
    for row in rows:
        offer = _read_offer(row, path, language, problems)
        if offer.id in first_lines:
            problems.append(
                _field_problem(
                    path,
                    row.line,
                    "id",
                    FieldError("duplicate_id", value=offer.id, first=first_lines[offer.id]),
                    language,
                )
            )
        first_lines.setdefault(offer.id, row.line)
        offers.append(offer)
    if problems:
        raise BadInput(sorted(problems, key=lambda problem: problem.line or 0))
    return offers


def result_rows(
    id_: str, assessments: tuple[Assessment, ...], language: str, problems: Sequence[UnreadPicture] = ()
) -> Iterator[dict[str, Any]]:
    """The output rows of a listing, with reasons in `language`: one for each assessment, or a single row with decision
    "none" if there is none. `problems` of its pictures stand in each.
    """
    pictures = [{"picture": entry.picture, "problem": entry.sentence} for entry in problems]
    extra = {"pictures": pictures} if pictures else {}
    for assessment in assessments:
        yield {
            "id": id_,
            "work_id": assessment.work_id,
            "identity": assessment.identity,
            "offence": assessment.offence,
            "decision": assessment.decision.value,
            "findings": [_finding_row(finding, language) for finding in assessment.findings],
        } | extra
    if not assessments:
        row: dict[str, Any] = {
            "id": id_,
            "work_id": None,
            "identity": 0.0,
            "offence": 0.0,
            "decision": "none",
            "findings": [],
        }
        yield row | extra


def _finding_row(finding: Finding, language: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "matcher": finding.matcher,
        "why": finding_sentence(finding, language),
        "ours": finding.ours,
        "theirs": finding.theirs,
        "probability": finding.probability,
        "polarity": finding.polarity.value,
    }
    if finding.verdict is not None:
        row["verdict"] = finding.verdict
    if finding.sighting is not None and finding.sighting.homography:
        row["homography"], row["quadrilateral"] = finding.sighting.homography, finding.sighting.corners
    return row


def _read_lines(source: TextIO, path: Path, language: str) -> Table:
    rows: list[Row] = []
    problems: list[Problem] = []
    for line, raw_line in enumerate(source, start=1):
        try:
            cells = json.loads(raw_line) if raw_line.strip() else {}
        except (ValueError, RecursionError) as error:
            problems.append(_field_problem(path, line, None, FieldError("bad_json", reason=error), language))
            continue
        if not isinstance(cells, dict):
            problems.append(_field_problem(path, line, None, FieldError("not_an_object"), language))
        elif cells:
            rows.append(Row(line=line, cells=cells))
    return Table(rows=rows, columns=None, problems=problems)


def _read_offer(row: Row, path: Path, language: str, problems: list[Problem]) -> OfferRow:
    """The offer in one row; its problems are appended to `problems`."""
    values: dict[str, Any] = {}
    for name, read in _FIELDS.items():
        try:
            values[name] = read(row.cells.get(name))
        except FieldError as error:
            problems.append(_field_problem(path, row.line, name, error, language))
            values[name] = None
    values["price"], currency = values["price"] or (None, None)
    values["currency"] = values["currency"] or currency
    id_ = values.pop("id", None)
    if not id_:
        problems.append(_field_problem(path, row.line, "id", FieldError("missing"), language))
    images = values.pop("images") or ()
    missing = [image for image in images if "://" not in image and not (path.parent / image).is_file()]
    problems.extend(
        _field_problem(path, row.line, "images", FieldError("missing_picture", value=image), language)
        for image in missing
    )
    return OfferRow(id=id_ or "", listing=_build_listing(id_ or "", images, values))


def _build_listing(id_: str, images: tuple[str, ...], values: Mapping[str, Any]) -> Listing:
    title, text = values["title"] or "", values["text"] or ""
    given = {name: value for name, value in values.items() if value is not None}
    return Listing(
        **given
        | {
            "platform": values["platform"] or NO_PLATFORM,
            "kind": values["kind"] or ListingKind.OFFER,
            "url": values["url"] or f"row:{id_}",
            "title": title,
            "text": text,
            "links": _find_links(values["kind"], values["url"], f"{title}\n{text}"),
            "pictures": tuple(Picture(url=image) for image in images),
        }
    )


def _find_links(kind: ListingKind | None, url: str | None, text: str) -> tuple[Any, ...]:
    from crawler.shares import extract_links

    return tuple(extract_links(url or text if kind is ListingKind.SHARE else text))


def _analyse_picture(picture: Picture, folder: Path, inspector: PictureInspector) -> Picture:
    if _is_address(picture):
        return picture
    try:
        return inspector.inspect(_read_picture(folder / picture.url), picture.url).picture
    except PictureError as error:
        return with_problem(picture, error)


def _is_address(picture: Picture) -> bool:
    return "://" in picture.url


def _read_picture(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PictureError("bytes", size=size, limit=MAX_BYTES)
        return path.read_bytes()
    except OSError as error:
        raise PictureError("file", reason=error.strerror or str(error)) from None


def _field_problem(path: Path, line: int, field: str | None, error: FieldError, language: str) -> Problem:
    return Problem(
        file=str(path), line=line, field=field, message=render_message("registry", error.key, language, **error.values)
    )


def _text_reader(limit: int) -> Callable[[Any], str | None]:
    def read_text(value: Any) -> str | None:
        if value is not None and not isinstance(value, str):
            return fields.parse_text(value)
        return clean_text(value, limit) if value else None

    return read_text


def _read_kind(value: Any) -> ListingKind | None:
    kind_name = fields.parse_text(value)
    kind_names = tuple(kind.value for kind in ListingKind)
    kind_name = canonical_channel(kind_name).lower() if kind_name else None
    if kind_name is not None and kind_name not in kind_names:
        raise fields.unknown_name_error(kind_name, kind_names)
    return ListingKind(kind_name) if kind_name else None


def _read_platform(value: Any) -> str | None:
    name = fields.parse_text(value)
    return platform_name(name) if name else None


def _read_time(value: Any) -> datetime | None:
    iso_time = fields.parse_text(value)
    if iso_time is None:
        return None
    try:
        moment = datetime.fromisoformat(iso_time)
    except ValueError:
        raise FieldError("bad_date", value=iso_time) from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_identifiers(value: Any) -> dict[str, tuple[str, ...]] | None:
    by_scheme: dict[str, tuple[str, ...]] = {}
    for scheme, number in identifiers.parse_pairs(value):
        by_scheme[scheme] = (*by_scheme.get(scheme, ()), number)
    return by_scheme or None


_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "id": identifiers.parse_id,
    "title": _text_reader(MAX_TITLE_CHARS),
    "text": _text_reader(MAX_TEXT_CHARS),
    "url": fields.parse_text,
    "platform": _read_platform,
    "kind": _read_kind,
    "creators": fields.parse_names,
    "publisher": fields.parse_text,
    "year": fields.parse_year,
    "condition": fields.parse_text,
    "seller": fields.parse_text,
    "price": fields.parse_signed_price,
    "currency": fields.parse_currency,
    "identifiers": _read_identifiers,
    "seen_at": _read_time,
    "images": fields.parse_texts,
}


ROWS_PER_BATCH = 512  # titles looked up together: a batch costs little more than a row
PICTURED_ROWS_PER_BATCH = 8  # the same if any row has pictures
ROWS_PER_PICTURE = 100  # comparing a picture takes as long as matching a hundred titles


@frozen(kw_only=True)
class _MatchTask:
    """Matches a batch of offers; goes to the worker processes."""

    assessor: Assessor
    context: Context
    folder: Path
    language: str
    min_identity: float
    inspector: PictureInspector

    def __call__(self, offers: Sequence[OfferRow]) -> MatchedBatch:
        """The results of a batch."""
        listings = [offer.with_pictures(self.folder, self.inspector) for offer in offers]
        lines: list[str] = []
        problems: list[UnreadPicture] = []
        assessed = self.assessor.assess_all(listings, self.context)
        for offer, listing, assessments in zip(offers, listings, assessed, strict=True):
            unread = [
                UnreadPicture(
                    id=offer.id,
                    picture=picture.url,
                    sentence=problem_sentence(picture.problem, picture.problem_values, self.language),
                )
                for picture in listing.pictures
                if picture.problem
            ]
            candidates = tuple(assessment for assessment in assessments if assessment.identity >= self.min_identity)
            rows = result_rows(offer.id, candidates, self.language, unread)
            lines.extend(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            problems += unread
        return MatchedBatch(
            rows=len(offers),
            lines="".join(lines),
            unread_pictures=tuple(problems),
            addresses=sum(_is_address(picture) for listing in listings for picture in listing.pictures),
        )


@frozen(kw_only=True)
class MatchJob:
    """Matches `offers` in batches, with reasons in `language`. Picture paths are relative to `folder`; assessments with
    an identity below `min_identity` are left out. `workers` is the number of processes.
    """

    assessor: Assessor
    offers: Sequence[OfferRow]
    context: Context
    folder: Path
    language: str = "en"
    min_identity: float = 0.0
    inspector: PictureInspector = Factory(PlainInspector)
    workers: int = 1

    @classmethod
    def worker_count(cls, offers: Sequence[OfferRow], work_count: int, workers: int) -> int:
        """`workers`, or 1 where the rows are so few that other processes save no time."""
        pictures = sum(len(offer.listing.pictures) for offer in offers)
        return worker_count(len(offers) + ROWS_PER_PICTURE * pictures, work_count, workers)

    def run_batches(self) -> Iterator[MatchedBatch]:
        """The results of each batch, in order."""
        task = _MatchTask(
            assessor=self.assessor,
            context=self.context,
            folder=self.folder,
            language=self.language,
            min_identity=self.min_identity,
            inspector=self.inspector,
        )
        size = self._batch_size
        batches = (self.offers[start : start + size] for start in range(0, len(self.offers), size))
        return map_in_order(task, batches, self.workers)

    @property
    def _batch_size(self) -> int:
        return PICTURED_ROWS_PER_BATCH if any(offer.listing.pictures for offer in self.offers) else ROWS_PER_BATCH
