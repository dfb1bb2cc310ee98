"""Telegram, the public preview of a channel (t.me/s/...): its posts with text, links and time, older ones page by page.

Built from eight saved posts (bench/pages.py), 2026-11. Quirks: a channel without a preview answers with a page that has
no posts; an address behind a link may differ from what is shown, so both are kept in the text; `?before=` turns pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import quote, urlsplit

from crawler.errors import BadInput, Problem
from crawler.items import Picture
from crawler.page.page import LayoutError, Selection
from spiders import PAGE, Listing, ListingKind, Page, Platform, Proof, Request

POST_SELECTOR = ".tgme_widget_message[data-post]"
MAX_TITLE_CHARS = 120  # of a post, as its title


class Telegram(Platform):
    """Posts of public channels. Built from eight saved posts, 2026-11; not tried live."""

    name = "telegram"
    allowed_domains = ("t.me", "telegram.me")
    kind = ListingKind.POST
    rows_suffice = True
    search_configured = True
    proof = Proof(PAGE, "8 posts of t.me/s/ channels in bench/pages.py", "2026-11-22")
    limits = "Public channels by address only (option templates: https://t.me/s/CHANNEL?q={query} searches in one)."
    off_by_default = True

    def search(self, question: str) -> list[Request]:
        """Request a search in each channel that the configuration names."""
        return [Request(url=template.replace("{query}", quote(question))) for template in self.templates]

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the preview of the channel or the post."""
        parts = [part for part in urlsplit(address).path.split("/") if part and part != "s"]
        if not parts or parts[0].startswith("+"):
            raise BadInput(Problem(file=address, message="not the address of a public channel"))
        return Request(url=f"https://t.me/s/{'/'.join(parts[:2])}")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The posts of the page, and the request for older ones."""
        posts = page.css(POST_SELECTOR)
        if not len(posts) and not len(page.css(".tgme_channel_history, .tgme_channel_info")):
            raise LayoutError("telegram: no preview of a channel")
        for post in posts:
            yield self._post(page, post)
        older = page.css("link[rel=prev], a.tme_messages_more[data-before]")
        if len(older) and older.attrib.get("href"):
            yield Request(url=page.urljoin(older.attrib["href"]), page=int(page.values.get("page", "1")) + 1)

    def _post(self, page: Page, post: Selection) -> Listing:
        name = post.attrib["data-post"]
        content = post.css(".tgme_widget_message_text")
        links = [link.attrib.get("href", "") for link in content.css("a[href]")] if len(content) else []
        text = content.text(default="", separator="\n") if len(content) else ""
        files = post.css(".tgme_widget_message_document_title").text(default="")
        owner = post.css(".tgme_widget_message_owner_name").text(default=None)
        time = post.css("time[datetime]")
        return self.listing(
            url=f"https://t.me/{name}",
            title=(files or _first_line(content) or name)[:MAX_TITLE_CHARS],
            text="\n".join(dict.fromkeys(filter(None, (text, files, *links)))),
            sku=name,
            seller=owner,
            seller_id=name.partition("/")[0],
            published=time.attrib["datetime"] if len(time) else None,
            pictures=tuple(_pictures(post)),
        )


def _first_line(content: Selection) -> str:
    """The first line of a post; <br> separates lines."""
    for line in re.split(r"<br\s{0,3}/?>", content.html()[:20_000]) if len(content) else ():
        text = " ".join(unescape(re.sub(r"<[^<>]{1,2000}>", "", line)).split())
        if text:
            return text
    return ""


def _pictures(post: Selection) -> Iterator[Picture]:
    for photo in post.css("a.tgme_widget_message_photo_wrap[style]"):
        address = photo.attrib["style"].partition("url('")[2].partition("')")[0]
        if address.startswith("https://"):
            yield Picture(url=address)
