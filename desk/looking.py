"""Pictures on this machine, read and looked at on all cores: those that a list of works names, those of listings.

What was sketched stays sketched, so an import that was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from crawler.blobs import blobs_of
from crawler.config import Config, PicturesConfig, StoreConfig
from crawler.items import Picture, Work
from crawler.pictures import Looker, PictureError, Plain
from desk.cores import cores, in_order
from registry.pictures import data_of

FEW = 8  # pictures that one process looks at before others have begun

type_read = Picture | PictureError


@frozen
class Reading:
    """Reads a picture's file and keeps its sketch under a folder."""

    root: Path

    def __call__(self, path: Path) -> type_read:
        """The picture, or what is wrong with it."""
        from matchers.looks.registering import Sketcher

        try:
            return Sketcher(self.root)(data_of(path), str(path))
        except PictureError as error:
            return error


def read_all(paths: Sequence[Path], root: Path) -> Iterable[type_read]:
    """What each file shows, in their order; sketches are kept."""
    return in_order(Reading(root), paths, cores() if len(paths) > FEW else 1)


def reader(settings: PicturesConfig) -> Callable[[Sequence[Path]], Iterable[type_read]]:
    """How `read_works` looks at the pictures of a list."""
    return lambda paths: read_all(paths, Path(settings.index))


@frozen
class Kept:
    """Sketches a registered picture whose bytes are kept; may be pickled."""

    root: Path
    store: StoreConfig

    def __call__(self, digest: str) -> None:
        """What cannot be read is not found; nothing else is lost."""
        from matchers.looks.registering import Sketcher

        data = blobs_of(self.store).get(digest)
        with suppress(PictureError):
            if data is not None:
                Sketcher(self.root)(data, "")


def sketch_rest(works: Iterable[Work], config: Config) -> int:
    """Sketch what this version has not sketched yet, from the bytes that are kept; returns how many were missing."""
    from matchers.looks.registering import owners_of, unsketched

    root = Path(config.pictures.index)
    missing = unsketched(root, owners_of(works))
    for _ in in_order(Kept(root, config.store), missing, cores() if len(missing) > FEW else 1):
        pass
    return len(missing)


def weak(works: Iterable[Work], settings: PicturesConfig) -> list[tuple[Work, Picture]]:
    """Pictures that show nothing by which they could be recognised: they are kept, and never found."""
    from matchers.looks.registering import nothing_to_see

    named = {picture.sha256: (work, picture) for work in works for picture in work.images if picture.sha256}
    blank = [digest for digest, (_, picture) in named.items() if digest and not picture.hashes]
    return [named[digest] for digest in nothing_to_see(Path(settings.index), blank)]


def designs(works: Iterable[Work], settings: PicturesConfig) -> dict[str, set[str]]:
    """For each work those whose registered pictures share a part of its own: volumes of a series, one brand."""
    from matchers.looks import registering

    owners = registering.owners_of(works)
    found: dict[str, set[str]] = {}
    for digest, others in registering.relatives(Path(settings.index), owners):
        for work in owners[digest]:
            found.setdefault(work, set()).update(*(owners.get(other, frozenset()) for other in others))
    return found


def index(works: Iterable[Work], settings: PicturesConfig) -> Looker:
    """Index the works' pictures as far as they are sketched; returns what compares with them."""
    root = Path(settings.index)
    from matchers.looks import embedding, looker, registering

    owners = registering.owners_of(works)
    if not owners:
        return Plain()
    registering.index_all(root, owners, settings.index_room << 20, lambda task, parts: in_order(task, parts, cores()))
    model = embedding.Model(Path(settings.embedding)) if settings.embedding else None
    if model is not None:
        embedding.embed_all(root, model)
    return looker.looker_of(root, model)
