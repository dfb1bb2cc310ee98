"""The tags of a page as a parser would cut them, in one linear pass without building anything.

Follows the tokenizer of the HTML standard (https://html.spec.whatwg.org/#tokenization) where it matters for where a tag
ends: quotes count only behind "=", comments and raw text (scripts, styles, titles) hold no tags. Where raw text is not
certain (inside svg and math, a script that hides a script in a comment) it is read as markup: too much is seen
then, never too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TAG = re.compile(
    r"""<(/?)([a-zA-Z][^\s/>]*+)"""
    r"""((?:[\s/]++|(?:=[^\s/>=]*+|[^\s/>=]++)(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+)*+)>?"""
    r"""|<!--(?:-?>|)|<[!?]|</"""
)
_ATTRIBUTE = re.compile(r"""(?:=[^\s/>=]*+|[^\s/>=]++)(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+""")
_COMMENT_END = re.compile(r"--!?>")
_RAW_NAMES = ("script", "style", "textarea", "title", "xmp", "iframe")
_RAW = {name: re.compile(f"</{name}(?=[\\s/>])", re.I) for name in _RAW_NAMES}
_FOREIGN = frozenset({"svg", "math"})
CDATA = "<![CDATA["  # given as a tag of this name where it may be text or a comment: inside svg and math
_NEVER = 1 << 60  # nothing is raw text from here on
_SPECIAL = _FOREIGN | _RAW.keys()


# One tag: the match (group 1 is "/" where it closes, group 3 holds its attributes) and its name in lower case.
Tag = tuple[re.Match[str], str]


def tags(source: str) -> Iterator[Tag]:
    """All tags of a page in order."""
    search, place, foreign = _TAG.search, 0, dict.fromkeys(_FOREIGN, 0)
    while found := search(source, place):
        name = found[2]
        if name is None:
            if any(foreign.values()) and source.startswith(CDATA, found.start()):
                yield found, CDATA
            place = _after_declaration(source, found)
            continue
        place, name = found.end(), name.lower()
        yield found, name
        if name in _SPECIAL:
            if name in _FOREIGN:
                foreign[name] = max(0, foreign[name] - 1) if found[1] else foreign[name] + 1
            elif not found[1] and not any(foreign.values()):
                end = _after_raw(source, place, name)
                if end is None:
                    foreign["svg"] = _NEVER
                else:
                    place = end


def attribute_count(attributes: str) -> int:
    """How many attributes a tag has."""
    return len(_ATTRIBUTE.findall(attributes))


def _after_declaration(source: str, found: re.Match[str]) -> int:
    """The place after a comment, a doctype or what is taken for one."""
    end = found.end()
    if found[0].endswith(">"):
        return end
    if found[0] == "<!--":
        closing = _COMMENT_END.search(source, end)
        return closing.end() if closing else len(source)
    after = source.find(">", end)
    return after + 1 if after >= 0 else len(source)


def _after_raw(source: str, begin: int, name: str) -> int | None:
    """Where raw text ends: before its end tag; None where a script may hide another one in a comment."""
    closing = _RAW[name].search(source, begin)
    end = closing.start() if closing else len(source)
    comment = source.find("<!--", begin, end) if name == "script" else -1
    return None if comment >= 0 and "<script" in source[comment:end].lower() else end
