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

from bench.fit_offence import OTHER_WORK_SETS  # noqa: E402
from bench.offers import assess_rows  # noqa: E402
from bench.titles import DATA, ROWS_PER_BATCH, rows, work_of  # noqa: E402
from crawler.items import Listing, ListingKind  # noqa: E402
from matchers.assessor import Assessor  # noqa: E402
from matchers.evaluation import Bin, bins, calibration_error  # noqa: E402
from matchers.matcher import Context  # noqa: E402

BOOTSTRAP_DRAWS = 1_000
SEED = 20_261_122
Pairs = Sequence[tuple[float, bool]]


def main() -> None:
    """Print the tables, draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", type=Path, help="draw the reliability plots here, as SVG")
    arguments = parser.parse_args()
    bins_by_name: dict[str, list[Bin]] = {}
    if (DATA / "sets").is_dir():
        identity = identity_pairs()
        bins_by_name["identity, 17 title sets"] = bins(identity)
        print_forecast("identity", identity)
    else:
        print(f"{DATA} is not there: no figures for the identity")
    for half in ("tune", "check"):
        offence = offence_pairs(half)
        print_forecast(f"offence, {half} half", offence)
        low, high = bootstrap_interval(offence, BOOTSTRAP_DRAWS)
        ideal = sorted(calibration_error(simulate_outcomes(offence, number)) for number in range(BOOTSTRAP_DRAWS))
        ideal_median = ideal[BOOTSTRAP_DRAWS // 2]
        print(f"  bootstrap .95 interval {low:.3f} to {high:.3f}; a perfect forecaster's median {ideal_median:.3f}")
        if half == "check":
            bins_by_name["offence, check half"] = bins(offence)
    if arguments.plot:
        arguments.plot.write_text(draw_plots(bins_by_name), encoding="utf-8")


def identity_pairs() -> list[tuple[float, bool]]:
    """(stated identity, whether it is right) for every pair of the title sets."""
    pairs: list[tuple[float, bool]] = []
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
            assessments = [
                assessment for assessment in assessor.assess(listing, Context()) if assessment.work_id not in ignored
            ]
            pairs.extend((assessment.identity, assessment.work_id in gold) for assessment in assessments)
    return pairs


def offence_pairs(half: str) -> list[tuple[float, bool]]:
    """(stated offence, whether it infringes) for the rows of a half that can be used."""
    return [
        (row.work_assessment.offence, row.row["expected"] == "hit")
        for row in assess_rows(half)
        if row.work_assessment and row.row["expected"] in ("hit", "dropped") and row.row["set"] not in OTHER_WORK_SETS
    ]


def print_forecast(name: str, pairs: Pairs) -> None:
    """Print the table of one forecast."""
    print(f"{name}: {len(pairs)} pairs, calibration error {calibration_error(pairs):.4f}")
    for calibration_bin in bins(pairs):
        bounds = f"{calibration_bin.low:.3f} to {calibration_bin.high:.3f}"
        shares = f"stated {calibration_bin.stated:.3f}  right {calibration_bin.right:.3f}"
        print(f"  {bounds}  {calibration_bin.count:6}  {shares}")


def bootstrap_interval(pairs: Pairs, draws: int) -> tuple[float, float]:
    """The .95 interval of the calibration error, by bootstrap with `draws` resamples."""
    source = random.Random(SEED)
    errors = sorted(calibration_error(source.choices(pairs, k=len(pairs))) for _ in range(draws))
    return errors[int(0.025 * draws)], errors[int(0.975 * draws)]


def simulate_outcomes(pairs: Pairs, number: int) -> list[tuple[float, bool]]:
    """The same forecasts with simulated outcomes, each true with its stated probability; `number` varies the seed."""
    source = random.Random(SEED + number)
    return [(stated, source.random() < stated) for stated, _ in pairs]


def draw_plots(bins_by_name: dict[str, list[Bin]]) -> str:
    """The plots side by side as SVG: stated probability to the right, share of right pairs upwards, a dot per bin."""
    side, gap = 300, 50
    parts = []
    for number, (name, plot_bins) in enumerate(bins_by_name.items()):
        left = gap + number * (side + gap)
        parts.append(f'<text x="{left}" y="24">{name}</text>')
        parts.append(f'<rect x="{left}" y="40" width="{side}" height="{side}" fill="none" stroke="#999"/>')
        parts.append(f'<line x1="{left}" y1="{40 + side}" x2="{left + side}" y2="40" stroke="#bbb"/>')
        for tick in (0.0, 0.5, 1.0):
            parts.append(f'<text x="{left + tick * side - 8:.0f}" y="{side + 58}">{tick:.1f}</text>')
            parts.append(f'<text x="{left - 28}" y="{44 + side - tick * side:.0f}">{tick:.1f}</text>')
        for calibration_bin in plot_bins:
            x, y = left + calibration_bin.stated * side, 40 + side - calibration_bin.right * side
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#1f6f8b" fill-opacity=".6"/>')
    width = gap + len(bins_by_name) * (side + gap)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{side + 80}" font-family="sans-serif"'
    return f'{head} font-size="13"><rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'


if __name__ == "__main__":
    main()
