"""Decode pictures safely and compute their perceptual hashes."""

from crawler.pictures.decoding import DecodedPicture, PictureError, decode_picture
from crawler.pictures.inspection import (
    PictureInspection,
    PictureInspector,
    PlainInspector,
    describe_picture,
    first_preview,
    inspect_picture,
    render_preview,
)

__all__ = [
    "DecodedPicture",
    "PictureError",
    "PictureInspection",
    "PictureInspector",
    "PlainInspector",
    "decode_picture",
    "describe_picture",
    "first_preview",
    "inspect_picture",
    "render_preview",
]
