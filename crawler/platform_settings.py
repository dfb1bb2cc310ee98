"""The settings of one platform and of one site: [platforms.NAME] and [sites.NAME] of swordnet.toml.

A site is a platform that no spider knows: its address, and what cannot be guessed about it (docs/recipes.md).
"""

from __future__ import annotations

from typing import Any

from attrs import asdict, field, fields, frozen

from crawler.urls import url_place

SITE_KINDS = ("shop", "forum", "blog", "mirror", "directory")


def setting(
    default: Any, meaning: str, *, at_least: float | None = None, choices: tuple[str, ...] = (), secret: bool = False
) -> Any:
    """A field of Config with its meaning (one sentence, shown in the commented file) and its constraints.

    Without a meaning it is no setting of the file; a secret is left out where the Config is printed.
    """
    return field(
        default=default, repr=not secret, metadata={"meaning": meaning, "at_least": at_least, "choices": choices}
    )


@frozen(kw_only=True, slots=False)  # with slots it would pickle its own fields only, and lose those of SiteConfig
class PlatformConfig:
    """[platforms.NAME] One platform."""

    enabled: bool | None = setting(None, "asked on nights, its shares followed; not given: yes, cloud drives no")
    templates: tuple[str, ...] = setting((), "search addresses with {query}, for the shop and telegram spiders")
    sites: tuple[str, ...] = setting((), "of shop: addresses of sites without a spider, each a platform of its own")
    questions: int = setting(200, "questions asked in one run", at_least=1)
    shares: int = setting(200, "shares of a cloud drive asked in one run", at_least=0)
    pace: float = setting(0.0, "seconds between two requests to a cloud drive; 0: the platform's own", at_least=0)
    pages: int = setting(2000, "pages asked in one night, everything included", at_least=1)
    priority: int = setting(0, "platforms with a higher number are asked first")
    slots: int = setting(1, "units of a platform that workers may do at the same time", at_least=1)
    browser: bool = setting(False, "all its pages are drawn by Chromium, as people see them")
    base: str = setting("", "scheme and host that all its requests go to instead of its own (tests, mirrors)")


@frozen(kw_only=True, slots=False)  # a second base of SiteConfig
class Recipe:
    """What cannot be guessed about the pages of a site: CSS selectors; ` @NAME` at the end takes that attribute."""

    row: str = setting("", "one row of a list")
    row_title: str = setting("", "in a row: its title; empty: the text of its link")
    row_link: str = setting("", "in a row: the link to its page; empty: the first link")
    row_price: str = setting("", "in a row: the price")
    row_seller: str = setting("", "in a row: the seller or author")
    row_text: str = setting("", "in a row: words beside the title")
    row_date: str = setting("", "in a row: its date")
    next: str = setting("", "the link to the next page of a list")
    title: str = setting("", "on a listing's page: its title")
    price: str = setting("", "on a listing's page: its price")
    seller: str = setting("", "on a listing's page: its seller or author")
    date: str = setting("", "on a listing's page: its date")
    text: str = setting("", "on a listing's page: the seller's words; several elements are joined by lines")
    pictures: str = setting("", "on a listing's page: its pictures")
    left_out: str = setting("", "on any page: what is nobody's offer (menus, side bars, related items)")


@frozen(kw_only=True, slots=False)
class SiteConfig(PlatformConfig, Recipe):
    """[sites.NAME] One site that no spider knows: a platform of its own."""

    address: str = setting("", "its home page; the site claims all addresses of this host")
    kind: str = setting("", "shop, forum, blog, mirror or directory; empty: found out", choices=("", *SITE_KINDS))
    search: str = setting("", "address of its search with {query}; empty: found out on its pages")
    search_body: str = setting("", "body of the search with {query}, where it is sent by POST; empty: a GET")
    charset: str = setting("", "charset in which the search wants the question; empty: that of its pages")
    searched: bool = setting(True, "false: it is walked from its home page, not searched")
    start: tuple[str, ...] = setting((), "pages where a walk begins (lists, a feed, a sitemap); empty: the home page")
    follow: str = setting("", "regular expression: a walk follows only addresses that contain it")
    browse: int = setting(
        100, "pages a night opens from its home page and lists, whether or not they name a work; 0: none", at_least=0
    )
    depth: int = setting(3, "links followed in a row on a walk", at_least=1)
    floor: int = setting(0, "listings that a healthy night brings at least", at_least=0)
    recipe: str = setting("", "file with selectors for this kind of site, to be shared; what stands here wins over it")


def site_name(address: str) -> str:
    """The name of a site given by its address only: its host, with the port where it is not the usual one."""
    return url_place(address).removeprefix("www.")


def short_form_site(address: str, shop: PlatformConfig) -> SiteConfig:
    """The settings of a site given by its address only: the defaults, and what [platforms.shop] says of all sites."""
    common = {name: value for name, value in asdict(shop).items() if name not in ("templates", "sites", "base")}
    return SiteConfig(address=address, **common)


RECIPE_KEYS = tuple(attribute.name for attribute in fields(Recipe))
