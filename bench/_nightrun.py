"""A folder in which benchmarks run nights over the loopback web as a user does: settings, works, spiders, processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench._nightweb import ROWS_PER_PAGE, SPIDER_TEMPLATE, invent_works, send_control

ROOT = Path(__file__).resolve().parent.parent
CHILD_CODE = """
import sys
import spiders
spiders.__path__.append(sys.argv.pop(1))
from desk.cli import main
sys.argv[0] = "swordnet"
main()
"""
DISABLED_PLATFORMS = ("kongfz", "appstore", "appgallery", "shop")


@contextmanager
def run_web(
    folder: Path, platforms: int, seed: int, rows: int = ROWS_PER_PAGE, host: str = "127.0.0.1"
) -> Iterator[dict[str, Any]]:
    """Run the loopback web in its own process for the block; provides its ports and host."""
    ports_file = folder / "ports.json"
    command = [
        sys.executable,
        "-m",
        "bench._nightweb",
        str(ports_file),
        "--platforms",
        str(platforms),
        "--seed",
        str(seed),
    ]
    command += ["--rows", str(rows), "--host", host]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        while not ports_file.exists() or not ports_file.read_text():
            time.sleep(0.05)
        yield {**json.loads(ports_file.read_text()), "host": host}
    finally:
        process.terminate()
        process.wait()


class Site:
    """One database and its settings."""

    def __init__(
        self, folder: Path, ports: dict[str, Any], questions: int, extra: str = "", store: str = "", delay: float = 0.0
    ) -> None:
        self.folder, self.control_port = folder, ports["control"]
        spider_folder = folder / "platforms"
        spider_folder.mkdir(parents=True, exist_ok=True)
        host = ports.get("host", "127.0.0.1")
        loopback = [f"{host}:{port}" for port in ports["platforms"].values()]
        lines = [
            f"[crawl]\ndelay = {delay}\nbackoff = 0.2\nplatforms_at_once = 6\nlease = 60",
            f"loopback = {json.dumps(loopback)}",
        ]
        lines += [extra, store, "[night]\nexplore = 0"]
        lines += [f"[platforms.{name}]\nenabled = false" for name in DISABLED_PLATFORMS]
        for name, port in ports["platforms"].items():
            (spider_folder / f"{name}.py").write_text(
                SPIDER_TEMPLATE.format(name=name, root=f"http://{host}:{port}"), encoding="utf-8"
            )
            lines.append(f"[platforms.{name}]\npages = 1000000\nquestions = {questions}")
        (folder / "swordnet.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def register_works(self, count: int, seed: int) -> None:
        """Import `count` works."""
        rows = "".join(json.dumps(work, ensure_ascii=False) + "\n" for work in invent_works(count, seed))
        (self.folder / "works.jsonl").write_text(rows, encoding="utf-8")
        result = self.run("works", "import", "works.jsonl")
        assert result.returncode == 0, result.stderr

    def start(self, *arguments: str, log: Path | None = None, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Start `swordnet ARGUMENTS` in the folder; its output goes to `log`, or else to pipes that must be read.

        `prefix` is put before the command: it runs the command in a namespace.
        """
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [*prefix, sys.executable, "-c", CHILD_CODE, str(self.folder / "platforms"), *arguments]
        if log is not None:
            with log.open("a", encoding="utf-8") as file:
                return subprocess.Popen(
                    command, cwd=self.folder, env=env, stdout=file, stderr=file, encoding="utf-8", errors="replace"
                )
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )

    def run(self, *arguments: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Run `swordnet ARGUMENTS` to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def control_web(self, **request_fields: Any) -> Any:
        """Ask the web's control port what it saw, or change it."""
        return send_control(self.control_port, **request_fields)
