"""The words of a page that are the seller's, line by line, and what was left out as menu, related items or replies.

With the frame of the site (crawler.page.site_frame) everything counts that the page has of its own. Without one a
well-kept extractor for single pages (Resiliparse) decides which lines belong to the main text. In both cases links to
other listings, what stands around them, replies and the site's own name do not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from enum import StrEnum
from unicodedata import normalize
from urllib.parse import urlsplit

from attrs import frozen
from resiliparse.extract.html2text import extract_plain_text
from selectolax.lexbor import LexborNode

from crawler.contacts import find_contacts
from crawler.page.page import Page, visible_text
from crawler.page.related_items import alike_cards, related_elements
from crawler.page.shown_description import description_elements
from crawler.page.site_frame import SiteFrame, framed_elements
from crawler.page.text_lines import ACCESS_CODE_RE, Line, all_lines, hands_out, page_lines
from crawler.shares import extract_links

MAX_TEXT_CHARS = 20_000
MAX_LEFT_OUT_CHARS = 300  # of one part that was left out
MAX_LEFT_OUT_PARTS = 100
MIN_EXTRACTED_SHARE = 0.6  # of the letters of a page whose main text is short: labels and values stand outside it
MIN_ARTICLE_LETTERS = 400  # from which the extractor has found an article (estimate)
SHORT_LINE_CHARS = 12  # a line up to this length must be a line of the extractor's, not only a part of one
MIN_LINK_LIST_LINES = 3  # links below one another, each a line of its own, are a list of links
MAX_PATH_EXTRA_CHARS = 60  # that the path to a page ("Home > Books > ...") has besides the page's title
_MENU_SELECTOR = "nav, footer, aside, [role=navigation], [role=contentinfo], [role=complementary], [class*=breadcrumb]"
_REPLY_SELECTOR = "[id*=comment], [class*=comment], [id*=review], [class*=review], [id*=respond], [class*=repl]"
_REPLY_RE = re.compile(
    r"(?:^|[\s_-])(?:comments?|comment-?list|replies|reply|respond|reviews?|disqus)(?:$|[\s_-](?!count|link|form|status))",
    re.I,
)
UTF8_TYPE = "text/html; charset=utf-8"
MAX_PICTURES = 20
MIN_PICTURE_PIXELS = 48  # of an edge; smaller ones are icons (a QR code that a phone can read is larger)
# In the order in which they name the picture itself: forums and lazy pages put a stand-in into `src`.
_PICTURE_ATTRIBUTES = (
    *("zoomfile", "file", "data-zoom-image", "data-original", "data-src", "data-lazy-src", "data-lazyload"),
    *("data-lazy", "data-url", "data-echo", "data-srcset", "src", "srcset"),
)
_ORNAMENT_RE = re.compile(
    r"smil(?:ey|ies|e)|emoji|emoticon|avatar|\bicons?\b|/icon|logo|sprite|captcha|\brank|badge|button|uc_server", re.I
)
_STAND_IN_RE = re.compile(r"blank\.|spacer|none\.gif|pixel\.|loading|lazyload\.|placeholder", re.I)
MAX_STAND_IN_PIXELS = 2  # of an edge: the size of what stands in for a picture, not of the picture
_PATH_END_RE = re.compile(r"[›»>/|→]\s*$")
MAX_VALUE_CHARS = 24  # of a value without its label
MAX_LABEL_CHARS = 40
MAX_VALUE_LEVELS = 3  # elements around a value beside which its label may stand
_BARE_VALUE_RE = re.compile(r"[A-Za-z]{0,4}[\d\s.,:/年月日时分次-]+[A-Za-z]{0,3}")
# What common systems write below a title: categories, tags, numbers of articles, dates.
_META_SELECTOR = (
    ".product_meta, .posted_in, .tagged_as, .sku_wrapper, ul.post-meta, .entry-meta, .post-meta, .cat-links, "
    ".tags-links, .tag-links, [itemprop=keywords], a[rel~=tag]"
)
MAX_META_CHARS = 300
MAX_CODE_LINES = 2  # behind a line with a share: its code's label and the code
MAX_CODE_LINE_CHARS = 24
MIN_TEXT_LETTERS = 4  # a page with fewer beside its replies has no text: what looks like a reply is it


class LeftOut(StrEnum):
    """Why a part of a page is not the seller's words."""

    FRAME = "on every page of the site"
    MENU = "a menu, side bar or footer"
    RELATED = "other listings"
    REPLIES = "replies and comments"
    LINKS = "a list of links"
    NAME = "the site's own name"
    PATH = "the title again, or the path to the page"
    OUTSIDE = "outside the main text"


@frozen(kw_only=True)
class MainText:
    """The text that counts, its lines in elements that show a description or hand out a share, the addresses of the
    pictures in it, and what was left out: (why, text).
    """

    text: str = ""
    described: tuple[str, ...] = ()
    left_out: tuple[tuple[LeftOut, str], ...] = ()
    pictures: tuple[str, ...] = ()


def main_text(page: Page, frame: SiteFrame | None, title: str, roots: Sequence[LexborNode] = ()) -> MainText:
    """The words of a page of one listing, one line a block, cell or button, of at most MAX_TEXT_CHARS.

    `roots` limit them to some elements (the first post of a thread). The title is not repeated. Without a frame the
    extractor decides, unless it finds next to nothing.
    """
    if not page.is_html:
        return MainText(text=page.source[:MAX_TEXT_CHARS])
    skip = _skipped_elements(page, frame, title, roots)
    result = _read(page, frame, title, roots, skip)
    if len(_letters(result.text)) < MIN_TEXT_LETTERS and LeftOut.REPLIES in skip.values():
        kept = {identity: reason for identity, reason in skip.items() if reason is not LeftOut.REPLIES}
        result = max(result, _read(page, frame, title, roots, kept), key=lambda read: len(read.text))
    return result


def _read(
    page: Page, frame: SiteFrame | None, title: str, roots: Sequence[LexborNode], skip: Mapping[int, LeftOut]
) -> MainText:
    """The lines that count inside `roots` (the body without any), and what was left out."""
    lines: list[Line] = []
    left_out: list[tuple[LeftOut, str]] = []
    pictures: list[LexborNode] = []
    skipped: list[tuple[LexborNode, str]] = []
    for root in roots or (None,):
        result = page_lines(page, skip, root)
        lines += result.lines
        pictures += result.pictures
        skipped += result.skipped
        left_out += [(LeftOut(reason), visible_text(node)) for node, reason in result.skipped[:MAX_LEFT_OUT_PARTS]]
    handing = _handing_lines(lines)
    reasons = _line_reasons(page, frame, title, lines, handing, may_extract=not roots)
    marked = {node.mem_id for node in description_elements(page)}
    framed = {node.mem_id for node, reason in skipped if reason == LeftOut.FRAME}
    for number, line in enumerate(lines if framed else ()):
        if reasons[number] is None and _is_value_of(line, lines[number - 1] if number else None, framed):
            reasons[number] = LeftOut.FRAME
    left_out += [(reason, line.text) for line, reason in zip(lines, reasons, strict=True) if reason]
    kept = "\n".join(line.text for line, reason in zip(lines, reasons, strict=True) if not reason)
    return MainText(
        text=kept[:MAX_TEXT_CHARS],
        described=tuple(
            line.text
            for line, reason, is_handing in zip(lines, reasons, handing, strict=True)
            if reason in (None, LeftOut.OUTSIDE)
            and (is_handing or any(element.mem_id in marked for element in line.elements))
        ),
        left_out=tuple((why, text[:MAX_LEFT_OUT_CHARS]) for why, text in left_out[:MAX_LEFT_OUT_PARTS] if text),
        pictures=_picture_addresses(page, pictures),
    )


def _picture_addresses(page: Page, nodes: Sequence[LexborNode]) -> tuple[str, ...]:
    """The addresses of pictures, each once; not of smileys, portraits, icons and what stands in until one is loaded."""
    addresses: dict[str, None] = {}
    for node in nodes:
        attributes = node.attributes
        sizes = [attributes.get(name) or "" for name in ("width", "height")]
        smallest = MAX_STAND_IN_PIXELS if _names_lazy_picture(node) else -1
        if any(size.isdigit() and smallest < int(size) < MIN_PICTURE_PIXELS for size in sizes):
            continue
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:200]
        if _ORNAMENT_RE.search(names) or (smallest < 0 and _STAND_IN_RE.search(names)):
            continue
        for name in _PICTURE_ATTRIBUTES:
            address = page.link((attributes.get(name) or "").split(" ")[0]) if attributes.get(name) else None
            path = urlsplit(address).path if address else ""
            if address and not _ORNAMENT_RE.search(path) and not _STAND_IN_RE.search(path):
                addresses.setdefault(address)
                break
    return tuple(addresses)[:MAX_PICTURES]


def _names_lazy_picture(node: LexborNode) -> bool:
    """Whether a picture names another address than the one that is loaded with the page."""
    attributes = node.attributes
    return any(attributes.get(name) for name in _PICTURE_ATTRIBUTES if name not in ("src", "srcset"))


def _line_reasons(
    page: Page, frame: SiteFrame | None, title: str, lines: list[Line], handing: list[bool], *, may_extract: bool
) -> list[LeftOut | None]:
    """For each line why it does not count, None for one that counts."""
    names = {_letters(name) for name in frame.names} if frame else set()
    extract = _Extract.of(page, lines) if may_extract and not (frame and frame.list_blocks) else None
    listed = _listed_lines(lines)
    reasons: list[LeftOut | None] = []
    for number, line in enumerate(lines):
        reason = LeftOut.LINKS if number in listed else None
        if _letters(line.text) in names:
            reason = LeftOut.NAME
        elif _is_path(line, title):
            reason = LeftOut.PATH
        elif reason is None and extract and not line.has_file and not extract.has(line.text):
            reason = LeftOut.OUTSIDE
        is_kept = reason in (LeftOut.OUTSIDE, LeftOut.LINKS) and handing[number]
        reasons.append(None if is_kept else reason)
    return reasons


def _handing_lines(lines: list[Line]) -> list[bool]:
    """For each line whether it hands out a share or its code."""
    handing = [False] * len(lines)
    is_any = hands_out("\n".join(line.text for line in lines))
    for number, line in enumerate(lines if is_any else ()):
        if not hands_out(line.text):
            continue
        handing[number] = True
        behind = [other.text for other in lines[number + 1 : number + 1 + MAX_CODE_LINES]]
        if max(map(len, behind), default=MAX_CODE_LINE_CHARS + 1) <= MAX_CODE_LINE_CHARS:
            codes = [link.code for link in extract_links(line.text)]
            if codes != [link.code for link in extract_links("\n".join((line.text, *behind)))]:
                handing[number + 1 : number + 1 + len(behind)] = [True] * len(behind)
    return handing


def _is_value_of(line: Line, before: Line | None, framed: Set[int]) -> bool:
    """Whether a line is a bare number, code or date whose label was left out; codes of access and contacts stay."""
    if (
        len(line.text) > MAX_VALUE_CHARS
        or not any(map(str.isdigit, line.text))
        or not _BARE_VALUE_RE.fullmatch(line.text)
    ):
        return False
    entered = {element.mem_id for element in before.elements} if before else set[int]()
    for element in reversed(line.elements[-MAX_VALUE_LEVELS:]):
        if element.mem_id in entered:
            return False  # the line does not begin the element
        inner = _first_element(element) if element.mem_id == line.elements[-1].mem_id else None
        for label in filter(None, (inner, _element_before(element))):
            if label.mem_id in framed:
                said = f"{visible_text(label)[:MAX_LABEL_CHARS].rstrip(' :：')}: {line.text}"
                return not (ACCESS_CODE_RE.search(said) or any(True for _ in find_contacts(said)))
    return False


def _first_element(node: LexborNode) -> LexborNode | None:
    """The element that an element begins with; None if it begins with text."""
    child = node.first_child
    while child is not None and (child.tag or "-")[0] == "-":
        if child.tag == "-text" and (child.text_content or "").strip():
            return None
        child = child.next
    return child


def _element_before(node: LexborNode) -> LexborNode | None:
    """The element right before another; None if there is none, or text between them."""
    before = node.prev
    while before is not None and (before.tag or "-")[0] == "-":
        if before.tag == "-text" and (before.text_content or "").strip():
            return None
        before = before.prev
    return before


def _listed_lines(lines: list[Line]) -> set[int]:
    """The numbers of the lines that are lists of links: one line of several, or several lines of one each."""
    listed: set[int] = set()
    run: list[int] = []
    for number, line in enumerate(lines):
        is_link = line.link_count > 0 and line.link_chars >= len(line.text) - 2
        begins = line.link_count > 0 and 5 * line.link_chars > 3 * len(line.text)  # "See also: Red Lamp"
        run = [*run, number] if is_link else [number] if begins else []
        if len(run) >= MIN_LINK_LIST_LINES:
            listed.update(run)
        if line.link_count > 1 and line.link_chars * 3 > len(line.text) * 2:
            listed.add(number)
    return listed


def _is_path(line: Line, title: str) -> bool:
    """Whether a line is the title again, or the path to the page that ends in it."""
    letters, wanted = _letters(line.text), _letters(title)
    if not wanted or wanted not in letters:
        return False
    extra = len(letters) - len(wanted)
    if letters.endswith(wanted) and line.link_count and extra <= line.link_chars < len(letters):
        return True  # links to lists, and the title behind them
    return extra == 0 or (extra <= MAX_PATH_EXTRA_CHARS and bool(_PATH_END_RE.search(line.text[: -len(title)])))


@frozen
class _Extract:
    """What the extractor for single pages takes for the main text: its letters, and those of each of its lines."""

    letters: str
    lines: frozenset[str]

    @classmethod
    def of(cls, page: Page, lines: list[Line]) -> _Extract | None:
        """The extract of a page; None if it holds next to nothing of `lines`."""
        text = extract_plain_text(
            page.source, main_content=True, alt_texts=False, list_bullets=False, comments=False, links=False
        )
        letters = _letters(text)
        total = sum(len(_letters(line.text)) for line in lines)
        if len(letters) < MIN_ARTICLE_LETTERS and len(letters) < MIN_EXTRACTED_SHARE * total:
            return None
        return cls(letters, frozenset(map(_letters, re.split(r"[\n\t]", text))))

    def has(self, line: str) -> bool:
        """Whether a line is part of it; a short one must be a line there too."""
        letters = _letters(line)
        return letters in (self.lines if len(letters) <= SHORT_LINE_CHARS else self.letters)


def _skipped_elements(
    page: Page, frame: SiteFrame | None, title: str, roots: Sequence[LexborNode]
) -> dict[int, LeftOut]:
    """The elements that do not count, with the reason; none that holds the title or a root."""
    skip: dict[int, LeftOut] = dict.fromkeys(framed_elements(page, frame), LeftOut.FRAME) if frame else {}
    guard = _guarded_elements(page, title, roots, skip)
    if frame is None or not frame.list_blocks | frame.page_blocks:
        skip |= dict.fromkeys((node.mem_id for node in page.nodes(_MENU_SELECTOR, 300)), LeftOut.MENU)
    skip |= dict.fromkeys(
        (node.mem_id for node in page.nodes(_REPLY_SELECTOR, 2_000) if _is_reply(node)), LeftOut.REPLIES
    )
    skip |= dict.fromkeys(
        (node.mem_id for node in page.nodes(_META_SELECTOR, 300) if _is_meta(node) and node.mem_id not in skip),
        LeftOut.LINKS,
    )
    skip |= dict.fromkeys(related_elements(page, guard) - skip.keys(), LeftOut.RELATED)
    skip = {identity: reason for identity, reason in skip.items() if identity not in guard}
    for node in description_elements(page):
        if node.tag == "aside" and skip.get(node.mem_id) is LeftOut.MENU:
            del skip[node.mem_id]
    skip |= dict.fromkeys(alike_cards(page, skip.keys(), guard) - skip.keys(), LeftOut.RELATED)
    return skip


def _guarded_elements(page: Page, title: str, roots: Sequence[LexborNode], framed: Mapping[int, LeftOut]) -> set[int]:
    """The elements around the roots and around the title: the headings that say it, else the first line that does."""
    wanted = _letters(title)
    nodes = list(roots)
    headings = [node for node in page.nodes("h1, h2, h3", 40) if wanted and _letters(visible_text(node)) == wanted]
    nodes += headings
    if not headings and wanted:
        lines = page_lines(page, framed).lines if framed else all_lines(page)
        nodes += [line.elements[-1] for line in lines if line.elements and _letters(line.text) == wanted][:1]
    guard: set[int] = set()
    for node in nodes:
        element: LexborNode | None = node
        while element is not None:
            guard.add(element.mem_id)
            element = element.parent
    return guard


def _is_meta(node: LexborNode) -> bool:
    """Whether an element of a class for categories and dates holds no more than that."""
    text = visible_text(node)
    return len(text) <= MAX_META_CHARS and not hands_out(text)


def _is_reply(node: LexborNode) -> bool:
    attributes = node.attributes
    return bool(_REPLY_RE.search(f"{attributes.get('id') or ''} {attributes.get('class') or ''}"[:300]))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, normalize("NFKC", text).casefold()))


def shows_more(page: Page) -> bool:
    """Whether a page shows a description or hands out a share, beside what it states for machines."""
    return bool(description_elements(page)) or hands_out("\n".join(line.text for line in all_lines(page)))


def without_frame(page: Page, frame: SiteFrame) -> Page:
    """The page without the elements of the frame that lists share too; its own elements are other objects."""
    return _without(page, lambda copy: framed_elements(copy, frame, site_wide=True))


def other_listings(page: Page, title: str) -> frozenset[int]:
    """The `mem_id` of the outermost elements that speak of other listings than the one with this title."""
    return related_elements(page, _guarded_elements(page, title, (), {}))


def without_related(page: Page, title: str) -> Page:
    """The page without what speaks of other listings."""
    return _without(page, lambda copy: other_listings(copy, title))


def _without(page: Page, find_elements: Callable[[Page], Set[int]]) -> Page:
    copy = Page(
        url=page.url,
        body=page.source.encode("utf-8", "replace"),
        content_type=UTF8_TYPE,
        status=page.status,
        values=page.values,
        scanned=True,
    )
    removed = find_elements(copy)
    if not removed or copy.tree.body is None:
        return page
    nodes = [node for node in copy.tree.body.traverse() if node.mem_id in removed]
    for node in reversed(nodes):
        node.decompose()
    source = (copy.tree.html or "").encode("utf-8", "replace")
    return Page(url=page.url, body=source, content_type=UTF8_TYPE, status=page.status, values=page.values, scanned=True)
