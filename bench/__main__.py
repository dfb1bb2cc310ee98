"""Run every benchmark of this folder one after the other (`make bench`); each says so if its data is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SKIPPED = {"__init__", "__main__", "draw_demo"}


def main() -> int:
    """Run them all; exit code 1 if one failed."""
    failed = []
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem in SKIPPED or path.stem.startswith("_"):
            continue
        print(f"== {path.stem}", flush=True)
        if subprocess.run([sys.executable, str(path)], cwd=path.parent.parent, check=False).returncode:
            failed.append(path.stem)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
