"""Pages as browsers and Word save them: MHTML, .webarchive, .html with its folder; their addresses and pictures."""

from __future__ import annotations

import base64
import json
import plistlib
import quopri
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from crawler.archives import SkippedEntry, is_page, open_archive
from crawler.archives.mhtml import is_single_file, unpack_page
from crawler.archives.saved_pages import stated_address
from crawler.errors import BadInput
from crawler.page.charset import decode
from desk.cli.read import add

URL = "https://shop.quay.example/item/7"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(40))
PRICE = "<span class=price>￥45.00</span><button>加入购物车</button>"
NAME = "潮汐灯塔 修订版"
PAGE = f"<html><head><title>{NAME}</title></head><body><h1>{NAME}</h1>{PRICE}<img src={URL}.png></body></html>"
SHARE = "https://pan.quark.cn/s/0b1c2d3e4f5a 提取码：Hw4t"


def part(headers: str, body: bytes, coding: str = "quoted-printable") -> bytes:
    packed = base64.encodebytes(body) if coding == "base64" else quopri.encodestring(body)
    return f"--==b==\r\n{headers}Content-Transfer-Encoding: {coding}\r\n\r\n".encode() + packed + b"\r\n"


def mail(head: str, *parts: bytes) -> bytes:
    type_line = 'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="==b=="\r\n\r\n'
    return f"{head}MIME-Version: 1.0\r\n{type_line}".encode() + b"".join(parts) + b"--==b==--\r\n"


CHROME_HEAD = (
    f"From: <Saved by Blink>\r\nSnapshot-Content-Location: {URL}\r\nSubject: =?utf-8?Q?x?=\r\n"
    "Date: Fri, 20 Nov 2026 10:00:00 +0800\r\n"
)
CHROME = mail(
    CHROME_HEAD,
    part(f"Content-Type: text/html\r\nContent-ID: <frame-1@mhtml.blink>\r\nContent-Location: {URL}\r\n", PAGE.encode()),
    part(f"Content-Type: image/png\r\nContent-Location: {URL}.png\r\n", PICTURE, "base64"),
    part("Content-Type: text/css\r\nContent-Location: cid:css-1@mhtml.blink\r\n", b"p {}"),
)
EXPLORER = mail(
    "From: <Saved by Windows Internet Explorer 8>\r\nSubject: x\r\n",
    part(
        f'Content-Type: text/html;\r\n\tcharset="gb2312"\r\nContent-Location: {URL}\r\n',
        PAGE.encode("gb18030"),
        "base64",
    ),
    part(f"Content-Type: image/png\r\nContent-Location: {URL}.png\r\n", PICTURE, "base64"),
)
SINGLE_PART = (
    "From: <Saved by Microsoft Internet Explorer 5>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/html;\r\n\tcharset=utf-8\r\n"
    f"Content-Transfer-Encoding: quoted-printable\r\nContent-Location: {URL}\r\n\r\n"
).encode() + quopri.encodestring(PAGE.encode())
WORD = mail(
    "",
    part(
        'Content-Location: file:///C:/5C2A/a.htm\r\nContent-Type: text/html; charset="utf-8"\r\n',
        PAGE.replace("<head>", f"<head><link rel=canonical href={URL}>").encode(),
    ),
    part(
        "Content-Location: file:///C:/5C2A/a.png\r\nContent-ID: <a1>\r\nContent-Type: image/png\r\n", PICTURE, "base64"
    ),
)


def web_archive(url: str = URL) -> bytes:
    main = {"WebResourceData": PAGE.encode(), "WebResourceURL": url, "WebResourceMIMEType": "text/html"}
    picture = {"WebResourceData": PICTURE, "WebResourceURL": f"{URL}.png", "WebResourceMIMEType": "image/png"}
    resources = {"WebMainResource": main | {"WebResourceTextEncodingName": "UTF-8"}, "WebSubresources": [picture]}
    return plistlib.dumps(resources, fmt=plistlib.FMT_BINARY)


FILES = {
    "chrome.mhtml": CHROME,
    "explorer.mht": EXPLORER,
    "single.mht": SINGLE_PART,
    "unix.mhtml": CHROME.replace(b"\r\n", b"\n"),
    "marked.mhtml": b"\xef\xbb\xbf" + CHROME,
    "word.mht": WORD,
    "safari.webarchive": web_archive(),
    "named-wrongly.html": CHROME,
}


@pytest.mark.parametrize("name", FILES)
def test_a_page_in_one_file_is_read_whoever_saved_it(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    archive = open_archive(tmp_path / name)
    assert [answer.url for answer in archive if is_page(answer)] == [URL]
    page = archive.find_response("GET", URL)
    assert page is not None
    assert "<h1>潮汐灯塔 修订版</h1>" in decode(page.body, page.content_type).text
    picture = archive.find_response("GET", "cid:a1" if name == "word.mht" else f"{URL}.png")
    assert (picture.body if picture else b"") == (b"" if name == "single.mht" else PICTURE)
    row = read(tmp_path, name)
    assert (row["outcome"], row["listings"][0]["url"]) == ("live", URL)
    assert (row["listings"][0]["title"], row["listings"][0]["price"]) == ("潮汐灯塔 修订版", "45.00")


def read(folder: Path, name: str) -> Any:
    app = typer.Typer()
    app.callback()(lambda: None)
    add(app)
    result = CliRunner().invoke(app, ["read", str(folder / name)])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_time_of_saving_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.mhtml").write_bytes(CHROME)
    assert next(iter(open_archive(tmp_path / "a.mhtml"))).fetched_at == datetime(2026, 11, 20, 2, tzinfo=UTC)


def test_what_stands_in_a_frame_of_the_page_is_read(tmp_path: Path) -> None:
    page = PAGE.replace("<img", '<iframe class=d src="cid:frame-2@mhtml.blink"></iframe><img')
    frame = part(
        "Content-Type: text/html\r\nContent-ID: <frame-2@mhtml.blink>\r\n", f'<p class="d">{SHARE}</p>'.encode()
    )
    (tmp_path / "a.mhtml").write_bytes(
        mail(CHROME_HEAD, part("Content-Type: text/html\r\n", page.encode("gbk")), frame)
    )
    links = read(tmp_path, "a.mhtml")["listings"][0]["links"]
    assert [(link["share_id"], link["code"]) for link in links] == [("0b1c2d3e4f5a", "Hw4t")]
    assert len([answer for answer in open_archive(tmp_path / "a.mhtml") if is_page(answer)]) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.mhtml", mail(CHROME_HEAD, part("Content-Type: image/png\r\n", PICTURE))),
        ("a.mhtml", mail(CHROME_HEAD, part("Content-Type: text/html\r\n", b" "))),
        ("a.webarchive", b"bplist00" + bytes(60)),
        ("a.mht", b"no mail at all"),
    ],
)
def test_a_file_without_a_page_is_refused_by_name(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=name):
        open_archive(tmp_path / name)


def test_an_ordinary_page_or_mail_is_no_page_in_one_file() -> None:
    assert not is_single_file(PAGE.encode())
    assert not is_single_file(
        b"From: a@quay.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed\r\n\r\nhello"
    )
    with pytest.raises(ValueError, match="no page"):
        unpack_page(b"hello")


MARKS = {
    "<!-- saved from url=(0032)https://shop.quay.example/item/7 -->": None,
    "<!--\n Page saved with SingleFile \n url: https://shop.quay.example/item/7 \n"
    " saved date: Fri Nov 20 2026 10:00:00 GMT+0800 (China Standard Time)\n-->": datetime(2026, 11, 20, 2, tzinfo=UTC),
    "<!-- saved from url=(0014)about:internet --><link rel=canonical href=https://shop.quay.example/item/7>": None,
    '<link href="https://shop.quay.example/item/7" id=c rel="canonical">': None,
    '<meta property="og:url" content="https://shop.quay.example/item/7">': None,
    "<meta content='https://shop.quay.example/item/7' property='og:url'>": None,
    "<!-- saved from url=(0032)https://shop.quay.example/item/7 --><link rel=canonical href=//else.example/>": None,
}


@pytest.mark.parametrize("mark", MARKS)
def test_a_saved_page_says_where_it_is_from(mark: str) -> None:
    assert stated_address(f"<!DOCTYPE html>\n{mark}\n{PAGE}".encode()) == (URL, MARKS[mark])


def save_complete(folder: Path, name: str, mark: str) -> None:
    (folder / f"{name}.html").write_text(
        f"<!DOCTYPE html>\n{mark}\n{PAGE}".replace(f"{URL}.png", f"{name}_files/a%20b.png")
    )
    (folder / f"{name}_files").mkdir()
    (folder / f"{name}_files" / "a b.png").write_bytes(PICTURE)
    (folder / f"{name}_files" / "saved_resource.html").write_text("<p>advertisement")


def test_a_folder_of_saved_pages_is_an_archive(tmp_path: Path) -> None:
    save_complete(tmp_path, "潮汐灯塔", next(iter(MARKS)))
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.mhtml").write_bytes(CHROME.replace(URL.encode(), b"https://shop.quay.example/item/8"))
    archive = open_archive(tmp_path)
    assert [answer.url for answer in archive if is_page(answer)] == ["https://shop.quay.example/item/8", URL]
    address = "https://shop.quay.example/item/%E6%BD%AE%E6%B1%90%E7%81%AF%E5%A1%94_files/a%20b.png"
    picture = archive.find_response("GET", address)
    assert picture is not None
    assert picture.body == PICTURE
    assert open_archive(tmp_path / "潮汐灯塔.html").find_response("GET", address) is not None


def test_a_saved_page_of_unknown_address_is_refused_with_what_to_do(tmp_path: Path) -> None:
    save_complete(tmp_path, "a", next(iter(MARKS)))
    (tmp_path / "b.html").write_text(PAGE)
    (tmp_path / "c.webarchive").write_bytes(web_archive("file:///a.html"))
    with pytest.raises(BadInput) as caught:
        open_archive(tmp_path)
    assert [Path(problem.file).name for problem in caught.value.problems] == ["b.html", "c.webarchive"]
    assert all("request.json" in problem.message for problem in caught.value.problems)
    assert read(tmp_path, "b.html")["listings"][0]["price"] == "45.00", (
        "read without an address it is a page of any shop"
    )


def test_a_damaged_file_does_not_hide_the_others(tmp_path: Path) -> None:
    save_complete(tmp_path, "a", next(iter(MARKS)))
    (tmp_path / "b.mhtml").write_bytes(mail(CHROME_HEAD, part("Content-Type: image/png\r\n", PICTURE)))
    archive = open_archive(tmp_path)
    assert [Path(entry.file).name for entry in archive.skipped if isinstance(entry, SkippedEntry)] == ["b.mhtml"]
    assert archive.find_response("GET", URL) is not None


@pytest.mark.parametrize("coding", ["quoted-printable", "base64", "8bit"])
def test_a_file_that_ends_within_its_page_is_partial(coding: str, tmp_path: Path) -> None:
    page = PAGE.replace("<h1>", f"<p>{'现货，包邮。' * 30}</p>\n<h1>").encode()
    body = page if coding == "8bit" else part("", page, coding).partition(b"\r\n\r\n")[2]
    head = f"--==b==\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: {coding}\r\n\r\n".encode()
    whole = mail(CHROME_HEAD, head + body + b"\r\n")
    for data, is_cut in ((whole, False), (whole[: whole.rindex(b"\r\n--==b==--")], True), (whole[:-300], True)):
        (tmp_path / "a.mhtml").write_bytes(data)
        (recorded,) = open_archive(tmp_path / "a.mhtml")
        assert (recorded.url, recorded.is_cut) == (URL, is_cut)


def test_a_file_that_ends_within_a_picture_has_its_page_whole(tmp_path: Path) -> None:
    (tmp_path / "a.mhtml").write_bytes(CHROME[: CHROME.index(b"Content-Type: text/css") - 40])
    assert not next(iter(open_archive(tmp_path / "a.mhtml"))).is_cut
