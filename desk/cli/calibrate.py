"""`swordnet calibrate`: fits weights to judgements."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from crawler.errors import NothingToDo
from desk.cli._options import By, ConfigFile, Json, Now, Quiet, acting_user, command_context, print_json

if TYPE_CHECKING:
    from desk.calibrating import Calibration

SHOWN_CHANGES = 12  # weights whose change is printed


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet calibrate --apply")(calibrate)


def calibrate(
    apply: Annotated[bool, typer.Option("--apply", help="Use the new weights from now on.")] = False,
    revert: Annotated[bool, typer.Option("--revert", help="Go back to the weights that ship.")] = False,
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Refit the weights of grounds to what people judged; shows before and after, and changes nothing by itself."""
    from desk import calibrating
    from screening.match_context import build_context
    from screening.redecide_hits import redecide_hits

    ctx = command_context(config, quiet or json, now)
    language = ctx.config.language
    with ctx.store() as store:
        if revert:
            if not store.reviews.all_calibrations():
                raise NothingToDo(ctx.message("calibrate_ships"))
            version = store.reviews.apply_calibration(None, {}, acting_user(by), ctx.now())
            changed_hits = redecide_hits(store, None, build_context(store, ctx.now()))
            ctx.say("calibrate_reverted", number=version, changed=changed_hits)
            if json:
                print_json({"reverted": version, "changed": changed_hits})
            return
        calibration = calibrating.calibrate(store, language, ctx.now())
        number = None
        changed = 0
        if apply:
            number = calibrating.apply_calibration(store, calibration, acting_user(by), ctx.now())
            changed = redecide_hits(store, None, build_context(store, ctx.now()))
    if json:
        weights = [{"ground": name, "before": old, "after": new} for name, old, new in calibration.changes]
        figures = {"before": calibration.before.to_dict(), "after": calibration.after.to_dict(), "weights": weights}
        print_json({"judgements": calibration.judgements, **figures, "applied": number, "changed": changed})
        return
    _print_calibration(ctx.message, calibration)
    if number is None:
        ctx.say("calibrate_not_applied")
    else:
        ctx.say("calibrate_applied", number=number, changed=changed)


def _print_calibration(message: Callable[..., str], calibration: Calibration) -> None:
    """Print the evaluation on held-out judgements, and the weights that change most."""
    typer.echo(message("calibrate_figures", count=calibration.before.count, judgements=calibration.judgements))
    for name in ("log_loss", "calibration", "precision", "recall"):
        old, new = (getattr(evaluation, name) for evaluation in (calibration.before, calibration.after))
        typer.echo(f"  {message(f'calibrate_{name}')}: {_format_number(old)} -> {_format_number(new)}")
    typer.echo(message("calibrate_weights"))
    for name, old, new in calibration.changes[:SHOWN_CHANGES]:
        typer.echo(f"  {name}: {old:.2f} -> {new:.2f}")


def _format_number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
