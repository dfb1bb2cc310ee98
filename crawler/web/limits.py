"""Exceptions that end a request without a page: an outcome, a sentence, and the name of the limit, if one was exceeded.

Limits are the settings of [limits]; CrawlStats counts each exceeded limit by name, so that a report tells a bomb from a
bug.
"""

from __future__ import annotations

from datetime import datetime

from scrapy.exceptions import IgnoreRequest

from crawler.items import Outcome


class NoPageError(IgnoreRequest):
    """No page came of this request; `outcome` says why, `limit` names the setting that cut it off.

    `again`: asking later may help, no sooner than `until` where that is known.
    """

    def __init__(
        self, outcome: Outcome, message: str, limit: str = "", is_retryable: bool = False, until: datetime | None = None
    ) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.limit = limit
        self.is_retryable = is_retryable
        self.until = until


class LimitExceededError(NoPageError):
    """More than a limit allows."""

    def __init__(self, limit: str, message: str) -> None:
        super().__init__(Outcome.ERROR, message, limit)
