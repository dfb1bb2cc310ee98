"""Each listing is compared with the registry, in a thread: the index is built once for each version of the registry."""

from __future__ import annotations

import asyncio
from typing import Self

from attrs import frozen
from scrapy.crawler import Crawler

from crawler.items import Assessment
from crawler.web.session import Session
from crawler.web.visit import Seen, Visit
from matchers import Context
from matchers.assess import Assessor


@frozen(kw_only=True)
class Matched(Seen):
    """A listing with its assessments, best work first."""

    assessments: tuple[Assessment, ...]


class Match:
    """Assesses listings. A row of a list is joined with what its own page said before."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The session comes with the spider."""
        assert isinstance(crawler.spider, Visit)
        return cls(crawler.spider.session)

    async def process_item(self, item: Seen) -> Matched:
        """Identity and offence for every work that comes into question."""
        return await asyncio.to_thread(self._matched, item)

    def _matched(self, item: Seen) -> Matched:
        session = self._session
        assessor = session.shared("assessor", lambda: Assessor(session.store.registry()))
        listing = session.store.hits.merged(item.listing)
        context = Context(now=session.now(), language=session.config.language)
        return Matched(listing=listing, body=item.body, assessments=assessor.assess(listing, context))
