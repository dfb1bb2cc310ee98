"""Pictures that were fetched, by address, and the registered pictures that are named by address filled in from them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from attrs import evolve
from sqlalchemy import Engine, select

from crawler.items import Picture, Work
from crawler.store import schema
from crawler.store.database import from_json, read_connection, to_json, upsert, write_transaction
from crawler.urls import canonicalize_url


class PictureCache:
    """What was seen at the addresses of pictures."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get_picture(self, url: str) -> Picture | None:
        """The picture fetched from an address, None if it never was."""
        query = select(schema.pictures.c.value).where(schema.pictures.c.address == _picture_id(url))
        with read_connection(self._engine) as connection:
            value = connection.execute(query).scalar()
        return None if value is None else from_json(value, Picture)

    def put_picture(self, picture: Picture, now: datetime) -> None:
        """Remember a fetched picture under its address."""
        row = {
            "address": _picture_id(picture.url),
            "sha256": picture.sha256,
            "value": to_json(picture),
            "fetched_at": now,
        }
        with write_transaction(self._engine) as connection:
            upsert(connection, schema.pictures, [row])

    def unfetched_pictures(self, works: Iterable[Work]) -> tuple[Picture, ...]:
        """The pictures that works name by address and that were never fetched."""
        pictures_by_url = {picture.url: picture for work in works for picture in work.images if _is_remote(picture)}
        return tuple(picture for picture in pictures_by_url.values() if self.get_picture(picture.url) is None)

    def fill_pictures(self, works: Iterable[Work]) -> list[Work]:
        """The works with what was seen at their pictures' addresses filled in."""
        return [self._fill_work(work) if any(map(_is_remote, work.images)) else work for work in works]

    def _fill_work(self, work: Work) -> Work:
        return evolve(work, images=tuple(map(self._fill_picture, work.images)))

    def _fill_picture(self, picture: Picture) -> Picture:
        stored = self.get_picture(picture.url) if _is_remote(picture) else None
        return picture if stored is None else evolve(stored, url=picture.url)


def _is_remote(picture: Picture) -> bool:
    return picture.sha256 is None and picture.url.startswith(("http://", "https://"))


def _picture_id(url: str) -> str:
    return hashlib.sha256(canonicalize_url(url).encode("utf-8", "surrogatepass")).hexdigest()
