"""Writes hits as a workbook to judge them in: a row each with its link, the pictures of listing and work before it, and
the verdicts to choose from.

Times are times, in UTC, and numbers are numbers. The same rows give the same bytes; rows are streamed to save memory.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO

from attrs import frozen
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from crawler.blobs import open_blobs
from crawler.config import Config
from crawler.items import Decision, Verdict
from crawler.spreadsheet_cells import sheet_cell
from crawler.store import Store
from desk.export.rows import COLUMNS, CellValue, HitRow, cell_text, cells_of

PREVIEW_PIXELS = 160  # longer side of a picture in a workbook
MAX_PICTURE_ROWS = 300  # hits shown with pictures in one workbook; more would make it too large to mail


@frozen(kw_only=True)
class PicturePair:
    """The first stored picture of a hit's listing and of its work, as PNG; None if none is stored."""

    hit_id: str
    listing_picture: bytes | None
    work_picture: bytes | None


PairSource = Callable[[Sequence[str]], Iterator[PicturePair]]


def picture_pairs(store: Store, config: Config) -> PairSource:
    """A function that yields the picture pairs of hits in the order of their ids as given: at most `MAX_PICTURE_ROWS`,
    each with a listing's.
    """
    from crawler.pictures import first_preview

    blobs = open_blobs(config.store)

    def pairs(ids: Sequence[str]) -> Iterator[PicturePair]:
        count = 0
        for start in range(0, len(ids), MAX_PICTURE_ROWS):
            hits = store.hits.get_many(ids[start : start + MAX_PICTURE_ROWS])
            works = store.works.get_many(hit.work_id for hit in hits.values())
            complete = {work.id: work for work in store.works.fill_pictures(works.values())}
            for hit in (hits[hit_id] for hit_id in ids[start : start + MAX_PICTURE_ROWS] if hit_id in hits):
                listing_picture, work_picture = (
                    first_preview(shown_pictures, blobs.get, PREVIEW_PIXELS)
                    for shown_pictures in (hit.listing.pictures, complete[hit.work_id].images)
                )
                if listing_picture and count < MAX_PICTURE_ROWS:
                    count += 1
                    yield PicturePair(
                        hit_id=hit.id,
                        listing_picture=listing_picture,
                        work_picture=work_picture,
                    )
            if count >= MAX_PICTURE_ROWS:
                return

    return pairs


MAX_LINKS = 60_000  # a sheet holds 65,530 links
MAX_LINK_CHARS = 2_079  # longest address a spreadsheet accepts
MAX_WRAPPED_ROWS = 5_000  # cells of longer sheets are not wrapped: a spreadsheet would take minutes to lay them out
COLUMN_WIDTHS = {  # in characters; others 14
    "hit_id": 10,
    "decision": 9,
    "identity": 8,
    "offence": 8,
    "work_title": 24,
    "url": 40,
    "title": 40,
    "price": 9,
    "price_high": 9,
    "currency": 9,
    "share_links": 32,
    "reasons": 60,
    "first_seen": 19,
    "last_seen": 19,
    "judged_at": 19,
}
PICTURE_COLUMNS = ("listing_picture", "work_picture")  # before the others, so that they stay in sight
SHOWN_PICTURE_PIXELS = 92  # longer side as shown; the picture itself is larger, for screens that draw finely
PICTURE_COLUMN_WIDTH = 13.5  # in characters of 7 pixels
PICTURE_ROW_POINTS = (SHOWN_PICTURE_PIXELS + 6) * 0.75  # a pixel is three quarters of a point
NUMBER_FORMATS = {"identity": "0.00", "offence": "0.00", "price": "#,##0.00", "price_high": "#,##0.00"}
DATE_COLUMNS = ("first_seen", "last_seen", "judged_at")
DATE_FORMAT = "yyyy-mm-dd hh:mm:ss"
_PICTURE_ORDER = (Decision.HIT.value, Decision.REVIEW.value)  # whose pictures come first where there are too many
_PNG_SIZE = struct.Struct(">II")  # width and height, from byte 16 on
_EPOCH = datetime(1980, 1, 1)  # noqa: DTZ001 - workbooks want naive UTC; the earliest time a ZIP entry can carry


def write_workbook(file: BinaryIO, rows: Sequence[HitRow], pairs: PairSource | None = None) -> None:
    """Write the rows, with the pictures that `pairs` yields for their ids in the columns before them."""
    draft = io.BytesIO()
    pictures = {pair.hit_id: pair for pair in pairs(_ids_by_decision(rows))} if pairs is not None else {}
    with Workbook(draft, {"constant_memory": True}) as book:
        book.set_properties({"author": "swordnet", "created": _EPOCH})
        _write_hits(book, book.add_worksheet("hits"), rows, pictures)
    _repack(draft, file)


def _ids_by_decision(rows: Sequence[HitRow]) -> list[str]:
    order = {decision: place for place, decision in enumerate(_PICTURE_ORDER)}
    return [row.hit_id for row in sorted(rows, key=lambda row: order.get(row.decision, len(order)))]


def _repack(draft: BinaryIO, file: BinaryIO) -> None:
    """Copy the workbook without the modes and local times of temporary files that its ZIP entries carry."""
    with zipfile.ZipFile(draft) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))


def _write_hits(book: Workbook, sheet: Worksheet, rows: Sequence[HitRow], pictures: Mapping[str, PicturePair]) -> None:
    first_column = len(PICTURE_COLUMNS) if pictures else 0
    names = (*PICTURE_COLUMNS[:first_column], *COLUMNS)
    sheet.freeze_panes(1, first_column)
    sheet.autofilter(0, 0, len(rows), len(names) - 1)
    bold = book.add_format({"bold": True})
    for column, name in enumerate(names):
        width = PICTURE_COLUMN_WIDTH if column < first_column else COLUMN_WIDTHS.get(name, 14)
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, bold)
    _offer_verdicts(sheet, names.index("verdict"), len(rows))
    formats = _column_formats(book, wrapped=len(rows) <= MAX_WRAPPED_ROWS)
    for line, row in enumerate(rows, start=1):
        if pair := pictures.get(row.hit_id):
            sheet.set_row(line, PICTURE_ROW_POINTS)
            _place_pictures(sheet, line, pair)
        for column, (name, value) in enumerate(zip(COLUMNS, cells_of(row), strict=True), start=first_column):
            if name == "url" and line <= MAX_LINKS and _is_link(row.url):
                sheet.write_url(line, column, row.url, formats[name], sheet_cell(row.url))
            else:
                _write_cell(sheet, line, column, name, value, formats[name])


def _column_formats(book: Workbook, wrapped: bool) -> dict[str, Format]:
    """The format of each column's cells."""
    layout = {"text_wrap": True, "valign": "top"} if wrapped else {}
    plain = book.add_format(layout)
    formats = dict.fromkeys(COLUMNS, plain)
    formats["url"] = book.add_format({"font_color": "#0563C1", "underline": 1, **layout})
    date = book.add_format({**layout, "num_format": DATE_FORMAT})
    formats |= dict.fromkeys(DATE_COLUMNS, date)
    return formats | {name: book.add_format({**layout, "num_format": code}) for name, code in NUMBER_FORMATS.items()}


def _offer_verdicts(sheet: Worksheet, column: int, row_count: int) -> None:
    """Let the cells of the verdict be chosen from a list; `hits judge --from` reads them back."""
    validation = {"validate": "list", "source": [verdict.value for verdict in Verdict], "error_type": "stop"}
    sheet.data_validation(1, column, max(row_count, 1), column, validation)


def _place_pictures(sheet: Worksheet, line: int, pair: PicturePair) -> None:
    """Put the pictures into the row, so that they are moved and hidden with it."""
    for column, data in enumerate((pair.listing_picture, pair.work_picture)):
        if data is not None:
            scale = min(1.0, SHOWN_PICTURE_PIXELS / max(_PNG_SIZE.unpack_from(data, 16)))
            options = {"x_scale": scale, "y_scale": scale, "x_offset": 3, "y_offset": 3, "object_position": 1}
            options |= {"image_data": io.BytesIO(data), "description": PICTURE_COLUMNS[column]}
            sheet.insert_image(line, column, f"{line}-{column}.png", options)


def _write_cell(sheet: Worksheet, line: int, column: int, name: str, value: CellValue, cell_format: Format) -> None:
    """Write a number as a number, a time as a time, text always as text, and nothing for an empty value."""
    if isinstance(value, float | Decimal):
        sheet.write_number(line, column, float(value), cell_format)
    elif name in DATE_COLUMNS and isinstance(value, str):
        sheet.write_datetime(line, column, datetime.fromisoformat(value).replace(tzinfo=None), cell_format)
    elif text := sheet_cell(cell_text(value)):
        sheet.write_string(line, column, text, cell_format)


def _is_link(url: str) -> bool:
    """Whether `url` is a web address that can be a clickable link."""
    return url.startswith(("http://", "https://")) and len(url) <= MAX_LINK_CHARS
