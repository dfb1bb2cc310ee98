"""Decode pictures safely and compute their perceptual hashes."""

from crawler.pictures.decoding import DecodedPicture, decode_picture
from crawler.pictures.inspection import (
    PictureInspection,
    PictureInspector,
    PlainInspector,
    describe_picture,
    first_preview,
    inspect_picture,
    render_preview,
)
from crawler.pictures.problems import PictureError, problem_label, problem_sentence, with_problem

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
    "problem_label",
    "problem_sentence",
    "render_preview",
    "with_problem",
]
