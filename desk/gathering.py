"""Cases: hits of one seller, share, picture or contact, gathered; nothing of it is stored.

Hits and what waits for review take part, whatever a person judged no infringement does not. Pictures link where the
bytes are the same and are none of the registry's own: a publisher's cover is everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crawler.contacts import contacts
from crawler.items import Decision, Hit, Verdict
from crawler.store import Filter, Store
from matchers.clusters import Cluster, Fact, clusters


def cases(store: Store, wanted: Filter) -> tuple[list[Cluster], dict[str, Hit]]:
    """The cases among the hits of a filter, and these hits by id."""
    known = {picture.sha256 for work in store.registry() for picture in work.images if picture.sha256}
    hits = {hit.id: hit for hit in store.hits.find(wanted) if _takes_part(hit)}
    return clusters({hit.id: list(facts_of(hit, known)) for hit in hits.values()}), hits


def facts_of(hit: Hit, registered: Iterable[str | None]) -> Iterator[Fact]:
    """What links a hit to others."""
    listing, known = hit.listing, set(registered)
    seller = listing.seller_id or listing.seller
    if seller:
        yield Fact(kind="seller", value=f"{listing.platform} {seller}")
    for link in listing.links:
        yield Fact(kind="share", value=f"{link.platform} {link.share_id}")
    for picture in listing.pictures:
        if picture.sha256 and picture.sha256 not in known:
            yield Fact(kind="picture", value=picture.sha256)
    for contact in contacts(f"{listing.title}\n{listing.text}"):
        yield Fact(kind="contact", value=f"{contact.kind.value} {contact.value}")


def _takes_part(hit: Hit) -> bool:
    return hit.decision in (Decision.HIT, Decision.REVIEW) and hit.judged is not Verdict.NOT
