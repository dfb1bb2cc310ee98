"""A site of the configuration that no spider knows: a shop, forum, blog, mirror or directory, read by its structure.

Built from the structure of eight invented sites of common kinds (fixtures/web) and the saved pages of bench/pages.py,
2026-11. What cannot be guessed is said by the site's recipe (docs/recipes.md). Before the first question its home page
and a search that finds nothing are looked at: they say how it is searched and what stands on every page, which is
nobody's offer. A site without a search is walked from its home page.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, ClassVar

from attrs import evolve

from crawler.page import search_forms
from crawler.page.feeds import feed_entries, is_feed
from crawler.page.list_row import ListRow
from crawler.page.main_text import other_listings
from crawler.page.page import LayoutError, Page
from crawler.page.page_links import address_shape, is_service_address, linked_files, page_links, shown_letters
from crawler.page.product import product_facts
from crawler.page.recipes import RecipeReader
from crawler.page.result_list import next_page, result_list
from crawler.page.search_forms import SearchForm
from crawler.page.site_frame import framed_elements, learn_frame
from crawler.page.site_profile import WALK_KEY, SiteProfile
from crawler.page.sitemap import is_sitemap, sitemap_requests
from crawler.page.structured_data import structured_objects
from crawler.platform_settings import SiteConfig
from crawler.shapes.listing_fields import page_fields, row_fields
from crawler.urls import canonicalize_url, is_same_site, url_host, url_place
from spiders import Listing, ListingKind, Platform, Request
from spiders.shop import LIST_KEY, Shop, declared_products

NOTHING_QUESTION = "qzxvkjwpyq"  # no word of any language: what a search for it shows stands on every answer
MAX_TRIED_FORMS = 3  # searches that are tried until one answers
MIN_LIST_SHARE = 0.4  # of the letters of a page that stand in links to listings, from which it is a list; an estimate
MAX_HOME_LINKS = 1_000  # addresses kept of a home page, for a walk that begins later in the night
MAX_SAMPLES = 3  # pages of listings that are compared to find what stands on each


class Site(Shop):
    """One site of the configuration; `site_platform` makes a class for each."""

    settings: ClassVar[SiteConfig]
    learns: ClassVar[bool] = True
    search_configured: ClassVar[bool] = False
    profile: SiteProfile | None = None  # set before anything is read; without it nothing counts as the site's frame

    def __reduce__(self) -> Any:
        return _restore_site, (self.name, self.settings, self.profile)

    def learn(self, known: SiteProfile | None) -> Generator[Request, Page | None, SiteProfile | None]:
        """Look at the site: yields requests, is sent their pages (None where there was none), returns what it learned.

        `known` is what an earlier night learned. Returns None if the home page cannot be read; raises LayoutError if it
        is another site's.
        """
        home = yield Request(url=self.settings.address)
        if home is None:
            return None
        self._require_own(home)
        profile = known or SiteProfile()
        lists = [home]
        form = None
        if self.settings.searched:
            forms = yield from self._find_forms(home)
            for candidate in forms[:MAX_TRIED_FORMS]:
                answer = yield candidate.to_request(NOTHING_QUESTION)
                if answer is not None and _visible_letters(answer) != _visible_letters(home):
                    form = candidate
                    lists.append(answer)
                    break
        self.profile = evolve(profile, form=form, frame=learn_frame(lists, ()))
        samples = [] if profile.has_samples else (yield from self._find_samples(home))
        learned = learn_frame(lists, samples)
        frame = evolve(learned, page_blocks=learned.page_blocks | profile.frame.page_blocks)
        shapes = tuple(dict.fromkeys(address_shape(sample.url) for sample in samples)) or profile.sample_shapes
        has_samples = profile.has_samples or len(samples) > 1
        links = tuple(dict.fromkeys(self._walked_addresses(home, frozenset())))[:MAX_HOME_LINKS]
        return evolve(self.profile, frame=frame, has_samples=has_samples, sample_shapes=shapes, home_links=links)

    def _find_samples(self, home: Page) -> Generator[Request, Page | None, list[Page]]:
        """Some pages of listings, from the home page or from a list that it leads to."""
        rows = self._rows_of(home)
        first = (yield Request(url=rows[0].url)) if rows else None
        if first is None:
            return []
        if self._is_list(first, self._framed(first)):
            pages, rows = [], self._rows_of(first)
        else:
            pages, rows = [first], rows[1:]
        for row in rows[:: max(1, len(rows) // MAX_SAMPLES)][: MAX_SAMPLES - len(pages)]:
            page = yield Request(url=row.url)
            pages += [page] if page is not None else []
        return pages

    def _rows_of(self, page: Page) -> list[ListRow]:
        """The rows of a list that answers no question."""
        return result_list(page, "", self._framed(page), (self.settings.address,)).rows

    def learn_from_samples(self, samples: Sequence[Page]) -> None:
        """Learn what stands on every page of a listing."""
        profile = self.profile or SiteProfile()
        learned = learn_frame((), samples)
        frame = evolve(profile.frame, page_blocks=learned.page_blocks, sells=learned.sells)
        self.profile = evolve(profile, frame=frame, has_samples=True)

    def _find_forms(self, home: Page) -> Generator[Request, Page | None, list[SearchForm]]:
        """The searches of the site, the best first."""
        settings = self.settings
        if settings.search:
            charset = search_forms.form_charset(settings.charset or home.encoding) or "utf-8"
            return [SearchForm(address=settings.search, body=settings.search_body, charset=charset, source="settings")]
        forms = search_forms.search_forms(home)
        if address := search_forms.opensearch_address(home):
            description = yield Request(url=address)
            template = search_forms.opensearch_template(description) if description is not None else None
            forms = [SearchForm(address=template, source="OpenSearch"), *forms] if template else forms
        address = search_forms.search_page_address(home)
        if address and not any(form.source.startswith("form") for form in forms):
            search_page = yield Request(url=address)
            forms = (search_forms.search_forms(search_page) if search_page is not None else []) + forms
        wanted = search_forms.form_charset(settings.charset) if settings.charset else None
        return [evolve(form, charset=wanted) for form in forms] if wanted else forms

    def search(self, question: str) -> Iterable[Request]:
        """The search for `question`; () where the site has none."""
        form = self.profile.form if self.profile else None
        return [form.to_request(question, values={LIST_KEY: question})] if form else []

    def walk(self) -> list[Request]:
        """The first pages of a walk: the settings', else those that the home page leads to."""
        if self.profile is not None and self.profile.home_links and not self.settings.start:
            return list(self._walk_requests(0, self.profile.home_links))
        addresses = self.settings.start or (self.settings.address,)
        return [Request(url=address, values={WALK_KEY: "0"}) for address in addresses]

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """Yield the rows of a list and its next page, what a walk comes across, else the page as one listing.

        Raises LayoutError for a page of another site, to which this one led.
        """
        self._require_own(page)
        if is_sitemap(page) and WALK_KEY in page.values:
            yield from self._walk_requests(_depth(page), (request.url for request in sitemap_requests(page)))
        elif is_sitemap(page):
            yield from sitemap_requests(page)
        elif is_feed(page):
            yield from self._read_feed(page)
        elif not page.is_html:
            yield from self._answer(page)
        elif LIST_KEY in page.values:
            yield from self._read_list(page)
        elif WALK_KEY in page.values:
            yield from self._read_walked(page)
        elif self.profile is None and self._is_list(page, self._framed(page)):
            yield from (self.listing(**row_fields(row)) for row in self._rows_of(page))
        else:
            yield from self._read_listing(page)

    def _require_own(self, page: Page) -> None:
        if not is_same_site(page.url, self.settings.address):
            raise LayoutError(f"{self.name}: {self.settings.address} leads to another site, {url_host(page.url)}")

    def _read_feed(self, page: Page) -> Iterator[Listing | Request]:
        entries = list(feed_entries(page))
        if WALK_KEY in page.values:
            yield from self._walk_requests(_depth(page), (entry.url for entry in entries))
        else:
            yield from map(self._row, entries)

    def _framed(self, page: Page) -> frozenset[int]:
        framed = framed_elements(page, self.profile.frame) if self.profile else frozenset[int]()
        return framed | RecipeReader(self.settings).left_out(page)

    def _read_list(self, page: Page) -> Iterator[Listing | Request]:
        recipe, question = RecipeReader(self.settings), page.values[LIST_KEY]
        if not self._is_list_address(page.url) and product_facts(page).is_declared:
            yield from self._read_listing(page)  # a search with one result leads to it
            return
        home = (self.settings.address,)
        shapes = self.profile.known_shapes if self.profile else ()
        found = (
            recipe.rows(page) if recipe.reads_lists else result_list(page, question, self._framed(page), home, shapes)
        )
        rows = found.rows or list(declared_products(page, structured_objects(page)))
        for row in rows:
            yield self.listing(**row_fields(row))
        next_address = recipe.next_address(page) or found.next_address
        if next_address and rows:
            number = int(page.values.get("page", "1")) + 1
            values = {LIST_KEY: question, "page": str(number)}
            yield Request(url=next_address, values=values, page=number)

    def _is_list_address(self, url: str) -> bool:
        form = self.profile.form if self.profile else None
        return form is not None and form.answers_at(url)

    def _is_home(self, page: Page) -> bool:
        return canonicalize_url(page.url) == canonicalize_url(self.settings.address)

    def _read_walked(self, page: Page) -> Iterator[Listing | Request]:
        framed = self._framed(page) if _depth(page) else frozenset[int]()
        is_list = self._is_home(page) or self._is_list_address(page.url) or self._is_list(page, framed)
        if not is_list:
            yield from self._read_listing(page)
        following = next_page(page)
        if following and self._is_walked(following):  # no step deeper: it is the same list
            yield Request(url=following, values={WALK_KEY: str(max(1, _depth(page)))})
        yield from self._walk_requests(_depth(page), self._walked_addresses(page, framed))

    def _walked_addresses(self, page: Page, framed: frozenset[int]) -> list[str]:
        """Where a walk goes from a page: its links, those of the menus on the home page only."""
        return [link.url for link in page_links(page, framed, with_menus=not _depth(page))]

    def _is_list(self, page: Page, framed: frozenset[int]) -> bool:
        """Whether a page leads to listings and is none.

        Where searches, or the pages compared, have shown what addresses of listings look like, all others are lists.
        Else a list is a page of which most words are links to pages; those to pages of its own kind are related
        listings. A page that hands out files is a listing.
        """
        own_shape = address_shape(page.url)
        if self.profile is not None and self.profile.form is not None and self.profile.known_shapes:
            return own_shape not in self.profile.known_shapes
        if linked_files(page, framed):
            return False
        links = [link for link in page_links(page, framed) if link.shape != own_shape and link.text]
        linked = sum(sum(map(str.isalpha, link.text)) for link in links)
        return bool(links) and linked >= MIN_LIST_SHARE * shown_letters(page, framed)

    def _walk_requests(self, page_depth: int, addresses: Iterable[str]) -> Iterator[Request]:
        depth = page_depth + 1
        if depth > self.settings.depth:
            return
        for address in filter(self._is_walked, dict.fromkeys(addresses)):
            yield Request(url=address, values={WALK_KEY: str(depth)})

    def _is_walked(self, address: str) -> bool:
        """Whether a walk goes to an address: not to searches, services, and the home page, which it has seen."""
        is_home = canonicalize_url(address) == canonicalize_url(self.settings.address)
        if is_home or is_service_address(address) or self._is_list_address(address):
            return False
        return not self.settings.follow or re.search(self.settings.follow, address) is not None

    def _read_listing(self, page: Page) -> Iterator[Listing]:
        if self._is_list_address(page.url) or self._is_home(page):
            return
        page = RecipeReader(self.settings).trim(page)
        frame = self.profile.frame if self.profile else None
        fields = page_fields(page, product_facts(page, structured_objects(page), frame), frame)
        if fields["kind"] is ListingKind.POST:
            fields["files"] = linked_files(page, self._framed(page) | other_listings(page, fields.get("title", "")))
        fields |= RecipeReader(self.settings).fields(page)
        if fields.get("title"):
            yield self.listing(**{**fields, "url": own_address(page)})


def own_address(page: Page) -> str:
    """The address that a page gives as its own (rel=canonical), if it is that of a page like it, else its address.

    It may differ by parameters only: it has fewer of them, or another number names the same page (a post, its thread).
    """
    url = canonicalize_url(page.url)
    link = page.css("link[rel=canonical][href]")
    stated = page.link(link.attrib["href"]) if len(link) else None
    if stated is None or url_host(stated) != url_host(url):
        return url
    stated = canonicalize_url(stated)
    (path, _, query), (own_path, _, own_query) = stated.partition("?"), url.partition("?")
    is_part = set(query.split("&")) - {""} <= set(own_query.split("&"))
    names, own_names = ({pair.partition("=")[0] for pair in text.split("&")} for text in (query, own_query))
    has_number = re.search(r"=\d+", query) is not None and not names & own_names
    is_named = address_shape(path) != f"{url_place(path)}{path.partition(url_place(path))[2]}?"  # by its path alone
    is_alike = path.rstrip("/") == own_path.rstrip("/") and ((is_part and (is_named or query != "")) or has_number)
    return stated if is_alike and query != own_query else url


def _depth(page: Page) -> int:
    """How many links a walked page is from the beginning of its walk."""
    return int(page.values.get(WALK_KEY, "0"))


def _visible_letters(page: Page) -> str:
    return "".join(filter(str.isalnum, page.text()))


@cache
def site_platform(name: str, settings: SiteConfig) -> type[Site]:
    """The platform of one site of the configuration."""
    place = url_host(settings.address).removeprefix("www.")
    members = {"name": name, "settings": settings, "allowed_domains": (place,), "min_listings": settings.floor or 1}
    return type("Site", (Site,), {**members, "__module__": __name__})


def _restore_site(name: str, settings: SiteConfig, profile: SiteProfile | None) -> Platform:
    platform = site_platform(name, settings)()
    platform.profile = profile
    return platform
