"""What the charts' script draws: cost, revenue and conversions of every day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

#: Series of a chart, by the names that its script knows.
CHARTED = ("cost", "revenue", "conversions")
#: From this factor between their greatest days the smaller line would say nothing on the scale of
#: the other: its highest point were under an eighth of the height.
_APART = 8


@dataclass(frozen=True)
class TrendChart:
    """A chart's ``data`` as JSON; ``is_apart`` where cost and revenue have a panel each."""

    data: str
    is_apart: bool


def trend_chart(
    *,
    locale: str,
    days: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    labels: Mapping[str, str],
) -> TrendChart:
    """The chart of the ``CHARTED`` series, with a value or nothing for each of the ``days``;
    ``labels`` are those of the series and of ``day``."""
    is_apart = _is_apart(series["cost"], series["revenue"])
    data = {"locale": locale, "apart": is_apart, "days": days, **series, "labels": labels}
    return TrendChart(msgspec.json.encode(data).decode(), is_apart)


def _is_apart(cost: Sequence[float | None], revenue: Sequence[float | None]) -> bool:
    low, high = sorted(
        max((abs(one or 0) for one in values), default=0) for values in (cost, revenue)
    )
    return 0 < low * _APART < high
