"""Few foreign bytes do not change the encoding of a page; what labels say counts only where the bytes leave it open."""

from __future__ import annotations

import time

import pytest

from crawler.page.charset import SAMPLE_BYTES, decode

SHORT_PAGE = "<html><title>潮汐灯塔 修订版</title><h1>潮汐灯塔 修订版</h1><b>￥45.00</b><p>全新 现货 包邮</p>"
TRADITIONAL_PAGE = "<html><title>潮汐燈塔 修訂版</title><p>全新現貨 免運費 這是好書</p>"
ENGLISH_PAGE = "<title>The Harbour Clock — paperback</title><b>£8.50</b><p>It’s new — free delivery</p>"
TEXT = "这是一本很好看的小说，作者的想象力非常丰富。"
BANNER = "本店二十年老店，全国包邮，提取码请联系客服"
UTF8, GBK = "text/html; charset=utf-8", "text/html; charset=gbk"


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        (b"\xa9 2026", "© 2026"),
        (b"\xa9 2026 caf\xe9", "© 2026 café"),
        (b"\x93cr\xe9\xe9e\x94 \x96 Mus\xe9e", "“créée” – Musée"),
        (b"\xa312.90", "£12.90"),
        (b"\x8012.90", "€12.90"),
        (BANNER.encode("gbk"), BANNER),
        ("书店".encode("gbk"), "书店"),
    ],
)
@pytest.mark.parametrize("header", [UTF8, "text/html", GBK, "text/html; charset=iso-8859-1"])
def test_a_utf8_page_stays_one_and_its_foreign_bytes_are_read_too(foreign: bytes, shown: str, header: str) -> None:
    body = (SHORT_PAGE + TEXT * 4).encode() + b"<p>" + foreign + b"</p>"
    assert decode(body, header).text == f"{SHORT_PAGE}{TEXT * 4}<p>{shown}</p>"


@pytest.mark.parametrize("text", [SHORT_PAGE, ENGLISH_PAGE, "<title>Plain</title>"])
@pytest.mark.parametrize("label", ["meta", "header"])
def test_a_label_and_a_few_characters_suffice_for_utf8_with_stray_letters(text: str, label: str) -> None:
    meta, header = ("<meta charset=utf-8>", "") if label == "meta" else ("", UTF8)
    body = (meta + text).encode() + b"<p>\xa9 caf\xe9 \xab un \xbb</p>"
    assert decode(body, header).text == f"{meta}{text}<p>© café « un »</p>"


@pytest.mark.parametrize("cut", ["灯".encode()[:1], "灯".encode()[:2], "灯".encode()[1:], "灯".encode()[2:]])
def test_a_character_that_was_cut_costs_no_other(cut: bytes) -> None:
    before, after = SHORT_PAGE.encode(), "<p>现货</p>".encode()
    for header in (UTF8, "", GBK):
        text = decode(before + "守夜".encode() + cut + after, header).text
        assert text.startswith(f"{SHORT_PAGE}守夜")
        assert text.endswith("<p>现货</p>")
        assert len(text) <= len(f"{SHORT_PAGE}守夜<p>现货</p>") + 2


def test_a_page_cut_in_a_character_keeps_its_encoding_however_short() -> None:
    for length in (1, 2, 4, 5):
        assert decode("<title>灯塔".encode()[:-length], UTF8).text.startswith("<title>灯"[: 8 - length // 3])


@pytest.mark.parametrize("header", [GBK, "", UTF8, "text/html; charset=iso-8859-1"])
@pytest.mark.parametrize("stray", [b"\xff", b"\xa9 ", b"\x80", "灯".encode()[:2] + b" "])
def test_a_chinese_page_in_another_encoding_stays_one_despite_a_stray_byte(header: str, stray: bytes) -> None:
    for name in ("gb18030", "big5"):
        text = (
            SHORT_PAGE if name == "gb18030" else "<html><title>潮汐燈塔 修訂版</title><p>全新現貨 免運費 這是好書</p>"
        )
        decoded = decode(text.encode(name, "ignore") + b"<p>" + stray + b"</p>", header)
        assert decoded.text.startswith(text.encode(name, "ignore").decode(name))
        assert decoded.text.endswith("</p>")


def test_the_first_letters_may_come_late() -> None:
    scripts = "<script>" + "var x = 1;" * (SAMPLE_BYTES // 8) + "</script>"
    for name in ("gbk", "utf-8"):
        for header in ("", GBK, UTF8):
            assert decode((scripts + SHORT_PAGE).encode(name, "ignore"), header).text.endswith("现货 包邮</p>")
    late_label = f"<script>{'x' * 9_000}</script><meta charset=koi8-r><p>Книга о маяке"
    assert decode(late_label.encode("koi8-r")).text == late_label


@pytest.mark.parametrize("text", ["Это хорошая книга о маяке", "หนังสือที่ดีเกี่ยวกับประภาคาร", "안녕하세요 등대에 관한 책"])
def test_a_utf8_label_on_another_encoding_is_not_believed(text: str) -> None:
    name = "cp1251" if text[0] == "Э" else "cp874" if text[0] == "ห" else "cp949"
    assert decode(text.encode(name), UTF8).encoding != "utf-8"


def test_utf8_that_was_encoded_twice_is_undone() -> None:
    as_latin = SHORT_PAGE.encode().decode("latin-1")
    as_windows = "".join(bytes([ord(each)]).decode("cp1252", "ignore") or each for each in as_latin)
    for twice in (as_latin, as_windows):
        assert decode(twice.encode(), UTF8).text == SHORT_PAGE
        template = f"<title>云帆小店</title>{twice}"
        assert decode(template.encode(), UTF8).text == f"<title>云帆小店</title>{SHORT_PAGE}", "only its text was"
    french = "<p>Un été à la mer : « déjà vu », naïveté, Noël, où, garçon, forêt, âge, île, œuvre, crème brûlée</p>"
    assert decode(french.encode(), UTF8).text == french


def test_bytes_of_all_kinds_cost_little_time() -> None:
    for hostile in (b"\xe9a" * 500_000, b"\xff" * 1_000_000, b"\xd1\xa7\xff@" * 250_000, "Ã©".encode() * 250_000):
        begun = time.process_time()
        decode("灯塔".encode() * 40_000 + hostile, UTF8)
        assert time.process_time() - begun < 3
