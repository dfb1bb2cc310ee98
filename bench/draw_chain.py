"""Write fixtures/chain: two nights in which three listings sell one share. Run: python -m bench.draw_chain.

On the first night the share is alive and holds 38 of 40 lessons, one folder deep; one of the listings gives a wrong
code. By the second night the share is cancelled. All names are invented; the requests are those of the spiders, so run
it again when the requests of spiders.quark change. The same input gives the same files.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from bench.draw_demo import HTML_TYPE, JSON_TYPE, NightArchive
from crawler.page import Page, Request
from spiders.quark import Quark

SHARE_ID, RIGHT_CODE, WRONG_CODE = "5d20c7e19ab4", "h7Tq", "zz99"
SHOP_URL = "https://tide-lamp.example/p"
FOLDER_ID = "f01"
LESSONS = [f"第{number:02d}课 潮汐表的读法.mp4" for number in range(1, 41) if number not in (7, 23)]
LISTINGS = {
    1: ("高清全集 秒发", f"拍下自动发货 pan.quark.cn/s/{SHARE_ID} 提取码 {RIGHT_CODE}", "8.80"),
    2: ("潮汐表的读法 视频课", f"链接：https://pan.quark.cn/s/{SHARE_ID} 密码：{WRONG_CODE}", "12.00"),
    3: ("看图 私信 秒发", f"夸父：https://pan。quark。cn/s/{SHARE_ID}，码{RIGHT_CODE}", "5.00"),
}
WORK = {
    "id": "chain-1",
    "title": "潮汐表的读法",
    "kind": "course",
    "creators": ["闻笙"],
    "owner": "灯塔学堂",
    "list_price": "900",
    "currency": "CNY",
}


def write_chain(root: Path) -> None:
    """Write works and both nights below `root`, replacing what was there."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / "works.jsonl").write_text(json.dumps(WORK, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, alive in (("first", True), ("second", False)):
        night = NightArchive(root / name)
        for number, (title, text, price) in LISTINGS.items():
            night.add_response(
                f"shop/listing-{number}", f"{SHOP_URL}/{number}", product_page(title, text, price), HTML_TYPE
            )
        write_drive_responses(night, RIGHT_CODE, alive)
        write_drive_responses(night, WRONG_CODE, alive)
        night.add_robots()


def write_drive_responses(night: NightArchive, code: str, alive: bool) -> None:
    """Write the drive's responses for the share opened with `code`, and for the requests that the spider then makes."""
    spider = Quark()
    pending_requests = [spider.open(f"https://pan.quark.cn/s/{SHARE_ID}", code)]
    for number in range(1, 9):
        if not pending_requests:
            return
        request = pending_requests.pop(0)
        body = json.dumps(response_to(request, code, alive), ensure_ascii=False, indent=1).encode()
        night.add_response(f"quark/{code}-{number}", request, body, JSON_TYPE)
        page = Page(url=request.url, body=body, content_type=JSON_TYPE, values=request.values)
        pending_requests += [result for result in spider.read(page) if isinstance(result, Request)]


def response_to(request: Request, code: str, alive: bool) -> dict[str, object]:
    """The response to a request: a token, a list, or the reason why there is none."""
    if not alive:
        return {"status": 404, "code": 41012, "message": "分享已被取消", "data": {}}
    if code != RIGHT_CODE:
        return {"status": 404, "code": 41008, "message": "提取码错误", "data": {}}
    if urlsplit(request.url).path.endswith("/token"):
        return {"status": 200, "code": 0, "data": {"title": "资料", "stoken": "inventedToken"}}
    top_rows = [{"fid": FOLDER_ID, "file_name": "潮汐表 全40课", "size": 0, "dir": True, "file": False}]
    lesson_rows = [
        {"fid": f"f{place}", "file_name": name, "size": 180_000_000} for place, name in enumerate(LESSONS, 10)
    ]
    rows = lesson_rows if f"pdir_fid={FOLDER_ID}" in request.url else top_rows
    share = {"title": "资料", "status": 1}
    return {"status": 200, "code": 0, "data": {"share": share, "list": rows}, "metadata": {"_total": len(rows)}}


def product_page(title: str, text: str, price: str) -> bytes:
    """A shop's product page that describes itself in JSON-LD."""
    offer = {"@type": "Offer", "price": price, "priceCurrency": "CNY", "availability": "https://schema.org/InStock"}
    product = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": title,
        "description": text,
        "offers": offer,
    }
    product_json = json.dumps(product, ensure_ascii=False)
    return f"""<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title} - 潮灯小铺</title>
<script type="application/ld+json">{product_json}</script></head>
<body><h1>{title}</h1><p class="price">¥{price}</p><p>{text}</p></body></html>
""".encode()


if __name__ == "__main__":
    write_chain(Path("fixtures") / "chain")
    sys.stdout.write("fixtures/chain is written\n")
