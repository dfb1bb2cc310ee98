"""How an unknown shop says how it is searched, and a page that becomes a fixture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crawler.archives import open_archive
from crawler.page import Page
from crawler.page.search_forms import (
    QUERY_PLACEHOLDER,
    SearchForm,
    fill_template,
    opensearch_address,
    opensearch_template,
    search_forms,
    search_page_address,
)
from tests.conftest import ROOT, Swordnet

SHOP_URL = "https://www.lantern.example/"
NIGHT_FOLDER = ROOT / "fixtures" / "night"


def page(body: str, url: str = SHOP_URL) -> Page:
    return Page(url=url, body=f"<html><head><title>Lantern</title></head><body>{body}</body></html>".encode())


SEARCH_ACTION = """<script type="application/ld+json">{"@context": "https://schema.org", "@type": "WebSite",
"potentialAction": {"@type": "SearchAction", "target": {"@type": "EntryPoint", "urlTemplate": "%s"}}}</script>"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (SEARCH_ACTION % "/find?q={search_term_string}", f"{SHOP_URL}find?q={QUERY_PLACEHOLDER}"),
        (SEARCH_ACTION % f"{SHOP_URL}s/{{query}}?page={{page?}}", f"{SHOP_URL}s/{QUERY_PLACEHOLDER}?page="),
        (SEARCH_ACTION % "https://elsewhere.example/?q={search_term_string}", None),
        ('<form action="/search"><input type="search" name="kw"></form>', f"{SHOP_URL}search?kw={QUERY_PLACEHOLDER}"),
        ('<form action="/login"><input name="user"><input type="password" name="pw"></form>', None),
        ('<form action="/say" method="post"><input name="q"><textarea name="text"></textarea></form>', None),
        ('<form action="/mail"><input type="email" name="mail"></form><form action="/suche">'
         '<input type="hidden" name="lang" value="de"><input type="text" name="q"></form>',
         f"{SHOP_URL}suche?lang=de&q={QUERY_PLACEHOLDER}"),
        ("<p>nothing to ask</p>", None),
    ],
    ids=["action", "optional places", "other site", "form", "log-in", "posted", "the likest form", "none"],
)  # fmt: skip
def test_a_page_says_how_it_is_searched(body: str, expected: str | None) -> None:
    forms = search_forms(page(body))
    assert (forms[0].address if forms else None) == expected
    assert not forms or not forms[0].body


DISCUZ_LIKE_FORM = """<form method="post" action="search.php?searchsubmit=yes">
<input type="hidden" name="formhash" value="a1b2">
<select name="kind"><option value="title" selected>标题</option><option value="all">全文</option></select>
<input type="checkbox" name="old" value="1"><input type="radio" name="by" value="date" checked>
<input type="text" name="srchtxt" value="请输入"><button type="submit" name="go" value="yes">搜索</button>
<button type="submit" name="other" value="no">高级</button></form>"""


def test_a_posted_form_is_sent_as_a_browser_sends_it_in_the_charset_of_its_page() -> None:
    source = f'<html><head><meta charset="gbk"></head><body><p>灯塔论坛 夜读区</p>{DISCUZ_LIKE_FORM}</body></html>'
    home = Page(url=SHOP_URL, body=source.encode("gbk"))
    (form,) = search_forms(home)
    assert form.body == "formhash=a1b2&kind=title&by=date&srchtxt={query}&go=yes"
    request = form.to_request("灯塔é", values={"list_of": "灯塔é"})
    assert (request.method, request.url) == ("POST", f"{SHOP_URL}search.php?searchsubmit=yes")
    assert request.body == b"formhash=a1b2&kind=title&by=date&srchtxt=%B5%C6%CB%FE%A8%A6&go=yes"
    assert form.to_request("a😀").body.count(b"%26%23128512%3B") == 1, "what the charset lacks is a character reference"


def test_a_get_form_of_a_gb2312_page_gets_gb_bytes_and_no_token() -> None:
    source = """<meta charset=gb2312><title>夜航书店</title><form action=so.asp><input name=key>
    <input type=hidden name=lb value=0><input type=hidden name=csrf_token value=abc>
    <input type=hidden name=sid value=0123456789012345678901234567890123456789>
    <input type=submit value=搜索></form>"""
    (form,) = search_forms(Page(url=SHOP_URL, body=source.encode("gbk")))
    assert form.to_request("夜航").url == f"{SHOP_URL}so.asp?key=%D2%B9%BA%BD&lb=0"


def test_an_address_that_a_script_builds_is_a_search() -> None:
    script = "go.onclick = () => { location = '/index.php?route=product/search&search=' + q.value }"
    (form,) = search_forms(page(f"<input id=q><script>{script}</script>"))
    assert form == SearchForm(address=f"{SHOP_URL}index.php?route=product/search&search={{query}}", source="script")


def test_known_software_is_searched_as_it_is_known_to_be() -> None:
    (form,) = search_forms(page('<link rel="stylesheet" href="/wp-content/themes/tide/style.css"><p>posts</p>'))
    assert (form.address, form.source) == (f"{SHOP_URL}?s={{query}}", "WordPress")


def test_a_link_leads_to_a_page_that_is_only_for_searching() -> None:
    assert (
        search_page_address(page('<a href="/about">关于</a><a href="/search.php">搜索</a>')) == f"{SHOP_URL}search.php"
    )
    assert search_page_address(page('<a href="https://elsewhere.example/search">Search</a>')) is None


def test_an_opensearch_description_is_found_and_read() -> None:
    home = page('<link rel="search" type="application/opensearchdescription+xml" href="/opensearch.xml">')
    assert opensearch_address(home) == f"{SHOP_URL}opensearch.xml"
    description = (
        '<OpenSearchDescription><Url type="application/json" template="https://www.lantern.example/suggest?q={searchTerms}"/>'
        '<Url type="text/html" template="https://www.lantern.example/find?q={searchTerms}&amp;p={startPage?}"/>'
        "</OpenSearchDescription>"
    )
    template = opensearch_template(Page(url=f"{SHOP_URL}opensearch.xml", body=description.encode()))
    assert template == f"{SHOP_URL}find?q={QUERY_PLACEHOLDER}&p="
    assert template is not None
    assert fill_template(template, "灯塔 & 海") == f"{SHOP_URL}find?q=%E7%81%AF%E5%A1%94%20%26%20%E6%B5%B7&p="


@pytest.mark.slow
def test_save_keeps_a_page_as_a_case_that_nobody_has_reviewed(swordnet: Swordnet, tmp_path: Path) -> None:
    url = next(answer.url for answer in open_archive(NIGHT_FOLDER) if "book.kongfz.com" in answer.url)
    arguments = ("save", "kongfz", url, "offer-new", "--replay", str(NIGHT_FOLDER), "--into", str(tmp_path / "pages"))
    result = swordnet(*arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    case = tmp_path / "pages" / "kongfz" / "offer-new"
    assert json.loads((case / "request.json").read_text(encoding="utf-8"))["url"] == url
    assert (case / "page.html").read_bytes() == open_archive(NIGHT_FOLDER).find_response("GET", url, b"", ()).body  # type: ignore[union-attr]
    assert not (case / "expected.json").exists(), "the next test run writes it, and fails"
    assert not list(tmp_path.glob("*.db")), "nothing is stored"
    second_result = swordnet(*arguments)
    assert second_result.returncode == 2
    assert "offer-new" in second_result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("kongfz", "https://book.kongfz.com/1/2/", "../outside"), 2),
        (("kongfu", "https://book.kongfz.com/1/2/", "one"), 2),
        (("kongfz", "https://book.kongfz.com/404404/2/", "one"), 3),
    ],
    ids=["a name that leaves the folder", "an unknown platform", "a page that is not in the archive"],
)
def test_save_refuses_what_it_cannot_keep(
    swordnet: Swordnet, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    result = swordnet("save", *arguments, "--replay", str(NIGHT_FOLDER), "--into", str(tmp_path / "pages"))
    assert result.returncode == code, result.stdout + result.stderr
    assert not (tmp_path / "pages").exists()


def test_a_form_whose_button_alone_says_so_is_a_search() -> None:
    source = '<FORM action=zhao.asp><INPUT name=gjz><INPUT type=submit value="搜 索"></FORM>'
    assert [form.address for form in search_forms(page(source))] == [f"{SHOP_URL}zhao.asp?gjz={{query}}"]
