"""A hit as one flat row: the columns of `hits export` in their order, built from hits or directly from stored rows.

Fields with several values stay tuples; each format decides how to write them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from attrs import fields, frozen

from crawler.items import Finding, Hit, Judgement, Polarity, Work
from crawler.messages import render_message
from crawler.store import HitQuery, Store, is_up, listing_share_states
from matchers.findings import finding_sentence, stored_sentence

CellValue = str | float | Decimal | tuple[str, ...] | None


@frozen(kw_only=True)
class HitRow:
    """One hit. `access_codes` has one entry per share link ("" without a code), or none if no link has a code;
    `still_up` is yes, no or unknown.
    """

    hit_id: str
    decision: str
    identity: float
    offence: float
    work_id: str
    work_title: str
    work_owner: str | None
    platform: str
    kind: str
    url: str
    title: str
    seller: str | None
    price: Decimal | None
    currency: str | None
    share_links: tuple[str, ...]
    access_codes: tuple[str, ...]
    share_state: tuple[str, ...]
    reasons: tuple[str, ...]
    first_seen: str
    last_seen: str
    still_up: str
    verdict: str | None
    judged_by: str | None
    judged_at: str | None
    evidence: tuple[str, ...]
    price_high: Decimal | None


_STILL_UP_TEXT = {True: "yes", False: "no", None: "unknown"}
COLUMNS = tuple(column.name for column in fields(HitRow))
VALUE_SEPARATOR = "; "  # between the values of one cell
cells_of: Callable[[HitRow], tuple[CellValue, ...]] = attrgetter(*COLUMNS)


def cell_text(value: CellValue) -> str:
    """A cell as text: several values joined, floats to four decimal places, "" for None."""
    if isinstance(value, tuple):
        return VALUE_SEPARATOR.join(value)
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return f"{value:f}" if isinstance(value, Decimal) else value or ""


def iso_utc(moment: datetime) -> str:
    """An aware time as ISO 8601 in UTC, to the second: 2026-11-22T15:38:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def row_of_hit(hit: Hit, work: Work, judgement: Judgement | None = None, language: str = "en") -> HitRow:
    """The row of a hit with its work and current judgement; `language` is that of the reasons."""
    listing = hit.listing
    codes = tuple(link.code or "" for link in listing.links)
    return HitRow(
        hit_id=hit.id,
        decision=hit.decision.value,
        identity=hit.identity,
        offence=hit.offence,
        work_id=work.id,
        work_title=work.title,
        work_owner=work.owner,
        platform=listing.platform,
        kind=listing.kind.value,
        url=listing.url,
        title=listing.title,
        seller=listing.seller,
        price=listing.price,
        currency=listing.currency,
        share_links=tuple(link.url for link in listing.links),
        access_codes=codes if any(codes) else (),
        share_state=hit.share_states,
        reasons=tuple(_reason(finding, language) for finding in hit.findings),
        first_seen=iso_utc(hit.first_seen),
        last_seen=iso_utc(hit.last_seen),
        still_up=_STILL_UP_TEXT[hit.still_up],
        verdict=judgement.verdict.value if judgement else None,
        judged_by=judgement.by if judgement else None,
        judged_at=iso_utc(judgement.at) if judgement else None,
        evidence=hit.evidence,
        price_high=listing.price_high,
    )


def row_of_record(
    row: Any,
    states: Mapping[tuple[str, str], str],
    title: str,
    owner: str | None,
    judgement: Judgement | None,
    language: str,
) -> HitRow:
    """The same row built directly from the stored hit, listing and share states; much faster."""
    value = row.value
    links = value.get("links", ())
    codes = tuple(link.get("code") or "" for link in links)
    price, price_high = value.get("price"), value.get("price_high")
    return HitRow(
        hit_id=row.id,
        decision=row.decision,
        identity=row.identity,
        offence=row.offence,
        work_id=row.work,
        work_title=title,
        work_owner=owner,
        platform=row.platform,
        kind=value["kind"],
        url=value["url"],
        title=value["title"],
        seller=value.get("seller"),
        price=None if price is None else Decimal(price),
        currency=value.get("currency"),
        share_links=tuple(link["url"] for link in links),
        access_codes=codes if any(codes) else (),
        share_state=listing_share_states(value, states),
        reasons=tuple(_stored_reason(finding, language) for finding in row.findings),
        first_seen=iso_utc(row.first_seen),
        last_seen=iso_utc(row.last_seen),
        still_up=_STILL_UP_TEXT[is_up(row.outcome)],
        verdict=judgement.verdict.value if judgement else None,
        judged_by=judgement.by if judgement else None,
        judged_at=iso_utc(judgement.at) if judgement else None,
        evidence=tuple(row.evidence),
        price_high=None if price_high is None else Decimal(price_high),
    )


def _stored_reason(finding: Mapping[str, Any], language: str) -> str:
    return _mark_polarity(stored_sentence(finding, language), finding.get("polarity", Polarity.FOR.value), language)


def _reason(finding: Finding, language: str) -> str:
    return _mark_polarity(finding_sentence(finding, language), finding.polarity.value, language)


def _mark_polarity(sentence: str, polarity: str, language: str) -> str:
    is_against = polarity == Polarity.AGAINST.value
    return render_message("desk", "reason_against", language, why=sentence) if is_against else sentence


def export_rows(store: Store, query: HitQuery, language: str) -> Iterator[HitRow]:
    """The rows of an export, by hit id, built directly from stored rows, since there may be very many."""
    for part, states in store.hits.find_rows(query):
        works = store.works.titles_and_owners(row.work for row in part)
        judgements = store.reviews.current_judgements([row.id for row in part if row.judged])
        for row in part:
            title, owner = works[row.work]
            yield row_of_record(row, states, title, owner, judgements.get(row.id), language)


def rows_of_hits(store: Store, hits: Sequence[Hit], language: str) -> list[HitRow]:
    """The rows of these hits, in their order."""
    works = store.works.get_many(hit.work_id for hit in hits)
    judgements = store.reviews.current_judgements([hit.id for hit in hits])
    return [row_of_hit(hit, works[hit.work_id], judgements.get(hit.id), language) for hit in hits]
