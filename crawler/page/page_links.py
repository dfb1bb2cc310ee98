"""The links of a page to other pages of its site, and what their addresses say of where they lead.

Pages of one kind have addresses of one shape (threads, offers, authors, boards); menus, side bars and services of the
site (log-in, cart, members) are told apart by tags, classes and words of addresses.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import frozen
from selectolax.lexbor import LexborNode

from crawler.items import SharedFile
from crawler.page.list_row import find_size
from crawler.page.page import Page, visible_text
from crawler.page.text_lines import PACKAGE_RE, is_file_address
from crawler.text import fold
from crawler.urls import canonicalize_url, url_place

MAX_LINKS = 3_000  # of one page
_DIGITS_RE = re.compile(r"\d+")
_SCRIPT_ENDINGS = frozenset((".php", ".asp", ".aspx", ".jsp", ".cgi", ".do", ".pl"))  # the name is the kind of page
_MENU_TAGS = frozenset(("nav", "footer", "aside", "select"))
_UNSHOWN_TAGS = frozenset(("script", "style", "noscript", "template", "select", "textarea", "title", "head"))
_ROW_TAGS = frozenset(("article", "li", "tr", "main", "dl"))  # whose header is a row's, not the page's
_MENU_CLASS_RE = re.compile(
    r"(?<![a-z])(?:nav|menu|breadcrumbs?|crumbs?|footer|sidebar|pagination|pager|pages|filter|facet|tags?|cookie"
    r"|language|social|widget)(?![a-z])",
    re.I,
)
_MAX_MENU_LEVELS = 12  # elements around a link that are checked for being a menu
# What sites without folders put before a number or a name in their addresses: thread-31-1-1.html, space-uid-7.html.
_KIND_WORD_RE = re.compile(
    r"(?:thread|topic|read|view|show|detail|forum|board|list|space|user|member|profile|author|seller|store|shop|tag|search"
    r"|category|cat|cate|class|type|archive|article|post|news|item|goods|product|book|game|soft|app|down|download|page)s?"
    r"[-_](?=.)",
    re.I,
)
_CODEC_RE = re.compile(r"\.(?:[xh]\.?26[456]|hevc|av1|xvid|divx|aac|dts)$", re.I)  # ends the name of a release's folder
_PAGE_PART_RE = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|ico|avif|css|js|json|xml|rss|atom|woff2?)$", re.I)
_SENDING_RE = re.compile(r"attach|download|file\.(?:php|asp|jsp|do)$|(?<![a-z])(?:dl|down)(?![a-z])", re.I)
_NAMED_FILE_RE = re.compile(r"\S\.(?=[a-z0-9]{0,4}[a-z])[a-z0-9]{2,5}$", re.I)
MAX_FILES = 500  # of one page
MAX_BESIDE_CHARS = 600  # around a link to a file, in which its size is looked for
MAX_LINK_CHARS = 300  # of the text of a link


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
    if shaped[-1].startswith("*"):  # /some-name/com.maker.app: names before a name
        shaped[:-1] = ["*" if "-" in segment else segment for segment in shaped[:-1]]
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True, encoding="latin-1"))
    query = "&".join(f"{name}={value}" if "/" in value else name for name, value in pairs)
    return f"{parts.netloc}{'/'.join(shaped)}?{query}"


def _segment_shape(segment: str, is_last: bool) -> str:
    stem, dot, ending = segment.rpartition(".")
    stem, ending = (stem, dot + ending) if dot and len(ending) <= 5 else (segment, "")
    if PACKAGE_RE.fullmatch(segment):
        return "*"
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
        if url is None or not url_place(url).endswith(place) or is_file_address(url):
            continue
        if not is_in_frame(node, framed) and (with_menus or not is_in_menu(node)):
            links.append(PageLink(node, canonicalize_url(url), _link_text(node)))
    return links


# Whole parts of addresses: pages where nobody offers anything. A word of a title ("how-to-buy-a-lamp") is no such part.
_SERVICE_RE = re.compile(
    r"(?:wp-)?(?:log-?in|log-?out|logging|sign-?(?:in|up|out)|register|registration|lost-?password|password|account|cart"
    r"|basket|checkout|wishlist|compare|compose|posting|report|reply|respond|print|share|privacy|terms|dmca|contact|about"
    r"|faq|help|sitemap|ucp|mcp|memberlist|members?|users?|profile|space|author|online|captcha|admin|rss|feed|atom"
    r"|xmlrpc|replytocom|trackback|goto|redirect|out|buy)(?:[-_](?:us|uid|policy|page|add))?(?:[-_]?\d+)*",
    re.I,
)
_VIEW_NAMES = frozenset(
    ("sort", "order", "orderby", "limit", "dir", "view", "display", "ascdesc", "sk", "sd", "c", "o")
)


def is_service_address(url: str) -> bool:
    """Whether an address leads to a service of the site (log-in, cart, members) or to another view of a list."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True, encoding="latin-1")
    names = {name.lower() for name, _ in pairs}
    segments = [segment.partition(".")[0] for segment in parts.path.split("/")]
    words = [*segments, *names, *(word for _, value in pairs for word in value.split("/"))]
    return bool(names & _VIEW_NAMES) or any(map(_SERVICE_RE.fullmatch, words))


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


def _link_text(node: LexborNode) -> str:
    text = visible_text(node)
    if not text or text.endswith(("…", "...")):
        image = node.css_first("img[alt]")
        other = node.attributes.get("title") or (image.attributes.get("alt") if image is not None else "") or ""
        text = max(text, " ".join(other.split()), key=len)
    return text[:MAX_LINK_CHARS]


def linked_files(page: Page, framed: frozenset[int] = frozenset()) -> tuple[SharedFile, ...]:
    """The files that a page links to outside framed elements and menus, each once, with the size beside the link.

    Not those that belong to a page itself: pictures, styles, scripts, feeds.
    """
    files: dict[str, SharedFile] = {}
    for node in page.nodes("a[href]", MAX_LINKS):
        url = page.link(node.attributes.get("href") or "")
        name = _file_name(url, node) if url else ""
        if not name:
            continue
        if name not in files and not is_in_frame(node, framed) and not is_in_menu(node):
            beside = visible_text(node.parent)[:MAX_BESIDE_CHARS] if node.parent is not None else ""
            files[name] = SharedFile(name=name, size=find_size(beside))
    return tuple(files.values())[:MAX_FILES]


def _file_name(url: str, node: LexborNode) -> str:
    """The name of the file that a link leads to, or that it names if it leads to a script that sends files; else ""."""
    path = urlsplit(url).path
    if is_file_address(url) and not path.endswith("/") and _CODEC_RE.search(path) is None:
        return "" if _PAGE_PART_RE.search(path) else unquote(path.rpartition("/")[2], errors="replace")[:MAX_LINK_CHARS]
    is_script = _SENDING_RE.search(path) is not None and not path.endswith("/")
    named = visible_text(node)[:MAX_LINK_CHARS] if is_script and not _CODEC_RE.search(visible_text(node)) else ""
    return named if _NAMED_FILE_RE.search(named) and not _PAGE_PART_RE.search(named) else ""


def contains_question(title: str, question: str) -> bool:
    """Whether a title contains all that was asked, however it is spelt."""
    return folded_letters(question) in folded_letters(title)


def folded_letters(text: str) -> str:
    """The letters and digits of a text, folded."""
    return "".join(filter(str.isalnum, fold(text)))
