"""What is weak about registered works: names, pictures or prices that cannot do what they are there for.

These are findings for a person, not errors: such works stay in the registry.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from attrs import frozen

from crawler.items import Work
from crawler.messages import say
from crawler.text import fold

SHORT = 2  # characters
NEAR = 16  # pictures whose hashes differ in at most one bit of NEAR are told as nearly the same


@frozen(kw_only=True)
class Weakness:
    """One thing weak about a work; `check` names the kind, `others` the works it is confused with."""

    work_id: str
    check: str
    message: str
    others: tuple[str, ...] = ()


Designs = Mapping[str, Iterable[str]]


def check_works(works: Iterable[Work], language: str = "en", designs: Designs | None = None) -> list[Weakness]:
    """The weaknesses of works that are not retired, in the order of the works.

    `designs` says of works whose pictures were compared with one another which others share a part of theirs.
    """
    kept = [work for work in works if work.retired_at is None]
    order = {work.id: place for place, work in enumerate(kept)}
    found = [*_short(kept), *_same_title(kept), *_same_picture(kept), *_no_currency(kept)]
    found += [*_blank(kept), *_same_design(kept, designs or {})]
    found.sort(key=lambda item: (order[item[0]], item[1]))
    return [_weakness(work_id, check, others, language) for work_id, check, others in found]


def _weakness(work_id: str, check: str, others: tuple[str, ...], language: str) -> Weakness:
    message = say("registry", f"check_{check}", language, others=", ".join(others))
    return Weakness(work_id=work_id, check=check, others=others, message=message)


_Found = tuple[str, str, tuple[str, ...]]


def _key(name: str) -> str:
    return fold(name).replace(" ", "")


def _short(works: Sequence[Work]) -> Iterator[_Found]:
    for work in works:
        longest = max(len(_key(name)) for name in (work.title, *work.aliases))
        if longest <= SHORT and not (work.creators or work.identifiers or work.images):
            yield work.id, "short_title", ()


def _same_title(works: Sequence[Work]) -> Iterator[_Found]:
    groups = defaultdict(list)
    for work in works:
        groups[_key(work.title)].append(work)
    for same in groups.values():
        for work in same:
            others = tuple(other.id for other in same if other is not work and _alike(work, other))
            if others:
                yield work.id, "same_title", others


def _alike(work: Work, other: Work) -> bool:
    """Whether nothing tells two works of the same title apart."""
    told: list[tuple[set[Any], set[Any]]] = [
        (set(map(_key, work.creators)), set(map(_key, other.creators))),
        ({work.year} - {None}, {other.year} - {None}),
        ({work.kind} - {None}, {other.kind} - {None}),
        ({*work.identifiers.items()}, {*other.identifiers.items()}),
    ]
    return not any(ours and theirs and ours.isdisjoint(theirs) for ours, theirs in told)


def _same_picture(works: Sequence[Work]) -> Iterator[_Found]:
    near: dict[str, set[str]] = defaultdict(set)
    for (_, _, _, bits), owners in _owners(works).items():
        pairs = [(value, value) for value in owners]
        pairs.extend(_near_pairs(sorted(owners), bits))
        for one, other in pairs:
            together = owners[one] | owners[other]
            for work_id in together:
                near[work_id] |= together
    for work_id, others in near.items():
        if rest := tuple(sorted(others - {work_id})):
            yield work_id, "same_picture", rest


def _owners(works: Sequence[Work]) -> Mapping[tuple[str, str, str, int], dict[int, set[str]]]:
    """For hashes of one maker and length: value -> works that have such a picture."""
    found: dict[tuple[str, str, str, int], dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for work in works:
        for made in (made for picture in work.images for made in picture.hashes):
            maker = (made.hasher, made.version, made.settings, len(made.value) * 4)
            found[maker][int(made.value, 16)].add(work.id)
    return found


def _near_pairs(values: list[int], bits: int) -> Iterator[tuple[int, int]]:
    """Pairs within bits/NEAR: they agree in at least one of one more parts than bits may differ (pigeonhole)."""
    allowed = bits // NEAR
    parts = allowed + 1
    width = -(-bits // parts)
    for part in range(parts):
        groups = defaultdict(list)
        for value in values:
            groups[value >> part * width & (1 << width) - 1].append(value)
        for group in groups.values():
            near = ((one, other) for one, other in combinations(group, 2) if (one ^ other).bit_count() <= allowed)
            yield from near


def _blank(works: Sequence[Work]) -> Iterator[_Found]:
    """A picture that was looked at and has no hashes shows nothing."""
    for work in works:
        if any(picture.sha256 and not picture.hashes for picture in work.images):
            yield work.id, "blank_picture", ()


def _same_design(works: Sequence[Work], designs: Designs) -> Iterator[_Found]:
    kept = {work.id for work in works}
    for work in works:
        if others := tuple(sorted(kept.intersection(designs.get(work.id, ())) - {work.id})):
            yield work.id, "same_design", others


def _no_currency(works: Sequence[Work]) -> Iterator[_Found]:
    return (
        (work.id, "price_without_currency", ()) for work in works if work.list_price is not None and not work.currency
    )
