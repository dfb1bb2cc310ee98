"""Who offers a listing: kinds of sellers and outlets, known by platform, address, name (outlets.csv) or structure.

A row names its source: a public warning list, a public index of such sites, or the outlet's own site; what could not be
looked up says "unverified" in its note. `sellers` lists the names under which a platform that others sell on trades
itself ("*": whoever sells there; an empty name: where none is stated). Publishers' own shops, bookshops and libraries
of universities are not listed but recognised by how they are called.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources

from attrs import frozen

from crawler.errors import BadInput, Problem
from crawler.items import Listing, ListingKind, Work
from crawler.text import fold
from crawler.urls import url_host
from registry.company_names import CompanyMatch, compare_companies

_FILE = "outlets.csv"
FIELDS = ("platform", "host", "seller", "tag")
ANY_SELLER = "*"
UNVERIFIED_MARK = "unverified"  # in the note of a row whose source was not looked up
MIN_LISTED_HOSTS = 2  # file hosts named one after the other that make a list of downloads
MAX_HOST_TEXT_CHARS = 20_000  # of a listing's text that is searched for file hosts

# How bookshops of China, Taiwan, Japan and Korea end their names, and what those elsewhere are called. A shop that says
# so is one, or wants to be taken for one: this is how it presents itself, no proof.
_BOOKSHOP_ENDINGS = (
    *("书店", "书城", "书局", "书屋", "书社", "书坊", "书苑", "书斋", "书院", "书馆", "购书中心", "图书大厦"),
    *(
        "图书专营店",
        "图书专卖店",
        "图书旗舰店",
        "图书企业店",
        "图书",
        "图书音像专营店",
        "图书音像旗舰店",
        "书籍专营店",
        "图书店",
        "图书专营",
    ),
    *("出版社旗舰店", "出版社官方旗舰店", "出版社专营店", "出版社自营店"),  # of a house, which need not be the work's
    *("ブックス", "ブックストア", "서점", "문고", "북스"),
)
_BOOKSHOP_WORDS = (
    *("books?", "bookshops?", "book ?stores?", "booksellers?", "book ?(?:house|outlet|depository)"),
    *("buchhandlung", "buchladen", "antiquariat", "librairie", "libreria", "livraria", "boekhandel", "ksiegarnia"),
)
_LIBRARY_ENDINGS = ("图书馆", "도서관")
_LIBRARY_WORDS = ("(?:public|university|college|county|city|national) library",)
_LIBRARY_LABELS = frozenset({"lib", "library", "libraries", "opac"})  # of a host below a university's domain
_OWN_SHOP_RE = re.compile(r"旗舰店|官方|自营|直营|专卖店|\bofficial\b|\bdirect\b|\bstore\b|\bshop\b")

_URL_HOST_RE = re.compile(r"(?:https?://(?:www\.)?|www\.)([a-z0-9.-]+\.[a-z]{2,10})", re.IGNORECASE)
_MAGNET_RE = re.compile(r"magnet:\?xt=urn:bt", re.IGNORECASE)
# What stands between the names of a list of downloads, and words that may stand beside a name in it.
_LIST_SEPARATOR_RE = re.compile(
    r"[,，、;；:：|/\\+·•\n\r\t()（）\[\]【】<>《》]+|\s[-–—]\s|\b(?:and|or|und|et|y|и)\b|和|或"
)
_LIST_WORD_RE = re.compile(
    r"\b(?:links?|downloads?|mirrors?|hosts?|direct|parts?|torrents?|ddl|via|on|from)\b|下载|链接|镜像|\d+"
)
_LINK_KINDS = frozenset({"magnet", "torrent", "torrents"})  # count in a list beside a file host, not alone


class OutletKind(StrEnum):
    """What a seller or an outlet is."""

    SELF_RUN_BOOKSHOP = "self_run_bookshop"  # the shop of a large bookseller itself
    PUBLISHER_SHOP = "publisher_shop"  # the publisher's own shop on a market place
    BOOKSHOP = "bookshop"  # calls itself a bookshop
    EBOOK_STORE = "ebook_store"
    LIBRARY = "library"
    COURSE_OWN_SITE = "course_own_site"  # where courses are held by those who make or license them
    PERSON_MARKET = "person_market"  # anybody sells there under any name
    APP_STORE = "app_store"  # who publishes there has an account that the store checks
    SIDE_LOADING_LIST = "side_loading_list"  # a list of apps; its keeper writes who made them
    FILE_HOST = "file_host"
    REPACKER = "repacker"
    RELEASE_GROUP = "release_group"
    SHADOW_LIBRARY = "shadow_library"
    PIRATE_APP_STORE = "pirate_app_store"
    PIRATE_STREAM = "pirate_stream"
    TORRENT_INDEX = "torrent_index"
    COURSE_RESELLER = "course_reseller"


# Outlets that pass on copies and nothing else.
COPY_KINDS = frozenset(
    {
        OutletKind.REPACKER,
        OutletKind.RELEASE_GROUP,
        OutletKind.SHADOW_LIBRARY,
        OutletKind.PIRATE_APP_STORE,
        OutletKind.PIRATE_STREAM,
        OutletKind.TORRENT_INDEX,
        OutletKind.COURSE_RESELLER,
    }
)


@frozen(kw_only=True)
class Outlet:
    """A row of outlets.csv. `pattern` is compared with the listing's `field` (a tag with its title)."""

    kind: OutletKind
    field: str
    pattern: str
    sellers: tuple[str, ...] = ()
    territory: str | None = None  # an ISO 3166 country, where the outlet sells in one
    name: str
    source: str
    note: str = ""

    @property
    def is_verified(self) -> bool:
        """Whether somebody looked the source up."""
        return UNVERIFIED_MARK not in self.note


@frozen(kw_only=True)
class SellerKind:
    """What the seller of a listing is, by which words of the listing (`quote`), and how this is known (`source`)."""

    kind: OutletKind
    quote: str
    source: str
    territory: str | None = None
    is_verified: bool = True


def seller_kind(listing: Listing, work: Work) -> SellerKind | None:
    """What the seller or the outlet of a listing is; None if nothing is known about it.

    An outlet of copies comes first, then the other rows, then what a name tells. Where anybody sells under any name, no
    name tells anything: there the kind is `person_market`.
    """
    for outlet, quote in matching_outlets(listing):
        return SellerKind(
            kind=outlet.kind,
            quote=quote,
            source=outlet.source,
            territory=outlet.territory,
            is_verified=outlet.is_verified,
        )
    return _kind_by_name(listing, work)


def is_person_market(listing: Listing) -> bool:
    """Whether anybody sells there under any name, mostly what they have used."""
    return any(outlet.kind is OutletKind.PERSON_MARKET for outlet, _ in matching_outlets(listing))


def matching_outlets(listing: Listing) -> Iterator[tuple[Outlet, str]]:
    """The rows that fit a listing, each with the listing's words: outlets of copies first, person markets last."""
    yield from _matches_of_place(listing.platform, listing.url, listing.seller, listing.kind)


def storefront_territory(listing: Listing) -> tuple[str, str] | None:
    """The country that a listing's platform or host sells in, whoever the seller is, and the listing's words for it."""
    host = url_host(listing.url)
    places = ((_outlets_by_key().get(("platform", listing.platform.casefold())), listing.platform),)
    for outlet, quote in (*places, (_host_outlet(host), host)):
        if outlet and outlet.territory:
            return outlet.territory, quote
    return None


@lru_cache(maxsize=256)
def title_tag(title: str) -> tuple[Outlet, str] | None:
    """The group or repacker that signs a title (…-GROUP at its end, [NAME Repack], repack by NAME), with the words."""
    match = _group_tag_re().search(title)
    if match:
        return _outlets_by_key()["tag", fold(match["group"])], match.group().strip()
    match = _repack_tag_re().search(title)
    if match:
        name = match["inside"] or match["behind"] or match["before"]
        return _outlets_by_key()["seller", fold(name)], match.group().strip()
    return None


@lru_cache(maxsize=256)
def file_hosts(text: str) -> tuple[str, ...]:
    """The file hosts that a text links to, or names in a list of at least MIN_LISTED_HOSTS, as it writes them."""
    searched = text[:MAX_HOST_TEXT_CHARS]
    lower_text = searched.lower()
    if "magnet:" not in lower_text and not any(name in lower_text for name in _host_spellings()):
        return ()  # nearly every text: a list costs ten times as much to split
    linked = [host for host in _URL_HOST_RE.findall(searched) if _host_outlet(host.lower(), OutletKind.FILE_HOST)]
    if _MAGNET_RE.search(searched):
        linked.append("magnet")
    if linked:
        return tuple(dict.fromkeys(linked))
    listed = dict.fromkeys(_listed_hosts(searched))
    names = [name for name in listed if fold(name) not in _LINK_KINDS]
    return tuple(listed) if len(listed) >= MIN_LISTED_HOSTS and names else ()


@cache
def load_outlets() -> tuple[Outlet, ...]:
    """All rows of outlets.csv. Raises BadInput with every bad row."""
    text = (resources.files("matchers.signals") / _FILE).read_text(encoding="utf-8")
    outlets: list[Outlet] = []
    problems: list[Problem] = []
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            outlets.append(_parse_outlet(row))
        except (ValueError, KeyError) as error:
            problems.append(Problem(file=_FILE, line=line, message=str(error)))
    if problems:
        raise BadInput(problems)
    return tuple(outlets)


def _parse_outlet(row: Mapping[str, str]) -> Outlet:
    if row["field"] not in FIELDS or not row["pattern"] or not row["name"]:
        raise ValueError(f"a field of {', '.join(FIELDS)}, a pattern and a name are needed")
    if "://" not in row["source"]:
        raise ValueError("a source that can be followed is needed")
    return Outlet(
        kind=OutletKind(row["kind"]),
        field=row["field"],
        pattern=row["pattern"],
        sellers=tuple(row["sellers"].split("|")) if row["sellers"] else (),
        territory=row["territory"] or None,
        name=row["name"],
        source=row["source"],
        note=row["note"],
    )


@cache
def _outlets_by_key() -> Mapping[tuple[str, str], Outlet]:
    return {(outlet.field, _outlet_key(outlet.field, outlet.pattern)): outlet for outlet in load_outlets()}


def _outlet_key(field: str, pattern: str) -> str:
    return pattern.casefold() if field in ("platform", "host") else fold(pattern)


@lru_cache(maxsize=256)  # asked for by several matchers, for each work found in a listing
def _matches_of_place(platform: str, url: str, seller: str | None, kind: ListingKind) -> tuple[tuple[Outlet, str], ...]:
    matches = list(_find_outlets(platform, url, seller, kind))
    return tuple(sorted(matches, key=lambda match: (match[0].kind not in COPY_KINDS, _is_market(match[0]))))


def _find_outlets(platform: str, url: str, seller: str | None, kind: ListingKind) -> Iterator[tuple[Outlet, str]]:
    rows = _outlets_by_key()
    host = url_host(url)
    places = ((rows.get(("platform", platform.casefold())), platform), (_host_outlet(host), host))
    is_market = False
    for outlet, quote in places:
        if outlet and _is_own_seller(outlet, seller):
            is_market = is_market or _is_market(outlet)
            yield outlet, quote
    if seller:
        for outlet in _seller_outlets(seller, kind):
            if outlet.kind in COPY_KINDS or not is_market:
                yield outlet, seller


def _is_own_seller(outlet: Outlet, seller: str | None) -> bool:
    """Whether a platform's row covers this seller: rows of outlets that only pass on copies need no names."""
    if not outlet.sellers or ANY_SELLER in outlet.sellers:
        return True
    return fold(seller or "") in {fold(name) for name in outlet.sellers}


def _seller_outlets(seller: str, kind: ListingKind) -> Iterator[Outlet]:
    """Rows of a seller's name. In an offer a repacker's name does not count: on market places anybody may bear it."""
    outlet = _outlets_by_key().get(("seller", fold(seller)))
    if outlet is None:
        outlet = _shop_named_in(seller)
    if outlet and not (outlet.kind in COPY_KINDS and kind is ListingKind.OFFER):
        yield outlet


@cache
def _named_shops() -> tuple[tuple[str, Outlet], ...]:
    """Folded names of booksellers, which shops of theirs on market places bear with an addition, and their rows."""
    shops = (outlet for outlet in load_outlets() if outlet.field == "seller" and outlet.kind not in COPY_KINDS)
    return tuple((fold(shop.pattern), shop) for shop in shops)


@lru_cache(maxsize=1_024)
def _shop_named_in(seller: str) -> Outlet | None:
    """The bookseller whose name with words of official stores, and nothing else, is this shop's name."""
    key = fold(seller)
    named = (shop for name, shop in _named_shops() if name in key)
    return next((shop for shop in named if compare_companies(shop.pattern, seller) is CompanyMatch.SAME), None)


def _host_outlet(host: str, *kinds: OutletKind) -> Outlet | None:
    """The row of a host or of a domain above it."""
    labels = host.casefold().removeprefix("www.").split(".")
    for start in range(len(labels) - 1):
        outlet = _outlets_by_key().get(("host", ".".join(labels[start:])))
        if outlet and (not kinds or outlet.kind in kinds):
            return outlet
    return None


def _is_market(outlet: Outlet) -> bool:
    return outlet.kind is OutletKind.PERSON_MARKET


def _kind_by_name(listing: Listing, work: Work) -> SellerKind | None:
    """What a seller is by the structure of a name or an address."""
    host = _library_host(listing.url)
    if host:
        return SellerKind(kind=OutletKind.LIBRARY, quote=host, source="the address of a university's library")
    if not listing.seller:
        return None
    seller = fold(listing.seller)
    if _name_re(_LIBRARY_ENDINGS, _LIBRARY_WORDS).search(seller):
        return SellerKind(kind=OutletKind.LIBRARY, quote=listing.seller, source="its name")
    publisher = _publisher_of_shop((listing.publisher, work.publisher), listing.seller)
    if publisher and _OWN_SHOP_RE.search(seller):
        return SellerKind(kind=OutletKind.PUBLISHER_SHOP, quote=listing.seller, source=f"its name: {publisher}")
    if _name_re(_BOOKSHOP_ENDINGS, _BOOKSHOP_WORDS).search(seller):
        return SellerKind(kind=OutletKind.BOOKSHOP, quote=listing.seller, source="its name")
    return None


@lru_cache(maxsize=256)
def _library_host(url: str) -> str:
    """The host of an address if it is a university's library (lib.NAME.edu, library.NAME.ac.uk, lib.NAME.edu.cn)."""
    host = url_host(url)
    labels = host.split(".")
    is_university = any(label in ("edu", "ac") for label in labels[-2:])
    return host if is_university and not _LIBRARY_LABELS.isdisjoint(labels[:-2]) else ""


@cache
def _name_re(endings: tuple[str, ...], words: tuple[str, ...]) -> re.Pattern[str]:
    """Folded names that have one of these endings or hold one of these words."""
    return re.compile(rf"(?:{'|'.join(map(fold, endings))})$|\b(?:{'|'.join(words)})\b")


def _publisher_of_shop(publishers: Iterable[str | None], seller: str) -> str | None:
    return next((name for name in publishers if name and compare_companies(name, seller) is CompanyMatch.SAME), None)


def _listed_hosts(text: str) -> Iterator[str]:
    """The items of lists that are names of file hosts (with or without their domain's end), or links of torrents."""
    names = _file_host_names()
    for item in _LIST_SEPARATOR_RE.split(text):
        name = item.strip(" .*-–—✔✅⬇")
        key = fold(name)
        if key in _LINK_KINDS or key in names or fold(_LIST_WORD_RE.sub(" ", key)) in names:
            yield name


@cache
def _file_host_names() -> frozenset[str]:
    """What file hosts are called in lists: their names and their domains, with and without the end."""
    hosts = [outlet for outlet in load_outlets() if outlet.kind is OutletKind.FILE_HOST]
    names = {fold(outlet.name) for outlet in hosts}
    domains = {outlet.pattern for outlet in hosts if outlet.field == "host"}
    return frozenset(names | {fold(domain) for domain in domains})


@cache
def _host_spellings() -> tuple[str, ...]:
    """Names and domains of file hosts in lower case: a text without any of them has none."""
    hosts = [outlet for outlet in load_outlets() if outlet.kind is OutletKind.FILE_HOST]
    return tuple({outlet.name.lower() for outlet in hosts} | {outlet.pattern.lower() for outlet in hosts})


@cache
def _group_tag_re() -> re.Pattern[str]:
    """A release's name ends in a hyphen and its group, in the group's own letters."""
    groups = "|".join(re.escape(outlet.pattern) for outlet in load_outlets() if outlet.field == "tag")
    return re.compile(
        rf"(?<=[\w)\]])-(?P<group>{groups})(?=\s*(?:\[[^\]]*\]|\.(?:rar|zip|iso|mkv|mp4|torrent|nfo))?\s*$)"
    )


@cache
def _repack_tag_re() -> re.Pattern[str]:
    """A repacker signs in brackets at the end, before the word repack, or behind "by"."""
    names = [outlet.pattern for outlet in load_outlets() if outlet.field == "seller" and outlet.kind in COPY_KINDS]
    name = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(
        rf"[\[(（【]\s*(?P<inside>{name})(?:'s)?(?:\s*re-?packs?)?\s*[\])）】]"
        rf"|\b(?:re-?pack(?:ed)?\s+)?(?:by|от)\s+(?P<behind>{name})(?=\s*(?:$|[\])）】]))"
        rf"|(?:^|[\s\[(-])(?P<before>{name})(?:'s)?\s*re-?packs?\b",
        re.IGNORECASE,
    )
