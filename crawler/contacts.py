"""Contacts in a text: phone numbers, mail addresses, WeChat and QQ ids, each in one normalised spelling.

Sellers disguise them (138-1234-5678, １３８..., "V❤abc_123", 加薇 abc123); the same contact in two shops is one person.
WeChat and QQ ids count only beside a word that says what they are; phone numbers and mail addresses by form alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from enum import StrEnum

from attrs import field, frozen

MAX_TEXT_CHARS = 8_000  # the rest of a text is not searched


class ContactKind(StrEnum):
    """The kind of a contact."""

    PHONE = "phone"
    MAIL = "mail"
    WECHAT = "wechat"
    QQ = "qq"


@frozen(kw_only=True)
class Contact:
    """One contact in its normalised spelling. `is_service`: the words before it, or its mail box, call it a service's;
    two contacts are equal whatever it is called.
    """

    kind: ContactKind
    value: str
    is_service: bool = field(default=False, eq=False)


_HAN_DIGITS = str.maketrans("零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖", "00123456789123456789")
_SEPARATORS = r"[ \-._·•*—–]{0,3}"
_MOBILE_RE = re.compile(rf"(?<!\d)(?:\+?86{_SEPARATORS})?(1{_SEPARATORS}[3-9](?:{_SEPARATORS}\d){{9}})(?!\d)")
_FOREIGN_PHONE_RE = re.compile(r"(?<![\d+])(\+[1-9]\d{0,2}(?:[ \-.()]{0,2}\d){7,12})(?!\d)")
_MAIL_RE = re.compile(
    r"(?<![a-z0-9._%+-])([a-z0-9][a-z0-9._%+-]{0,63}) ?(?:@|\(at\)|\[at\]| at ) ?"
    r"([a-z0-9-]{1,63}(?: ?(?:\.|\(dot\)|\[dot\]) ?[a-z0-9-]{1,63}){1,3})(?![a-z0-9-])"
)
_LABEL_MARKS = r"[ :：是为=＝,，号\u2764\u2665\ufe0f]"
_LABEL_GAP = rf"{_LABEL_MARKS}{{0,4}}"
_WECHAT_LABEL = r"(?:微信号?|薇信|威信|徽信|微心|v信|加(?:我)?(?:微|薇|威|v)|[\u2764\u2665\u2763]信?|微|薇)"
_WECHAT_ID = r"[a-z][a-z0-9_-]{5,19}(?![a-z0-9_-])"
# A label in Latin letters is no part of a word (version, wxpython): a mark parts it from the id, or the id has a digit.
_WECHAT_RE = re.compile(
    rf"(?:{_WECHAT_LABEL}{_LABEL_GAP}|(?<![a-z])(?:wechat|weixin|wx|vx|v){_LABEL_MARKS}{{1,4}}"
    rf"|(?<![a-z])(?:wechat|weixin|wx|vx)(?=[a-z_-]{{0,19}}\d))({_WECHAT_ID})"
)
_QQ_RE = re.compile(rf"(?:qq|q号|扣扣|企鹅号?|球球|q)(?:群|号)?{_LABEL_GAP}([1-9](?:[ \-]?\d){{4,10}})(?!\d)")
# What stands before a number of a service. A seller may call so what is its own: only where several sellers show the
# same one does it tell that it is the site's.
_SERVICE_LABEL_RE = re.compile(
    r"(?:客服|服务|售后|热线|咨询|平台|网站|本站|站长|站务|举报|投诉|商务|招商|广告"
    r"|service|support|hotline|help ?desk|customer care)"
    r"[^\n,，。;；|]{0,12}$"
)
SERVICE_LABEL_WINDOW_CHARS = 24  # before a contact, its own label included, in which such words are looked for
# Mail boxes of a role (RFC 2142 and what else houses have), not of a person.
_ROLE_MAIL_BOXES = frozenset(
    (
        *("info", "marketing", "sales", "support", "abuse", "noc", "security", "postmaster", "hostmaster", "webmaster"),
        *("service", "kefu", "contact", "help", "admin", "copyright", "dmca", "legal", "privacy", "noreply"),
    )
)
# Words after "wechat" that are no id.
_TRADE_WORDS = frozenset({"official", "service", "contact", "seller", "client"})


def find_contacts(text: str) -> Iterator[Contact]:
    """Yield the contacts in a text, each once, by kind and within a kind in text order."""
    normalised = unicodedata.normalize("NFKC", text[:MAX_TEXT_CHARS]).translate(_HAN_DIGITS).lower()
    found = [
        Contact(kind=kind, value=value, is_service=_is_service(normalised, match, kind, value))
        for kind, pattern, read_value in _FORMS
        for match in pattern.finditer(normalised)
        if (value := read_value(match)) not in _TRADE_WORDS
    ]
    yield from dict.fromkeys(contact for contact in found if not _is_no_persons_number(contact))


def _is_service(text: str, match: re.Match[str], kind: ContactKind, value: str) -> bool:
    if kind is ContactKind.MAIL and value.partition("@")[0] in _ROLE_MAIL_BOXES:
        return True
    start = match.start(1)
    return _SERVICE_LABEL_RE.search(text[max(0, start - SERVICE_LABEL_WINDOW_CHARS) : start]) is not None


def _digits_only(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _mail_address(match: re.Match[str]) -> str:
    domain = match[2].replace(" ", "").replace("(dot)", ".").replace("[dot]", ".")
    return f"{match[1]}@{domain}"


def _is_no_persons_number(contact: Contact) -> bool:
    """Whether a contact is a mobile number with +86, which is also found without its prefix, or a firm's switchboard
    (400 and 800 numbers).
    """
    is_chinese = contact.kind is ContactKind.PHONE and contact.value.startswith("+86")
    return is_chinese and (len(contact.value) == 14 or contact.value[3:6] in ("400", "800"))


_FORMS: tuple[tuple[ContactKind, re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (ContactKind.PHONE, _MOBILE_RE, lambda match: _digits_only(match[1])),
    (ContactKind.PHONE, _FOREIGN_PHONE_RE, lambda match: "+" + _digits_only(match[1])),
    (ContactKind.MAIL, _MAIL_RE, _mail_address),
    (ContactKind.WECHAT, _WECHAT_RE, lambda match: match[1]),
    (ContactKind.QQ, _QQ_RE, lambda match: _digits_only(match[1])),
)
