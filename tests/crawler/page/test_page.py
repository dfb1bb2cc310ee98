from __future__ import annotations

import asyncio
import gzip
import io
import json
import pickle
import time
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from crawler.errors import BadInput
from crawler.items import Listing, ListingKind, Outcome
from crawler.page import LayoutError, Page
from crawler.page.charset import decode
from crawler.page.outcome import is_removed, markers, outcome_of
from crawler.page.parser_bombs import MAX_IN_PROCESS_BYTES, is_suspicious
from crawler.page.product import product_facts
from crawler.page.reader import Reader, ReadTimeout, read_page
from desk.cli.read import add, read_page_rows

SIMPLIFIED_PAGE = (
    "<html><head><title>灯塔守夜人 正版二手书 包邮</title></head><p>这是一本很好看的小说，作者的想象力非常丰富。"
)
TRADITIONAL_PAGE = "<html><title>燈塔守夜人 正版二手書</title><p>這是一本很好看的小說，作者的想像力非常豐富。"
JAPANESE_TEXT = "これは灯台の本です。とても良い本でした。"
KOREAN_TEXT = "안녕하세요 이것은 등대에 관한 좋은 책입니다"
RUSSIAN_TEXT = "Это хорошая книга о маяке, которую стоит прочитать каждому"


@pytest.mark.parametrize(
    ("text", "stored_as", "header"),
    [
        (SIMPLIFIED_PAGE, "utf-8", ""),
        (SIMPLIFIED_PAGE, "utf-8", "text/html; charset=gbk"),
        (SIMPLIFIED_PAGE, "utf-8-sig", "text/html; charset=gbk"),
        (SIMPLIFIED_PAGE, "gbk", ""),
        (SIMPLIFIED_PAGE, "gbk", "text/html; charset=utf-8"),
        (SIMPLIFIED_PAGE, "gbk", "text/html; charset=iso-8859-1"),
        (SIMPLIFIED_PAGE, "gbk", 'text/html; charset="GB2312"'),
        (SIMPLIFIED_PAGE, "gb18030", "text/html; charset=no-such-thing"),
        (TRADITIONAL_PAGE, "big5", ""),
        (TRADITIONAL_PAGE, "big5", "text/html; charset=gb2312"),
        (TRADITIONAL_PAGE, "gb18030", "text/html; charset=big5"),
        (SIMPLIFIED_PAGE, "utf-16", ""),
        (SIMPLIFIED_PAGE, "utf-16-le", ""),
        (SIMPLIFIED_PAGE, "utf-16-be", "text/html; charset=utf-8"),
        (SIMPLIFIED_PAGE, "utf-32", ""),
        (JAPANESE_TEXT, "shift_jis", ""),
        (JAPANESE_TEXT, "euc_jp", "text/html; charset=euc-jp"),
        (JAPANESE_TEXT, "iso2022_jp", "text/html; charset=iso-2022-jp"),
        (KOREAN_TEXT, "euc_kr", "text/html; charset=euc-kr"),
        (RUSSIAN_TEXT, "cp1251", ""),
        (RUSSIAN_TEXT, "koi8_r", "text/html; charset=koi8-r"),
        ("café à la crème", "latin-1", "text/html; charset=iso-8859-1"),
        ("<meta charset='gbk'>价格 12 元", "gbk", ""),
        ("联通", "gbk", "text/html; charset=gbk"),
    ],
)
def test_text_is_found_whatever_the_label_says(text: str, stored_as: str, header: str) -> None:
    decoded = decode(text.encode(stored_as), header)
    assert decoded.text == text
    assert not decoded.mojibake


def test_a_cut_page_keeps_its_encoding() -> None:
    assert decode(SIMPLIFIED_PAGE.encode()[:-1]).text.startswith(SIMPLIFIED_PAGE[:-1])
    assert decode(SIMPLIFIED_PAGE.encode("gbk")[:-1]).text.startswith(SIMPLIFIED_PAGE[:-1])


def test_utf7_is_never_decoded() -> None:
    assert decode(b"+ADw-script+AD4-", "text/html; charset=utf-7").text == "+ADw-script+AD4-"
    assert decode(b"<meta charset=utf-7>+ADw-").text == "<meta charset=utf-7>+ADw-"


def test_damage_is_reported() -> None:
    assert decode("锟斤拷锟斤拷".encode()).mojibake
    assert decode(bytes(range(128, 256)) * 20, "text/html; charset=utf-8").text


@given(
    st.binary(max_size=400), st.sampled_from(["", "charset=utf-8", "charset=gbk", "charset=utf-16", "charset=utf-7"])
)
def test_any_bytes_become_clean_text(body: bytes, header: str) -> None:
    text = decode(body, header).text
    assert "\x00" not in text
    text.encode("utf-8")


PAGE = b"<html><head><title>Lantern</title></head><body><h1>Lantern</h1></body></html>"


@pytest.mark.parametrize(
    ("status", "body", "url", "outcome"),
    [
        (200, PAGE, "", Outcome.LIVE),
        (304, b"", "", Outcome.UNCHANGED),
        (404, PAGE, "", Outcome.GONE),
        (410, b"", "", Outcome.GONE),
        (401, PAGE, "", Outcome.CHALLENGED),
        (403, PAGE, "", Outcome.BLOCKED),
        (429, b"", "", Outcome.BLOCKED),
        (451, b"", "", Outcome.BLOCKED),
        (503, b"<title>Just a moment...</title>", "", Outcome.CHALLENGED),
        (500, PAGE, "", Outcome.ERROR),
        (502, b"", "", Outcome.ERROR),
        (400, PAGE, "", Outcome.ERROR),
        (302, b"", "", Outcome.ERROR),
        (200, b" \n", "", Outcome.PARTIAL),
        (204, b"", "", Outcome.PARTIAL),
        (200, b'{"items": [1, 2', "", Outcome.PARTIAL),
        (200, b'{"items": []}', "", Outcome.LIVE),
        (200, '{"code":1,"message":"请先登录"}'.encode(), "", Outcome.CHALLENGED),
        (200, "<title>安全验证</title><p>请拖动".encode(), "", Outcome.CHALLENGED),
        (200, "<title>安全验证</title>".encode("gbk"), "", Outcome.CHALLENGED),
        (200, b'{"ret":["FAIL_SYS_USER_VALIDATE::x"]}', "", Outcome.CHALLENGED),
        (200, b"<p>Enter the characters you see below</p>", "", Outcome.CHALLENGED),
        (200, PAGE, "https://login.taobao.com/member/login.jhtml", Outcome.CHALLENGED),
        (200, PAGE, "https://pan.baidu.com/error/404.html", Outcome.GONE),
        (200, "<title>商品不存在</title>".encode(), "", Outcome.GONE),
        (200, "<p>操作过于频繁，请稍后</p>".encode(), "", Outcome.BLOCKED),
    ],
)
def test_the_outcome_of_an_answer(status: int, body: bytes, url: str, outcome: Outcome) -> None:
    assert outcome_of(status, body, "", url) is outcome


def notice_page(title: str, body: str) -> bytes:
    links = "".join(f"<li><a href='/b/{number}'>版块 {number}</a></li>" for number in range(20))
    return (
        f"<!doctype html><html><head><title>{title}</title></head><body><ul>{links}</ul>{body}</body></html>".encode()
    )


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("提示信息 - 海图论坛 - Powered by Board", "<div><p>抱歉，指定的主题不存在或已被删除或正在被审核</p></div>"),
        ("提示信息", "<p>该帖子不存在</p>"),
        ("系统提示", "<div>您访问的<b>文章</b>已被作者删除。</div>"),
        ("该商品不存在或已下架 - 云帆小店", "<p>去别处看看</p>"),
        ("云帆小店", "<h1>抱歉，该商品已被卖家下架</h1>"),
        ("Harbour board - Information", "<h2>Information</h2><p>The requested topic does not exist.</p>"),
        ("Error", "<p>This topic has been deleted</p>"),
        ("Page not found – Quay Books", "<h1>Oops! That page can’t be found.</h1>"),
    ],
)
def test_a_notice_that_something_is_gone_is_no_listing(title: str, body: str) -> None:
    assert outcome_of(200, notice_page(title, body)) is Outcome.GONE


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("潮汐表 电子版 - 云帆小店", "<h1>潮汐表 电子版</h1><p>¥9.9</p><p>本店已下架其他商品，只剩这一件</p>"),
        ("潮汐表 电子版 - 云帆小店", "<h1>潮汐表 电子版</h1><p>¥9.9</p><p>其他商品已下架，只剩这一件</p>"),
        (
            "Tide Tables PDF",
            "<h1>Tide Tables PDF</h1><p>The old link has been deleted, new one: https://x.example/1</p>",
        ),
        ("Tide Tables (some posts were deleted)", "<h1>Tide Tables</h1><p>download below</p>"),
        ("提示信息的写法 - 书", "<h1>提示信息的写法</h1><p>一本讲网页文案的书。</p>"),
        ("提示信息", "<p>发表成功，正在返回</p>"),
    ],
)
def test_a_listing_that_speaks_of_what_is_gone_is_alive(title: str, body: str) -> None:
    assert outcome_of(200, notice_page(title, body)) is Outcome.LIVE


def test_a_page_that_shows_its_former_listing_no_more_and_says_so_is_gone() -> None:
    removed = notice_page("海图论坛", "<p>该帖子已被删除</p>")
    assert is_removed(removed, "", "潮汐表的读法 PDF 网盘")
    assert outcome_of(200, removed) is Outcome.LIVE, "without the former title nothing tells it from a page about posts"
    still_there = notice_page("海图论坛", "<h3>潮汐表的读法 PDF 网盘</h3><p>该帖子的图片已被删除</p>")
    assert not is_removed(still_there, "", "潮汐表的读法 PDF 网盘")
    renamed = notice_page("海图论坛", "<h3>老规矩</h3><p>私信取</p>")
    assert not is_removed(renamed, "", "潮汐表的读法 PDF 网盘")


def test_a_shop_may_sell_a_book_about_captchas() -> None:
    words = "".join(f"<p>A long chapter on how pages verify you are human, part {number}.</p>" for number in range(60))
    assert outcome_of(200, f"<title>The book of robots</title>{words}".encode()) is Outcome.LIVE
    script = b"<title>Lantern</title><script>var t = 'verify you are human'</script><h1>Lantern</h1>"
    assert outcome_of(200, script) is Outcome.LIVE


def test_every_marker_has_a_place_and_a_source() -> None:
    for marker in markers():
        assert marker.where in ("title", "text", "markup", "url")
        assert marker.source
        assert marker.words


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 2500,
        b"<b><i>" * 1500,
        b"<p " + b" ".join(b"a%d=1" % number for number in range(3000)) + b">",
        b'<p x=">" ' + b" ".join(b"a%d" % number for number in range(3000)) + b">",
        b'<p x="<" ' + b" ".join(b"a%d" % number for number in range(3000)) + b">",
        b"<div></x>" * 2500,
        b"x" * (MAX_IN_PROCESS_BYTES + 1),
    ],
    ids=["deep", "formatting", "attributes", "quoted end", "quoted begin", "stray ends", "large"],
)
def test_bombs_are_suspicious(body: bytes) -> None:
    assert is_suspicious(body)


def test_honest_pages_are_not_suspicious() -> None:
    rows = b"".join(b"<li class=item><p>one<br>two<img src=x><td>three" for _ in range(2000))
    assert not is_suspicious(b"<html><body><ul>" + rows + b"</ul></body></html>")
    assert not is_suspicious(b'{"items": [' + b"[" * 100 + b"]" * 100 + b"]}")


def test_the_scan_is_linear() -> None:
    start = time.perf_counter()
    for piece in (b"<", b"</a", b"<a ", b"<a\n", b"< ", b"<a x='", b"<!--"):
        is_suspicious(piece * (MAX_IN_PROCESS_BYTES // len(piece)))
    assert time.perf_counter() - start < 5


def test_selections_are_loud_where_a_page_lacks_something() -> None:
    page = Page(url="https://shop.example/a", body=PAGE)
    assert page.css("h1").text() == "Lantern"
    assert page.css(".price").text(default=None) is None
    with pytest.raises(LayoutError, match=r"\.price"):
        page.css(".price").text()
    with pytest.raises(LayoutError):
        page.css("a").attrib["href"]


def test_visible_text_has_no_scripts_but_a_script_has_its_own() -> None:
    page = Page(url="https://x.example/", body=b"<p>one<script id=s>var two</script><style>b{}</style> three</p>")
    assert page.text() == "one three"
    assert page.css("p").text() == "one three"
    assert page.css("#s").text() == "var two"


def test_addresses_are_seen_from_the_page_and_its_base() -> None:
    page = Page(url="https://shop.example/a/b", body=b"<base href='/c/'><a href=' d '>")
    assert page.urljoin("d") == "https://shop.example/c/d"
    assert Page(url="https://shop.example/a/b", body=b"{}").urljoin("//img.example/x") == "https://img.example/x"
    with pytest.raises(LayoutError):
        page.urljoin("http://[::1")


def test_json_is_clean_or_refused() -> None:
    page = Page(url="https://x.example/", body=rb'{"a": ["\ud800x\u0000", "\ud83d\ude00"], "\udc00": 1}')
    assert page.json() == {"a": ["\ufffdx", "😀"], "\ufffd": 1}
    for body in (b"<html>", b"[" * 100_000, b'{"a": 1', b""):
        with pytest.raises(LayoutError):
            Page(url="https://x.example/", body=body).json()


def test_pages_are_pickled() -> None:
    page = Page(url="https://x.example/", body=PAGE, values={"a": "1"})
    assert page.css("h1").text()
    assert pickle.loads(pickle.dumps(page)) == page


HANGING_PLATFORM = """
import time
from crawler.items import Listing, ListingKind


class Hanging:
    name = "zz_hanging"

    def read(self, page):
        if b"hang" in page.body[:10]:
            time.sleep(60)
        yield Listing(platform=self.name, kind=ListingKind.POST, url=page.url, title=str(len(page.body)))
"""


@pytest.fixture
def hanging_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A platform in a module of its own, so that a worker process can import it."""
    (tmp_path / "zz_hanging.py").write_text(HANGING_PLATFORM)
    monkeypatch.syspath_prepend(str(tmp_path))
    return import_module("zz_hanging").Hanging()


def test_a_hanging_read_is_killed_and_the_next_page_is_read(hanging_platform: Any) -> None:
    large = b"x" * (MAX_IN_PROCESS_BYTES + 1)

    async def read_both() -> tuple[float, list[Any]]:
        reader = Reader(deadline=1.5)
        ticks = 0

        async def count_ticks() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.05)
                ticks += 1

        ticking = asyncio.create_task(count_ticks())
        try:
            start = time.perf_counter()
            with pytest.raises(ReadTimeout, match=r"1\.5 s"):
                await reader.read(hanging_platform, Page(url="https://x.example/", body=b"hang" + large))
            assert ticks > 10, "the event loop stood still"
            listings = await reader.read(hanging_platform, Page(url="https://x.example/", body=large))
            return time.perf_counter() - start, listings
        finally:
            ticking.cancel()
            reader.close()

    seconds, listings = asyncio.run(read_both())
    assert seconds < 20
    assert [listing.title for listing in listings] == [str(len(large))]


def test_small_pages_are_read_in_place() -> None:
    listing = Listing(platform="x", kind=ListingKind.POST, url="https://x.example/", title="t")
    spider: Any = SimpleNamespace(name="x", read=lambda page: [listing])
    reader = Reader()
    assert asyncio.run(reader.read(spider, Page(url="https://x.example/", body=PAGE))) == [listing]
    reader.close()


def test_pages_that_arrive_together_are_read_one_in_each_round_of_the_loop() -> None:
    rounds = 0
    read_in: list[int] = []

    def read(_page: Page) -> list[Listing]:
        read_in.append(rounds)
        return []

    async def read_together() -> None:
        nonlocal rounds
        spider: Any = SimpleNamespace(name="x", read=read)
        reader = Reader()
        page = Page(url="https://x.example/", body=PAGE)
        reads = [asyncio.create_task(reader.read(spider, page)) for _ in range(5)]
        while not all(task.done() for task in reads):
            await asyncio.sleep(0)
            rounds += 1

    asyncio.run(read_together())
    assert len(set(read_in)) == 5


def test_saved_pages_are_read_row_by_row(tmp_path: Path) -> None:
    markup = "<h1>灯塔守夜人</h1>https://pan.quark.cn/s/0a1b2c3d4e5f 提取码：Kx7m"
    (tmp_path / "a.html").write_text(markup, encoding="gbk")
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(b'{"results": 1}'))
    (tmp_path / "c.html.gz").write_bytes(gzip.compress(b"<h1>x</h1>" * 50)[:-9])
    (tmp_path / "d.html").write_text("<title>验证码</title>")
    rows = [
        {"file": "a.html", "url": "https://bbs.example/1"},
        {"file": "b.json.gz", "url": "https://itunes.apple.com/search?term=x"},
        {"file": "c.html.gz", "url": "https://bbs.example/2"},
        {"file": "none.html", "url": "https://bbs.example/3"},
        {"file": "d.html", "url": "https://bbs.example/4", "spider": "kongfz"},
        {"file": "a.html"},
    ]
    source = tmp_path / "pages.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    app = typer.Typer()
    add(app)
    result = CliRunner().invoke(app, [str(source), "-o", str(tmp_path / "out.jsonl")])
    assert result.exit_code == 0, result.output
    out_rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["file"], row["spider"], row["outcome"]) for row in out_rows] == [
        ("a.html", "shop", "live"),
        ("b.json.gz", "appstore", "error"),
        ("c.html.gz", "shop", "error"),
        ("none.html", "shop", "missing"),
        ("d.html", "kongfz", "challenged"),
        ("a.html", "shop", "live"),
    ]
    (post,) = out_rows[0]["listings"]
    assert {name: post[name] for name in ("kind", "url", "title")} == {
        "kind": "post",
        "url": "https://bbs.example/1",
        "title": "灯塔守夜人",
    }
    assert [(link["platform"], link["code"]) for link in post["links"]] == [("quark", "Kx7m")]
    assert "price" not in post
    printed = CliRunner().invoke(app, [str(source)])
    assert printed.exit_code == 0
    assert printed.stdout_bytes == (tmp_path / "out.jsonl").read_bytes()


def test_wrong_rows_are_named() -> None:
    wrong = ["{", "[]", '{"url": "https://x.example/"}', '{"file": 1}', '{"file": "a", "spider": "nobody"}']
    with pytest.raises(BadInput) as raised:
        read_page_rows(io.StringIO("\n".join(wrong)), "pages.jsonl")
    assert [problem.line for problem in raised.value.problems] == [1, 2, 3, 4, 5]


def test_a_changed_layout_is_a_layout_error() -> None:
    spider: Any = SimpleNamespace(name="x", read=lambda page: [page.json()["missing"]])
    with pytest.raises(LayoutError, match="x: KeyError"):
        read_page(spider, Page(url="https://x.example/", body=b"{}"))


@pytest.mark.parametrize(
    ("signs", "currency"),
    [("€ 1, £ 2", "EUR"), ("£ 2, € 1", "GBP"), ("€ 1, £ 2, zł 3, £ 4", "GBP"), ("₽ 1, ₹ 2, ₪ 3, ₸ 4", "RUB")],
)
def test_of_equally_frequent_currency_signs_the_first_on_the_page_counts(signs: str, currency: str) -> None:
    offer = '{"@type": "Product", "name": "灯塔守夜人", "offers": {"@type": "Offer", "price": "45.00"}}'
    body = f'<h1>灯塔守夜人</h1><script type="application/ld+json">{offer}</script><p>{signs}</p>'
    facts = product_facts(Page(url="https://shop.example/1", body=body.encode(), content_type="text/html"))
    assert facts.values["currency"] == currency
    assert facts.sources["currency"] == "signs on the page"


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"<!doctype html><p>x", "application/json", True),
        (b"\n <p>x", "text/json; charset=utf-8", True),
        (b'{"a": 1}', "text/html", False),
        (b" [1]", "", False),
        (b"jsonp({})", "application/json", False),
        (b"plain words", "text/plain", True),
    ],
)
def test_markup_is_known_by_its_first_character_then_by_its_label(
    body: bytes, content_type: str, expected: bool
) -> None:
    assert Page(url="https://shop.example/", body=body, content_type=content_type).is_html is expected
