"""Loads platforms as Scrapy spiders, for `scrapy list` and `scrapy crawl PLATFORM`; named in crawler/settings.py."""

from __future__ import annotations

import builtins
from typing import Self

import scrapy
from scrapy.settings import BaseSettings

from crawler.web.platform_spider import PlatformSpider, platform_spider_of
from spiders.catalogue import platform_for, platforms


class PlatformLoader:
    """Scrapy's spider loader over the files of spiders/."""

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """A loader; the settings say nothing about platforms."""
        return cls()

    def load(self, spider_name: str) -> type[PlatformSpider]:
        """The Scrapy spider of a platform. Raises KeyError where there is none of this name."""
        return platform_spider_of(platforms()[spider_name])

    def list(self) -> builtins.list[str]:
        """The names of all platforms."""
        return [*platforms()]

    def find_by_request(self, request: scrapy.Request) -> builtins.list[str]:
        """The platform that claims the request's address."""
        return [platform_for(request.url).name]
