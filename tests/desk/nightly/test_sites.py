"""Nights over sites that no spider knows, on loopback webs: what is asked, how often, and what comes of it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, quote

import pytest

from tests.conftest import LoopbackWeb, Swordnet, jsonl

pytestmark = pytest.mark.slow
NIGHTS = tuple(("--now", f"2026-11-{day}T01:00:00Z") for day in range(22, 28))
TITLES = (
    "The Lighthouse Beneath the Orchard",
    "Seven Letters to a Glassblower",
    "潮汐钟楼的守望者",
    "A Field Guide to Borrowed Rivers",
    "The Cartographer of Quiet Rooms",
)
OTHERS = ("Enamel teapot, blue", "Garden chair with cushion", "Wool blanket 200 x 140", "Bicycle bell, brass")
MENU = "".join(f'<li><a href="/{name}">{name or "Home"}</a></li>' for name in ("", "cart", "login", "members"))
DISABLED_PLATFORMS = "".join(f"[platforms.{name}]\nenabled = false\n" for name in ("kongfz", "appstore", "appgallery"))


class SmallShop:
    """A shop with a search over the titles it sells; `form` is the markup of its search form."""

    def __init__(self, web: LoopbackWeb, titles: tuple[str, ...], charset: str = "utf-8", form: str = "") -> None:
        self.web, self.titles, self.charset = web, titles, charset
        self.form = form or '<form action="/find"><input type="search" name="q"><button>Search</button></form>'
        self.questions: list[str] = []
        web.pages["/robots.txt"] = (404, "text/plain", b"")
        web.answers["/"] = lambda query, body: self.page("Corner shop", self.rows(self.titles[-4:]))
        web.answers["/find"] = self.find
        for number, title in enumerate(titles):
            web.answers[f"/item-{number}.html"] = lambda query, body, title=title: self.item(title)

    def page(self, heading: str, content: str) -> tuple[int, bytes]:
        head = f'<head><meta charset="{self.charset}"><title>{heading} - Corner shop</title></head>'
        menu = f"<ul class='nav'>{MENU}</ul>{self.form}"
        text = f"<html>{head}<body>{menu}<h1>{heading}</h1>{content}<p>Corner shop since 1998</p></body></html>"
        return 200, text.encode(self.charset, "xmlcharrefreplace")

    def rows(self, titles: tuple[str, ...]) -> str:
        links = (f'<li><a href="/item-{self.titles.index(title)}.html">{escape(title)}</a></li>' for title in titles)
        return f"<ul class='goods'>{''.join(links)}</ul>"

    def item(self, title: str) -> tuple[int, bytes]:
        text = "Full PDF, sent by mail within a minute after payment. No refund, for study only."
        return self.page(escape(title), f"<p>Price: $1.20</p><p>Seller: inkfrog88</p><p>{escape(title)}. {text}</p>")

    def find(self, query: str, body: bytes) -> tuple[int, bytes]:
        fields = parse_qs(query or body.decode("ascii"), encoding=self.charset)
        question = fields.get("q", [""])[0]
        self.questions.append(question)
        found = tuple(title for title in self.titles if question.lower() in title.lower())
        answer = self.rows(found) if found else "<p>Nothing found.</p>"
        return self.page(f"Results for {escape(question)}", answer)


@pytest.fixture
def other_web() -> Iterator[LoopbackWeb]:
    server = LoopbackWeb()
    yield server
    server.server.shutdown()
    server.server.server_close()


def start(swordnet: Swordnet, folder: Path, sites: str, *webs: LoopbackWeb, crawl: str = "") -> Swordnet:
    """A folder with the works and the settings of a night over `sites`."""
    places = ", ".join(f'"{web.netloc}"' for web in webs)
    settings = f"[crawl]\ndelay = 0.0\nbackoff = 0.05\nattempts = 2\nunit_size = 2\nloopback = [{places}]\n{crawl}"
    settings += f"{DISABLED_PLATFORMS}[night]\nexplore = 0\n{sites}"
    (folder / "swordnet.toml").write_text(settings, encoding="utf-8")
    works = [{"id": f"W{number}", "kind": "book", "title": title} for number, title in enumerate(TITLES)]
    (folder / "works.jsonl").write_text(jsonl(*works), encoding="utf-8")
    result = swordnet("works", "import", "works.jsonl")
    assert result.returncode == 0, result.stderr
    return swordnet


def listed(folder: Path) -> list[str]:
    """The addresses of all stored listings."""
    with closing(sqlite3.connect(folder / "swordnet.db")) as connection:
        return sorted(url for (url,) in connection.execute("SELECT json_extract(value, '$.url') FROM listings"))


def report(desk: Swordnet) -> dict[str, dict[str, object]]:
    """The platforms of the last night's report."""
    result = desk("report", "night", "--json")
    assert result.returncode == 0, result.stderr
    platforms: dict[str, dict[str, object]] = json.loads(result.stdout)["platforms"]
    return platforms


def test_a_shop_is_looked_at_once_and_asked_every_question_each_night(
    swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb
) -> None:
    shop = SmallShop(web, (*TITLES[:4], *OTHERS))
    web.headers["/"] = web.headers["/find"] = {"ETag": '"same"'}  # as if neither ever changed
    desk = start(swordnet, tmp_path, f'[platforms.shop]\nsites = ["{web.url}"]\n', web)
    first = desk("night", *NIGHTS[0])
    assert first.returncode == 0, first.stdout + first.stderr
    assert web.requested_paths.count("/") == 1, "once, though the questions are three units"
    asked = Counter(shop.questions)
    assert {title: asked[title] for title in TITLES} == dict.fromkeys(TITLES, 1)
    assert sum(asked.values()) == len(TITLES) + 1, "and one that finds nothing"
    urls = listed(tmp_path)
    assert {f"{web.url}/item-{number}.html" for number in range(4)} <= set(urls)
    assert not [url for url in urls if "/item-" not in url], "neither searches nor the home page are listings"
    counts = report(desk)[web.netloc]
    assert (counts["questions_queried"], counts["questions_planned"]) == (5, 5)
    assert (counts["candidates_opened"], counts["candidates"]) == (4, 4)
    assert counts["hits"] == 4
    shop.questions.clear()
    web.requested_paths.clear()
    second = desk("night", *NIGHTS[1])
    assert second.returncode == 0, second.stdout + second.stderr
    assert set(TITLES) <= set(shop.questions), "no question is answered by the page of another, nor of the last night"
    assert web.requested_paths.count("/") == 1
    assert report(desk)[web.netloc]["questions_queried"] == 5
    status = desk("status")
    assert "5/5" in status.stdout
    assert "4/4" in status.stdout


class PostedForum(SmallShop):
    """A forum whose search wants GBK bytes by POST with a hidden field, and leads to the only result."""

    FORM = (
        '<form action="/find" method="post"><input name="q" type="text"><input type="hidden" name="hash" value="a1b2">'
    )

    def __init__(self, web: LoopbackWeb, titles: tuple[str, ...]) -> None:
        super().__init__(web, titles, "gbk", f'{self.FORM}<input type="submit" name="go" value="搜索"></form>')
        self.bodies: list[bytes] = []

    def find(self, query: str, body: bytes) -> tuple[int, bytes]:
        self.bodies.append(body)
        return super().find(query, body) if b"hash=a1b2" in body else self.page("Refused", "<p>Refused.</p>")


def test_a_form_in_gbk_by_post_and_a_walk_that_obeys(
    swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb, other_web: LoopbackWeb
) -> None:
    forum = PostedForum(web, (*TITLES[:3], *OTHERS))
    blog = SmallShop(other_web, (*TITLES[:3], *OTHERS), form="<p>No search here</p>")
    other_web.pages["/robots.txt"] = (200, "text/plain", b"User-agent: *\nDisallow: /item-1.html\n")
    every_row = blog.rows(blog.titles)
    other_web.answers["/"] = lambda query, body: blog.page("Corner blog", every_row + "<a href='/?s=1#top'>top</a>")
    sites = f'[sites.forum]\naddress = "{web.url}/"\nbrowse = 0\n[sites.blog]\naddress = "{other_web.url}"\n'
    desk = start(swordnet, tmp_path, sites, web, other_web)
    result = desk("night", *NIGHTS[0])
    assert result.returncode == 0, result.stdout + result.stderr
    assert set(TITLES) <= set(forum.questions), "in the charset of the form"
    assert any("潮汐".encode("gbk").hex().upper() in body.replace(b"%", b"").decode() for body in forum.bodies)
    urls = listed(tmp_path)
    assert {f"{web.url}/item-{number}.html" for number in range(3)} <= set(urls)
    walked = Counter(path for path in other_web.requested_paths if path.startswith("/item-"))
    assert "/item-1.html" not in walked, "robots.txt"
    assert {"/item-0.html", "/item-2.html"} <= set(walked)
    assert not {"/cart", "/login", "/members"} & set(other_web.requested_paths)
    found = report(desk)
    assert (found["blog"]["hits"], found["blog"]["questions_queried"]) == (2, 0)
    assert found["forum"]["hits"] == 3


def test_one_site_or_all_sites_are_named_and_one_that_is_down_is_no_quiet_night(
    swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb, other_web: LoopbackWeb
) -> None:
    SmallShop(web, (*TITLES[:3], *OTHERS))
    wall = b"<html><head><title>Just a moment...</title></head><body><form id='challenge-form'></form></body></html>"
    other_web.pages["/robots.txt"] = (404, "text/plain", b"")
    other_web.pages["/"] = (403, "text/html", wall)
    sites = (
        f'[sites.forum]\naddress = "{web.url}/"\n[platforms.shop]\nsites = ["{other_web.url}", "http://127.0.0.1:9"]\n'
    )
    desk = start(swordnet, tmp_path, sites, web, other_web, crawl="ports = [80, 443, 9]\n")
    assert desk("night", *NIGHTS[0], "--only", "forum").returncode == 0
    assert other_web.requested_paths == []
    assert set(report(desk)) == {"forum"}
    result = desk("night", *NIGHTS[1], "--only", "shop")
    assert result.returncode == 5, result.stdout + result.stderr
    found = report(desk)
    assert set(found) == {"forum", other_web.netloc, "127.0.0.1:9"}
    assert [name for name, counts in found.items() if not counts["healthy"]] == [other_web.netloc, "127.0.0.1:9"]
    assert found[other_web.netloc]["questions_queried"] == 0


def test_candidates_that_robots_txt_keeps_from_us_are_no_quiet_night_and_a_removed_site_leaves_its_hits(
    swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb
) -> None:
    shop = SmallShop(web, (*TITLES[:3], *OTHERS))
    web.pages["/robots.txt"] = (200, "text/plain", b"User-agent: *\nDisallow: /item-\n")
    desk = start(swordnet, tmp_path, f'[sites.corner]\naddress = "{web.url}/"\n', web)
    result = desk("night", *NIGHTS[0])
    assert result.returncode == 5, result.stdout + result.stderr
    assert "none of the 3 listings" in result.stdout + result.stderr
    counts = report(desk)["corner"]
    assert (counts["candidates_opened"], counts["candidates"], counts["healthy"]) == (0, 3, False)
    web.pages["/robots.txt"] = (404, "text/plain", b"")
    with closing(sqlite3.connect(tmp_path / "swordnet.db")) as connection, connection:
        connection.execute("DELETE FROM robots")  # else kept for a day of the machine's own clock
    assert desk("night", *NIGHTS[3]).returncode == 0
    assert report(desk)["corner"]["hits"] == 3
    settings = (tmp_path / "swordnet.toml").read_text(encoding="utf-8")
    (tmp_path / "swordnet.toml").write_text(settings.partition("[sites.corner]")[0], encoding="utf-8")
    hits = json.loads(desk("hits", "list", "--json").stdout)
    assert len(hits) == 3
    checked = desk("hits", "recheck", hits[0]["hit_id"][:8], "--json")
    (check,) = json.loads(checked.stdout)
    assert check["state"] in ("up", "changed"), "there, though read without what was learned of the site"
    assert desk("rematch").returncode in (0, 3)
    assert shop.questions


def test_endless_pages_end_and_a_page_that_was_walked_is_not_opened_again(
    swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb
) -> None:
    shop = SmallShop(web, (*TITLES, *OTHERS))
    pages: list[str] = []

    def find(query: str, body: bytes) -> tuple[int, bytes]:
        question, number = parse_qs(query)["q"][0], int(parse_qs(query).get("page", ["1"])[0])
        pages.append(f"{question} {number}")
        rows = (
            shop.rows(tuple(title for title in TITLES if question in title)) if question in TITLES else "<p>None.</p>"
        )
        following = f"<a rel='next' href='/find?q={quote(question)}&amp;page={number + 1}'>next</a>"
        return shop.page(f"Results for {escape(question)}", rows + following)

    web.answers["/find"] = find
    web.answers["/"] = lambda query, body: shop.page("Corner shop", shop.rows(shop.titles))
    site = f'[sites.corner]\naddress = "{web.url}/"\nbrowse = 20\n'
    desk = start(swordnet, tmp_path, site, web, crawl="pages_per_question = 3\n")
    result = desk("night", *NIGHTS[0])
    assert result.returncode == 0, result.stdout + result.stderr
    assert sorted(pages[1:]) == sorted(f"{title} {number}" for title in TITLES for number in (1, 2, 3))
    opened = Counter(path for path in web.requested_paths if path.startswith("/item-"))
    looked_at = 3  # pages of listings that are compared before the first question
    assert set(opened) == {f"/item-{number}.html" for number in range(9)}
    assert opened.total() <= 9 + looked_at
    counts = report(desk)["corner"]
    assert counts["hits"] == 5
    assert counts["candidates_opened"] == counts["candidates"] <= 5, "rows whose pages were walked say enough"


def test_a_night_is_replayed_from_an_archive_with_its_sites(
    swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb
) -> None:
    shop = SmallShop(web, TITLES[:1])
    shop.titles = (*TITLES[:1], *OTHERS)
    home = "https://corner.example"
    pages = {
        "/": shop.page("Corner shop", "<p>Welcome</p>"),
        "/find?q=qzxvkjwpyq": shop.find("q=qzxvkjwpyq", b""),
        f"/find?q={quote(TITLES[0])}": shop.find(f"q={quote(TITLES[0])}", b""),
        "/item-0.html": shop.item(TITLES[0]),
    }
    for number, (path, (status, body)) in enumerate(pages.items()):
        folder = tmp_path / "archive" / str(number)
        folder.mkdir(parents=True)
        (folder / "page.html").write_bytes(body)
        (folder / "request.json").write_text(json.dumps({"url": home + path, "status": status}), encoding="utf-8")
    desk = start(swordnet, tmp_path, f'[platforms.shop]\nsites = ["{home}"]\n', web)
    result = desk("night", *NIGHTS[0], "--replay", "archive")
    assert result.returncode == 0, result.stdout + result.stderr
    assert listed(tmp_path) == [f"{home}/item-0.html"]
    counts = report(desk)["corner.example"]
    assert (counts["hits"], counts["questions_queried"], counts["candidates_opened"]) == (1, 1, 1)
    captured = desk("crawl", "corner.example", "--replay", "archive", "--captured", *NIGHTS[0])
    assert captured.returncode == 0, captured.stdout + captured.stderr
    assert listed(tmp_path) == [f"{home}/item-0.html"], "neither the home page nor a search is a listing"
    assert web.requested_paths == []
