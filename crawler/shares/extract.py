"""Share links with their access codes in a text or a piece of HTML: the one function the rest of the house calls."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve

from crawler.items import ShareLink
from crawler.shares.addresses import Address, exact, patterns
from crawler.shares.clipped import clipped
from crawler.shares.codes import Candidate, labelled
from crawler.shares.keyed import named
from crawler.shares.orders import obeyed
from crawler.shares.pairing import FAR_NAMED, pair
from crawler.shares.precheck import may_hold_links
from crawler.shares.rules import Rules, rules
from crawler.shares.torn import torn
from crawler.shares.undoing import undone
from crawler.shares.views import View

LONG = 50_000  # signs from which on codes are looked for near links only
_INDEX = re.compile(r"(?:链接|鏈接|地址|网盘|link) {0,2}([1-9][0-9]?) {0,2}[.:、)]{0,2} {0,2}\Z", re.IGNORECASE)


def extract(text: str) -> tuple[ShareLink, ...]:
    """The share links of a text in its order, each once, with code, tricks undone, and its span in `text`.

    Pure. Markup is read as well: addresses in attributes count, and tags inside an address are a trick.
    """
    if not may_hold_links(text):
        return ()
    known = rules()
    view = obeyed(undone(text))
    links = _addresses(view, known)
    if links:
        pair(view.text, links, _codes(view.text, links, known))
    found: dict[tuple[str, str], ShareLink] = {}
    for address in links:
        link = _link(view, address)
        key = (link.platform, link.share_id)
        first = found.setdefault(key, link)
        if first.code is None and link.code is not None:
            found[key] = evolve(first, code=link.code, code_kind=link.code_kind)
    return tuple(found.values())


def _codes(text: str, links: Sequence[Address], known: Rules) -> list[Candidate]:
    """All codes that a word or a platform's name announces, in the order of the text."""
    found = labelled(text, known, _windows(len(text), links))
    taken = {one.end for one in found}
    if len(text) <= LONG:
        found += [one for one in named(text, known) if one.end not in taken]
    return sorted(found, key=lambda one: one.start)


def _windows(length: int, links: Sequence[Address]) -> list[tuple[int, int]] | None:
    """The stretches of a very long text in which a code may belong to a link."""
    if length <= LONG:
        return None
    found: list[tuple[int, int]] = []
    for link in links:
        start, end = max(0, link.start - FAR_NAMED), min(length, link.end + FAR_NAMED)
        if found and start <= found[-1][1]:
            start = found.pop()[0]
        found.append((start, end))
    return found


def _link(view: View, address: Address) -> ShareLink:
    tricks = address.tricks
    if address.code_end > address.end:
        tricks = tricks | view.tricks(address.end, address.code_end) & {"zero_width", "full_width", "lookalikes"}
    return ShareLink(
        platform=address.rule.name,
        share_id=address.share_id,
        url=address.url,
        code=address.code,
        code_kind=address.code_kind,
        tricks=tuple(sorted(tricks)),
        span=view.span(address.start, address.end),
    )


def _addresses(view: View, known: Rules) -> list[Address]:
    """All links of a view in its order, copies included."""
    found = _apart(
        [*exact(view, known), *_backwards(view, known)],
        [*patterns(view, known), *torn(view, known), *clipped(view, known)],
    )
    for address in found:
        if match := _INDEX.search(view.text, max(0, address.start - 20), address.start):
            address.index = int(match[1])
        address.tricks |= view.tricks(address.start, address.end)
    return found


_BACKWARDS = re.compile(r"//:s?ptth|/(?:moc|nc|zn|ten)\.[a-z0-9]", re.IGNORECASE)


def _backwards(view: View, known: Rules) -> Iterator[Address]:
    """Addresses written from their end to their beginning."""
    if not _BACKWARDS.search(view.text):
        return
    length = len(view.text)
    for address in exact(View(text=view.text[::-1], starts=view.starts[::-1], ends=view.ends[::-1]), known):
        address.start, address.end = length - address.end, length - address.start
        address.code_end = address.end if address.code else 0
        address.tricks.add("reversed")
        yield address


def _apart(written: Iterable[Address], others: Iterable[Address]) -> list[Address]:
    """All links in order, without other readings of what was found already."""
    found = sorted(written, key=lambda address: address.start)
    starts = [address.start for address in found]
    for address in others:
        place = bisect_left(starts, address.end)
        if place == 0 or found[place - 1].end <= address.start:
            found.insert(place, address)
            starts.insert(place, address.start)
    return found
