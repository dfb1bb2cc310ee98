"""Variants of archives, lists, pages and pictures, read and compared with the undamaged reading: is a loss silent?

    python -m bench.variants [--seed 1] [--count 300] [--only GROUP] [--number N] [--keep FOLDER]

A variant is another order, encoding or spelling of an invented input, or damage at a random place of it. What the
undamaged reading gives (pages with their bodies, works with all fields, title, price, currency and links of a listing,
a picture whose hash the matcher accepts) must be in the variant's reading, or its loss must be reported: an entry left
out with its place, a problem with its line, the outcome "partial", or one sentence that refuses the file. A loss
without a word is `lost in silence`, another value without a word is `wrong`. Where bytes change in plain text that no
checksum covers, a changed value cannot be seen; that is counted apart. So it is with the pixels of every picture but a
PNG, whose formats have no checksums; of a JPEG, bytes may even be missing: its scans state no length, and libjpeg's
warnings do not come through Pillow. Of an archive, a record is told too if its place is, though its address is garbled.

Prints a line per failing variant (repeat it with --seed, --only and --number) and a table; exit code 1 if a loss was
silent or a value wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._variant_archives import archive_groups
from bench._variant_lists import list_groups
from bench._variant_pages import page_groups
from bench._variants import Group, Variant, Verdict, judge


def groups(only: str = "") -> list[Group]:
    """The groups of variants, or the one of this name."""
    every = [*archive_groups(), *list_groups(), *page_groups()]
    return [group for group in every if only in ("", group.name)]


def run_variant(group: Group, variant: Variant, folder: Path) -> tuple[Verdict, str]:
    """Read a variant in a folder; what became of it, and a note."""
    try:
        return judge(variant, group.read(variant, folder))
    except Exception as error:  # noqa: BLE001 - an exception that is none of ours is the result
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Verdict.WRONG, f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"


def run(
    chosen: Sequence[Group], seed: int, count: int, number: int | None = None, keep: Path | None = None
) -> dict[str, Counter[Verdict]]:
    """Read `count` variants, shared among the groups, and print those that fail; the verdicts by group."""
    verdicts: dict[str, Counter[Verdict]] = {group.name: Counter() for group in chosen}
    for index in range(count) if number is None else [number * len(chosen)]:
        group = chosen[index % len(chosen)]
        variant = group.variant(seed, index // len(chosen))
        with tempfile.TemporaryDirectory() as scratch:
            folder = keep / f"{group.name}-{seed}-{index // len(chosen)}" if keep else Path(scratch)
            folder.mkdir(parents=True, exist_ok=True)
            verdict, note = run_variant(group, variant, folder)
        verdicts[group.name][verdict] += 1
        if verdict.is_failure or number is not None:
            command = f"--seed {seed} --only {group.name} --number {index // len(chosen)}"
            print(f"{verdict.value:16} {command}  {variant.kind}: {note}")
    return verdicts


def print_table(verdicts: dict[str, Counter[Verdict]]) -> None:
    """Print the verdicts by group; a refusal is one way of reporting a loss."""
    print("| group | variants |", " | ".join(verdict.value for verdict in Verdict), "|")
    print("| --- |", " | ".join("---:" for _ in range(len(Verdict) + 1)), "|")
    total: Counter[Verdict] = sum(verdicts.values(), Counter())
    for name, counts in [*verdicts.items(), ("all", total)]:
        shown = {
            **{verdict: counts[verdict] for verdict in Verdict},
            Verdict.REPORTED: counts[Verdict.REPORTED] + counts[Verdict.REFUSED],
        }
        print(f"| {name} | {counts.total()} |", " | ".join(str(shown[verdict]) for verdict in Verdict), "|")


def main() -> int:
    """Run the variants; 0 if no loss was silent and no value wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--only", default="", metavar="GROUP")
    parser.add_argument("--number", type=int, help="only the variant of this number of its group, with --only")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the files there")
    options = parser.parse_args()
    chosen = groups(options.only)
    if not chosen:
        print(f"no group {options.only!r}, or nothing here reads it")
        return 1
    verdicts = run(chosen, options.seed, options.count, options.number, options.keep)
    print_table(verdicts)
    return int(any(verdict.is_failure for counts in verdicts.values() for verdict in counts))


if __name__ == "__main__":
    sys.exit(main())
