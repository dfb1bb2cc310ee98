"""Bytes become a safely decoded picture and its perceptual hashes."""

from crawler.pictures.decoding import Decoded, PictureError, decode
from crawler.pictures.inspecting import described, inspect, preview
from crawler.pictures.looking import LookedAt, Looker, Plain

__all__ = ["Decoded", "LookedAt", "Looker", "PictureError", "Plain", "decode", "described", "inspect", "preview"]
