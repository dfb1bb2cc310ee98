"""What matching may know, gathered from the store: rules, histories of sellers, own shops, usual prices, weights.

Read once for a session or a command; a night that learns something new uses it from the next one on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime

from crawler.items import Licence, Verdict
from crawler.store import Store
from crawler.store.rules import StoredRule
from matchers import Context, Median, Record, Rule, RuleKind
from matchers.weights import Weights, read_weights


def context_of(store: Store, now: datetime, language: str) -> Context:
    """The context of everything that is assessed with this store."""
    return Context(
        now=now,
        language=language,
        medians={
            key: Median(price=price, currency=currency, count=count)
            for key, (price, currency, count) in store.trust.medians().items()
        },
        sellers=records_of(store),
        rules=rules_of(store.rules.all()),
        official=_official(store),
        weights=weights_of(store),
        quarantined=frozenset(store.trust.quarantined()),
    )


def weights_of(store: Store) -> Weights | None:
    """The weights that were applied last; None for those that ship."""
    applied = store.trust.calibrations()
    data = applied[-1].weights if applied else None
    return None if data is None else read_weights(data, f"calibration {applied[-1].id}")


def rules_of(stored: list[StoredRule]) -> dict[str, tuple[Rule, ...]]:
    """Rules by work."""
    found: dict[str, list[Rule]] = defaultdict(list)
    for each in stored:
        rule = Rule(
            id=each.id,
            kind=RuleKind(each.kind),
            work=each.work,
            value=each.value,
            shown=each.shown,
            platform=each.platform,
            reason=each.reason,
            by=each.by,
            at=each.at,
        )
        found[each.work].append(rule)
    return {work: tuple(rules) for work, rules in found.items()}


def records_of(store: Store) -> dict[tuple[str, str], Record]:
    """What was judged of each seller."""
    counts: Counter[tuple[str, str, Verdict]] = Counter()
    for each in store.judgements.all_standing():
        if each.seller:
            counts[each.platform, each.seller, each.judgement.verdict] += 1
    sellers = {(platform, seller) for platform, seller, _ in counts}
    return {
        (platform, seller): Record(
            infringing=counts[platform, seller, Verdict.INFRINGING], innocent=counts[platform, seller, Verdict.NOT]
        )
        for platform, seller in sorted(sellers)
    }


def _official(store: Store) -> dict[str, tuple[Licence, ...]]:
    found: dict[str, list[Licence]] = defaultdict(list)
    for each in store.trust.official():
        found[each.owner].append(each.licence)
    return {owner: tuple(licences) for owner, licences in found.items()}
