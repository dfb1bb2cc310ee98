"""Planted secrets are found in nothing that a run leaves behind: output, log, database, kept pages, exports."""

from __future__ import annotations

import base64
import json
import logging
import sys
from pathlib import Path

import pytest

from crawler.config import load_config
from crawler.errors import BadInput
from crawler.logs import JsonFormatter, PlainFormatter
from crawler.redaction import read_secret, redact
from tests.conftest import LoopbackWeb, Swordnet

PLANTED_SECRET = "PLANTED-6f2c9b71"


@pytest.mark.slow
def test_planted_secrets_are_in_nothing_that_a_run_leaves(swordnet: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    page = f'<title>灯塔守夜人 电子书</title><a href="http://u:{PLANTED_SECRET}@{web.netloc}/x?access_token={PLANTED_SECRET}">x</a>'
    web.pages["/go"] = (302, "text/html", b"")
    web.headers["/go"] = {"Location": f"http://u:{PLANTED_SECRET}@127.0.0.1:9/?token={PLANTED_SECRET}"}
    web.pages["/p"] = (200, "text/html; charset=utf-8", page.encode())
    (tmp_path / "swordnet.toml").write_text(f'[crawl]\nloopback = ["{web.netloc}"]\ndelay = 0.0\n', encoding="utf-8")
    (tmp_path / "works.csv").write_text("id,title\nW1,灯塔守夜人\n", encoding="utf-8")
    proxy_secret = "OURS-4d1e88a0"
    proxy = {"SWORDNET_PROXY": f"http://me:{proxy_secret}@127.0.0.1:9"}
    results = [swordnet("works", "import", "works.csv")]
    for addresses in (("/p", "/go"), (f"/p?token={PLANTED_SECRET}",)):
        url_options = [part for path in addresses for part in ("--url", f"{web.url}{path}")]
        results.append(swordnet("crawl", "shop", *url_options, "--csv", "hits.csv", "--json"))
        results.append(swordnet("crawl", "shop", *url_options, env=proxy))
    results.append(swordnet("hits", "export", "all.jsonl", env=proxy))
    assert "/p" in web.requested_paths
    encoded = base64.b64encode(f"me:{proxy_secret}".encode()).decode()
    for result in results:
        for secret in (PLANTED_SECRET, proxy_secret, encoded):
            assert secret not in result.stdout + result.stderr
    for file in filter(Path.is_file, tmp_path.rglob("*")):
        # A token in the address that a user asked for is part of the hit's address, and stays with the hit.
        content = file.read_bytes()
        assert proxy_secret.encode() not in content, file
        assert encoded.encode() not in content, file


@pytest.mark.parametrize(
    ("text", "preserved"),
    [
        ("GET http://me:hunter2@proxy.example.com:80/a", "proxy.example.com:80/a"),
        ("https://a.example.com/?access_token=hunter2&pwd=ab12", "pwd=ab12"),
        ("Authorization: Bearer hunter2", "Authorization"),
        ("{'Cookie': 'sid=hunter2'}", "Cookie"),
        ("postgresql+psycopg://me:hunter2@db/x", "@db/x"),
    ],
)
def test_what_looks_like_a_secret_is_redacted(text: str, preserved: str) -> None:
    assert "hunter2" not in redact(text)
    assert preserved in redact(text)


def log_record(message: str) -> logging.LogRecord:
    try:
        raise ValueError(f"{message} http://me:hunter2@a/")
    except ValueError:
        return logging.LogRecord("shop", logging.WARNING, "x", 1, "%s", (message,), sys.exc_info())


@pytest.mark.parametrize("formatter", [PlainFormatter(), JsonFormatter()])
def test_a_log_line_is_one_line_without_control_characters(formatter: logging.Formatter) -> None:
    line = formatter.format(log_record("x\n2026-01-01 INFO: approved\r\n\x1b[2J\x07\u202e\x00\ud800"))
    assert not set("\n\r\x1b\x07\u202e\x00\ud800\u2028") & set(line)
    assert "hunter2" not in line
    line.encode("utf-8")
    if isinstance(formatter, JsonFormatter):
        assert json.loads(line)["level"] == "WARNING"


def test_a_secret_in_a_file_must_be_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "proxy"
    file.write_text("http://me:hunter2@proxy.example.com:3128\n", encoding="utf-8")
    file.chmod(0o600)
    assert load_config(environ={"SWORDNET_PROXY_FILE": str(file)}).crawl.proxy.endswith(":3128")
    file.chmod(0o644)
    with pytest.raises(BadInput, match="chmod 600"):
        read_secret({"SWORDNET_PROXY_FILE": str(file)}, "SWORDNET_PROXY")
    toml = tmp_path / "swordnet.toml"
    toml.write_text('[store]\nurl = "postgresql+psycopg://me:hunter2@db/x"\n', encoding="utf-8")
    toml.chmod(0o644)
    with pytest.raises(BadInput) as open_to_all:
        load_config(toml, {})
    assert "hunter2" not in str(open_to_all.value)
    toml.chmod(0o600)
    assert load_config(toml, {}).store.url.endswith("@db/x")
