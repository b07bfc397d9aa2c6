"""Texts parsed in every order of year, month and day that fits all of them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dates.calendar_fields import full_years, latest_year, times_of
from lstm_lab.data.dates.layouts import Fields, fields_of, group_layouts, orders_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["DAY_FIRST", "SAMPLE", "Candidate", "candidates"]

SAMPLE = 400
"""Rows that are looked at before the whole column is."""
PLAUSIBLE = (1600, 2400)
"""Years of dates that are written without separators."""
SECOND_CHOICE = ("ydm", "compact dmy", "compact mdy", "compact ymd")
"""Orders that count only where no other fits."""
DAY_FIRST = {"dmy": True, "compact dmy": True, "mdy": False, "compact mdy": False}


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One order of year, month and day that fits every row."""

    order: str
    times: pd.DatetimeIndex
    fields: Fields
    """Of the first row."""


def candidates(texts: NDArray[np.object_]) -> list[Candidate]:
    """Parse texts in every order of fields that fits all of them."""
    grouped = group_layouts(texts)
    if grouped is None:
        return []
    layouts, layout_of_row, codes = grouped
    per_layout = [orders_of(layout) for layout in layouts]
    shared = [order for order in per_layout[0] if all(order in orders for orders in per_layout)]
    fitting: list[Candidate] = []
    for order in shared:
        if order in SECOND_CHOICE and any(candidate.order not in SECOND_CHOICE for candidate in fitting):
            break
        fields = [orders[order] for orders in per_layout]
        alike = len({(layout.shape, layout.zoned) for layout in fields}) == 1
        times = _in_century(fields, layout_of_row, codes) if alike else None
        if times is not None and not any(times.equals(other.times) for other in fitting):
            fitting.append(Candidate(order, times, fields[0]))
    return fitting


def _in_century(fields: list[Fields], layout_of_row: NDArray[np.int64], codes: NDArray[Any]) -> pd.DatetimeIndex | None:
    """Parse texts in one order; years of two digits far ahead are taken as past, unless rows only rise otherwise."""
    times = _parsed(fields, layout_of_row, codes)
    latest = latest_year()
    if times is None or "y2" not in fields[0].shape or int(times.year.max()) <= latest:
        return times
    past = _parsed(fields, layout_of_row, codes, latest)
    return past if past is None or past.is_monotonic_increasing or not times.is_monotonic_increasing else times


def _parsed(
    fields: list[Fields], layout_of_row: NDArray[np.int64], codes: NDArray[Any], latest: int | None = None
) -> pd.DatetimeIndex | None:
    """Parse texts in one order of year, month and day; None where some row is then no date."""
    parts: list[NDArray[np.datetime64]] = []
    offsets = np.zeros(len(layout_of_row), dtype=np.int64)
    for layout_number, layout in enumerate(fields):
        rows = slice(None) if len(fields) == 1 else layout_of_row == layout_number
        values = fields_of(codes[:, rows], layout.spans)
        start, end = layout.spans["y"]
        if end - start == 2:
            values["y"] = full_years(values["y"], latest)
        elif re.fullmatch(r"[a-zA-Z0-9]+", layout.shape) and not _is_plausible(values["y"]):
            return None
        if layout.month is not None:
            values["m"] = np.full(len(values["y"]), layout.month)
        if layout.zoned:
            zone = layout.sign * (60 * values.pop("zh", np.zeros(1, dtype=np.int64)) + values.pop("zm", 0))
            if np.abs(zone).max() >= 24 * 60:
                return None
            values["zone"] = np.broadcast_to(zone, values["y"].shape)
            offsets[rows] = values["zone"]
        times = times_of(values, afternoon=layout.afternoon)
        if np.isnat(times).any():
            return None
        parts.append(times)
    unit = "us" if all(part.dtype == "M8[us]" for part in parts) else "ns"
    out = np.empty(len(layout_of_row), dtype=f"M8[{unit}]")
    for layout_number, part in enumerate(parts):
        out[slice(None) if len(fields) == 1 else layout_of_row == layout_number] = part
    index = pd.DatetimeIndex(out)
    if not fields[0].zoned:
        return index
    index = index.tz_localize("UTC")
    fixed = int(offsets[0])
    same = fixed != 0 and bool((offsets == fixed).all())
    return index.tz_convert(dt.timezone(dt.timedelta(minutes=fixed))) if same else index


def _is_plausible(years: NDArray[np.int64]) -> bool:
    return bool(((years >= PLAUSIBLE[0]) & (years <= PLAUSIBLE[1])).all())
