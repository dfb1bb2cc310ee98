"""The grammar of share links: rules as data, undoing tricks, extracting links and access codes."""

from crawler.shares.extract import extract_links

__all__ = ["extract_links"]
