"""No page that gives a parser a huge tag gets past the scan, wherever quotes, comments and scripts seem to end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from crawler.page.html_tokenizer import count_attributes, iter_tags
from crawler.page.parser_bombs import defuse, is_bomb
from tests.conftest import slowdown

PIECES = (
    *("<", ">", "/", "=", '"', "'", " ", "a", "<a ", "<b x=", "<a href='", '<p class="', "</p>", "<!--", "-->", "--!>"),
    *("<!-->", "<script>", "</script>", "<SCRIPT ", "</script ", "<style>", "</style>", "<textarea>", "</textarea>"),
    *("<title>", "</title>", "<svg>", "</svg>", "<math>", "<![CDATA[", "]]>", "<!DOCTYPE html>", "<?x", "<!x", "</"),
    *("<xmp>", "</xmp>", "<iframe>", "</iframe>", "<noscript>", "<template>", "<select>", "\n", "==", "/>"),
)
HUGE_TAG = "<i " + " ".join(f"k{number}=1" for number in range(2100)) + ">"


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.lists(st.sampled_from(PIECES), max_size=3))
def test_a_huge_tag_is_seen_wherever_a_parser_sees_it(before: str, after: list[str]) -> None:
    source = before + HUGE_TAG + "".join(after) + "</b>'\"></script></style></title></textarea>"
    widest = max((len(node.attributes) for node in LexborHTMLParser(source).css("*")), default=0)
    if widest > 2000:
        assert is_bomb(source), source[:200]
        defused_nodes = LexborHTMLParser(defuse(source)).css("*")
        assert max((len(node.attributes) for node in defused_nodes), default=0) <= 600


def test_scripts_and_comments_hold_no_tags() -> None:
    source = "<p a='>'>x<!-- <b> --><script>if (a<b) '<i>'</script><Title><u></title><svg><style><q></style></svg></p>"
    names = [("/" if tag[1] else "") + name for tag, name in iter_tags(source)]
    assert names == ["p", "script", "/script", "title", "/title", "svg", "style", "q", "/style", "/svg", "/p"]
    assert count_attributes(""" a b="1 2"c='3' d=e/f g = h ="i" """) == 6


def test_honest_scripts_are_no_bombs() -> None:
    assert not is_bomb(
        "<script>if (a < b) { " + "x = 1; " * 4000 + "}</script>" + '<p title="' + "word " * 4000 + '">x'
    )


@pytest.mark.parametrize(
    "piece",
    [
        "<a ",
        "<a x='",
        '<a x="',
        "<!--",
        "<script>",
        "< ",
        "</",
        "<a x=",
        "<svg><script>",
        "<script><!--<script",
        "<a =",
    ],
)
def test_cutting_tags_is_linear(piece: str) -> None:
    assert slowdown(lambda text: sum(1 for _ in iter_tags(text)), ("", piece, 60_000, "")) < 8
