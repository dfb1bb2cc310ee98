"""`swordnet read`: reads listings from saved pages, one output row per input row. A bad page never ends the command."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, TextIO

import typer
from attrs import evolve, frozen

from crawler.errors import BadInput, Problem, SwordnetError
from desk.cli._options import ConfigFile, Quiet, command_context

if TYPE_CHECKING:
    from crawler.items import Listing, ShareLink
    from crawler.page.reader import Reader

MAX_PAGE_BYTES = 64 * 1024 * 1024
MAX_HEAD_BYTES = 65_536  # that tell what a file is
SAVED_ENDINGS = (".mhtml", ".mht", ".webarchive", ".html", ".htm")  # of a file that is a page and no list of pages
_ROW_FIELDS = frozenset({"file", "url", "spider", "content_type"})


@frozen(kw_only=True)
class PageRow:
    """One row of the input."""

    file: str
    url: str
    spider: str
    content_type: str = ""


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet read pages.jsonl -o listings.jsonl")(read)


def read(
    file: Annotated[
        str,
        typer.Argument(help='JSON Lines of {"file", "url"}, or one saved page; - is standard input.', metavar="FILE"),
    ],
    output: Annotated[
        Path | None, typer.Option("-o", help="Write here, else to standard output.", metavar="OUT")
    ] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Read saved pages and write the listings in them."""
    import sys

    command_context(config, quiet)
    is_page = file.lower().endswith(SAVED_ENDINGS)
    listed = io.StringIO(json.dumps({"file": Path(file).name})) if is_page else None
    source = sys.stdin if file == "-" else listed or _open_input(Path(file))
    rows = list(read_page_rows(source, file))
    base = Path() if file == "-" else Path(file).parent
    with output.open("wb") if output else nullcontext(sys.stdout.buffer) as out:
        asyncio.run(_write(rows, base, out))
        out.flush()


def read_page_rows(source: TextIO, name: str) -> Iterator[PageRow]:
    """The rows of the input. Raises BadInput with every invalid line."""
    problems: list[Problem] = []
    rows: list[PageRow] = []
    for number, line in enumerate(source, start=1):
        if line.strip():
            try:
                rows.append(_parse_row(line))
            except (ValueError, SwordnetError) as error:
                problems.append(Problem(file=name, line=number, message=str(error)))
    if problems:
        raise BadInput(problems)
    return iter(rows)


async def read_page(row: PageRow, base: Path, reader: Reader) -> dict[str, Any]:
    """One output row: the outcome and the listings, as a crawl has them, with only what the page states."""
    from crawler.items import Listing, Outcome
    from crawler.page import Page
    from crawler.page.outcome import outcome_of
    from crawler.page.sanitize import sanitize_listing
    from spiders.catalogue import platforms

    result: dict[str, Any] = {"file": row.file, "spider": row.spider, "outcome": Outcome.LIVE.value, "listings": []}
    try:
        body, row, is_cut = _unpack(_read_body(base / row.file), row)
        result["spider"] = row.spider
        outcome = Outcome.PARTIAL if is_cut else outcome_of(200, body, row.content_type, row.url)
        platform = platforms()[row.spider]()
        if outcome is Outcome.LIVE or (platform.reads_every_status and body and not is_cut):
            page = Page(url=row.url, body=body, content_type=row.content_type)
            items = await reader.read(platform, page)
            listings = [sanitize_listing(item) for item in items if isinstance(item, Listing)]
            outcome = listings[0].outcome if len(items) == len(listings) == 1 else outcome
            result["listings"] = [listing_row(listing) for listing in listings]
    except FileNotFoundError:
        outcome = Outcome.MISSING
    except (SwordnetError, OSError, ValueError) as error:
        outcome = Outcome.ERROR
        result["error"] = str(error)
    return result | {"outcome": outcome.value}


def listing_row(listing: Listing) -> dict[str, Any]:
    """A listing as JSON, without the fields the page does not state. Share links are those of its title and text."""
    from crawler.shares import extract_links

    row: dict[str, Any] = {
        "kind": listing.kind.value,
        "url": listing.url,
        "title": listing.title,
        "text": listing.text,
        "seller": listing.seller,
        "price": None if listing.price is None else f"{listing.price:f}",
        "price_high": None if listing.price_high is None else f"{listing.price_high:f}",
        "currency": listing.currency,
        "identifiers": {scheme: list(values) for scheme, values in listing.identifiers.items()},
        "images": [picture.url for picture in listing.pictures],
        "links": [_link_row(entry) for entry in listing.links or extract_links(f"{listing.title}\n{listing.text}")],
        "files": [{"name": entry.name, "size": entry.size} for entry in listing.files],
        "author": ", ".join(listing.creators),
        "publisher": listing.publisher,
        "published": listing.published,
        "availability": listing.availability,
        "condition": listing.condition,
        "brand": listing.brand,
        "sku": listing.sku,
        "share_state": listing.share_state.value if listing.share_state else None,
    }
    return {name: value for name, value in row.items() if value not in (None, "", [], {})}


def _link_row(link: ShareLink) -> dict[str, Any]:
    row = {"platform": link.platform, "share_id": link.share_id, "url": link.url, "code": link.code}
    return {name: value for name, value in row.items() if value}


async def _read_rows(rows: list[PageRow], base: Path) -> AsyncIterator[dict[str, Any]]:
    from crawler.page.reader import Reader

    reader = Reader()
    try:
        for row in rows:
            yield await read_page(row, base, reader)
    finally:
        reader.close()


async def _write(rows: list[PageRow], base: Path, out: BinaryIO) -> None:
    async for result in _read_rows(rows, base):
        out.write(json.dumps(result, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


def _parse_row(line: str) -> PageRow:
    """The row in a line of JSON. Raises ValueError.

    A page without an address (or with a note in its place) is read as a page of any shop, named after its file.
    """
    from crawler.urls import url_host
    from spiders.catalogue import FALLBACK_PLATFORM, platform_for, platforms

    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError("expected an object")
    texts = {name: row[name] for name in _ROW_FIELDS & row.keys() if row[name] is not None}
    wrong = sorted(name for name, value in texts.items() if not isinstance(value, str))
    if wrong or not texts.get("file"):
        raise ValueError(f"{wrong[0]}: expected text" if wrong else "file: missing")
    texts["url"] = texts.get("url") or f"file:{texts['file']}"
    spider = texts.pop("spider", "") or (
        platform_for(texts["url"]).name if url_host(texts["url"]) else FALLBACK_PLATFORM
    )
    if spider not in platforms():
        raise ValueError(f"spider: unknown platform {spider!r}")
    return PageRow(spider=spider, **texts)


def _open_input(path: Path) -> TextIO:
    try:
        return io.StringIO(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise BadInput(Problem(file=str(path), message=str(error))) from None


def _unpack(body: bytes, row: PageRow) -> tuple[bytes, PageRow, bool]:
    """The page in the bytes of a file that a browser saved, and its row with the address that the page names, unless
    the row names one, and whether the file is cut within it. Raises ValueError if it is damaged.
    """
    from crawler.archives.mhtml import is_single_file, unpack_page
    from crawler.archives.saved_pages import stated_address
    from spiders.catalogue import FALLBACK_PLATFORM, platform_for

    url, is_cut = "", False
    if is_single_file(body[:MAX_HEAD_BYTES]):
        page = unpack_page(body)
        body, url, is_cut = page.body, page.url, page.is_cut
        row = evolve(row, content_type=page.content_type)
    if row.url.startswith("file:") and (url := url or stated_address(body)[0]):
        spider = platform_for(url).name if row.spider == FALLBACK_PLATFORM else row.spider
        row = evolve(row, url=url, spider=spider)
    return body, row, is_cut


def _read_body(path: Path) -> bytes:
    """The bytes of a page, decompressed if they are gzip. Raises ValueError if they are damaged or too many."""
    from crawler.archives.bodies import gunzip

    with path.open("rb") as stream:
        is_packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        body = gunzip(stream, MAX_PAGE_BYTES) if is_packed else stream.read(MAX_PAGE_BYTES + 1)
    if len(body) > MAX_PAGE_BYTES:
        raise ValueError(f"more than {MAX_PAGE_BYTES} bytes")
    return body
