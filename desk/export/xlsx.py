"""Writes hits as a workbook: a sheet of rows with links, and a second one with pictures of listings beside those of
works.

The same rows give the same bytes; rows are streamed to save memory.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO

from attrs import frozen
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from crawler.blobs import BlobStore, open_blobs
from crawler.config import Config
from crawler.items import Picture
from crawler.store import Store
from desk.export.cells import sheet_cell
from desk.export.rows import COLUMNS, CellValue, HitRow, cell_text, cells_of

PREVIEW_PIXELS = 160  # longer side of a picture in a workbook
MAX_PICTURE_ROWS = 300  # hits shown with pictures in one workbook; more would make it too large to mail


@frozen(kw_only=True)
class PicturePair:
    """The first stored picture of a hit's listing and of its work, as PNG; None if none is stored."""

    hit_id: str
    title: str
    listing_picture: bytes | None
    work_picture: bytes | None


PairSource = Callable[[Sequence[str]], Iterator[PicturePair]]


def picture_pairs(store: Store, config: Config) -> PairSource:
    """A function that yields the picture pairs of hits by id: at most `MAX_PICTURE_ROWS`, each with a listing's."""
    blobs = open_blobs(config.store)

    def pairs(ids: Sequence[str]) -> Iterator[PicturePair]:
        count = 0
        for start in range(0, len(ids), MAX_PICTURE_ROWS):
            hits = store.hits.get_many(ids[start : start + MAX_PICTURE_ROWS])
            works = store.works.get_many(hit.work_id for hit in hits.values())
            complete = {work.id: work for work in store.works.fill_pictures(works.values())}
            for hit in hits.values():
                listing_picture, work_picture = (
                    _first_preview(hit.listing.pictures, blobs),
                    _first_preview(complete[hit.work_id].images, blobs),
                )
                if listing_picture and count < MAX_PICTURE_ROWS:
                    count += 1
                    yield PicturePair(
                        hit_id=hit.id,
                        title=hit.listing.title,
                        listing_picture=listing_picture,
                        work_picture=work_picture,
                    )
            if count >= MAX_PICTURE_ROWS:
                return

    return pairs


def _first_preview(pictures: Iterable[Picture], blobs: BlobStore) -> bytes | None:
    """A preview of the first picture that is stored and can be decoded; None if there is none."""
    from crawler.pictures import PictureError, render_preview

    for picture in pictures:
        data = blobs.get(picture.sha256) if picture.sha256 else None
        try:
            if data:
                return render_preview(data, PREVIEW_PIXELS)
        except PictureError:
            continue
    return None


MAX_LINKS = 60_000  # a sheet holds 65,530 links
MAX_LINK_CHARS = 2_079  # longest address a spreadsheet accepts
MAX_WRAPPED_ROWS = 5_000  # cells of longer sheets are not wrapped: a spreadsheet would take minutes to lay them out
COLUMN_WIDTHS = {"work_title": 24, "url": 40, "title": 48, "share_links": 32, "reasons": 64}  # in characters; others 14
PICTURE_COLUMNS = {"hit_id": 24, "title": 48, "listing": 24, "work": 24}  # name: width in characters
PICTURE_ROW_POINTS = PREVIEW_PIXELS * 0.75 + 6  # a pixel is three quarters of a point
_URL_COLUMN = COLUMNS.index("url")
_EPOCH = datetime(1980, 1, 1)  # noqa: DTZ001 - workbooks want naive UTC; the earliest time a ZIP entry can carry


def write_workbook(file: BinaryIO, rows: Sequence[HitRow], pairs: PairSource | None = None) -> None:
    """Write the rows, and the pictures that `pairs` yields for their ids."""
    draft = io.BytesIO()
    with Workbook(draft, {"constant_memory": True}) as book:
        book.set_properties({"author": "swordnet", "created": _EPOCH})
        _write_hits(book, book.add_worksheet("hits"), rows)
        picture_rows = list(pairs([row.hit_id for row in rows])) if pairs is not None else []
        if picture_rows:
            _write_pictures(book.add_worksheet("pictures"), picture_rows)
    _repack(draft, file)


def _repack(draft: BinaryIO, file: BinaryIO) -> None:
    """Copy the workbook without the modes and local times of temporary files that its ZIP entries carry."""
    with zipfile.ZipFile(draft) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))


def _write_hits(book: Workbook, sheet: Worksheet, rows: Sequence[HitRow]) -> None:
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(rows), len(COLUMNS) - 1)
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    link = book.add_format({"font_color": "#0563C1", "underline": 1, "text_wrap": True, "valign": "top"})
    for column, name in enumerate(COLUMNS):
        sheet.set_column(column, column, COLUMN_WIDTHS.get(name, 14))
        sheet.write_string(0, column, name, bold)
    cell_format = wrapped if len(rows) <= MAX_WRAPPED_ROWS else None
    for line, row in enumerate(rows, start=1):
        for column, value in enumerate(cells_of(row)):
            if column == _URL_COLUMN and line <= MAX_LINKS and _is_link(row.url):
                sheet.write_url(line, column, row.url, link, sheet_cell(row.url))
            else:
                _write_cell(sheet, line, column, value, cell_format)


def _write_cell(sheet: Worksheet, line: int, column: int, value: CellValue, cell_format: Format | None) -> None:
    """Write a number as a number, text always as text, and nothing for an empty value."""
    if isinstance(value, float | Decimal):
        sheet.write_number(line, column, float(value), cell_format)
    elif text := sheet_cell(cell_text(value)):
        sheet.write_string(line, column, text, cell_format)


def _is_link(url: str) -> bool:
    """Whether `url` is a web address that can be a clickable link."""
    return url.startswith(("http://", "https://")) and len(url) <= MAX_LINK_CHARS


def _write_pictures(sheet: Worksheet, picture_rows: Iterable[PicturePair]) -> None:
    for column, (name, width) in enumerate(PICTURE_COLUMNS.items()):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name)
    for line, pair in enumerate(picture_rows, start=1):
        sheet.set_row(line, PICTURE_ROW_POINTS)
        sheet.write_string(line, 0, pair.hit_id)
        sheet.write_string(line, 1, sheet_cell(pair.title))
        for column, data in ((2, pair.listing_picture), (3, pair.work_picture)):
            if data is not None:
                sheet.insert_image(line, column, f"{line}-{column}.png", {"image_data": io.BytesIO(data)})
