"""Bytes become a safely decoded picture and its perceptual hashes."""

from crawler.pictures.inspecting import PictureError, inspect

__all__ = ["PictureError", "inspect"]
