"""Writes what a night found as a message: plain text for a mail, JSON for a program, or the body that a chat service
takes at an incoming webhook.

The formats are data (chat_services.toml). What strangers wrote is put where a service does not parse it; signs that it
would still read as a mention are replaced. A service with signatures gets HMAC-SHA256 over the time and the secret:
"address" means as parameters of the address, keyed with the secret (DingTalk, milliseconds), "body" as fields of the
body, keyed with time and secret (Feishu, seconds).
"""

from __future__ import annotations

import hmac
import json
import tomllib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote, urlencode

from attrs import asdict, frozen

from crawler.contacts import find_contacts
from crawler.items import Hit
from crawler.messages import render_message
from crawler.urls import canonicalize_url, reveal_invisible, url_host

MAX_MESSAGE_HITS = 20  # new hits named in one message; the report has all
MAX_COMPLAINTS = 10  # platforms named that cannot be trusted
MAX_TEXT_CHARS = 120  # of a title or a name from the web
MAX_COMPLAINT_CHARS = 200
MAX_LINK_CHARS = 500  # longer addresses are left out, the hit's id leads to them
JSON_SERVICE = "json"

Part = tuple[str, str | None]  # a piece of text, and where it leads
Paragraph = tuple[Part, ...]


@frozen(kw_only=True)
class HitNote:
    """A new hit as a message names it. `seller` and `contacts` are None unless the operator wants them there."""

    id: str
    title: str
    work: str
    platform: str
    url: str
    seller: str | None = None
    contacts: tuple[str, ...] | None = None


@frozen(kw_only=True)
class NightMessage:
    """What there is to say of a night: `title` in our own words, complaints of platforms, its new hits (the first of
    `hit_count`), the report as JSON values and as text.
    """

    title: str
    language: str
    complaints: tuple[str, ...]
    hits: tuple[HitNote, ...]
    hit_count: int
    report: Mapping[str, Any]
    report_text: str


def note_hit(hit: Hit, work_title: str, full: bool) -> HitNote:
    """A hit as a message names it; with `full` also who sells it and the contacts in the offer."""
    listing = hit.listing
    contacts = (
        tuple(f"{contact.kind.value} {contact.value}" for contact in find_contacts(f"{listing.title}\n{listing.text}"))
        if full
        else None
    )
    seller = listing.seller or listing.seller_id if full else None
    return HitNote(
        id=hit.id,
        title=listing.title,
        work=work_title,
        platform=listing.platform,
        url=listing.url,
        seller=seller,
        contacts=contacts,
    )


def mail_text(message: NightMessage) -> str:
    """The text of a mail: the new hits, then the report."""
    lines = [_plain_paragraph(paragraph, {}) for paragraph in _hit_paragraphs(message, MAX_MESSAGE_HITS)]
    return "\n".join([*lines, "", message.report_text] if lines else [message.report_text])


def webhook_body(message: NightMessage, service: str, secret: str = "", now: datetime | None = None) -> bytes:
    """The body to post, signed where there is a secret and the service signs bodies. Raises KeyError for an unknown
    service.
    """
    if service == JSON_SERVICE:
        return _json_bytes({**message.report, "new_hits": _hits_json(message)})
    form = load_services()[service]
    body = _fitting_body(message, form)
    if secret and now is not None and form["sign"] == "body":
        time = str(int(now.timestamp()))
        body |= {"timestamp": time, "sign": _signature(f"{time}\n{secret}", "")}
    return _json_bytes(body)


def webhook_address(address: str, service: str, secret: str = "", now: datetime | None = None) -> str:
    """The address to post to: signed where there is a secret and the service signs addresses."""
    if not secret or now is None or service == JSON_SERVICE or load_services()[service]["sign"] != "address":
        return address
    time = str(int(now.timestamp() * 1000))
    parameters = urlencode({"timestamp": time, "sign": _signature(secret, f"{time}\n{secret}")})
    return f"{address}{'&' if '?' in address else '?'}{parameters}"


def refusal(answer: bytes, service: str) -> str:
    """Why a chat service refused a message, by its answer: "" if it did not. Some refuse with HTTP status 200."""
    form = load_services().get(service)
    if form is None or not form["code"]:
        return ""
    try:
        fields = json.loads(answer)
        code = fields[form["code"]]
    except (ValueError, KeyError, TypeError):
        return ""
    return f"{form['code']} {code} {reveal_invisible(str(fields.get(form['message'], '')))}"[:200] if code else ""


@cache
def load_services() -> dict[str, dict[str, Any]]:
    """The formats of the chat services by name, as chat_services.toml describes them."""
    text = (resources.files("desk.nightly") / "chat_services.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _fitting_body(message: NightMessage, form: Mapping[str, Any]) -> dict[str, Any]:
    """The body with as many hits, then complaints, as the service's limit lets through."""
    sizes = [(hits, MAX_COMPLAINTS) for hits in range(min(len(message.hits), MAX_MESSAGE_HITS), -1, -1)]
    sizes += [(0, complaints) for complaints in range(MAX_COMPLAINTS - 1, -1, -1)]
    body: dict[str, Any] = {}
    for hits, complaints in sizes:
        paragraphs = [*_complaint_paragraphs(message, complaints), *_hit_paragraphs(message, hits)]
        body = _fill_form(form, message.title, paragraphs)
        if len(_json_bytes(body)) <= form["max_bytes"]:
            break
    return body


def _fill_form(form: Mapping[str, Any], title: str, paragraphs: Sequence[Paragraph]) -> dict[str, Any]:
    replace = form["replace"]
    text = "\n".join([title, *(_plain_paragraph(paragraph, replace) for paragraph in paragraphs)])
    values: dict[str, Any] = {"$title": title, "$text": text}
    if "text_part" in form:
        rows = [[_fill_part(form, part) for part in paragraph] for paragraph in paragraphs]
        line_end = _fill_part(form, ("\n", None))
        heading = _fill_part(form, (title, None))
        values["$parts"] = [heading, *(part for row in rows for part in (line_end, *row))]
        if "paragraph" in form:
            values["$paragraphs"] = [_fill_in(json.loads(form["paragraph"]), {"$parts": row}) for row in rows]
    body: dict[str, Any] = _fill_in(json.loads(form["body"]), values)
    return body


def _fill_part(form: Mapping[str, Any], part: Part) -> Any:
    text, url = part
    values = {"$text": _replace_signs(text, form["replace"]), "$url": url}
    return _fill_in(json.loads(form["link_part" if url else "text_part"]), values)


def _fill_in(template: Any, values: Mapping[str, Any]) -> Any:
    """`template` with every string that is a placeholder replaced; what is filled in is not looked at again."""
    if isinstance(template, dict):
        return {key: _fill_in(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_fill_in(value, values) for value in template]
    return values.get(template, template) if isinstance(template, str) else template


def _plain_paragraph(paragraph: Paragraph, replace: Mapping[str, str]) -> str:
    text = "".join(_replace_signs(piece, replace) for piece, _ in paragraph)
    # A sign that is replaced in a text would change an address; there it is encoded.
    encoded = {sign: quote(sign) for sign in replace}
    return "\n".join([text, *(f"   {_replace_signs(url, encoded)}" for _, url in paragraph if url)])


def _replace_signs(text: str, replace: Mapping[str, str]) -> str:
    for sign, substitute in replace.items():
        text = text.replace(sign, substitute)
    return text


def _complaint_paragraphs(message: NightMessage, count: int) -> list[Paragraph]:
    shown = [((_shown(complaint, MAX_COMPLAINT_CHARS), None),) for complaint in message.complaints[:count]]
    more = len(message.complaints) - len(shown)
    return [*shown, *([((_say("tell_more_complaints", message.language, count=more), None),)] if more else [])]


def _hit_paragraphs(message: NightMessage, count: int) -> list[Paragraph]:
    """A heading that says what the hits are, then one paragraph each, then how many more there are."""
    if not message.hit_count:
        return []
    shown = message.hits[:count]
    paragraphs: list[Paragraph] = [((_say("tell_new_hits", message.language, count=message.hit_count), None),)]
    paragraphs += [_hit_paragraph(number, note, message.language) for number, note in enumerate(shown, start=1)]
    more = message.hit_count - len(shown)
    return [*paragraphs, *([((_say("tell_more_hits", message.language, count=more), None),)] if more else [])]


def _hit_paragraph(number: int, note: HitNote, language: str) -> Paragraph:
    details = [note.work, note.platform, note.id[:8]]
    if note.seller:
        details.append(_say("tell_seller", language, seller=note.seller))
    if note.contacts:
        details.append(_say("tell_contacts", language, contacts=", ".join(note.contacts)))
    facts = " · ".join(_shown(detail, MAX_TEXT_CHARS) for detail in details)
    return (f"{number}. ", None), (_shown(note.title, MAX_TEXT_CHARS) or "–", _link(note.url)), (f" · {facts}", None)


def _hits_json(message: NightMessage) -> dict[str, Any]:
    hits = [
        {name: value for name, value in asdict(note).items() if value is not None}
        for note in message.hits[:MAX_MESSAGE_HITS]
    ]
    return {"count": message.hit_count, "judged": False, "hits": hits}


def _link(url: str) -> str | None:
    """The canonical address, without sign that ends or hides it; None if it cannot be followed or is too long."""
    address = canonicalize_url(url)
    return address if url_host(url) and len(address) <= MAX_LINK_CHARS else None


def _shown(text: str, limit: int) -> str:
    line = reveal_invisible(text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _signature(key: str, text: str) -> str:
    return b64encode(hmac.digest(key.encode(), text.encode(), "sha256")).decode()


def _json_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace")


def _say(key: str, language: str, **values: object) -> str:
    return render_message("desk.cli", key, language, **values)
