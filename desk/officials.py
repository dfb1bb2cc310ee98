"""Own shops and official stores: read from what a person types, and what they change of stored hits."""

from __future__ import annotations

from datetime import datetime

from crawler.errors import BadInput, Problem
from crawler.items import Licence
from crawler.messages import render_message
from crawler.store import Store
from pipelines._knowing import build_context
from pipelines._redeciding import redecide_hits
from registry.fields import FieldError, parse_day, parse_text


def licence_from_options(language: str, **options: str | None) -> Licence:
    """The licence that options state; at least a platform or a seller. Raises BadInput."""
    if not options.get("platform") and not options.get("seller"):
        raise BadInput(Problem(file="works official", message=render_message("desk", "official_what", language)))
    try:
        names = {name: parse_text(options.get(name)) for name in ("platform", "seller")}
        return Licence(**names, since=parse_day(options.get("since")), until=parse_day(options.get("until")))
    except FieldError as error:
        message = render_message("registry", error.key, language, **error.values)
        raise BadInput(Problem(file="works official", message=message)) from None


def redecide_owner(store: Store, owner: str, at: datetime, language: str) -> int:
    """Decide the stored hits of an owner's works again; returns how many became something else."""
    works = [
        work.id for work in store.works.all_works() if owner in (work.owner, None if work.owner else work.publisher)
    ]
    return redecide_hits(store, works, build_context(store, at, language))
