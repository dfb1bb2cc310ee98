"""The grammar of share links: platform rules as data, deobfuscation, extraction of links and access codes."""

from crawler.shares.extraction import extract_links

__all__ = ["extract_links"]
