"""Archives within archives: packages as tools save them, and as people zip, copy and cut them."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from crawler.archives import SkipReason, open_archive
from crawler.archives.containers import MAX_NESTED_ZIPS
from crawler.errors import BadInput
from tests.crawler.archives.test_warc import SHOP, numbers, page, record, revisit, sha1, told

ENCRYPTED_FLAG_OFFSET = 6  # of a local header; 8 in the table of contents (APPNOTE 4.3)


def warc_gz(*which: int) -> bytes:
    return b"".join(gzip.compress(record(number)) for number in which)


def zip_of(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def wacz(*which: int, prefix: str = "") -> bytes:
    members = {
        f"{prefix}datapackage.json": b'{"profile": "data-package"}',
        f"{prefix}archive/data.warc.gz": warc_gz(*which),
        f"{prefix}indexes/index.cdx.gz": gzip.compress(b"example,shop)/item/1 20261102 {}"),
        f"{prefix}pages/pages.jsonl": b'{"format": "json-pages-1.0"}\n',
    }
    return zip_of(members)


def har(*which: int) -> str:
    entries = [
        {
            "request": {"url": f"{SHOP}{number}"},
            "response": {"status": 200, "content": {"mimeType": "text/html", "text": page(number).decode()}},
        }
        for number in which
    ]
    return json.dumps({"log": {"entries": entries}})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("crawl.wacz", wacz(1, 2)),
        ("crawl.wacz", wacz(1, 2, prefix="mycrawl/")),
        ("crawl.wacz.zip", wacz(1, 2)),
        ("crawl.zip", zip_of({"mycrawl.wacz": wacz(1, 2)}, zipfile.ZIP_DEFLATED)),
        ("multi.wacz", zip_of({"datapackage.json": b"{}", "one.wacz": wacz(1), "two.wacz": wacz(2)})),
        ("again.zip", zip_of({"a/multi.wacz": zip_of({"one.wacz": wacz(1), "two.wacz": wacz(2)})})),
        ("crawl.zip", zip_of({"crawl.warc.gz": warc_gz(1, 2), "notes.txt": b"seen on Monday"}, zipfile.ZIP_DEFLATED)),
        ("crawl.wacz", zip_of({"rec-20261102.gz": warc_gz(1), "data": record(2)})),
        ("mixed.zip", zip_of({"a.har": har(1).encode(), "b.warc.gz": warc_gz(2)})),
        ("mac.zip", zip_of({"crawl.wacz": wacz(1, 2), "__MACOSX/._crawl.wacz": b"\x00\x05\x16\x07"})),
        ("download", wacz(1, 2)),
    ],
)
def test_packages_in_any_form(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    archive = open_archive(tmp_path / name)
    assert (numbers(archive), archive.skipped) == ([1, 2], ())


def test_an_original_may_lie_in_another_file_of_the_package(tmp_path: Path) -> None:
    repeats = revisit(2, page(1))
    original = record(1, WARC_Payload_Digest=sha1(page(1)))
    (tmp_path / "a.wacz").write_bytes(zip_of({"archive/a.warc": repeats, "archive/b.warc": original}))
    assert numbers(open_archive(tmp_path / "a.wacz")) == [2, 1]
    folder = tmp_path / "crawl"
    folder.mkdir()
    (folder / "a.warc").write_bytes(repeats)
    (folder / "b.warc.gz").write_bytes(gzip.compress(original))
    archive = open_archive(folder)
    assert (numbers(archive), archive.skipped) == ([2, 1], ())


def test_a_damaged_member_leaves_the_others_alone(tmp_path: Path) -> None:
    filled = [record(number) for number in (1, 2)]
    content = zip_of({"archive/a.warc": filled[0], "archive/b.warc": filled[1]})
    damaged = content.replace(b"<title>", b"<titel>", 1)
    (tmp_path / "a.wacz").write_bytes(damaged)
    archive = open_archive(tmp_path / "a.wacz")
    assert len(archive) == 2, "what came out of the damaged member is read, too"
    assert {entry.reason for entry in archive.skipped} == {SkipReason.DAMAGED, SkipReason.ALTERED}
    assert all("a.warc" in entry.file for entry in archive.skipped)


def test_a_member_that_cannot_be_unpacked_is_told(tmp_path: Path) -> None:
    members = {"archive/a.warc": record(1) * 20, "archive/b.warc": record(2)}
    content = bytearray(zip_of(members, zipfile.ZIP_DEFLATED))
    start = 30 + len("archive/a.warc")
    content[start : start + 4] = b"\xff\xff\xff\xff"
    (tmp_path / "a.wacz").write_bytes(content)
    archive = open_archive(tmp_path / "a.wacz")
    assert numbers(archive) == [2]
    assert [(entry.reason, entry.file.rpartition("!")[2]) for entry in archive.skipped] == [
        (SkipReason.DAMAGED, "archive/a.warc")
    ]


def test_an_encrypted_member_is_told(tmp_path: Path) -> None:
    content = bytearray(zip_of({"archive/a.warc": record(1), "archive/b.warc": record(2)}))
    content[ENCRYPTED_FLAG_OFFSET] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.wacz").write_bytes(content)
    archive = open_archive(tmp_path / "a.wacz")
    assert numbers(archive) == [2]
    assert [entry.reason for entry in archive.skipped] == [SkipReason.ENCRYPTED]


def test_a_zip_without_its_end(tmp_path: Path) -> None:
    whole = wacz(1, 2)
    cut = whole[: whole.index(b"PK\x01\x02")]
    (tmp_path / "a.wacz").write_bytes(cut)
    archive = open_archive(tmp_path / "a.wacz")
    assert numbers(archive) == [1, 2]
    assert told(archive) == [("the end of the file", SkipReason.DAMAGED)]
    packed = zip_of({"crawl.warc": record(1) * 20}, zipfile.ZIP_DEFLATED)
    (tmp_path / "b.zip").write_bytes(packed[:-40])
    with pytest.raises(BadInput, match="copy or download it again"):
        open_archive(tmp_path / "b.zip")


def test_a_zip_without_an_archive_says_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of({"notes.txt": b"x"}))
    with pytest.raises(BadInput, match=r"no \.warc, \.har or \.wacz in this zip"):
        open_archive(tmp_path / "a.zip")


def test_zips_within_zips_have_an_end(tmp_path: Path) -> None:
    content = wacz(1)
    for depth in range(MAX_NESTED_ZIPS):
        content = zip_of({f"{depth}.zip": content, "b.warc": record(2)})
    (tmp_path / "a.zip").write_bytes(content)
    archive = open_archive(tmp_path / "a.zip")
    assert set(numbers(archive)) == {2}
    assert [entry.reason for entry in archive.skipped] == [SkipReason.TOO_LARGE]


def test_a_folder_of_archives_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.warc").write_bytes(record(1))
    (tmp_path / "b.har").write_text(har(2), encoding="utf-8")
    (tmp_path / "sub" / "c.wacz").write_bytes(wacz(3))
    (tmp_path / "notes.txt").write_text("seen on Monday")
    archive = open_archive(tmp_path)
    assert (sorted(numbers(archive)), archive.skipped) == ([1, 2, 3], ())
    (tmp_path / "d.warc").write_bytes(b"nothing")
    archive = open_archive(tmp_path)
    assert sorted(numbers(archive)) == [1, 2, 3]
    assert [(Path(entry.file).name, entry.reason) for entry in archive.skipped] == [("d.warc", SkipReason.DAMAGED)]


def test_a_folder_may_hold_saved_pages_beside_archives(tmp_path: Path) -> None:
    case = tmp_path / "saved"
    case.mkdir()
    (case / "page.html").write_bytes(page(1))
    (case / "request.json").write_text(json.dumps({"url": f"{SHOP}1"}))
    (tmp_path / "a.warc").write_bytes(record(2))
    assert sorted(numbers(open_archive(tmp_path))) == [1, 2]


def test_a_folder_of_which_nothing_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.warc").write_bytes(b"nothing")
    (tmp_path / "b.wacz").write_bytes(b"nothing")
    with pytest.raises(BadInput) as raised:
        open_archive(tmp_path)
    assert [Path(problem.file).name for problem in raised.value.problems] == ["a.warc", "b.wacz"]


def test_messages_about_an_archive_hold_no_control_characters(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of({"\x1b]0;x\x07\x9b31m.warc": b"nothing \x1b[31m"}))
    with pytest.raises(BadInput) as raised:
        open_archive(tmp_path / "a.zip")
    assert all(sign.isprintable() or sign == "\n" for sign in str(raised.value))
