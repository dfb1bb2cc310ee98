"""Shares of cloud drives: what the drive answered, which listings sell a share, when it may be asked again.

An inconclusive answer (throttled, captcha, unexplained), or one that a different code was wrong, never replaces a
definite one; all answers are kept as checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve
from sqlalchemy import Connection, insert, select

from crawler.items import Ask, Listing, ListingKind, ShareCheck, SharedFile, ShareLink, ShareState
from crawler.shapes.share_states import GONE_STATES, INCONCLUSIVE_STATES, LOCKED_STATES, OPEN_STATES, answer_lifetime
from crawler.store import schema
from crawler.store.database import Repository, from_json, listing_id, read_connection, upsert

_shares, _checks, _sellers = schema.shares, schema.share_checks, schema.share_sellers
_listings = schema.listings


class Shares(Repository):
    """Shares of cloud drives. Writing them is part of writing listings, see crawler.store.write."""

    def due_asks(self, asks: Sequence[Ask], now: datetime) -> list[Ask]:
        """The asks that have no answer yet with their code, or only an expired one."""
        with read_connection(self._engine) as connection:
            return [ask for ask in asks if _is_due(connection, ask, now)]

    def share_history(self, links: Iterable[ShareLink]) -> list[ShareCheck]:
        """All answers of drives about these shares, oldest first."""
        share_checks = []
        with read_connection(self._engine) as connection:
            for platform, share_id in dict.fromkeys((link.platform, link.share_id) for link in links):
                query = select(_checks).where(_checks.c.platform == platform, _checks.c.share_id == share_id)
                share_checks += [
                    _check_from_row(row) for row in connection.execute(query.order_by(_checks.c.at, _checks.c.id))
                ]
        return sorted(share_checks, key=lambda check: check.at)

    def listings_selling(self, shares: Iterable[ShareLink]) -> list[Listing]:
        """The listings that sell any of these shares, in the order of their addresses."""
        share_keys = {(link.platform, link.share_id) for link in shares}
        listings_by_url: dict[str, Listing] = {}
        with read_connection(self._engine) as connection:
            for platform, share_id in sorted(share_keys):
                query = select(_listings.c.value).join(_sellers, _sellers.c.listing == _listings.c.id)
                query = query.where(_sellers.c.platform == platform, _sellers.c.share_id == share_id)
                for value in connection.execute(query).scalars():
                    listing = from_json(value, Listing)
                    listings_by_url[listing.url] = listing
        return [listings_by_url[url] for url in sorted(listings_by_url)]

    def add_share_contents(self, listing: Listing) -> Listing:
        """The listing with what is known of its shares: the state that its own code leads to, and the files."""
        if listing.kind is ListingKind.SHARE or not listing.links:
            return listing
        links, files = [], []
        with read_connection(self._engine) as connection:
            for link in listing.links:
                links.append(_add_link_state(connection, link))
                files += _files_of_share(connection, link)
        own_files = [file for file in listing.files if not file.share]
        return evolve(listing, links=tuple(links), files=(*own_files, *files))


def write_shares(connection: Connection, listings: Iterable[Listing], run: str, now: datetime) -> None:
    """Store the shares that listings link to and, for listings of shares, the drive's answers, inside a transaction."""
    for listing in listings:
        for link in listing.links:
            share = {"platform": link.platform, "share_id": link.share_id, "url": link.url, "code": link.code}
            if listing.share_state is None or link != listing.links[0]:  # the first link is the share's own
                unknown_share = {**share, "state": ShareState.UNKNOWN.value, "checked_at": None}
                preserved_columns = ("state", "checked_at", *(("code",) if link.code is None else ()))
                upsert(connection, _shares, [unknown_share], keep=preserved_columns)
                continue
            at = listing.seen_at or now
            connection.execute(insert(_checks).values(**_check_row(listing, link, run, at)))
            if is_more_definite(connection, listing):
                code_column = () if link.code and listing.share_state in OPEN_STATES else ("code",)
                answered_share = {**share, "state": listing.share_state.value, "checked_at": at}
                upsert(connection, _shares, [answered_share], keep=code_column)


def write_sellers(connection: Connection, listings: Iterable[Listing]) -> None:
    """Store which listings sell which shares, inside a transaction."""
    share_sellers = {
        (link.platform, link.share_id, listing_id(listing.url))
        for listing in listings
        if listing.kind is not ListingKind.SHARE
        for link in listing.links
    }
    rows = [{"platform": platform, "share_id": share, "listing": key} for platform, share, key in sorted(share_sellers)]
    for row in rows:
        if connection.execute(select(_sellers.c.listing).filter_by(**row)).first() is None:
            connection.execute(insert(_sellers).values(**row))


def is_more_definite(connection: Connection, listing: Listing) -> bool:
    """Whether a drive's answer replaces what is known of the share; True for listings that are not shares."""
    state = listing.share_state
    link = listing.links[0] if listing.links else None
    if state is None or link is None or state in OPEN_STATES | GONE_STATES:
        return True
    query = select(_shares.c.state, _shares.c.code)
    stored_share = connection.execute(query.filter_by(platform=link.platform, share_id=link.share_id)).first()
    if stored_share is None or ShareState(stored_share.state) in INCONCLUSIVE_STATES:
        return True
    is_other_code = (
        state in LOCKED_STATES and ShareState(stored_share.state) in OPEN_STATES and link.code != stored_share.code
    )
    return state not in INCONCLUSIVE_STATES and not is_other_code


def _is_due(connection: Connection, ask: Ask, now: datetime) -> bool:
    share_query = select(_shares.c.platform, _shares.c.share_id).where(_shares.c.url == ask.url)
    share = connection.execute(share_query).first()
    if share is None:
        return True
    query = select(_checks.c.state, _checks.c.at, _checks.c.code)
    query = query.where(_checks.c.platform == share.platform, _checks.c.share_id == share.share_id)
    for row in connection.execute(query.order_by(_checks.c.id.desc())):
        state = ShareState(row.state)
        if (row.code == ask.code or state in GONE_STATES) and now < row.at + answer_lifetime(state):
            return False
        if row.code == ask.code:
            return True
    return True


def _add_link_state(connection: Connection, link: ShareLink) -> ShareLink:
    """The link with the last definite answer for its code; an answer that the share is gone counts for every code."""
    query = select(_checks).filter_by(platform=link.platform, share_id=link.share_id).order_by(_checks.c.id.desc())
    for row in connection.execute(query):
        state = ShareState(row.state)
        if state in GONE_STATES or (state not in INCONCLUSIVE_STATES and row.code in (link.code, None)):
            return evolve(link, state=state, checked_at=row.at)
    return link


def _files_of_share(connection: Connection, link: ShareLink) -> list[SharedFile]:
    query = select(_listings.c.value).where(_listings.c.id == listing_id(link.url))
    value: Any = connection.execute(query).scalar()
    if value is None:
        return []
    share = from_json(value, Listing)
    share_folder = [SharedFile(name=share.title, folder=True)] if share.title and share.files else []
    return [evolve(file, share=link.url) for file in (*share_folder, *share.files)]


def _check_row(listing: Listing, link: ShareLink, run: str, at: datetime) -> dict[str, Any]:
    assert listing.share_state is not None
    answer_fields = {name: listing.sources.get(name, "") for name in ("endpoint", "status", "digest")}
    share = {"platform": link.platform, "share_id": link.share_id, "code": link.code}
    return {**share, **answer_fields, "state": listing.share_state.value, "run": run, "at": at}


def _check_from_row(row: Any) -> ShareCheck:
    fields = {name: getattr(row, name) for name in ("platform", "share_id", "code", "endpoint", "status", "digest")}
    return ShareCheck(**fields, state=ShareState(row.state), run=row.run, at=row.at)
