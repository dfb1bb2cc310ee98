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

from bench.draw_demo import HTML, JSON, Night
from crawler.page import Page, Request
from spiders.quark import Quark

SHARE, RIGHT, WRONG = "5d20c7e19ab4", "h7Tq", "zz99"
SHOP = "https://tide-lamp.example/p"
FOLDER = "f01"
LESSONS = [f"第{number:02d}课 潮汐表的读法.mp4" for number in range(1, 41) if number not in (7, 23)]
LISTINGS = {
    1: ("高清全集 秒发", f"拍下自动发货 pan.quark.cn/s/{SHARE} 提取码 {RIGHT}", "8.80"),
    2: ("潮汐表的读法 视频课", f"链接：https://pan.quark.cn/s/{SHARE} 密码：{WRONG}", "12.00"),
    3: ("看图 私信 秒发", f"夸父：https://pan。quark。cn/s/{SHARE}，码{RIGHT}", "5.00"),
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


def write(root: Path) -> None:
    """Write works and both nights below `root`, replacing what was there."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / "works.jsonl").write_text(json.dumps(WORK, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, alive in (("first", True), ("second", False)):
        night = Night(root / name)
        for number, (title, text, price) in LISTINGS.items():
            night.answer(f"shop/listing-{number}", f"{SHOP}/{number}", page_of(title, text, price), HTML)
        ask(night, RIGHT, alive)
        ask(night, WRONG, alive)
        night.robots()


def ask(night: Night, code: str, alive: bool) -> None:
    """Write the drive's responses for the share opened with `code`, and for the requests that the spider then makes."""
    spider = Quark()
    waiting = [spider.open(f"https://pan.quark.cn/s/{SHARE}", code)]
    for number in range(1, 9):
        if not waiting:
            return
        request = waiting.pop(0)
        body = json.dumps(answer(request, code, alive), ensure_ascii=False, indent=1).encode()
        night.answer(f"quark/{code}-{number}", request, body, JSON)
        page = Page(url=request.url, body=body, content_type=JSON, values=request.values)
        waiting += [each for each in spider.read(page) if isinstance(each, Request)]


def answer(request: Request, code: str, alive: bool) -> dict[str, object]:
    """The response to a request: a token, a list, or the reason why there is none."""
    if not alive:
        return {"status": 404, "code": 41012, "message": "分享已被取消", "data": {}}
    if code != RIGHT:
        return {"status": 404, "code": 41008, "message": "提取码错误", "data": {}}
    if urlsplit(request.url).path.endswith("/token"):
        return {"status": 200, "code": 0, "data": {"title": "资料", "stoken": "inventedToken"}}
    top = [{"fid": FOLDER, "file_name": "潮汐表 全40课", "size": 0, "dir": True, "file": False}]
    inside = [{"fid": f"f{place}", "file_name": name, "size": 180_000_000} for place, name in enumerate(LESSONS, 10)]
    listed = inside if f"pdir_fid={FOLDER}" in request.url else top
    share = {"title": "资料", "status": 1}
    return {"status": 200, "code": 0, "data": {"share": share, "list": listed}, "metadata": {"_total": len(listed)}}


def page_of(title: str, text: str, price: str) -> bytes:
    """A shop's product page that describes itself in JSON-LD."""
    offer = {"@type": "Offer", "price": price, "priceCurrency": "CNY", "availability": "https://schema.org/InStock"}
    product = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": title,
        "description": text,
        "offers": offer,
    }
    described = json.dumps(product, ensure_ascii=False)
    return f"""<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title} - 潮灯小铺</title>
<script type="application/ld+json">{described}</script></head>
<body><h1>{title}</h1><p class="price">¥{price}</p><p>{text}</p></body></html>
""".encode()


if __name__ == "__main__":
    write(Path("fixtures") / "chain")
    sys.stdout.write("fixtures/chain is written\n")
