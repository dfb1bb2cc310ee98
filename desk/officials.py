"""Own shops and official stores: read from what a person types, and what they change of stored hits."""

from __future__ import annotations

from datetime import datetime

from crawler.errors import BadInput, Problem
from crawler.items import Licence
from crawler.messages import say
from crawler.store import Store
from pipelines._knowing import context_of
from pipelines._redeciding import redecide
from registry.fields import FieldError, day, text


def licence_of(language: str, **stated: str | None) -> Licence:
    """The licence that options state; at least a platform or a seller. Raises BadInput."""
    if not stated.get("platform") and not stated.get("seller"):
        raise BadInput(Problem(file="works official", message=say("desk", "official_what", language)))
    try:
        names = {name: text(stated.get(name)) for name in ("platform", "seller")}
        return Licence(**names, since=day(stated.get("since")), until=day(stated.get("until")))
    except FieldError as error:
        message = say("registry", error.key, language, **error.values)
        raise BadInput(Problem(file="works official", message=message)) from None


def changed_by(store: Store, owner: str, at: datetime, language: str) -> int:
    """Decide the stored hits of an owner's works again; returns how many became something else."""
    works = [work.id for work in store.works.all() if owner in (work.owner, None if work.owner else work.publisher)]
    return redecide(store, works, context_of(store, at, language))
