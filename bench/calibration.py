"""Measure calibration in ten equal-count bins: identity over the title sets, offence over labelled offers.

    python bench/calibration.py [--plot docs/reliability.svg]

The identity needs ../shared/bench/titles and is measured over every pair that the Assessor reports. The offence is
measured over the check half of fixtures/offers (rows that are the work, unlicensed and decidable), with a bootstrap
interval: on a few hundred rows even a perfect forecaster has an error of about .05, which is printed beside it.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.fit_offence import NOT_THE_WORK  # noqa: E402
from bench.offers import judged  # noqa: E402
from bench.titles import DATA, ROWS_PER_BATCH, rows, work_of  # noqa: E402
from crawler.items import Listing, ListingKind  # noqa: E402
from matchers.assessor import Assessor  # noqa: E402
from matchers.evaluation import Bin, bins, calibration_error  # noqa: E402
from matchers.matcher import Context  # noqa: E402

DRAWS = 1_000
SEED = 20_261_122
type_pairs = Sequence[tuple[float, bool]]


def main() -> None:
    """Print the tables, draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", type=Path, help="draw the reliability plots here, as SVG")
    asked = parser.parse_args()
    shown: dict[str, list[Bin]] = {}
    if (DATA / "sets").is_dir():
        identity = identities()
        shown["identity, 17 title sets"] = bins(identity)
        told("identity", identity)
    else:
        print(f"{DATA} is not there: no figures for the identity")
    for half in ("tune", "check"):
        offence = offences(half)
        told(f"offence, {half} half", offence)
        low, high = interval(offence, DRAWS)
        ideal = sorted(calibration_error(drawn(offence, number)) for number in range(DRAWS))
        print(
            f"  bootstrap .95 interval {low:.3f} to {high:.3f}; a perfect forecaster's median {ideal[DRAWS // 2]:.3f}"
        )
        if half == "check":
            shown["offence, check half"] = bins(offence)
    if asked.plot:
        asked.plot.write_text(plotted(shown), encoding="utf-8")


def identities() -> list[tuple[float, bool]]:
    """(stated identity, whether it is right) for every pair of the title sets."""
    found: list[tuple[float, bool]] = []
    for name in sorted(path.name for path in (DATA / "sets").iterdir()):
        assessor = Assessor([work_of(row) for row in rows(name, "registry")])
        queries = rows(name, "queries")
        listings = [
            Listing(
                platform="bench",
                kind=ListingKind.OFFER,
                url="row:1",
                title=query["text"],
                creators=(query["creator"],) if query.get("creator") else (),
            )
            for query in queries
        ]
        for number, (query, listing) in enumerate(zip(queries, listings, strict=True)):
            if number % ROWS_PER_BATCH == 0:
                assessor.prefetch(listings[number : number + ROWS_PER_BATCH])
            gold = query["gold"] if isinstance(query["gold"], list) else [query["gold"]]
            ignored = query.get("ignore") or ()
            stated = [one for one in assessor.assess(listing, Context()) if one.work_id not in ignored]
            found.extend((one.identity, one.work_id in gold) for one in stated)
    return found


def offences(half: str) -> list[tuple[float, bool]]:
    """(stated offence, whether it infringes) for the rows of a half that can be used."""
    return [
        (row.told.offence, row.row["expected"] == "hit")
        for row in judged(half)
        if row.told and row.row["expected"] in ("hit", "dropped") and row.row["set"] not in NOT_THE_WORK
    ]


def told(name: str, pairs: type_pairs) -> None:
    """Print the table of one forecast."""
    print(f"{name}: {len(pairs)} pairs, calibration error {calibration_error(pairs):.4f}")
    for one in bins(pairs):
        print(f"  {one.low:.3f} to {one.high:.3f}  {one.count:6}  stated {one.stated:.3f}  right {one.right:.3f}")


def interval(pairs: type_pairs, draws: int) -> tuple[float, float]:
    """The .95 interval of the calibration error, by bootstrap with `draws` resamples."""
    source = random.Random(SEED)
    errors = sorted(calibration_error(source.choices(pairs, k=len(pairs))) for _ in range(draws))
    return errors[int(0.025 * draws)], errors[int(0.975 * draws)]


def drawn(pairs: type_pairs, number: int) -> list[tuple[float, bool]]:
    """The same forecasts with simulated outcomes, each true with its stated probability; `number` varies the seed."""
    source = random.Random(SEED + number)
    return [(stated, source.random() < stated) for stated, _ in pairs]


def plotted(shown: dict[str, list[Bin]]) -> str:
    """The plots side by side as SVG: stated probability to the right, share of right pairs upwards, a dot per bin."""
    side, gap = 300, 50
    parts = []
    for number, (name, found) in enumerate(shown.items()):
        left = gap + number * (side + gap)
        parts.append(f'<text x="{left}" y="24">{name}</text>')
        parts.append(f'<rect x="{left}" y="40" width="{side}" height="{side}" fill="none" stroke="#999"/>')
        parts.append(f'<line x1="{left}" y1="{40 + side}" x2="{left + side}" y2="40" stroke="#bbb"/>')
        for tick in (0.0, 0.5, 1.0):
            parts.append(f'<text x="{left + tick * side - 8:.0f}" y="{side + 58}">{tick:.1f}</text>')
            parts.append(f'<text x="{left - 28}" y="{44 + side - tick * side:.0f}">{tick:.1f}</text>')
        for one in found:
            x, y = left + one.stated * side, 40 + side - one.right * side
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#1f6f8b" fill-opacity=".6"/>')
    width = gap + len(shown) * (side + gap)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{side + 80}" font-family="sans-serif"'
    return f'{head} font-size="13"><rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'


if __name__ == "__main__":
    main()
