"""What was learned of a site that no spider knows: how it is searched, and what stands on all of its pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

from crawler.page.search_forms import SearchForm
from crawler.page.site_frame import SiteFrame

WALK_KEY = "site_walk"  # value of a request: the page is part of a walk, this many links from its beginning


@frozen(kw_only=True)
class SiteProfile:
    """`form` is None for a site that has no search and is walked; `run` is the run that learned it.

    `has_samples`: pages of listings were compared, so `frame` knows what stands on each of them. `listing_shapes` are
    the kinds of address (crawler.page.result_list) that its searches lead to, `sample_shapes` those of the pages that
    were compared. `home_links` are the addresses that the home page of that run leads to, where a walk begins.
    """

    form: SearchForm | None = None
    frame: SiteFrame = Factory(SiteFrame)
    run: str = ""
    has_samples: bool = False
    listing_shapes: tuple[str, ...] = ()
    sample_shapes: tuple[str, ...] = ()
    home_links: tuple[str, ...] = ()

    @property
    def known_shapes(self) -> tuple[str, ...]:
        """The kinds of address of listings, as searches showed them, else as the compared pages have them."""
        return self.listing_shapes or self.sample_shapes

    def to_json(self) -> dict[str, Any]:
        """The profile as JSON types."""
        return {
            "form": self.form.to_json() if self.form else None,
            "frame": self.frame.to_json(),
            "run": self.run,
            "has_samples": self.has_samples,
            "listing_shapes": list(self.listing_shapes),
            "sample_shapes": list(self.sample_shapes),
            "home_links": list(self.home_links),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> SiteProfile:
        """The profile that `to_json` made. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            form=SearchForm(**value["form"]) if value["form"] else None,
            frame=SiteFrame.from_json(value["frame"]),
            run=str(value["run"]),
            has_samples=bool(value["has_samples"]),
            listing_shapes=tuple(map(str, value["listing_shapes"])),
            sample_shapes=tuple(map(str, value["sample_shapes"])),
            home_links=tuple(map(str, value["home_links"])),
        )
