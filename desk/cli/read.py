"""`swordnet read`: listings in saved pages, one row out for each row in. A page that fails never ends the command."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, TextIO

import typer
from attrs import frozen

from crawler.errors import BadInput, Problem, SwordnetError
from desk.cli._options import ConfigFile, Quiet, at_desk

if TYPE_CHECKING:
    from crawler.items import Listing, ShareLink
    from crawler.page.reading import Reader

LARGEST_PAGE = 64 * 1024 * 1024
_FIELDS = frozenset({"file", "url", "spider", "content_type"})


@frozen(kw_only=True)
class Saved:
    """One row of the input."""

    file: str
    url: str
    spider: str
    content_type: str = ""


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet read pages.jsonl -o listings.jsonl")(read)


def read(
    file: Annotated[str, typer.Argument(help='JSON Lines of {"file", "url"}; - is standard input.', metavar="FILE")],
    output: Annotated[
        Path | None, typer.Option("-o", help="Write here, else to standard output.", metavar="OUT")
    ] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Read saved pages and write the listings in them."""
    import sys

    at_desk(config, quiet)
    source = sys.stdin if file == "-" else _opened(Path(file))
    rows = list(saved_rows(source, file))
    base = Path() if file == "-" else Path(file).parent
    with output.open("wb") if output else nullcontext(sys.stdout.buffer) as out:
        asyncio.run(_write(rows, base, out))
        out.flush()


def saved_rows(source: TextIO, name: str) -> Iterator[Saved]:
    """The rows of the input. Raises BadInput with every wrong line."""
    problems: list[Problem] = []
    rows: list[Saved] = []
    for number, line in enumerate(source, start=1):
        if line.strip():
            try:
                rows.append(_row(line))
            except (ValueError, SwordnetError) as error:
                problems.append(Problem(file=name, line=number, message=str(error)))
    if problems:
        raise BadInput(problems)
    return iter(rows)


async def read_saved(row: Saved, base: Path, reader: Reader) -> dict[str, Any]:
    """One row of the output: the outcome and the listings, with what the page states and nothing else."""
    from crawler.items import Listing, Outcome
    from crawler.page import Page
    from crawler.page.outcome import outcome_of

    out: dict[str, Any] = {"file": row.file, "spider": row.spider, "outcome": Outcome.LIVE.value, "listings": []}
    try:
        body = _body(base / row.file)
        outcome = outcome_of(200, body, row.content_type, row.url)
        if outcome is Outcome.LIVE:
            page = Page(url=row.url, body=body, content_type=row.content_type)
            from spiders._claims import spiders_by_name

            found = await reader.read(spiders_by_name()[row.spider](), page)
            out["listings"] = [stated(each) for each in found if isinstance(each, Listing)]
    except FileNotFoundError:
        outcome = Outcome.MISSING
    except (SwordnetError, OSError, ValueError) as error:
        outcome = Outcome.ERROR
        out["error"] = str(error)
    return out | {"outcome": outcome.value}


def stated(listing: Listing) -> dict[str, Any]:
    """A listing as JSON, without the fields the page does not state. Share links are those of its title and text."""
    from crawler.shares import extract

    row: dict[str, Any] = {
        "kind": listing.kind.value,
        "url": listing.url,
        "title": listing.title,
        "text": listing.text,
        "seller": listing.seller,
        "price": None if listing.price is None else f"{listing.price:f}",
        "currency": listing.currency,
        "identifiers": {scheme: list(values) for scheme, values in listing.identifiers.items()},
        "images": [picture.url for picture in listing.pictures],
        "links": [_link(each) for each in listing.links or extract(f"{listing.title}\n{listing.text}")],
        "files": [{"name": each.name, "size": each.size} for each in listing.files],
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


def _link(link: ShareLink) -> dict[str, Any]:
    row = {"platform": link.platform, "share_id": link.share_id, "url": link.url, "code": link.code}
    return {name: value for name, value in row.items() if value}


async def _results(rows: list[Saved], base: Path) -> AsyncIterator[dict[str, Any]]:
    from crawler.page.reading import Reader

    reader = Reader()
    try:
        for row in rows:
            yield await read_saved(row, base, reader)
    finally:
        reader.close()


async def _write(rows: list[Saved], base: Path, out: BinaryIO) -> None:
    async for result in _results(rows, base):
        out.write(json.dumps(result, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


def _row(line: str) -> Saved:
    """A page without an address (or with a note in its place) is read as a page of any shop, named after its file."""
    from crawler.urls import host
    from spiders._claims import FALLBACK, claim, spiders_by_name

    said = json.loads(line)
    if not isinstance(said, dict):
        raise ValueError("expected an object")
    texts = {name: said[name] for name in _FIELDS & said.keys() if said[name] is not None}
    wrong = sorted(name for name, value in texts.items() if not isinstance(value, str))
    if wrong or not texts.get("file"):
        raise ValueError(f"{wrong[0]}: expected text" if wrong else "file: missing")
    texts["url"] = texts.get("url") or f"file:{texts['file']}"
    spider = texts.pop("spider", "") or (claim(texts["url"]).name if host(texts["url"]) else FALLBACK)
    if spider not in spiders_by_name():
        raise ValueError(f"spider: unknown platform {spider!r}")
    return Saved(spider=spider, **texts)


def _opened(path: Path) -> TextIO:
    try:
        return io.StringIO(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise BadInput(Problem(file=str(path), message=str(error))) from None


def _body(path: Path) -> bytes:
    """The page's bytes, unpacked if they are gzip. Raises ValueError where they are damaged or too many."""
    from crawler.archives.answer import gunzipped

    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        body = gunzipped(stream, LARGEST_PAGE) if packed else stream.read(LARGEST_PAGE + 1)
    if len(body) > LARGEST_PAGE:
        raise ValueError(f"more than {LARGEST_PAGE} bytes")
    return body
