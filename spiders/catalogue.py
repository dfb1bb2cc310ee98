"""The catalogue of platforms: all of them, one by name, and the one platform that an address belongs to.

Every page is read by one platform only: a host belongs to the platform with the longest matching domain, then to the
site of the configuration with this host; an address that nobody claims belongs to `shop`. Each configured site is a
platform of its own, under its own name.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module

import spiders
from crawler.config import SITES_PLATFORM, Config
from crawler.errors import BadInput, Problem
from crawler.items import ListingKind
from crawler.urls import url_host, url_place
from spiders import Platform

FALLBACK_PLATFORM = SITES_PLATFORM
_NO_PLATFORMS = {"catalogue", "sites"}  # modules of the folder that are not platforms


@cache
def platforms() -> dict[str, type[Platform]]:
    """The platforms that have a spider: name -> class. A file in the folder registers the platform of the same name."""
    names = sorted({module.name for module in pkgutil.iter_modules(spiders.__path__)} - _NO_PLATFORMS)
    return {name: platform_named(name) for name in names}


def all_platforms(config: Config) -> dict[str, type[Platform]]:
    """The platforms that have a spider, and the sites of the configuration: name -> class.

    Raises BadInput for a site with the name of a platform.
    """
    from spiders.sites import site_platform

    sites: Mapping[str, type[Platform]] = {name: site_platform(name, site) for name, site in config.sites.items()}
    if shared := sites.keys() & platforms().keys():
        raise BadInput(Problem(file="swordnet.toml", field=f"sites.{min(shared)}", message="a platform has this name"))
    return {**sites, **platforms()}


def platform_for(url: str, config: Config | None = None) -> type[Platform]:
    """The platform that the page at `url` belongs to, of the sites those of `config`.

    Raises BadInput if `url` is not an http(s) address.
    """
    name = url_host(url)
    if not name:
        raise BadInput(Problem(file=url, message="not an http(s) address"))
    labels = name.split(".")
    for start in range(len(labels)):
        owner = _domains().get(".".join(labels[start:]))
        if owner:
            return platforms()[owner]
    if config is not None and (site := site_for(url, config)):
        return all_platforms(config)[site]
    return platforms()[FALLBACK_PLATFORM]


def expand_names(names: Iterable[str], config: Config) -> list[str]:
    """The names of platforms, with the sites of the short form in place of `shop`."""
    return [name for given in names for name in ([given, *config.sites] if given == SITES_PLATFORM else [given])]


def site_for(url: str, config: Config) -> str | None:
    """The name of the configured site that an address belongs to, None where it is none's."""
    return next((name for name, site in config.sites.items() if _is_of_site(url, site.address)), None)


def _is_of_site(url: str, address: str) -> bool:
    """Whether an address is on the host of a site, or on one below its domain."""
    place, site_place = url_place(url), url_place(address).removeprefix("www.")
    return place.removeprefix("www.") == site_place or place.endswith(f".{site_place}")


def is_enabled(platform: type[Platform], config: Config) -> bool:
    """Whether a platform is queried without being named: as configured, else by the platform's own default."""
    enabled = config.platform(platform.name).enabled
    return enabled if enabled is not None else not platform.off_by_default


def enabled_drives(config: Config, replayed: bool) -> dict[str, str]:
    """The cloud drives whose shares are followed: name in share links -> platform; in a replay all of them."""
    drives = {name: platform for name, platform in platforms().items() if platform.kind is ListingKind.SHARE}
    return {
        platform.share_platform or name: name
        for name, platform in drives.items()
        if replayed or is_enabled(platform, config)
    }


@cache
def _domains() -> dict[str, str]:
    table: dict[str, str] = {}
    for name, platform in platforms().items():
        for domain in platform.allowed_domains:
            if domain in table:
                raise ValueError(f"{domain} is claimed by {table[domain]} and by {name}")
            table[domain] = name
    return table


def platform_named(name: str) -> type[Platform]:
    """The platform defined in the file of this name. Raises ValueError unless the file defines exactly one."""
    module = import_module(f"spiders.{name}")
    classes = [
        candidate
        for candidate in vars(module).values()
        if isinstance(candidate, type) and vars(candidate).get("name") == name
    ]
    if len(classes) != 1 or not issubclass(classes[0], Platform):
        raise ValueError(f"spiders/{name}.py must define one Platform with name = {name!r}")
    return classes[0]
