"""The catalogue of platforms: all of them, one by name, and the one platform that an address belongs to.

Every page is read by one platform only: a host belongs to the platform with the longest matching domain; an address
that no platform claims belongs to `shop`.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

import spiders
from crawler.config import Config
from crawler.errors import BadInput, Problem
from crawler.items import ListingKind
from crawler.urls import url_host
from spiders import Platform

FALLBACK_PLATFORM = "shop"
_SELF = "catalogue"  # the one module of the folder that is not a platform


@cache
def platforms() -> dict[str, type[Platform]]:
    """All platforms: name -> class. A file in the folder registers the platform of the same name."""
    names = sorted({module.name for module in pkgutil.iter_modules(spiders.__path__)} - {_SELF})
    return {name: platform_named(name) for name in names}


def platform_for(url: str) -> type[Platform]:
    """The platform that the page at `url` belongs to. Raises BadInput if `url` is not an http(s) address."""
    name = url_host(url)
    if not name:
        raise BadInput(Problem(file=url, message="not an http(s) address"))
    labels = name.split(".")
    for start in range(len(labels)):
        owner = _domains().get(".".join(labels[start:]))
        if owner:
            return platforms()[owner]
    return platforms()[FALLBACK_PLATFORM]


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
