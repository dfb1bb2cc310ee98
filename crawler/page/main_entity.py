"""The main entity of a page: the object it describes, and its title."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborNode

from crawler.page.label_values import labelled_values
from crawler.page.page import Page, visible_text
from crawler.page.structured_data import StructuredObject, texts
from crawler.page.text_lines import Line, all_lines
from crawler.page.vocabulary import meaning_pattern
from crawler.urls import canonicalize_url, url_host

PRODUCT_TYPES = frozenset({"Product", "ProductModel", "IndividualProduct", "ProductGroup", "Vehicle", "Car"})
APP_TYPES = frozenset({"SoftwareApplication", "MobileApplication", "WebApplication", "VideoGame"})
WORK_TYPES = frozenset(
    {"Book", "Movie", "MusicAlbum", "CreativeWork", "TVSeries", "Course", "Audiobook", "ComicSeries"}
)
MIN_OBJECT_SIMILARITY = 0.6  # similarity from which an object is the one that a heading names
MIN_TITLE_SIMILARITY = 0.4  # similarity from which a heading and a name mean one thing
MAX_HEADING_EXTRA_CHARS = 12  # that a heading may have after the name
MIN_SELF_LINK_LETTERS = 4  # of a link to the page itself that says its subject; shorter ones are numbers of posts
MAX_SELF_LINKS = 1_500  # links of a page that are looked at
MIN_TITLE_SHARE = 0.5  # of <title> that a heading covers; of two that are part of it, one is the site's name
MAX_HEADINGS = 6
MIN_LINE_TITLE_CHARS, MAX_LINE_TITLE_CHARS = 3, 200  # of a title that no heading marks
MAX_PROMINENT_ELEMENTS = 60
MAX_TITLE_CHARS = 300  # of <title>
MAX_FOLDER_LEAD_CHARS = 20  # before the path of a folder in its title
_TITLE_BREAK_RE = re.compile(r" [-–—|·•»«:/]{1,2} |[|｜_»«]|(?<=[\u3400-\u9fff])[-–—]")
_LABEL_RE = re.compile(r"^[^\W\d][^:：\n]{0,15}[:：]\s{0,3}(?=\S)")
_SITE_SEPARATORS = (" | ", "｜", " - ", " – ", " — ", " :: ", "_", "-", " · ", " « ", " / ")
_PRICE_RE = re.compile(r"[$€£¥₹₽₸]\s?\d|\d\s?(?:[€£₽₸元]|kr\b|zł)")
_CODE_SUFFIX_RE = re.compile(r"\s[^\W\d]{2,12}(?:[\s.-][^\W\d]{1,10})?\.?\s?[:：#№]\s?[A-Z0-9][A-Z0-9-]{3,15}$")
_HIDDEN_SELECTOR = (
    "[class*=hidden], [class*=hdn], [class*=sr-only], [class*=offscreen], [class*=screen-reader], [hidden]"
)


def main_object(candidates: Iterable[StructuredObject], heading: str, url: str) -> StructuredObject | None:
    """The best object by type, likeness of its name to `heading`, address and offers; the first of equals, or None."""
    page_address = canonicalize_url(url)
    ranked = [(item, rank) for item in candidates if (rank := _type_rank(item))]

    def score(pair: tuple[StructuredObject, int]) -> float:
        item, rank = pair
        name = " ".join(texts(item.fields.get("name"))[:1])
        has_page_address = page_address in {canonicalize_url(text) for text in texts(item.fields.get("url"))[:3]}
        return rank + 3 * name_similarity(name, heading) + 2 * has_page_address + bool(item.fields.get("offers"))

    return max(ranked, key=score)[0] if ranked else None


def describes_page(main: StructuredObject, page_headings: Iterable[str], url: str) -> bool:
    """Whether the page is about `main`: a product, app or work named like a heading or with the address `url`."""
    if not set(main.types) & (PRODUCT_TYPES | APP_TYPES | WORK_TYPES):
        return False
    name = " ".join(texts(main.fields.get("name"))[:1])
    has_page_address = canonicalize_url(url) in {canonicalize_url(text) for text in texts(main.fields.get("url"))[:3]}
    return has_page_address or any(
        name_similarity(name, text) >= MIN_OBJECT_SIMILARITY for text in page_headings if len(text) > 1
    )


def headings(page: Page) -> list[str]:
    """The headings that a page shows, in page order, those marked as a name first, without hidden words.

    A heading that links to the start page of the site is the site's name.
    """
    unique_headings: dict[str, None] = {}
    for selector in ("#productTitle", "h1[itemprop=name], h1 [itemprop=name], [itemprop=name] h1", "h1"):
        for node in page.tree.css(selector)[:MAX_HEADINGS]:
            text = "" if _links_home(node, page) else _heading_text(node)
            if 1 < len(text) <= 300:
                unique_headings.setdefault(text)
    return list(unique_headings)


def choose_title(
    main: StructuredObject | None,
    page_headings: list[str],
    graph: Mapping[str, list[str]],
    page: Page,
    site_names: Sequence[str] = (),
) -> tuple[str, str]:
    """The title and its source: the heading that means the same as the name in the markup (object, meta, title), else
    that name.

    A heading that continues after the name with more than a few words contains other things too; then the name counts.
    `site_names` are names of the site besides those that the page itself states; a title that is nothing else is none.
    """
    sites = (*graph.get("og:site_name", ())[:1], *_site_names(page.url), *site_names)
    known_names = {_letters(name) for name in site_names}
    page_headings = [text for text in page_headings if _letters(text) not in known_names]
    object_name = " ".join(texts(main.fields.get("name"))[:1]) if main else ""
    og_title = strip_site_name((graph.get("og:title") or [""])[0], sites)
    page_title = strip_site_name(page.css("title").text(default=""), sites)
    og_title, page_title = ("" if _letters(text) in known_names else text for text in (og_title, page_title))
    stated_names = [stated for stated in (object_name, og_title, page_title) if stated]
    page_headings = [_strip_suffix(_strip_lead(text, stated_names), stated_names) for text in page_headings]
    if not (object_name or og_title):
        page_headings = [text for text in page_headings if not _ends_title(text, page_title)]
    best = max(
        page_headings,
        key=lambda text: (
            max((name_similarity(text, stated) for stated in stated_names), default=1.0),
            bool(og_title or object_name) or len(text) >= MIN_TITLE_SHARE * len(page_title),
        ),
        default="",
    )
    if best and (
        not stated_names or max(name_similarity(best, stated) for stated in stated_names) >= MIN_TITLE_SIMILARITY
    ):
        name = object_name or og_title
        extra = best[len(name) :] if name and best.casefold().startswith(name.casefold()) else ""
        if not extra or not (object_name or len(extra) > max(MAX_HEADING_EXTRA_CHARS, len(name) // 2)):
            return best, "h1"
        return name, main.source if main and object_name else "og:title"
    if main and object_name:
        return object_name, main.source
    return (og_title, "og:title") if og_title else (page_title, "title")


def line_title(page: Page, name: str, source: str) -> tuple[str, str]:
    """The title and its source where no heading tells: `name` comes from <title>, is the path of a folder, or is empty.

    A link to the page itself that says a part of <title> comes first ("Quay • View topic - Red Kiln" above "Red Kiln"),
    even before a heading that says less of it. Else the longest run of parts of <title> counts that the page shows as a
    line, first of lines that lead nowhere else.
    A page whose title says nothing is named by the value of a label for names, else by its first line in large type.
    """
    folder = unquote(urlsplit(page.url).path).strip("/")
    if folder and name.rstrip("/").endswith(folder) and len(name) <= len(folder) + MAX_FOLDER_LEAD_CHARS:
        return folder.rpartition("/")[2], source  # "Index of /books/red-lamp" is the folder of that name
    if name:
        linked = _self_link(page, name, source)
        if linked:
            return linked, "link to the page itself"
        return _shown_part(page, name) if source == "title" else name, source
    labelled = labelled_values(page).get("name", [])
    if labelled:
        return labelled[0], "label"
    for node in page.nodes("h1, h2, h3, h4, b, strong, big, font[size], center", MAX_PROMINENT_ELEMENTS):
        text = visible_text(node)
        if MIN_LINE_TITLE_CHARS <= len(text) <= MAX_LINE_TITLE_CHARS:
            return text, "first line in large type"
    lines = (line.text for line in all_lines(page))
    return next((text for text in lines if MIN_LINE_TITLE_CHARS <= len(text) <= MAX_LINE_TITLE_CHARS), ""), "first line"


def _ends_title(heading: str, page_title: str) -> bool:
    """Whether a heading is the shorter end of <title>, behind a separator, as the name of a site is."""
    if not page_title.endswith(heading) or len(heading) == len(page_title):
        return False
    rest = page_title[: -len(heading)]
    return len(rest.strip()) > len(heading) and any(rest.endswith(mark) for mark in _SITE_SEPARATORS)


def _shown_part(page: Page, title: str) -> str:
    """The longest run of parts of a title ("Red Kiln - Books - Quay") that is a line of the page, else the title."""
    by_letters = {_letters(run): run for run in _title_runs(title) if len(_letters(run)) > 1}
    lines = [line for line in all_lines(page) if len(line.text) <= MAX_LINE_TITLE_CHARS]
    shown = [line for line in lines if _letters(line.text) in by_letters]
    own = canonicalize_url(page.url)
    stays = [line for line in shown if not line.link_count or _links_to(line, page) == own]
    said = [by_letters[_letters(line.text)] for line in stays]
    labelled = [line.text[match.end() :] for line in lines if (match := _LABEL_RE.match(line.text))]
    said += [by_letters[letters] for letters in map(_letters, labelled) if letters in by_letters]
    return max(said or [by_letters[_letters(line.text)] for line in shown], key=len, default=title)


def _title_runs(title: str) -> set[str]:
    """The runs of parts of a title between separators, the whole among them."""
    breaks = [(0, 0), *(match.span() for match in _TITLE_BREAK_RE.finditer(title)), (len(title), len(title))][:12]
    return {title[start[1] : end[0]].strip() for number, start in enumerate(breaks) for end in breaks[number + 1 :]}


def _self_link(page: Page, name: str, source: str) -> str:
    """The longest link to the page itself that says a part of <title>, "" without one.

    `name` is what was taken for the title so far; where that is a heading, only the other, longer end of <title> is
    better: the shorter one is the site's name.
    """
    if source not in ("title", "og:title", "h1"):
        return ""
    stated = page.css("title").text(default="")[:MAX_TITLE_CHARS] if source == "h1" else name
    title, runs = _letters(stated), set(map(_letters, _title_runs(stated)))
    heading = _letters(name) if source == "h1" else ""
    found = ""
    for node in page.nodes("a[href]", MAX_SELF_LINKS):
        reference = node.attributes.get("href") or ""
        address = None if reference.startswith("#") else page.link(reference)
        text = visible_text(node)[:MAX_LINE_TITLE_CHARS] if address and _is_own_address(address, page.url) else ""
        letters = _letters(text)
        if not MIN_SELF_LINK_LETTERS <= len(letters) < len(title) or letters not in runs or len(text) <= len(found):
            continue
        is_other_end = title.startswith(heading) and title.endswith(letters) and heading not in letters
        if not heading or (is_other_end and len(letters) > len(heading)):
            found = text
    return found


def _is_own_address(address: str, own: str) -> bool:
    """Whether an address is that of the page, with more or fewer parameters; the start page has none of its own."""
    (path, _, query), (own_path, _, own_query) = (canonicalize_url(url).partition("?") for url in (address, own))
    pairs, own_pairs = set(query.split("&")) - {""}, set(own_query.split("&")) - {""}
    is_start = not pairs and urlsplit(address).path.strip("/") in ("", "index.php", "index.html")
    return (
        path == own_path
        and not is_start
        and bool(pairs) == bool(own_pairs)
        and (pairs <= own_pairs or own_pairs <= pairs)
    )


def _links_to(line: Line, page: Page) -> str:
    """Where the link that a line is leads."""
    link = next((element for element in line.elements if element.tag == "a"), None)
    address = page.link(link.attributes.get("href") or "") if link is not None else None
    return canonicalize_url(address) if address else ""


def name_similarity(first: str, second: str) -> float:
    """Similarity of two names, 0..1; 1 if one contains the other."""
    first, second = first[:200].casefold(), second[:200].casefold()
    if not first or not second:
        return 0.0
    return 1.0 if first in second or second in first else SequenceMatcher(None, first, second, autojunk=False).ratio()


def _type_rank(item: StructuredObject) -> int:
    kinds = set(item.types)
    return (
        3 * bool(kinds & PRODUCT_TYPES) or 2 * bool(kinds & (APP_TYPES | WORK_TYPES)) or bool(item.fields.get("offers"))
    )


def _strip_lead(text: str, stated_names: Iterable[str]) -> str:
    """A heading without a shop's lead-in ("Details about ...") if the rest is one of `stated_names`."""
    lead = meaning_pattern("lead").match(text)
    remainder = text[lead.end() :].strip() if lead else ""
    return remainder if remainder and any(remainder.casefold() == name.casefold() for name in stated_names) else text


def strip_site_name(text: str, sites: Iterable[str]) -> str:
    """A title without the name of the site before or after it."""
    site_names = {_letters(site) for site in sites} - {""}
    text = " ".join(text.split())
    for mark in _SITE_SEPARATORS:
        head, _, tail = text.partition(mark)
        if tail and _letters(head) in site_names:
            return strip_site_name(tail, sites)
        head, _, tail = text.rpartition(mark)
        if head and _letters(tail) in site_names:
            return strip_site_name(head, sites)
    return text


def _strip_suffix(text: str, stated_names: Iterable[str]) -> str:
    """A heading without what shops append: "... Код: 01245", a price beside one of `stated_names`."""
    text = _CODE_SUFFIX_RE.sub("", text)
    contained_name = max(
        (name for name in stated_names if 8 <= len(name) < len(text) and name.casefold() in text.casefold()),
        key=len,
        default="",
    )
    remainder = text.casefold().replace(contained_name.casefold(), " ")
    return contained_name if contained_name and _PRICE_RE.search(remainder) else text


def _links_home(node: LexborNode, page: Page) -> bool:
    """Whether a heading, on a page other than the start page, links there."""
    link = node.css_first("a[href]")
    parent = node.parent
    if link is None and parent is not None and parent.tag == "a":
        link = parent
    address = page.link(link.attributes.get("href") or "") if link is not None else None
    if not address or (urlsplit(page.url).path.strip("/") in ("", "index.html") and not urlsplit(page.url).query):
        return False
    parts = urlsplit(address)
    is_start = parts.path.strip("/") in ("", "index.php", "index.html") and not parts.fragment
    return is_start and url_host(address) == url_host(page.url) and _is_home_query(parts.query)


def _is_home_query(query: str) -> bool:
    """Whether a query leads to the start page: none, or one that says so ("route=common/home")."""
    return not query or query.casefold().endswith(("home", "index"))


def _heading_text(node: LexborNode) -> str:
    if node.css_first(_HIDDEN_SELECTOR) is None:
        return visible_text(node)
    node = node.clone()
    for hidden in node.css(_HIDDEN_SELECTOR):
        hidden.decompose()
    return visible_text(node)


def _site_names(url: str) -> list[str]:
    """Names that a site may have, from its address: currys.ie is "currys", "currysie" and "currys.ie"."""
    labels = url_host(url).removeprefix("www.").split(".")
    return [".".join(labels), *(".".join(labels[start:]) for start in range(1, len(labels) - 1)), *labels[:-1]]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
