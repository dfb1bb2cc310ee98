"""`swordnet calibrate`: weights from judgements."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from crawler.errors import NothingToDo
from desk.cli._options import ConfigFile, Json, Now, Quiet, at_desk, print_json
from desk.cli._people import By, person

if TYPE_CHECKING:
    from desk.calibrating import Calibration

SHOWN = 12  # weights of which the change is told


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
    from pipelines._knowing import context_of
    from pipelines._redeciding import redecide

    desk = at_desk(config, quiet or json, now)
    language = desk.config.language
    with desk.store() as store:
        if revert:
            if not store.trust.calibrations():
                raise NothingToDo(desk.word("calibrate_ships"))
            version = store.trust.apply(None, {}, person(by), desk.now())
            moved = redecide(store, None, context_of(store, desk.now(), language))
            desk.say("calibrate_reverted", number=version, changed=moved)
            return
        found = calibrating.calibrate(store, language, desk.now())
        number = None
        changed = 0
        if apply:
            number = calibrating.apply(store, found, person(by), desk.now())
            changed = redecide(store, None, context_of(store, desk.now(), language))
    if json:
        weights = [{"ground": name, "before": old, "after": new} for name, old, new in found.changes]
        figures = {"before": found.before.plain(), "after": found.after.plain(), "weights": weights}
        print_json({"judgements": found.judgements, **figures, "applied": number, "changed": changed})
        return
    _tell(desk.word, found)
    if number is None:
        desk.say("calibrate_not_applied")
    else:
        desk.say("calibrate_applied", number=number, changed=changed)


def _tell(word: Callable[..., str], found: Calibration) -> None:
    """Figures on judgements that the fit did not see, and the weights that change most."""
    typer.echo(word("calibrate_figures", count=found.before.count, judgements=found.judgements))
    for name in ("log_loss", "calibration", "precision", "recall"):
        old, new = (getattr(each, name) for each in (found.before, found.after))
        typer.echo(f"  {word(f'calibrate_{name}')}: {_number(old)} -> {_number(new)}")
    typer.echo(word("calibrate_weights"))
    for name, old, new in found.changes[:SHOWN]:
        typer.echo(f"  {name}: {old:.2f} -> {new:.2f}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
