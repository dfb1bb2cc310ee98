"""What a page is about: which of its objects, under which title, and for which country it speaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from crawler.page.metadata import Described, texts
from crawler.page.page import Page
from crawler.urls import canonical, host

PRODUCTS = frozenset({"Product", "ProductModel", "IndividualProduct", "ProductGroup", "Vehicle", "Car"})
APPS = frozenset({"SoftwareApplication", "MobileApplication", "WebApplication", "VideoGame"})
WORKS = frozenset({"Book", "Movie", "MusicAlbum", "CreativeWork", "TVSeries", "Course", "Audiobook", "ComicSeries"})
SAME = 0.4  # likeness above which a heading and a name speak of one thing
_MARKS = (" | ", " - ", " – ", " — ", " :: ", "_")
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


def title(main: Described | None, shown: str | None, graph: Mapping[str, list[str]], page: Page) -> tuple[str, str]:
    """The title and where it stands. What people see wins where it speaks of the same thing as what machines are told;
    a heading that only adds words to the name ("Details about ...") does not.
    """
    site = (graph.get("og:site_name") or [""])[0]
    named = " ".join(texts(main.fields.get("name"))[:1]) if main else ""
    for_sharing = _without_site((graph.get("og:title") or [""])[0], site)
    other = named or for_sharing
    if shown and (not other or (alike(shown, other) >= SAME and other.casefold() not in shown.casefold())):
        return shown, "h1"
    if main and named:
        return named, main.source
    if for_sharing:
        return for_sharing, "og:title"
    return _without_site(page.css("title").text(default=""), site), "title"


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
    return 3 * bool(kinds & PRODUCTS) or 2 * bool(kinds & (APPS | WORKS))


def _without_site(text: str, site: str) -> str:
    """A title without the name of the shop before or behind it."""
    known = site.strip().casefold()
    for mark in _MARKS:
        head, _, tail = text.partition(mark)
        if known and tail and head.strip().casefold() == known:
            return tail.strip()
        head, _, tail = text.rpartition(mark)
        if known and head and tail.strip().casefold() == known:
            return head.strip()
    return text.strip()
