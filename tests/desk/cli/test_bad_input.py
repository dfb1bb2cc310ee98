"""What a person gets wrong is told with file, line and field, whatever the command, and nothing is taken over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import ROOT, Swordnet

pytestmark = pytest.mark.slow
CSV_HEADER = "id,title,isbn,released_on\n"
GOOD_ROW = "A,潮汐钟楼,9787999990017,2024-05-01\n"


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        ((CSV_HEADER.replace("title", "titel") + GOOD_ROW).encode(), ("works.csv:1: titel", "title")),
        ((CSV_HEADER + GOOD_ROW + "B,雾港,,2024-13-01\n").encode(), ("works.csv:3: released_on",)),
        ((CSV_HEADER + GOOD_ROW + "B,雾港,9787999990018,\n").encode(), ("works.csv:3: isbn",)),
        ((CSV_HEADER + GOOD_ROW + "A,雾港,9787999990018,heute\n").encode(), ("3: id", "3: isbn", "3: released_on")),
        (b"", ("works.csv: ",)),
        (b"PK\x03\x04" + b"\0" * 50, ("works.csv",)),
    ],
)
def test_a_wrong_list_of_works_is_refused_whole(
    swordnet: Swordnet, tmp_path: Path, data: bytes, messages: tuple[str, ...]
) -> None:
    (tmp_path / "works.csv").write_bytes(data)
    result = swordnet("works", "import", "works.csv")
    assert result.returncode == 2
    assert all(part in result.stderr for part in messages), result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "swordnet.db").exists()


def test_a_missing_list_is_reported(swordnet: Swordnet) -> None:
    result = swordnet("works", "import", "none.csv")
    assert (result.returncode, "none.csv" in result.stderr) == (2, True)


def test_gbk_and_utf8_read_the_same(swordnet: Swordnet, tmp_path: Path) -> None:
    (tmp_path / "gbk.csv").write_bytes((CSV_HEADER + GOOD_ROW).encode("gbk"))
    (tmp_path / "utf8.csv").write_bytes((CSV_HEADER + GOOD_ROW).encode("utf-8"))
    assert "1 works added" in swordnet("works", "import", "gbk.csv").stdout
    assert "0 works added, 0 changed, 1 unchanged" in swordnet("works", "import", "utf8.csv").stdout


def test_an_unreadable_archive_is_reported_by_name(swordnet: Swordnet, tmp_path: Path) -> None:
    (tmp_path / "broken.har").write_text("{")
    (tmp_path / "broken.warc.gz").write_bytes(b"\x1f\x8b no warc")
    (tmp_path / "broken.wacz").write_bytes(b"no zip")
    for name in ("broken.har", "broken.warc.gz", "broken.wacz"):
        result = swordnet("crawl", "kongfz", "--query", "x", "--replay", name)
        assert (result.returncode, name in result.stderr, "Traceback" in result.stderr) == (2, True, False), (
            result.stderr
        )


def test_a_folder_that_cannot_be_written_is_reported(swordnet: Swordnet, tmp_path: Path) -> None:
    """For root no mode makes a folder read-only, but nobody may make files in /proc."""
    closed = Path("/proc/self") if os.geteuid() == 0 else tmp_path / "closed"
    if os.geteuid() != 0:
        closed.mkdir(mode=0o555)
    for arguments in (("init", closed / "watch"), ("demo", "--into", closed / "night")):
        result = swordnet(*arguments)
        assert (result.returncode, str(closed) in result.stderr, "Traceback" in result.stderr) == (2, True, False), (
            result.stderr
        )
    assert swordnet("demo", "--into", "night", "--quiet").returncode == 0
    export_result = swordnet("hits", "export", closed / "hits.csv", "--config", "night/swordnet.toml")
    assert (export_result.returncode, "hits.csv" in export_result.stderr) == (2, True), export_result.stderr
    (tmp_path / "swordnet.toml").write_text(f'[store]\nurl = "sqlite:///{closed}/swordnet.db"\n')
    list_result = swordnet("works", "list")
    assert (list_result.returncode, str(closed) in list_result.stderr, "Traceback" in list_result.stderr) == (
        4,
        True,
        False,
    ), list_result.stderr


def test_batch_commands_refuse_bad_lines_before_they_write(swordnet: Swordnet, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(
        '{"id": "1", "text": "a", "title": "a", "file": "x", "url": "https://a.test/"}\n{\n'
    )
    sample = ROOT / "fixtures" / "works" / "works.csv"
    for arguments in (("links", "in.jsonl"), ("read", "in.jsonl"), ("match", "in.jsonl", "--works", sample)):
        result = swordnet(*arguments, "-o", "out.jsonl")
        assert (result.returncode, "in.jsonl:2" in result.stderr) == (2, True), result.stderr
        assert not (tmp_path / "out.jsonl").exists()
