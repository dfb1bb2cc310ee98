"""The webs of eight, four and four sites: frozen, the first before the readers of any site were written, and served."""

from __future__ import annotations

import hashlib
import urllib.request
from pathlib import Path

from bench.local_web import FOLDER, LocalWeb

DIGEST = "0c45c44abc02241c2c1581d5d87ef98f157f62b6d764cd2540de529b0506617a"
CHECK_FOLDER = FOLDER.with_name("web-check")
CHECK_DIGEST = "7ac5c0c1526927762379dd28e4bd5b3a00e6bf86ede398a790303582d5a78bf7"
LAST_FOLDER = FOLDER.with_name("web-last")
LAST_DIGEST = "08eea16549a3120c2e1656982023dd33876f13bef18c9d5d902be3b20781939f"


def folder_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "README.md":
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def test_the_web_is_frozen() -> None:
    assert folder_digest(FOLDER) == DIGEST


def test_the_web_that_is_only_counted_is_frozen() -> None:
    assert folder_digest(CHECK_FOLDER) == CHECK_DIGEST


def test_the_web_that_is_counted_once_is_frozen() -> None:
    assert folder_digest(LAST_FOLDER) == LAST_DIGEST


def test_every_labelled_listing_is_served() -> None:
    with LocalWeb() as web:
        rows = web.gold()
        assert len(rows) == 112
        assert len(web.addresses) == 8
        for row in rows:
            with urllib.request.urlopen(row["url"], timeout=5) as answer:
                assert answer.status == 200
                assert answer.read(1)


def test_every_labelled_listing_of_the_other_web_is_served() -> None:
    with LocalWeb(folder=CHECK_FOLDER) as web:
        rows = web.gold()
        assert len(rows) == 64
        assert len(web.addresses) == 4
        for row in rows:
            with urllib.request.urlopen(row["url"], timeout=5) as answer:
                assert answer.status == 200
                assert answer.read(1)


def test_every_labelled_listing_of_the_last_web_is_served() -> None:
    with LocalWeb(folder=LAST_FOLDER) as web:
        rows = web.gold()
        assert len(rows) == 60
        assert len(web.addresses) == 4
        for row in rows:
            with urllib.request.urlopen(row["url"], timeout=5) as answer:
                assert answer.status == 200
                assert answer.read(1)
