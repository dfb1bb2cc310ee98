"""What a page is about: which of its objects, under which title, and for which country it speaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from selectolax.lexbor import LexborNode

from crawler.page.metadata import Described, texts
from crawler.page.page import Page, visible_text
from crawler.page.words import saying
from crawler.urls import canonical, host

PRODUCTS = frozenset({"Product", "ProductModel", "IndividualProduct", "ProductGroup", "Vehicle", "Car"})
APPS = frozenset({"SoftwareApplication", "MobileApplication", "WebApplication", "VideoGame"})
WORKS = frozenset({"Book", "Movie", "MusicAlbum", "CreativeWork", "TVSeries", "Course", "Audiobook", "ComicSeries"})
NAMED = 0.6  # likeness above which an object is the one that a heading names
SAME = 0.4  # likeness above which a heading and a name speak of one thing
MORE = 12  # characters that a heading may have behind the name all the same
MOST_HEADINGS = 6
_MARKS = (" | ", "｜", " - ", " – ", " — ", " :: ", "_", "-", " · ", " « ", " / ")
_PRICED = re.compile(r"[$€£¥₹₽₸]\s?\d|\d\s?(?:[€£₽₸元]|kr\b|zł)")
_NUMBERED = re.compile(r"\s[^\W\d]{2,12}(?:[\s.-][^\W\d]{1,10})?\.?\s?[:：#№]\s?[A-Z0-9][A-Z0-9-]{3,15}$")
_HIDDEN = "[class*=hidden], [class*=hdn], [class*=sr-only], [class*=offscreen], [class*=screen-reader], [hidden]"
_LOCALE = re.compile(r"^[A-Za-z]{2}[-_]([A-Za-z]{2})$")


def main_object(found: Iterable[Described], heading: str, url: str) -> Described | None:
    """The object of the best kind that is named like the heading or addressed like the page; of equals the first."""
    here = canonical(url)
    fitting = [(each, rank) for each in found if (rank := _rank(each))]

    def score(pair: tuple[Described, int]) -> float:
        each, rank = pair
        name = " ".join(texts(each.fields.get("name"))[:1])
        addressed = here in {canonical(text) for text in texts(each.fields.get("url"))[:3]}
        return rank + 3 * alike(name, heading) + 2 * addressed + bool(each.fields.get("offers"))

    return max(fitting, key=score)[0] if fitting else None


def is_told(main: Described, shown: Iterable[str], url: str) -> bool:
    """Whether an object is what the page is about: a thing that is named like a heading or addressed like the page."""
    if not set(main.types) & (PRODUCTS | APPS | WORKS):
        return False
    name = " ".join(texts(main.fields.get("name"))[:1])
    addressed = canonical(url) in {canonical(text) for text in texts(main.fields.get("url"))[:3]}
    return addressed or any(alike(name, text) >= NAMED for text in shown if len(text) > 1)


def headings(page: Page) -> list[str]:
    """What the page shows as its title: headings in page order, one marked as a name first, hidden words left out."""
    found: dict[str, None] = {}
    for selector in ("#productTitle", "h1[itemprop=name], h1 [itemprop=name], [itemprop=name] h1", "h1"):
        for node in page.tree.css(selector)[:MOST_HEADINGS]:
            text = _seen_text(node)
            if 1 < len(text) <= 300:
                found.setdefault(text)
    return list(found)


def title(main: Described | None, shown: list[str], graph: Mapping[str, list[str]], page: Page) -> tuple[str, str]:
    """The title and where it stands: the heading that speaks of the same thing as what machines are told, else that.

    A heading that goes on behind the name with more than a few words holds other things too; then the name counts.
    """
    sites = (*graph.get("og:site_name", ())[:1], *_labels_of(page.url))
    named = " ".join(texts(main.fields.get("name"))[:1]) if main else ""
    shared = without_site((graph.get("og:title") or [""])[0], sites)
    written = without_site(page.css("title").text(default=""), sites)
    told = [each for each in (named, shared, written) if each]
    shown = [_without_rest(_without_lead(text, told), told) for text in shown]
    best = max(shown, key=lambda text: max((alike(text, each) for each in told), default=1.0), default="")
    if best and (not told or max(alike(best, each) for each in told) >= SAME):
        name = named or shared
        more = best[len(name) :] if name and best.casefold().startswith(name.casefold()) else ""
        if not more or not (named or len(more) > max(MORE, len(name) // 2)):
            return best, "h1"
        return name, main.source if main and named else "og:title"
    if main and named:
        return named, main.source
    return (shared, "og:title") if shared else (written, "title")


def region(page: Page, graph: Mapping[str, list[str]]) -> str:
    """A host that tells currencies apart: the page's own, with the country of its locale where the host names none."""
    name = host(page.url)
    if len(name.rpartition(".")[2]) == 2:
        return name
    tag = page.css("html[lang]")
    spoken = [*graph.get("og:locale", ()), tag.attrib["lang"] if tag else ""]
    country = next((found[1].lower() for text in spoken if (found := _LOCALE.match(text.strip()))), "")
    return f"{name}.{country}" if country else name


def alike(one: str, other: str) -> float:
    """0..1: how much two names speak of the same thing; 1 where one contains the other."""
    one, other = one[:200].casefold(), other[:200].casefold()
    if not one or not other:
        return 0.0
    return 1.0 if one in other or other in one else SequenceMatcher(None, one, other, autojunk=False).ratio()


def _rank(each: Described) -> int:
    kinds = set(each.types)
    return 3 * bool(kinds & PRODUCTS) or 2 * bool(kinds & (APPS | WORKS)) or bool(each.fields.get("offers"))


def _without_lead(text: str, told: Iterable[str]) -> str:
    """A heading without what shops put before a name ("Details about ..."), where the rest is a name that was told."""
    lead = saying("lead").match(text)
    rest = text[lead.end() :].strip() if lead else ""
    return rest if rest and any(rest.casefold() == name.casefold() for name in told) else text


def without_site(text: str, sites: Iterable[str]) -> str:
    """A title without the name of the site before or behind it."""
    known = {_letters(site) for site in sites} - {""}
    text = " ".join(text.split())
    for mark in _MARKS:
        head, _, tail = text.partition(mark)
        if tail and _letters(head) in known:
            return tail.strip()
        head, _, tail = text.rpartition(mark)
        if head and _letters(tail) in known:
            return without_site(head, sites)
    return text


def _without_rest(text: str, told: Iterable[str]) -> str:
    """A heading without what shops hang on it: "... Код: 01245", a price beside a name that was told."""
    text = _NUMBERED.sub("", text)
    named = max(
        (name for name in told if 8 <= len(name) < len(text) and name.casefold() in text.casefold()),
        key=len,
        default="",
    )
    rest = text.casefold().replace(named.casefold(), " ")
    return named if named and _PRICED.search(rest) else text


def _seen_text(node: LexborNode) -> str:
    if node.css_first(_HIDDEN) is None:
        return visible_text(node)
    node = node.clone()
    for hidden in node.css(_HIDDEN):
        hidden.decompose()
    return visible_text(node)


def _labels_of(url: str) -> list[str]:
    """What a site may call itself after its address: currys.ie is "currys", "currysie" and "currys.ie"."""
    labels = host(url).removeprefix("www.").split(".")
    return [".".join(labels), *(".".join(labels[start:]) for start in range(1, len(labels) - 1)), *labels[:-1]]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
