"""Contacts in a text: phone numbers, mail addresses, WeChat and QQ ids, each in one normalised spelling.

Sellers disguise them (138-1234-5678, １３８..., "V❤abc_123", 加薇 abc123); the same contact in two shops is one person.
WeChat and QQ ids count only beside a word that says what they are; phone numbers and mail addresses by form alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum

from attrs import frozen

MAX_TEXT_CHARS = 8_000  # the rest of a text is not searched


class ContactKind(StrEnum):
    """The kind of a contact."""

    PHONE = "phone"
    MAIL = "mail"
    WECHAT = "wechat"
    QQ = "qq"


@frozen(kw_only=True)
class Contact:
    """One contact in its normalised spelling."""

    kind: ContactKind
    value: str


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
# Words after "wechat" that are no id.
_TRADE_WORDS = frozenset({"official", "service", "contact", "seller", "client"})


def find_contacts(text: str) -> Iterator[Contact]:
    """Yield the contacts in a text, each once, by kind and within a kind in text order."""
    normalised = unicodedata.normalize("NFKC", text[:MAX_TEXT_CHARS]).translate(_HAN_DIGITS).lower()
    contacts_by_kind = [
        *(Contact(kind=ContactKind.PHONE, value=_digits_only(match[1])) for match in _MOBILE_RE.finditer(normalised)),
        *(
            Contact(kind=ContactKind.PHONE, value="+" + _digits_only(match[1]))
            for match in _FOREIGN_PHONE_RE.finditer(normalised)
        ),
        *(Contact(kind=ContactKind.MAIL, value=_mail_address(match)) for match in _MAIL_RE.finditer(normalised)),
        *(
            Contact(kind=ContactKind.WECHAT, value=match[1])
            for match in _WECHAT_RE.finditer(normalised)
            if match[1] not in _TRADE_WORDS
        ),
        *(Contact(kind=ContactKind.QQ, value=_digits_only(match[1])) for match in _QQ_RE.finditer(normalised)),
    ]
    yield from dict.fromkeys(contact for contact in contacts_by_kind if not _is_prefixed_mobile(contact))


def _digits_only(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _mail_address(match: re.Match[str]) -> str:
    domain = match[2].replace(" ", "").replace("(dot)", ".").replace("[dot]", ".")
    return f"{match[1]}@{domain}"


def _is_prefixed_mobile(contact: Contact) -> bool:
    """Whether a contact is a mobile number with +86, which is also found without its prefix."""
    return contact.kind is ContactKind.PHONE and contact.value.startswith("+86") and len(contact.value) == 14
