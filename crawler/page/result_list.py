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

from crawler.page.currency_region import currency_region
from crawler.page.list_row import ListRow, find_size
from crawler.page.page import Page, visible_text
from crawler.page.page_links import (
    MAX_LINKS,
    PageLink,
    address_shape,
    folded_letters,
    is_service_address,
    page_links,
)
from crawler.page.repeated_blocks import picture_addresses, row_price
from crawler.page.vocabulary import meaning_pattern
from crawler.urls import canonicalize_url, url_host

MAX_ROWS = 200  # of one list
MIN_TITLE_CHARS, MAX_TITLE_CHARS = 2, 300
MAX_ROW_CHARS = 3_000  # of the text of a row's block
MAX_WEIGHED_CHARS = 40  # of a title, in bytes of GB 18030: longer titles weigh no more
QUESTION_WEIGHT = 60.0  # of a title that contains the whole question, in such bytes; an estimate
MIN_SHAPE_WEIGHT = 12.0  # mean weight of the titles of a shape that leads to listings: six Han characters; an estimate
MIN_UNKNOWN_WEIGHT = 20.0  # of a shape that is not known to lead to listings, where no title holds the question
OTHER_SHAPE_SHARE = 0.5  # of the best shape's mean weight, from which another shape's links are rows too
_NUMBER_TEXT_RE = re.compile(r"[\s\d.,:«»‹›<>|/\-\[\]()（）第共页頁]*")


@frozen
class ResultList:
    """The rows of a list, and the address of its next page, None on the last."""

    rows: list[ListRow]
    next_address: str | None


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
        is_own = _list_key(url) in own_shapes or _list_key(link.url) in own_shapes
        if not is_own and not _is_other_view(link.url, page.url, question):
            by_address.setdefault(url, []).append(link)
    titles = {url: _row_title(group) for url, group in by_address.items()}
    chosen = _choose_addresses(titles, question, known_shapes)
    first_links = {url: max(by_address[url], key=lambda link: len(link.text)) for url in chosen}
    blocks = _row_blocks(first_links)
    region = currency_region(page)
    rows = [_build_row(page, url, titles[url], blocks[url], region) for url in chosen[:MAX_ROWS]]
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
    return next((address for number, address in numbered if _is_following(number, address, page.url)), None)


def without_question(url: str, question: str) -> str:
    """An address without the parameters that a search adds to the links of its rows.

    Those are parameters whose value is the question, and those whose name begins with an underscore (_pos, _sid, _ss).
    """
    parts = urlsplit(url)
    if not parts.query:
        return url
    wanted = folded_letters(question)

    def is_added(pair: str) -> bool:
        name, _, value = pair.partition("=")
        if name.startswith("_"):
            return True
        return bool(wanted) and any(
            folded_letters(unquote(value.replace("+", " "), encoding=codec, errors="replace")) == wanted
            for codec in ("utf-8", "gb18030")
        )

    kept = [pair for pair in parts.query.split("&") if not is_added(pair)]
    return urlunsplit((*parts[:3], "&".join(kept), parts.fragment))


def _other_page(page: Page, reference: str | None) -> str | None:
    address = page.link(reference) if reference and not reference.startswith(("#", "javascript:")) else None
    is_other = address is not None and canonicalize_url(address) != canonicalize_url(page.url)
    return address if is_other and url_host(address or "") == url_host(page.url) else None


_PAGE_NUMBER_RE = re.compile(
    r"(?:[?&](?:page|p|pg|paged|pn|start)=|/page/|[-_/](?=\d{1,3}\.html?$))(\d{1,3})(?!\d)", re.I
)


_PAGE_NUMBER_PATH_RE = re.compile(r"/page/\d{1,3}/?$|[-_/]\d{1,3}(?=\.html?$)", re.I)


def _page_number(url: str) -> int:
    """The number of a page of a list in its address, 1 if it has none."""
    match = _PAGE_NUMBER_RE.search(url)
    return int(match[1]) if match else 1


def _is_following(number: int, address: str, own_address: str) -> bool:
    """Whether page `number` of a list, at `address`, follows the one at `own_address`: they differ by that number."""
    if _page_number(address) != number:
        return False
    path, own_path = (urlsplit(url).path.rstrip("/") for url in (address, own_address))
    first, own_first = (_PAGE_NUMBER_PATH_RE.sub("", part).rstrip("/") for part in (path, own_path))
    is_second = number == 2 and path != first == own_path
    return is_second or (first == own_first and number == _page_number(own_address) + 1)


def _is_other_view(address: str, own_address: str, question: str) -> bool:
    """Whether an address asks the same search the same question: another page of the answer, another order, a filter.

    A script that answers everything (/index.php) is asked for a listing, too, with the question in a parameter.
    """
    parts, own = urlsplit(address), urlsplit(own_address)
    asking = set(own.query.split("&")) - set(urlsplit(without_question(own_address, question)).query.split("&"))
    if parts.path.rstrip("/") != own.path.rstrip("/") or not asking & set(parts.query.split("&")):
        return False
    is_for_everything = own.path.rstrip("/").rpartition("/")[2].partition(".")[0].lower() in ("", "index")
    return not is_for_everything or _PAGE_NUMBER_RE.search(address) is not None or is_service_address(address)


def _list_key(url: str) -> str:
    """What pages of one list have in common: path without numbers of pages, names of parameters and their words."""
    parts = urlsplit(url)
    path = re.sub(r"/page/\d+/?|[-_]?\d{1,3}(?=\.html?$)", "/", parts.path).rstrip("/")
    names = {
        f"{name}={value}" if "/" in value else name
        for name, value in parse_qsl(parts.query, keep_blank_values=True, encoding="latin-1")
    }
    return f"{parts.netloc}{path}?{min(names, default='')}"


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
    wanted = folded_letters(question)
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
    return length + (QUESTION_WEIGHT if wanted and wanted in folded_letters(title) else 0.0)


def _row_blocks(first_links: dict[str, PageLink]) -> dict[str, LexborNode]:
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
            is_page = element.tag in ("body", "html", "main") or (total == 1 and _is_more_than_row(element))
            if counts[element.mem_id] > 1 or is_page:
                break
            node = element
        blocks[url] = node
    return blocks


def _is_more_than_row(element: LexborNode) -> bool:
    """For a list of one row: whether an element is more than a row (a heading of the page, a form, a table's body)."""
    return element.tag in ("tbody", "table", "section", "ul", "ol") or element.css_first("h1, form") is not None


def _ancestors(node: LexborNode) -> list[LexborNode]:
    elements: list[LexborNode] = []
    element = node.parent
    while element is not None and element.tag not in ("html", None) and len(elements) < 40:
        elements.append(element)
        element = element.parent
    return elements


def _build_row(page: Page, url: str, title: str, block: LexborNode, region: str) -> ListRow:
    text = visible_text(block, " ")[:MAX_ROW_CHARS]
    price = row_price(title, block, region)
    return ListRow(
        url=url,
        title=title,
        source="list",
        money=price.money if price else None,
        price_high=price.high if price else None,
        pictures=tuple(filter(None, (page.link(address) for address in picture_addresses(block)))),
        size=find_size(text),
    )
