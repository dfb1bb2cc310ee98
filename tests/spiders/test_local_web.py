"""The web of eight sites: frozen before the readers of any site were written, and served as it is labelled."""

from __future__ import annotations

import hashlib
import urllib.request

from bench.local_web import FOLDER, LocalWeb

DIGEST = "0c45c44abc02241c2c1581d5d87ef98f157f62b6d764cd2540de529b0506617a"


def test_the_web_is_frozen() -> None:
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and path.name != "README.md":
            digest.update(path.relative_to(FOLDER).as_posix().encode())
            digest.update(path.read_bytes())
    assert digest.hexdigest() == DIGEST


def test_every_labelled_listing_is_served() -> None:
    with LocalWeb() as web:
        rows = web.gold()
        assert len(rows) == 112
        assert len(web.addresses) == 8
        for row in rows:
            with urllib.request.urlopen(row["url"], timeout=5) as answer:
                assert answer.status == 200
                assert answer.read(1)
