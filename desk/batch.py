"""Rows of a list that came from elsewhere become listings, and assessments become rows: what `swordnet match` reads.

Rows are checked before anything is matched, and every problem is reported at once. Columns that are not known are left
alone; a picture that cannot be decoded is kept without hashes, a missing file is a problem of the list.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from attrs import evolve, frozen

from crawler.errors import BadInput, Problem
from crawler.items import Assessment, Finding, Listing, ListingKind, Picture
from crawler.messages import say
from crawler.pictures import Looker, PictureError
from crawler.text import clean
from registry import fields, identifiers
from registry.fields import FieldError
from registry.tables import Row, read_table

LONGEST_TITLE, LONGEST_TEXT = 2_000, 200_000  # characters
NO_PLATFORM = "-"  # where a row names none


@frozen(kw_only=True)
class Offered:
    """One row: its id and its listing, whose pictures are paths not read yet."""

    id: str
    listing: Listing

    def looked_at(self, folder: Path, looker: Looker) -> Listing:
        """The listing with its pictures decoded, hashed and compared."""
        seen = tuple(_seen(picture, folder, looker) for picture in self.listing.pictures)
        return evolve(self.listing, pictures=seen)


def read_offers(path: Path, language: str = "en", source: TextIO | None = None) -> list[Offered]:
    """The rows of a .jsonl or .csv file, or of JSON Lines from `source`. Raises BadInput with every problem."""
    rows, problems = _rows(path, language, source)
    offers: list[Offered] = []
    seen: dict[str, int] = {}
    for row in rows:
        offer = _offer(row, path, language, problems)
        if offer.id in seen:
            problems.append(
                _problem(
                    path, row.line, "id", FieldError("duplicate_id", value=offer.id, first=seen[offer.id]), language
                )
            )
        seen.setdefault(offer.id, row.line)
        offers.append(offer)
    if problems:
        raise BadInput(sorted(problems, key=lambda problem: problem.line or 0))
    return offers


def result_rows(id_: str, assessments: tuple[Assessment, ...]) -> Iterator[dict[str, Any]]:
    """At least one row of output: one for each assessment, else the row that says that no work was considered."""
    for found in assessments:
        yield {
            "id": id_,
            "work_id": found.work_id,
            "identity": found.identity,
            "offence": found.offence,
            "decision": found.decision.value,
            "findings": [_finding_row(finding) for finding in found.findings],
        }
    if not assessments:
        yield {"id": id_, "work_id": None, "identity": 0.0, "offence": 0.0, "decision": "none", "findings": []}


def _finding_row(finding: Finding) -> dict[str, Any]:
    row: dict[str, Any] = {
        "matcher": finding.matcher,
        "why": finding.why,
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


def _rows(path: Path, language: str, source: TextIO | None) -> tuple[list[Row], list[Problem]]:
    if source is None:
        table = read_table(path, language)
        return table.rows, table.problems
    rows: list[Row] = []
    problems: list[Problem] = []
    for line, written in enumerate(source, start=1):
        try:
            cells = json.loads(written) if written.strip() else {}
        except (ValueError, RecursionError) as error:
            problems.append(_problem(path, line, None, FieldError("bad_json", reason=error), language))
            continue
        if not isinstance(cells, dict):
            problems.append(_problem(path, line, None, FieldError("not_an_object"), language))
        elif cells:
            rows.append(Row(line=line, cells=cells))
    return rows, problems


def _offer(row: Row, path: Path, language: str, problems: list[Problem]) -> Offered:
    """One row; what is wrong with it goes to `problems`."""
    values: dict[str, Any] = {}
    for name, read in _FIELDS.items():
        try:
            values[name] = read(row.cells.get(name))
        except FieldError as error:
            problems.append(_problem(path, row.line, name, error, language))
            values[name] = None
    id_ = values.pop("id", None)
    if not id_:
        problems.append(_problem(path, row.line, "id", FieldError("missing"), language))
    images = values.pop("images") or ()
    missing = [image for image in images if "://" not in image and not (path.parent / image).is_file()]
    problems.extend(
        _problem(path, row.line, "images", FieldError("missing_picture", value=image), language) for image in missing
    )
    return Offered(id=id_ or "", listing=_listing(id_ or "", images, values))


def _listing(id_: str, images: tuple[str, ...], values: Mapping[str, Any]) -> Listing:
    title, text = values["title"] or "", values["text"] or ""
    stated = {name: value for name, value in values.items() if value is not None}
    return Listing(
        **stated
        | {
            "platform": values["platform"] or NO_PLATFORM,
            "kind": values["kind"] or ListingKind.OFFER,
            "url": values["url"] or f"row:{id_}",
            "title": title,
            "text": text,
            "links": _links(values["kind"], values["url"], f"{title}\n{text}"),
            "pictures": tuple(Picture(url=image) for image in images),
        }
    )


def _links(kind: ListingKind | None, url: str | None, text: str) -> tuple[Any, ...]:
    from crawler.shares import extract

    return tuple(extract(url or text if kind is ListingKind.SHARE else text))


def _seen(picture: Picture, folder: Path, looker: Looker) -> Picture:
    if "://" in picture.url:
        return picture
    try:
        return looker.look((folder / picture.url).read_bytes(), picture.url).picture
    except PictureError:
        return picture


def _problem(path: Path, line: int, field: str | None, error: FieldError, language: str) -> Problem:
    return Problem(file=str(path), line=line, field=field, message=say("registry", error.key, language, **error.values))


def _cleaned(limit: int) -> Callable[[Any], str | None]:
    def read(value: Any) -> str | None:
        if value is not None and not isinstance(value, str):
            return fields.text(value)
        return clean(value, limit) if value else None

    return read


def _kind(value: Any) -> ListingKind | None:
    written = fields.text(value)
    known = tuple(kind.value for kind in ListingKind)
    if written is not None and written.lower() not in known:
        raise fields.unknown_name(written, known)
    return ListingKind(written.lower()) if written else None


def _moment(value: Any) -> datetime | None:
    written = fields.text(value)
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise FieldError("bad_date", value=written) from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _identifiers(value: Any) -> dict[str, tuple[str, ...]] | None:
    found: dict[str, tuple[str, ...]] = {}
    for scheme, written in identifiers.pairs(value):
        found[scheme] = (*found.get(scheme, ()), written)
    return found or None


_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "id": fields.text,
    "title": _cleaned(LONGEST_TITLE),
    "text": _cleaned(LONGEST_TEXT),
    "url": fields.text,
    "platform": fields.text,
    "kind": _kind,
    "creators": fields.texts,
    "publisher": fields.text,
    "year": fields.year,
    "condition": fields.text,
    "seller": fields.text,
    "price": fields.price,
    "currency": fields.currency,
    "identifiers": _identifiers,
    "seen_at": _moment,
    "images": fields.texts,
}
