"""How an unknown shop says how it is searched, and a page that becomes a fixture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crawler.archives import open_archive
from crawler.page import Page
from crawler.page.search_forms import (
    QUERY_PLACEHOLDER,
    fill_template,
    opensearch_address,
    opensearch_template,
    search_template,
)
from spiders.shop import Shop
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
        ('<form action="/news" method="post"><input type="search" name="q"></form>', None),
        ('<form action="/mail"><input type="email" name="mail"></form><form action="/suche">'
         '<input type="hidden" name="lang" value="de"><input type="text" name="q"></form>',
         f"{SHOP_URL}suche?lang=de&q={QUERY_PLACEHOLDER}"),
        ("<p>nothing to ask</p>", None),
    ],
    ids=["action", "optional places", "other site", "form", "log-in", "posted", "the likest form", "none"],
)  # fmt: skip
def test_a_page_says_how_it_is_searched(body: str, expected: str | None) -> None:
    assert search_template(page(body)) == expected


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


def test_a_shop_named_by_its_address_is_asked_in_its_own_way() -> None:
    spider = Shop()
    spider.sites = (SHOP_URL,)
    (first,) = spider.search("灯塔守夜人")
    home = Page(
        url=first.url,
        body=page('<form action="/search"><input type="search" name="kw"></form>').body,
        values=dict(first.values),
    )
    (request,) = spider.read(home)
    assert request.url == f"{SHOP_URL}search?kw=%E7%81%AF%E5%A1%94%E5%AE%88%E5%A4%9C%E4%BA%BA"


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
