"""Hits that belong together: linked by a fact they share, a seller, a share, a picture or a contact.

The same hits give the same clusters in any order. Each link names the fact and the two hits; a fact that very many hits
share links nobody, since it is a platform's hotline or a publisher's cover.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

MOST = {"seller": 10_000, "share": 1_000, "contact": 300, "picture": 40}  # hits that a fact may link; estimates


@frozen(kw_only=True, order=True)
class Fact:
    """What hits may share: a kind of MOST, and a value."""

    kind: str
    value: str


@frozen(kw_only=True)
class Link:
    """Two hits and the fact that links them."""

    first: str
    second: str
    fact: Fact


@frozen(kw_only=True)
class Cluster:
    """Hits linked to one another; `id` is that of the first of them."""

    id: str
    hits: tuple[str, ...]
    links: tuple[Link, ...]


def clusters(facts: Mapping[str, Iterable[Fact]]) -> list[Cluster]:
    """The clusters of two hits and more, the largest first, of hits with their facts."""
    holders: dict[Fact, list[str]] = defaultdict(list)
    for hit in sorted(facts):
        for fact in sorted(set(facts[hit])):
            holders[fact].append(hit)
    parents = {hit: hit for hit in facts}
    links = []
    for fact, hits in sorted(holders.items()):
        if 2 <= len(hits) <= MOST[fact.kind]:
            for hit in hits[1:]:
                links.append(Link(first=hits[0], second=hit, fact=fact))
                _join(parents, hits[0], hit)
    return _gathered(parents, links)


def _gathered(parents: dict[str, str], links: Sequence[Link]) -> list[Cluster]:
    members: dict[str, list[str]] = defaultdict(list)
    for hit in sorted(parents):
        members[_root(parents, hit)].append(hit)
    of_root: dict[str, list[Link]] = defaultdict(list)
    for link in links:
        of_root[_root(parents, link.first)].append(link)
    found = [
        Cluster(id=hits[0], hits=tuple(hits), links=tuple(of_root[root]))
        for root, hits in members.items()
        if len(hits) > 1
    ]
    return sorted(found, key=lambda one: (-len(one.hits), one.id))


def _join(parents: dict[str, str], one: str, other: str) -> None:
    first, second = sorted((_root(parents, one), _root(parents, other)))
    parents[second] = first


def _root(parents: dict[str, str], hit: str) -> str:
    while parents[hit] != hit:
        parents[hit] = parents[parents[hit]]
        hit = parents[hit]
    return hit
