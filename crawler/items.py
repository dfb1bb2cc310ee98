"""The data model of SwordNet: frozen values without I/O, passed between all packages and stored by crawler.store.

All fields are keyword-only. A field that the source does not state is None or empty, never a guess. Every datetime is
aware and in UTC; money is a Decimal and an ISO 4217 code.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import Factory, field, frozen, validators

_probability = validators.and_(validators.ge(0.0), validators.le(1.0))
_not_empty: Any = validators.min_len(1)


class Outcome(StrEnum):
    """What a page turned out to be."""

    LIVE = "live"
    UNCHANGED = "unchanged"
    GONE = "gone"
    CHALLENGED = "challenged"  # a captcha or a login wall
    BLOCKED = "blocked"  # by the platform
    REFUSED = "refused"  # by our own guard
    DISALLOWED = "disallowed"  # by robots.txt
    MISSING = "missing"  # not in the replayed archive
    PARTIAL = "partial"
    ERROR = "error"


class ListingKind(StrEnum):
    """The kind of a listing."""

    OFFER = "offer"
    SHARE = "share"
    APP = "app"
    POST = "post"


class Polarity(StrEnum):
    """Whether a finding speaks for or against its question."""

    FOR = "for"
    AGAINST = "against"


class Question(StrEnum):
    """The two questions a finding may answer: is it the work, is it an offence; see docs/architecture.md."""

    IDENTITY = "identity"
    OFFENCE = "offence"


class Decision(StrEnum):
    """The decision on one (listing, work) pair."""

    HIT = "hit"
    REVIEW = "review"
    LICENSED = "licensed"
    DROPPED = "dropped"  # considered and rejected
    NONE = "none"  # no work considered


class Verdict(StrEnum):
    """A person's judgement of a hit."""

    INFRINGING = "infringing"
    NOT = "not"
    UNSURE = "unsure"


class ShareState(StrEnum):
    """The state of a share according to its cloud drive. Only calibrated answers may become one of the gone states."""

    ALIVE = "alive"
    NEEDS_CODE = "needs_code"
    WRONG_CODE = "wrong_code"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REMOVED_VIOLATION = "removed_violation"
    PARTLY_REMOVED = "partly_removed"
    AUDIT_PENDING = "audit_pending"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    CAPTCHA = "captcha"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"


@frozen(kw_only=True)
class Licence:
    """Permission to offer a work. A missing field covers all; the days `since` and `until` are included."""

    platform: str | None = None
    seller: str | None = None
    territory: str | None = None
    since: date | None = None
    until: date | None = None


@frozen(kw_only=True)
class PictureHash:
    """A perceptual hash (`value`, hex digits) and what made it: hashes made differently are never compared."""

    hasher: str
    version: str
    settings: str
    value: str


@frozen(kw_only=True)
class PictureMatch:
    """A registered picture (`picture`, its SHA-256) that was recognised in another picture, the query.

    `homography` (nine numbers, row by row) maps the query to the registered picture. `corners` (x, y four times,
    clockwise from the registered picture's top left) is where it lies in the query. Both are in fractions of width and
    height; `mirrored`: they refer to the mirror image of the query.
    """

    picture: str
    how: str  # bytes, whole, part, points
    verdict: str  # copy or review
    certainty: float = field(validator=_probability)
    distance: int | None = None  # in bits, of the hash that found it
    homography: tuple[float, ...] = ()
    corners: tuple[float, ...] = ()
    mirrored: bool = False
    blocks: int = 0  # blocks of the registered picture that are visible and show a drawing
    alike: float = 0.0  # share of these blocks that agrees
    beside: str | None = None  # SHA-256 of the preview that shows both pictures


@frozen(kw_only=True)
class Picture:
    """A picture of a work or a listing. `sha256` is of the bytes as received; sizes are pixels after EXIF rotation."""

    url: str
    sha256: str | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    hashes: tuple[PictureHash, ...] = ()
    codes: tuple[str, ...] = ()  # contents of the QR codes in it
    sightings: tuple[PictureMatch, ...] = ()  # registered pictures recognised in it
    compared: str = ""  # version of the index of registered pictures it was compared with; empty: none
    problem: str = ""  # why it could not be read, or not whole: a key of crawler/pictures/messages.toml
    problem_values: Mapping[str, Any] = Factory(dict)


@frozen(kw_only=True)
class Work:
    """A protected work. `identifiers` maps a scheme (isbn, isrc, eidr, package, bundle) to normalised values."""

    id: str = field(validator=_not_empty)
    title: str = field(validator=_not_empty)
    kind: str | None = None
    aliases: tuple[str, ...] = ()
    creators: tuple[str, ...] = ()
    publisher: str | None = None
    owner: str | None = None
    year: int | None = None
    identifiers: Mapping[str, tuple[str, ...]] = Factory(dict)
    images: tuple[Picture, ...] = ()
    list_price: Decimal | None = None
    currency: str | None = None
    licences: tuple[Licence, ...] = ()
    released_on: date | None = None
    priority: int = 0
    retired_at: datetime | None = None


@frozen(kw_only=True)
class ShareLink:
    """A link to a share. `span` holds offsets into the text it was read from; (0, 0) where it came from elsewhere.

    `state` and `checked_at` are None until the share is checked. A `code_kind` of "elsewhere" without a code: the text
    says where the code is to be had, and does not give it.
    """

    platform: str
    share_id: str
    url: str
    code: str | None = None
    code_kind: str | None = None
    tricks: tuple[str, ...] = ()
    span: tuple[int, int] = (0, 0)
    state: ShareState | None = None  # the drive's answer about the share, requested with this code
    checked_at: datetime | None = None


@frozen(kw_only=True)
class SharedFile:
    """One file or folder of a share. `size` is in bytes; `share` is the share's address where a listing sells it."""

    name: str
    size: int | None = None
    folder: bool = False
    share: str = ""


@frozen(kw_only=True)
class Reach:
    """The reach of an offer, as far as the platform states it: numbers of sales, wants, views and items in stock."""

    sales: int | None = None
    wants: int | None = None
    views: int | None = None
    stock: int | None = None


@frozen(kw_only=True)
class Listing:
    """One offer, share, app or post as a platform shows it. `sources` says where on the page each field was read."""

    platform: str = field(validator=_not_empty)
    kind: ListingKind
    url: str = field(validator=_not_empty)
    title: str
    text: str = ""
    creators: tuple[str, ...] = ()
    publisher: str | None = None
    year: int | None = None
    brand: str | None = None
    sku: str | None = None
    identifiers: Mapping[str, tuple[str, ...]] = Factory(dict)
    seller: str | None = None
    seller_id: str | None = None
    territory: str | None = None
    price: Decimal | None = None
    price_high: Decimal | None = None  # the upper end, where the price is a range
    currency: str | None = None
    condition: str | None = None
    availability: str | None = None
    published: str | None = None
    reach: Reach = Reach()
    pictures: tuple[Picture, ...] = ()
    links: tuple[ShareLink, ...] = ()
    files: tuple[SharedFile, ...] = ()
    share_state: ShareState | None = None
    sources: Mapping[str, str] = Factory(dict)
    seen_at: datetime | None = None
    outcome: Outcome = Outcome.LIVE
    whole: bool = True  # False: a row of a list, the listing's own page may state more
    page_digest: str | None = None  # of the page bytes it was read from


@frozen(kw_only=True)
class Finding:
    """One reason. `probability` (0..1) is the share of pairs with such a finding for which its polarity is right.

    `ours` and `theirs` are the compared texts of the work and of the listing. `verdict` is for pictures. `ground`
    names what was found more closely than `matcher` does; for an offence, matchers/decision.py weights it. It is also
    the key of the sentence, which these texts and `values` (JSON types) complete: matchers/findings.py renders it in
    the reader's language.
    """

    matcher: str
    question: Question
    work_id: str
    probability: float = field(validator=_probability)
    polarity: Polarity = Polarity.FOR
    why: str = ""  # the sentence of a finding stored before sentences were rendered; else empty
    ours: str = ""
    theirs: str = ""
    verdict: str | None = None
    sighting: PictureMatch | None = None  # the basis of a picture's verdict
    ground: str = ""
    values: Mapping[str, Any] = Factory(dict)


@frozen(kw_only=True)
class Assessment:
    """The result of all findings about one (listing, work) pair. `identity` and `offence` are probabilities."""

    work_id: str
    identity: float = field(validator=_probability)
    offence: float = field(validator=_probability)
    decision: Decision
    findings: tuple[Finding, ...] = ()
    harm: float = 0.0  # expected harm on a log2 scale, without freshness; see matchers/harm.py


@frozen(kw_only=True)
class AssessedListing:
    """A listing with its assessments, best work first; what the match pipeline hands to the store."""

    listing: Listing
    assessments: tuple[Assessment, ...] = ()


@frozen(kw_only=True)
class Hit:
    """A stored assessment. `id` is a digest of the work and the listing's first URL, stable over nightly runs."""

    id: str
    listing: Listing
    work_id: str
    identity: float
    offence: float
    decision: Decision
    findings: tuple[Finding, ...]
    first_seen: datetime
    last_seen: datetime
    still_up: bool | None = None
    share_states: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    rank: float = 0.0
    judged: Verdict | None = None  # the current verdict


@frozen(kw_only=True)
class ShareCheck:
    """One answer of a drive about a share. Append-only: after a notice, a removal is the takedown's outcome."""

    platform: str
    share_id: str
    code: str | None
    state: ShareState
    endpoint: str  # the URL that was requested
    status: str
    digest: str  # SHA-256 of the raw answer
    run: str
    at: datetime


@frozen(kw_only=True)
class Judgement:
    """A person's judgement of a hit. Append-only: a judgement is withdrawn by another one that names it in `undoes`."""

    hit: str
    verdict: Verdict
    reason: str
    by: str
    at: datetime
    id: int | None = None  # None before it is stored
    undoes: int | None = None


class UnitKind(StrEnum):
    """The kind of a unit of work."""

    QUESTION = "question"
    WALK = "walk"
    DETAILS = "details"
    SHARES = "shares"
    RECHECK = "recheck"
    REMATCH = "rematch"


class UnitState(StrEnum):
    """Where a unit of work is in its life; crawler.store.work_queue.WorkQueue has the diagram."""

    OPEN = "open"
    DOING = "doing"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@frozen(kw_only=True)
class Ask:
    """One address (and access code) or one question that a unit asks."""

    question: str | None = None
    url: str | None = None
    code: str | None = None
    form: str | None = field(default=None, eq=False)  # form of the question that this is, or that led to it


@frozen(kw_only=True)
class Unit:
    """A small durable task for one platform: asks of one kind. Planning the same content twice makes one unit."""

    id: int
    run: str
    spider: str
    kind: UnitKind
    wave: int
    asks: tuple[Ask, ...]
    attempt: int = 0
    holder: str | None = None


@frozen(kw_only=True)
class ListingItem:
    """A listing on its way through the pipelines, with the bytes of the page it was read from."""

    listing: Listing
    body: bytes = field(repr=False)
    requested_url: str = ""  # the URL under which the page was requested
    form: str | None = None  # form of the question that led to it
