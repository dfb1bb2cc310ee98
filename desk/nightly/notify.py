"""Delivers the results of a night: report files, metrics, a webhook, an e-mail; then deletes blobs that are no longer
needed.

A message that cannot be delivered never fails a night.
"""

from __future__ import annotations

import http.client
import smtplib
import ssl
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import localtime, make_msgid, parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from crawler.blobs import open_blobs
from crawler.config import Config, TellConfig
from crawler.errors import BadInput
from crawler.items import Picture
from crawler.messages import render_message
from crawler.redaction import redact
from crawler.settings import USER_AGENT
from crawler.store import Store
from desk.crawling import RunResult
from desk.nightly.chat_messages import (
    MAX_MESSAGE_HITS,
    NightMessage,
    mail_text,
    note_hit,
    refusal,
    webhook_address,
    webhook_body,
)
from desk.nightly.metrics import Metrics
from desk.nightly.report import REPORT_SUFFIXES, new_hit_query, report_json, report_markdown, save_report

TIMEOUT_SECONDS = 30
MAX_ANSWER_BYTES = 65_536  # of a webhook's answer


def notify(config: TellConfig, message: NightMessage, healthy: bool, now: datetime) -> list[str]:
    """Send the configured notifications; returns the problems of those that could not be delivered.

    Nothing is sent for a healthy night unless `tell.always` is set. `now` is the time that signs a message.
    """
    problems: list[str] = []
    if healthy and not config.always:
        return problems
    if config.webhook:
        # Of the address only the host: the rest lets anybody write into the channel.
        problems += _attempt(_address_host(config.webhook), lambda: _post_webhook(config, message, now))
    if config.smtp_host and config.to:
        problems += _attempt(config.smtp_host, lambda: _send_mail(config, message))
    return problems


def _attempt(target: str, send: Callable[[], None]) -> list[str]:
    try:
        send()
    except http.client.HTTPException as error:
        return [f"{target}: {type(error).__name__}"]  # its text may quote the address
    except (OSError, ValueError, smtplib.SMTPException) as error:
        return [f"{target}: {redact(str(error))}"]
    return []


def _address_host(address: str) -> str:
    try:
        return urlsplit(address).hostname or "webhook"
    except ValueError:
        return "webhook"


def _post_webhook(config: TellConfig, message: NightMessage, now: datetime) -> None:
    if not config.webhook.startswith(("https://", "http://")):
        raise ValueError("a webhook is an http(s) address")
    address = webhook_address(config.webhook, config.service, config.webhook_secret, now)
    body = webhook_body(message, config.service, config.webhook_secret, now)
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": USER_AGENT}
    with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=TIMEOUT_SECONDS) as answer:
        refused = refusal(answer.read(MAX_ANSWER_BYTES), config.service)
    if refused:
        raise ValueError(refused)


def _send_mail(config: TellConfig, message: NightMessage) -> None:
    mail = EmailMessage()
    sender = config.sender or config.smtp_user
    mail["Subject"], mail["From"], mail["To"] = message.title, sender, ", ".join(config.to)
    mail["Date"] = localtime()
    # The sender's domain, not this machine's name, which is nobody's business and may take seconds to look up.
    mail["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2] or "localhost")
    mail.set_content(mail_text(message))
    with smtplib.SMTP(config.smtp_host, config.smtp_port, timeout=TIMEOUT_SECONDS) as server:
        if config.smtp_tls:
            server.starttls(context=ssl.create_default_context())
        if config.smtp_user:
            server.login(config.smtp_user, config.password)
        server.send_message(mail)


def deliver_results(
    store: Store,
    result: RunResult,
    config: Config,
    metrics: Metrics,
    show_message: Callable[..., None],
    warn: Callable[..., None],
) -> None:
    """Write the configured reports and metrics, send the notifications, and delete expired blobs.

    What cannot be written or delivered is a warning: the night has run, and the other ways still tell of it.
    """
    if config.night.reports:
        folder = Path(config.night.reports)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for suffix in REPORT_SUFFIXES:
                save_report(folder / f"{result.run}{suffix}", store, result, config)
            show_message("report_written", file=folder / f"{result.run}.html")
        except (OSError, BadInput) as error:
            warn("report_not_written", reason=error)
    metrics.set_counts(result.platforms, list(result.complaints), result.finished.timestamp())
    if config.night.metrics_file:
        metrics.write(Path(config.night.metrics_file))
    message = night_message(store, result, config)
    for problem in notify(config.tell, message, not result.complaints, datetime.now(UTC)):
        warn("not_delivered", problem=problem)
    delete_expired_blobs(store, config, result)


def night_message(store: Store, result: RunResult, config: Config) -> NightMessage:
    """What a night's mail and webhook say: its health, and its new hits by harm."""
    key = "tell_unhealthy" if result.complaints else "tell_healthy"
    title = render_message("desk.cli", key, config.language, run=result.run, count=len(result.complaints))
    query = new_hit_query(result)
    count = sum(1 for _ in store.hits.find_summaries(query))
    if count:
        title = render_message("desk.cli", "tell_title_hits", config.language, title=title, count=count)
    hits = store.hits.find_page(query, MAX_MESSAGE_HITS)
    works = store.works.get_many(hit.work_id for hit in hits)
    return NightMessage(
        title=title,
        language=config.language,
        complaints=tuple(result.complaints.values()),
        hits=tuple(note_hit(hit, works[hit.work_id].title, config.tell.full) for hit in hits),
        hit_count=count,
        report=report_json(result),
        report_text=report_markdown(result, config.language, config.zone),
    )


def delete_expired_blobs(store: Store, config: Config, result: RunResult) -> int:
    """Delete blobs that no hit, recheck or work needs, once older than `night.keep_days`; returns how many.

    Also deletes expired pages and robots.txt files from the store.
    """
    cutoff = result.finished - timedelta(days=config.night.keep_days)
    store.pages.delete_pages_before(cutoff)
    store.pages.delete_robots_before(result.finished)
    needed = store.hits.evidence_digests() | store.rechecks.proof_digests()
    needed |= {
        digest
        for work in store.works.all_works(include_retired=True)
        for digest in map(_picture_digest, work.images)
        if digest
    }
    blobs = open_blobs(config.store)
    return blobs.collect_garbage(needed | blobs.version_digests(), cutoff.timestamp())


def _picture_digest(picture: Picture) -> str | None:
    return picture.sha256
