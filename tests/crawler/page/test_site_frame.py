"""What stands on every page of a site is learnt from its pages; what one page says of its own is never part of it."""

from __future__ import annotations

import json
import time

import pytest
from selectolax.lexbor import LexborNode

from crawler.page import Page
from crawler.page.site_frame import MAX_FRAME_KEYS, SiteFrame, framed_elements, learn_frame

SITE = "https://moss.example/"


def site_page(path: str, main: str, *, online: int = 7, newest: str = "Quiet Tides pdf", title: str = "") -> Page:
    html = f"""<html><head><title>{title or path or "Welcome"} - Moss Shelf</title></head><body>
    <div id="top"><a href="/" class="logo">Moss Shelf</a><form action="/s"><input name="q" value="{path}"></form>
    <ul class="menu"><li><a href="/books?sid={online}91">Books</a></li><li><a href="/games">Games</a></li></ul></div>
    <div id="main">{main}</div>
    <div class="side"><h3>Newest</h3><ul><li><a href="/item/3">{newest}</a></li></ul></div>
    <div id="foot"><span>Online users: {online}</span> WeChat: mosskeeper88
    <i>(c) 2026 Moss Shelf. All rights reserved</i></div>
    </body></html>"""
    return Page(url=SITE + path, body=html.encode())


def item(number: int, title: str, text: str, price: str = "$5.00") -> Page:
    main = (
        f'<h1>{title}</h1><p class="price">{price}</p><p>Seller: <b>shop{number}</b></p><p>{text}</p><h4>Delivery</h4>'
    )
    return site_page(f"item/{number}", main, online=number * 11, title=title)


HOME = site_page("", '<ul class="rows"><li><a href="/item/1">Long Ferry epub</a></li></ul>', online=3)
NOTHING = site_page("s?q=zzkw", "<p>Nothing found for zzkw</p>", online=4)
SAMPLES = [
    item(1, "Long Ferry epub", "Sent by mail. Code: 4411"),
    item(2, "Red Kiln mobi", "Sent by mail. Code: 7310"),
    item(3, "Quiet Tides pdf", "All pages, scanned. Code: 9021"),
]
FRAME = learn_frame([HOME, NOTHING], SAMPLES)


def words(page: Page, frame: SiteFrame) -> str:
    """The text outside the frame, one element a line."""
    framed = framed_elements(page, frame)
    lines: list[str] = []

    def visit(node: LexborNode) -> None:
        child = node.first_child
        while child is not None:
            if child.tag == "-text":
                lines.append((child.text_content or "").strip())
            elif child.mem_id not in framed:
                visit(child)
            child = child.next

    assert page.tree.body is not None
    visit(page.tree.body)
    return "\n".join(filter(None, lines))


def test_menus_side_bars_and_counters_are_frame_and_the_page_is_not() -> None:
    page = item(8, "Winter Brass flac", "A rip of the record. Code: 5512", price="$2.00")
    said = words(page, FRAME).splitlines()
    assert said == ["Winter Brass flac", "$2.00", "Seller:", "shop8", "A rip of the record. Code: 5512"]


def test_a_whole_area_is_one_element() -> None:
    page = item(8, "Winter Brass flac", "A rip")
    framed = framed_elements(page, FRAME)
    for selector in ("#top", ".side", "#foot"):
        node = page.tree.css_first(selector)
        assert node is not None
        assert node.mem_id in framed
    top_link = page.tree.css_first("#top a")
    assert top_link is not None
    assert top_link.mem_id not in framed  # the outermost element stands for it


def test_one_title_is_frame_in_the_side_bar_and_the_subject_on_its_page_and_in_a_list() -> None:
    assert words(SAMPLES[2], FRAME).splitlines()[0] == "Quiet Tides pdf"
    results = site_page("s?q=tides", '<ul class="rows"><li><a href="/item/3">Quiet Tides pdf</a></li></ul>')
    assert words(results, FRAME) == "Quiet Tides pdf"


def test_a_price_or_a_code_is_no_counter_however_alike_the_pages_are() -> None:
    samples = [item(number, f"Volume {number}", f"Access code: {number * 1111}", "$5.00") for number in (1, 2, 3)]
    frame = learn_frame([HOME, NOTHING], samples)
    said = words(item(4, "Volume 4", "Access code: 4444", "$5.00"), frame)
    assert "Access code: 4444" in said
    assert "$5.00" in said
    assert "Delivery" not in said


def test_what_only_some_listings_share_is_their_own() -> None:
    assert "Sent by mail. Code: 4411" in words(SAMPLES[0], FRAME)
    twice = learn_frame(
        [HOME], [item(1, "A one", "Same words"), item(2, "B two", "Same words"), item(3, "C three", "x")]
    )
    assert "Same words" in words(item(1, "A one", "Same words"), twice)


def test_of_many_listings_one_may_lack_a_block() -> None:
    bare = site_page("item/5", "<h1>Blue Note</h1><p>Nothing else</p>", title="Blue Note")
    for samples in ([bare, *SAMPLES], [*SAMPLES, bare]):
        frame = learn_frame([HOME], samples)
        assert "Delivery" not in words(item(8, "Winter Brass flac", "A rip"), frame)


def test_one_listing_at_two_addresses_is_one_sample() -> None:
    page = item(8, "Winter Brass flac", "A rip of the record")
    again = Page(url=page.url + "?from=home", body=page.body)
    assert "A rip of the record" in words(page, learn_frame([HOME, NOTHING], [page, again]))


def test_site_wide_leaves_what_only_listings_share() -> None:
    page = item(8, "Winter Brass flac", "A rip")
    heading = page.tree.css_first("h4")
    assert heading is not None
    assert heading.mem_id in framed_elements(page, FRAME)
    assert heading.mem_id not in framed_elements(page, FRAME, site_wide=True)


def test_columns_of_a_table_without_classes_are_positions() -> None:
    def table(main: str) -> Page:
        return Page(
            url=SITE,
            body=f'<table><tr><td><a href="/1">Old Lamp</a></td><td>{main}</td></tr></table>'.encode(),
        )

    frame = learn_frame([table("Welcome"), table("No result")], [])
    assert words(table('<a href="/1">Old Lamp</a>'), frame) == "Old Lamp"
    first_column = learn_frame([table("Welcome"), table("No result")], [table("Old Lamp")])
    assert words(table("x"), first_column) == "x"


def test_names_are_those_that_pages_agree_on() -> None:
    assert FRAME.names == ("Moss Shelf",)
    shared_work = [item(1, "Long Ferry", "epub"), item(2, "Long Ferry", "pdf"), item(3, "Red Kiln", "pdf")]
    assert "Long Ferry" not in learn_frame([HOME, NOTHING], shared_work).names


@pytest.mark.parametrize(
    ("head", "foot", "expected"),
    [
        ('<meta property="og:site_name" content="Fern Hall">', "", "Fern Hall"),
        ("<title>苔藓书屋 欢迎光临</title>", "<p>苔藓书屋 版权所有 电话：000-1</p>", "苔藓书屋"),
        ("<title>x</title>", "<p>Copyright © 2019-2026 Fern Hall. All rights reserved.</p>", "Fern Hall"),
        ("<title>x</title>", "<p>Powered by nothing<br>Fern Hall © 2026</p>", "Fern Hall"),
        ("<title>Fern Hall</title>", '<h1><a href="/">Fern Hall</a></h1>', "Fern Hall"),
    ],
)
def test_a_site_says_its_name_in_many_places(head: str, foot: str, expected: str) -> None:
    pages = [Page(url=SITE, body=f"<head>{head}</head><body><p>{word}</p>{foot}</body>".encode()) for word in "ab"]
    assert expected in learn_frame(pages, []).names


def test_contacts_are_those_of_the_frame() -> None:
    assert FRAME.contacts == ("wechat:mosskeeper88",)
    own = [item(1, "A", "mail me: one@kiln.example"), item(2, "B", "QQ：5512345")]
    assert learn_frame([HOME], own).contacts == ("wechat:mosskeeper88",)


def test_pages_with_nothing_in_common_and_one_page_alone_have_no_frame() -> None:
    first = Page(url=SITE, body=b"<title>Alpha</title><body><p>alpha</p></body>")
    second = Page(url=SITE, body=b"<title>Beta</title><body><ul><li>beta</ul></body>")
    assert learn_frame([first, second], []) == SiteFrame()
    assert learn_frame([first], []) == SiteFrame()
    assert learn_frame([], [first]) == SiteFrame()
    assert learn_frame([], []) == SiteFrame()
    assert learn_frame([Page(url=SITE, body=b'{"a": 1}')] * 2, []) == SiteFrame()
    assert framed_elements(first, SiteFrame()) == frozenset()


def test_a_frame_survives_json() -> None:
    assert SiteFrame.from_json(json.loads(json.dumps(FRAME.to_json()))) == FRAME
    assert SiteFrame.from_json({}) == SiteFrame()


def test_hostile_pages_stay_within_bounds() -> None:
    deep = "<div>" * 3_000 + "x" + "</div>" * 3_000
    wide = "".join(f"<p>word {number} {'y' * 50}</p>" for number in range(20_000))
    pages = [Page(url=SITE, body=f"<body>{deep}{wide}{end}</body>".encode()) for end in ("a", "b")]
    for page in pages:
        assert page.tree.body is not None  # parsing is not measured
    started = time.process_time()
    frame = learn_frame(pages, pages)
    framed_elements(pages[0], frame)
    assert time.process_time() - started < 5
    assert 0 < len(frame.list_blocks) <= MAX_FRAME_KEYS


def test_what_menus_call_the_start_page_is_no_name() -> None:
    def named(word: str, title: str) -> Page:
        menu = "".join(
            f'<li><a href="{path}">{text}</a></li>' for path, text in (("/", word), ("/a", "A1"), ("/b", "B1"))
        )
        foot = "<p>© 2026 Fern Hall</p>"
        return Page(url=SITE, body=f"<title>{title}</title><body><ul>{menu}</ul><p>x</p>{foot}</body>".encode())

    for word in ("首页", "Home", "Entrance"):
        pages = [named(word, f"{word} - Fern Hall"), named(word, "Search - Fern Hall")]
        assert learn_frame(pages, []).names == ("Fern Hall",)


def test_a_logo_names_the_site_by_its_alternative_text() -> None:
    logo = '<div id="logo"><a href="/"><img src="/l.png" alt="Fern Hall"></a></div>'
    pages = [
        Page(url=SITE, body=f"<title>Fern Hall | {word}</title><body>{logo}<p>{word}</p></body>".encode())
        for word in ("books", "games")
    ]
    assert learn_frame(pages, []).names[0] == "Fern Hall"
