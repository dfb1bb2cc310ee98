"""Exceptions that end a request without a page: an outcome, a message, and the name of the limit, if one was exceeded.

Limits are the settings of [limits]; CrawlStats counts exceeded limits by name, so that a report can tell a bomb from a
bug.
"""

from __future__ import annotations

from datetime import datetime

from scrapy.exceptions import IgnoreRequest

from crawler.items import Outcome


class NoPageError(IgnoreRequest):
    """A request brought no page; `outcome` says why, `limit` names the setting of [limits] that was exceeded.

    `cause` is one of crawler.health.CAUSES, or empty: what a person would have to change.
    `is_retryable`: a later request may succeed, no sooner than `until` where that is known.
    """

    def __init__(
        self,
        outcome: Outcome,
        message: str,
        limit: str = "",
        is_retryable: bool = False,
        until: datetime | None = None,
        cause: str = "",
    ) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.limit = limit
        self.is_retryable = is_retryable
        self.until = until
        self.cause = cause


class LimitExceededError(NoPageError):
    """A limit was exceeded; the outcome is ERROR."""

    def __init__(self, limit: str, message: str) -> None:
        super().__init__(Outcome.ERROR, message, limit)
