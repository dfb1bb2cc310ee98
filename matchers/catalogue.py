"""The catalogue of matchers, found by their files: the grounds they declare and the indexes they keep.

A file in matchers/identity (stages identity and boost) or matchers/offence that defines one class `Matcher` is a
matcher; files beginning with _ are helpers.
"""

from __future__ import annotations

import hashlib
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from crawler.errors import BadInput, Problem
from crawler.items import Polarity, Work
from matchers.matcher import Ground, Matcher, Stage
from matchers.weights import Weights

_FOLDERS = {Stage.IDENTITY: "identity", Stage.BOOST: "identity", Stage.OFFENCE: "offence"}
_INDEX_ORIGINS = ("opened", "extended", "built")  # the fastest first


def matcher_modules(folder: str) -> list[ModuleType]:
    """The modules of the matchers in a folder (identity or offence), in the order of their names."""
    package = import_module(f"matchers.{folder}")
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_"))
    return [import_module(f"matchers.{folder}.{name}") for name in names]


@cache
def matcher_classes(stage: Stage) -> tuple[type[Matcher], ...]:
    """The matchers of a stage, in the order of their files. Raises ValueError if a file has no valid matcher."""
    classes = [_matcher_class(module) for module in matcher_modules(_FOLDERS[stage])]
    return tuple(matcher for matcher in classes if matcher.stage is stage)


def _matcher_class(module: ModuleType) -> type[Matcher]:
    """The one matcher of a module. Raises ValueError if it is missing, misplaced or has grounds without weights."""
    matcher: type[Matcher] | None = getattr(module, "Matcher", None)
    file = module.__name__.replace(".", "/") + ".py"
    if matcher is None or matcher.__module__ != module.__name__:
        raise ValueError(f"{file} must define one class Matcher")
    folder = module.__name__.split(".")[-2]
    if _FOLDERS[matcher.stage] != folder:
        raise ValueError(f"{file}: stage {matcher.stage.value} belongs to matchers/{_FOLDERS[matcher.stage]}")
    for ground in matcher.grounds:
        if (ground.weight is None) != (matcher.stage is not Stage.OFFENCE):
            raise ValueError(f"{file}: grounds of offences have a weight, others None: {ground.key}")
    return matcher


def declared_grounds(stages: Iterable[Stage] = tuple(Stage)) -> dict[str, Ground]:
    """All grounds of these stages by their keys. Raises ValueError if two matchers declare one key differently."""
    grounds: dict[str, Ground] = {}
    for stage in stages:
        for matcher in matcher_classes(stage):
            for ground in matcher.grounds:
                if grounds.setdefault(ground.key, ground) != ground:
                    raise ValueError(f"{matcher.__module__}: another matcher declares {ground.key} differently")
    return grounds


@cache
def declared_keys(stage: Stage) -> frozenset[tuple[str, str]]:
    """(name of a matcher, key of a ground) of all findings that may be yielded at this stage.

    Matchers of stage boost may also yield what matchers of stage identity found or would have found.
    """
    stages = (Stage.IDENTITY, Stage.BOOST) if stage is Stage.BOOST else (stage,)
    return frozenset(
        (matcher.name, ground.key)
        for declaring_stage in stages
        for matcher in matcher_classes(declaring_stage)
        for ground in matcher.grounds
    )


@cache
def declared_weights() -> Mapping[str, float]:
    """The declared weights of offence grounds, which apply where a set of weights has no other."""
    return {
        key: ground.weight for key, ground in declared_grounds([Stage.OFFENCE]).items() if ground.weight is not None
    }


def check_weights(weights: Weights, file: str) -> None:
    """Raise BadInput with every weight whose ground no matcher declares, or whose sign contradicts its polarity.

    For weights.toml. A set stored by `calibrate --apply` may be older than the matchers and is not checked.
    """
    grounds = declared_grounds([Stage.OFFENCE])
    problems = [f"{key}: no matcher declares this ground" for key in weights.grounds if key not in grounds]
    problems += [
        f"{key}: a weight of {weight} for a ground {grounds[key].polarity.value} an offence"
        for key, weight in weights.grounds.items()
        if key in grounds and weight and (weight < 0) != (grounds[key].polarity is Polarity.AGAINST)
    ]
    if problems:
        raise BadInput([Problem(file=file, message=problem) for problem in problems])


def open_indexes(works: Sequence[Work], folder: Path) -> str:
    """Open, extend or build every matcher's index in this folder, before an Assessor is built over the same sequence of
    works. Returns the slowest of what was done: "opened", "extended" or "built".
    """
    origins = [matcher.open_index(works, folder) for matcher in matcher_classes(Stage.IDENTITY)]
    return max(filter(None, origins), key=_INDEX_ORIGINS.index, default=_INDEX_ORIGINS[0])


def index_digest(works: Sequence[Work]) -> str:
    """A digest of the contents of all matchers' indexes of these works."""
    digests = [digest for matcher in matcher_classes(Stage.IDENTITY) if (digest := matcher.index_digest(works))]
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()[:32]
