"""What was learned of a site that no spider knows: how it is searched, and what stands on all of its pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

from crawler.page.search_forms import SearchForm
from crawler.page.site_frame import SiteFrame

WALK_KEY = "walk"  # value of a request: the page is part of a walk, this many links from its beginning


@frozen(kw_only=True)
class SiteProfile:
    """`form` is None for a site that has no search and is walked; `run` is the run that learned it.

    `has_samples`: pages of listings were compared, so `frame` knows what stands on each of them.
    `listing_shapes` are the kinds of address (crawler.page.result_list) that its searches lead to.
    """

    form: SearchForm | None = None
    frame: SiteFrame = Factory(SiteFrame)
    run: str = ""
    has_samples: bool = False
    listing_shapes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The profile as JSON types."""
        form = self.form.to_json() if self.form else None
        facts = {"run": self.run, "has_samples": self.has_samples, "listing_shapes": list(self.listing_shapes)}
        return {"form": form, "frame": self.frame.to_json(), **facts}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> SiteProfile:
        """The profile that `to_json` made."""
        form = SearchForm(**value["form"]) if value.get("form") else None
        frame, run = SiteFrame.from_json(value["frame"]), str(value.get("run", ""))
        shapes = tuple(map(str, value.get("listing_shapes", ())))
        return cls(form=form, frame=frame, run=run, has_samples=bool(value.get("has_samples")), listing_shapes=shapes)
