"""Write the demo's material: fixtures/works/demo and fixtures/night. Run from the root: python -m bench.draw_demo.

The night holds a response to everything that the spiders request for the demo's works. The requests come from `search`
and `open` of the spiders themselves, so run it again when one of them changes. The same input gives the same files.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from urllib.parse import urlencode, urlsplit

from PIL import Image

from bench import demo_pages as pages
from bench.demo_covers import PICTURES, draw_picture, photo
from bench.demo_story import ACCESS_CODE, APPLE_APPS, BOOKSHOP_OFFERS, HUAWEI_APPS, SHARE_ID, WORKS, App, Offer
from crawler.items import Work
from crawler.page import Page, Request
from registry.query_planning import name_queries
from registry.works_reader import read_works
from spiders import Platform
from spiders.appgallery import AppGallery
from spiders.appstore import AppStore
from spiders.kongfz import Kongfz
from spiders.quark import Quark

FETCHED_AT = "2026-11-22T01:00:00Z"
CROP_BOX = (
    0.01,
    0.0,
    0.99,
    0.915,
)  # cuts a tenth, mostly at the bottom, so that a hash of the whole no longer finds it
HTML_TYPE, JSON_TYPE, TEXT_TYPE = (
    "text/html; charset=utf-8",
    "application/json; charset=utf-8",
    "text/plain; charset=utf-8",
)
_SUFFIXES = {HTML_TYPE: "html", JSON_TYPE: "json", TEXT_TYPE: "txt", "image/jpeg": "jpg", "image/png": "png"}


class NightArchive:
    """A folder archive being written; every host gets its robots.txt."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hosts: dict[str, str] = {}

    def add_response(self, case: str, request: Request | str, body: bytes, content_type: str) -> None:
        """Write the response to a request, or to a plain GET of an address, to the subfolder `case`."""
        sent_request = Request(url=request) if isinstance(request, str) else request
        metadata: dict[str, object] = {"url": sent_request.url}
        if sent_request.method != "GET":
            metadata |= {"method": sent_request.method, "body": sent_request.body.decode()}
        if sent_request.values:
            metadata["values"] = dict(sent_request.values)
        metadata |= {"content_type": content_type, "fetched_at": FETCHED_AT}
        case_folder = self._folder / case
        case_folder.mkdir(parents=True)
        (case_folder / "request.json").write_bytes(pages.encode_json(metadata))
        (case_folder / f"page.{_SUFFIXES[content_type]}").write_bytes(body)
        self._hosts.setdefault(urlsplit(sent_request.url).netloc, case.partition("/")[0])

    def add_robots(self) -> None:
        """Write a robots.txt that allows everything for every host with a response."""
        for host, platform in list(self._hosts.items()):
            self.add_response(f"{platform}/robots-{host}", f"https://{host}/robots.txt", pages.ROBOTS_BODY, TEXT_TYPE)


def write_material(root: Path) -> None:
    """Write everything below `root`, replacing what was there."""
    demo, night = root / "works" / "demo", root / "night"
    for folder in (demo, night):
        shutil.rmtree(folder, ignore_errors=True)
    write_works(demo)
    works = read_works(demo / "works.jsonl")
    archive = NightArchive(night)
    write_bookshop(archive, works)
    write_share(archive)
    write_apple(archive, works)
    write_huawei(archive, works)
    archive.add_response("shop/product", pages.SHOP_URL, pages.shop_page(), HTML_TYPE)
    picture = encode_jpeg(draw_picture("covers/demo-12.jpg").resize((225, 315), Image.Resampling.LANCZOS))
    archive.add_response(
        "shop/picture", "https://harbourlight-video.example/media/no-signal.jpg", picture, "image/jpeg"
    )
    archive.add_robots()
    write_expectations(demo / "expected.csv")


def write_works(folder: Path) -> None:
    """Write the list of works with its pictures."""
    for name in PICTURES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            encode_png(draw_picture(name)) if name.endswith(".png") else encode_jpeg(draw_picture(name), 88)
        )
    lines = [json.dumps(work, ensure_ascii=False) + "\n" for work in WORKS]
    (folder / "works.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")


def write_bookshop(night: NightArchive, works: list[Work]) -> None:
    """Write kongfz: a response to every query, every offer's own page, and its picture."""
    spider = Kongfz()
    for number, (question, work) in enumerate(platform_queries(spider, works), start=1):
        offers = [offer for offer in BOOKSHOP_OFFERS if work and f"demo-{offer.work:02}" == work]
        for request in search_requests(spider, question):
            night.add_response(f"kongfz/search-{number:02}", request, pages.offer_list(offers), JSON_TYPE)
    for offer in BOOKSHOP_OFFERS:
        case = f"kongfz/offer-{offer.number:02}"
        night.add_response(case, spider.open(pages.offer_url(offer)), pages.offer_page(offer), HTML_TYPE)
        night.add_response(f"{case}-picture", pages.offer_picture(offer), offer_photo(offer), "image/jpeg")


def write_share(night: NightArchive) -> None:
    """Write quark: the token of the planted share, and the responses to the requests that it leads to."""
    spider = Quark()
    token = spider.open(f"https://pan.quark.cn/s/{SHARE_ID}", ACCESS_CODE)
    night.add_response("quark/share-token", token, pages.share_token(), JSON_TYPE)
    page = Page(url=token.url, body=pages.share_token(), content_type=JSON_TYPE, values=token.values)
    for number, request in enumerate(result for result in spider.read(page) if isinstance(result, Request)):
        night.add_response(f"quark/share-files-{number}", request, pages.share_files(), JSON_TYPE)


def write_apple(night: NightArchive, works: list[Work]) -> None:
    """Write appstore: a response to every query, and the icons."""
    spider = AppStore()
    for number, (question, work) in enumerate(platform_queries(spider, works), start=1):
        apps = [app for app in APPLE_APPS if work and f"demo-{app.work:02}" == work]
        for request in search_requests(spider, question):
            night.add_response(f"appstore/search-{number:02}", request, pages.apple_list(apps), JSON_TYPE)
    for app in APPLE_APPS:
        night.add_response(
            f"appstore/app-{app.number}", spider.open(pages.apple_url(app)), pages.apple_list([app]), JSON_TYPE
        )
        night.add_response(
            f"appstore/app-{app.number}-icon", pages.apple_icon(app), icon_bytes(app, "JPEG"), "image/jpeg"
        )


def write_huawei(night: NightArchive, works: list[Work]) -> None:
    """Write appgallery: pages without content, the data their script fetches, and the icons.

    Every query finds something, if only an unrelated app, as in the real store.
    """
    spider = AppGallery()
    for number, (question, work) in enumerate(platform_queries(spider, works), start=1):
        apps = [app for app in HUAWEI_APPS if f"demo-{app.work:02}" == work] or [
            app for app in HUAWEI_APPS if not app.work
        ]
        data = (
            f"{pages.HUAWEI_API_URL}?{urlencode({'method': 'internal.getTabDetail', 'uri': f'searchApp|{question}'})}"
        )
        for request in search_requests(spider, question):
            case = f"appgallery/search-{number:02}"
            night.add_response(case, request, pages.huawei_shell(data, pages.HUAWEI_CARD), HTML_TYPE)
            night.add_response(f"{case}-data", data, pages.huawei_data(apps), JSON_TYPE)
    for app in HUAWEI_APPS:
        case = f"appgallery/app-{app.number}"
        data = f"{pages.HUAWEI_API_URL}?{urlencode({'method': 'internal.getTabDetail', 'uri': f'app|C{app.number}'})}"
        night.add_response(
            case, spider.open(pages.huawei_url(app)), pages.huawei_shell(data, pages.HUAWEI_APP), HTML_TYPE
        )
        night.add_response(f"{case}-data", data, pages.huawei_data([app]), JSON_TYPE)
        night.add_response(f"{case}-icon", pages.huawei_icon(app), icon_bytes(app, "PNG"), "image/png")


def write_expectations(path: Path) -> None:
    """Write the expected decision for each planted listing."""
    sheet = io.StringIO(newline="")
    rows = csv.writer(sheet, lineterminator="\n")
    rows.writerow(("address", "work_id", "decision", "planted"))
    for offer in BOOKSHOP_OFFERS:
        rows.writerow((pages.offer_url(offer), f"demo-{offer.work:02}", offer.decision, offer.planted))
    share = "the share itself: its files name the work"
    rows.writerow((f"https://pan.quark.cn/s/{SHARE_ID}", "demo-06", "hit", share))
    for app, address in (
        *((app, pages.apple_url(app)) for app in APPLE_APPS),
        *((a, pages.huawei_url(a)) for a in HUAWEI_APPS),
    ):
        rows.writerow((address, f"demo-{app.work:02}" if app.work else "", app.decision, app.planted))
    rows.writerow((pages.SHOP_URL, "demo-12", "dropped", "innocent: a new genuine copy near the list price"))
    path.write_text(sheet.getvalue(), encoding="utf-8", newline="\n")


def platform_queries(spider: Platform, works: list[Work]) -> Iterable[tuple[str, str | None]]:
    """Every query for a platform, with the id of the work whose title made it; None where an alias did."""
    by_title: Mapping[str, str] = {
        question: work.id for work in works for question in name_queries([work], spider.kind)[:1]
    }
    return [(question, by_title.get(question)) for question in name_queries(works, spider.kind)]


def search_requests(spider: Platform, question: str) -> Iterable[Request]:
    """The requests by which a spider searches for a query."""
    requests = spider.search(question)
    return [requests] if isinstance(requests, Request) else requests


def offer_photo(offer: Offer) -> bytes:
    """The picture of an offer, as its seller would upload it."""
    if not offer.picture:
        return encode_jpeg(photo(Random(offer.number)).resize((225, 315), Image.Resampling.LANCZOS))
    kind, _, name = offer.picture.rpartition(" ")
    cover = draw_picture(name)
    if kind != "cropped":
        return encode_jpeg(cover.resize((225, 315), Image.Resampling.LANCZOS))
    left, top, right, bottom = (round(cover.size[place % 2] * share) for place, share in enumerate(CROP_BOX))
    return encode_jpeg(cover.crop((left, top, right, bottom)), 40)


def icon_bytes(app: App, encoding: str) -> bytes:
    """An app's icon in the store's own encoding."""
    image = draw_picture(app.picture) if app.picture else photo(Random(app.number)).resize((256, 256))
    smaller = image.resize((216, 216), Image.Resampling.LANCZOS)
    return encode_png(smaller) if encoding == "PNG" else encode_jpeg(smaller, 80)


def encode_png(image: Image.Image) -> bytes:
    """The image encoded as PNG."""
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def encode_jpeg(image: Image.Image, quality: int = 75) -> bytes:
    """The image encoded as JPEG."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    write_material(Path(__file__).parent.parent / "fixtures")
    sys.exit(0)
