"""WARC as crawlers write it and as disks damage it: what can be read is read, what cannot is told with its place."""

from __future__ import annotations

import base64
import gzip
import hashlib
import random
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest

from crawler.archives import Archive, RecordedResponse, SkipReason, is_page, open_archive
from crawler.archives.bodies import MAX_BODY_BYTES, parse_response, remove_chunks
from crawler.errors import BadInput

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SHOP = "https://shop.example/item/"
REVISIT_PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
UNCHANGED_PROFILE = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"


def page(number: int, filling: int = 0) -> bytes:
    """The page of an invented listing; `filling` makes it longer by as many characters that do not compress."""
    chance = random.Random(number)
    text = "".join(chr(chance.randrange(0x4E00, 0x9FA0)) for _ in range(filling))
    return (
        f"<!doctype html><html><title>灯塔守夜人 {number}</title><body><p>电子版 3.00 元 {text}</body></html>".encode()
    )


def sha1(content: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()


def http(body: bytes, status_line: str = "HTTP/1.1 200 OK", **headers: str) -> bytes:
    """An HTTP response; without other headers a page."""
    lines = headers or {"Content_Type": "text/html; charset=utf-8"}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"{status_line}\r\n{head}\r\n".encode() + body


def record(number: int, block: bytes | None = None, kind: str = "response", **headers: str) -> bytes:
    """A record about item `number`, with its digest; headers with None as value are left out."""
    block = http(page(number)) if block is None else block
    lines: dict[str, str] = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:00000000-0000-0000-0000-{number:012d}>",
        "WARC-Target-URI": f"{SHOP}{number}",
        "WARC-Date": "2026-11-02T00:00:00Z",
        "WARC-Block-Digest": sha1(block),
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(block)),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "WARC/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value) + "\r\n"
    return head.encode() + block + b"\r\n\r\n"


def archive_of(tmp_path: Path, content: bytes, name: str = "crawl.warc") -> Archive:
    (tmp_path / name).write_bytes(content)
    return open_archive(tmp_path / name)


def numbers(archive: Archive) -> list[int]:
    """The items of which the page itself was read, whole."""
    return [
        int(recorded.url.rpartition("/")[2])
        for recorded in archive
        if recorded.body.startswith(b"<!doctype") and recorded.body.endswith(b"</html>")
    ]


def told(archive: Archive) -> list[tuple[str, SkipReason]]:
    return [(entry.place, entry.reason) for entry in archive.skipped]


# Records of every type


def revisit(number: int, original: bytes, **headers: str) -> bytes:
    head = http(b"", Content_Type="text/html", X_Seen="twice")
    return record(number, head, "revisit", WARC_Profile=REVISIT_PROFILE, WARC_Payload_Digest=sha1(original), **headers)


@pytest.mark.parametrize("is_earlier", [True, False])
def test_a_revisit_is_the_response_with_the_same_payload(tmp_path: Path, is_earlier: bool) -> None:
    records = [record(1, WARC_Payload_Digest=sha1(page(1))), revisit(2, page(1))]
    archive = archive_of(tmp_path, b"".join(records if is_earlier else records[::-1]))
    repeated = archive.find_response("GET", f"{SHOP}2")
    assert repeated is not None
    assert (repeated.body, repeated.status, repeated.headers["x-seen"]) == (page(1), 200, "twice")
    assert archive.skipped == ()


@pytest.mark.parametrize(
    "reference",
    [
        {"WARC_Refers_To": "<urn:uuid:00000000-0000-0000-0000-000000000001>"},
        {"WARC_Refers_To_Target_URI": f"<{SHOP}1>", "WARC_Refers_To_Date": "2026-11-02T00:00:00Z"},
    ],
)
def test_a_revisit_names_its_original(tmp_path: Path, reference: dict[str, str]) -> None:
    archive = archive_of(tmp_path, record(1) + revisit(2, b"unknown digest", **reference))
    assert [recorded.body for recorded in archive] == [page(1), page(1)]


def test_of_two_answers_of_one_second_a_revisit_means_the_one_with_its_digest(tmp_path: Path) -> None:
    busy = record(1, http(b"<html>busy</html>", "HTTP/1.1 503 Busy", Content_Type="text/html"))
    reference = {"WARC_Refers_To_Target_URI": f"{SHOP}1", "WARC_Refers_To_Date": "2026-11-02T00:00:00Z"}
    whole = record(1, WARC_Payload_Digest=sha1(page(1)))
    archive = archive_of(tmp_path, busy + whole + revisit(2, page(1), **reference))
    assert numbers(archive) == [1, 2]


def test_digests_are_compared_by_value(tmp_path: Path) -> None:
    digest = "SHA-1:" + hashlib.sha1(page(1), usedforsecurity=False).hexdigest()
    archive = archive_of(tmp_path, record(1, WARC_Payload_Digest=digest) + revisit(2, page(1)))
    assert numbers(archive) == [1, 2]


def test_a_page_that_was_not_modified_is_the_one_recorded_before(tmp_path: Path) -> None:
    unchanged = record(
        1, http(b"", "HTTP/1.1 304 Not Modified"), "revisit", WARC_Profile=UNCHANGED_PROFILE, WARC_Payload_Digest=""
    )
    for content in (record(1) + unchanged, unchanged + record(1)):
        archive = archive_of(tmp_path, content)
        assert {(recorded.status, recorded.body) for recorded in archive} == {(200, page(1))}


def test_a_revisit_without_its_original_is_told(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, record(1) + revisit(2, page(9)))
    assert numbers(archive) == [1]
    assert told(archive) == [(f"record 2 at byte {len(record(1))}", SkipReason.NO_ORIGINAL)]
    assert archive.skipped[0].url == f"{SHOP}2"


def test_a_repeated_redirect_needs_no_original(tmp_path: Path) -> None:
    moved = http(b"", "HTTP/1.1 302 Found", Location="/item/1")
    for digest in (sha1(b""), sha1(b"elsewhere")):
        archive = archive_of(tmp_path, record(1) + record(2, moved, "revisit", WARC_Payload_Digest=digest))
        found = archive.find_response("GET", f"{SHOP}2")
        assert found is not None
        assert (found.status, found.headers["location"]) == (302, "/item/1")


def test_a_resource_is_a_page_of_the_type_that_the_record_states(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, record(1, page(1), "resource", Content_Type="text/html"))
    (recorded,) = archive
    assert (recorded.body, recorded.content_type, recorded.status) == (page(1), "text/html", 200)


def test_what_crawlers_write_for_themselves_is_no_page_and_no_loss(tmp_path: Path) -> None:
    own = [
        record(8, b"software: x", "warcinfo", Content_Type="application/warc-fields"),
        record(8, b"via: x", "metadata", Content_Type="application/warc-fields"),
        record(8, b"20261102 192.0.2.1", WARC_Target_URI="dns:shop.example", Content_Type="text/dns"),
        record(8, b"registrar: x", WARC_Target_URI="whois://whois.example/shop", Content_Type="text/plain"),
        record(8, b"text", "resource", WARC_Target_URI=f"urn:text:{SHOP}1", Content_Type="text/plain"),
    ]
    archive = archive_of(tmp_path, b"".join(own) + record(1))
    assert (len(archive), numbers(archive), archive.skipped) == (1, [1], ())
    archive = archive_of(tmp_path, record(2, b"x", "resource", WARC_Target_URI="ftp://shop.example/x") + record(1))
    assert told(archive) == [("record 1 at byte 0", SkipReason.NOT_WEB)]


@pytest.mark.parametrize(
    ("spelling", "damage"),
    [
        (b"WARC-Type: response", b"WARC-Type: respo~se"),
        (b"WARC-Type: response", b"WARC-Type response"),
        (b"WARC-Date: 2026", b"WARC-Date: 2\x0026"),
        (b"WARC-Date: 2026", b"WARC-Type: request\r\nWARC-Date: 2026"),
    ],
)
def test_a_damaged_head_is_told(tmp_path: Path, spelling: bytes, damage: bytes) -> None:
    archive = archive_of(tmp_path, record(1).replace(spelling, damage) + record(2))
    assert numbers(archive)[-1] == 2
    assert [place for place, _ in told(archive)] in (["record 1 at byte 0"], [f"bytes 0 to {len(record(1)) - 2}"])


def test_a_text_conversion_counts_only_without_its_page(tmp_path: Path) -> None:
    text = {"kind": "conversion", "Content_Type": "text/plain"}
    for content in (record(1) + record(1, b"text of 1", **text), record(1, b"text of 1", **text) + record(1)):
        archive = archive_of(tmp_path, content)
        assert ([recorded.body for recorded in archive], archive.skipped) == ([page(1)], ())
    archive = archive_of(tmp_path, gzip.compress(record(2, "灯塔守夜人 电子版".encode(), **text)), "crawl.warc.wet.gz")
    (recorded,) = archive
    assert recorded.body.decode() == "灯塔守夜人 电子版"
    assert is_page(recorded)


def test_a_record_in_segments_is_joined(tmp_path: Path) -> None:
    block = http(page(1))
    first = record(1, block[:60], WARC_Segment_Number="1", WARC_Payload_Digest=sha1(page(1)))
    origin = {"WARC_Segment_Origin_ID": "<urn:uuid:00000000-0000-0000-0000-000000000001>"}
    second = record(7, block[60:90], "continuation", WARC_Segment_Number="2", **origin)
    total = str(len(block))
    third = record(8, block[90:], "continuation", WARC_Segment_Number="3", WARC_Segment_Total_Length=total, **origin)
    assert numbers(archive_of(tmp_path, first + record(2) + third + second)) == [2, 1]
    archive = archive_of(tmp_path, first + third + record(2))
    assert numbers(archive) == [2]
    assert told(archive) == [("record 1 at byte 0", SkipReason.CUT)]
    assert archive.skipped[0].detail == "segment 2 is missing"
    assert [place for place, _ in told(archive_of(tmp_path, third + record(2)))] == ["record 1 at byte 0"]


# HTTP as servers and recorders have it


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("zstd", zstd.compress),
        ("br", brotli.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("gzip, br", lambda body: brotli.compress(gzip.compress(body))),
        ("none", bytes),
        ("UTF-8", bytes),
        ("identity", bytes),
        ("binary", bytes),
        ("", bytes),
        ("gzip", bytes),
        ("br", bytes),
        ("br", gzip.compress),
        ("", gzip.compress),
        ("none", zstd.compress),
    ],
)
def test_codings_are_undone_as_the_bytes_show_them(tmp_path: Path, coding: str, pack: Callable[[bytes], bytes]) -> None:
    headers = {"Content_Type": "text/html"} | ({"Content_Encoding": coding} if coding else {})
    archive = archive_of(tmp_path, record(1, http(pack(page(1)), **headers)) + record(2))
    assert (numbers(archive), archive.skipped) == ([1, 2], ())


def test_brotli_that_begins_as_json_does(tmp_path: Path) -> None:
    packed = brotli.compress(page(1, filling=200_000))
    assert packed.startswith(b"["), "a window of 22 bits and a long block"
    archive = archive_of(tmp_path, record(1, http(packed, Content_Type="text/html", Content_Encoding="br")))
    assert (numbers(archive), archive.skipped) == ([1], ())


def test_a_coding_header_may_come_twice(tmp_path: Path) -> None:
    block = http(brotli.compress(gzip.compress(page(1))), Content_Encoding="gzip\r\nContent-Encoding: br")
    assert numbers(archive_of(tmp_path, record(1, block))) == [1]


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress), ("zstd", zstd.compress)],
)
def test_of_a_packed_body_that_was_cut_the_beginning_is_read(
    tmp_path: Path, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(page(1, filling=200_000))
    block = http(packed[: len(packed) * 3 // 4], Content_Type="text/html", Content_Encoding=coding)
    archive = archive_of(tmp_path, record(1, block, WARC_Truncated="length") + record(2))
    (first, _) = archive
    assert first.body.startswith(page(1)[:60])
    assert first.is_cut
    assert told(archive) == [("record 1 at byte 0", SkipReason.CUT)]
    assert archive.skipped[0].detail == f"cut {'brotli' if coding == 'br' else coding}: the end is missing"


def test_a_body_that_is_no_gzip_at_all_is_told_with_its_address(tmp_path: Path) -> None:
    block = http(b"\x1f\x8b\x08\x00" + b"\xff" * 40, Content_Type="text/html", Content_Encoding="gzip")
    archive = archive_of(tmp_path, record(1, block) + record(2))
    assert numbers(archive) == [2]
    assert [(entry.reason, entry.url) for entry in archive.skipped] == [(SkipReason.CODING, f"{SHOP}1")]


@pytest.mark.parametrize(
    "status_line",
    ["HTTP/1.1 0 OK", "HTTP/1.1 200", "HTTP/2 200", "HTTP/2.0 200 ", "http/1.0 200 OK", "HTTP/1.1 ", "ICY 200 OK"],
)
def test_odd_status_lines(tmp_path: Path, status_line: str) -> None:
    (recorded,) = archive_of(tmp_path, record(1, http(page(1), status_line)))
    assert (recorded.status, recorded.body, recorded.content_type) == (200, page(1), "text/html; charset=utf-8")


def test_heads_that_are_not_as_they_should_be() -> None:
    body = b"<p>\xe7\x81\xaf\r\n\r\n"
    for head in (b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n", b"Content-Type: text/html\r\n\r\n"):
        message = parse_response(head + body)
        assert (message.status, message.headers, message.body) == (200, {"content-type": "text/html"}, body)
    bare = parse_response(body)
    assert (bare.status, bare.headers, bare.body) == (200, {}, body)
    latin = parse_response(b"HTTP/1.1 404 Introuvable\r\nX-Shop: caf\xe9\r\n\tRennes\r\nnonsense\r\n\r\n")
    assert (latin.status, latin.headers) == (404, {"x-shop": "café Rennes"})
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 301 Moved\r\n\r\n"
    assert parse_response(interim).status == 301


def test_a_status_0_without_body_is_no_response(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, record(1, http(b"", "HTTP/1.1 0 ")) + record(2))
    assert told(archive) == [("record 1 at byte 0", SkipReason.NO_RESPONSE)]


def test_without_a_content_type_the_bytes_say_what_it_is(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, record(1, http(page(1), Server="x")) + record(2, http(b"\x89PNG\r\n", Server="x")))
    assert [is_page(recorded) for recorded in archive] == [True, False]


@pytest.mark.parametrize("border", [b"\r\n", b"\n"])
def test_chunks_are_joined(border: bytes) -> None:
    chunked = b"4;x=1" + border + b"ab\r\n" + border + b"00A" + border + b"0123456789" + border + b"0" + border + border
    assert remove_chunks(chunked) == (b"ab\r\n0123456789", False)


def test_a_body_that_is_said_to_be_chunked_and_is_not(tmp_path: Path) -> None:
    block = http(page(1), Transfer_Encoding="chunked")
    archive = archive_of(tmp_path, record(1, block))
    assert (numbers(archive), archive.skipped) == ([1], ())
    assert remove_chunks(b"20 lanterns\r\n") == (b"20 lanterns\r\n", False)


def test_damaged_chunks_lose_only_what_is_missing() -> None:
    chunked = b"5\r\nabcde\r\n5\r\nfgij\r\n5\r\nklmno\r\n0\r\n\r\n"
    body, is_cut = remove_chunks(chunked)
    assert body.startswith(b"abcdefgijklmno")
    assert is_cut
    assert remove_chunks(b"5\r\nabcde\r\n5\r\nfg") == (b"abcdefg", True)
    assert remove_chunks(b"5\r\nabcde\r\n") == (b"abcde", True), "the last chunk is missing"


def test_a_body_shorter_than_its_length_is_cut_and_never_hides_a_whole_one(tmp_path: Path) -> None:
    short = http(page(1)[:50], Content_Type="text/html", Content_Length=str(len(page(1))))
    archive = archive_of(tmp_path, record(1) + record(1, short))
    assert told(archive)[0][1] is SkipReason.CUT
    best = archive.find_response("GET", f"{SHOP}1")
    assert best is not None
    assert best.body == page(1)
    archive = archive_of(tmp_path, record(1) + record(2, http(b"", Content_Length="900")))
    assert [reason for _, reason in told(archive)] == [SkipReason.NO_BODY]


# Forms of files


def as_gzip_members(records: list[bytes]) -> bytes:
    return b"".join(map(gzip.compress, records))


def as_gzip_blocks(records: list[bytes]) -> bytes:
    """As bgzip does: blocks that end anywhere."""
    content = b"".join(records)
    return b"".join(gzip.compress(content[start : start + 100]) for start in range(0, len(content), 100))


def as_zstd_with_dictionary(records: list[bytes]) -> bytes:
    dictionary = zstd.train_dict([record(number) for number in range(1000, 1400)], 4096)
    content = dictionary.dict_content
    frames = b"".join(zstd.compress(one, zstd_dict=dictionary) for one in records)
    return b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content + frames


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("crawl.warc", b"".join),
        ("crawl.warc.gz", as_gzip_members),
        ("crawl.warc.gz", lambda records: gzip.compress(b"".join(records))),
        ("crawl.warc.gz", as_gzip_blocks),
        ("crawl.warc.gz", lambda records: as_gzip_members(records) + bytes(5000)),
        ("crawl.warc.gz", b"".join),
        ("crawl.warc", as_gzip_members),
        ("download", as_gzip_members),
        ("crawl.warc.zst", lambda records: b"".join(map(zstd.compress, records))),
        ("crawl.warc.zst", lambda records: zstd.compress(b"".join(records))),
        ("crawl.warc.zst", as_zstd_with_dictionary),
        ("both.warc.gz", lambda records: gzip.compress(records[0]) + b"".join(records[1:])),
        ("crawl.warc", lambda records: b"\xef\xbb\xbf\r\n" + b"\r\n\x00".join(records) + bytes(5000)),
        ("crawl.warc", lambda records: b"".join(one.replace(b"\r\n\r\n\n", b"\n\n") for one in records)),
        ("crawl.warc", lambda records: b"".join(one.removesuffix(b"\r\n\r\n") for one in records)),
        ("crawl.warc", lambda records: b"".join(one.replace(b"WARC/1.0", b"WARC/0.18") for one in records)),
        ("crawl.warc", lambda records: b"".join(one.replace(b": https://", b": <https://", 1) for one in records)),
    ],
)
def test_a_file_in_any_form(tmp_path: Path, name: str, pack: Callable[[list[bytes]], bytes]) -> None:
    archive = archive_of(tmp_path, pack([record(number) for number in range(1, 6)]), name)
    assert (numbers(archive), archive.skipped) == ([1, 2, 3, 4, 5], ())


def test_lone_line_feeds_in_heads(tmp_path: Path) -> None:
    lines = [record(number).partition(b"<!doctype") for number in (1, 2)]
    content = b"".join(head.replace(b"\r\n", b"\n") + mark + body for head, mark, body in lines)
    content = content.replace(b"Content-Length", b"X-Old-Length").replace(b"WARC-Block-Digest", b"X-Old-Digest")
    archive = archive_of(tmp_path, content)
    assert numbers(archive) == [1, 2], "also without a length a record ends where the next one begins"


def test_arc_is_read(tmp_path: Path) -> None:
    def arc_record(number: int) -> bytes:
        block = http(page(number))
        return f"{SHOP}{number} 192.0.2.1 20261102000000 text/html {len(block)}\n".encode() + block + b"\n"

    version = b"1 0 X\nURL IP-address Archive-date Content-type Archive-length\n\n"
    head = b"filedesc://crawl.arc 0.0.0.0 20261102000000 text/plain %d\n" % len(version) + version
    archive = archive_of(tmp_path, head + arc_record(1) + arc_record(2), "crawl.arc")
    assert (numbers(archive), archive.skipped) == ([1, 2], ())
    assert [recorded.fetched_at.year for recorded in archive if recorded.fetched_at] == [2026, 2026]
    members = as_gzip_members([head, arc_record(1), arc_record(2)])
    assert numbers(archive_of(tmp_path, members, "crawl.arc.gz")) == [1, 2]


# Damage


RECORDS = [record(number) for number in range(1, 6)]
STARTS = [sum(map(len, RECORDS[:index])) for index in range(5)]


def test_bytes_missing_in_a_record_lose_that_record_alone(tmp_path: Path) -> None:
    whole = b"".join(RECORDS)
    middle = STARTS[2] + len(RECORDS[2]) - 60
    archive = archive_of(tmp_path, whole[:middle] + whole[middle + 20 :])
    assert numbers(archive)[:2] == [1, 2]
    assert numbers(archive)[-2:] == [4, 5]
    assert told(archive) == [(f"record 3 at byte {STARTS[2]}", SkipReason.CUT)]
    assert [recorded.is_cut for recorded in archive] == [False, False, True, False, False]


def test_a_hole_over_the_border_of_two_records(tmp_path: Path) -> None:
    whole = b"".join(RECORDS)
    archive = archive_of(tmp_path, whole[: STARTS[2] - 30] + whole[STARTS[2] + 100 :])
    assert numbers(archive) == [1, 4, 5]
    places = told(archive)
    assert places[0] == (f"record 2 at byte {STARTS[1]}", SkipReason.CUT)
    assert any(place.startswith("bytes ") and reason is SkipReason.DAMAGED for place, reason in places[1:])
    second = archive.find_response("GET", f"{SHOP}2")
    assert second is not None
    assert b"WARC-Target-URI" not in second.body


def test_bytes_too_many_in_a_record(tmp_path: Path) -> None:
    whole = b"".join(RECORDS)
    middle = STARTS[2] + len(RECORDS[2]) - 60
    archive = archive_of(tmp_path, whole[:middle] + b"#" * 50 + whole[middle:])
    assert numbers(archive) == [1, 2, 3, 4, 5]
    assert [place for place, _ in told(archive)] == [f"record 3 at byte {STARTS[2]}"]


def test_a_length_in_characters_keeps_the_page_whole(tmp_path: Path) -> None:
    counted = len(http(page(1)).decode())
    archive = archive_of(tmp_path, record(1, WARC_Block_Digest="", Content_Length=str(counted)) + record(2))
    assert numbers(archive) == [1, 2]


def test_rubbish_between_records_is_told_by_its_bytes(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, RECORDS[0] + b"\x1b]0;x\x07rubbish\r\n" + RECORDS[1])
    assert numbers(archive) == [1, 2]
    assert told(archive) == [(f"bytes {STARTS[1]} to {STARTS[1] + 14}", SkipReason.DAMAGED)]


def test_a_cut_file_keeps_its_records(tmp_path: Path) -> None:
    whole = b"".join(RECORDS)
    for end in (STARTS[4] + 20, STARTS[4] + 330, len(whole) - 20):
        archive = archive_of(tmp_path, whole[:end])
        assert numbers(archive) == [1, 2, 3, 4]
        assert [place for place, _ in told(archive)] in (
            [f"record 5 at byte {STARTS[4]}"],
            [f"bytes {STARTS[4]} to {end - 1}"],
        )


def test_the_member_of_a_gzip_that_is_damaged_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    members = [gzip.compress(record(number, http(page(number, filling=3000))), mtime=0) for number in range(1, 6)]
    third = len(members[0]) + len(members[1])
    for hole in (slice(20, 120), slice(2000, 2100), slice(-20, None), slice(-4000, None)):
        damaged = bytearray(members[2])
        del damaged[hole]
        archive = archive_of(tmp_path, b"".join((*members[:2], damaged, *members[3:])), "crawl.warc.gz")
        assert [number for number in numbers(archive) if number != 3] == [1, 2, 4, 5]
        (place,) = {entry.place for entry in archive.skipped}
        assert place in (f"record 3 at byte {third}", f"byte {third}")


def test_a_checksum_that_does_not_fit_is_told_and_the_record_read(tmp_path: Path) -> None:
    members = [gzip.compress(one, mtime=0) for one in RECORDS]
    members[1] = members[1][:-8] + bytes(4) + members[1][-4:]
    archive = archive_of(tmp_path, b"".join(members), "crawl.warc.gz")
    assert numbers(archive) == [1, 2, 3, 4, 5]
    assert told(archive) == [(f"record 2 at byte {len(members[0])}", SkipReason.ALTERED)]
    altered = RECORDS[1].replace("电子版".encode(), "电孑版".encode())
    archive = archive_of(tmp_path, RECORDS[0] + altered + RECORDS[2])
    assert numbers(archive) == [1, 2, 3]
    assert told(archive) == [(f"record 2 at byte {STARTS[1]}", SkipReason.ALTERED)]


def test_damage_in_one_gzip_over_all_keeps_what_is_before_it(tmp_path: Path) -> None:
    records = [record(number, http(page(number, filling=2000))) for number in range(1, 41)]
    packed = gzip.compress(b"".join(records), mtime=0)
    archive = archive_of(
        tmp_path, packed[: len(packed) // 2] + bytes(30) + packed[len(packed) // 2 + 30 :], "a.warc.gz"
    )
    assert numbers(archive)[:15] == list(range(1, 16))
    assert archive.skipped
    archive = archive_of(tmp_path, packed[: len(packed) // 2], "a.warc.gz")
    assert numbers(archive)[:15] == list(range(1, 16))
    assert "cut gzip" in archive.skipped[-1].detail


def test_a_damaged_frame_of_zstd(tmp_path: Path) -> None:
    frames = [zstd.compress(record(number, http(page(number, filling=3000)))) for number in range(1, 6)]
    frames[2] = frames[2][:500] + frames[2][700:]
    archive = archive_of(tmp_path, b"".join(frames), "crawl.warc.zst")
    assert numbers(archive) == [1, 2, 4, 5]
    assert archive.skipped


def test_a_body_over_the_limit_is_left_out_alone(tmp_path: Path) -> None:
    film = record(2, http(bytes(MAX_BODY_BYTES + 1), Content_Type="video/mp4"), WARC_Block_Digest="")
    archive = archive_of(tmp_path, as_gzip_members([record(1), film, record(3)]), "crawl.warc.gz")
    assert numbers(archive) == [1, 3]
    assert [reason for _, reason in told(archive)] == [SkipReason.TOO_LARGE]


def test_a_file_that_is_damaged_all_over_ends(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, (RECORDS[0] + b"rubbish\r\n") * 1100)
    assert len(archive) == 1001
    assert archive.skipped[-1].detail == "damaged in more than 1000 places"
    with pytest.raises(BadInput, match="no record"):
        archive_of(tmp_path, b"WARC/1.0\r\nrubbish")


LIAR = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: %d\r\n\r\n"
STORED = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"


@pytest.mark.parametrize(
    "content",
    [
        (LIAR % 900_000_000) * 20_000,
        (LIAR % 900_000) * 20_000,
        b"".join(LIAR % (1_000_000 - number * 50) for number in range(20_000)) + bytes(1_000_000),
        (STORED + b"\x00\x05\x00\xfa\xffWARC/" + b"\x00\xff\xff\x00\x00") * 50_000,
        STORED * 100_000,
        b"\x28\xb5\x2f\xfd" * 200_000,
        b"WARC/1.0\r\n" * 100_000,
        b"WARC/1.0\r\nA:\n" * 100_000,
        b"WARC/1.0\r\nWARC-Type: response\r\n" + b" x\r\n" * 200_000,
        b"\nhttp://a" * 100_000,
        gzip.compress(b"WARC/1.0\r\n" + bytes(50_000_000)),
    ],
)
def test_hostile_files_take_linear_time(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hostile.warc").write_bytes(content)
    started = time.process_time()
    with pytest.raises(BadInput):
        open_archive(tmp_path / "hostile.warc")
    assert time.process_time() - started < 5.0  # about 0.5 s; quadratic ones take minutes


def test_recorded_responses_stay_in_order_and_requests_find_them(tmp_path: Path) -> None:
    ask = record(9, b"POST /item/1 HTTP/1.1\r\nHost: shop.example\r\n\r\nq=1", "request", WARC_Target_URI=f"{SHOP}1")
    archive = archive_of(tmp_path, ask + record(1) + record(2))
    answers: list[RecordedResponse] = list(archive)
    assert [(answer.method, answer.request_body) for answer in answers] == [("POST", b"q=1"), ("GET", b"")]


def test_a_redirect_is_no_page_and_keeps_its_target(tmp_path: Path) -> None:
    moved = http(b"<a>moved</a>", "HTTP/1.1 302 Found", Content_Type="text/html", Location="/item/1")
    archive = archive_of(tmp_path, record(2, moved) + record(1))
    assert [is_page(recorded) for recorded in archive] == [False, True]
    assert [recorded.headers.get("location") for recorded in archive] == ["/item/1", None]


def test_a_record_whose_head_is_lost_behind_a_damaged_one_is_told(tmp_path: Path) -> None:
    first, second, third = (gzip.compress(record(number)) for number in (1, 2, 3))
    archive = archive_of(tmp_path, first[:-8] + bytes(8 + 40) + second[40:] + third, "crawl.warc.gz")
    assert numbers(archive) == [1, 3]
    assert [reason for _, reason in told(archive)] == [SkipReason.ALTERED, SkipReason.DAMAGED]
    assert archive.skipped[1].place.endswith(f" to {len(first) + len(second) - 1}")


def test_a_record_type_of_control_characters_is_quoted_in_plain_ones(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, record(1) + record(2, kind="res\x85ponse"))
    assert numbers(archive) == [1]
    assert all(entry.detail and entry.detail.isprintable() for entry in archive.skipped)
