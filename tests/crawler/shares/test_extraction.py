"""Share links and access codes: what sellers write, and what a patient reader would open. All names are invented."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import BadInput
from crawler.shares import extract_links
from crawler.shares.deobfuscation import deobfuscate
from crawler.shares.link_rules import compile_grammar, load_grammar
from tests.conftest import slowdown

BAIDU_ID = "AbCdEfGhIjKlMnOpQrSt_9"
BAIDU_URL = f"https://pan.baidu.com/s/1{BAIDU_ID}"
BAIDU2_ID = "ZyXwVuTsRqPoNmLkJiHg-8"
BAIDU2_URL = f"https://pan.baidu.com/s/1{BAIDU2_ID}"
QUARK_ID = "0a1b2c3d4e5f"
QUARK_URL = f"https://pan.quark.cn/s/{QUARK_ID}"

LinkTuples = list[tuple[str, str, str | None]]


def links_of(text: str) -> LinkTuples:
    return [(link.platform, link.share_id, link.code) for link in extract_links(text)]


@pytest.mark.parametrize("name", [rule.name for rule in load_grammar().rules])
def test_each_platform_reads_its_own_example(name: str) -> None:
    rule = next(rule for rule in load_grammar().rules if rule.name == name)
    (link,) = extract_links(rule.example)
    assert link.platform == name
    assert link.tricks == ()
    assert rule.example[slice(*link.span)].startswith(rule.example[:10])
    (repeated,) = extract_links(link.url)
    assert (repeated.platform, repeated.share_id) == (name, link.share_id)


BAIDU_SPELLINGS = [
    f"{BAIDU_URL} 提取码：x9k2",
    f"{BAIDU_URL}?pwd=x9k2",
    f"{BAIDU_URL}#x9k2",
    f"https://pan.baidu.com/share/init?surl={BAIDU_ID}&pwd=x9k2",
    f"https://yun.baidu.com/share/init?pwd=x9k2&surl={BAIDU_ID}",
    f"https://user:word@pan.baidu.com:443/s/1{BAIDU_ID} 码 x9k2",
    f"{BAIDU_URL}\r\n提取码：\r\nx9k2",
    f"{BAIDU_URL}\n\nx9k2",
    f"{BAIDU_URL} x9k2",
    f"{BAIDU_URL}----x9k2",
    f"{BAIDU_URL}（x9k2）",
    f"{BAIDU_URL} 密马：x9k2",
    f"{BAIDU_URL} 提.取.码 x9k2",
    f"{BAIDU_URL} 提取码倒过来写：2k9x",
    f"{BAIDU_URL} 码 x-9-k-2",
    f"{BAIDU_URL} 提取码 x 9 k 2",
    f"{BAIDU_URL} 密码 x九k二",
    f"{BAIDU_URL} 提取码：ｘ⑨ｋ②",
    f"{BAIDU_URL} 打开后输入x9k2就能看",
    f"x9k2 是提取码，{BAIDU_URL}",
    f"提取码x9k2 {BAIDU_URL}",
    f"{BAIDU_URL} 提取码：x9k2 解压密码：ab12",
    f"解压密码 ab12 {BAIDU_URL} 提取码 x9k2",
    f"{BAIDU_URL} Extraction Code: x9k2",
    f"pan点baidu点com/s/1{BAIDU_ID} 码x9k2",
    f"pan，baidu，com/s/1{BAIDU_ID} 提取码x9k2",
    f"pan(dot)baidu[.]com/s/1{BAIDU_ID} 提取码x9k2",
    f"p a n . b a i d u . c o m / s / 1{BAIDU_ID} 提取码 x9k2",
    f"pan.bai度du.com/s/1{BAIDU_ID}?pwd=x9k2",
    f"pan.baidu.com/s/1{BAIDU_ID[:6]}删{BAIDU_ID[6:]} 提取码:x9k2",
    f"pan.baidu.com/s/1{BAIDU_ID[:9]} 🐶 {BAIDU_ID[9:]} 提取码:x9k2",
    f"pan.baidu.com/s/\n1{BAIDU_ID}\n提取码:x9k2",
    f"раn.bаidu.com/s/1{BAIDU_ID} 提取码:x9k2",
    f"pan.\u200bbaidu.com/s/1{BAIDU_ID}?pwd=x9\u200dk2",
    f"ｈｔｔｐｓ：／／ｐａｎ．ｂａｉｄｕ．ｃｏｍ／ｓ／１{BAIDU_ID} 提取码：x9k2",
    f"hxxps://pan[.]baidu[.]com/s/1{BAIDU_ID}?pwd=x9k2",
    f"&#104;ttps&#x3a;//pan.baidu.com/s/1{BAIDU_ID}?pwd&#61;x9k2",
    f"百度网盘：/s/1{BAIDU_ID} 码 x9k2",
    f'{{"url":"https:\\/\\/pan.baidu.com\\/s\\/1{BAIDU_ID}?pwd=x9k2"}}',
    f"https%3A%2F%2Fpan.baidu.com%2Fs%2F1{BAIDU_ID}%3Fpwd%3Dx9k2",
    f'<a href="https://to.example/?u=https%253A%252F%252Fpan.baidu.com%252Fs%252F1{BAIDU_ID}%253Fpwd%253Dx9k2">x</a>',
    f"<p>https://pan.<b>baidu</b>.com/s/1{BAIDU_ID}</p><p>提取码：<i>x9k2</i></p>",
    f"&lt;p&gt;{BAIDU_URL}&lt;/p&gt; 提取码 x9k2",
    f"[盘]({BAIDU_URL}) **密码**: `x9k2`",
    f"{BAIDU_URL}\n{BAIDU_URL}?pwd=x9k2",
]


@pytest.mark.parametrize("text", BAIDU_SPELLINGS)
def test_one_share_in_many_spellings(text: str) -> None:
    assert links_of(text) == [("baidu", BAIDU_ID, "x9k2")]


PAN123_ID = "AbCdEf-GhIjK"
PAN123_ADDRESSES = [
    f"https://1837300001.share.123pan.cn/123pan/{PAN123_ID}",
    f"https://1837300001.mshare.123pan.cn/123pan/{PAN123_ID}",
    f"1837300001.share.123pan.com/123pan/{PAN123_ID}",
    f"https://reader.share.123pan.cn/s/{PAN123_ID}",
    f"https://www.123pan.com/s/{PAN123_ID}.html",
    f"https://www.123684.com/gsb/s/{PAN123_ID}",
    f"https://www.123912.com/s/{PAN123_ID}",
    f"www.123592.com/ps/{PAN123_ID}",
    f"123云盘：{PAN123_ID}",
]


@pytest.mark.parametrize("address", PAN123_ADDRESSES)
def test_all_addresses_of_a_share_of_123_are_one_share(address: str) -> None:
    (link,) = extract_links(f"{address} 提取码：x9k2")
    assert (link.platform, link.share_id, link.code) == ("123", PAN123_ID, "x9k2")
    assert link.url == f"https://www.123pan.com/s/{PAN123_ID}"


OLDER_ID = "shareid=3512300001&uk=1234500002"
OLDER_BAIDU_ADDRESSES = [
    "http://pan.baidu.com/share/link?shareid=3512300001&uk=1234500002",
    "https://yun.baidu.com/share/link?uk=1234500002&shareid=3512300001",
    "pan.baidu.com/share/link?shareid=3512300001&amp;uk=1234500002&fid=99",
    "http://pan.baidu.com/wap/link?fid=7&uk=1234500002&shareid=3512300001&third=0",
    "https://pan.baidu.com/share/init?shareid=3512300001&uk=1234500002",
    "https://pan.baidu.com/share/link?shareid=3512300001&uk=1234500002#list/path=%2F",
    "pan点baidu点com/share/link?shareid=3512300001&uk=1234500002",
]


@pytest.mark.parametrize("address", OLDER_BAIDU_ADDRESSES)
def test_an_older_address_names_the_share_by_its_two_numbers(address: str) -> None:
    (link,) = extract_links(f"{address} 提取码：x9k2")
    assert (link.platform, link.share_id, link.code) == ("baidu", OLDER_ID, "x9k2")
    assert link.url == f"https://pan.baidu.com/share/link?{OLDER_ID}"


@pytest.mark.parametrize(
    ("address", "share_id"),
    [
        ("https://pan.baidu.com/share/link?shareid=35123&uk=12345&pwd=x9k2", "shareid=35123&uk=12345"),
        ("https://pan.baidu.com/pcloud/album/info?uk=12345&album_id=6789 码 x9k2", "album_id=6789&uk=12345"),
        ("https://yun.baidu.com/pcloud/album/file?album_id=6789&uk=12345&fsid=1 码 x9k2", "album_id=6789&uk=12345"),
        (f"https://pan.baidu.com/wap/link?surl={BAIDU_ID}&pwd=x9k2", BAIDU_ID),
    ],
)
def test_further_older_addresses(address: str, share_id: str) -> None:
    (link,) = extract_links(address)
    assert (link.share_id, link.code) == (share_id, "x9k2")
    assert extract_links(link.url)[0].share_id == share_id


SEVERAL_LINKS: list[tuple[str, LinkTuples]] = [
    (f"{QUARK_URL}{BAIDU_URL}", [("quark", QUARK_ID, None), ("baidu", BAIDU_ID, None)]),
    (f"{QUARK_URL} {BAIDU_URL} 提取码都是x9k2", [("quark", QUARK_ID, "x9k2"), ("baidu", BAIDU_ID, "x9k2")]),
    (f"百度网盘 1{BAIDU_ID}?pwd=aa11  1{BAIDU2_ID}?pwd=bb22",
     [("baidu", BAIDU_ID, "aa11"), ("baidu", BAIDU2_ID, "bb22")]),
    (f"百度网盘：1{BAIDU_ID}、1{BAIDU2_ID}", [("baidu", BAIDU_ID, None), ("baidu", BAIDU2_ID, None)]),
    (f"百度网盘\n1{BAIDU_ID} 提取码 aa11\n1{BAIDU2_ID} 提取码 bb22",
     [("baidu", BAIDU_ID, "aa11"), ("baidu", BAIDU2_ID, "bb22")]),
    (f"百度云 上册 1{BAIDU_ID} 码aa11，下册 1{BAIDU2_ID} 码bb22",
     [("baidu", BAIDU_ID, "aa11"), ("baidu", BAIDU2_ID, "bb22")]),
    (f"夸克网盘 {QUARK_ID}  fedc0a1b2c3d", [("quark", QUARK_ID, None), ("quark", "fedc0a1b2c3d", None)]),
    (f"夸克：\n1. {QUARK_ID}\n2. fedc0a1b2c3d 提取码 bb22",
     [("quark", QUARK_ID, None), ("quark", "fedc0a1b2c3d", "bb22")]),
    (f"夸克 /s/{QUARK_ID} /s/fedc0a1b2c3d", [("quark", QUARK_ID, None), ("quark", "fedc0a1b2c3d", None)]),
    (f"123网盘 {PAN123_ID} 提取码aa11 LmNoPq-RsT7 提取码bb22",
     [("123", PAN123_ID, "aa11"), ("123", "LmNoPq-RsT7", "bb22")]),
    (f"百度 1{BAIDU_ID} 码aa11 夸克 {QUARK_ID} 码bb22", [("baidu", BAIDU_ID, "aa11"), ("quark", QUARK_ID, "bb22")]),
    (f"夸克网盘 {QUARK_ID} 订单号 fedc0a1b2c3d", [("quark", QUARK_ID, None)]),
    (f"{QUARK_URL} 设备编码 fedc0a1b2c3d", [("quark", QUARK_ID, None)]),
    (f"统一提取码x9k2\n{QUARK_URL}\n{BAIDU_URL}", [("quark", QUARK_ID, "x9k2"), ("baidu", BAIDU_ID, "x9k2")]),
    (f"百度码:aa11 夸克码:bb22\n{QUARK_URL}\n{BAIDU_URL}", [("quark", QUARK_ID, "bb22"), ("baidu", BAIDU_ID, "aa11")]),
    (f"链接1 {BAIDU_URL}\n链接2 {BAIDU2_URL}\n提取码2 bb22\n提取码1 aa11",
     [("baidu", BAIDU_ID, "aa11"), ("baidu", BAIDU2_ID, "bb22")]),
    (f"{BAIDU_URL}\n{BAIDU2_URL}\n提取码 aa11\n提取码 bb22",
     [("baidu", BAIDU_ID, "aa11"), ("baidu", BAIDU2_ID, "bb22")]),
    (f"{BAIDU_URL}\n提取码 aa11\n{BAIDU2_URL}\n提取码 bb22",
     [("baidu", BAIDU_ID, "aa11"), ("baidu", BAIDU2_ID, "bb22")]),
    (f"提取码 aa11\n{BAIDU_URL}\n提取码 bb22\n{BAIDU2_URL}",
     [("baidu", BAIDU_ID, "aa11"), ("baidu", BAIDU2_ID, "bb22")]),
    (f"{BAIDU_URL}?pwd=aa11 提取码 bb22", [("baidu", BAIDU_ID, "aa11")]),
    ("https://wwab.lanzouq.com/iAbCd1e2f3g 密码:芝麻开门", [("lanzou", "iAbCd1e2f3g", "芝麻开门")]),
    ("https://cloud.189.cn/t/AbCdEfGh1234%EF%BC%88%E8%AE%BF%E9%97%AE%E7%A0%81%EF%BC%9Ax9k2%EF%BC%89",
     [("tianyi", "AbCdEfGh1234", "x9k2")]),
    ("https://www.123684.com/s/AbCdEf-GhIjK.html提取码:x9k2", [("123", "AbCdEf-GhIjK", "x9k2")]),
    ("https://mega.nz/#!AbCdEf12!AbCdEfGhIjKlMnOpQrStUvWx", [("mega", "AbCdEf12", None)]),
    ("https://1drv.ms/u/s!AbCdEfGhIjKlMnOp?e=AbCd12", [("onedrive", "s!AbCdEfGhIjKlMnOp", None)]),
    ("t.me/Some_Channel 或 https://t.me/+AbCdEf12345",
     [("telegram", "some_channel", None), ("telegram", "+abcdef12345", None)]),
    ("进群：QQ交流群 ： 123 456 789", [("qq_group", "123456789", None)]),
    ("群号八三四五六七八", [("qq_group", "8345678", None)]),
    ("aHR0cHM6Ly9wYW4ucXVhcmsuY24vcy8wYTFiMmMzZDRlNWY=", [("quark", QUARK_ID, None)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SEVERAL_LINKS)
def test_links_and_codes_find_each_other(text: str, expected: LinkTuples) -> None:
    assert links_of(text) == expected


TEXTS_WITHOUT_CODE = [
    f"{QUARK_URL} 无需提取码 大小 88GB",
    f"{QUARK_URL} 提取码见评论",
    f"解压密码：x9k2 {QUARK_URL}",
    f"{QUARK_URL}\n压缩包密码 x9k2",
    f"{QUARK_URL} unzip password: x9k2",
    f"验证码：8866，{QUARK_URL}",
    f"{QUARK_URL} 2024年出版 共 1999 页",
]


@pytest.mark.parametrize("text", TEXTS_WITHOUT_CODE)
def test_what_opens_something_else_is_no_access_code(text: str) -> None:
    assert links_of(text) == [("quark", QUARK_ID, None)]


CODES_ELSEWHERE = [
    "密码是生日后四位",
    "提取码：手机号后四位",
    "提取码是我生日后4位",
    "提取码：订单号后四位",
    "提取码为我QQ前四位",
    "code: last four digits of my phone number",
    "code: last four of the order number",
    "password: same as username",
    "密码见评论",
    "密码 看简介",
    "提取码 ISBN后4位",
    "密码：QQ号后四位",
    "提取码私信",
    "提取码：公众号回复1234",
    "密码：站名拼音",
    "密码是书名首字母",
    "提取码见楼下\nab12",
]


@pytest.mark.parametrize("hint", CODES_ELSEWHERE)
@pytest.mark.parametrize("url", [BAIDU_URL, QUARK_URL, "https://wwab.lanzouq.com/iAbCd1e2f3g"])
def test_a_hint_at_a_code_is_kept_and_is_none(url: str, hint: str) -> None:
    (link,) = extract_links(f"{url} {hint}")
    assert (link.code, link.code_kind) == (None, "elsewhere")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("提取码：链接后四位", BAIDU_ID[-4:]),
        ("提取码就是网址的最后4位", BAIDU_ID[-4:]),
        ("提取码为链接前四位", BAIDU_ID[:4]),
        ("提取码：手机号后四位 0728", "0728"),
        ("密码是生日后四位：0521", "0521"),
        ("提取码：x9k2 更多请关注公众号", "x9k2"),
    ],
)
def test_a_code_that_can_be_worked_out_is_no_hint(words: str, code: str) -> None:
    assert links_of(f"{BAIDU_URL} {words}") == [("baidu", BAIDU_ID, code)]


def test_a_link_that_needs_no_code_has_no_hint() -> None:
    (link,) = extract_links(f"{QUARK_URL} 无需提取码，见评论")
    assert (link.code, link.code_kind) == (None, None)


TEXTS_WITHOUT_LINK = [
    f"https://pan.baidu.com.evil.test/s/1{BAIDU_ID}",
    f"https://pan.baidu.com@evil.test/s/1{BAIDU_ID}",
    f"https://evil.test/pan.baidu.com/s/1{BAIDU_ID}",
    f"https://xpan.baidu.com/s/1{BAIDU_ID}",
    "https://notlanzou.com/iAbCd1e2f3g",
    "https://start.me/p/AbCdEf/page",
    f"订单号 /s/1{BAIDU_ID} 请核对",
    "https://pan.quark.cn/g/abcdef1234",
    "https://pan.baidu.com/share/home?uk=1234500002",
    "https://pan.baidu.com/share/link?uk=1234500002",
    "https://www.123pan.com/123pan/",
    "123 AbCdEf-GhIj7 型号",
    "https://pan.quark.cn/ 夸克网盘官网",
    "https://pan.quark.cn/s/xxxxxxxxxxxx",
    "群主电话 13812345678",
    "提取码管理系统 毕业设计",
    "",
]


@pytest.mark.parametrize("text", TEXTS_WITHOUT_LINK)
def test_texts_without_a_share_link(text: str) -> None:
    assert links_of(text) == []


@pytest.mark.parametrize(
    ("text", "trick"),
    [
        (f"p a n.quark.cn/s/{QUARK_ID}", "gaps"),
        (f"pan点quark点cn/s/{QUARK_ID}", "dot_words"),
        (f"pan.quark.cn斜杠s斜杠{QUARK_ID}", "slash_words"),
        (f"hxxp://pan.quark.cn/s/{QUARK_ID}", "defanged"),
        (f"pan.qu\u200bark.cn/s/{QUARK_ID}", "zero_width"),
        (f"ｐan.quark.cn/s/{QUARK_ID}", "full_width"),
        (f"pаn.quark.cn/s/{QUARK_ID}", "lookalikes"),
        (f"&#112;an.quark.cn/s/{QUARK_ID}", "entities"),
        (f"pan.<i>quark</i>.cn/s/{QUARK_ID}", "markup"),
        (f"https://jump.example/?u=https://pan.quark.cn/s/{QUARK_ID}", "redirect"),
        (f"{QUARK_URL} 码 x-9-k-2", "split_code"),
        (f"{QUARK_URL} 密码反过来：2k9x", "reversed"),
        (f"{QUARK_URL} 密码八八四八", "chinese_digits"),
    ],
)
def test_tricks_are_reported(text: str, trick: str) -> None:
    (link,) = extract_links(text)
    assert link.tricks == (trick,)


def test_plain_writing_is_no_trick() -> None:
    (link,) = extract_links(f"<p>夸克：<a href='{QUARK_URL}?entry=a&amp;b=1'>下载</a>，提取码：x9k2。</p>")
    assert (link.tricks, link.code, link.code_kind) == ((), "x9k2", "label")


def test_spans_lead_back_to_the_original() -> None:
    text = f"前言 &amp; ｐan.qu\u200bark.cn/s/{QUARK_ID}?pwd=x9k2，后记"
    (link,) = extract_links(text)
    assert text[slice(*link.span)] == f"ｐan.qu\u200bark.cn/s/{QUARK_ID}?pwd=x9k2"


@given(st.text(alphabet="panquark.cn/s0a1b 码:&;#%<>\\\n点ｐ\u200b提取", max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_and_every_span_lies_in_it(text: str) -> None:
    view = deobfuscate(text)
    assert len(view.text) == len(view.starts) == len(view.ends)
    assert all(0 <= start <= end <= len(text) for start, end in zip(view.starts, view.ends, strict=True))
    for link in extract_links(f"{text} {QUARK_URL}"):
        start, end = link.span
        assert 0 <= start < end <= len(text) + 1 + len(QUARK_URL)


HOSTILE_REPETITIONS = 50_000
HOSTILE_TEXTS: dict[str, tuple[str, str | Callable[[int], str], int, str]] = {  # before, repeated, how often, after
    "blanks": ("提取码", " ", HOSTILE_REPETITIONS, ""),
    "lines": ("提取码", "\n", HOSTILE_REPETITIONS, ""),
    "digits": ("提取码", "1", HOSTILE_REPETITIONS, ""),
    "labels": ("", "提取码", HOSTILE_REPETITIONS, ""),
    "fills": ("", "提取码是", HOSTILE_REPETITIONS, ""),
    "dots": ("", "a.", HOSTILE_REPETITIONS, ""),
    "torn": ("", "pan baidu com / s / ", HOSTILE_REPETITIONS // 10, ""),
    "tags": ("", "<a ", HOSTILE_REPETITIONS, ""),
    "attributes": ("", '<a a="', HOSTILE_REPETITIONS, ""),
    "groups": ("", "群:", HOSTILE_REPETITIONS, ""),
    "magnets": ("", "magnet:?", HOSTILE_REPETITIONS, ""),
    "percent": ("%", "25", HOSTILE_REPETITIONS, ""),
    "users": ("", "a@", HOSTILE_REPETITIONS, ""),
    "links": ("", lambda number: f"https://pan.quark.cn/s/0123456{number:05d}\n", 2000, ""),
    "pairs": ("", lambda number: f"https://pan.quark.cn/s/0123456{number:05d} 码 {number:04d}\n", 2000, ""),
}


@pytest.mark.parametrize("name", list(HOSTILE_TEXTS))
def test_time_grows_as_the_text_does(name: str) -> None:
    assert slowdown(extract_links, HOSTILE_TEXTS[name]) < 9


RULE_RECORD = {
    "hosts": ["drive.example"], "paths": ["/s/{id}"], "id": "[a-z]{4}",
    "example": "https://drive.example/s/abcd", "source": "t",
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"hots": []},
        {"source": " "},
        {"id": "[a-z"},
        {"paths": ["/s/"]},
        {"hosts": "drive.example"},
        {"lower": "yes"},
        {"hosts": []},
        {"queries": ["/share/link?shareid"]},
        {"queries": ["share?a&b"]},
    ],
)
def test_wrong_rules_are_refused_with_their_platform(wrong: dict[str, object]) -> None:
    assert compile_grammar({"one": RULE_RECORD}).rule_for_host("drive.example")
    with pytest.raises(BadInput) as caught:
        compile_grammar({"one": RULE_RECORD | wrong})
    assert caught.value.problems[0].field == "one"


def test_a_host_of_two_platforms_is_refused() -> None:
    with pytest.raises(BadInput, match="another platform"):
        compile_grammar({"one": RULE_RECORD, "two": RULE_RECORD})
