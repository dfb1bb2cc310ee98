"""Checks of registered works for names, pictures or prices that are too weak for matching.

Their results are findings for a person, not errors: such works stay in the registry.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from attrs import frozen

from crawler.items import Work
from crawler.messages import render_message
from crawler.text import fold

MAX_SHORT_TITLE_CHARS = 2
HASH_BITS_PER_ERROR = 16  # hashes that differ in at most one bit in this many are reported as nearly the same picture


@frozen(kw_only=True)
class Weakness:
    """One weakness of a work; `check` names its kind, `others` the ids of the works it can be confused with."""

    work_id: str
    check: str
    message: str
    others: tuple[str, ...] = ()


Designs = Mapping[str, Iterable[str]]


def check_works(works: Iterable[Work], language: str = "en", designs: Designs | None = None) -> list[Weakness]:
    """The weaknesses of those `works` that are not retired, in the order of the works.

    `designs` maps the id of a work to the ids of works whose pictures were found to share a part with its pictures.
    """
    active_works = [work for work in works if work.retired_at is None]
    position_by_id = {work.id: place for place, work in enumerate(active_works)}
    findings = [
        *_short_titles(active_works),
        *_same_titles(active_works),
        *_same_pictures(active_works),
        *_missing_currencies(active_works),
    ]
    findings += [*_blank_pictures(active_works), *_same_designs(active_works, designs or {})]
    findings.sort(key=lambda item: (position_by_id[item[0]], item[1]))
    return [_weakness(work_id, check, others, language) for work_id, check, others in findings]


def _weakness(work_id: str, check: str, others: tuple[str, ...], language: str) -> Weakness:
    message = render_message("registry", f"check_{check}", language, others=", ".join(others))
    return Weakness(work_id=work_id, check=check, others=others, message=message)


_Finding = tuple[str, str, tuple[str, ...]]


def _title_key(name: str) -> str:
    return fold(name).replace(" ", "")


def _short_titles(works: Sequence[Work]) -> Iterator[_Finding]:
    for work in works:
        longest = max(len(_title_key(name)) for name in (work.title, *work.aliases))
        if longest <= MAX_SHORT_TITLE_CHARS and not (work.creators or work.identifiers or work.images):
            yield work.id, "short_title", ()


def _same_titles(works: Sequence[Work]) -> Iterator[_Finding]:
    groups = defaultdict(list)
    for work in works:
        groups[_title_key(work.title)].append(work)
    for same_titled in groups.values():
        for work in same_titled:
            others = tuple(
                other.id for other in same_titled if other is not work and _is_indistinguishable(work, other)
            )
            if others:
                yield work.id, "same_title", others


def _is_indistinguishable(work: Work, other: Work) -> bool:
    """Whether nothing distinguishes two works of the same title."""
    distinctions: list[tuple[set[Any], set[Any]]] = [
        (set(map(_title_key, work.creators)), set(map(_title_key, other.creators))),
        ({work.year} - {None}, {other.year} - {None}),
        ({work.kind} - {None}, {other.kind} - {None}),
        ({*work.identifiers.items()}, {*other.identifiers.items()}),
    ]
    return not any(values and other_values and values.isdisjoint(other_values) for values, other_values in distinctions)


def _same_pictures(works: Sequence[Work]) -> Iterator[_Finding]:
    works_nearby: dict[str, set[str]] = defaultdict(set)
    for (_, _, _, bits), owners in _works_by_hash(works).items():
        pairs = [(value, value) for value in owners]
        pairs.extend(_near_pairs(sorted(owners), bits))
        for left, right in pairs:
            sharing_works = owners[left] | owners[right]
            for work_id in sharing_works:
                works_nearby[work_id] |= sharing_works
    for work_id, others in works_nearby.items():
        if other_ids := tuple(sorted(others - {work_id})):
            yield work_id, "same_picture", other_ids


def _works_by_hash(works: Sequence[Work]) -> Mapping[tuple[str, str, str, int], dict[int, set[str]]]:
    """Maps (hasher, version, settings, length in bits) to hash values, and these to the ids of works that have one."""
    works_by_hash: dict[tuple[str, str, str, int], dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for work in works:
        for picture_hash in (picture_hash for picture in work.images for picture_hash in picture.hashes):
            maker = (picture_hash.hasher, picture_hash.version, picture_hash.settings, len(picture_hash.value) * 4)
            works_by_hash[maker][int(picture_hash.value, 16)].add(work.id)
    return works_by_hash


def _near_pairs(values: list[int], bits: int) -> Iterator[tuple[int, int]]:
    """Pairs of `values` that differ in at most bits // HASH_BITS_PER_ERROR bits.

    Split into one part more than bits may differ, such a pair agrees in at least one part (pigeonhole).
    """
    allowed = bits // HASH_BITS_PER_ERROR
    parts = allowed + 1
    width = -(-bits // parts)
    for part in range(parts):
        groups = defaultdict(list)
        for value in values:
            groups[value >> part * width & (1 << width) - 1].append(value)
        for group in groups.values():
            near_pairs = (
                (left, right) for left, right in combinations(group, 2) if (left ^ right).bit_count() <= allowed
            )
            yield from near_pairs


def _blank_pictures(works: Sequence[Work]) -> Iterator[_Finding]:
    """Works with a blank picture: one that was decoded and yielded no hashes."""
    for work in works:
        if any(picture.sha256 and not picture.hashes for picture in work.images):
            yield work.id, "blank_picture", ()


def _same_designs(works: Sequence[Work], designs: Designs) -> Iterator[_Finding]:
    active_ids = {work.id for work in works}
    for work in works:
        if others := tuple(sorted(active_ids.intersection(designs.get(work.id, ())) - {work.id})):
            yield work.id, "same_design", others


def _missing_currencies(works: Sequence[Work]) -> Iterator[_Finding]:
    return (
        (work.id, "price_without_currency", ()) for work in works if work.list_price is not None and not work.currency
    )
