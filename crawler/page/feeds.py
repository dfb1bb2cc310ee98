"""Feeds: the entries of RSS and Atom, read leniently, because indexes write them by hand.

No XML parser: entities and external documents cannot be abused where none is resolved, and a feed that is cut or not
well-formed still gives the entries it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlsplit

from crawler.page.page import Page
from crawler.page.row import MOST, Row, size_in

_START = re.compile(r"<(item|entry)(?=[\s>])", re.I)
_FIELD = re.compile(r"<([A-Za-z][\w.:-]{0,40})([^<>]{0,2000})>")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_MARKUP = re.compile(r"<[^<>]{0,2000}>")
_HREF = re.compile(r"""\b(?:href|url)\s{0,3}=\s{0,3}["']([^"']{1,2000})["']""")
_LENGTH = re.compile(r"""\blength\s{0,3}=\s{0,3}["']([0-9]{1,15})["']""")
_HASH = re.compile(r"\b[0-9a-fA-F]{40}\b")


def is_feed(page: Page) -> bool:
    """Whether a page is RSS or Atom, whatever its content type says."""
    head = page.source[:2_000].lstrip().lower()
    return head.startswith("<") and any(mark in head for mark in ("<rss", "<feed", "<rdf:rdf", "<channel"))


def entries(page: Page) -> Iterator[Row]:
    """The entries that have a title and an address."""
    source = page.source
    starts = [found.start() for found in _START.finditer(source)][: MOST + 1]
    for begin, end in zip(starts, [*starts[1:], len(source)], strict=False):
        row = _entry(page, source[begin:end])
        if row is not None:
            yield row


def _entry(page: Page, source: str) -> Row | None:
    fields: dict[str, list[str]] = {}
    links: list[str] = []
    for found in _FIELD.finditer(source):
        name = found[1].rsplit(":", 1)[-1].lower()
        address = _HREF.search(found[2])
        if address and name in ("link", "enclosure", "content"):
            links.append(unescape(address[1]))
        if name == "enclosure":
            fields.setdefault("length", []).extend(_LENGTH.findall(found[2])[:1])
        text = _text(source, found)
        if text:
            fields.setdefault(name, []).append(text)
    title = _first(fields, "title")
    links = [*fields.get("link", ()), *fields.get("guid", ()), *fields.get("comments", ()), *links]
    pages = [address for address in filter(None, map(page.link, links)) if not _is_file(address)]
    url = next(iter(pages), None) or next(filter(None, map(page.link, links)), None)
    if not title or url is None:
        return None
    about = _first(fields, "description", "summary", "content")
    shares = [link for link in links if link.startswith("magnet:") or _is_file(link)]
    hashes = _HASH.findall(" ".join((_first(fields, "infohash", "info_hash", "hash"), about)))
    shares += [f"magnet:?xt=urn:btih:{digest.lower()}" for digest in hashes[:1]]
    sizes = _first(fields, "length", "size", "contentlength")
    return Row(
        url=url,
        title=title[:500],
        source="feed",
        text=about[:5_000],
        author=_first(fields, "creator", "author") or None,
        published=_first(fields, "pubdate", "published", "updated", "date") or None,
        links=tuple(dict.fromkeys(shares)),
        size=int(sizes) if sizes.isdecimal() else size_in(f"{sizes} {about}"),
    )


def _text(source: str, found: re.Match[str]) -> str:
    """The text of an element, without markup and entities, from CDATA or plain."""
    if found[2].endswith("/"):
        return ""
    end = source.find(f"</{found[1]}", found.end())
    inner = source[found.end() : end] if end >= 0 else ""
    inner = inner[:30_000]
    inner = inner.replace(_CDATA, "").replace(_CDATA_END, "") if _CDATA in inner else unescape(inner)
    return " ".join(unescape(_MARKUP.sub(" ", inner)).split())


def _first(fields: dict[str, list[str]], *names: str) -> str:
    return next((fields[name][0] for name in names if fields.get(name)), "")


def _is_file(address: str) -> bool:
    return urlsplit(address).path.lower().endswith((".torrent", ".nzb")) or address.startswith("magnet:")
