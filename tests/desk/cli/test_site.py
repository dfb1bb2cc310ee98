"""`swordnet site`: a site is looked at over loopback, its section is written once, and its pages are tried."""

from __future__ import annotations

import json
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from bench.local_web import LocalWeb
from crawler.config import load_config
from tests.conftest import ROOT, LoopbackWeb, Swordnet, jsonl

pytestmark = pytest.mark.slow
BOARD = """<html><head><title>{title} - Reedmoor Board</title></head><body>
<div id="top"><a href="/">Reedmoor Board</a> <a href="/board/books/">Books</a> <a href="/board/games/">Games</a>
<form action="/find" method="get"><input name="words"><input type="hidden" name="{token_name}" value="{token}"></form>
</div>{body}<div id="foot">Reedmoor Board, run by volunteers since the flood</div></body></html>"""
THREAD = """<h1>{title}</h1><table class="post"><tr><td class="who">{author}<br>Posted 2026-11-{day:02}</td>
<td class="words"><p>{words}</p></td></tr></table><table class="post"><tr><td class="who">heron_k<br>Posted 2026-11-28
</td><td class="words"><p>Thank you for the hint, I shall read on.</p></td></tr></table>"""
TITLES = (
    "The Marsh Lanterns complete scan as pdf",
    "Looking for a quiet place to read outdoors",
    "Winter meeting of the reading circle moved",
    "Which translation of the river poems is best",
)


@pytest.fixture(scope="module")
def sites() -> Iterator[LocalWeb]:
    with LocalWeb() as served:
        yield served


def write_config(folder: Path, *places: str) -> Path:
    file = folder / "swordnet.toml"
    listed = ", ".join(f'"{place}"' for place in places)
    file.write_text(f"# my own comment\n[crawl]\ndelay = 0.0  # fast\nloopback = [{listed}]\n", encoding="utf-8")
    return file


def place(address: str) -> str:
    return address.removeprefix("http://").rstrip("/")


def serve_board(web: LoopbackWeb, changing_token: bool) -> None:
    """A board of four threads; its search form carries a fixed or a changing value."""

    def page(number: int, title: str, body: str) -> tuple[int, str, bytes]:
        token = f"{number:02}ab34cd56ef78ab90" if changing_token else "7"
        name = "ticket" if changing_token else "part"
        html = BOARD.format(title=title, body=body, token=token, token_name=name)
        return 200, "text/html; charset=utf-8", html.encode()

    links = "".join(f'<li><a href="/t/{number}">{title}</a></li>' for number, title in enumerate(TITLES, 1))
    web.pages["/robots.txt"] = (200, "text/plain", b"User-agent: *\nDisallow: /private\n")
    web.pages["/"] = page(0, "Index", f"<ul>{links}</ul>")
    web.pages["/find"] = page(9, "Search", "<p>Nothing was found.</p>")
    for number, title in enumerate(TITLES, 1):
        words = f"Words of post number {number}, which says something of its own about {title.lower()}."
        body = THREAD.format(title=title, author=f"member{number}", day=number, words=words)
        web.pages[f"/t/{number}"] = page(number, title, body)


@pytest.mark.parametrize(
    ("site", "kind", "charset"),
    [("forum-gbk", "forum", "gbk"), ("shop-gbk", "shop", "gbk"), ("app-mirror", "mirror", "utf-8")],
)
def test_a_site_is_looked_at_and_its_section_written_once(
    swordnet: Swordnet, tmp_path: Path, sites: LocalWeb, site: str, kind: str, charset: str
) -> None:
    address = sites.addresses[site]
    file = write_config(tmp_path, place(address))
    file.chmod(0o600)
    before = file.read_text(encoding="utf-8")
    result = swordnet("site", "add", address)
    assert result.returncode == 0, result.stderr
    text = file.read_text(encoding="utf-8")
    assert text.startswith(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    section = tomllib.loads(text)["sites"][place(address)]
    assert section["address"] == address
    assert section["kind"] == kind
    assert "{query}" in section["search"] + section.get("search_body", "")
    assert section["charset"] == charset
    assert load_config(file).sites[place(address)].kind == kind
    assert swordnet("site", "add", address).returncode == 0
    assert file.read_text(encoding="utf-8") == text


def test_a_search_whose_form_changes_is_left_to_be_found_each_night(
    swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb
) -> None:
    file = write_config(tmp_path, web.netloc)
    serve_board(web, changing_token=True)
    result = swordnet("site", "add", web.url + "/", "--name", "reedmoor", "--kind", "forum", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert "changes from page to page" in result.stdout
    assert "search =" not in result.stdout
    assert "[sites" not in file.read_text(encoding="utf-8")
    serve_board(web, changing_token=False)
    result = swordnet("site", "add", web.url + "/", "--name", "reedmoor")
    section = tomllib.loads(file.read_text(encoding="utf-8"))["sites"]["reedmoor"]
    assert section["search"] == f"{web.url}/find?words={{query}}&part=7"
    assert "Reedmoor Board" in result.stdout


def test_a_site_of_the_short_form_gets_its_own_section(swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb) -> None:
    file = write_config(tmp_path, web.netloc)
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f'[platforms.shop]\nsites = ["{web.url}"]')
    serve_board(web, changing_token=False)
    assert swordnet("site", "add", web.url + "/").returncode == 0
    assert list(load_config(file).sites) == [web.netloc]
    assert load_config(file).sites[web.netloc].search.startswith(web.url)


def test_what_cannot_be_added_says_why(swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb) -> None:
    file = write_config(tmp_path, web.netloc)
    before = file.read_bytes()
    web.pages["/robots.txt"] = (200, "text/plain", b"User-agent: *\nDisallow: /\n")
    result = swordnet("site", "add", web.url + "/")
    assert result.returncode == 5
    assert "robots.txt" in result.stderr
    assert swordnet("site", "add", "not an address").returncode == 2
    result = swordnet("site", "add", "https://book.kongfz.com/")
    assert (result.returncode, "kongfz" in result.stderr) == (3, True)
    result = swordnet("site", "add", web.url + "/", "--name", "kongfz")
    assert (result.returncode, "--name" in result.stderr) == (2, True)
    assert file.read_bytes() == before


def trial(result: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(result.stdout)
    return value


def test_a_thread_is_tried(swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb) -> None:
    write_config(tmp_path, web.netloc)
    serve_board(web, changing_token=False)
    work = {"id": "W1", "title": "The Marsh Lanterns", "kind": "book", "creators": ["Isa Thornby"]}
    (tmp_path / "works.jsonl").write_text(jsonl(work), encoding="utf-8")
    assert swordnet("works", "import", "works.jsonl").returncode == 0
    database = (tmp_path / "swordnet.db").read_bytes()
    read = trial(swordnet("site", "try", f"{web.url}/t/1", "--json"))
    listing = read["listing"]
    assert (listing["title"], listing["seller"]) == (TITLES[0], "member1")
    assert "Words of post number 1" in listing["text"]
    assert "volunteers" not in listing["text"]
    assert any("since the flood" in part["text"] for part in read["left_out"])
    assert any("I shall read on" in part["text"] for part in read["left_out"])
    (decision,) = read["decisions"]
    assert decision["works"][0]["work"] == "W1"
    assert decision["works"][0]["reasons"][0]["why"]
    assert (tmp_path / "swordnet.db").read_bytes() == database
    shown = swordnet("site", "try", f"{web.url}/t/1").stdout
    assert "member1" in shown
    assert "[replies and comments]" in shown


def test_a_list_is_tried_with_its_rows_and_next_page(swordnet: Swordnet, tmp_path: Path, sites: LocalWeb) -> None:
    address = sites.addresses["shop-gbk"]
    write_config(tmp_path, place(address))
    result = swordnet("site", "try", f"{address}list.asp?cid=1", "--json")
    read = trial(result)
    assert read["listing"] is None
    assert [row["url"] for row in read["rows"]] == [f"{address}show.asp?id=101", f"{address}show.asp?id=103"]
    assert read["next"] == f"{address}list.asp?cid=1&page=2"
    assert "nothing to compare with" in result.stderr
    assert not (tmp_path / "swordnet.db").exists()


def test_a_recipe_is_tried_on_a_saved_page(swordnet: Swordnet, tmp_path: Path) -> None:
    file = write_config(tmp_path)
    body = THREAD.format(title="Reedmoor Board", author="ilse", day=3, words="<b>Marsh Lanterns, scan</b> Write to me.")
    page = tmp_path / "page.html"
    page.write_text(f"<html><body>{body}<div class=also>Other posts of ilse</div></body></html>", encoding="utf-8")
    with file.open("a", encoding="utf-8") as stream:
        stream.write('[sites.reedmoor]\naddress = "https://reedmoor.example/"\ntitle = ".words b"\ntext = ".words p"\n')
    read = trial(swordnet("site", "try", "--file", "page.html", "--url", "https://reedmoor.example/t/3", "--json"))
    assert (read["platform"], read["reader"]) == ("reedmoor", "recipe")
    assert read["recipe_fields"] == ["text", "title"]
    assert read["listing"]["title"] == "Marsh Lanterns, scan"


def test_the_configured_sites_are_listed(swordnet: Swordnet, tmp_path: Path) -> None:
    file = write_config(tmp_path)
    result = swordnet("site", "list")
    assert (result.returncode, "site add" in result.stderr) == (3, True)
    with file.open("a", encoding="utf-8") as stream:
        stream.write('[sites.reedmoor]\naddress = "https://reedmoor.example/"\nkind = "forum"\n')
    (row,) = json.loads(swordnet("site", "list", "--json").stdout)
    assert (row["name"], row["kind"], row["night"]) == ("reedmoor", "forum", None)


def test_the_recipe_of_the_guide_reads_its_page(swordnet: Swordnet, tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    html = guide.partition("```html\n")[2].partition("```")[0]
    section = dedent(guide.partition("   ```toml\n")[2].partition("   ```")[0])
    (tmp_path / "swordnet.toml").write_text(section, encoding="utf-8")
    (tmp_path / "post.html").write_text(f"<html><body>{html}</body></html>", encoding="utf-8")
    read = trial(swordnet("site", "try", "--file", "post.html", "--url", "https://reedmoor.example/t/31", "--json"))
    listing = read["listing"]
    assert (listing["title"], listing["seller"]) == ("The Marsh Lanterns, complete scan", "ilse_r")
    assert (listing["text"], listing["published"]) == ("Clean pages, 8 EUR.", "2026-11-03 18:20")
    assert (listing["price"], listing["currency"]) == ("8", "EUR")
    assert listing["pictures"] == ["https://reedmoor.example/up/31.jpg"]
    assert {"why": "left out by the recipe", "text": "Most read this week"} in read["left_out"]


def test_from_an_address_to_the_first_hit_as_the_readme_prints_it(
    swordnet: Swordnet, tmp_path: Path, sites: LocalWeb
) -> None:
    """Both READMEs print the same lines; here with a board on loopback in place of board.example."""
    readmes = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md")]
    blocks = [text.partition("```shell\n")[2].partition("```")[0].splitlines() for text in readmes]
    lines = [line.partition("#")[0].strip() for line in blocks[0]]
    assert lines == [line.partition("#")[0].strip() for line in blocks[1]]
    address = sites.addresses["forum-gbk"]
    write_config(tmp_path, place(address))
    assert swordnet("works", "import", ROOT / "fixtures" / "web" / "works.jsonl").returncode == 0
    for line in lines:
        local = line.replace("https://board.example/t/17/", f"{address}thread-20418-1-1.html")
        local = local.replace("https://board.example/", address).replace("board.example", place(address))
        result = swordnet(*local.split()[1:])
        assert result.returncode == 0, f"{local}\n{result.stdout}{result.stderr}"
    assert f"{address}thread-" in result.stdout
