"""The posts of a thread: who wrote the first one, which elements hold its words, and which are replies.

The common systems mark author and words by class names that every skin keeps (FORUM_MARKUP). Elsewhere the structure
tells: elements of one kind stand below one another, each with a date of its own, a name before or beside it and words.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from unicodedata import normalize
from urllib.parse import urlsplit

from attrs import frozen
from selectolax.lexbor import LexborNode

from crawler.page.page import Page, visible_text
from crawler.page.page_links import is_in_menu
from crawler.page.text_lines import ACCESS_CODE_RE, Line, all_lines, is_file_address, page_lines
from crawler.page.vocabulary import joined_label, meaning_pattern
from crawler.shares import extract_links

MAX_POSTS = 200  # of a page
MAX_AUTHOR_CHARS = 40
MAX_HEAD_CHARS = 120  # of the line with a post's date
MAX_LINES = 4_000  # of a page that are searched for posts
MAX_HEAD_LINES = 14  # of a post, at most, before its date: name, rank, numbers of posts
MAX_HEAD_LEVELS = 12  # elements around a date that may be a post
MAX_GROUPS = 60  # of elements of one kind that are tried
MAX_HEADING_CHARS = 60
MAX_WORDS_BEFORE_CHARS = 200  # of running text before the first post
MIN_POSTS = 2  # of unknown markup: one block alone repeats nothing
# By system: the element with the author's name, the element with the words. In the order in which they are tried.
FORUM_MARKUP = (
    (".pls .authi a, .authi a.xw1", "td.t_f, .t_fsz td.t_f, .pcb > .locked"),  # Discuz! X
    (".bbp-author-name", ".bbp-reply-content, .bbp-topic-content"),  # bbPress
    (".message-name .username, .message-userDetails .username", ".message-body .bbWrapper, .messageText"),  # XenForo
    (".author .username, .author .username-coloured, .postprofile .username", ".postbody .content"),  # phpBB 3
    (".postauthor", ".postbody"),  # phpBB 2, and phpBB 3 in the skin of tables
    (".username, .bigusername", "[id^=post_message_], .postcontent"),  # vBulletin
    (".poster h4 a", ".post .inner"),  # SMF
    (".author_information .largetext a, .author_information a", ".post_body"),  # MyBB
    (".ipsComment_author .ipsType_break, .cAuthorPane_author", "[data-role=commentContent]"),  # Invision
    (".creator [itemprop=name], .names .username, .names a", ".post[itemprop=text], .cooked"),  # Discourse
    ("[component='post/header'] [data-username], [component='post'] .username", "[component='post/content']"),  # NodeBB
    (".PostUser-name .username, .PostUser-name", ".Post-body"),  # Flarum
    (".readName a, .readName", ".tpc_content, .f14[id^=read_]"),  # PHPWind
)
_DATE_RE = re.compile(
    r"\b(?:19|20)\d{2}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}|\b\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d{2}\b"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?\s\d{1,2},?\s(?:19|20)\d{2}"
    r"|\b\d{1,2}\.?\s(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?,?\s(?:19|20)\d{2}"
    r"|\b\d{1,2}\s(?:minutes?|hours?|days?|weeks?|months?|years?)\sago\b|\d{1,2}\s?(?:分钟|小时|天|个月|年)前|昨天|前天"
    r"|\b(?:today|yesterday)\b(?=.{0,6}\d{1,2}:\d{2})|今天(?=.{0,3}\d{1,2}:\d{2})",
    re.I,
)
_POSTED_RE = re.compile(
    rf"(?:发表|发布|发帖|posted|published|wrote)[^\d\n]{{0,20}}(?:{_DATE_RE.pattern})|(?:{_DATE_RE.pattern})[^\n]{{0,10}}(?:发表|发布|发帖)",
    re.I,
)
_AUTHOR_LABEL_RE = re.compile(
    r"^(?:作者|作\s者|楼主|发帖人?|发表者|发布者|发布人|会员|用户名?|昵称"
    r"|author|posted by|poster|started by|user|member|by)"
    r"(?:\s?[:：]\s?|(?<=[a-z])\s)(?!\d)([^\s:：|].{0,60})",
    re.I,
)
_AUTHOR_END_RE = re.compile(r"\s[|»·•–—-]\s|\s(?:on|at|wrote|said)\b|[,，(（]|\s{2}|发表于|发布于", re.I)
_PROFILE_RE = re.compile(r"user|member|profile|space|author|\buid\b|/u/|people|home\.php", re.I)
_DOWNLOAD_RE = re.compile(r"attach|download|file\.(?:php|asp|jsp|do)|(?<![a-z])(?:dl|down)(?![a-z])", re.I)
_ADDITION_SELECTOR = "table, dl, fieldset, [class*=attach], [id*=attach]"
MAX_ADDITIONS = 40  # elements of a post beside its words that are looked at
MAX_ADDITION_CHARS = 1_200
MAX_AROUND_LEVELS = 40  # elements around the words of a post that may be the post
_QUOTE_RE = re.compile(r"quot|blockcode", re.I)
_COMMENT_RE = re.compile(r"(?:^|[\s_-])comments?(?:$|[\s_-])|comment-?list|disqus|pinglun", re.I)
_NUMBER_RE = re.compile(r"#?\d[\d.,]{0,8}#?(?:楼|f|level)?", re.I)


@frozen(kw_only=True)
class Post:
    """One post: its author ("" if unknown), the elements that hold its words, and the one around the whole post.

    `around` is None where one element for each post is not known.
    """

    author: str
    bodies: tuple[LexborNode, ...]
    around: LexborNode | None = None


@frozen(kw_only=True)
class Thread:
    """The posts of a page of a thread, the first one first; at least one. The elements are those of `page`."""

    page: Page
    posts: tuple[Post, ...]

    @property
    def author(self) -> str:
        """Who wrote the first post."""
        return self.posts[0].author

    def post_lines(self, post: Post) -> list[str]:
        """The lines of a post."""
        return [line.text for body in post.bodies for line in page_lines(self.page, {}, body).lines]

    def own_links(self) -> list[str]:
        """The lines of replies by the author of the first post that hold a share link or an access code, and those
        beside them: what he hands out later belongs to his offer.
        """
        lines: list[str] = []
        for post in self.posts[1:]:
            if post.author and post.author == self.author:
                texts = self.post_lines(post)
                joined = "\n".join(texts)
                lines += texts if extract_links(joined) or ACCESS_CODE_RE.search(joined) else []
        return lines


def marked_thread(page: Page) -> Thread | None:
    """The thread of a page of a known system; None if it is none."""
    for author_selector, body_selector in FORUM_MARKUP:
        posts = tuple(_marked_posts(page, author_selector, body_selector))
        if posts:
            return Thread(page=page, posts=posts)
    return None


def repeated_thread(page: Page) -> Thread | None:
    """The thread of a page of unknown markup; None if nothing on it looks like posts."""
    posts = tuple(_repeated_posts(page))
    return Thread(page=page, posts=posts) if posts else None


def labelled_author(text: str) -> str:
    """The name behind a label for authors ("作　者：...", "Posted by ... on ..."); "" if the text is no such line."""
    match = _AUTHOR_LABEL_RE.match(" ".join(normalize("NFKC", text).split()))
    return _AUTHOR_END_RE.split(match[1], maxsplit=1)[0].strip(" :：")[:MAX_AUTHOR_CHARS] if match else ""


def posted_by(lines: Sequence[Line]) -> str:
    """The author of a page that is one post, "" if none is named: a label for authors, and a date of posting near it.

    A date of something else (an update) does not do: pages of works name the author of the work.
    """
    for number, line in enumerate(lines[:MAX_LINES]):
        author = labelled_author(line.text) if len(line.text) <= MAX_HEAD_CHARS else ""
        if author and any(_POSTED_RE.search(near.text) for near in lines[max(0, number - 2) : number + 3]):
            return author
    return ""


def _marked_posts(page: Page, author_selector: str, body_selector: str) -> Iterator[Post]:
    """Yield the posts of a known system: a body belongs to the last author before it."""
    bodies = {node.mem_id for node in page.nodes(body_selector, MAX_POSTS)}
    if not bodies:
        return
    author, inside = "", set[int]()
    found: list[tuple[str, LexborNode, LexborNode]] = []
    author_node: LexborNode | None = None
    for node in page.nodes(f"{author_selector}, {body_selector}", 4 * MAX_POSTS):
        if node.mem_id not in bodies:
            author, author_node = visible_text(node)[:MAX_AUTHOR_CHARS] or author, node
        elif author and author_node is not None and node.mem_id not in inside:
            inside.update(inner.mem_id for inner in node.css(body_selector))
            found.append((author, author_node, node))
    posts_inside = Counter(element.mem_id for _, _, body in found for element in _elements_around(body))
    for name, named, body in found:
        around = _post_element(body, named, posts_inside)
        additions = _additions(page, around, body) if around is not None else ()
        yield Post(author=name, bodies=(body, *additions), around=around)


def _elements_around(node: LexborNode) -> Iterator[LexborNode]:
    """Yield an element and those around it, inner first, without the body of the page."""
    element: LexborNode | None = node
    for _ in range(MAX_AROUND_LEVELS):
        if element is None or element.tag in ("body", "html"):
            return
        yield element
        element = element.parent


def _post_element(body: LexborNode, author: LexborNode, posts_inside: Counter[int]) -> LexborNode | None:
    """The innermost element around the words of a post and its author; None if it holds other posts, too."""
    around_author = {element.mem_id for element in _elements_around(author)}
    common = next((element for element in _elements_around(body) if element.mem_id in around_author), None)
    return common if common is not None and posts_inside[common.mem_id] == 1 else None


def _additions(page: Page, post: LexborNode, body: LexborNode) -> tuple[LexborNode, ...]:
    """The tables of a post beside its words that state a price or hand out files."""
    own = {element.mem_id for element in (*_elements_around(body), *body.css("*"))}
    chosen: dict[int, LexborNode] = {}
    for node in post.css(_ADDITION_SELECTOR)[:MAX_ADDITIONS]:
        if node.mem_id in own or node.css_first(".postauthor, .postprofile") is not None:
            continue
        if len(visible_text(node)) <= MAX_ADDITION_CHARS and (_hands_out_files(node) or _states_price(page, node)):
            chosen[node.mem_id] = node
    return _outermost(chosen)


def _hands_out_files(node: LexborNode) -> bool:
    """Whether an element links to files, or to the script of a forum that sends them."""
    addresses = [link.attributes.get("href") or "" for link in node.css("a[href]")[:20]]
    return any(is_file_address(address) or _DOWNLOAD_RE.search(urlsplit(address).path) for address in addresses)


def _states_price(page: Page, node: LexborNode) -> bool:
    """Whether a line of an element begins with a word for a price, and some line has digits."""
    lines = [joined_label(line.text) for line in page_lines(page, {}, node).lines]
    return any(map(meaning_pattern("price").match, lines)) and any(map(str.isdigit, "".join(lines)))


def _repeated_posts(page: Page) -> list[Post]:
    """The posts of unknown markup: the largest group of elements of one kind, each with a date, a name and words.

    Comments below an article are no thread: words of the article stand before them.
    """
    lines = [line for line in all_lines(page)[:MAX_LINES] if line.elements]
    best: list[Post] = []
    best_length = 0
    for parent, heads in islice(_groups_of_heads(lines), MAX_GROUPS):
        segments = _segments(parent, heads, lines)
        posts = [_segment_post(segment) for segment in segments]
        length = sum(len(line.text) for segment in segments for line in segment)
        is_thread = len(posts) >= MIN_POSTS and all(post.author and post.bodies for post in posts)
        is_thread = is_thread and not any(line.has_file for segment in segments for line in segment[:MAX_HEAD_LINES])
        is_thread = is_thread and all(map(_is_one_post, segments, posts)) and _have_one_head(parent, segments)
        if is_thread and length > best_length and _stand_as_thread(lines, segments):
            best, best_length = posts, length
    return best


def _is_one_post(segment: Sequence[Line], post: Post) -> bool:
    """Whether the lines that are taken for a post are not several posts, and not a header or a menu of the page.

    A post says something that is no link and no head of it; outside quotations there is one head.
    """
    heads = sum(bool(_POSTED_RE.search(line.text)) and not _is_quoted(line) for line in segment)
    spoken = [line for line in segment if not _is_head(line.text, post.author) and 2 * line.link_chars < len(line.text)]
    return heads <= 1 and bool(spoken) and not is_in_menu(segment[0].elements[-1])


def _have_one_head(parent: LexborNode, segments: Iterable[Sequence[Line]]) -> bool:
    """Whether a date stands at the same position in all segments; a header with a clock is unlike the rest."""
    positions = []
    for segment in segments:
        dated = [line.elements for line in segment[:MAX_HEAD_LINES] if _DATE_RE.search(line.text)]
        depths = [next(depth for depth, node in enumerate(around) if node.mem_id == parent.mem_id) for around in dated]
        positions.append({tuple(map(_kind, around[depth + 1 :])) for around, depth in zip(dated, depths, strict=True)})
    return bool(set.intersection(*positions))


def _is_quoted(line: Line) -> bool:
    """Whether a line stands in a quotation."""
    return any(
        element.tag == "blockquote" or _QUOTE_RE.search(element.attributes.get("class") or "")
        for element in line.elements
    )


def _stand_as_thread(lines: Sequence[Line], segments: Sequence[Sequence[Line]]) -> bool:
    """Whether segments are what their page is about, and not made of links: no comments, no list of other pages."""
    own = [line for segment in segments for line in segment]
    if not all(any(_DATE_RE.search(line.text) for line in segment[:MAX_HEAD_LINES]) for segment in segments):
        return False
    linked = sum(line.link_chars for line in own)
    return 3 * linked < sum(len(line.text) for line in own) and _words_before(lines, own[0]) <= MAX_WORDS_BEFORE_CHARS


def _words_before(lines: Sequence[Line], first: Line) -> int:
    """The characters of running text before a line: of lines too long for a heading, and not made of links."""
    before = lines[: next((number for number, line in enumerate(lines) if line is first), 0)]
    return sum(
        len(line.text) for line in before if len(line.text) > MAX_HEADING_CHARS and 2 * line.link_chars < len(line.text)
    )


def _groups_of_heads(lines: Iterable[Line]) -> Iterator[tuple[LexborNode, list[int]]]:
    """Yield parents of two or more children of one kind that hold a line with a date, and the children's `mem_id`."""
    children: defaultdict[tuple[int, str], dict[int, None]] = defaultdict(dict)
    parents: dict[int, LexborNode] = {}
    for line in lines:
        if len(line.text) > MAX_HEAD_CHARS or not _DATE_RE.search(line.text) or any(map(is_comment, line.elements)):
            continue
        around = line.elements[-MAX_HEAD_LEVELS:]
        for parent, child in pairwise(around):
            parents[parent.mem_id] = parent
            children[parent.mem_id, _kind(child)][child.mem_id] = None
    for (parent_id, _), heads in children.items():
        if MIN_POSTS <= len(heads) <= MAX_POSTS:
            yield parents[parent_id], list(heads)


def is_comment(node: LexborNode) -> bool:
    """Whether an element says that it holds comments."""
    attributes = node.attributes
    return bool(_COMMENT_RE.search(f"{attributes.get('id') or ''} {attributes.get('class') or ''}"[:300]))


def _kind(node: LexborNode) -> str:
    classes = re.sub(r"\d+", "", node.attributes.get("class") or "").split()
    return f"{node.tag}.{'.'.join(name for name in classes if name not in ('odd', 'even', 'first', 'last', 'alt'))}"


def _segments(parent: LexborNode, heads: Sequence[int], lines: Sequence[Line]) -> list[list[Line]]:
    """The lines of each post: those of a head and of its siblings up to the next head."""
    starts, segments, begun = set(heads), list[list[Line]](), set[int]()
    for line in lines:
        identities = [element.mem_id for element in line.elements]
        if parent.mem_id not in identities[:-1]:
            continue
        child = identities[identities.index(parent.mem_id) + 1]
        if child in starts and child not in begun:
            begun.add(child)
            segments.append([])
        if segments:
            segments[-1].append(line)
    return segments


def _segment_post(lines: Sequence[Line]) -> Post:
    author = _segment_author(lines)
    spoken = (line.elements[-1] for line in lines if not _is_head(line.text, author))
    return Post(author=author, bodies=_outermost({node.mem_id: node for node in spoken}))


def _segment_author(lines: Sequence[Line]) -> str:
    """The name behind a label, of a link to a profile, or the first short line before the words."""
    labelled = next(filter(None, (labelled_author(line.text) for line in lines[:12])), "")
    if labelled:
        return labelled
    for line in lines[:12]:
        for element in line.elements[-3:]:
            if element.tag == "a" and _PROFILE_RE.search(element.attributes.get("href") or ""):
                return visible_text(element)[:MAX_AUTHOR_CHARS]
    date = next((number for number, line in enumerate(lines) if _DATE_RE.search(line.text)), 0)
    before = _DATE_RE.split(lines[date].text, maxsplit=1)[0].strip() if lines else ""
    before = _AUTHOR_END_RE.split(f"{before} ", maxsplit=1)[0].strip(" |-–—·,，:：@")
    after = [line.text for line in lines[date + 1 : date + 2] if len(lines) > date + 2]
    return next(filter(_is_name, [*(line.text for line in lines[:date]), before, *after]), "")


def _is_name(text: str) -> bool:
    return 1 < len(text) <= MAX_AUTHOR_CHARS // 2 and not _NUMBER_RE.fullmatch(text) and not _DATE_RE.search(text)


def _is_head(text: str, author: str) -> bool:
    """Whether a line is part of a post's head: author, date, number."""
    return (
        text == author
        or labelled_author(text) == author
        or _NUMBER_RE.fullmatch(text) is not None
        or (len(text) <= MAX_HEAD_CHARS and _DATE_RE.search(text) is not None)
    )


def _outermost(nodes: dict[int, LexborNode]) -> tuple[LexborNode, ...]:
    """The elements that are inside no other of them."""
    chosen = []
    for node in nodes.values():
        parent = node.parent
        while parent is not None and parent.mem_id not in nodes:
            parent = parent.parent
        if parent is None:
            chosen.append(node)
    return tuple(chosen)
