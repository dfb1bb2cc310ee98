"""QR codes in pictures: photographed, turned, and none at all."""

from __future__ import annotations

import asyncio
import io

import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageFilter

from crawler.items import Listing, ListingItem, ListingKind
from crawler.pictures import inspect_picture
from pipelines.links import ShareLinksPipeline
from tests.conftest import ROOT
from tests.cover_pictures import cover

ADDRESS = "https://pan.quark.cn/s/0a1b2c3d4e5f?pwd=x9k2"


def photograph_of_code(degrees: float, quality: int = 60) -> bytes:
    """A page with a QR code, turned, slanted, a little blurred, and saved as a phone does."""
    barcode = zxingcpp.create_barcode(ADDRESS, zxingcpp.BarcodeFormat.QRCode)
    code = Image.fromarray(barcode.to_image(scale=8)).convert("RGB")
    page = cover(7).convert("RGB").resize((1400, 1000))
    page.paste(code, (700, 380))
    slanted = page.transform(page.size, Image.Transform.AFFINE, (1, 0.12, -60, 0.04, 1, -20), fillcolor=(90, 90, 80))
    turned = slanted.rotate(degrees, expand=True, fillcolor=(90, 90, 80), resample=Image.Resampling.BICUBIC)
    out = io.BytesIO()
    turned.filter(ImageFilter.GaussianBlur(1.2)).save(out, "JPEG", quality=quality)
    return out.getvalue()


@pytest.mark.parametrize("degrees", [0, 17, 90, 203])
def test_a_code_in_a_photographed_and_turned_picture_is_read(degrees: float) -> None:
    assert inspect_picture(photograph_of_code(degrees), "https://a.test/1.jpg").codes == (ADDRESS,)


def test_a_share_in_a_picture_is_a_link_of_the_listing() -> None:
    picture = inspect_picture(photograph_of_code(17), "https://a.test/1.jpg")
    url = "https://a.test/1"
    listing = Listing(platform="shop", kind=ListingKind.OFFER, url=url, title="看图", pictures=(picture,))
    (link,) = asyncio.run(ShareLinksPipeline().process_item(ListingItem(listing=listing, body=b""))).listing.links
    assert (link.platform, link.share_id, link.code) == ("quark", "0a1b2c3d4e5f", "x9k2")
    assert link.tricks == ("qr_code",)


def test_pictures_without_a_code_have_none() -> None:
    from crawler.pictures.qr import qr_codes

    covers = sorted((ROOT / "fixtures" / "works" / "demo" / "covers").iterdir())
    assert covers
    for path in covers:
        with Image.open(path) as source:
            assert qr_codes(np.asarray(source.convert("RGB").resize((1200, 900)))) == ()
