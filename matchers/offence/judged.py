"""Earlier verdicts: listing, seller, or a phrase beside the work was judged; the seller has a record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawler.items import Finding, Listing, Polarity, Work
from crawler.text import fold
from crawler.urls import canonicalize_url
from matchers.findings import make_finding, make_phrase
from matchers.matcher import Context, Ground, OffenceMatcher, Rule, RuleKind

MIN_VERDICTS = 2  # needed for a history
PRIOR_VERDICTS = 1  # of either kind, added to every seller's verdicts, so that two verdicts count less than twenty
VERDICT_PROBABILITY = 0.99  # a person has judged it
JUDGED_LISTING = Ground("judged_listing", Polarity.AGAINST, -10.0)
JUDGED_INFRINGING = Ground("judged_infringing", Polarity.FOR, 10.0)
JUDGED_SELLER = Ground("judged_seller", Polarity.AGAINST, -10.0)
JUDGED_PHRASE = Ground("judged_phrase", Polarity.AGAINST, -10.0)
HISTORY_REPEAT = Ground("history_repeat", Polarity.FOR, 2.0)
HISTORY_CLEAN = Ground("history_clean", Polarity.AGAINST, -1.5)
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
        theirs = listing.seller or seller or ""
        share = (record.infringing + PRIOR_VERDICTS) / (record.infringing + record.innocent + 2 * PRIOR_VERDICTS)
        if record.infringing >= record.innocent:
            others = _others_phrase("history_also_innocent", record.innocent)
            yield make_finding(
                self.name, work, HISTORY_REPEAT, share, theirs=theirs, count=record.infringing, others=others
            )
        else:
            others = _others_phrase("history_also_infringing", record.infringing)
            yield make_finding(
                self.name, work, HISTORY_CLEAN, 1 - share, theirs=theirs, count=record.innocent, others=others
            )


def _others_phrase(key: str, count: int) -> dict[str, Any] | str:
    """How many listings were judged otherwise; "" if none was."""
    return make_phrase(key, count=count) if count else ""


def _is_applicable(rule: Rule, listing: Listing) -> bool:
    if rule.kind is RuleKind.LISTING:
        return canonicalize_url(listing.url) == rule.value
    if rule.kind is RuleKind.SELLER:
        return listing.platform == rule.platform and rule.value in (listing.seller_id, listing.seller)
    return rule.value in fold(f"{listing.title}\n{listing.text}")
