"""Which platform an address belongs to: exactly one, because every page must be read by one spider only.

A host belongs to the platform with the longest matching domain; what nobody claims belongs to `shop`.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

import spiders
from crawler.config import Config
from crawler.errors import BadInput, Problem
from crawler.items import ListingKind
from crawler.urls import host
from spiders import PlatformSpider

FALLBACK = "shop"


@cache
def spiders_by_name() -> dict[str, type[PlatformSpider]]:
    """All platforms: name -> class. A file in the folder is the registration; its spider bears the file's name."""
    names = sorted(found.name for found in pkgutil.iter_modules(spiders.__path__) if not found.name.startswith("_"))
    return {name: _spider_in(name) for name in names}


def claim(url: str) -> type[PlatformSpider]:
    """The platform whose page this is. Raises BadInput where `url` is no http(s) address."""
    name = host(url)
    if not name:
        raise BadInput(Problem(file=url, message="not an http(s) address"))
    labels = name.split(".")
    for start in range(len(labels)):
        claimed = _domains().get(".".join(labels[start:]))
        if claimed:
            return spiders_by_name()[claimed]
    return spiders_by_name()[FALLBACK]


def is_on(spider: type[PlatformSpider], config: Config) -> bool:
    """Whether a platform is asked without being named: as the configuration says, else as the platform itself does."""
    said = config.platform(spider.name).enabled
    return said if said is not None else not spider.off_by_default


def drives_on(config: Config, replayed: bool) -> dict[str, str]:
    """The cloud drives whose shares are followed: name among share links -> spider. A replay asks nobody: all."""
    found = {name: each for name, each in spiders_by_name().items() if each.kind is ListingKind.SHARE}
    return {each.share_platform or name: name for name, each in found.items() if replayed or is_on(each, config)}


@cache
def _domains() -> dict[str, str]:
    table: dict[str, str] = {}
    for name, spider in spiders_by_name().items():
        for domain in spider.allowed_domains:
            if domain in table:
                raise ValueError(f"{domain} is claimed by {table[domain]} and by {name}")
            table[domain] = name
    return table


def _spider_in(name: str) -> type[PlatformSpider]:
    module = import_module(f"spiders.{name}")
    found = [each for each in vars(module).values() if isinstance(each, type) and vars(each).get("name") == name]
    if len(found) != 1 or not issubclass(found[0], PlatformSpider):
        raise ValueError(f"spiders/{name}.py must define one PlatformSpider with name = {name!r}")
    return found[0]
