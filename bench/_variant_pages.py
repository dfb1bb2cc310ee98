"""Variants of pages and pictures: charsets, stray bytes, missing end tags, JSON-LD as templates write it, damage."""

from __future__ import annotations

import asyncio
import html
import io
import json
import random
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

from bench._variants import CHANGED_BYTES, Group, Reading, Variant, cut_end, flip_byte, remove_bytes, zero_bytes
from crawler.items import Outcome
from crawler.page.reader import Reader
from crawler.pictures.decoding import DecodedPicture, decode_picture
from crawler.pictures.hashing import perceptual_hashes
from crawler.pictures.problems import PictureError
from desk.cli.read import PageRow, read_page
from matchers.images.cascade import PDQ_RADIUS_BITS, PHASH_RADIUS_BITS

URL = "https://www.hafenlicht-buecher.example/item/7"
ITEM = "listing"
TITLES = {
    "zh": ("灯塔下的第九封信 精装本", "青瓦巷口的夜校 全三册"),
    "ja": ("雪線の郵便局とねこの手紙", "ガラス坂のちいさな灯台"),
    "ru": ("Девятое письмо под маяком", "Ночная школа у синих крыш"),
    "de": ("Der Uhrmacher vom Kanal: Übungsbuch", "Müllers Märchen für Spätaufsteher"),
    "en": ("Letters to a Paper Heron", "The Night School of Tiles"),
}
WORDS = {
    "zh": "现货发售，全新正版，包邮到家，下单后当天发货。",
    "ja": "在庫あり。送料無料でお届けします。ご注文をお待ちしております。",
    "ru": "В наличии. Доставка по всей стране за три дня.",
    "de": "Auf Lager, wird für Sie morgen früh verschickt. Größe wählbar.",
    "en": "In stock. Ships tomorrow. Choose a size below.",
}
CHARSETS = {
    "zh": ("utf-8", "gb18030", "gbk"),
    "ja": ("utf-8", "cp932", "euc_jp"),
    "ru": ("utf-8", "cp1251", "koi8_r"),
    "de": ("utf-8", "cp1252"),
    "en": ("utf-8",),
}
LABELS = {
    "cp932": "Shift_JIS",
    "euc_jp": "EUC-JP",
    "cp1251": "windows-1251",
    "koi8_r": "KOI8-R",
    "cp1252": "windows-1252",
    "gbk": "gb2312",
}
PRICES = {
    "zh": ("￥{}", "CNY"),
    "ja": ("¥{}（税込）", "JPY"),
    "ru": ("{} ₽", "RUB"),
    "de": ("{} €", "EUR"),
    "en": ("${}", "USD"),
}


class Shop:
    """An invented offer and the parts of its page, of which a variant changes some."""

    def __init__(self, chance: random.Random) -> None:
        self.language = chance.choice(tuple(TITLES))
        self.title = chance.choice(TITLES[self.language])
        shape, self.currency = PRICES[self.language]
        whole = chance.randint(2, 900)
        cents = "" if self.language == "ja" else f"{chance.randint(1, 99):02d}"
        self.price = f"{whole}.{cents}" if cents else str(whole)
        comma = "," if self.language in ("de", "ru") else "."
        self.shown = shape.format(self.price.replace(".", comma))
        number = "".join(chance.choices("0123456789abcdef", k=12))
        self.link, self.code = f"https://pan.quark.cn/s/{number}", "".join(chance.choices("ABCDEFGHJKMNP23456789", k=4))
        self.form = chance.choice(("json", "json", "micro", "shown"))
        self.text = f"{WORDS[self.language]} {self.link} {'提取码' if self.language == 'zh' else 'code'}: {self.code}"
        self.charset = "utf-8"
        self.label = ""

    def data(self) -> dict[str, Any]:
        """The offer as schema.org states it."""
        offer = {"@type": "Offer", "price": self.price, "priceCurrency": self.currency}
        return {
            "@context": "https://schema.org",
            "@type": "Product",
            "name": self.title,
            "description": self.text,
            "offers": offer,
        }

    def script(self) -> str:
        """The offer as JSON-LD."""
        return json.dumps(self.data(), ensure_ascii=False)

    def page(self, script: str = "", title: str = "", more: str = "") -> str:
        """The page as HTML."""
        name = title or html.escape(self.title)
        meta = f'<meta charset="{self.label}">' if self.label else ""
        head = f'<!DOCTYPE html>\n<html lang="{self.language}"><head>{meta}<title>{name}</title>'
        if self.form == "json":
            head += f'<script type="application/ld+json">{script or self.script()}</script>'
        if self.form == "micro":
            offer = (
                '<div itemprop="offers" itemscope itemtype="https://schema.org/Offer">'
                f'<meta itemprop="priceCurrency" content="{self.currency}">'
                f'<span itemprop="price" content="{self.price}">{self.shown}</span></div>'
            )
            body = (
                f'<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">{name}</h1>'
                f'{offer}<p itemprop="description">{self.text}</p></div>'
            )
        else:
            price = f'<span class="price">{self.shown}</span><button>+</button>'
            text = f'<div class="description"><p>{self.text}</p></div>'
            body = f'<h1>{name}</h1><div class="product">{price}</div>{text}'
        return f"{head}</head>\n<body>{body}\n<p>{WORDS[self.language]}</p>{more}</body></html>\n"

    def variant(self, kind: str, body: bytes, header: str = "text/html") -> Variant:
        """A page that must be read as this offer."""
        right = {
            "title": self.title,
            "price": self.price,
            "currency": self.currency,
            "links": f"{self.link} {self.code}",
        }
        return Variant(
            f"{kind}, {self.form}, {self.language}",
            {"p.html": body},
            "p.html",
            {ITEM: right},
            hints={"content_type": header},
        )


@cache
def _reader() -> Reader:
    return Reader()


def read_page_variant(variant: Variant, folder: Path) -> Reading:
    """Title, price, currency and share links as `swordnet read` gives them."""
    variant.write(folder)
    row = PageRow(file=variant.path, url=URL, spider="shop", content_type=variant.hints["content_type"])
    result = asyncio.run(read_page(row, folder, _reader()))
    reports = () if result["outcome"] == Outcome.LIVE.value else (f"outcome {result['outcome']}",)
    items = {}
    for listing in result["listings"][:1]:
        links = " ".join(f"{link['url']} {link.get('code', '')}" for link in listing.get("links", ()))
        price = listing.get("price", "")
        price = price.rstrip("0").rstrip(".") if "." in price else price
        right = variant.right[ITEM]["price"]
        right = right.rstrip("0").rstrip(".") if "." in right else right
        items[ITEM] = {
            "title": listing["title"],
            "price": variant.right[ITEM]["price"] if price == right else price,
            "currency": listing.get("currency", ""),
            "links": links,
        }
    return Reading(items, lambda item: bool(reports), reports=reports)


def _encode(shop: Shop, chance: random.Random) -> tuple[bytes, str]:
    """The page in a charset of its language, labelled rightly, wrongly or not at all, and its header."""
    shop.charset = chance.choice(CHARSETS[shop.language])
    name = LABELS.get(shop.charset, shop.charset)
    shop.label = chance.choice((name, name, name, "", "utf-8", "gb2312" if shop.language == "zh" else name))
    header = chance.choice(("text/html", f"text/html; charset={name}", "text/html"))
    if shop.language in ("ru", "de") and shop.charset != "utf-8":  # single-byte text says little of itself
        shop.label = name
    return shop.page().encode(shop.charset, "xmlcharrefreplace"), header


def page_charset(chance: random.Random) -> Variant:
    """A charset with its label right, wrong or missing."""
    shop = Shop(chance)
    body, header = _encode(shop, chance)
    return shop.variant(f"charset {shop.charset} labelled {shop.label or 'nothing'}", body, header)


def page_stray_bytes(chance: random.Random) -> Variant:
    """A few foreign bytes between the fields."""
    shop = Shop(chance)
    shop.label = chance.choice(("utf-8", "utf-8", ""))
    body = shop.page(more="<p>@@1</p><footer>@@2</footer>").replace("<head>", "<head><!-- @@3 -->").encode()
    strays = (b"\xa9", b"caf\xe9", "书店".encode("gbk"), "字".encode()[:2], b"\xff\xfe", b"\0", b"\x80\x81", b"")
    for mark in (b"@@1", b"@@2", b"@@3"):
        body = body.replace(mark, chance.choice(strays))
    return shop.variant("stray bytes", body, chance.choice(("text/html", "text/html; charset=utf-8")))


def page_end_tags(chance: random.Random) -> Variant:
    """End tags are missing, as HTML allows or as templates forget them."""
    shop = Shop(chance)
    shop.label = "utf-8"
    page = shop.page(more="<ul><li>1</li><li>2</li></ul>")
    for tag in ("</body></html>", "</p>", "</li>", "</ul>", "</head>", "</body>", "</html>", "</button>"):
        if chance.random() < 0.5:
            page = page.replace(tag, "")
    if chance.random() < 0.2:
        page = page.replace("<body>", "")
    return shop.variant("end tags", page.encode())


def page_json_slips(chance: random.Random) -> Variant:
    """JSON-LD with comments, commas, wrappers and several objects."""
    shop = Shop(chance)
    shop.form, shop.label = "json", "utf-8"
    script = shop.script()
    site = json.dumps(
        {"@context": "https://schema.org", "@type": "WebSite", "name": "北岸", "url": "https://x.example//a/"},
        ensure_ascii=False,
    )
    slips: Sequence[Callable[[str], str]] = (
        lambda text: text.replace("}}", ",},}"),
        lambda text: "// the product\n" + text,
        lambda text: text.replace(', "offers"', ',\n// the offer\n"offers"').replace(
            ', "price"', ' /* in shops */, "price"'
        ),
        lambda text: text.replace(WORDS[shop.language], WORDS[shop.language] + "\n\t"),
    )
    wrappers: Sequence[Callable[[str], str]] = (
        lambda text: f"<!--\n{text}\n-->",
        lambda text: f"//<![CDATA[\n{text}\n//]]>",
        lambda text: "\ufeff" + text,
        lambda text: text + ";",
        lambda text: f"{site}\n{text}",
        lambda text: text + site,
        lambda text: f"[{site},{text},]",
        lambda text: f"{site},\n{text},",
        lambda text: '{"@context":"https://schema.org","@graph":[' + site + "," + text + "]}",
        lambda text: text,
    )
    for slip in chance.sample(slips, chance.randint(0, 2)):
        script = slip(script)
    return shop.variant("JSON-LD", shop.page(chance.choice(wrappers)(script)).encode())


def page_entities(chance: random.Random) -> Variant:
    """Entities in names, in HTML and in JSON-LD, once or doubled."""
    shop = Shop(chance)
    shop.label = "utf-8"
    shop.title += ' & "Söhne" – 2'
    entities = {
        "&": ("&amp;", "&#38;", "&#x26;", "&"),
        '"': ("&quot;", "&#34;", '"'),
        "ö": ("&ouml;", "&#246;", "&#xF6;", "ö"),
        "–": ("&ndash;", "&#8211;", "–"),
    }
    name = "".join(chance.choice(entities.get(sign, (sign,))) for sign in shop.title)
    script = json.dumps(shop.data() | {"name": name}, ensure_ascii=False)
    return shop.variant("entities", shop.page(script, name).encode())


def page_cut(chance: random.Random) -> Variant:
    """A page that ends at a random place."""
    shop = Shop(chance)
    body, header = _encode(shop, chance)
    return shop.variant(f"cut, {shop.charset}", cut_end(body, chance, 0.03), header)


# Pictures

FORMATS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "jpeg": ("JPEG", {"quality": 85}),
    "progressive jpeg": ("JPEG", {"quality": 85, "progressive": True}),
    "png": ("PNG", {}),
    "gif": ("GIF", {}),
    "webp": ("WEBP", {"quality": 80}),
    "lossless webp": ("WEBP", {"lossless": True}),
    "tiff": ("TIFF", {"compression": "tiff_lzw"}),
    "avif": ("AVIF", {"quality": 75}),
    "bmp": ("BMP", {}),
}


# Their pixels have neither a checksum nor a stated length, and libjpeg's warnings reach nobody.
UNMEASURED_FORMATS = ("jpeg", "progressive jpeg")
MAX_CHANGED_BYTES = 200
BROKEN_EXIF = (
    b"no tiff " * 7,
    b"II*\0\xf0\xff\xff\x7f",  # the first directory lies beyond the end
    b"MM\0*\0\0",
    b"II*\0\x08\0\0\0\0\0\x08\0\0\0",  # the next directory is this one
    b"",
    b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0\0\0\0\0",  # orientation 9
)


@cache
def _cover(number: int) -> Image.Image:
    chance = random.Random(number)
    image = Image.new("RGB", (300, 420), (chance.randrange(256), 120, 160))
    canvas = ImageDraw.Draw(image)
    for _ in range(30):
        left, top = chance.randrange(-40, 300), chance.randrange(-40, 420)
        box = (left, top, left + chance.randrange(20, 160), top + chance.randrange(20, 160))
        fill = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
        (canvas.ellipse if chance.random() < 0.5 else canvas.rectangle)(box, fill=fill)
    return image.filter(ImageFilter.GaussianBlur(0.6))


@cache
def _hashes(number: int) -> Mapping[str, int]:
    return _hash_values(_encode_picture(_cover(number), "png"))[1]


def _hash_values(data: bytes) -> tuple[DecodedPicture, Mapping[str, int]]:
    decoded = decode_picture(data)
    return decoded, {entry.hasher: int(entry.value, 16) for entry in perceptual_hashes(decoded.pixels)}


def _encode_picture(image: Image.Image, kind: str, **options: Any) -> bytes:
    name, usual = FORMATS[kind]
    buffer = io.BytesIO()
    image.save(buffer, name, **usual, **options)
    return buffer.getvalue()


def read_picture(variant: Variant, folder: Path) -> Reading:
    """Whether a picture is within the distance of the undamaged one that the matcher accepts."""
    data = variant.write(folder).read_bytes()
    try:
        decoded, found = _hash_values(data)
    except PictureError as error:
        return Reading(refusal=str(error))
    right = _hashes(int(variant.hints["cover"]))
    distances = {name: (value ^ right[name]).bit_count() for name, value in found.items()}
    is_alike = distances.get("phash", 64) <= PHASH_RADIUS_BITS or distances.get("pdq", 256) <= PDQ_RADIUS_BITS
    items = {} if not found else {"picture": {"look": "alike" if is_alike else f"other: {distances}"}}
    is_told = decoded.share < 1 or decoded.is_altered
    reports = (f"partly: {decoded.share:.2f}, altered: {decoded.is_altered}",) if is_told else ()
    return Reading(items, lambda item: is_told, reports=reports)


def _picture(kind: str, data: bytes, number: int, plain_bytes: int = 0) -> Variant:
    right = {"picture": {"look": "alike"}}
    return Variant(kind, {"p": data}, "p", right, plain_bytes, hints={"cover": str(number)})


def picture_cut(chance: random.Random) -> Variant:
    """The end is missing: a few bytes, or any part."""
    number, kind = chance.randrange(5), chance.choice(tuple(FORMATS))
    data = _encode_picture(_cover(number), kind)
    missing = chance.choice((1, 2, 12, 30, 200, chance.randrange(1, len(data) - 20)))
    return _picture(f"{kind}, {missing} bytes cut", data[: len(data) - missing], number)


def picture_flipped(chance: random.Random) -> Variant:
    """One byte is changed, some are missing or zeroed."""
    number, kind = chance.randrange(5), chance.choice(tuple(FORMATS))
    data = _encode_picture(_cover(number), kind)
    name, change = chance.choice(
        (("a byte changed", flip_byte), ("bytes missing", remove_bytes), ("bytes zeroed", zero_bytes))
    )
    is_open = (kind != "png" and name in CHANGED_BYTES) or kind in UNMEASURED_FORMATS
    return _picture(f"{kind}, {name}", change(data, chance), number, MAX_CHANGED_BYTES if is_open else 0)


def picture_metadata(chance: random.Random) -> Variant:
    """EXIF or a colour profile that is rubbish, ends early or points beyond its end."""
    number = chance.randrange(5)
    image = _cover(number)
    rubbish = chance.choice((*BROKEN_EXIF[:5], chance.randbytes(60), *BROKEN_EXIF[5:]))
    kind = chance.choice(("jpeg", "png", "webp", "icc jpeg", "icc png"))
    if kind.startswith("icc"):
        data = _encode_picture(image, kind[4:], icc_profile=rubbish or b"x")
    elif kind == "webp":
        data = _encode_picture(image, kind, exif=rubbish or b"x")
    elif kind == "png":
        chunk = struct.pack(">I", len(rubbish)) + b"eXIf" + rubbish + struct.pack(">I", zlib.crc32(b"eXIf" + rubbish))
        data = _encode_picture(image, kind)
        data = data[:33] + chunk + data[33:]
    else:
        data = _encode_picture(image, kind)
        segment = b"Exif\0\0" + rubbish
        data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]
    return _picture(f"{kind}, metadata", data, number)


def picture_form(chance: random.Random) -> Variant:
    """Another format, mode, size, or an animation that begins blank."""
    number, kind = chance.randrange(5), chance.choice((*FORMATS, "animation"))
    image = _cover(number)
    if kind == "animation":
        kind = chance.choice(("gif", "webp", "png"))
        blanks = [Image.new("RGB", image.size, chance.choice(("white", "black"))) for _ in range(chance.randint(1, 2))]
        data = _encode_picture(blanks[0], kind, save_all=True, append_images=[*blanks[1:], image], duration=200)
        return _picture(f"{kind}, blank first", data, number)
    side = chance.choice((1.0, 0.6, 1.5))
    image = image.resize((int(image.width * side), int(image.height * side)))
    if kind in ("png", "webp", "lossless webp", "tiff"):
        image = image.convert(chance.choice(("RGB", "RGBA")))
    return _picture(f"{kind}, {side}", _encode_picture(image, kind), number)


def page_groups() -> list[Group]:
    """The groups of pages and pictures."""
    pages = (page_charset, page_stray_bytes, page_end_tags, page_json_slips, page_entities, page_cut, page_cut)
    pictures = (picture_cut, picture_flipped, picture_metadata, picture_form)
    return [Group("pages", pages, read_page_variant), Group("pictures", pictures, read_picture)]
