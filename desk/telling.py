"""Who is told when a night has ended: a webhook gets the report as JSON, a mail says it in words.

A message that cannot be delivered is a problem of its own, told on the terminal; it never fails a night.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import urllib.request
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from crawler.config import TellConfig
from crawler.settings import USER_AGENT

TIMEOUT_SECONDS = 30


def notify(config: TellConfig, title: str, text: str, report: Mapping[str, Any], healthy: bool) -> list[str]:
    """Send what is configured; returns what could not be delivered."""
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
    mail["Subject"], mail["From"], mail["To"] = title, config.sender or config.smtp_user, ", ".join(config.to)
    mail.set_content(text)
    with smtplib.SMTP(config.smtp_host, config.smtp_port, timeout=TIMEOUT_SECONDS) as server:
        if config.smtp_tls:
            server.starttls(context=ssl.create_default_context())
        if config.smtp_user:
            server.login(config.smtp_user, config.password)
        server.send_message(mail)
