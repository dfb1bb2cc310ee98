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
from tests.conftest import growth

B = "AbCdEfGhIjKlMnOpQrSt_9"
BAIDU = f"https://pan.baidu.com/s/1{B}"
B2 = "ZyXwVuTsRqPoNmLkJiHg-8"
BAIDU2 = f"https://pan.baidu.com/s/1{B2}"
Q = "0a1b2c3d4e5f"
QUARK = f"https://pan.quark.cn/s/{Q}"

Told = list[tuple[str, str, str | None]]


def told(text: str) -> Told:
    return [(link.platform, link.share_id, link.code) for link in extract_links(text)]


@pytest.mark.parametrize("name", [rule.name for rule in load_grammar().rules])
def test_each_platform_reads_its_own_example(name: str) -> None:
    rule = next(rule for rule in load_grammar().rules if rule.name == name)
    (link,) = extract_links(rule.example)
    assert link.platform == name
    assert link.tricks == ()
    assert rule.example[slice(*link.span)].startswith(rule.example[:10])
    (again,) = extract_links(link.url)
    assert (again.platform, again.share_id) == (name, link.share_id)


ONE_BAIDU = [
    f"{BAIDU} 提取码：x9k2",
    f"{BAIDU}?pwd=x9k2",
    f"{BAIDU}#x9k2",
    f"https://pan.baidu.com/share/init?surl={B}&pwd=x9k2",
    f"https://yun.baidu.com/share/init?pwd=x9k2&surl={B}",
    f"https://user:word@pan.baidu.com:443/s/1{B} 码 x9k2",
    f"{BAIDU}\r\n提取码：\r\nx9k2",
    f"{BAIDU}\n\nx9k2",
    f"{BAIDU} x9k2",
    f"{BAIDU}----x9k2",
    f"{BAIDU}（x9k2）",
    f"{BAIDU} 密马：x9k2",
    f"{BAIDU} 提.取.码 x9k2",
    f"{BAIDU} 提取码倒过来写：2k9x",
    f"{BAIDU} 码 x-9-k-2",
    f"{BAIDU} 提取码 x 9 k 2",
    f"{BAIDU} 密码 x九k二",
    f"{BAIDU} 提取码：ｘ⑨ｋ②",
    f"{BAIDU} 打开后输入x9k2就能看",
    f"x9k2 是提取码，{BAIDU}",
    f"提取码x9k2 {BAIDU}",
    f"{BAIDU} 提取码：x9k2 解压密码：ab12",
    f"解压密码 ab12 {BAIDU} 提取码 x9k2",
    f"{BAIDU} Extraction Code: x9k2",
    f"pan点baidu点com/s/1{B} 码x9k2",
    f"pan，baidu，com/s/1{B} 提取码x9k2",
    f"pan(dot)baidu[.]com/s/1{B} 提取码x9k2",
    f"p a n . b a i d u . c o m / s / 1{B} 提取码 x9k2",
    f"pan.bai度du.com/s/1{B}?pwd=x9k2",
    f"pan.baidu.com/s/1{B[:6]}删{B[6:]} 提取码:x9k2",
    f"pan.baidu.com/s/1{B[:9]} 🐶 {B[9:]} 提取码:x9k2",
    f"pan.baidu.com/s/\n1{B}\n提取码:x9k2",
    f"раn.bаidu.com/s/1{B} 提取码:x9k2",
    f"pan.\u200bbaidu.com/s/1{B}?pwd=x9\u200dk2",
    f"ｈｔｔｐｓ：／／ｐａｎ．ｂａｉｄｕ．ｃｏｍ／ｓ／１{B} 提取码：x9k2",
    f"hxxps://pan[.]baidu[.]com/s/1{B}?pwd=x9k2",
    f"&#104;ttps&#x3a;//pan.baidu.com/s/1{B}?pwd&#61;x9k2",
    f"百度网盘：/s/1{B} 码 x9k2",
    f'{{"url":"https:\\/\\/pan.baidu.com\\/s\\/1{B}?pwd=x9k2"}}',
    f"https%3A%2F%2Fpan.baidu.com%2Fs%2F1{B}%3Fpwd%3Dx9k2",
    f'<a href="https://to.example/?u=https%253A%252F%252Fpan.baidu.com%252Fs%252F1{B}%253Fpwd%253Dx9k2">x</a>',
    f"<p>https://pan.<b>baidu</b>.com/s/1{B}</p><p>提取码：<i>x9k2</i></p>",
    f"&lt;p&gt;{BAIDU}&lt;/p&gt; 提取码 x9k2",
    f"[盘]({BAIDU}) **密码**: `x9k2`",
    f"{BAIDU}\n{BAIDU}?pwd=x9k2",
]


@pytest.mark.parametrize("text", ONE_BAIDU)
def test_one_share_in_many_spellings(text: str) -> None:
    assert told(text) == [("baidu", B, "x9k2")]


SEVERAL: list[tuple[str, Told]] = [
    (f"{QUARK}{BAIDU}", [("quark", Q, None), ("baidu", B, None)]),
    (f"{QUARK} {BAIDU} 提取码都是x9k2", [("quark", Q, "x9k2"), ("baidu", B, "x9k2")]),
    (f"统一提取码x9k2\n{QUARK}\n{BAIDU}", [("quark", Q, "x9k2"), ("baidu", B, "x9k2")]),
    (f"百度码:aa11 夸克码:bb22\n{QUARK}\n{BAIDU}", [("quark", Q, "bb22"), ("baidu", B, "aa11")]),
    (f"链接1 {BAIDU}\n链接2 {BAIDU2}\n提取码2 bb22\n提取码1 aa11", [("baidu", B, "aa11"), ("baidu", B2, "bb22")]),
    (f"{BAIDU}\n{BAIDU2}\n提取码 aa11\n提取码 bb22", [("baidu", B, "aa11"), ("baidu", B2, "bb22")]),
    (f"{BAIDU}\n提取码 aa11\n{BAIDU2}\n提取码 bb22", [("baidu", B, "aa11"), ("baidu", B2, "bb22")]),
    (f"提取码 aa11\n{BAIDU}\n提取码 bb22\n{BAIDU2}", [("baidu", B, "aa11"), ("baidu", B2, "bb22")]),
    (f"{BAIDU}?pwd=aa11 提取码 bb22", [("baidu", B, "aa11")]),
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
    ("aHR0cHM6Ly9wYW4ucXVhcmsuY24vcy8wYTFiMmMzZDRlNWY=", [("quark", Q, None)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SEVERAL)
def test_links_and_codes_find_each_other(text: str, expected: Told) -> None:
    assert told(text) == expected


NO_CODE = [
    f"{QUARK} 无需提取码 大小 88GB",
    f"{QUARK} 提取码见评论",
    f"解压密码：x9k2 {QUARK}",
    f"{QUARK}\n压缩包密码 x9k2",
    f"{QUARK} unzip password: x9k2",
    f"验证码：8866，{QUARK}",
    f"{QUARK} 2024年出版 共 1999 页",
]


@pytest.mark.parametrize("text", NO_CODE)
def test_what_opens_something_else_is_no_access_code(text: str) -> None:
    assert told(text) == [("quark", Q, None)]


NO_LINK = [
    f"https://pan.baidu.com.evil.test/s/1{B}",
    f"https://pan.baidu.com@evil.test/s/1{B}",
    f"https://evil.test/pan.baidu.com/s/1{B}",
    f"https://xpan.baidu.com/s/1{B}",
    "https://notlanzou.com/iAbCd1e2f3g",
    "https://start.me/p/AbCdEf/page",
    f"订单号 /s/1{B} 请核对",
    "https://pan.quark.cn/g/abcdef1234",
    "https://pan.quark.cn/ 夸克网盘官网",
    "https://pan.quark.cn/s/xxxxxxxxxxxx",
    "群主电话 13812345678",
    "提取码管理系统 毕业设计",
    "",
]


@pytest.mark.parametrize("text", NO_LINK)
def test_what_is_no_share(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "trick"),
    [
        (f"p a n.quark.cn/s/{Q}", "gaps"),
        (f"pan点quark点cn/s/{Q}", "dot_words"),
        (f"pan.quark.cn斜杠s斜杠{Q}", "slash_words"),
        (f"hxxp://pan.quark.cn/s/{Q}", "defanged"),
        (f"pan.qu\u200bark.cn/s/{Q}", "zero_width"),
        (f"ｐan.quark.cn/s/{Q}", "full_width"),
        (f"pаn.quark.cn/s/{Q}", "lookalikes"),
        (f"&#112;an.quark.cn/s/{Q}", "entities"),
        (f"pan.<i>quark</i>.cn/s/{Q}", "markup"),
        (f"https://jump.example/?u=https://pan.quark.cn/s/{Q}", "redirect"),
        (f"{QUARK} 码 x-9-k-2", "split_code"),
        (f"{QUARK} 密码反过来：2k9x", "reversed"),
        (f"{QUARK} 密码八八四八", "chinese_digits"),
    ],
)
def test_tricks_are_told(text: str, trick: str) -> None:
    (link,) = extract_links(text)
    assert link.tricks == (trick,)


def test_plain_writing_is_no_trick() -> None:
    (link,) = extract_links(f"<p>夸克：<a href='{QUARK}?entry=a&amp;b=1'>下载</a>，提取码：x9k2。</p>")
    assert (link.tricks, link.code, link.code_kind) == ((), "x9k2", "label")


def test_spans_lead_back_to_the_original() -> None:
    text = f"前言 &amp; ｐan.qu\u200bark.cn/s/{Q}?pwd=x9k2，后记"
    (link,) = extract_links(text)
    assert text[slice(*link.span)] == f"ｐan.qu\u200bark.cn/s/{Q}?pwd=x9k2"


@given(st.text(alphabet="panquark.cn/s0a1b 码:&;#%<>\\\n点ｐ\u200b提取", max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_and_every_span_lies_in_it(text: str) -> None:
    view = deobfuscate(text)
    assert len(view.text) == len(view.starts) == len(view.ends)
    assert all(0 <= start <= end <= len(text) for start, end in zip(view.starts, view.ends, strict=True))
    for link in extract_links(f"{text} {QUARK}"):
        start, end = link.span
        assert 0 <= start < end <= len(text) + 1 + len(QUARK)


LONG = 50_000
HOSTILE: dict[str, tuple[str, str | Callable[[int], str], int, str]] = {  # before, repeated, how often, after
    "blanks": ("提取码", " ", LONG, ""),
    "lines": ("提取码", "\n", LONG, ""),
    "digits": ("提取码", "1", LONG, ""),
    "labels": ("", "提取码", LONG, ""),
    "fills": ("", "提取码是", LONG, ""),
    "dots": ("", "a.", LONG, ""),
    "torn": ("", "pan baidu com / s / ", LONG // 10, ""),
    "tags": ("", "<a ", LONG, ""),
    "attributes": ("", '<a a="', LONG, ""),
    "groups": ("", "群:", LONG, ""),
    "magnets": ("", "magnet:?", LONG, ""),
    "percent": ("%", "25", LONG, ""),
    "users": ("", "a@", LONG, ""),
    "links": ("", lambda number: f"https://pan.quark.cn/s/0123456{number:05d}\n", 2000, ""),
    "pairs": ("", lambda number: f"https://pan.quark.cn/s/0123456{number:05d} 码 {number:04d}\n", 2000, ""),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_time_grows_as_the_text_does(name: str) -> None:
    assert growth(extract_links, HOSTILE[name]) < 9


RECORD = {
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
    ],
)
def test_wrong_rules_are_refused_with_their_platform(wrong: dict[str, object]) -> None:
    assert compile_grammar({"one": RECORD}).rule_for_host("drive.example")
    with pytest.raises(BadInput) as caught:
        compile_grammar({"one": RECORD | wrong})
    assert caught.value.problems[0].field == "one"


def test_a_host_of_two_platforms_is_refused() -> None:
    with pytest.raises(BadInput, match="another platform"):
        compile_grammar({"one": RECORD, "two": RECORD})
