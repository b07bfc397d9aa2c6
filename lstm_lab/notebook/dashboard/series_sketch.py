"""The series and its parts before a training, as SVG that takes its colours from the page."""

from __future__ import annotations

import html
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.formatting import moment, number

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.data.windows.cuts import Cuts

__all__ = ["series_sketch"]

WIDTH = 600
"""Units along x; the page stretches them to its width."""
_PARTS = (("train", "--muted", 0.10), ("validation", "--orange", 0.30), ("calibration", "--purple", 0.30))


def series_sketch(series: pd.Series[float], cuts: Cuts) -> str:
    """Draw a series over the parts that it is cut into.

    Parameters
    ----------
    series
        By time, complete.
    cuts
        Where validation and calibration begin.
    """
    values, height = np.asarray(series, dtype=np.float64), 150
    edges = (0, cuts.validation, cuts.calibration, cuts.rows)
    x_edges = [WIDTH * edge / max(cuts.rows, 1) for edge in edges]
    bands = "".join(
        f'<rect x="{left:.1f}" width="{right - left:.1f}" y="0" height="{height}" style="fill:var({colour})"'
        f' fill-opacity="{strength}"/>'
        for (_, colour, strength), left, right in (
            (part, *pair) for part, pair in zip(_PARTS, pairwise(x_edges), strict=True)
        )
    )
    counts = [after - before for before, after in pairwise(edges)]
    legend = "".join(
        f'<span><i style="background:var({colour});opacity:{strength + 0.25}"></i>{name} {count:,} rows</span>'
        for (name, colour, strength), count in zip(_PARTS, counts, strict=True)
    )
    low, high = float(values.min()), float(values.max())
    ends = _ends(moment(series.index[0]), f"from {number(low)} to {number(high)}", moment(series.index[-1]))
    label = f"{series.name} from {moment(series.index[0])} to {moment(series.index[-1])}"
    svg = _svg(bands + _outline(values, height), height, label)
    return f'{svg}{ends}<div class="swatches">{legend}</div>'


def _outline(values: NDArray[np.float64], height: int) -> str:
    """Draw a line; where there are more rows than units along x, the range of the values at each unit."""
    low, high = float(values.min()), float(values.max())
    room = 0.05 * (high - low or 1.0)
    if len(values) <= WIDTH:
        return _line(_points(values, low - room, high + room, height), "--blue", 1.5)
    parts = np.array_split(values, WIDTH)
    tops, bottoms = [part.max() for part in parts], [part.min() for part in parts]
    upper = _points(np.asarray(tops), low - room, high + room, height).split()
    lower = _points(np.asarray(bottoms), low - room, high + room, height).split()
    points = " ".join([*upper, *reversed(lower)])
    return (
        f'<polygon points="{points}" style="fill:var(--blue);stroke:var(--blue)" stroke-width="1"'
        ' vector-effect="non-scaling-stroke"/>'
    )


def _points(values: NDArray[np.float64], low: float, high: float, height: int) -> str:
    x = np.linspace(0, WIDTH, len(values)) if len(values) > 1 else np.array([WIDTH / 2])
    y = height * (1 - (values - low) / (high - low))
    return " ".join(f"{left:.1f},{top:.1f}" for left, top in zip(x, y, strict=True))


def _line(points: str, colour: str, width: float) -> str:
    return (
        f'<polyline points="{points}" fill="none" style="stroke:var({colour})" stroke-width="{width}"'
        ' vector-effect="non-scaling-stroke"/>'
    )


def _svg(inside: str, height: int, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" preserveAspectRatio="none" style="height:{height}px" role="img"'
        f' aria-label="{html.escape(label)}">{inside}</svg>'
    )


def _ends(left: str, middle: str, right: str) -> str:
    return f'<div class="ends">{"".join(f"<span>{html.escape(text)}</span>" for text in (left, middle, right))}</div>'
