"""Decode bytes to one upright RGB picture of limited size: the only way in for pictures.

Pictures of works and listings pass through the same decoding and shrinking, since hashes of differently shrunk pictures
drift apart. Runs in a worker process; heavy imports are deferred until they are used.

What browsers show is read: a file without its last bytes, metadata that is broken, an animation that begins blank.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from crawler.pictures import incomplete_files
from crawler.pictures.problems import PICTURE_FORMATS, PictureError, check_kind, format_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

MAX_BYTES = 25_000_000
MAX_PIXELS = 40_000_000
MAX_DECODED_SIDE_PIXELS = 640  # longer side: keypoints of a tile of a collage need more than hashes do (480)
DRAFT_SIDE_PIXELS = 800  # a JPEG is decoded at 1/2, 1/4 or 1/8 as long as it stays as large as this
# To increase whenever ordinary pictures are decoded or shrunk otherwise: hashes of different versions never compare.
SHRINKING_VERSION = 2
MIN_BILINEAR_SCALE = 0.7  # from this scale no averaging by area is needed, which takes four times as long
MIN_DECODED_SHARE = 0.25  # of the rows: a quarter of a cover is recognised as a part of it
WHOLE_SHARE = 0.98  # of the rows: what lacks fewer counts as whole
ANIMATED_FORMATS = ("GIF", "PNG", "WEBP", "AVIF")
MAX_FRAMES = 64  # of an animation that are looked at, within MAX_PIXELS in all
TELLING_DETAIL = 0.5  # share of blocks with a drawing in them: a frame with more is taken at once
MIN_DETAIL_GAIN = 0.1  # a later frame is taken before the first one if it has this much more
DETAIL_SIDE_PIXELS, DETAIL_BLOCK_PIXELS = 64, 8
MIN_BLOCK_DEVIATION = 6.0  # of the grey values of a block; flatter ones show nothing

_DECODE_ERRORS = (
    *(OSError, MemoryError, SyntaxError, ValueError, EOFError, struct.error, zlib.error),
    *(ArithmeticError, LookupError, RuntimeError, TypeError, AttributeError),  # Pillow, at tags that hold anything
)
_MEDIA_TYPES = {"ICO": "image/x-icon", "JPEG2000": "image/jp2"}
_ORIENTATION_TAG = 0x0112
_TIFF_POINTER_TAGS = (0x8769, 0x8825, 0xA005)  # to EXIF, GPS and interoperability data
_PRIVATE_TIFF_TAG = 0xFDE8  # 65000, which nothing reads


@frozen(kw_only=True, eq=False)
class DecodedPicture:
    """A shrunk RGB picture (`pixels` [height, width, 3]), upright and on white; `width` and `height` are those of the
    full picture, upright too. `share` (0..1) of its rows could be decoded; the others are not in `pixels`.
    `is_altered`: all of it was decoded, but the file says that it is damaged within.
    """

    pixels: NDArray[np.uint8]
    media_type: str
    width: int
    height: int
    codes: tuple[str, ...]  # texts of its QR codes
    share: float = 1.0
    is_altered: bool = False

    @property
    def image(self) -> Image:
        """The pixels as a Pillow image."""
        from PIL import Image as Pictures

        return Pictures.fromarray(self.pixels)


def decode_picture(data: bytes) -> DecodedPicture:
    """Decode a picture of one of PICTURE_FORMATS, of an animation the first frame that shows something.

    Raises PictureError for anything else, for data of which less than a quarter can be decoded, more than 25 MB or more
    than 40 megapixels.
    """
    if len(data) > MAX_BYTES:
        raise PictureError("bytes", size=len(data), limit=MAX_BYTES)
    check_kind(data)
    content = strip_metadata(data)
    kind, decoded, is_strict = format_of(content), None, True
    with suppress(*_DECODE_ERRORS), _open_picture(content, is_truncated=_is_short_gif(data)) as source:
        decoded = _decode_source(source)
    if decoded is None:
        if kind is None:
            raise PictureError("unknown")
        decoded, is_strict = _decode_damaged(content, kind), False
    if decoded.share < 1 or kind is None:
        return decoded
    return evolve(decoded, is_altered=incomplete_files.is_altered(content, kind, is_strict))


def _decode_damaged(content: bytes, kind: str) -> DecodedPicture:
    """What can be decoded of a picture that is no whole one. Raises PictureError where that is too little."""
    try:
        if kind == "WEBP":
            return _decode_truncated_webp(content)
        with _open_picture(
            incomplete_files.recompute_png_checksums(content) if kind == "PNG" else content, True
        ) as source:
            return _decode_truncated(source)
    except _DECODE_ERRORS:
        raise PictureError("damaged", kind=kind) from None


def strip_metadata(data: bytes) -> bytes:
    """A picture without the metadata that is not needed and may be broken or decompress to any size."""
    if data.startswith(incomplete_files.PNG_SIGNATURE):
        return _strip_png(data)
    if data[4:8] == b"ftyp":
        meta, mdat, rest = data.partition(b"mdat")
        return meta.replace(b"Exif", b"free") + mdat + rest  # the item's type; its rotation is no part of it
    if data.startswith((b"II*\0", b"MM\0*")):
        return _strip_tiff(data)
    return data


def _strip_png(data: bytes) -> bytes:
    """A PNG without its texts and colour profiles, which may decompress to any size."""
    chunks, offset = [incomplete_files.PNG_SIGNATURE], len(incomplete_files.PNG_SIGNATURE)
    while offset + 12 <= len(data):
        end = offset + 12 + int.from_bytes(data[offset : offset + 4], "big")
        if data[offset + 4 : offset + 8] not in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
            chunks.append(data[offset:end])
        offset = end
    return b"".join((*chunks, data[offset:]))


def _strip_tiff(data: bytes) -> bytes:
    """A TIFF whose first directory points to no further metadata. Raises PictureError if that is not there."""
    order, content = ("<", bytearray(data)) if data.startswith(b"II") else (">", bytearray(data))
    start = struct.unpack_from(f"{order}I", data, 4)[0] if len(data) >= 8 else len(data)
    count = struct.unpack_from(f"{order}H", data, start)[0] if start + 2 <= len(data) else 0
    if not count or start + 2 + 12 * count > len(data):  # it often stands behind the pixels
        raise PictureError("damaged", kind="TIFF")
    for offset in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from(f"{order}H", data, offset)[0] in _TIFF_POINTER_TAGS:
            struct.pack_into(f"{order}H", content, offset, _PRIVATE_TIFF_TAG)
    return bytes(content)


@contextmanager
def _open_picture(data: bytes, is_truncated: bool = False) -> Iterator[Image]:
    """The picture, opened and checked. `is_truncated`: rows that are not there are no error.

    Raises PictureError for more than MAX_PIXELS, one of _DECODE_ERRORS for what is no picture.
    """
    from PIL import Image as Pictures
    from PIL import ImageFile

    ImageFile.LOAD_TRUNCATED_IMAGES = is_truncated
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("error", Pictures.DecompressionBombWarning)
            with Pictures.open(io.BytesIO(data), formats=PICTURE_FORMATS) as source:
                if source.width * source.height > MAX_PIXELS:
                    raise PictureError("pixels", width=source.width, height=source.height, limit=MAX_PIXELS)
                yield source
    except (Pictures.DecompressionBombError, Pictures.DecompressionBombWarning):
        raise PictureError("bomb", limit=MAX_PIXELS) from None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _is_short_gif(data: bytes) -> bool:
    """Whether it is a GIF with its last byte: it may draw fewer pixels than its size, as in browsers."""
    return data.startswith(b"GIF8") and data.rstrip(b"\0").endswith(b"\0;")


def _decode_source(source: Image) -> DecodedPicture:
    size = source.size
    _draft(source)
    image = _flatten_on_white(source)
    orientation = _orientation(source)  # of a PNG it may stand behind the pixels
    return _describe(_telling_frame(source, image), source, size, orientation)


def _decode_truncated(source: Image) -> DecodedPicture:
    """The rows that could be decoded. Raises PictureError where they are too few."""
    import numpy as np
    from PIL import Image as Pictures

    size = source.size
    _draft(source)
    source.load()
    rows, columns = incomplete_files.whole_rows(np.asarray(source), _fillings(source))
    pixels = np.asarray(_flatten_on_white(source))
    decoded = pixels[rows, columns]
    share = _check_share(len(decoded) * (rows.step or 1) / len(pixels), source)
    upper = Pictures.fromarray(decoded if share < 1 or rows.step else pixels)
    return _describe(upper, source, size, _orientation(source), share)


def _fillings(source: Image) -> tuple[int, ...]:
    """The values of pixels that could not be decoded."""
    transparent = source.info.get("transparency")
    if source.format == "GIF" and isinstance(transparent, int):
        return (transparent,)
    if source.format in ("JPEG", "MPO"):
        return (0, 127 if source.mode == "CMYK" else 128)
    return (0,)


def _decode_truncated_webp(data: bytes) -> DecodedPicture:
    """The rows that could be decoded of a WebP. Raises PictureError where they are too few."""
    import numpy as np
    from PIL import Image as Pictures

    decodings: list[NDArray[np.uint8]] = []
    for content in incomplete_files.continued_webps(data):
        with suppress(*_DECODE_ERRORS), _open_picture(content) as source:
            decodings.append(np.asarray(_telling_frame(source, _flatten_on_white(source))))
            if len(decodings) == 2:
                rows, height = incomplete_files.agreeing_rows(*decodings), len(decodings[0])
                share = _check_share(rows / height, source)
                upper = Pictures.fromarray(decodings[0][: height if share == 1 else rows])
                return _describe(upper, source, source.size, _orientation(source), share)
    raise PictureError("damaged", kind="WEBP")


def _check_share(share: float, source: Image) -> float:
    """The share of decoded rows, 1 from WHOLE_SHARE. Raises PictureError for less than MIN_DECODED_SHARE."""
    if share < MIN_DECODED_SHARE:
        raise PictureError("cut", kind=source.format, percent=int(100 * share))
    return 1.0 if share >= WHOLE_SHARE else share


def _draft(source: Image) -> None:
    """Let a large JPEG be decoded at a part of its size."""
    scale = DRAFT_SIDE_PIXELS / max(source.size)  # rounded down: Pillow shrinks to no less than the requested size
    source.draft("RGB", (max(1, int(source.width * scale)), max(1, int(source.height * scale))))


def _orientation(source: Image) -> int:
    """The orientation by EXIF, 1 (upright) to 8; 1 where the EXIF is broken, as in browsers."""
    if source.format == "TIFF":  # turned by Pillow
        return 1
    try:
        orientation = source.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 - its parser raises whatever the bytes lead to, and the picture is none the worse
        return 1
    return orientation if isinstance(orientation, int) and 1 < orientation <= 8 else 1


def _turn_upright(image: Image, orientation: int) -> Image:
    from PIL.Image import Transpose

    steps = (
        *(Transpose.FLIP_LEFT_RIGHT, Transpose.ROTATE_180, Transpose.FLIP_TOP_BOTTOM, Transpose.TRANSPOSE),
        *(Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90),
    )
    return image if orientation == 1 else image.transpose(steps[orientation - 2])


def _describe(
    image: Image, source: Image, size: tuple[int, int], orientation: int, share: float = 1.0
) -> DecodedPicture:
    """The picture of a flattened frame; `size` is that of the whole picture before it is turned."""
    import numpy as np

    from crawler.pictures.qr import qr_codes

    width, height = size if orientation < 5 else size[::-1]
    kind = "JPEG" if source.format == "MPO" else source.format or ""
    pixels = np.asarray(_turn_upright(image, orientation))
    return DecodedPicture(
        pixels=_shrink_pixels(pixels),
        media_type=_MEDIA_TYPES.get(kind, f"image/{kind.lower()}"),
        width=width,
        height=height,
        codes=qr_codes(pixels),
        share=share,
    )


def _telling_frame(source: Image, first: Image) -> Image:
    """The first frame of an animation that shows something, or the one that shows most; `first` of other pictures."""
    if source.format not in ANIMATED_FORMATS or not getattr(source, "is_animated", False):
        return first
    first = source.copy() if first is source else first  # seeking changes the source
    first_detail = detail = _detail_share(first)
    frame, seen = first, 1
    while detail < TELLING_DETAIL and seen < min(MAX_FRAMES, MAX_PIXELS // (source.width * source.height)):
        try:
            source.seek(seen)
            candidate = _flatten_on_white(source.copy())
        except _DECODE_ERRORS:
            break  # the end, or a frame that is cut
        seen += 1
        candidate_detail = _detail_share(candidate)
        if candidate_detail > max(detail, first_detail + MIN_DETAIL_GAIN):
            frame, detail = candidate, candidate_detail
    return frame


def _detail_share(image: Image) -> float:
    """The share (0..1) of blocks of a picture that show a drawing."""
    import cv2
    import numpy as np

    count, side = DETAIL_SIDE_PIXELS // DETAIL_BLOCK_PIXELS, DETAIL_BLOCK_PIXELS
    grey = cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (DETAIL_SIDE_PIXELS, DETAIL_SIDE_PIXELS), interpolation=cv2.INTER_AREA)
    deviations = small.reshape(count, side, count, side).std(axis=(1, 3))
    return float((deviations > MIN_BLOCK_DEVIATION).mean())


def _flatten_on_white(image: Image) -> Image:
    import numpy as np
    from PIL import Image as Pictures
    from PIL import ImageCms

    if image.mode == "F":  # of any range
        values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)
        scaled = (values - values.min()) * (255 / max(float(np.ptp(values)), 1e-12))
        return Pictures.fromarray(scaled.astype(np.uint8)).convert("RGB")
    if image.mode.startswith("I"):  # 16-bit grey, which convert() would clip at 255
        return Pictures.fromarray((np.asarray(image).astype(np.int64) // 257).clip(0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    if image.mode == "LAB":
        lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image.load()
        converted = ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB")
        assert converted is not None  # without inPlace
        return converted
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        image.load()
        return image if image.mode == "RGB" else image.convert("RGB")
    layered = image.convert("RGBA")
    white = Pictures.new("RGBA", layered.size, (255, 255, 255, 255))
    return Pictures.alpha_composite(white, layered).convert("RGB")


def _shrink_pixels(pixels: NDArray[np.uint8]) -> Any:
    """Shrink by averaging areas: four times as fast as Lanczos, and no ringing that keypoints would pick up."""
    import cv2

    height, width = pixels.shape[:2]
    scale = MAX_DECODED_SIDE_PIXELS / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR if scale >= MIN_BILINEAR_SCALE else cv2.INTER_AREA)
