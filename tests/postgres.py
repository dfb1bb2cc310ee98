"""A PostgreSQL of our own for the tests: in a temporary folder, on a socket there, as an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

BIN_FOLDER_PATTERNS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/pgsql/bin",
)
SERVER_USERS = ("postgres", "nobody")  # the superuser may not run a server; the first of these that exists does


def find_bin_folder() -> Path | None:
    """The folder with initdb and pg_ctl, the newest one found; None where there is none."""
    on_path = shutil.which("pg_ctl")
    folders = [Path(on_path).parent] if on_path else []
    for pattern in BIN_FOLDER_PATTERNS:
        folders += sorted(Path("/").glob(pattern.removeprefix("/")), reverse=True)
    return next((place for place in folders if (place / "initdb").exists() and (place / "pg_ctl").exists()), None)


class PostgresServer:
    """Running from the moment it is made. Nothing in it outlives a crash: it is for tests."""

    def __init__(self, bin_folder: Path, port: int = 0, host: str = "127.0.0.1") -> None:
        self.bin, self._host = bin_folder, host
        self.folder = Path(tempfile.mkdtemp(prefix="swordnet-pg-", dir="/tmp" if os.name == "posix" else None))
        self._port = port
        self._run_as: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = next(pwd.getpwnam(name) for name in SERVER_USERS if _user_exists(name))
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._run_as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._run("initdb", "-D", "data", "-U", "swordnet", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        if host != "127.0.0.1":
            with (self.folder / "data" / "pg_hba.conf").open("a") as file:
                file.write(f"host all all {host}/24 trust\n")
        self.start()

    def start(self) -> None:
        """Start it, or start it again."""
        options = f"-k {self.folder} -c fsync=off -c full_page_writes=off -c max_connections=60 -c listen_addresses="
        options += f"{self._host} -p {self._port}" if self._port else ""
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` is a crash."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def remove(self) -> None:
        """Stop it and leave nothing."""
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def url(self, name: str) -> str:
        """How SQLAlchemy reaches a database."""
        netloc = f"{self._host}:{self._port}" if self._port else ""
        return f"postgresql+psycopg://swordnet@{netloc}/{name}" + ("" if netloc else f"?host={self.folder}")

    def create(self, name: str, template: str = "template1") -> str:
        """A new database, a copy of another; returns its address."""
        import psycopg

        location = {"host": self._host, "port": self._port} if self._port else {"host": str(self.folder)}
        with psycopg.connect(user="swordnet", dbname="postgres", autocommit=True, **location) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.bin / program), *arguments]
        log = self.folder / "commands"
        with log.open("a", encoding="utf-8") as file:
            environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
            result = subprocess.run(
                command, cwd=self.folder, env=environment, stdout=file, stderr=file, check=False, **self._run_as
            )
        if result.returncode:
            raise RuntimeError(f"{program}: {log.read_text(encoding='utf-8')[-2000:]}")


def _user_exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
