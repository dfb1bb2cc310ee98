"""Clusters hits into connected components over shared facts (a seller, a share, a picture, a contact), by union-find.

The result does not depend on the order of hits. Each link names the fact and the two hits. A fact that too many hits
share links none of them: it is a platform's hotline or a publisher's cover.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

MAX_HITS_PER_FACT = {  # by kind of fact; a fact that more hits share links none of them. Estimates
    "seller": 10_000,
    "share": 1_000,
    "contact": 300,
    "picture": 40,
}


@frozen(kw_only=True, order=True)
class SharedFact:
    """A fact that hits may share; `kind` is a key of MAX_HITS_PER_FACT."""

    kind: str
    value: str


@frozen(kw_only=True)
class HitLink:
    """Two hits and the fact that links them."""

    first: str
    second: str
    fact: SharedFact


@frozen(kw_only=True)
class HitCluster:
    """Hits linked to one another; `id` is the id of the first hit."""

    id: str
    hits: tuple[str, ...]
    links: tuple[HitLink, ...]


def cluster_hits(facts: Mapping[str, Iterable[SharedFact]]) -> list[HitCluster]:
    """The clusters of two or more hits, the largest first; `facts` are the facts of each hit."""
    holders: dict[SharedFact, list[str]] = defaultdict(list)
    for hit in sorted(facts):
        for fact in sorted(set(facts[hit])):
            holders[fact].append(hit)
    parents = {hit: hit for hit in facts}
    links = []
    for fact, hits in sorted(holders.items()):
        if 2 <= len(hits) <= MAX_HITS_PER_FACT[fact.kind]:
            for hit in hits[1:]:
                links.append(HitLink(first=hits[0], second=hit, fact=fact))
                _union(parents, hits[0], hit)
    return _collect_clusters(parents, links)


def _collect_clusters(parents: dict[str, str], links: Sequence[HitLink]) -> list[HitCluster]:
    members: dict[str, list[str]] = defaultdict(list)
    for hit in sorted(parents):
        members[_root(parents, hit)].append(hit)
    links_by_root: dict[str, list[HitLink]] = defaultdict(list)
    for link in links:
        links_by_root[_root(parents, link.first)].append(link)
    hit_clusters = [
        HitCluster(id=hits[0], hits=tuple(hits), links=tuple(links_by_root[root]))
        for root, hits in members.items()
        if len(hits) > 1
    ]
    return sorted(hit_clusters, key=lambda cluster: (-len(cluster.hits), cluster.id))


def _union(parents: dict[str, str], hit: str, other: str) -> None:
    first, second = sorted((_root(parents, hit), _root(parents, other)))
    parents[second] = first


def _root(parents: dict[str, str], hit: str) -> str:
    while parents[hit] != hit:
        parents[hit] = parents[parents[hit]]
        hit = parents[hit]
    return hit
