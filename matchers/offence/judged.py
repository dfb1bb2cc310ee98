"""An earlier verdict covers the offer: this listing, seller of this work, or phrase beside it was no infringement."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, Polarity, Work
from crawler.text import fold
from crawler.urls import canonicalize_url
from matchers.findings import offence_finding
from matchers.matcher import Context, Rule, RuleKind

NAME = "judged"
VERDICT_PROBABILITY = 0.99  # a person looked


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """At most one finding against, by the first rule that fits; each rule can be withdrawn by its number."""
    for rule in context.rules.get(work.id, ()):
        if _is_applicable(rule, listing):
            day = rule.at.date()
            yield offence_finding(
                NAME,
                context,
                work,
                f"judged_{rule.kind.value}",
                VERDICT_PROBABILITY,
                polarity=Polarity.AGAINST,
                ours=f"#{rule.id} {rule.by} {day}",
                theirs=rule.shown or rule.value,
                reason=rule.reason,
            )
            return


def _is_applicable(rule: Rule, listing: Listing) -> bool:
    if rule.kind is RuleKind.LISTING:
        return canonicalize_url(listing.url) == rule.value
    if rule.kind is RuleKind.SELLER:
        return listing.platform == rule.platform and rule.value in (listing.seller_id, listing.seller)
    return rule.value in fold(f"{listing.title}\n{listing.text}")
