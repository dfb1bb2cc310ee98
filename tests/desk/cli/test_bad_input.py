"""What a person gets wrong is told with file, line and field, whatever the command, and nothing is taken over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import ROOT, Swordnet

pytestmark = pytest.mark.slow
HEAD = "id,title,isbn,released_on\n"
GOOD = "A,潮汐钟楼,9787999990017,2024-05-01\n"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ((HEAD.replace("title", "titel") + GOOD).encode(), ("works.csv:1: titel", "title")),
        ((HEAD + GOOD + "B,雾港,,2024-13-01\n").encode(), ("works.csv:3: released_on",)),
        ((HEAD + GOOD + "B,雾港,9787999990018,\n").encode(), ("works.csv:3: isbn",)),
        ((HEAD + GOOD + "A,雾港,9787999990018,heute\n").encode(), ("3: id", "3: isbn", "3: released_on")),
        (b"", ("works.csv: ",)),
        (b"PK\x03\x04" + b"\0" * 50, ("works.csv",)),
    ],
)
def test_a_wrong_list_of_works_is_refused_whole(
    swordnet: Swordnet, tmp_path: Path, data: bytes, told: tuple[str, ...]
) -> None:
    (tmp_path / "works.csv").write_bytes(data)
    done = swordnet("works", "import", "works.csv")
    assert done.returncode == 2
    assert all(part in done.stderr for part in told), done.stderr
    assert "Traceback" not in done.stderr
    assert swordnet("works", "list", "--json").stdout.strip() == "[]"


def test_a_missing_list_is_told(swordnet: Swordnet) -> None:
    done = swordnet("works", "import", "none.csv")
    assert (done.returncode, "none.csv" in done.stderr) == (2, True)


def test_gbk_and_utf8_read_the_same(swordnet: Swordnet, tmp_path: Path) -> None:
    (tmp_path / "gbk.csv").write_bytes((HEAD + GOOD).encode("gbk"))
    (tmp_path / "utf8.csv").write_bytes((HEAD + GOOD).encode("utf-8"))
    assert "1 works added" in swordnet("works", "import", "gbk.csv").stdout
    assert "0 works added, 0 changed, 1 unchanged" in swordnet("works", "import", "utf8.csv").stdout


def test_an_unreadable_archive_is_told_by_name(swordnet: Swordnet, tmp_path: Path) -> None:
    (tmp_path / "broken.har").write_text("{")
    (tmp_path / "broken.warc.gz").write_bytes(b"\x1f\x8b no warc")
    (tmp_path / "broken.wacz").write_bytes(b"no zip")
    for name in ("broken.har", "broken.warc.gz", "broken.wacz"):
        done = swordnet("crawl", "kongfz", "--query", "x", "--replay", name)
        assert (done.returncode, name in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr


def test_a_folder_that_cannot_be_written_is_told(swordnet: Swordnet, tmp_path: Path) -> None:
    """For root no mode makes a folder read-only, but nobody may make files in /proc."""
    closed = Path("/proc/self") if os.geteuid() == 0 else tmp_path / "closed"
    if os.geteuid() != 0:
        closed.mkdir(mode=0o555)
    for arguments in (("init", closed / "watch"), ("demo", "--into", closed / "night")):
        done = swordnet(*arguments)
        assert (done.returncode, str(closed) in done.stderr, "Traceback" in done.stderr) == (2, True, False), (
            done.stderr
        )
    assert swordnet("demo", "--into", "night", "--quiet").returncode == 0
    exported = swordnet("hits", "export", closed / "hits.csv", "--config", "night/swordnet.toml")
    assert (exported.returncode, "hits.csv" in exported.stderr) == (2, True), exported.stderr
    (tmp_path / "swordnet.toml").write_text(f'[store]\nurl = "sqlite:///{closed}/swordnet.db"\n')
    stored = swordnet("works", "list")
    assert (stored.returncode, str(closed) in stored.stderr, "Traceback" in stored.stderr) == (4, True, False), (
        stored.stderr
    )


def test_batch_commands_refuse_bad_lines_before_they_write(swordnet: Swordnet, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(
        '{"id": "1", "text": "a", "title": "a", "file": "x", "url": "https://a.test/"}\n{\n'
    )
    sample = ROOT / "fixtures" / "works" / "works.csv"
    for arguments in (("links", "in.jsonl"), ("read", "in.jsonl"), ("match", "in.jsonl", "--works", sample)):
        done = swordnet(*arguments, "-o", "out.jsonl")
        assert (done.returncode, "in.jsonl:2" in done.stderr) == (2, True), done.stderr
        assert not (tmp_path / "out.jsonl").exists()
