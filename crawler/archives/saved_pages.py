"""A folder of pages that browsers saved: .html with the folder of its pictures beside it, MHTML, .webarchive.

Where a page was saved from is said by the mark of Internet Explorer and Chrome ("saved from url=(0031)https://..."),
the comment of SingleFile, <link rel=canonical> or og:url, in this order. The files of a page's folder ("page_files")
become responses at the addresses that the page's references to them have.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import quote, urljoin

from crawler.archives.archive import RecordedResponse, SkippedEntry, SkipReason, parse_timestamp
from crawler.archives.mhtml import WEB_SCHEMES, unpack_page
from crawler.errors import BadInput, Problem
from crawler.page.charset import decode

PAGE_ENDINGS = frozenset((".html", ".htm", ".xhtml", ".shtml"))
SINGLE_FILE_ENDINGS = frozenset((".mhtml", ".mht", ".webarchive"))
_HEAD_BYTES = 65_536  # of a page, in which its address is looked for; the mark stands in the first lines
_FOLDER_ENDINGS = ("_files", ".files", "_file", "_fichiers", "-Dateien", "_archivos", "_arquivos", "_elemei", "-filer")
_NO_ADDRESS = (
    "does not say where it was saved from: put it as page.html into a folder with a request.json "
    '{"url": "https://..."}, or list it with its address for swordnet read'
)
_MARK_RE = re.compile(r"<!--\s{0,9}saved from url=\(\d{1,6}\)(\S{1,4000}?)\s{0,9}-->", re.I)
_SINGLEFILE_RE = re.compile(
    r"<!--\s{0,9}Page saved with SingleFileZ?\s{1,20}url:\s{0,9}(\S{1,4000})"
    r"(?:\s{1,20}saved date:\s{0,9}([^\n]{1,100}))?",
    re.I,
)
_ADDRESS = r"""["']?([^"'\s<>]{1,2000})"""
_INSIDE_TAG = r"""[^<>]{1,1000}?"""
_CANONICAL_RES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"""<link{_INSIDE_TAG}\brel=["']?canonical\b{_INSIDE_TAG}\bhref={_ADDRESS}""",
        rf"""<link{_INSIDE_TAG}\bhref={_ADDRESS}{_INSIDE_TAG}\brel=["']?canonical\b""",
        rf"""<meta{_INSIDE_TAG}\bproperty=["']?og:url\b{_INSIDE_TAG}\bcontent={_ADDRESS}""",
        rf"""<meta{_INSIDE_TAG}\bcontent={_ADDRESS}{_INSIDE_TAG}\bproperty=["']?og:url\b""",
    )
)
_SCRIPT_DATE_RE = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2} \d{1,2} \d{4} \d{2}:\d{2}:\d{2}) (?:GMT|UTC)([+-]\d{4})?")


def stated_address(body: bytes) -> tuple[str, datetime | None]:
    """The web address that a saved page says it is from and when it was saved; ("", None) if it does not say."""
    head = decode(body[:_HEAD_BYTES]).text
    single_file = _SINGLEFILE_RE.search(head)
    saved_at = _parse_date((single_file[2] or "").strip()) if single_file else None
    mark = _MARK_RE.search(head)
    matches = (mark, single_file, *(pattern.search(head) for pattern in _CANONICAL_RES))
    addresses = (unescape(match[1]) for match in matches if match)
    return next((address for address in addresses if address.startswith(WEB_SCHEMES)), ""), saved_at


def find_saved_pages(folder: Path) -> list[Path]:
    """The pages that browsers saved anywhere below a folder, in the order of their paths."""
    return sorted(path for path in folder.rglob("*") if _is_saved_page(path, folder))


def read_saved_folder(folder: Path) -> Iterator[RecordedResponse | SkippedEntry]:
    """The pages below a folder and their pictures, by path.

    Raises BadInput with every page whose address is not known, or if there is no page.
    """
    pages = find_saved_pages(folder)
    problems: list[Problem] = []
    entries: list[RecordedResponse | SkippedEntry] = []
    for path in pages:
        is_single = path.suffix.lower() in SINGLE_FILE_ENDINGS
        try:
            entries += read_single_file(path) if is_single else read_saved_page(path)
        except BadInput as error:
            problems += error.problems
    if not pages:
        message = (
            "no request.json with a page.* beside it below this folder, no saved page (.html, .mhtml) and no archive"
        )
        problems = [Problem(file=str(folder), message=message)]
    if problems:
        raise BadInput(problems)
    return iter(entries)


def read_single_file(path: Path) -> Iterator[RecordedResponse | SkippedEntry]:
    """The page of an MHTML file or a .webarchive as a recorded response, and its parts."""
    try:
        page = unpack_page(path.read_bytes())
    except ValueError as error:
        yield SkippedEntry(file=str(path), place="the page", reason=SkipReason.DAMAGED, detail=str(error))
        return
    url = page.url or stated_address(page.body)[0]
    if not url:
        raise BadInput(Problem(file=str(path), message=_NO_ADDRESS))
    yield RecordedResponse(
        url=url, body=page.body, content_type=page.content_type, fetched_at=page.saved_at, is_cut=page.is_cut
    )
    yield from page.parts


def read_saved_page(path: Path) -> Iterator[RecordedResponse]:
    """A saved .html and the files of its folder. Raises BadInput if it does not say where it was saved from."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise BadInput(Problem(file=str(path), message=error.strerror or str(error))) from None
    url, saved_at = stated_address(body)
    if not url:
        raise BadInput(Problem(file=str(path), message=_NO_ADDRESS))
    responses = [RecordedResponse(url=url, body=body, content_type="text/html", fetched_at=saved_at)]
    for ending in _FOLDER_ENDINGS:
        folder = path.with_name(f"{path.stem}{ending}")
        for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
            kind = mimetypes.guess_type(file.name)[0] or ""
            if file.is_file() and kind not in ("text/html", "application/xhtml+xml"):
                address = urljoin(url, quote(file.relative_to(path.parent).as_posix()))
                responses.append(
                    RecordedResponse(url=address, body=file.read_bytes(), content_type=kind, fetched_at=saved_at)
                )
    return iter(responses)


def _is_saved_page(path: Path, folder: Path) -> bool:
    """Whether a file is a page of its own and not a frame in the folder of another."""
    if not path.is_file() or path.suffix.lower() not in PAGE_ENDINGS | SINGLE_FILE_ENDINGS:
        return False
    above = path.relative_to(folder).parts[:-1]
    return not any(name.endswith(_FOLDER_ENDINGS) for name in above)


def _parse_date(text: str) -> datetime | None:
    """A date as JavaScript writes it ("Fri Nov 20 2026 10:00:00 GMT+0800 (...)") or as ISO 8601."""
    match = _SCRIPT_DATE_RE.match(text)
    if match is None:
        return parse_timestamp(text)
    try:
        return datetime.strptime(f"{match[1]} {match[2] or '+0000'}", "%b %d %Y %H:%M:%S %z").astimezone(UTC)
    except ValueError:
        return None
