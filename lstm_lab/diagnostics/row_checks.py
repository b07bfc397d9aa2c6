"""Checks of rows and times: how many there are, gaps, uneven steps, missing values, doubtful dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.data.dates.time_index import DAY, uneven_steps, usual_step
from lstm_lab.data.windows.split import Split
from lstm_lab.diagnostics.input_analysis import Finding, rows_text
from lstm_lab.errors import DataError
from lstm_lab.formatting import moment, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lstm_lab.diagnostics.input_analysis import InputAnalysis


__all__ = [
    "doubtful_dates",
    "few_windows",
    "gaps_in_time",
    "irregular_steps",
    "lost_rows",
    "missing_values",
    "texts_read",
]

FEW = 300
"""Training windows below which a network has little to learn from."""
LOST = 0.1
"""Share of the training rows that a warmup may cost."""
LOST_AGAIN = 0.01
"""The same where gaps make it begin anew, which max_gap could spare."""
UNEVEN = 0.05
"""Share of uneven steps above which the times as a whole are uneven."""


def few_windows(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find too few windows, or none."""
    split = inputs.split
    if isinstance(split, DataError):
        yield Finding("windows", f"there is nothing to train on or to hold out: {split}")
    elif len(split.train) < FEW:
        yield Finding(
            "windows",
            f"a network learns little from only {len(split.train)} training windows; use more rows, a shorter "
            "lookback, or a small network",
        )


def gaps_in_time(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find gaps, and the windows they cost."""
    segments, split = inputs.ready.dataset.segments, inputs.split
    gaps = int(segments[-1])
    if gaps == 0:
        return
    first = int(np.flatnonzero(np.diff(segments))[0])
    index = inputs.ready.dataset.frame.index
    cost = ""
    if isinstance(split, Split):
        whole = len(segments) - inputs.ready.dataset.encoder.warmup - inputs.options.lookback
        lost = whole - len(split.train) - len(split.validation) - len(split.calibration)
        cost = f" and cost {lost:,} of {whole:,} windows"
    plural = "gaps cut" if gaps > 1 else "gap cuts"
    yield Finding(
        "gaps",
        f"{gaps} {plural} the series into {gaps + 1} stretches{cost if gaps > 1 else cost.replace('cost', 'costs')} "
        f"(the first from {moment(index[first])} to {moment(index[first + 1])}); raise max_gap if such a step is none",
    )


def irregular_steps(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find steps that are not the usual one, and are no gap."""
    index = inputs.training.index
    steps = uneven_steps(index) & (np.diff(inputs.ready.dataset.segments[: len(index)]) == 0)
    count = int(steps.sum())
    if count == 0:
        return
    other = "is" if count == 1 else "are"
    text = f"{count:,} of {len(steps):,} steps {other} not the usual {_step(index)}, but too short for a gap"
    if count > UNEVEN * len(steps):
        yield Finding("steps", f"{text}; the network takes every step for the same: resample the series")
        return
    first = moment(index[int(np.flatnonzero(steps)[0])])
    yield Finding(
        "steps", f"{text} (the first after {first}); add the missing rows, or lower max_gap to end windows there"
    )


def _step(index: pd.Index) -> str:
    """Write the median step of an index."""
    if not isinstance(index, pd.DatetimeIndex):
        return number(float(np.median(np.diff(index.to_numpy()))))
    seconds = usual_step(index)
    for size, unit in ((DAY, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{number(seconds / size)} {unit}"
    return f"{number(seconds)} s"


def lost_rows(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find rows that are lost until the slowest input has a value."""
    encoder, cut = inputs.ready.dataset.encoder, inputs.ready.dataset.cuts[0].validation
    warmup = encoder.warmup
    gaps = int(inputs.ready.dataset.segments[cut - 1])
    share = 1 - inputs.measures.rows / cut
    if share <= (LOST_AGAIN if gaps else LOST):
        return
    slowest = max(encoder.features, key=lambda feature: feature.warmup, default=None)
    by_feature = slowest is not None and slowest.warmup > encoder.transform.warmup
    name = slowest.label if slowest is not None and by_feature else encoder.transform.label
    after = "at the start and after each gap" if gaps else "at the start"
    yield Finding(
        "warmup",
        f"`{name}` loses {warmup} rows {after}, {rows_text(share)} in all; one that looks back less far loses fewer",
        slowest.columns[0] if slowest is not None and by_feature else None,
    )


def missing_values(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find values that were missing."""
    notes = inputs.ready.dataset.frame.attrs.get("lstm_lab", {})
    rows = f"{len(inputs.ready.dataset.frame):,} rows"
    filled, dropped = int(notes.get("filled_values", 0)), int(notes.get("dropped_rows", 0))
    if filled > 0:
        text = f"{filled:,} missing values were filled in, among {rows}; look whether long runs of them are as you wish"
        yield Finding("missing", text)
    if dropped > 0:
        yield Finding("missing", f"{dropped:,} rows were dropped and {rows} are left; to the network they never were")


def doubtful_dates(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find rows that are only counted although a column looks like dates, and dates that have two readings."""
    notes = inputs.ready.dataset.frame.attrs.get("lstm_lab", {})
    if notes.get("counted"):
        yield Finding("counted", str(notes["counted"]))
    dates = notes.get("dates", {})
    if dates.get("note"):
        yield Finding(
            "dates", f"`{dates['column']}` is read {dates['note']}; set dayfirst or date_format if it is not so"
        )


def texts_read(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find text that was read as numbers, and lines that were left out."""
    for note in inputs.ready.dataset.frame.attrs.get("lstm_lab", {}).get("notes", ()):
        yield Finding("read", f"{note}; see decimal, na_values and header in lab.load if that is not what it means")
