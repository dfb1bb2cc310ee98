"""Bytes become a safely decoded picture and its perceptual hashes."""

from crawler.pictures.inspecting import PictureError, inspect, preview

__all__ = ["PictureError", "inspect", "preview"]
