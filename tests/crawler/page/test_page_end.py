"""A page without end tags is whole; a page that ends in its middle is not."""

from __future__ import annotations

import re

import pytest

from crawler.page.page_end import MAX_COMMENT_CHARS, is_truncated

HEAD = "<!DOCTYPE html><html><head><meta charset=utf-8><title>潮汐灯塔 电子版</title></head><body>"
OFFER = (
    "<div id=wrap><div class=main><h1>潮汐灯塔 电子版</h1><div class=box><span class=price>￥6.00</span></div>"
    "<ul><li>现货<li>包邮</ul><p>立即购买<p>联系店主"
)
WHOLE = f"{HEAD}{OFFER}</div></div></body></html>"


@pytest.mark.parametrize(
    "ending",
    [
        "</div></div>",
        "</div></div>\n",
        "</div>",
        "</div>\r\n\r\n",
        "</div><script>count('view');</script>",
        "</div><script>count('view');</script>\n<!-- 0.012s -->",
        "</div><!-- 12 queries",
        "</div><noscript><img src=//count.example/1></noscript>",
        "</div><script>document.write('</body></html>')</script>\n",
        "</div><p>灯塔书屋 2026",
        "</div><table><tr><td>灯塔书屋</td></tr>\n",
        "</div><hr>",
        "<div class=footer><p>灯塔书屋</p></div>",
        "</div><div class=footer><a href=/about>关于</a>",
        "</div></div><font size=2>灯塔书屋",
        "</div><!-- counter </body></html>",
        "</div><script>count('view') </body></html>",
        "</div><textarea>https://drive.example/s/1 </body></html>",
        "</div></div></body>",
        "</div></div></body></html><script>late()",
    ],
)
def test_a_page_without_end_tags_is_whole(ending: str) -> None:
    assert not is_truncated(f"{HEAD}{OFFER}{ending}".encode())


@pytest.mark.parametrize(
    "ending",
    [
        "",
        "</div><div class=",
        "</div><div class='note",
        "</div></di",
        "</div><",
        "</div></",
        "</div><!",
        f"</div><!-- {'a long note ' * MAX_COMMENT_CHARS}",
        "</div><script>count('view'",
        "</div><script>document.write('</body></html>'); if (a",
        "</div><style>.a {",
        "</div><textarea>https://drive.example/s/1",
        "</div><h2>另一本",
        "</div><a href=/2>另一",
        "</div><ul><li>一</li><li>二</li>",
        "</div><ul><li>一<li>二",
        "</div><select><option>一</option>",
        "</div><div class=more>",
        "<div><div><div><p>再来一段</p>",
    ],
)
def test_a_page_that_ends_in_its_middle_is_cut(ending: str) -> None:
    assert is_truncated(f"{HEAD}{OFFER}{ending}".encode())


def test_a_page_cut_in_its_head_or_in_a_character_is_cut() -> None:
    for piece in ("<!DOCTYPE html><html><head><meta charset=utf-8><title>潮汐", HEAD.removesuffix("</head><body>")):
        assert is_truncated(piece.encode())
    assert is_truncated(f"{HEAD}<p>潮汐灯塔".encode()[:-1])
    assert not is_truncated(f"{HEAD}<p>潮汐灯塔".encode())
    for encoding in ("gbk", "euc_jp", "big5", "cp932"):
        text = f"{HEAD}<p>海洋中的古老灯塔".replace("灯", "火").encode(encoding, "replace")
        content_type = f"text/html; charset={encoding.replace('cp932', 'shift_jis').replace('_', '-')}"
        assert not is_truncated(text, content_type)
        assert is_truncated(text[:-1], content_type)


def test_a_page_cut_in_the_only_paragraph_without_an_end_tag_is_cut() -> None:
    start = f"{HEAD}<div class=item><h1>潮汐灯塔</h1><div>3.00</div>"
    assert is_truncated(f"{start}<p>明天早上发".encode())
    assert not is_truncated(f"{start}<p>明天早上发\n".encode())
    assert not is_truncated(f"{start}<p>今天发<p>明天早上发".encode())


def test_most_cuts_at_any_byte_are_noticed() -> None:
    item = "<li class=item><a href=/{0}><img src=/{0}.jpg></a><h3><a href=/{0}>潮汐灯塔 {0}</a></h3><b>￥{0}</b></li>"
    rows = "".join(item.format(number) for number in range(100, 120))
    footer = "<div id=footer><p>灯塔书屋</p></div></div></body></html>".encode()
    page = f"{HEAD}<div id=wrap><div class=main><ul>{rows}</ul></div>".encode()
    assert not is_truncated(page + footer)
    cuts = [page[:length] for length in range(len(HEAD.encode()), len(page))]
    whole = [cut for cut in cuts if not is_truncated(cut)]
    assert len(whole) <= 20, [cut[-40:] for cut in whole]


def test_a_piece_of_markup_is_cut_only_inside_a_tag() -> None:
    assert not is_truncated(b"<p>one<p>two")
    assert not is_truncated(b"<title>Lantern</title><div>open")
    assert is_truncated(b"<title>Lantern</title><div cla")
    assert not is_truncated(b"a < b and c <d")


def test_every_whole_page_stays_whole_without_each_of_its_last_end_tags() -> None:
    for count in range(1, 4):
        shorter = re.sub(rf"(?:</\w+>){{{count}}}$", "", WHOLE)
        assert shorter != WHOLE
        assert not is_truncated(shorter.encode()), shorter[-60:]


@pytest.mark.parametrize("text", ["现货，包邮。链接 https://dri", "现货，包邮。", "In stock. Ships to", "In stock. "])
@pytest.mark.parametrize("start", ["<div class=description><p>", "<section><p>", "<article>"])
def test_a_page_that_ends_within_the_text_of_a_new_container_is_cut(start: str, text: str) -> None:
    page = f"{HEAD}<h1>潮汐灯塔</h1><div class=box>￥6.00</div>{start}{text}"
    assert is_truncated(page.encode())
    assert not is_truncated(f"{page}\n".encode())
