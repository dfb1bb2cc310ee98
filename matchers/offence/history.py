"""The seller's history: people judged offers of this seller infringing before, or found them innocent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawler.items import Finding, Listing, Polarity, Work
from matchers.findings import offence_finding
from matchers.matcher import Context

NAME = "history"
MIN_VERDICTS = 2  # judgements that make a history
PRIOR_VERDICTS = 1  # judgements of either kind that every seller is thought to have, so that two say less than twenty


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """At most one finding, by the share of infringing ones among the judged offers of the seller."""
    seller = listing.seller_id or listing.seller
    record = context.sellers.get((listing.platform, seller)) if seller else None
    if record is None or record.infringing + record.innocent < MIN_VERDICTS:
        return
    counts: dict[str, Any] = {"infringing": record.infringing, "innocent": record.innocent}
    share = (record.infringing + PRIOR_VERDICTS) / (record.infringing + record.innocent + 2 * PRIOR_VERDICTS)
    theirs = listing.seller or seller or ""
    if record.infringing >= record.innocent:
        yield offence_finding(NAME, context, work, "history_repeat", share, theirs=theirs, **counts)
    else:
        yield offence_finding(
            NAME, context, work, "history_clean", 1 - share, polarity=Polarity.AGAINST, theirs=theirs, **counts
        )
