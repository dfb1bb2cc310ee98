"""The rows of a page that is known to be a list: an answer to a search, a category, a board, a folder.

On such a page nothing has to look like an offer. What stands on every page of the site (its frame) is left out; of the
links that remain, those of one shape lead to listings and the others to authors, boards, tags: the shape whose texts
are longest and fit the question best wins. So a single result, two rows, a table, a row without price and a list of
bare links are all lists, and an answer without results has no rows although it repeats the question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from attrs import frozen
from selectolax.lexbor import LexborNode

from crawler.page.list_row import ListRow, find_size
from crawler.page.page import Page, visible_text
from crawler.page.repeated_blocks import picture_addresses, row_price
from crawler.page.vocabulary import meaning_pattern
from crawler.text import fold
from crawler.urls import canonicalize_url, url_host, url_place

MAX_LINKS = 3_000  # of one page
MAX_ROWS = 200  # of one list
MIN_TITLE_CHARS, MAX_TITLE_CHARS = 2, 300
MAX_ROW_CHARS = 3_000  # of the text of a row's block
MAX_WEIGHED_CHARS = 40  # of a title, in bytes of GB 18030: longer titles weigh no more
QUESTION_WEIGHT = 60.0  # of a title that contains the whole question, in such bytes; an estimate
MIN_SHAPE_WEIGHT = 12.0  # mean weight of the titles of a shape that leads to listings: six Han characters; an estimate
MIN_UNKNOWN_WEIGHT = 20.0  # of a shape that is not known to lead to listings, where no title holds the question
OTHER_SHAPE_SHARE = 0.5  # of the best shape's mean weight, from which another shape's links are rows too
FILE_RE = re.compile(
    r"\.(?:pdf|epub|mobi|azw3?|txt|docx?|xlsx?|pptx?|zip|rar|7z|tar|gz|exe|msi|apk|xapk|ipa|dmg|iso|mp[34]|mkv|avi|mov|wmv|flv"
    r"|m4[abv]|flac|wav|ape|ogg|torrent|nfo|jpe?g|png|gif|webp|css|js|ico|svg|xml|json)$",
    re.I,
)
_DIGITS_RE = re.compile(r"\d+")
# What sites without folders put before a number or a name in their addresses: thread-31-1-1.html, space-uid-7.html.
_KIND_WORD_RE = re.compile(
    r"(?:thread|topic|read|view|show|detail|forum|board|list|space|user|member|profile|author|seller|store|shop|tag|search"
    r"|category|cat|cate|class|type|archive|article|post|news|item|goods|product|book|game|soft|app|down|download|page)s?"
    r"[-_](?=.)",
    re.I,
)
_NUMBER_TEXT_RE = re.compile(r"[\s\d.,:«»‹›<>|/\-\[\]()（）第共页頁]*")
_SCRIPT_ENDINGS = frozenset((".php", ".asp", ".aspx", ".jsp", ".cgi", ".do", ".pl"))  # the name is the kind of page
_MENU_TAGS = frozenset(("nav", "footer", "aside", "select"))
_UNSHOWN_TAGS = frozenset(("script", "style", "noscript", "template", "select", "textarea", "title", "head"))
_ROW_TAGS = frozenset(("article", "li", "tr", "main", "dl"))  # whose header is a row's, not the page's
_MENU_CLASS_RE = re.compile(
    r"(?<![a-z])(?:nav|menu|breadcrumbs?|crumbs?|footer|sidebar|pagination|pager?|pages|pg|filter|facet|tags?|cookie"
    r"|language|social|widget)(?![a-z])",
    re.I,
)
_MAX_MENU_LEVELS = 12  # elements around a link that are checked for being a menu


@frozen
class PageLink:
    """A link of a page to another page of its site."""

    node: LexborNode
    url: str
    text: str

    @property
    def shape(self) -> str:
        """What addresses of one kind of page have in common."""
        return address_shape(self.url)


@frozen
class ResultList:
    """The rows of a list, and the address of its next page, None on the last."""

    rows: list[ListRow]
    next_address: str | None


def address_shape(url: str) -> str:
    """The kind of page that an address leads to: its host, its path with words for names and #, its parameters' names.

    The last segment of a path is a name if it holds a digit or several words; a parameter's value counts if it is a
    word (route=product/product), not if it is a number.
    """
    parts = urlsplit(url)
    segments = [unquote(segment, errors="replace") for segment in parts.path.split("/")]
    shaped = [_segment_shape(segment, index == len(segments) - 1) for index, segment in enumerate(segments)]
    if len(segments) > 2 and not segments[-1]:  # /topic/some-name/
        shaped[-2] = _segment_shape(segments[-2], is_last=True)
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True, encoding="latin-1"))
    query = "&".join(f"{name}={value}" if "/" in value else name for name, value in pairs)
    return f"{parts.netloc}{'/'.join(shaped)}?{query}"


def _segment_shape(segment: str, is_last: bool) -> str:
    stem, dot, ending = segment.rpartition(".")
    stem, ending = (stem, dot + ending) if dot and len(ending) <= 5 else (segment, "")
    if ending.lower() in _SCRIPT_ENDINGS:
        return f"{stem.lower()}{ending}"
    if kind := _KIND_WORD_RE.match(stem) if is_last else None:
        return f"{kind[0].lower()}*{ending}"
    if _DIGITS_RE.search(stem) and not re.search(r"[^\W\d_]{4}", stem):
        return _DIGITS_RE.sub("#", stem) + ending
    if is_last and stem and (_DIGITS_RE.search(stem) or re.search(r"[-_+ ]", stem) or not stem.isascii()):
        return "*" + ending
    return (("*" if is_last and ending else stem) + ending) if stem else segment


def page_links(page: Page, framed: frozenset[int] = frozenset(), with_menus: bool = False) -> list[PageLink]:
    """The links to other pages of the site, in page order, without those in framed elements, in menus and to files.

    A link's text is its own, else its title or the alternative text of its picture.
    """
    links: list[PageLink] = []
    place = url_place(page.url).removeprefix("www.")
    for node in page.nodes("a[href]", MAX_LINKS):
        reference = (node.attributes.get("href") or "").strip()
        if not reference or reference.startswith(("#", "javascript:", "mailto:", "tel:", "magnet:")):
            continue
        url = page.link(reference)
        if url is None or not url_place(url).endswith(place) or FILE_RE.search(urlsplit(url).path):
            continue
        if not is_in_frame(node, framed) and (with_menus or not is_in_menu(node)):
            links.append(PageLink(node, canonicalize_url(url), _link_text(node)))
    return links


# In addresses: pages where nobody offers anything, and other views of the same list.
_SERVICE_RE = re.compile(
    r"(?<![a-z])(?:log-?in|log-?out|sign-?(?:in|up|out)|register|registration|lost-?password|password|account|cart|basket"
    r"|checkout|wishlist|compare|compose|posting|report|reply|respond|print|share|privacy|terms|dmca|contact|about|faq"
    r"|help|sitemap|ucp|mcp|memberlist|members?|users?|profile|space|author|online|captcha|admin|rss|feed|atom|xmlrpc"
    r"|replytocom|trackback|goto|redirect|out|buy)(?![a-z])",
    re.I,
)
_VIEW_NAMES = frozenset(
    ("sort", "order", "orderby", "limit", "dir", "view", "display", "ascdesc", "sk", "sd", "c", "o")
)


def is_service_address(url: str) -> bool:
    """Whether an address leads to a service of the site (log-in, cart, members) or to another view of a list."""
    parts = urlsplit(url)
    names = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True, encoding="latin-1")}
    return bool(names & _VIEW_NAMES) or _SERVICE_RE.search(f"{parts.path}?{parts.query}") is not None


def shown_letters(page: Page, framed: frozenset[int] = frozenset()) -> int:
    """How many letters a page shows outside framed elements and menus."""

    def count(node: LexborNode) -> int:
        total = 0
        child = node.child
        while child is not None:
            if child.tag == "-text":
                total += sum(map(str.isalpha, child.text_content or ""))
            elif child.mem_id not in framed and child.tag not in _UNSHOWN_TAGS and not is_menu(child):
                total += count(child)
            child = child.next
        return total

    body = page.tree.body
    return count(body) if body is not None else 0


def is_in_frame(node: LexborNode, framed: frozenset[int]) -> bool:
    """Whether an element is one of `framed` or inside one."""
    element: LexborNode | None = node
    while element is not None and framed:
        if element.mem_id in framed:
            return True
        element = element.parent
    return False


def is_menu(element: LexborNode) -> bool:
    """Whether an element is by its tag or class a menu, a side bar, a footer, a pagination."""
    names = f"{element.attributes.get('class') or ''} {element.attributes.get('id') or ''}"
    return element.tag in _MENU_TAGS or _MENU_CLASS_RE.search(names) is not None


def is_in_menu(node: LexborNode) -> bool:
    """Whether an element is inside what its tag or class says is a menu, a side bar, a footer, a pagination."""
    element: LexborNode | None = node
    has_header = False
    for _ in range(_MAX_MENU_LEVELS):
        if element is None or element.tag in ("body", "main", "html"):
            return has_header
        has_header = (has_header or element.tag == "header") and element.tag not in _ROW_TAGS
        if is_menu(element):
            return True
        element = element.parent
    return has_header


def result_list(
    page: Page,
    question: str = "",
    framed: frozenset[int] = frozenset(),
    asked_addresses: Iterable[str] = (),
    known_shapes: Collection[str] = (),
) -> ResultList:
    """The rows of a page that is known to be a list.

    `question` is what it answers, "" where nothing was asked. `framed` are the `mem_id` of elements that stand on every
    page. Links to `asked_addresses` (searches, the home page) and to the page itself are no rows. Addresses of
    `known_shapes` are known to lead to listings.
    """
    links = page_links(page, framed)
    next_link = next_page(page)
    own_shapes = {_list_key(address) for address in (*asked_addresses, page.url)}
    by_address: dict[str, list[PageLink]] = {}
    for link in links:
        url = without_question(link.url, question)
        if _list_key(url) not in own_shapes and _list_key(link.url) not in own_shapes:
            by_address.setdefault(url, []).append(link)
    titles = {url: _row_title(group) for url, group in by_address.items()}
    chosen = _choose_addresses(titles, question, known_shapes)
    first_links = {url: max(by_address[url], key=lambda link: len(link.text)) for url in chosen}
    blocks = _row_blocks(first_links, by_address)
    rows = [_build_row(page, url, titles[url], blocks[url]) for url in chosen[:MAX_ROWS]]
    return ResultList(rows, next_link)


def next_page(page: Page) -> str | None:
    """The address of the next page of a list, from rel=next, a word for next, or the number after the current one."""
    for node in page.nodes("link[rel~=next][href], a[rel~=next][href]", 5):
        if address := _other_page(page, node.attributes.get("href")):
            return address
    numbered: list[tuple[int, str]] = []
    for node in page.nodes("a[href]", MAX_LINKS):
        text = visible_text(node)[:30].strip()
        names = f"{node.attributes.get('class') or ''} {node.attributes.get('title') or ''}"
        is_next = bool(text) and meaning_pattern("next").fullmatch(text.strip(" »›>→…[]()（）")) is not None
        if is_next or re.search(r"(?<![\w-])(?:next|nxt)(?![\w-])", names):
            if address := _other_page(page, node.attributes.get("href")):
                return address
        elif text.isdigit() and len(text) < 4 and (address := _other_page(page, node.attributes.get("href"))):
            numbered.append((int(text), address))
    current = _page_number(page.url)
    return next(
        (address for number, address in numbered if number == current + 1 and _page_number(address) == number), None
    )


def without_question(url: str, question: str) -> str:
    """An address without the parameters that a search adds to the links of its rows.

    Those are parameters whose value is the question, and those whose name begins with an underscore (_pos, _sid, _ss).
    """
    parts = urlsplit(url)
    if not parts.query:
        return url
    wanted = _letters(question)

    def is_added(pair: str) -> bool:
        name, _, value = pair.partition("=")
        if name.startswith("_"):
            return True
        return bool(wanted) and any(
            _letters(unquote(value.replace("+", " "), encoding=codec, errors="replace")) == wanted
            for codec in ("utf-8", "gb18030")
        )

    kept = [pair for pair in parts.query.split("&") if not is_added(pair)]
    return urlunsplit((*parts[:3], "&".join(kept), parts.fragment))


def contains_question(title: str, question: str) -> bool:
    """Whether a title contains all that was asked, however it is spelt."""
    return _letters(question) in _letters(title)


def _other_page(page: Page, reference: str | None) -> str | None:
    address = page.link(reference) if reference and not reference.startswith(("#", "javascript:")) else None
    is_other = address is not None and canonicalize_url(address) != canonicalize_url(page.url)
    return address if is_other and url_host(address or "") == url_host(page.url) else None


_PAGE_NUMBER_RE = re.compile(
    r"(?:[?&](?:page|p|pg|paged|pn|start)=|/page/|[-_/](?=\d{1,3}\.html?$))(\d{1,3})(?!\d)", re.I
)


def _page_number(url: str) -> int:
    """The number of a page of a list in its address, 1 if it has none."""
    match = _PAGE_NUMBER_RE.search(url)
    return int(match[1]) if match else 1


def _list_key(url: str) -> str:
    """What pages of one list have in common: path without numbers of pages, names of parameters and their words."""
    parts = urlsplit(url)
    path = re.sub(r"/page/\d+/?|[-_]?\d{1,3}(?=\.html?$)", "/", parts.path).rstrip("/")
    names = {
        f"{name}={value}" if "/" in value else name
        for name, value in parse_qsl(parts.query, keep_blank_values=True, encoding="latin-1")
    }
    return f"{parts.netloc}{path}?{min(names, default='')}"


def _link_text(node: LexborNode) -> str:
    text = visible_text(node)
    if not text or text.endswith(("…", "...")):
        image = node.css_first("img[alt]")
        other = node.attributes.get("title") or (image.attributes.get("alt") if image is not None else "") or ""
        text = max(text, " ".join(other.split()), key=len)
    return text[:MAX_TITLE_CHARS]


def _row_title(links: Sequence[PageLink]) -> str:
    """The title of a row with several links to one page: that of the first heading or of the longest short text."""
    for link in links:
        if link.node.css_first("h1, h2, h3, h4") is not None:
            return visible_text(link.node.css_first("h1, h2, h3, h4"))  # type: ignore[arg-type]
        if link.node.parent is not None and link.node.parent.tag in ("h1", "h2", "h3", "h4", "h5") and link.text:
            return link.text
    texts = [link.text for link in links if not _NUMBER_TEXT_RE.fullmatch(link.text)]
    repeated = Counter(texts).most_common(1)
    return max(texts, key=len) if texts and repeated[0][1] < 2 else (repeated[0][0] if repeated else "")


def _choose_addresses(titles: dict[str, str], question: str, known_shapes: Collection[str]) -> list[str]:
    """The addresses of rows, in page order: those of the best shape, and of other shapes that fit as well."""
    wanted = _letters(question)
    by_shape: dict[str, list[str]] = {}
    for url, title in titles.items():
        if len(title) >= MIN_TITLE_CHARS and not meaning_pattern("next").fullmatch(title.strip(" »›")):
            by_shape.setdefault(address_shape(url), []).append(url)
    weights = {
        shape: sum(_title_weight(titles[url], wanted) for url in urls) / len(urls) for shape, urls in by_shape.items()
    }
    scores = {shape: weights[shape] * min(len(urls), 20) ** 0.5 for shape, urls in by_shape.items()}
    best = max(scores, key=lambda shape: scores[shape], default=None)
    min_weight = MIN_SHAPE_WEIGHT if not known_shapes or best in known_shapes else MIN_UNKNOWN_WEIGHT
    if best is None or weights[best] < min_weight:
        return []
    return [
        url
        for url, title in titles.items()
        if len(title) >= MIN_TITLE_CHARS
        and (
            address_shape(url) == best
            or (wanted and _title_weight(title, wanted) >= QUESTION_WEIGHT)
            or weights.get(address_shape(url), 0.0) >= max(weights[best] * OTHER_SHAPE_SHARE, MIN_SHAPE_WEIGHT)
        )
    ]


def _title_weight(title: str, wanted: str) -> float:
    """How much a link's text looks like the title of a listing that answers `wanted`."""
    length = float(min(len(title.encode("gb18030", "replace")), MAX_WEIGHED_CHARS))
    return length + (QUESTION_WEIGHT if wanted and wanted in _letters(title) else 0.0)


def _row_blocks(first_links: dict[str, PageLink], by_address: dict[str, list[PageLink]]) -> dict[str, LexborNode]:
    """The block of each row: the largest element around its link that holds no other row's link."""
    counts: Counter[int] = Counter()
    for link in first_links.values():
        for element in _ancestors(link.node):
            counts[element.mem_id] += 1
    total = len(first_links)
    blocks: dict[str, LexborNode] = {}
    for url, link in first_links.items():
        node = link.node
        for element in _ancestors(link.node):
            is_page = element.tag in ("body", "html", "main") or (total == 1 and _holds_other_rows(element, link))
            if counts[element.mem_id] > 1 or is_page:
                break
            node = element
        blocks[url] = node
    return blocks


def _holds_other_rows(element: LexborNode, link: PageLink) -> bool:
    """For a list of one row: whether an element is more than a row (a heading of the page, a form, a table's body)."""
    return element.tag in ("tbody", "table", "section", "ul", "ol") or element.css_first("h1, form") is not None


def _ancestors(node: LexborNode) -> list[LexborNode]:
    elements: list[LexborNode] = []
    element = node.parent
    while element is not None and element.tag not in ("html", None) and len(elements) < 40:
        elements.append(element)
        element = element.parent
    return elements


def _build_row(page: Page, url: str, title: str, block: LexborNode) -> ListRow:
    text = visible_text(block, " ")[:MAX_ROW_CHARS]
    return ListRow(
        url=url,
        title=title,
        source="list",
        money=row_price(title, text, url),
        pictures=tuple(filter(None, (page.link(address) for address in picture_addresses(block)))),
        size=find_size(text),
    )


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, fold(text)))
