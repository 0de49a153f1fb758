"""Brand terms on paths: whose conversions are a brand's, and which of them another keyword began.

As in the keyword report a source is of the brand, or is not, by its keyword; without a keyword it
is neither. A path is what its last non-direct touch is, to which that report's default model gives
the credit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tracker.accounts.sites import Site
from tracker.attribution.journeys import Journey, SourceName
from tracker.reports.names import brand_of, brand_terms, normal_form
from tracker.reports.request import Brand

_DIRECT = "Direct"


class BrandTerms:
    """The sources of a site whose keyword has one of its brand terms, and those whose has none."""

    def __init__(self, site: Site, names: Mapping[int, SourceName]) -> None:
        terms = brand_terms(site)
        self._direct = {key for key, name in names.items() if name.channel == _DIRECT}
        self._brands: dict[int, Brand] = {}
        for key, name in names.items():
            # A row on which a platform puts cost without a keyword has a reason.
            if name.keyword_key and not name.reason:
                self._brands[key] = brand_of(normal_form(name.keyword), terms)
        self._has_terms = bool(terms)

    def sources(self, brand: Brand) -> list[int]:
        """The sources that a filter leaves."""
        return sorted(key for key, one in self._brands.items() if one is brand)

    def keeps(self, source: int, brand: Brand) -> bool:
        """Whether the filter leaves credit of this source."""
        return brand is Brand.ALL or self._brands.get(source) is brand

    def kept(self, journeys: Iterable[Journey], brand: Brand) -> list[Journey]:
        """The journeys whose path the filter leaves."""
        return [
            one
            for one in journeys
            if brand is Brand.ALL
            or (one.path and self.keeps(one.path[self._credited(one.path)], brand))
        ]

    def after_others(self, journeys: Iterable[Journey]) -> int | None:
        """Conversions of the brand with a keyword that is not the brand's earlier in the path; None
        for a site without brand terms."""
        if not self._has_terms:
            return None
        return sum(one.conversions for one in journeys if self._is_after_others(one.path))

    def _is_after_others(self, path: Sequence[int]) -> bool:
        if not path:
            return False
        place = self._credited(path)
        return self._brands.get(path[place]) is Brand.BRAND and any(
            self._brands.get(key) is Brand.NON_BRAND for key in path[:place]
        )

    def _credited(self, path: Sequence[int]) -> int:
        """The place of the last touch that is not direct; of the last if all are."""
        last = len(path) - 1
        return next((at for at in range(last, -1, -1) if path[at] not in self._direct), last)
