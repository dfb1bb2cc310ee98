"""Pages of the demo night, with the structure of each platform's responses and the content of bench/demo_story.py."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from bench.demo_story import SHARE_ID, App, Offer

SHOP_URL = "https://harbourlight-video.example/products/no-signal-in-the-far-hills-blu-ray"
HUAWEI_API_URL = "https://web-drcn.hispace.dbankcloud.com/uowap/index"
HUAWEI_ICON_URL = "https://appimg.dbankcdn.com/application/icon"


def encode_json(value: Any) -> bytes:
    """JSON as platforms send it."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def offer_url(offer: Offer) -> str:
    """The address of an offer's own page."""
    return f"https://book.kongfz.com/{_shop_id(offer)}/{_item_id(offer)}/"


def offer_picture(offer: Offer) -> str:
    """The address of an offer's picture."""
    return f"https://www0.kfzimg.com/sw/demo/{_item_id(offer)}_b.jpg"


def offer_list(offers: Sequence[Offer]) -> bytes:
    """A search response of kongfz."""
    rows = [_row(offer) for offer in offers]
    item_response = {"total": len(rows), "list": rows}
    return encode_json({"status": 1, "message": "", "data": {"itemResponse": item_response}})


def _row(offer: Offer) -> dict[str, Any]:
    return {
        "itemId": _item_id(offer),
        "shopId": _shop_id(offer),
        "shopName": offer.seller,
        "title": offer.title,
        "author": offer.author,
        "press": offer.press,
        "isbn": offer.isbn,
        "price": float(offer.price),
        "qualityText": "九品",
        "importantDesc": offer.note,
        "isSoldOut": False,
        "imgUrl": offer_picture(offer).replace("_b.", "_s."),
        "imgBigUrl": offer_picture(offer),
        "link": {"pc": offer_url(offer)},
    }


def offer_page(offer: Offer) -> bytes:
    """An offer's own page on kongfz."""
    facts = {"作者": offer.author, "出版社": offer.press, "ISBN": offer.isbn}
    lines = "".join(f"<li><span>{label}：</span>{escape(text)}</li>" for label, text in facts.items() if text)
    title = escape(offer.title)
    return f"""<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}_孔夫子旧书网</title></head>
<body>
<div class="shop-top"><div class="shop-name"><a href="https://shop.kongfz.com/{_shop_id(offer)}/">{escape(offer.seller)}</a></div></div>
<div class="exhibition"><img src="{offer_picture(offer)}" alt=""></div>
<div class="title-box"><h1 itemname="{title}">{title}</h1></div>
<div class="now-price-text">¥<span class="now-price-text-cont" price="{offer.price}">{offer.price}</span></div>
<div class="quality-text-cot"><i>九品</i></div>
<ul class="keywords-define">{lines}</ul>
<div class="book-quality-desc">{escape(offer.note)}</div>
<div class="major-info"><p class="major-info-text">{escape(offer.text)}</p></div>
</body></html>
""".encode()


def apple_list(apps: Sequence[App]) -> bytes:
    """A search response of the App Store."""
    return encode_json({"resultCount": len(apps), "results": [_apple_row(app) for app in apps]})


def apple_url(app: App) -> str:
    """The address of an app in the App Store."""
    return f"https://apps.apple.com/cn/app/id{6990000000 + app.number}"


def apple_icon(app: App) -> str:
    """The address of an app's icon in the App Store."""
    return f"https://is1-ssl.mzstatic.com/image/thumb/demo/{app.number}/512x512bb.jpg"


def _apple_row(app: App) -> dict[str, Any]:
    return {
        "wrapperType": "software",
        "kind": "software",
        "trackId": 6990000000 + app.number,
        "trackName": app.name,
        "bundleId": app.bundle,
        "sellerName": app.developer,
        "artistName": app.developer,
        "artistId": 1690000000 + app.number,
        "price": 0.0,
        "currency": "CNY",
        "releaseDate": f"2026-10-{app.number:02}T07:00:00Z",
        "description": app.text,
        "artworkUrl512": apple_icon(app),
        "trackViewUrl": f"{apple_url(app)}?uo=4",
        "screenshotUrls": [],
    }


def huawei_url(app: App) -> str:
    """The address of an app in AppGallery."""
    return f"https://appgallery.huawei.com/app/C{109900000 + app.number}"


def huawei_icon(app: App) -> str:
    """The address of an app's icon in AppGallery."""
    return f"{HUAWEI_ICON_URL}/demo{app.number}.png"


def huawei_data(apps: Sequence[App]) -> bytes:
    """The response from which AppGallery's script renders a page."""
    rows = [
        {
            "name": app.name,
            "package": app.bundle,
            "appid": f"C{109900000 + app.number}",
            "developer": app.developer,
            "icon": huawei_icon(app),
            "memo": app.text,
        }
        for app in apps
    ]
    return encode_json({"rtnCode": 0, "layoutData": [{"layoutName": "safeappcard", "dataList": rows}]})


def huawei_shell(data_url: str, template: str) -> bytes:
    """AppGallery's page before its script ran, without content. `drawn` is the template that makes markup of `app`."""
    return f"""<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>华为应用市场</title></head>
<body>
<div id="app"></div>
<script>
const safe = text => {{ const box = document.createElement("i"); box.textContent = text; return box.innerHTML; }};
fetch({json.dumps(data_url)}).then(answer => answer.json()).then(answer => {{
  const apps = answer.layoutData.flatMap(layout => layout.dataList);
  document.getElementById("app").innerHTML = apps.map(app => `{template}`).join("");
}});
</script>
</body></html>
""".encode()


HUAWEI_CARD = (
    '<a href="/app/${app.appid}"><div class="tem"><img src="${app.icon}" alt="">'
    '<div class="intro_left"><p>${safe(app.name)}</p><span class="dev">${safe(app.developer)}</span></div></div></a>'
)
HUAWEI_APP = (
    '<div class="center_info"><img src="${app.icon}" alt=""><h1 class="title">${safe(app.name)}</h1>'
    '<div class="developer">${safe(app.developer)}</div></div><div class="app_desc">${safe(app.memo)}</div>'
)


def share_token() -> bytes:
    """Quark's token response for the planted share."""
    data = {"title": "三十天水彩夜景", "stoken": "ZGVtbyB0b2tlbg==", "expired_type": 1, "subscribed": False}
    return encode_json({"status": 200, "code": 0, "message": "ok", "data": data})


def share_files() -> bytes:
    """The top folder of the planted share."""
    lessons = ("第01课 蓝调时刻", "第02课 湿画路灯", "第03课 窗口的暖光", "课程讲义")
    rows: list[dict[str, Any]] = [
        {"fid": f"demo{number}", "file_name": f"三十天水彩夜景 {name}{end}", "size": size, "dir": False, "file": True}
        for number, (name, end, size) in enumerate(
            (name, ".pdf" if name == "课程讲义" else ".mp4", 96_000_000 + 7_000_000 * place)
            for place, name in enumerate(lessons)
        )
    ]
    share = {"title": "三十天水彩夜景", "share_id": SHARE_ID, "status": 1, "partial_violation": False, "file_num": 4}
    return encode_json(
        {"status": 200, "code": 0, "data": {"share": share, "list": rows}, "metadata": {"_total": len(rows)}}
    )


def shop_page() -> bytes:
    """A shop's product page that describes itself in JSON-LD."""
    product = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": "No Signal in the Far Hills (Blu-ray)",
        "image": "https://harbourlight-video.example/media/no-signal.jpg",
        "sku": "HLV-0417",
        "brand": {"@type": "Brand", "name": "Lanternfish Pictures"},
        "description": "New and sealed. Feature film by Ines Maravall, region free, with a booklet.",
        "offers": {
            "@type": "Offer",
            "price": "23.50",
            "priceCurrency": "USD",
            "availability": "https://schema.org/InStock",
            "seller": {"@type": "Organization", "name": "Harbourlight Video"},
        },
    }
    described = json.dumps(product, ensure_ascii=False, indent=1)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>No Signal in the Far Hills (Blu-ray) | Harbourlight Video</title>
<script type="application/ld+json">
{described}
</script></head>
<body><h1>No Signal in the Far Hills (Blu-ray)</h1><p class="price">$23.50</p>
<p>New and sealed. Feature film by Ines Maravall, region free, with a booklet.</p></body></html>
""".encode()


ROBOTS_BODY = b"User-agent: *\nAllow: /\n"


def _item_id(offer: Offer) -> int:
    return 8_800_000_000 + offer.number


def _shop_id(offer: Offer) -> int:
    return 990_000 + sum(map(ord, offer.seller)) % 9_000
