"""The grammar of share links: rules as data, undoing tricks, extracting links and access codes."""

from crawler.shares.extract import extract

__all__ = ["extract"]
