"""The offer says itself that it is no genuine copy: photocopied, burnt, cracked, a private server."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, Work
from matchers import Context
from matchers.reasons import offends
from matchers.spoken import GROUNDS, quoted, said

NAME = "condition"
AREAS = ("copy", "crack", "server")


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding for each kind of copy, by its surest word."""
    for area in AREAS:
        words = said(listing, work, GROUNDS, area)
        if words:
            yield offends(NAME, context, work, f"condition_{area}", words[0].word.probability, theirs=quoted(words))
