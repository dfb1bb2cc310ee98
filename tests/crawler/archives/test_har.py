"""HAR as browsers, proxies and test tools write it: each oddity beside ordinary entries, which it must not affect."""

from __future__ import annotations

import base64
import gzip
import json
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import brotli
import pytest

from crawler.archives import Archive, RecordedResponse, SkipReason, open_archive
from crawler.archives.bodies import remove_codings
from crawler.errors import BadInput

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAGE = "<!doctype html><title>雾都来客</title><p>电子版 3.00 元"
BYTES = PAGE.encode()
URL = "https://shop.example/item/1"


def entry(url: str = URL, status: Any = 200, text: str | None = PAGE, **content: Any) -> dict[str, Any]:
    """An entry with the media type of a page."""
    text_fields = {} if text is None else {"text": text}
    return {
        "startedDateTime": "2026-11-02T08:00:00.000+08:00",
        "request": {"url": url, "method": "GET"},
        "response": {
            "status": status,
            "headers": [{"name": "Content-Type", "value": "text/html; charset=utf-8"}],
            "content": {"mimeType": "text/html", "size": len(BYTES), **text_fields, **content},
        },
    }


def coded(url: str, body: bytes, coding: str, **content: Any) -> dict[str, Any]:
    """An entry whose body is kept in base64, in a content coding."""
    made = entry(url, text=base64.b64encode(body).decode(), **content)
    made["response"]["headers"].append({"name": "content-encoding", "value": coding})
    return made


def archive_of(tmp_path: Path, *entries: Any) -> Archive:
    """The archive of a HAR with these entries."""
    file = tmp_path / "session.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), encoding="utf-8")
    return open_archive(file)


def only(archive: Archive) -> RecordedResponse:
    (recorded,) = archive
    return recorded


def skipped(archive: Archive) -> list[tuple[str, SkipReason]]:
    return [(left_out.place, left_out.reason) for left_out in archive.skipped]


def without(made: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in made.items() if name != field}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (without(entry(), "response"), SkipReason.NO_RESPONSE),
        (entry() | {"response": None}, SkipReason.NO_RESPONSE),
        (entry() | {"response": []}, SkipReason.NO_RESPONSE),
        (entry() | {"response": "none"}, SkipReason.DAMAGED),
        (without(entry(), "request"), SkipReason.DAMAGED),
        (entry() | {"request": None}, SkipReason.DAMAGED),
        (entry(status="OK"), SkipReason.DAMAGED),
        (entry(status=0, text=None, size=0), SkipReason.NO_RESPONSE),
        (entry(status=-1, text=None), SkipReason.NO_RESPONSE),
        (entry(text=None), SkipReason.NO_BODY),
        (entry(text=None, comment="Response bodies are not included."), SkipReason.NO_BODY),
        (entry(text="?not base64?", encoding="base64"), SkipReason.DAMAGED),
        (entry("data:text/html,<p>x"), SkipReason.NOT_WEB),
        (entry("chrome-extension://abc/page.html"), SkipReason.NOT_WEB),
        (entry("blob:https://shop.example/1"), SkipReason.NOT_WEB),
        (entry("about:blank"), SkipReason.NOT_WEB),
        (entry("http://"), SkipReason.NOT_WEB),
        (entry(""), SkipReason.NOT_WEB),
        (entry(text=None, _file="gone.html"), SkipReason.NO_FILE),
        (coded(URL, gzip.compress(BYTES, mtime=0)[:-12], "gzip", encoding="base64"), SkipReason.CODING),
        (None, SkipReason.DAMAGED),
        ("entry", SkipReason.DAMAGED),
        (17, SkipReason.DAMAGED),
    ],
)
def test_a_bad_entry_is_told_with_its_number_and_affects_no_other(tmp_path: Path, bad: Any, reason: SkipReason) -> None:
    archive = archive_of(tmp_path, entry(URL), bad, entry("https://shop.example/item/3"))
    assert [recorded.url for recorded in archive] == [URL, "https://shop.example/item/3"]
    assert skipped(archive) == [("entry 2", reason)]


CODINGS = [
    ("gzip", gzip.compress(BYTES, mtime=0)),
    ("x-gzip", gzip.compress(BYTES, mtime=0)),
    ("GZIP", gzip.compress(BYTES, mtime=0)),
    ("deflate", zlib.compress(BYTES)),
    ("deflate", zlib.compress(BYTES)[2:-4]),
    ("br", brotli.compress(BYTES)),
    ("zstd", zstd.compress(BYTES)),
    ("gzip, br", brotli.compress(gzip.compress(BYTES, mtime=0))),
    ("gzip", BYTES),
    ("br", BYTES),
    ("zstd", BYTES),
    ("none", BYTES),
    ("utf-8", BYTES),
    ("", BYTES),
]


@pytest.mark.parametrize(("coding", "body"), CODINGS)
def test_a_body_is_unpacked_where_its_bytes_are_packed(tmp_path: Path, coding: str, body: bytes) -> None:
    recorded = only(archive_of(tmp_path, coded(URL, body, coding, encoding="base64")))
    assert recorded.body == BYTES
    assert recorded.content_type == "text/html; charset=utf-8", "the header knows the charset"


def test_a_coding_is_undone_within_limits() -> None:
    for coding, packed in (
        ("gzip", gzip.compress(bytes(5_000))),
        ("br", brotli.compress(bytes(5_000))),
        ("zstd", zstd.compress(bytes(5_000))),
        ("deflate", zlib.compress(bytes(5_000))),
        ("", bytes(5_000)),
    ):
        with pytest.raises(ValueError, match="more than 1000"):
            remove_codings(packed, coding, 1_000)
        if coding:
            with pytest.raises(ValueError, match=r"cut|damaged"):
                remove_codings(packed[:-3], coding)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (base64.b64encode(BYTES).decode(), None),
        (base64.b64encode(gzip.compress(BYTES, mtime=0)).decode(), None),
        (base64.encodebytes(BYTES).decode(), "base64"),
        (base64.urlsafe_b64encode(BYTES).decode().rstrip("="), "base64"),
        (base64.b64encode(BYTES).decode(), "BASE64"),
        (PAGE, "base64"),
        (PAGE, "utf-8"),
    ],
)
def test_base64_is_known_by_its_look(tmp_path: Path, text: str, label: str | None) -> None:
    made = entry(text=text) if label is None else entry(text=text, encoding=label)
    made["response"]["headers"].append({"name": "Content-Encoding", "value": "gzip"})
    assert only(archive_of(tmp_path, made)).body == BYTES


def test_a_word_in_the_letters_of_base64_stays_text(tmp_path: Path) -> None:
    assert only(archive_of(tmp_path, entry(text="abcdefghijklmnopqrstuvwx"))).body == b"abcdefghijklmnopqrstuvwx"


def test_what_the_browser_had_cached_is_a_page(tmp_path: Path) -> None:
    for status in (304, 0, None):
        recorded = only(archive_of(tmp_path, entry(status=status)))
        assert (recorded.status, recorded.body) == (200, BYTES)


@pytest.mark.parametrize(
    "later",
    [
        entry(status=304, text=""),
        entry(text="", size=0),
        entry(status=503, text="<h1>Service Unavailable</h1>"),
        entry(status=403, text="<h1>Forbidden</h1>"),
        entry(status=404, text="<h1>Not Found</h1>"),
        entry(status=206, text=PAGE[:20]),
        entry(text=PAGE[:-9]),
        entry(text="<html><head><title>安全验证</title></head><body>请完成验证 captcha</body></html>"),
    ],
)
def test_a_full_page_is_never_hidden_by_a_worse_answer(tmp_path: Path, later: dict[str, Any]) -> None:
    for entries in ((entry(), later), (later, entry()), (later, entry(), later)):
        found = archive_of(tmp_path, *entries).find_response("GET", URL)
        assert found is not None
        assert (found.status, found.body) == (200, BYTES)


def test_of_equally_good_answers_the_last_counts(tmp_path: Path) -> None:
    found = archive_of(tmp_path, entry(), entry(text=PAGE.replace("3.00", "5.00"))).find_response("GET", URL)
    assert found is not None
    assert "5.00" in found.body.decode()


def test_headers_and_addresses_in_other_forms(tmp_path: Path) -> None:
    made = entry()
    made["response"]["headers"] = {"Content-Type": "text/html; charset=utf-8", "Location": "/a"}
    moved = entry("https://shop.example/old", 302, "") | {}
    moved["response"]["redirectURL"] = "https://shop.example/new"
    bare = entry("HTTPS://shop.example/item/4")
    bare["response"]["headers"] = None
    first, second, third = archive_of(tmp_path, made, moved, bare)
    assert first.headers["location"] == "/a"
    assert second.headers["location"] == "https://shop.example/new"
    assert third.headers == {}


def test_a_form_that_was_posted_is_found_by_its_fields(tmp_path: Path) -> None:
    made = entry("https://shop.example/search")
    made["request"] |= {"method": "POST", "postData": {"params": [{"name": "q", "value": "雾 都"}, {"name": "p"}]}}
    archive = archive_of(tmp_path, made)
    assert archive.find_response("POST", "https://shop.example/search", b"q=%E9%9B%BE+%E9%83%BD&p=") is not None


def test_bodies_lie_in_files_beside_the_har_and_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "session"
    folder.mkdir()
    (tmp_path / "secret.html").write_text("<p>secret")
    (folder / "b1.html").write_bytes(BYTES)
    (folder / "b2.html").write_bytes(gzip.compress(BYTES, mtime=0))
    packed = coded("https://shop.example/item/2", b"", "gzip")
    packed["response"]["content"] = {"mimeType": "text/html", "_file": "b2.html"}
    outside = entry("https://shop.example/item/3", text=None, _file="../secret.html")
    entries = [entry(text=None, _file="b1.html"), packed, outside]
    (folder / "session.har").write_text(json.dumps({"log": {"entries": entries}}))
    archive = open_archive(folder / "session.har")
    assert [recorded.body for recorded in archive] == [BYTES, BYTES]
    assert skipped(archive) == [("entry 3", SkipReason.NO_FILE)]


@pytest.mark.parametrize("prefix", ["", "run/"])
@pytest.mark.parametrize("name", ["session.har.zip", "session.zip", "trace"])
def test_a_har_and_its_bodies_in_one_zip(tmp_path: Path, prefix: str, name: str) -> None:
    with zipfile.ZipFile(tmp_path / name, "w") as packed:
        packed.writestr(f"{prefix}b1.html", BYTES)
        packed.writestr(
            f"{prefix}har.har",
            json.dumps({"log": {"entries": [entry(text=None, _file="b1.html"), entry(text=None, _file="b2.html")]}}),
        )
    archive = open_archive(tmp_path / name)
    assert only(archive).body == BYTES
    assert skipped(archive) == [("entry 2", SkipReason.NO_FILE)]


def test_of_several_hars_in_a_zip_a_bad_one_affects_no_other(tmp_path: Path) -> None:
    file = tmp_path / "sessions.zip"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("a/one.har", json.dumps({"log": {"entries": [entry()]}}))
        packed.writestr("a/two.har", "no HAR")
        packed.writestr("__MACOSX/a/._one.har", b"\0\5\x16\7")
        packed.writestr("a/._one.har", b"\0\5\x16\7")
    archive = open_archive(file)
    assert only(archive).body == BYTES
    (left_out,) = archive.skipped
    assert (left_out.file, left_out.reason) == (f"{file}!a/two.har", SkipReason.DAMAGED)


def test_a_damaged_body_in_a_zip_is_told(tmp_path: Path) -> None:
    file = tmp_path / "session.zip"
    entries = [entry(text=None, _file="b1.html"), entry(text=None, _file="b2.html")]
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("har.har", json.dumps({"log": {"entries": entries}}))
        packed.writestr("b1.html", BYTES)
        packed.writestr("b2.html", b"b" * 500)
    file.write_bytes(file.read_bytes().replace(b"b" * 500, b"x" * 500))
    archive = open_archive(file)
    assert only(archive).body == BYTES
    assert skipped(archive) == [("entry 2", SkipReason.DAMAGED)]


def test_bodies_beyond_what_is_held_are_left_out_with_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.archives.har.MAX_ARCHIVE_BYTES", 2 * len(BYTES))
    archive = archive_of(tmp_path, *[entry(f"https://shop.example/item/{number}") for number in range(1, 5)])
    assert [recorded.url[-1] for recorded in archive] == ["1", "2"]
    assert skipped(archive) == [("entry 3", SkipReason.TOO_LARGE), ("entry 4", SkipReason.TOO_LARGE)]


def test_all_responses_of_an_address_are_found(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, entry(text="<p>a"), entry("https://shop.example/item/2"), entry(text="<p>b"))
    assert [recorded.body for recorded in archive.responses_at(URL)] == [b"<p>a", b"<p>b"]
    assert archive.responses_at("https://shop.example/item/3") == ()


def whole_har() -> str:
    return json.dumps(
        {
            "log": {
                "version": "1.2",
                "entries": [entry(f"https://shop.example/item/{number}") for number in range(1, 6)],
            }
        },
        indent=1,
        ensure_ascii=False,
    )


def test_a_har_that_was_cut_keeps_its_whole_entries(tmp_path: Path) -> None:
    text = whole_har()
    file = tmp_path / "cut.har"
    file.write_text(text[: text.index("item/4") + 200], encoding="utf-8")
    archive = open_archive(file)
    assert [recorded.url[-1] for recorded in archive] == ["1", "2", "3"]
    assert skipped(archive) == [("entry 4", SkipReason.DAMAGED)]
    assert "line" in archive.skipped[0].detail


def test_a_har_damaged_in_the_middle_loses_one_entry(tmp_path: Path) -> None:
    text = whole_har()
    middle = text.index("item/3") + 60
    file = tmp_path / "hole.har"
    file.write_text(text[:middle] + text[middle + 100 :], encoding="utf-8")
    archive = open_archive(file)
    assert [recorded.url[-1] for recorded in archive] == ["1", "2", "4", "5"]
    assert skipped(archive) == [("entry 3", SkipReason.DAMAGED)]


def test_a_byte_that_is_no_text_is_told_with_its_place(tmp_path: Path) -> None:
    content = whole_har().encode()
    place = content.index("电".encode()) + 1
    file = tmp_path / "session.har"
    file.write_bytes(content[:place] + b"M" + content[place + 1 :])
    archive = open_archive(file)
    assert len(archive) == 5
    assert [(left_out.place, left_out.reason) for left_out in archive.skipped] == [
        (f"byte {place - 1}", SkipReason.ALTERED)
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_other_encodings_of_the_file(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "session.har"
    file.write_text(whole_har(), encoding=encoding)
    assert [recorded.body for recorded in open_archive(file)] == [BYTES] * 5


def test_what_a_file_is_shows_in_its_bytes(tmp_path: Path) -> None:
    for name in ("session.json", "session.har.txt", "session"):
        (tmp_path / name).write_text(whole_har())
        assert len(open_archive(tmp_path / name)) == 5
    (tmp_path / "session.har").write_bytes(gzip.compress(whole_har().encode()))
    assert len(open_archive(tmp_path / "session.har")) == 5
    (tmp_path / "works.json").write_text('{"id": "W1"}')
    with pytest.raises(BadInput, match="not an archive"):
        open_archive(tmp_path / "works.json")


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (zlib.compress(BYTES), "deflate"),
        (brotli.compress(BYTES), "br"),
        (gzip.compress(BYTES, mtime=0), "gzip"),
        (zstd.compress(BYTES), "zstd"),
        (gzip.compress(BYTES, mtime=0), ""),
        (zstd.compress(BYTES), ""),
        (BYTES, ""),
    ],
    ids=["deflate", "br", "gzip", "zstd", "gzip unnamed", "zstd unnamed", "plain"],
)
@pytest.mark.parametrize("label", [{}, {"encoding": "base64"}])
@pytest.mark.parametrize("line_length", [0, 76])
def test_base64_is_recognised_by_what_it_holds(
    tmp_path: Path, body: bytes, coding: str, label: dict[str, str], line_length: int
) -> None:
    made = coded(URL, body, coding, **label)
    text = made["response"]["content"]["text"]
    if line_length:
        lines = [text[start : start + line_length] for start in range(0, len(text), line_length)]
        made["response"]["content"]["text"] = "\r\n".join(lines)
    archive = archive_of(tmp_path, made)
    assert (only(archive).body, archive.skipped) == (BYTES, ())


@pytest.mark.parametrize(
    "text",
    [
        "TWVtb3J5LUNhcmQ0MjM1",
        "PLEASE/READ/THE/NOTICE at the door",
        "PLEASE/READ/THE/NOTICE+1",
        "POSTSCRIPTUMABCDEFGH, said he",
    ],
)
def test_text_of_base64_letters_stays_text(tmp_path: Path, text: str) -> None:
    assert only(archive_of(tmp_path, entry(text=text, mimeType="text/plain"))).body == text.encode()


@pytest.mark.parametrize("body", [BYTES, gzip.compress(BYTES, mtime=0)], ids=["plain", "gzip"])
def test_damaged_base64_without_label_is_reported(tmp_path: Path, body: bytes) -> None:
    text = base64.b64encode(body).decode()
    archive = archive_of(tmp_path, entry(text=f"{text[:40]}\x00\x00{text[42:]}"), entry(f"{URL}2"))
    assert only(archive).url == f"{URL}2"
    assert skipped(archive) == [("entry 1", SkipReason.DAMAGED)]


@pytest.mark.parametrize("coding", ["x-own", "zstd", "gzip"])
def test_body_in_a_coding_nobody_knows_is_reported(tmp_path: Path, coding: str) -> None:
    archive = archive_of(tmp_path, coded(URL, bytes(range(200)), coding, encoding="base64"), entry(f"{URL}2"))
    assert only(archive).url == f"{URL}2"
    assert skipped(archive) == [("entry 1", SkipReason.CODING)]


def test_picture_is_kept_whatever_coding_its_header_names(tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(40))
    archive = archive_of(tmp_path, coded(URL, picture, "gzip", encoding="base64", mimeType="image/png"))
    assert only(archive).body == picture


@pytest.mark.parametrize("text", [17, ["x"], {"a": 1}])
def test_text_that_is_none_is_reported(tmp_path: Path, text: Any) -> None:
    archive = archive_of(tmp_path, entry(), entry(f"{URL}2", text=text))
    assert only(archive).url == URL
    assert skipped(archive) == [("entry 2", SkipReason.DAMAGED)]


def test_copy_cut_inside_a_character_hides_no_whole_page(tmp_path: Path) -> None:
    whole = f"<!doctype html><title>雾都来客</title><p>{'清晰扫描版' * 100}</p>"
    cut = whole.encode()[:400].decode(errors="replace")
    assert cut.endswith("\ufffd")
    best = archive_of(tmp_path, entry(text=whole), entry(text=cut)).find_response("GET", URL)
    assert best is not None
    assert best.body == whole.encode()
