"""WeChat articles (mp.weixin.qq.com/s): title, account, day, text and pictures of one article.

Built from the project's notes on the variables of the page (msg_title, nickname, user_name, biz, ct; #js_content), and
public readers of the same; not tried live, 2026-11. Quirks: pictures load late (data-src); an article that was taken
down answers 200 with a note; a check of the visitor says 环境异常.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from urllib.parse import parse_qs, urlsplit

from crawler.items import Picture
from crawler.page.page import LayoutError
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request

_VARIABLE_PATTERN = r"""\bvar\s{1,3}%s\s{0,3}=\s{0,3}(?:htmlDecode\()?["']([^"'\n]{1,500})["']"""


class Wechat(Platform):
    """Articles of mp.weixin.qq.com. Built from notes, 2026-11; not tried live."""

    name = "wechat"
    allowed_domains = ("mp.weixin.qq.com",)
    kind = ListingKind.POST
    proof = Proof(SOURCE, "the project's notes on platforms: variables and #js_content of an article", "2026-11-22")
    limits = "Articles by address only: there are no lists without a client."
    off_by_default = True

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The article."""
        content = page.css("#js_content")
        title = page.css("#activity-name").text(default="") or _variable(page, "msg_title")
        if not len(content) or not title:
            raise LayoutError("wechat: no article")
        when = _variable(page, "ct")
        pictures = [image.attrib.get("data-src") or image.attrib.get("src") or "" for image in content.css("img")]
        yield self.listing(
            url=_address(page),
            title=title,
            text=content.text(separator="\n"),
            seller=page.css("#js_name").text(default="") or _variable(page, "nickname") or None,
            seller_id=_variable(page, "user_name") or _variable(page, "biz") or None,
            creators=tuple(filter(None, [page.css("#js_author_name").text(default="")])),
            published=datetime.fromtimestamp(int(when), UTC).date().isoformat() if when.isdecimal() else None,
            pictures=tuple(Picture(url=url) for image in pictures[:20] if (url := page.link(image))),
        )


def _variable(page: Page, name: str) -> str:
    match = re.search(_VARIABLE_PATTERN % name, page.source)
    return unescape(match[1]).strip() if match else ""


def _address(page: Page) -> str:
    """The address of the page: a short one as it is, a long one with only what identifies the article."""
    parts = urlsplit(page.url)
    parameters = {
        name: values[0] for name, values in parse_qs(parts.query).items() if name in ("__biz", "mid", "idx", "sn")
    }
    if "mid" not in parameters:
        return f"https://mp.weixin.qq.com{parts.path}"
    query = "&".join(f"{name}={parameters[name]}" for name in ("__biz", "mid", "idx", "sn") if name in parameters)
    return f"https://mp.weixin.qq.com/s?{query}"
