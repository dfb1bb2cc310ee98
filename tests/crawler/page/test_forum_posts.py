"""The first post of a thread is the listing: its author sells, its words count, its price and pictures are read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crawler.items import ListingKind
from crawler.page import Page
from crawler.page.forum_posts import labelled_author, marked_thread, repeated_thread
from crawler.page.page_links import linked_files
from crawler.page.price_and_stock import post_price
from crawler.page.product import product_facts
from crawler.shapes.listing_fields import page_fields

ADDRESS = "https://quay.example/thread-3001-1-1.html"
SHARE = "https://pan.quark.cn/s/0a1b2c3d4e5f"


def page(body: str, title: str = "Red Kiln all parts - Quay") -> Page:
    return Page(
        url=ADDRESS, body=f"<title>{title}</title><body>{body}</body>".encode(), content_type="text/html; charset=utf-8"
    )


def discuz(author: str, text: str) -> str:
    return f"""<div><table class="plhin"><tr><td class="pls"><div class="authi"><a href="/space-uid-9.html" class="xw1">
    {author}</a></div><p>积分 340</p></td><td class="plc"><div class="pi"><div class="authi">
    <em>发表于 2026-11-02 20:41</em> <a href="?authorid=9">只看该作者</a></div></div><div class="t_fsz"><table><tr>
    <td class="t_f">{text}</td></tr></table></div></td></tr></table></div>"""


def xenforo(author: str, text: str) -> str:
    return f"""<article class="message"><h4 class="message-name"><a href="/members/x.1" class="username">
    {author}</a></h4>
    <time>Nov 2, 2026</time><div class="message-body"><div class="bbWrapper">{text}</div></div></article>"""


def phpbb(author: str, text: str) -> str:
    return f"""<div class="post"><div class="postbody"><p class="author">by <a class="username">{author}</a>
    » Mon Nov 2</p>
    <div class="content">{text}</div></div></div>"""


def vbulletin(author: str, text: str) -> str:
    return f"""<li class="postcontainer"><a class="username">{author}</a><div class="content">
    <div id="post_message_1"><blockquote class="postcontent restore">{text}</blockquote></div></div></li>"""


def bbpress(author: str, text: str) -> str:
    return f"""<div class="reply"><div class="bbp-reply-author"><span class="bbp-author-name">{author}</span></div>
    <div class="bbp-reply-content"><p>{text}</p></div></div>"""


MARKUPS = [discuz, xenforo, phpbb, vbulletin, bbpress]


@pytest.mark.parametrize("markup", MARKUPS)
def test_known_systems_are_read_by_their_classes(markup: object) -> None:
    assert callable(markup)
    posts = markup("ferrywoman", "All parts, epub. Price: $3") + markup("mossy", "Is Blue Note there too? $9")
    facts = product_facts(page(f"<h1>Red Kiln all parts</h1>{posts}"))
    fields = page_fields(page(""), facts)
    assert facts.thread is not None
    assert [post.author for post in facts.thread.posts] == ["ferrywoman", "mossy"]
    assert (fields["kind"], fields["title"], fields["seller"]) == (ListingKind.POST, "Red Kiln all parts", "ferrywoman")
    assert fields["text"] == "All parts, epub. Price: $3"
    assert (fields["price"], fields["currency"]) == (Decimal(3), "USD")
    assert not fields.get("creators")


def table_post(author: str, date: str, text: str) -> str:
    return f"""<table border=1><tr><td>作　者：{author}</td><td>发表于 {date}</td></tr>
    <tr><td colspan=2>{text}</td></tr></table>"""


def plain_post(author: str, date: str, text: str) -> str:
    return f"""<div class="m"><div class="h"><a href="/user/{author}">{author}</a> <small>{date}</small></div>
    <div class="b">{text}</div></div>"""


def row_post(author: str, date: str, text: str) -> str:
    return f"<dt>{author} wrote on {date}</dt><dd>{text}</dd>"


@pytest.mark.parametrize(
    ("markup", "frame"), [(table_post, "<div>{}</div>"), (plain_post, "<div>{}</div>"), (row_post, "<dl>{}</dl>")]
)
def test_unknown_systems_are_read_by_their_structure(markup: object, frame: str) -> None:
    assert callable(markup)
    posts = markup("摆渡人", "2026-11-02 20:41", "全套 epub，售价：5元。") + markup(
        "青苔", "2026-11-03 08:15", "求红窑第二部"
    )
    thread = repeated_thread(page(f"<h2>红窑 全集</h2>{frame.format(posts)}"))
    assert thread is not None
    assert [post.author for post in thread.posts] == ["摆渡人", "青苔"]
    assert [thread.post_lines(post) for post in thread.posts] == [["全套 epub，售价：5元。"], ["求红窑第二部"]]


@pytest.mark.parametrize(
    "body",
    [
        "".join(f"<tr><td><a href=p{n}.epub>p{n}.epub</a></td><td>2026-11-0{n}</td><td>4M</td></tr>" for n in (1, 2)),
        "".join(f"<li><a href=/news/{n}>A fair opens in town {n}</a> <i>2026-11-0{n}</i></li>" for n in (1, 2)),
        "<p>" + "The brass was poured at noon. " * 20 + "</p>"
        + "".join(f"<div class=x><b>guest{n}</b> 2026-11-0{n}<p>Well said, that is so.</p></div>" for n in (1, 2)),
        '<ol class="comment-list"><li>moss 2026-11-02<p>well said</p></li><li>kiln 2026-11-03<p>no</p></li></ol>',
        "<p>one</p><p>two</p>",
    ],
)  # fmt: skip
def test_files_news_and_comments_are_no_posts(body: str) -> None:
    document = page(f"<h1>Red Kiln</h1><table>{body}</table>" if "<tr>" in body else f"<h1>Red Kiln</h1>{body}")
    assert repeated_thread(document) is None
    assert marked_thread(document) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("作　者：摆渡人", "摆渡人"),
        ("作者: 摆渡人", "摆渡人"),
        ("楼主：摆渡人 发表于 2026-11-02", "摆渡人"),
        ("Author: ferrywoman", "ferrywoman"),
        ("Posted by ferrywoman on Nov 2", "ferrywoman"),
        ("by ferrywoman » Mon", "ferrywoman"),
        ("by 2027 it is done", ""),
        ("作者很好", ""),
        ("bypass", ""),
    ],
)
def test_a_label_names_the_author(text: str, expected: str) -> None:
    assert labelled_author(text) == expected


@pytest.mark.parametrize(
    ("title", "lines", "expected"),
    [
        ("x", ["售价：5元。拍下发链接"], "5"),
        ("x", ["价格 9.9元 全套"], "9.9"),
        ("x", ["Price: $3. Login shared"], "3"),
        ("x", ["全套资源", "3r"], "3"),
        ("出红窑全集 3r", ["自动发货"], "3"),
        ("Red Kiln, $6 each", ["ask me"], "6"),
        ("x", ["Selling the full set for $7 or so"], "7"),
        ("x", ["打包只要 8块，秒发"], "8"),
        ("x", ["I am not selling it. It cost me some 30 hours and more, and in the shop it is $34"], None),
        ("x", ["Bought it for 34.99 last year"], None),
        ("x", ["I paid $34 for it in the shop last year"], None),
        ("x", ["现在有了，15元一本是书店的价"], None),
        ("Red Kiln 3rd part", ["3rd part"], None),
    ],
)
def test_the_price_of_a_post_is_the_one_it_asks(title: str, lines: list[str], expected: str | None) -> None:
    money = post_price(title, lines, "quay.com")
    assert (money and money.amount) == (Decimal(expected) if expected else None)


def test_a_share_in_a_later_post_of_the_seller_counts_and_of_another_does_not() -> None:
    posts = (
        discuz("ferrywoman", "All parts, see below")
        + discuz("mossy", f"mine: {SHARE[:-1]}a")
        + discuz("mossy", "thanks")
    )
    own = discuz("ferrywoman", f"new link {SHARE}<br>code: k9x2") + discuz("ferrywoman", "bump")
    fields = page_fields(page(""), product_facts(page(f"<h1>Red Kiln all parts</h1>{posts}{own}")))
    assert fields["text"] == f"All parts, see below\nnew link {SHARE}\ncode: k9x2"


def test_pictures_of_the_first_post_are_pictures_of_the_listing() -> None:
    text = 'Scan it <img src="/static/none.gif" zoomfile="/data/attachment/qr.png" file="/data/attachment/qr.png">'
    text += '<img src="/static/image/smiley/default/cry.gif" smilieid="2">'
    posts = discuz("ferrywoman", text) + discuz("mossy", '<img src="/data/attachment/mine.png">')
    fields = page_fields(page(""), product_facts(page(f"<h1>Red Kiln all parts</h1>{posts}")))
    assert [picture.url for picture in fields["pictures"]] == ["https://quay.example/data/attachment/qr.png"]


def test_the_title_is_that_of_the_post_and_not_of_the_header() -> None:
    head = '<header><h1 class="site-title"><a href="/">Quay</a></h1></header>'
    facts = product_facts(page(f"{head}<h1>Red Kiln all parts</h1>{bbpress('ferrywoman', 'All parts')}"))
    assert facts.values["title"] == "Red Kiln all parts"
    bare = product_facts(
        page(f"<h2><a>Red Kiln all parts</a></h2>{discuz('a1', 'All')}", "Red Kiln all parts - Books - Quay")
    )
    assert bare.values["title"] == "Red Kiln all parts"


@pytest.mark.parametrize(
    ("body", "title", "expected"),
    [
        ('<p><a href="/">Wharf</a></p><b>Red Kiln</b>', "Wharf - View topic - Red Kiln", "Red Kiln"),
        ('<p><a href="/">Wharf Books and More</a></p><b>Red Kiln</b>', "Red Kiln - Wharf Books and More", "Red Kiln"),
        (f'<p><a href="{ADDRESS}">Red - all</a></p><a href="/b">All books</a>', "Red - all | All books", "Red - all"),
        ("<p>nothing of it</p>", "Red Kiln - Wharf", "Red Kiln - Wharf"),
    ],
)
def test_without_a_heading_the_shown_part_of_the_title_names_the_page(body: str, title: str, expected: str) -> None:
    assert product_facts(page(body, title)).values["title"] == expected


def test_one_post_alone_names_its_author_behind_a_label_beside_the_date_of_posting() -> None:
    post = "<table><tr><td>作　者：摆渡人</td><td>发表于 2026-11-02 20:41</td></tr><tr><td>网盘自取</td></tr></table>"
    assert page_fields(page(""), product_facts(page(f"<h1>红窑</h1>{post}")))["seller"] == "摆渡人"
    novel = "<p>作者：窑生</p><p>更新时间：2026-11-02 20:41</p><p>第一章 点火</p>"
    assert "seller" not in page_fields(page(""), product_facts(page(f"<h1>红窑</h1>{novel}")))


def old_page(*posts: str) -> Page:
    """A page of a forum in the skin of tables: the header has a clock, the posts are tables inside a table."""
    return Page(
        url="https://wharf.example/viewtopic.php?f=2&t=301",
        body=f"""<title>栈桥 • 查看主题 - 红窑 全集 epub</title><meta name="description" content="栈桥，一个论坛">
        <table width="100%"><tr><td><a href="/">栈桥</a><p>旧书与新友</p><p>现在是 2026-11-30 20:15</p></td></tr>
        <tr><td><h2><a href="/viewtopic.php?f=2&t=301">红窑 全集 epub</a></h2><p>第 1 页 / 共 1 页</p>
        {"".join(posts)}</td></tr></table>""".encode(),
        content_type="text/html; charset=utf-8",
    )


def old_post(author: str, text: str, below: str = "", *, names: tuple[str, str] = ("postauthor", "postbody")) -> str:
    return f"""<table class="tablebg"><tr><td><b class="{names[0]}">　{author}　</b></td>
    <td>标题：红窑 全集 epub　发表于 2026-11-02 20:41</td></tr><tr><td class="profile">会员 <br>注册：2019-03-04</td>
    <td><div class="{names[1]}">{text}</div>{below}</td></tr></table>"""


PRICE_TABLE = (
    "<table><tr><td>价　格</td><td>15 元/套</td></tr><tr><td>日　期</td><td>2026-11-01</td><td>7</td></tr></table>"
)
FILE_TABLE = '<table><tr><td>附件</td></tr><tr><td><a href="./download/file.php?id=8">红窑.zip</a></td></tr></table>'


@pytest.mark.parametrize("names", [("postauthor", "postbody"), ("poster-of", "words-of")])
def test_a_forum_of_nested_tables_is_read_post_by_post(names: tuple[str, str]) -> None:
    posts = [old_post("摆渡人", "全套 epub，扫码自取。", names=names), old_post("青苔", "求红窑第二部", names=names)]
    document = old_page(*posts)
    fields = page_fields(document, product_facts(document))
    assert (fields["title"], fields["seller"]) == ("红窑 全集 epub", "摆渡人")
    assert "扫码自取" in fields["text"]
    assert "求红窑" not in fields["text"]


def test_a_header_with_a_clock_and_the_centre_of_a_page_are_no_two_posts() -> None:
    assert repeated_thread(old_page(old_post("摆渡人", "全套 epub，扫码自取。", names=("x", "y")))) is None


def test_tables_of_a_post_beside_its_words_hold_its_price_its_files_and_pictures() -> None:
    picture = '<img src="/spacer.gif" width=1 height=1 class="spacer" data-original="/files/qr.png">'
    document = old_page(
        old_post("摆渡人", f"全套。{picture}", PRICE_TABLE + FILE_TABLE), old_post("青苔", "求第二部 9元")
    )
    facts = product_facts(document)
    fields = page_fields(document, facts)
    assert (fields["price"], fields["currency"]) == (Decimal(15), "CNY")
    assert "红窑.zip" in fields["text"]
    assert [shown.url for shown in fields["pictures"]] == ["https://wharf.example/files/qr.png"]
    assert [file.name for file in linked_files(document)] == ["红窑.zip"]


def test_a_post_whose_words_stand_outside_their_usual_element_is_read_whole() -> None:
    beside = old_post("摆渡人", "下载：", "<div>网盘 https://pan.quark.cn/s/0a1b2c3d4e5f</div>")
    document = old_page(beside, old_post("青苔", "求第二部"))
    text = page_fields(document, product_facts(document))["text"]
    assert "0a1b2c3d4e5f" in text
    assert "求第二部" not in text


@pytest.mark.parametrize("heading", ["", "<h1>栈桥</h1>", '<h3><a href="/f2">旧书</a></h3>'])
def test_a_link_to_the_page_itself_says_its_subject_before_the_whole_title_does(heading: str) -> None:
    body = f'{heading}<h2><a href="{ADDRESS}?start=0">红窑 - 全集</a></h2><p>别的话</p>'
    document = page(body, "栈桥 • 查看主题 - 红窑 - 全集")
    document = Page(url=f"{ADDRESS}?start=0&x=1", body=document.body, content_type=document.content_type)
    assert product_facts(document).values["title"] == "红窑 - 全集"


@pytest.mark.parametrize("address", ["#seller", f"{ADDRESS}?ref=1#seller"])
def test_a_link_on_the_page_that_says_the_name_of_the_site_is_no_subject(address: str) -> None:
    body = f'<h1>Red Kiln all parts</h1><p>Sold by <a href="{address}">Quay.example</a></p>'
    document = page(body, "Red Kiln all parts - Quay.example")
    document = Page(url=f"{ADDRESS}?ref=1", body=document.body, content_type=document.content_type)
    assert product_facts(document).values["title"] == "Red Kiln all parts"
