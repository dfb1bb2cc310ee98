"""Lists of addresses: one a line or CSV, bad lines named, each address with the platform or site that claims it."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.config import Config, load_config
from crawler.errors import BadInput
from crawler.items import UnitKind
from crawler.platform_settings import SiteConfig
from desk.address_list import AddressList, plan_addresses, plan_site_walk, read_address_list
from tests.conftest import LoopbackWeb, Swordnet

LINES = "# seen in June\nhttps://reedmoor.example/t/1\n\nnonsense here\nhttps://book.kongfz.com/1/2/ # a shop\n"
CONFIG = Config(sites={"reedmoor": SiteConfig(address="https://reedmoor.example/")})


def read(folder: Path, content: str | bytes) -> AddressList:
    file = folder / "list.txt"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_address_list(file, "en")


def test_one_address_a_line_with_comments(tmp_path: Path) -> None:
    listed = read(tmp_path, LINES)
    assert listed.addresses == [(2, "https://reedmoor.example/t/1"), (5, "https://book.kongfz.com/1/2/")]
    assert [problem.line for problem in listed.problems] == [4]
    assert "nonsense here" in str(listed.problems[0])


@pytest.mark.parametrize(
    "content",
    [
        'title,url\nA lamp,https://a.example/1\n"Lamp, red",https://a.example/2\n,\n',
        "URL;title\nhttps://a.example/1;A lamp\nhttps://a.example/2;x\n;none\n",
        "标题\t网址\n灯\thttps://a.example/1\n红灯\thttps://a.example/2\n无\t\n".encode("gb18030"),
    ],
)
def test_a_table_with_a_column_of_addresses(tmp_path: Path, content: str | bytes) -> None:
    listed = read(tmp_path, content)
    assert listed.addresses == [(2, "https://a.example/1"), (3, "https://a.example/2")]
    assert [problem.line for problem in listed.problems] == [4]


def test_a_list_without_an_address_is_refused(tmp_path: Path) -> None:
    for content in ("", "# nothing\n", "title,url\n"):
        with pytest.raises(BadInput):
            read(tmp_path, content)


def test_each_address_goes_to_its_platform_or_site(tmp_path: Path) -> None:
    listed = read(tmp_path, LINES + "https://elsewhere.example/1\nhttps://pan.baidu.com/s/1AbCdEfGhIjKlMnOpQrStUv\n")
    plan, problems = plan_addresses(listed, "shop", CONFIG, tmp_path / "list.txt")
    planned = {name: [ask.url for ask in kinds[UnitKind.DETAILS]] for name, kinds in plan.asks.items()}
    assert planned.keys() == {"reedmoor", "kongfz", "shop", "baidu"}
    assert planned["shop"] == ["https://elsewhere.example/1"]
    assert len(problems) == 1
    plan, problems = plan_addresses(listed, "kongfz", CONFIG, tmp_path / "list.txt")
    assert plan.asks.keys() == {"kongfz"}
    assert sorted(problem.line or 0 for problem in problems) == [2, 4, 6, 7]


def test_a_walk_has_the_settings_of_its_site() -> None:
    config, plan = plan_site_walk(CONFIG, "https://reedmoor.example/feed.xml", 2, "/t/")
    site = config.sites["reedmoor"]
    assert (site.start, site.depth, site.follow) == (("https://reedmoor.example/feed.xml",), 2, "/t/")
    assert [ask.url for ask in plan.asks["reedmoor"][UnitKind.WALK]] == ["https://reedmoor.example/feed.xml"]
    config, plan = plan_site_walk(CONFIG, "https://new.example/books/", None, None)
    assert config.sites["new.example"].address == "https://new.example/"
    for address, pattern in (("https://book.kongfz.com/", None), ("https://new.example/", "(")):
        with pytest.raises(BadInput):
            plan_site_walk(CONFIG, address, None, pattern)


def test_a_selector_that_is_none_is_refused_with_file_and_setting(tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text('title = "h1["\n')
    file = tmp_path / "swordnet.toml"
    file.write_text('[sites.a]\naddress = "https://a.example/"\nrecipe = "board.toml"\nrow = "li >>"\nfollow = "("\n')
    with pytest.raises(BadInput) as caught:
        load_config(file)
    places = {(Path(problem.file).name, problem.field) for problem in caught.value.problems}
    assert places == {("board.toml", "title"), ("swordnet.toml", "sites.a.row"), ("swordnet.toml", "sites.a.follow")}


@pytest.mark.slow
def test_a_list_is_crawled_and_a_whole_site_is_walked(swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb) -> None:
    (tmp_path / "swordnet.toml").write_text(f'[crawl]\ndelay = 0.0\nloopback = ["{web.netloc}"]\n')
    web.pages["/robots.txt"] = (200, "text/plain", b"")
    for number in (1, 2, 3):
        words = f"<p>What is said about lamp {number} and of nothing else, in a sentence of its own.</p>"
        html = f"<html><title>Lamp number {number}</title><h1>Lamp number {number}</h1>{words}</html>"
        web.pages[f"/lamp/{number}"] = (200, "text/html", html.encode())
    (tmp_path / "list.txt").write_text(f"{web.url}/lamp/1\nno address at all\n{web.url}/lamp/2\n")
    result = swordnet("crawl", "shop", "--urls", "list.txt", "--json")
    assert result.returncode == 0, result.stderr
    assert "list.txt:2" in result.stderr
    assert {"/lamp/1", "/lamp/2"} <= set(web.requested_paths)
    locations = "".join(f"<url><loc>{web.url}/lamp/{number}</loc></url>" for number in (1, 2, 3))
    sitemap = f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{locations}</urlset>'
    web.pages["/sitemap.xml"] = (200, "application/xml", sitemap.encode())
    web.pages["/"] = (200, "text/html", b"<html><title>Lamps</title><p>Lamps of all kinds</p></html>")
    result = swordnet("crawl", "shop", "--from", f"{web.url}/sitemap.xml", "--follow-only", "lamp/[13]", "--json")
    assert result.returncode == 0, result.stderr
    assert "/lamp/3" in web.requested_paths
    assert web.requested_paths.count("/lamp/2") == 1


@pytest.mark.parametrize(
    "content",
    [
        'sep=;\r\ntitle;url\r\nA lamp;https://a.example/1\r\n"Lamp; red";https://a.example/2\r\n',
        "Addresses of June,\ntitle,URL\u00a0\nx,https://a.example/1\ny,https://a.example/2\n",
        "title|link\rx|https://a.example/1\ry|https://a.example/2\r",
        "題名,網頁,url\n燈下的信,x,https://a.example/1\n山海之間,y,https://a.example/2\n".encode("big5"),
        "sep=,\ntitle,url\nx,https://a.example/1\ny,https://a.example/2\n".encode("utf-16"),
        "url\nhttps://a.example/1\nhttps://a.example/2\n",
        'url\n"https://a.example/1"\n"https://a.example/2"\n',
    ],
)
def test_tables_of_addresses_as_spreadsheets_write_them(tmp_path: Path, content: str | bytes) -> None:
    assert [url for _, url in read(tmp_path, content).addresses] == ["https://a.example/1", "https://a.example/2"]


def test_a_column_of_its_own_is_not_parted_at_commas(tmp_path: Path) -> None:
    listed = read(tmp_path, "url\nhttps://a.example/1,2;3\n")
    assert [url for _, url in listed.addresses] == ["https://a.example/1,2;3"]


def test_an_unclosed_quotation_mark_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="never closed") as caught:
        read(tmp_path, 'title,url\nx,https://a.example/1\n"y,https://a.example/2\n')
    assert caught.value.problems[0].line == 3


def test_the_encoding_of_a_list_of_addresses_is_told(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes("題名,url\n燈下的信,https://a.example/1\n".encode("big5"))
    notes: list[str] = []
    read_address_list(tmp_path / "list.csv", "en", tell=notes.append)
    assert notes[0].endswith("read as Big5")
    with pytest.raises(BadInput, match="cannot be read as UTF-8"):
        read_address_list(tmp_path / "list.csv", "en", encoding="utf-8")
