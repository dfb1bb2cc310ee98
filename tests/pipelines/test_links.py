"""Where the links of a listing come from besides its text: names of files, and what a thunder link wraps."""

from __future__ import annotations

import asyncio
import base64

from crawler.items import Listing, ListingItem, ListingKind, SharedFile, ShareLink, ShareState
from crawler.shares import extract_links
from crawler.shares.listing_links import unwrap_link
from pipelines.links import ShareLinksPipeline

QUARK = "https://pan.quark.cn/s/0a1b2c3d4e5f"
OWN = ShareLink(platform="quark", share_id="f5e4d3c2b1a0", url="https://pan.quark.cn/s/f5e4d3c2b1a0", code="k7m2")


def thunder_link(address: str) -> str:
    return "thunder://" + base64.b64encode(f"AA{address}ZZ".encode()).decode()


def links_of(**fields: object) -> list[tuple[str, str, tuple[str, ...]]]:
    fields_of_listing = {
        "platform": "shop",
        "kind": ListingKind.OFFER,
        "url": "https://tide.example/p/1",
        "title": "",
        **fields,
    }
    item = ListingItem(listing=Listing(**fields_of_listing), body=b"")  # type: ignore[arg-type]
    listing = asyncio.run(ShareLinksPipeline().process_item(item)).listing
    return [(link.platform, link.share_id, link.tricks) for link in listing.links]


def test_a_share_keeps_its_own_link_first_and_gains_those_in_its_files() -> None:
    files = (SharedFile(name="第01课.mp4"), SharedFile(name="更多课程 pan.quark.cn/s/0a1b2c3d4e5f.txt"))
    links = links_of(
        kind=ListingKind.SHARE, url=OWN.url, links=(OWN,), files=files, share_state=ShareState.ALIVE, platform="quark"
    )
    assert links == [("quark", OWN.share_id, ()), ("quark", "0a1b2c3d4e5f", ("file_name",))]


def test_what_a_thunder_link_wraps_is_a_link_too() -> None:
    (link,) = extract_links(thunder_link(QUARK))
    assert (link.platform, unwrap_link(link)) == ("thunder", QUARK)
    links = links_of(text=f"迅雷下载 {thunder_link(QUARK)}")
    assert [platform for platform, _, _ in links] == ["thunder", "quark"]
    assert links[1][1:] == ("0a1b2c3d4e5f", ("wrapped",))


def test_a_thunder_link_that_wraps_no_address_stays_alone() -> None:
    assert [platform for platform, _, _ in links_of(text=thunder_link("nothing to see"))] == ["thunder"]
    assert unwrap_link(OWN) is None


def test_a_long_text_is_read_as_a_short_one_is() -> None:
    assert links_of(text=f"{'潮汐表 ' * 10_000}{QUARK}") == links_of(text=QUARK) == [("quark", "0a1b2c3d4e5f", ())]
