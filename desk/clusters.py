"""Clusters of hits that share a seller, a share link, a picture or a contact, computed from the store each time.

Registered pictures of works do not link hits, nor do a site's own contacts: what stands on every page of a site, or is
shown by many different sellers of one platform, is not a seller's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from crawler.contacts import Contact, find_contacts
from crawler.items import Decision, Hit, Listing, Verdict
from crawler.store import HitQuery, Store
from matchers.hit_clusters import HitCluster, SharedFact, cluster_hits

# A contact is the site's if this many of a platform's sellers show it and they are this share of all who sell there: a
# footer is on every page, while the accounts of one person are few among the sellers of a market. Estimates.
MIN_SITE_SELLERS, MIN_SITE_SHARE = 3, 0.5
MIN_SERVICE_SELLERS = 2  # the same for a contact that is called a service's, whatever their share

SellersByContact = Mapping[Contact, set[str]]


def find_clusters(store: Store, query: HitQuery) -> tuple[list[HitCluster], dict[str, Hit]]:
    """The clusters among the hits of a query, and these hits by id."""
    registered_digests = {
        picture.sha256 for work in store.works.registered_works() for picture in work.images if picture.sha256
    }
    hits = {hit.id: hit for hit in store.hits.find_hits(query) if _is_eligible(hit)}
    site_contacts = find_site_contacts(store, [hit.listing for hit in hits.values()])
    facts = {hit.id: list(linking_facts(hit, registered_digests, site_contacts)) for hit in hits.values()}
    return cluster_hits(facts), hits


def linking_facts(
    hit: Hit, registered_digests: Collection[str | None], site_contacts: Collection[Contact]
) -> Iterator[SharedFact]:
    """The facts that may link a hit to others; digests of works' pictures and a site's contacts do not."""
    listing = hit.listing
    seller = _seller(listing)
    if seller:
        yield SharedFact(kind="seller", value=f"{listing.platform} {seller}")
    for link in listing.links:
        yield SharedFact(kind="share", value=f"{link.platform} {link.share_id}")
    for picture in listing.pictures:
        if picture.sha256 and picture.sha256 not in registered_digests:
            yield SharedFact(kind="picture", value=picture.sha256)
    for contact in _contacts(listing):
        if contact not in site_contacts:
            yield SharedFact(kind="contact", value=f"{contact.kind.value} {contact.value}")


def find_site_contacts(store: Store, listings: Iterable[Listing]) -> set[Contact]:
    """The contacts in these listings that are a site's own: in the frame of its pages, or shown by many sellers of one
    platform, as far as its stored listings (a sample of at most some thousand) tell.
    """
    by_platform: dict[str, list[Listing]] = defaultdict(list)
    for listing in listings:
        by_platform[listing.platform].append(listing)
    samples = store.listings.portion_asks()
    site_contacts: set[Contact] = set()
    for platform, of_platform in by_platform.items():
        shown_by = _sellers_by_contact(of_platform)
        framed = _framed_contacts(store, platform)
        site_contacts |= {contact for contact in shown_by if f"{contact.kind}:{contact.value}" in framed}
        suspects = {contact for contact, sellers in shown_by.items() if len(sellers) >= MIN_SERVICE_SELLERS}
        if suspects and samples.get(platform):
            sample = store.listings.read_portion(platform, samples[platform][0].question or "")
            known = [*of_platform, *(stored.listing for stored in sample)]
            site_contacts |= _shown_by_many(suspects, known)
    return site_contacts


def _shown_by_many(suspects: Collection[Contact], listings: Collection[Listing]) -> set[Contact]:
    """The suspects that many of the sellers of these listings of one platform show."""
    shown_by = _sellers_by_contact(listings)
    seller_count = len({seller for listing in listings if (seller := _seller(listing))})
    services = {contact for listing in listings for contact in _contacts(listing) if contact.is_service}
    return {
        contact
        for contact in suspects
        if contact in services or len(shown_by[contact]) >= max(MIN_SITE_SELLERS, MIN_SITE_SHARE * seller_count)
    }


def _sellers_by_contact(listings: Iterable[Listing]) -> SellersByContact:
    """Who shows each contact. Listings that name no seller tell nothing: a blog has one writer."""
    sellers: dict[Contact, set[str]] = defaultdict(set)
    for listing in listings:
        seller = _seller(listing)
        for contact in _contacts(listing):
            sellers[contact].update([seller] if seller else [])
    return sellers


def _framed_contacts(store: Store, platform: str) -> frozenset[str]:
    """The contacts, as `kind:value`, that stand on every page of a site that was learnt."""
    from crawler.web.site_learning import load_profile  # loads Scrapy, which the command need not wait for to begin

    profile = load_profile(store, platform)
    return frozenset(profile.frame.contacts if profile else ())


def _seller(listing: Listing) -> str | None:
    return listing.seller_id or listing.seller


def _contacts(listing: Listing) -> Iterator[Contact]:
    return find_contacts(f"{listing.title}\n{listing.text}")


def _is_eligible(hit: Hit) -> bool:
    return hit.decision in (Decision.HIT, Decision.REVIEW) and hit.judged is not Verdict.NOT
