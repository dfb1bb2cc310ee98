"""Builds the matching context from the store: rules, sellers' records, shops, outlets, prices, weights.

It is read once for a session or a command.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime

from crawler.items import Licence, Verdict
from crawler.store import ALIAS_RULE, Store, StoredRule
from matchers.matcher import Accusation, ConfirmedOutlet, Context, MedianPrice, Rule, RuleKind, SellerRecord
from matchers.weights import Weights, read_weights


def build_context(store: Store, now: datetime) -> Context:
    """The context for assessing listings with this store."""
    return Context(
        now=now,
        medians={
            key: MedianPrice(price=price, currency=currency, count=count)
            for key, (price, currency, count) in store.works.price_medians().items()
        },
        sellers=seller_records(store),
        rules=rules_by_work(store.reviews.all_rules()),
        official_licences=_official_licences(store),
        outlets=confirmed_outlets(store),
        accusations=accusations_by_address(store),
        weights=current_weights(store),
        quarantined=frozenset(store.works.quarantined_works()),
    )


def current_weights(store: Store) -> Weights | None:
    """The weights that were applied last; None for those that ship."""
    calibrations = store.reviews.all_calibrations()
    data = calibrations[-1].weights if calibrations else None
    return None if data is None else read_weights(data, f"calibration {calibrations[-1].id}")


def rules_by_work(stored_rules: list[StoredRule]) -> dict[str, tuple[Rule, ...]]:
    """Rules by work; names that people taught are read with the works and are none here."""
    by_work: dict[str, list[Rule]] = defaultdict(list)
    for row in stored_rules:
        if row.kind == ALIAS_RULE:
            continue
        rule = Rule(
            id=row.id,
            kind=RuleKind(row.kind),
            work=row.work,
            value=row.value,
            shown=row.shown,
            platform=row.platform,
            reason=row.reason,
            by=row.by,
            at=row.at,
        )
        by_work[row.work].append(rule)
    return {work: tuple(rules) for work, rules in by_work.items()}


def seller_records(store: Store) -> dict[tuple[str, str], SellerRecord]:
    """The judged offers of each seller, by (platform, seller)."""
    counts: Counter[tuple[str, str, Verdict]] = Counter()
    for judged_hit in store.reviews.reviewed_hits():
        if judged_hit.seller:
            counts[judged_hit.platform, judged_hit.seller, judged_hit.judgement.verdict] += 1
    sellers = {(platform, seller) for platform, seller, _ in counts}
    return {
        (platform, seller): SellerRecord(
            infringing=counts[platform, seller, Verdict.INFRINGING], innocent=counts[platform, seller, Verdict.NOT]
        )
        for platform, seller in sorted(sellers)
    }


def accusations_by_address(store: Store) -> dict[str, tuple[Accusation, ...]]:
    """What people judged infringing, by canonical address of the listing."""
    by_address: dict[str, list[Accusation]] = defaultdict(list)
    for entry in store.reviews.infringing_listings():
        judgement = entry.judgement
        accusation = Accusation(work=entry.work, by=judgement.by, at=judgement.at, reason=judgement.reason)
        by_address[entry.address].append(accusation)
    return {address: tuple(accusations) for address, accusations in by_address.items()}


def confirmed_outlets(store: Store) -> dict[tuple[str, str, str], ConfirmedOutlet]:
    """The outlets that people confirmed, by (field, platform of a seller or "", value)."""
    return {
        (row.field, row.platform, row.value): ConfirmedOutlet(
            id=row.id,
            field=row.field,
            value=row.value,
            platform=row.platform,
            reason=row.reason,
            by=row.by,
            at=row.at,
        )
        for row in store.outlets.confirmed_outlets()
    }


def _official_licences(store: Store) -> dict[str, tuple[Licence, ...]]:
    by_owner: dict[str, list[Licence]] = defaultdict(list)
    for row in store.works.official_shops():
        by_owner[row.owner].append(row.licence)
    return {owner: tuple(licences) for owner, licences in by_owner.items()}
