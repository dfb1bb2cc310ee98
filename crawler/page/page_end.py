"""Whether an answer was cut: what its last bytes say. Many templates write no </body></html>; that alone is no cut.

A cut is certain where the bytes end inside a tag, a script, a title or a character. Else it is judged by what is open
at the end: a whole page without end tags ends behind a block, a script or a comment and leaves few containers open; a
cut lies within a line, a list or deep inside the page. Figures: bench/cut_pages.py.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter

from attrs import Factory, define

from crawler.page.charset import decode
from crawler.page.html_tokenizer import iter_tags

HEAD_BYTES = 65_536  # searched for the start tags of a page
END_BYTES = 1_024  # searched for its end tags, whatever stands around them
MAX_OPEN_BLOCKS = 60  # of a page that was cut; 444 saved pages nest at most 49 containers: more is a parser bomb
MAX_COMMENT_CHARS = 200  # of a comment that a whole page ends in without closing it
# Containers other than tables of the layout that a whole page leaves open, by what it ends with. Of 455 saved pages
# without </body></html> 450 are whole by them, of 2,275 cuts of those pages at random bytes 2,245 are cut.
MAX_OPEN_BEHIND_FOOTER = 2
MAX_OPEN_BEHIND_BLOCK = 1
MAX_OPEN_BEHIND_SCRIPT = 2
_OPEN_BODY_RE = re.compile(rb"<(?:html|body)[\s>]", re.I)
_CLOSE_BODY_RE = re.compile(rb"</(?:html|body)\s{0,20}>", re.I)
_COMMENT_RE = re.compile(rb"<!--[^<>]{0,400}-->")
_FEED_START_RE = re.compile(rb"(?:<\?xml[^<>]{0,200}>\s{0,100})?<(rss|feed|rdf:RDF)[\s>]")
_FOOTER_RE = re.compile(r"""(?:id|class)\s{0,5}=\s{0,5}["']?[^"'<>]{0,80}(?:foot|copyright|bottom)""", re.I)
_TAG_START_RE = re.compile(r"<(?:/|!-?)?\Z")
_RAW_TEXT_TAGS = frozenset(("script", "style", "title", "textarea"))
_LONE_BYTES = (b"\n", b" ", b"<", b">")  # in no encoding of the web a part of a longer character
_HEAD_TAGS = frozenset(("html", "head", "meta", "link", "base", "noscript")) | _RAW_TEXT_TAGS
_LIST_TAGS = frozenset(("ul", "ol", "dl", "select"))
_BLOCK_TAGS = _LIST_TAGS | {"div", "table", "section", "main", "article", "form", "center", "fieldset"}
_LINE_TAGS = frozenset(("span", "a", "h1", "h2", "h3", "h4", "h5", "h6", "button", "strong", "em", "label", "option"))
_SCRIPT_TAGS = frozenset(("script", "noscript", "style", "iframe"))


def is_truncated(body: bytes, content_type: str = "") -> bool:
    """Whether an answer was cut: JSON or a feed that does not end as it begins, or a page that ends in its middle."""
    text = body.strip()
    if text[:1] in (b"{", b"["):
        return text[-1:] not in (b"}", b"]")
    feed = _FEED_START_RE.match(text[:2_000])
    if feed:
        return b"</" + feed[1] not in text[-200:]
    if text[:1] != b"<" or _ends_closed(body[-END_BYTES:]):
        return False
    decoded = decode(body, content_type)
    if _ends_in_character(body, decoded.encoding):
        return True
    end = _PageEnd.of(decoded.text)
    return end.is_cut() if _OPEN_BODY_RE.search(body[:HEAD_BYTES]) else end.is_in_tag()


def _ends_closed(tail: bytes) -> bool:
    """Whether nothing but comments follows the end tag of body or html."""
    end_tags = list(_CLOSE_BODY_RE.finditer(tail))
    return bool(end_tags) and not _COMMENT_RE.sub(b"", tail[end_tags[-1].end() :]).strip()


def _ends_in_character(body: bytes, encoding: str) -> bool:
    """Whether the last bytes begin a character of several bytes that does not end."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    tail = body[-END_BYTES:]
    start = max(tail.rfind(sign) for sign in _LONE_BYTES) + 1
    decoder.decode(tail[start:])
    return bool(decoder.getstate()[0])


@define(kw_only=True)
class _PageEnd:
    """What is open at the end of a page, and what it ends with."""

    open_tags: list[str] = Factory(list)  # outermost first
    open_counts: Counter[str] = Factory(Counter)
    last_name: str = ""
    is_start: bool = False  # the last tag is a start tag
    is_complete: bool = True  # the last tag is whole
    is_in_new_block: bool = False  # the last tag of a container is a start tag
    open_paragraphs: int = 0  # without an end tag
    has_body: bool = False  # anything but a head was seen
    is_closed: bool = False  # the end tag of body or html was seen
    has_footer: bool = False  # a container that calls itself the footer of the page was seen
    rest: str = ""  # the source behind the last tag

    @property
    def is_in_only_paragraph(self) -> bool:
        """Whether the last tag begins the only paragraph that has no end tag."""
        return self.is_start and self.last_name == "p" and self.open_paragraphs == 1

    @classmethod
    def of(cls, source: str) -> _PageEnd:
        """Walk through the tags of a page."""
        end, position = cls(), 0
        for tag, name in iter_tags(source):
            position = tag.end()
            end._add(name, is_end=bool(tag[1]))
            end.has_footer |= name == "footer" or (name in _BLOCK_TAGS and bool(_FOOTER_RE.search(tag[3][:300])))
            end.is_complete = tag[0].endswith(">")
        end.rest = source[position:]
        return end

    def _add(self, name: str, *, is_end: bool) -> None:
        self.last_name, self.is_start = name, not is_end and name not in ("br", "hr")
        self.has_body |= name not in _HEAD_TAGS
        if name == "p":
            self.open_paragraphs += -1 if is_end else 1
        self.is_closed |= is_end and name in ("body", "html")
        if name not in _BLOCK_TAGS and name not in _LINE_TAGS and name not in _RAW_TEXT_TAGS:
            return
        if name in _BLOCK_TAGS:
            self.is_in_new_block = not is_end
        if not is_end:
            self.open_tags.append(name)
            self.open_counts[name] += 1
        elif self.open_counts[name]:
            closed = ""
            while closed != name:
                closed = self.open_tags.pop()
                self.open_counts[closed] -= 1

    def is_in_tag(self) -> bool:
        """Whether the last bytes are a tag that does not end."""
        return not self.is_complete or _TAG_START_RE.search(self.rest) is not None

    def is_cut(self) -> bool:
        """Whether the page goes on behind its end."""
        if self.is_closed:
            return False
        comment = self.rest.rpartition("-->")[2].partition("<!--")[2]
        if self.is_in_tag() or len(comment) > MAX_COMMENT_CHARS:
            return True
        if not self.has_body or (self.open_tags and self.open_tags[-1] in _RAW_TEXT_TAGS):
            return True
        blocks = [name for name in self.open_tags if name in _BLOCK_TAGS and name != "table"]
        return len(self.open_tags) > 0 and len(blocks) <= MAX_OPEN_BLOCKS and not self._ends_whole(blocks)

    def _ends_whole(self, blocks: list[str]) -> bool:
        """Whether a page may end as this one does, with these blocks open."""
        limit = MAX_OPEN_BEHIND_FOOTER if self.has_footer else 0
        text = self.rest.rpartition("-->")[2].partition("<!--")[0].strip()
        if not text and ("<!--" in self.rest or (self.last_name in _SCRIPT_TAGS and not self.is_start)):
            return len(blocks) <= max(limit, MAX_OPEN_BEHIND_SCRIPT)
        if self.open_tags[-1] in _LINE_TAGS or (blocks and blocks[-1] in _LIST_TAGS):
            return False
        if text and blocks and self.is_in_new_block and not self.rest.endswith(("\n", "\r")):
            return False  # a template that leaves a container open ends behind another one, or with a line
        if text and blocks and self.is_in_only_paragraph and not self.rest.endswith(("\n", "\r")):
            return False  # no template that leaves its paragraphs open
        if text or not (self.is_start or self.last_name in _LINE_TAGS):
            return len(blocks) <= max(0 if text else limit, MAX_OPEN_BEHIND_BLOCK)
        return len(blocks) <= limit
