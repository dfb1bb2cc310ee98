"""Run the benchmarks of this folder that need no arguments one after the other (`make bench`)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NEEDS_ARGUMENTS = {
    "fit_frequencies", "fit_titles", "million", "pictures", "pictures_many", "pictures_peers", "pictures_search",
    "pictures_stream", "pictures_text", "titles_speed",
}  # fmt: skip
NO_BENCHMARKS = {
    "__init__", "__main__", "demo_covers", "demo_pages", "demo_story", "draw_chain", "draw_demo", "fit_offence",
    "image_attacks", "title_pairs",
}  # fmt: skip
SKIPPED_MODULES = NEEDS_ARGUMENTS | NO_BENCHMARKS


def main() -> int:
    """Run them all; exit code 1 if one failed."""
    failed_modules = []
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem in SKIPPED_MODULES or path.stem.startswith("_"):
            continue
        print(f"== {path.stem}", flush=True)
        if subprocess.run([sys.executable, str(path)], cwd=path.parent.parent, check=False).returncode:
            failed_modules.append(path.stem)
    if failed_modules:
        print(f"failed: {', '.join(failed_modules)}")
    return bool(failed_modules)


if __name__ == "__main__":
    sys.exit(main())
