"""Earlier verdicts: listing, seller, or a phrase beside the work was judged; the seller has a record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawler.items import Finding, Listing, Polarity, Work
from crawler.text import fold
from crawler.urls import canonicalize_url
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher, Rule, RuleKind

MIN_VERDICTS = 2  # needed for a history
PRIOR_VERDICTS = 1  # of either kind, added to every seller's verdicts, so that two verdicts count less than twenty
VERDICT_PROBABILITY = 0.99  # a person has judged it
JUDGED_LISTING = Ground(
    "judged_listing",
    Polarity.AGAINST,
    -10.0,
    en="this listing was judged no infringement ({ours}): {reason}",
    zh="该商品曾被判为不侵权（{ours}）：{reason}",
)
JUDGED_INFRINGING = Ground(
    "judged_infringing",
    Polarity.FOR,
    10.0,
    en="this listing was judged an infringement ({ours}): {reason}",
    zh="该商品曾被判为侵权（{ours}）：{reason}",
)
JUDGED_SELLER = Ground(
    "judged_seller",
    Polarity.AGAINST,
    -10.0,
    en="{theirs} was judged to sell this work by right ({ours}): {reason}",
    zh="{theirs}曾被判为有权出售该作品（{ours}）：{reason}",
)
JUDGED_PHRASE = Ground(
    "judged_phrase",
    Polarity.AGAINST,
    -10.0,
    en="“{theirs}” beside this work was judged no infringement ({ours}): {reason}",
    zh="该作品旁的“{theirs}”曾被判为不侵权（{ours}）：{reason}",
)
HISTORY_REPEAT = Ground(
    "history_repeat",
    Polarity.FOR,
    2.0,
    en="people judged {infringing} offers of {theirs} infringing and {innocent} not",
    zh="{theirs}有 {infringing} 个商品被判侵权，{innocent} 个被判不侵权",
)
HISTORY_CLEAN = Ground(
    "history_clean",
    Polarity.AGAINST,
    -1.5,
    en="people judged {innocent} offers of {theirs} innocent and {infringing} infringing",
    zh="{theirs}有 {innocent} 个商品被判不侵权，{infringing} 个被判侵权",
)
_GROUNDS = {RuleKind.LISTING: JUDGED_LISTING, RuleKind.SELLER: JUDGED_SELLER, RuleKind.PHRASE: JUDGED_PHRASE}


class Matcher(OffenceMatcher):
    """Rules that people created, each withdrawn by its number, and the verdicts about a seller."""

    name = "judged"
    grounds = (JUDGED_INFRINGING, JUDGED_LISTING, JUDGED_SELLER, JUDGED_PHRASE, HISTORY_REPEAT, HISTORY_CLEAN)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """At most one finding by a verdict (about exactly this listing, else the first rule that applies), and one by
        the seller's record.
        """
        yield from self._judge_record(listing, work, context)
        accusation = next((entry for entry in context.accusations_of(listing) if entry.work == work.id), None)
        if accusation is not None:
            yield make_finding(
                self.name,
                context,
                work,
                JUDGED_INFRINGING,
                VERDICT_PROBABILITY,
                ours=f"{accusation.by} {accusation.at.date()}",
                theirs=listing.url,
                reason=accusation.reason,
            )
            return
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

    def _judge_record(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """At most one finding, by the share of the seller's judged offers that are infringing."""
        seller = listing.seller_id or listing.seller
        record = context.sellers.get((listing.platform, seller)) if seller else None
        if record is None or record.infringing + record.innocent < MIN_VERDICTS:
            return
        values: dict[str, Any] = {"infringing": record.infringing, "innocent": record.innocent}
        values["theirs"] = listing.seller or seller or ""
        share = (record.infringing + PRIOR_VERDICTS) / (record.infringing + record.innocent + 2 * PRIOR_VERDICTS)
        if record.infringing >= record.innocent:
            yield make_finding(self.name, context, work, HISTORY_REPEAT, share, **values)
        else:
            yield make_finding(self.name, context, work, HISTORY_CLEAN, 1 - share, **values)


def _is_applicable(rule: Rule, listing: Listing) -> bool:
    if rule.kind is RuleKind.LISTING:
        return canonicalize_url(listing.url) == rule.value
    if rule.kind is RuleKind.SELLER:
        return listing.platform == rule.platform and rule.value in (listing.seller_id, listing.seller)
    return rule.value in fold(f"{listing.title}\n{listing.text}")
