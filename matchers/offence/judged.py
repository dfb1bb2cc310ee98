"""An earlier verdict covers the offer: the listing, the seller, or a phrase beside the work was judged innocent."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, Polarity, Work
from crawler.text import fold
from crawler.urls import canonicalize_url
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher, Rule, RuleKind

VERDICT_PROBABILITY = 0.99  # a person has judged it
JUDGED_LISTING = Ground(
    "judged_listing",
    Polarity.AGAINST,
    -8.0,
    en="this listing was judged no infringement ({ours}): {reason}",
    zh="该商品曾被判为不侵权（{ours}）：{reason}",
)
JUDGED_SELLER = Ground(
    "judged_seller",
    Polarity.AGAINST,
    -6.0,
    en="{theirs} was judged to sell this work by right ({ours}): {reason}",
    zh="{theirs}曾被判为有权出售该作品（{ours}）：{reason}",
)
JUDGED_PHRASE = Ground(
    "judged_phrase",
    Polarity.AGAINST,
    -6.0,
    en="“{theirs}” beside this work was judged no infringement ({ours}): {reason}",
    zh="该作品旁的“{theirs}”曾被判为不侵权（{ours}）：{reason}",
)
_GROUNDS = {RuleKind.LISTING: JUDGED_LISTING, RuleKind.SELLER: JUDGED_SELLER, RuleKind.PHRASE: JUDGED_PHRASE}


class Matcher(OffenceMatcher):
    """The rules that people created, from the context; each can be withdrawn by its number."""

    name = "judged"
    grounds = (JUDGED_LISTING, JUDGED_SELLER, JUDGED_PHRASE)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """At most one finding against, by the first rule that applies."""
        rule = next((rule for rule in context.rules.get(work.id, ()) if _is_applicable(rule, listing)), None)
        if rule is not None:
            yield make_finding(
                self.name,
                context,
                work,
                _GROUNDS[rule.kind],
                VERDICT_PROBABILITY,
                ours=f"#{rule.id} {rule.by} {rule.at.date()}",
                theirs=rule.shown or rule.value,
                reason=rule.reason,
            )


def _is_applicable(rule: Rule, listing: Listing) -> bool:
    if rule.kind is RuleKind.LISTING:
        return canonicalize_url(listing.url) == rule.value
    if rule.kind is RuleKind.SELLER:
        return listing.platform == rule.platform and rule.value in (listing.seller_id, listing.seller)
    return rule.value in fold(f"{listing.title}\n{listing.text}")
