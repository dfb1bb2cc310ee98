"""Requests that end without a page say what they were: every middleware that ends one raises Unanswered."""

from __future__ import annotations

from scrapy.exceptions import IgnoreRequest

from crawler.items import Outcome


class Unanswered(IgnoreRequest):
    """No page came of this request; `outcome` says why."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


def outcome_of_failure(error: BaseException) -> Outcome:
    """The outcome of a request that raised."""
    return error.outcome if isinstance(error, Unanswered) else Outcome.ERROR
