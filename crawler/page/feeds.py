"""Entries of RSS and Atom feeds, read leniently, because indexes write them by hand.

No XML parser is used: entities and external documents are not resolved, so they cannot be abused, and a feed that is
truncated or not well-formed still gives the entries it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlsplit

from crawler.page.list_row import MAX_ROWS, ListRow, find_size
from crawler.page.page import Page

_ENTRY_START_RE = re.compile(r"<(item|entry)(?=[\s>])", re.I)
_ELEMENT_RE = re.compile(r"<([A-Za-z][\w.:-]{0,40})([^<>]{0,2000})>")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_MARKUP_RE = re.compile(r"<[^<>]{0,2000}>")
_HREF_RE = re.compile(r"""\b(?:href|url)\s{0,3}=\s{0,3}["']([^"']{1,2000})["']""")
_LENGTH_RE = re.compile(r"""\blength\s{0,3}=\s{0,3}["']([0-9]{1,15})["']""")
_INFOHASH_RE = re.compile(r"\b[0-9a-fA-F]{40}\b")


def is_feed(page: Page) -> bool:
    """Whether a page is RSS or Atom, whatever its content type says."""
    head = page.source[:2_000].lstrip().lower()
    return head.startswith("<") and any(mark in head for mark in ("<rss", "<feed", "<rdf:rdf", "<channel"))


def feed_entries(page: Page) -> Iterator[ListRow]:
    """Yield the entries that have a title and an address."""
    source = page.source
    starts = [match.start() for match in _ENTRY_START_RE.finditer(source)][: MAX_ROWS + 1]
    for begin, end in zip(starts, [*starts[1:], len(source)], strict=False):
        row = _parse_entry(page, source[begin:end])
        if row is not None:
            yield row


def _parse_entry(page: Page, source: str) -> ListRow | None:
    fields: dict[str, list[str]] = {}
    links: list[str] = []
    for element in _ELEMENT_RE.finditer(source):
        name = element[1].rsplit(":", 1)[-1].lower()
        address = _HREF_RE.search(element[2])
        if address and name in ("link", "enclosure", "content"):
            links.append(unescape(address[1]))
        if name == "enclosure":
            fields.setdefault("length", []).extend(_LENGTH_RE.findall(element[2])[:1])
        text = _element_text(source, element)
        if text:
            fields.setdefault(name, []).append(text)
    title = _first_value(fields, "title")
    links = [*fields.get("link", ()), *fields.get("guid", ()), *fields.get("comments", ()), *links]
    pages = [address for address in filter(None, map(page.link, links)) if not _is_download(address)]
    url = next(iter(pages), None) or next(filter(None, map(page.link, links)), None)
    if not title or url is None:
        return None
    description = _first_value(fields, "description", "summary", "content")
    share_links = [link for link in links if link.startswith("magnet:") or _is_download(link)]
    hashes = _INFOHASH_RE.findall(" ".join((_first_value(fields, "infohash", "info_hash", "hash"), description)))
    share_links += [f"magnet:?xt=urn:btih:{digest.lower()}" for digest in hashes[:1]]
    sizes = _first_value(fields, "length", "size", "contentlength")
    return ListRow(
        url=url,
        title=title[:500],
        source="feed",
        text=description[:5_000],
        author=_first_value(fields, "creator", "author") or None,
        published=_first_value(fields, "pubdate", "published", "updated", "date") or None,
        links=tuple(dict.fromkeys(share_links)),
        size=int(sizes) if sizes.isdecimal() else find_size(f"{sizes} {description}"),
    )


def _element_text(source: str, element: re.Match[str]) -> str:
    """The text of an element, in CDATA or plain, without markup and entities."""
    if element[2].endswith("/"):
        return ""
    end = source.find(f"</{element[1]}", element.end())
    inner = source[element.end() : end] if end >= 0 else ""
    inner = inner[:30_000]
    inner = inner.replace(_CDATA, "").replace(_CDATA_END, "") if _CDATA in inner else unescape(inner)
    return " ".join(unescape(_MARKUP_RE.sub(" ", inner)).split())


def _first_value(fields: dict[str, list[str]], *names: str) -> str:
    return next((fields[name][0] for name in names if fields.get(name)), "")


def _is_download(address: str) -> bool:
    return urlsplit(address).path.lower().endswith((".torrent", ".nzb")) or address.startswith("magnet:")
