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
from bench.demo_covers import PICTURES, drawn, photo
from bench.demo_story import APPLE, BOOKSHOP, CODE, HUAWEI, SHARE, WORKS, App, Offer
from crawler.items import Work
from crawler.page import Page, Request
from registry.query_planning import name_queries
from registry.works_reader import read_works
from spiders import Platform
from spiders.appgallery import AppGallery
from spiders.appstore import AppStore
from spiders.kongfz import Kongfz
from spiders.quark import Quark

FETCHED = "2026-11-22T01:00:00Z"
CROP = (0.01, 0.0, 0.99, 0.915)  # cuts a tenth, mostly at the bottom, so that a hash of the whole no longer finds it
HTML, JSON, TEXT = "text/html; charset=utf-8", "application/json; charset=utf-8", "text/plain; charset=utf-8"
_ENDINGS = {HTML: "html", JSON: "json", TEXT: "txt", "image/jpeg": "jpg", "image/png": "png"}


class Night:
    """A folder archive being written; every host gets its robots.txt."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hosts: dict[str, str] = {}

    def answer(self, case: str, request: Request | str, body: bytes, content_type: str) -> None:
        """Write the response to a request, or to a plain GET of an address, to the subfolder `case`."""
        asked = Request(url=request) if isinstance(request, str) else request
        said: dict[str, object] = {"url": asked.url}
        if asked.method != "GET":
            said |= {"method": asked.method, "body": asked.body.decode()}
        if asked.values:
            said["values"] = dict(asked.values)
        said |= {"content_type": content_type, "fetched_at": FETCHED}
        place = self._folder / case
        place.mkdir(parents=True)
        (place / "request.json").write_bytes(pages.as_json(said))
        (place / f"page.{_ENDINGS[content_type]}").write_bytes(body)
        self._hosts.setdefault(urlsplit(asked.url).netloc, case.partition("/")[0])

    def robots(self) -> None:
        """Write a robots.txt that allows everything for every host with a response."""
        for host, platform in list(self._hosts.items()):
            self.answer(f"{platform}/robots-{host}", f"https://{host}/robots.txt", pages.ROBOTS, TEXT)


def write(root: Path) -> None:
    """Write everything below `root`, replacing what was there."""
    demo, night = root / "works" / "demo", root / "night"
    for folder in (demo, night):
        shutil.rmtree(folder, ignore_errors=True)
    write_works(demo)
    works = read_works(demo / "works.jsonl")
    archive = Night(night)
    write_bookshop(archive, works)
    write_share(archive)
    write_apple(archive, works)
    write_huawei(archive, works)
    archive.answer("shop/product", pages.SHOP_URL, pages.shop_page(), HTML)
    picture = jpeg(drawn("covers/demo-12.jpg").resize((225, 315), Image.Resampling.LANCZOS))
    archive.answer("shop/picture", "https://harbourlight-video.example/media/no-signal.jpg", picture, "image/jpeg")
    archive.robots()
    write_expected(demo / "expected.csv")


def write_works(folder: Path) -> None:
    """Write the list of works with its pictures."""
    for name in PICTURES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(drawn(name)) if name.endswith(".png") else jpeg(drawn(name), 88))
    lines = [json.dumps(work, ensure_ascii=False) + "\n" for work in WORKS]
    (folder / "works.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")


def write_bookshop(night: Night, works: list[Work]) -> None:
    """Write kongfz: a response to every query, every offer's own page, and its picture."""
    spider = Kongfz()
    for number, (question, work) in enumerate(asked_of(spider, works), start=1):
        found = [offer for offer in BOOKSHOP if work and f"demo-{offer.work:02}" == work]
        for request in searches(spider, question):
            night.answer(f"kongfz/search-{number:02}", request, pages.offer_list(found), JSON)
    for offer in BOOKSHOP:
        case = f"kongfz/offer-{offer.number:02}"
        night.answer(case, spider.open(pages.offer_url(offer)), pages.offer_page(offer), HTML)
        night.answer(f"{case}-picture", pages.offer_picture(offer), offer_photo(offer), "image/jpeg")


def write_share(night: Night) -> None:
    """Write quark: the token of the planted share, and the responses to the requests that it leads to."""
    spider = Quark()
    token = spider.open(f"https://pan.quark.cn/s/{SHARE}", CODE)
    night.answer("quark/share-token", token, pages.share_token(), JSON)
    page = Page(url=token.url, body=pages.share_token(), content_type=JSON, values=token.values)
    for number, request in enumerate(each for each in spider.read(page) if isinstance(each, Request)):
        night.answer(f"quark/share-files-{number}", request, pages.share_files(), JSON)


def write_apple(night: Night, works: list[Work]) -> None:
    """Write appstore: a response to every query, and the icons."""
    spider = AppStore()
    for number, (question, work) in enumerate(asked_of(spider, works), start=1):
        found = [app for app in APPLE if work and f"demo-{app.work:02}" == work]
        for request in searches(spider, question):
            night.answer(f"appstore/search-{number:02}", request, pages.apple_list(found), JSON)
    for app in APPLE:
        night.answer(f"appstore/app-{app.number}", spider.open(pages.apple_url(app)), pages.apple_list([app]), JSON)
        night.answer(f"appstore/app-{app.number}-icon", pages.apple_icon(app), icon(app, "JPEG"), "image/jpeg")


def write_huawei(night: Night, works: list[Work]) -> None:
    """Write appgallery: pages without content, the data their script fetches, and the icons.

    Every query finds something, if only an unrelated app, as in the real store.
    """
    spider = AppGallery()
    for number, (question, work) in enumerate(asked_of(spider, works), start=1):
        found = [app for app in HUAWEI if f"demo-{app.work:02}" == work] or [app for app in HUAWEI if not app.work]
        data = f"{pages.LISTS}?{urlencode({'method': 'internal.getTabDetail', 'uri': f'searchApp|{question}'})}"
        for request in searches(spider, question):
            case = f"appgallery/search-{number:02}"
            night.answer(case, request, pages.huawei_shell(data, pages.HUAWEI_CARD), HTML)
            night.answer(f"{case}-data", data, pages.huawei_data(found), JSON)
    for app in HUAWEI:
        case = f"appgallery/app-{app.number}"
        data = f"{pages.LISTS}?{urlencode({'method': 'internal.getTabDetail', 'uri': f'app|C{app.number}'})}"
        night.answer(case, spider.open(pages.huawei_url(app)), pages.huawei_shell(data, pages.HUAWEI_APP), HTML)
        night.answer(f"{case}-data", data, pages.huawei_data([app]), JSON)
        night.answer(f"{case}-icon", pages.huawei_icon(app), icon(app, "PNG"), "image/png")


def write_expected(path: Path) -> None:
    """Write the expected decision for each planted listing."""
    sheet = io.StringIO(newline="")
    rows = csv.writer(sheet, lineterminator="\n")
    rows.writerow(("address", "work_id", "decision", "planted"))
    for offer in BOOKSHOP:
        rows.writerow((pages.offer_url(offer), f"demo-{offer.work:02}", offer.decision, offer.planted))
    share = "the share itself: its files name the work"
    rows.writerow((f"https://pan.quark.cn/s/{SHARE}", "demo-06", "hit", share))
    for app, address in (*((app, pages.apple_url(app)) for app in APPLE), *((a, pages.huawei_url(a)) for a in HUAWEI)):
        rows.writerow((address, f"demo-{app.work:02}" if app.work else "", app.decision, app.planted))
    rows.writerow((pages.SHOP_URL, "demo-12", "dropped", "innocent: a new genuine copy near the list price"))
    path.write_text(sheet.getvalue(), encoding="utf-8", newline="\n")


def asked_of(spider: Platform, works: list[Work]) -> Iterable[tuple[str, str | None]]:
    """Every query for a platform, with the id of the work whose title made it; None where an alias did."""
    by_title: Mapping[str, str] = {
        question: work.id for work in works for question in name_queries([work], spider.kind)[:1]
    }
    return [(question, by_title.get(question)) for question in name_queries(works, spider.kind)]


def searches(spider: Platform, question: str) -> Iterable[Request]:
    """The requests by which a spider searches for a query."""
    made = spider.search(question)
    return [made] if isinstance(made, Request) else made


def offer_photo(offer: Offer) -> bytes:
    """The picture of an offer, as its seller would upload it."""
    if not offer.picture:
        return jpeg(photo(Random(offer.number)).resize((225, 315), Image.Resampling.LANCZOS))
    kind, _, name = offer.picture.rpartition(" ")
    cover = drawn(name)
    if kind != "cropped":
        return jpeg(cover.resize((225, 315), Image.Resampling.LANCZOS))
    left, top, right, bottom = (round(cover.size[place % 2] * share) for place, share in enumerate(CROP))
    return jpeg(cover.crop((left, top, right, bottom)), 40)


def icon(app: App, encoding: str) -> bytes:
    """An app's icon in the store's own encoding."""
    made = drawn(app.picture) if app.picture else photo(Random(app.number)).resize((256, 256))
    smaller = made.resize((216, 216), Image.Resampling.LANCZOS)
    return png(smaller) if encoding == "PNG" else jpeg(smaller, 80)


def png(image: Image.Image) -> bytes:
    """The image encoded as PNG."""
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def jpeg(image: Image.Image, quality: int = 75) -> bytes:
    """The image encoded as JPEG."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    write(Path(__file__).parent.parent / "fixtures")
    sys.exit(0)
