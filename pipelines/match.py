"""Each listing is compared with the registry, together with all that wait for it, in a thread."""

from __future__ import annotations

from typing import Self

from attrs import frozen
from scrapy.crawler import Crawler

from crawler.items import Assessment
from crawler.web.parts import Seen
from crawler.web.visit import Visit
from pipelines._assessing import Together


@frozen(kw_only=True)
class Matched(Seen):
    """A listing with its assessments, best work first."""

    assessments: tuple[Assessment, ...]


class Match:
    """Assesses listings. A row of a list is joined with what its own page said before."""

    def __init__(self, spider: Visit) -> None:
        self._spider = spider
        self._together = Together(spider.session)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The session comes with the spider."""
        assert isinstance(crawler.spider, Visit)
        return cls(crawler.spider)

    async def process_item(self, item: Seen) -> Matched:
        """Identity and offence for every work that comes into question."""
        self._spider.tally.matched += 1
        found = await self._together.assess(item.listing)
        return Matched(
            listing=found.listing, body=item.body, asked=item.asked, form=item.form, assessments=found.assessments
        )
