"""Measure calibration in ten equal-count bins, of identity and offence, over all and by channel.

    python bench/calibration.py [--sets titles tune check others-b real ...] [--plot docs/reliability.svg]

`titles` needs ../shared/bench/titles: the identity of every pair that the Assessor reports. `tune`, `check` and
`others-*` are the sets of fixtures/offers, `real` is the half "fit" of ../shared/bench/offers-real. Their identity is
measured over every pair reported, their offence over pairs that are the work by their label, unlicensed and decidable.

Few pairs show an error whatever the probabilities are worth. So beside each error and its bootstrap interval comes what
perfect calibration of the same probabilities would show by chance: mean and .95 interval over outcomes that are drawn
true with the stated probabilities. Only what exceeds that mean (`above chance`) speaks against the probabilities.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean

from attrs import frozen

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import offers_real  # noqa: E402
from bench.fit_offence import OTHER_WORK_SETS  # noqa: E402
from bench.offers import HALVES, OTHER_SETS, assess_rows  # noqa: E402
from bench.titles import DATA, ROWS_PER_BATCH, rows, work_of  # noqa: E402
from crawler.items import Listing, ListingKind  # noqa: E402
from matchers.assessor import Assessor  # noqa: E402
from matchers.evaluation import Bin, bins, calibration_error  # noqa: E402
from matchers.matcher import Context  # noqa: E402

DRAWS = 1_000  # of a bootstrap and of outcomes by chance
MAX_PAIRS_IN_FULL = 5_000  # larger sets are drawn LARGE_SET_DRAWS times: their intervals are narrow
LARGE_SET_DRAWS = 200
SEED = 20_261_122
TITLE_SETS, REAL_ROWS = "titles", "real"
SETS = (TITLE_SETS, *HALVES, *OTHER_SETS, REAL_ROWS)
DEFAULT_SETS = (TITLE_SETS, *HALVES, REAL_ROWS)
CHANNEL_NAMES = {"offer": "market place", "share": "share", "post": "post", "app": "app"}
Pairs = Sequence[tuple[float, bool]]


@frozen(kw_only=True)
class Forecast:
    """One stated probability, whether it came true, and the channel (kind) of its listing."""

    stated: float
    is_right: bool
    channel: str = ""


@frozen(kw_only=True)
class ChanceError:
    """A calibration error with its bootstrap interval, and what perfect calibration would show by chance."""

    error: float
    interval: tuple[float, float]
    chance: float
    chance_interval: tuple[float, float]


def main() -> None:
    """Print the tables, draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=DEFAULT_SETS, help="measure these only")
    parser.add_argument("--plot", type=Path, help="draw the reliability plots here, as SVG")
    arguments = parser.parse_args()
    bins_by_name: dict[str, list[Bin]] = {}
    for name in arguments.sets:
        folder = {TITLE_SETS: DATA / "sets", REAL_ROWS: offers_real.DATA}.get(name)
        if folder and not folder.is_dir():
            print(f"{folder} is not there: no figures")
            continue
        identity, offence = _forecasts(name)
        print_forecasts(f"identity, {name}", identity)
        if offence:
            print_forecasts(f"offence, {name}", offence)
        if name == TITLE_SETS:
            bins_by_name["identity, 17 title sets"] = bins(pairs_of(identity))
        elif name == "check":
            bins_by_name["offence, check half"] = bins(pairs_of(offence))
    if arguments.plot:
        arguments.plot.write_text(draw_plots(bins_by_name), encoding="utf-8")


def _forecasts(name: str) -> tuple[list[Forecast], list[Forecast]]:
    """Those of the identity and of the offence in a set."""
    if name == TITLE_SETS:
        return list(title_identities()), []
    if name == REAL_ROWS:
        offers = offers_real.assess_half("fit")
        return list(real_identities(offers)), list(real_offences(offers))
    assessed_rows = list(assess_rows(name))
    identity = [
        Forecast(
            stated=assessment.identity,
            is_right=assessment.work_id == row.row["work"] and row.row["set"] not in OTHER_WORK_SETS,
            channel=row.listing.kind.value,
        )
        for row in assessed_rows
        for assessment in row.assessments
    ]
    offence = [
        Forecast(
            stated=row.work_assessment.offence,
            is_right=row.row["expected"] == "hit",
            channel=row.listing.kind.value,
        )
        for row in assessed_rows
        if row.work_assessment and row.row["expected"] in ("hit", "dropped") and row.row["set"] not in OTHER_WORK_SETS
    ]
    return identity, offence


def title_identities() -> Iterator[Forecast]:
    """The stated identity of every pair of the title sets."""
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
            for assessment in assessor.assess(listing, Context()):
                if assessment.work_id not in ignored:
                    yield Forecast(stated=assessment.identity, is_right=assessment.work_id in gold)


def real_identities(offers: Iterable[offers_real.LabelledOffer]) -> Iterator[Forecast]:
    """The stated identity of every pair of labelled real rows; right is what the label names."""
    for offer in offers:
        for assessment in offer.assessments:
            is_right = assessment.work_id in offer.label["work_ids"]
            yield Forecast(stated=assessment.identity, is_right=is_right, channel=offer.channel)


def real_offences(offers: Iterable[offers_real.LabelledOffer]) -> Iterator[Forecast]:
    """The stated offence of pairs that are the work by the label, and that the label calls a hit or none."""
    for offer in offers:
        for assessment in offer.assessments:
            if assessment.work_id in offer.label["work_ids"] and offer.label["decision"] in ("hit", "none"):
                is_right = offer.label["decision"] == "hit"
                yield Forecast(stated=assessment.offence, is_right=is_right, channel=offer.channel)


def pairs_of(forecasts: Iterable[Forecast]) -> list[tuple[float, bool]]:
    """(stated, is right) of each."""
    return [(forecast.stated, forecast.is_right) for forecast in forecasts]


def print_forecasts(name: str, forecasts: Sequence[Forecast]) -> None:
    """Print the error over all with its bins, then the error of each channel, those of several channels only."""
    pairs = pairs_of(forecasts)
    print(f"{name}: {error_text(pairs)}")
    for calibration_bin in bins(pairs):
        bounds = f"{calibration_bin.low:.3f} to {calibration_bin.high:.3f}"
        shares = f"stated {calibration_bin.stated:.3f}  right {calibration_bin.right:.3f}"
        print(f"  {bounds}  {calibration_bin.count:6}  {shares}")
    channels = [channel for channel in CHANNEL_NAMES if any(forecast.channel == channel for forecast in forecasts)]
    for channel in channels:
        of_channel = pairs_of(forecast for forecast in forecasts if forecast.channel == channel)
        print(f"  {CHANNEL_NAMES[channel]}: {error_text(of_channel)}")


def error_text(pairs: Pairs) -> str:
    """The error of these pairs beside that by chance, in one line."""
    figures = error_by_chance(pairs, DRAWS if len(pairs) <= MAX_PAIRS_IN_FULL else LARGE_SET_DRAWS)
    stated, right = (fmean(column) if pairs else 0.0 for column in (zip(*pairs, strict=True) if pairs else ((), ())))
    return (
        f"{len(pairs)} pairs, stated {stated:.3f}, right {right:.3f}, calibration error {figures.error:.4f} "
        f"({_interval_text(figures.interval)}); by chance {figures.chance:.4f} "
        f"({_interval_text(figures.chance_interval)}); above chance {figures.error - figures.chance:+.4f}"
    )


def _interval_text(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.4f} to {interval[1]:.4f}"


def error_by_chance(pairs: Pairs, draws: int) -> ChanceError:
    """The calibration error with the .95 interval of `draws` resamples, beside that of simulated outcomes."""
    source = random.Random(SEED)
    resampled = [calibration_error(source.choices(pairs, k=len(pairs)) if pairs else ()) for _ in range(draws)]
    simulated = [calibration_error(simulate_outcomes(pairs, number)) for number in range(draws)]
    return ChanceError(
        error=calibration_error(pairs),
        interval=_middle_interval(resampled),
        chance=fmean(simulated),
        chance_interval=_middle_interval(simulated),
    )


def _middle_interval(values: Iterable[float]) -> tuple[float, float]:
    """Between which the middle .95 of the values lie."""
    ordered = sorted(values)
    return ordered[int(0.025 * len(ordered))], ordered[int(0.975 * len(ordered))]


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
