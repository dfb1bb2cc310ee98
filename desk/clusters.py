"""Clusters of hits that share a seller, a share link, a picture or a contact, computed from the store each time.

Registered pictures of works do not link hits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crawler.contacts import find_contacts
from crawler.items import Decision, Hit, Verdict
from crawler.store import HitQuery, Store
from matchers.hit_clusters import HitCluster, SharedFact, cluster_hits


def find_clusters(store: Store, query: HitQuery) -> tuple[list[HitCluster], dict[str, Hit]]:
    """The clusters among the hits of a query, and these hits by id."""
    registered_digests = {
        picture.sha256 for work in store.works.registered_works() for picture in work.images if picture.sha256
    }
    hits = {hit.id: hit for hit in store.hits.find_hits(query) if _is_eligible(hit)}
    return cluster_hits({hit.id: list(linking_facts(hit, registered_digests)) for hit in hits.values()}), hits


def linking_facts(hit: Hit, registered_pictures: Iterable[str | None]) -> Iterator[SharedFact]:
    """The facts that may link a hit to others; `registered` are the digests of works' pictures, which do not."""
    listing, registered_digests = hit.listing, set(registered_pictures)
    seller = listing.seller_id or listing.seller
    if seller:
        yield SharedFact(kind="seller", value=f"{listing.platform} {seller}")
    for link in listing.links:
        yield SharedFact(kind="share", value=f"{link.platform} {link.share_id}")
    for picture in listing.pictures:
        if picture.sha256 and picture.sha256 not in registered_digests:
            yield SharedFact(kind="picture", value=picture.sha256)
    for contact in find_contacts(f"{listing.title}\n{listing.text}"):
        yield SharedFact(kind="contact", value=f"{contact.kind.value} {contact.value}")


def _is_eligible(hit: Hit) -> bool:
    return hit.decision in (Decision.HIT, Decision.REVIEW) and hit.judged is not Verdict.NOT
