"""Pictures that were fetched, by address; and the registry's pictures that are named by address."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from attrs import evolve
from sqlalchemy import Engine, select

from crawler.items import Picture, Work
from crawler.store import schema
from crawler.store.engine import reading, upsert, writing
from crawler.store.values import made, plain
from crawler.urls import canonical


class Pictures:
    """What was seen at the addresses of pictures."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, url: str) -> Picture | None:
        """The picture fetched from an address, None if it never was."""
        query = select(schema.pictures.c.value).where(schema.pictures.c.address == _key(url))
        with reading(self._engine) as connection:
            value = connection.execute(query).scalar()
        return None if value is None else made(value, Picture)

    def put(self, picture: Picture, now: datetime) -> None:
        """Remember a fetched picture under its address."""
        row = {"address": _key(picture.url), "sha256": picture.sha256, "value": plain(picture), "fetched_at": now}
        with writing(self._engine) as connection:
            upsert(connection, schema.pictures, [row])

    def unseen(self, works: Iterable[Work]) -> tuple[Picture, ...]:
        """The pictures that works name by address and that were never fetched."""
        wanted = {picture.url: picture for work in works for picture in work.images if _by_address(picture)}
        return tuple(picture for picture in wanted.values() if self.get(picture.url) is None)

    def complete(self, works: Iterable[Work]) -> list[Work]:
        """The works with what was seen at their pictures' addresses filled in."""
        return [self._with_pictures(work) if any(map(_by_address, work.images)) else work for work in works]

    def _with_pictures(self, work: Work) -> Work:
        return evolve(work, images=tuple(map(self._completed, work.images)))

    def _completed(self, picture: Picture) -> Picture:
        found = self.get(picture.url) if _by_address(picture) else None
        return picture if found is None else evolve(found, url=picture.url)


def _by_address(picture: Picture) -> bool:
    return picture.sha256 is None and picture.url.startswith(("http://", "https://"))


def _key(url: str) -> str:
    return hashlib.sha256(canonical(url).encode("utf-8", "surrogatepass")).hexdigest()
