"""Sites that no spider knows, read from single pages and looked at step by step; no request is made."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

import pytest

from crawler.config import Config
from crawler.errors import BadInput
from crawler.page import LayoutError, Page
from crawler.page.search_forms import SearchForm
from crawler.page.site_profile import WALK_KEY, SiteProfile
from crawler.platform_settings import PlatformConfig, SiteConfig
from spiders import Listing, Request
from spiders.catalogue import all_platforms, expand_names, platform_for
from spiders.shop import LIST_KEY
from spiders.sites import NOTHING_QUESTION, Site, own_address, site_platform

HOME = "https://attic.example/"
FORM = '<form action="/find"><input type="search" name="q"><input type="hidden" name="in" value="all"></form>'
ITEM = "<h1>{title}</h1><p>Price: $3.20</p><p>Seller: reed</p><p>{title}, as a PDF by mail. Ask me anything.</p>"


def html(content: str, url: str = HOME, values: Mapping[str, str] | None = None, head: str = "") -> Page:
    body = f"<html><head><title>Attic</title>{head}</head><body>{content}</body></html>".encode()
    return Page(url=url, body=body, content_type="text/html; charset=utf-8", values=values or {})


def make_site(profile: SiteProfile | None = None, **settings: Any) -> Site:
    site = site_platform("attic", SiteConfig(address=HOME, **settings))()
    site.profile = profile
    return site


SEARCHED = SiteProfile(form=SearchForm(address="https://attic.example/find?q={query}&in=all"))


def look(
    site: Site, pages: Mapping[str, Page], known: SiteProfile | None = None
) -> tuple[SiteProfile | None, list[str]]:
    """What a look at a site learns from `pages`, and the addresses that it asked for."""
    steps, asked, page = site.learn(known), [], None
    while True:
        try:
            request = steps.send(page)
        except StopIteration as end:
            return end.value, asked
        asked.append(request.url)
        page = pages.get(request.url)


def read(site: Site, page: Page) -> tuple[list[Listing], list[Request]]:
    entries = list(site.read(page))
    return [e for e in entries if isinstance(e, Listing)], [e for e in entries if isinstance(e, Request)]


def test_a_look_finds_the_search_and_tries_it() -> None:
    answer = f"{HOME}find?q={NOTHING_QUESTION}&in=all"
    profile, asked = look(make_site(), {HOME: html(FORM), answer: html(FORM + "<p>Nothing found.</p>", answer)})
    assert profile is not None
    assert profile.form is not None
    assert profile.form.to_request("red kite").url == f"{HOME}find?q=red%20kite&in=all"
    assert asked == [HOME, answer]
    assert SiteProfile.from_json(profile.to_json()) == profile


def test_a_search_that_answers_with_the_home_page_is_none() -> None:
    answer = f"{HOME}find?q={NOTHING_QUESTION}&in=all"
    profile, _ = look(make_site(), {HOME: html(FORM), answer: html(FORM, answer)})
    assert profile is not None
    assert profile.form is None


def test_without_a_home_page_nothing_is_learned() -> None:
    assert look(make_site(), {}) == (None, [HOME])


def test_a_site_that_shall_not_be_searched_is_not_tried() -> None:
    profile, asked = look(make_site(searched=False), {HOME: html(FORM)})
    assert profile is not None
    assert (profile.form, asked) == (None, [HOME])


def test_a_configured_search_wins_and_keeps_its_charset() -> None:
    site = make_site(search=f"{HOME}s.asp?k={{query}}", charset="GB2312")
    answer = f"{HOME}s.asp?k={NOTHING_QUESTION}"
    profile, _ = look(site, {HOME: html(FORM), answer: html("nothing", answer)})
    assert profile is not None
    assert profile.form is not None
    assert profile.form.to_request("潮").url == f"{HOME}s.asp?k=%B3%B1"


def test_later_looks_keep_what_the_first_learned() -> None:
    known = SiteProfile(
        has_samples=True, sample_shapes=("attic.example/item/*?",), listing_shapes=("attic.example/i/#?",)
    )
    profile, asked = look(make_site(searched=False), {HOME: html("<a href='/item/lamp-1'>A lamp</a>")}, known)
    assert profile is not None
    assert (profile.listing_shapes, profile.sample_shapes) == (known.listing_shapes, known.sample_shapes)
    assert asked == [HOME], "pages of listings are compared once"


@pytest.mark.parametrize(
    "content",
    [
        "<p>Nothing for lantern.</p>",
        "<h1>lantern</h1><p>Price: $1.00</p><p>Sorry, nothing.</p>",
        '<script type="application/ld+json">{"@type": "Product", "name": "lantern", "offers": {"price": "3"}}</script>',
    ],
)
@pytest.mark.parametrize("values", [{LIST_KEY: "lantern"}, {}, {WALK_KEY: "1"}])
def test_a_search_page_is_never_a_listing(content: str, values: dict[str, str]) -> None:
    page = html(content, f"{HOME}find?in=all&q=lantern", values)
    listings, _ = read(make_site(SEARCHED), page)
    assert [listing.url for listing in listings if listing.url.startswith(f"{HOME}find")] == []


def test_a_search_that_leads_to_the_only_result_reads_it() -> None:
    product = (
        '<script type="application/ld+json">{"@type": "Product", "name": "Lantern", "offers": {"price": "3"}}</script>'
    )
    page = html(product + ITEM.format(title="Lantern"), f"{HOME}item/31.html", {LIST_KEY: "lantern"})
    listings, requests = read(make_site(SEARCHED), page)
    assert [listing.url for listing in listings] == [f"{HOME}item/31.html"]
    assert requests == []


def test_a_list_leads_to_its_next_page_only_where_it_has_rows() -> None:
    link = "<a rel='next' href='/find?q=lantern&amp;in=all&amp;page=2'>next</a>"
    page = html(
        f"<li><a href='/item/31.html'>Lantern of tin</a></li>{link}", f"{HOME}find?q=lantern", {LIST_KEY: "lantern"}
    )
    _, (request,) = read(make_site(SEARCHED), page)
    assert (request.page, dict(request.values)) == (2, {LIST_KEY: "lantern", "page": "2"})
    _, requests = read(make_site(SEARCHED), html(link, f"{HOME}find?q=lantern", {LIST_KEY: "lantern"}))
    assert requests == []


def test_a_walk_keeps_out_of_services_searches_and_strange_places() -> None:
    addresses = [
        *("/login", "/cart", "/members/", "/account/orders", "/item/1.html?sort=price", "/find?q=a&in=all", "/", HOME),
        *("https://elsewhere.example/item/9.html", "/files/lamp.zip", "mailto:a@attic.example", "#top"),
        *("/item/31.html", "/board/7"),
    ]
    content = "".join(f"<p><a href='{address}'>Some link of the page {address}</a></p>" for address in addresses)
    _, requests = read(make_site(SEARCHED), html(content, f"{HOME}board/2", {WALK_KEY: "1"}))
    assert [request.url for request in requests] == [f"{HOME}item/31.html", f"{HOME}board/7"]
    assert {request.values[WALK_KEY] for request in requests} == {"2"}


def test_a_walk_ends_at_its_depth_and_follows_only_what_it_shall() -> None:
    content = "<p><a href='/item/31.html'>A lantern of tin</a> <a href='/news/1.html'>The news of today</a></p>"
    site = make_site(SiteProfile(), depth=2, follow="/item/")
    _, requests = read(site, html(content, f"{HOME}board/2", {WALK_KEY: "1"}))
    assert [request.url for request in requests] == [f"{HOME}item/31.html"]
    _, requests = read(site, html(content, f"{HOME}board/2", {WALK_KEY: "2"}))
    assert requests == []


def test_a_walk_begins_where_the_settings_say_else_at_the_links_of_the_home_page() -> None:
    profile, _ = look(
        make_site(searched=False), {HOME: html("<nav><a href='/board/7'>Boards</a></nav><a href='/'>Home</a>")}
    )
    site = make_site(profile)
    assert [(request.url, request.values[WALK_KEY]) for request in site.walk()] == [(f"{HOME}board/7", "1")]
    site = make_site(profile, start=(f"{HOME}feed", f"{HOME}board/9"))
    assert [(request.url, request.values[WALK_KEY]) for request in site.walk()] == [
        (f"{HOME}feed", "0"),
        (f"{HOME}board/9", "0"),
    ]


def test_a_page_among_others_of_its_kind_is_a_listing_and_a_page_of_links_is_none() -> None:
    site = make_site(SiteProfile(listing_shapes=("attic.example/item/#.html?",)))
    listings, _ = read(site, html(ITEM.format(title="Lantern of tin"), f"{HOME}item/31.html", {WALK_KEY: "1"}))
    assert [listing.title for listing in listings] == ["Lantern of tin"]
    links = "".join(f"<li><a href='/item/{n}.html'>Lantern of tin, number {n}</a></li>" for n in range(9))
    listings, _ = read(site, html(f"<h1>Lanterns</h1><ul>{links}</ul>", f"{HOME}board/7", {WALK_KEY: "1"}))
    assert listings == []


@pytest.mark.parametrize(
    ("url", "canonical", "expected"),
    [
        (f"{HOME}t.php?id=3&s=ab12", "/t.php?id=3", f"{HOME}t.php?id=3"),
        (f"{HOME}t.php?id=3", "/", f"{HOME}t.php?id=3"),
        (f"{HOME}t.php?id=3", "https://elsewhere.example/t.php", f"{HOME}t.php?id=3"),
        (f"{HOME}t.php?id=3", "/t.php?id=4", f"{HOME}t.php?id=3"),
        (f"{HOME}t.php?id=3", "http://[", f"{HOME}t.php?id=3"),
    ],
)
def test_a_page_says_its_own_address_only_where_parameters_differ(url: str, canonical: str, expected: str) -> None:
    page = html("", url, head=f"<link rel='canonical' href='{canonical}'>")
    assert own_address(page) == expected


def test_a_site_is_pickled_with_what_was_learned() -> None:
    site = make_site(SEARCHED, follow="/item/")
    copy = pickle.loads(pickle.dumps(site))
    assert isinstance(copy, Site)
    assert (copy.name, copy.settings, copy.profile) == (site.name, site.settings, SEARCHED)
    assert type(copy).allowed_domains == ("attic.example",)


CONFIG = Config(
    sites={
        "tins": SiteConfig(address="http://127.0.0.1:8801/"),
        "pots": SiteConfig(address="http://127.0.0.1:8802/"),
        "attic.example": SiteConfig(address="https://www.attic.example/"),
    },
    platforms={"shop": PlatformConfig()},
)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://127.0.0.1:8801/item/1", "tins"),
        ("http://127.0.0.1:8802/item/1", "pots"),
        ("http://127.0.0.1:8803/item/1", "shop"),
        ("https://attic.example/1", "attic.example"),
        ("https://forum.attic.example/1", "attic.example"),
        ("https://notattic.example/1", "shop"),
        ("https://book.kongfz.com/1/2/", "kongfz"),
    ],
)
def test_an_address_belongs_to_one_platform(url: str, name: str) -> None:
    assert platform_for(url, CONFIG).name == name


def test_shop_means_all_sites_and_a_name_one() -> None:
    assert expand_names(["shop"], CONFIG) == ["shop", *CONFIG.sites]
    assert expand_names(["pots", "kongfz"], CONFIG) == ["pots", "kongfz"]


def test_a_site_with_the_name_of_a_platform_is_refused() -> None:
    with pytest.raises(BadInput, match="a platform has this name"):
        all_platforms(Config(sites={"kongfz": SiteConfig(address=HOME)}))


@pytest.mark.parametrize(
    "content",
    [
        "<div>" * 30_000,
        "<form>"
        + "".join(f"<input type=hidden name=h{n} value=x>" for n in range(5_000))
        + "<input type=search name=q></form>",
        "".join(f"<a href='/x{n}-'>" for n in range(5_000)),
        "<script>" + '"/s?q=" +' * 20_000 + "</script>",
        "<table>" * 3_000,
    ],
)
def test_a_hostile_page_is_read_without_an_error(content: str) -> None:
    page = html(content)
    profile, _ = look(make_site(), {HOME: page})
    assert profile is not None
    for values in ({LIST_KEY: "lantern"}, {WALK_KEY: "1"}, {}):
        read(make_site(profile), html(content, f"{HOME}board/2", values))


@pytest.mark.parametrize(
    "url", ["https://elsewhere.example/find?q=lantern&in=all", "https://attic.example:8443/item/31.html"]
)
@pytest.mark.parametrize("values", [{LIST_KEY: "lantern"}, {WALK_KEY: "1"}, {}])
def test_a_page_of_another_site_is_not_read_as_this_ones(url: str, values: dict[str, str]) -> None:
    page = html("<li><a href='/item/31.html'>Lantern of tin</a></li>", url, values)
    with pytest.raises(LayoutError, match="leads to another site"):
        read(make_site(SEARCHED), page)


def test_a_home_page_that_leads_to_another_site_teaches_nothing() -> None:
    with pytest.raises(LayoutError, match="leads to another site"):
        look(make_site(), {HOME: html(FORM, "https://elsewhere.example/")})
    profile, _ = look(make_site(searched=False), {HOME: html(FORM, "https://www.attic.example/")})
    assert profile is not None


def test_a_captured_list_of_a_site_that_was_never_looked_at_is_read_as_a_list() -> None:
    links = "".join(f"<li><a href='/item/{n}.html'>Lantern of tin, number {n}</a></li>" for n in range(9))
    listings, _ = read(make_site(), html(f"<h1>Lanterns</h1><ul>{links}</ul>", f"{HOME}find?q=lantern"))
    assert [listing.url for listing in listings] == [f"{HOME}item/{n}.html" for n in range(9)]
    listings, _ = read(make_site(), html(ITEM.format(title="Lantern of tin"), f"{HOME}item/31.html"))
    assert [listing.title for listing in listings] == ["Lantern of tin"]


@pytest.mark.parametrize(
    ("asked", "stated", "own"),
    [
        ("/view?t=5&hilit=lamp", "/view?t=5", "/view?t=5"),
        ("/view?p=77", "/view?t=5", "/view?t=5"),
        ("/view?t=5", "/", "/view?t=5"),
        ("/view.php?t=5", "/view.php", "/view.php?t=5"),
        ("/offers/blue-lamp?_pos=1", "/offers/blue-lamp", "/offers/blue-lamp"),
        ("/offer/5", "/offer/6", "/offer/5"),
    ],
)
def test_a_page_has_the_address_that_it_states_if_that_is_one_of_its_kind(asked: str, stated: str, own: str) -> None:
    source = f'<html><head><link rel="canonical" href="{stated}"></head><body><p>lamp</p></body></html>'
    page = Page(url=f"https://tide.example{asked}", body=source.encode())
    assert own_address(page) == f"https://tide.example{own}"
