"""Delivers the results of a night: report files, metrics, a webhook with JSON, an e-mail; then deletes blobs that are
no longer needed.

A message that cannot be delivered never fails a night.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import urllib.request
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.message import EmailMessage
from email.utils import localtime, make_msgid, parseaddr
from pathlib import Path
from typing import Any

from crawler.blobs import open_blobs
from crawler.config import Config, TellConfig
from crawler.items import Picture
from crawler.messages import render_message
from crawler.settings import USER_AGENT
from crawler.store import Store
from desk.crawling import RunResult
from desk.nightly.metrics import Metrics
from desk.nightly.report import REPORT_SUFFIXES, report_json, report_markdown, save_report

TIMEOUT_SECONDS = 30


def notify(config: TellConfig, title: str, text: str, report: Mapping[str, Any], healthy: bool) -> list[str]:
    """Send the configured notifications; returns the problems of those that could not be delivered.

    Nothing is sent for a healthy night unless `tell.always` is set.
    """
    problems: list[str] = []
    if healthy and not config.always:
        return problems
    if config.webhook:
        problems += _attempt(config.webhook, lambda: _post_webhook(config.webhook, report))
    if config.smtp_host and config.to:
        problems += _attempt(config.smtp_host, lambda: _send_mail(config, title, text))
    return problems


def _attempt(target: str, send: Any) -> list[str]:
    try:
        send()
    except (OSError, ValueError, smtplib.SMTPException) as error:
        return [f"{target.partition('?')[0]}: {error}"]
    return []


def _post_webhook(url: str, report: Mapping[str, Any]) -> None:
    if not url.startswith(("https://", "http://")):
        raise ValueError("a webhook is an http(s) address")
    body = json.dumps(report, ensure_ascii=False, default=str).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": USER_AGENT}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=TIMEOUT_SECONDS) as answer:
        answer.read(1)


def _send_mail(config: TellConfig, title: str, text: str) -> None:
    mail = EmailMessage()
    sender = config.sender or config.smtp_user
    mail["Subject"], mail["From"], mail["To"] = title, sender, ", ".join(config.to)
    mail["Date"] = localtime()
    # The sender's domain, not this machine's name, which is nobody's business and may take seconds to look up.
    mail["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2] or "localhost")
    mail.set_content(text)
    with smtplib.SMTP(config.smtp_host, config.smtp_port, timeout=TIMEOUT_SECONDS) as server:
        if config.smtp_tls:
            server.starttls(context=ssl.create_default_context())
        if config.smtp_user:
            server.login(config.smtp_user, config.password)
        server.send_message(mail)


def deliver_results(
    store: Store, result: RunResult, config: Config, metrics: Metrics, show_message: Callable[..., None]
) -> None:
    """Write the configured reports and metrics, send the notifications, and delete expired blobs."""
    if config.night.reports:
        folder = Path(config.night.reports)
        folder.mkdir(parents=True, exist_ok=True)
        for suffix in REPORT_SUFFIXES:
            save_report(folder / f"{result.run}{suffix}", store, result, config)
        show_message("report_written", file=folder / f"{result.run}.html")
    metrics.set_counts(result.platforms, list(result.complaints), result.finished.timestamp())
    if config.night.metrics_file:
        metrics.write(Path(config.night.metrics_file))
    key = "tell_unhealthy" if result.complaints else "tell_healthy"
    title = render_message("desk.cli", key, config.language, run=result.run, count=len(result.complaints))
    text = report_markdown(result, config.language)
    for problem in notify(config.tell, title, text, report_json(result), not result.complaints):
        show_message("not_delivered", problem=problem)
    delete_expired_blobs(store, config, result)


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
