"""A listing's values pass few files from page bytes to CSV cell, and docs/architecture.md names each of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import ROOT

MAX_FILES = 26


@pytest.mark.slow
def test_a_listing_passes_few_files_and_the_docs_name_them() -> None:
    command = [sys.executable, "-m", "bench.listing_trace"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    files = [line for line in printed if line.endswith(".py")]
    assert 15 < len(files) <= MAX_FILES
    walk = (
        (ROOT / "docs" / "architecture.md")
        .read_text(encoding="utf-8")
        .partition("## The walk")[2]
        .partition("\n## ")[0]
    )
    assert [name for name in files if name not in walk and f"`{name.rpartition('/')[2]}`" not in walk] == []
