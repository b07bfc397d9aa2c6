"""Checks of the transform: whether it suits the target, and what it removes or allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.data.dates.time_index import DAY, usual_step
from lstm_lab.data.encoding.auto import AUTO
from lstm_lab.diagnostics.input_analysis import Finding, rows_text
from lstm_lab.forecasting.floor import stay_positive
from lstm_lab.formatting import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lstm_lab.diagnostics.input_analysis import InputAnalysis


__all__ = ["below_zero", "removed_season", "worse_transform"]

BELOW = 0.05
"""Share of the rows after which a fall as large as one row in twenty shows would end below zero, from which it is
reported of a series that never was below zero."""
WORSE = 1.5
"""How many times the best naive error that of the transform asked for may be."""
_CYCLES = {"hour": 1.0, "dayofweek": 7.0, "month": 365.25, "dayofyear": 365.25}
"""Days in the cycle of each calendar pair."""


def worse_transform(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find a transform that was asked for and starts far behind."""
    learnt = inputs.ready.dataset.encoder.transform.label
    errors = {each.label: each.error for each in inputs.candidates if np.isfinite(each.error)}
    best = min(errors, key=lambda label: errors[label], default="")
    if inputs.options.transform != AUTO and errors.get(learnt, 0.0) > WORSE * errors.get(best, np.inf):
        yield Finding(
            "transform",
            f"the naive forecast that {learnt} starts from is off by {number(errors[learnt])}, that of {best} by "
            f"{number(errors[best])}; let auto choose transform and features, or ask for {best}",
        )


def removed_season(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find calendar pairs that the transform has taken out of the target, as far as can be measured."""
    encoder, measures = inputs.ready.dataset.encoder, inputs.measures
    index = inputs.training.index
    asked = {text.strip() for text in inputs.options.features}
    if encoder.transform.season is None or not isinstance(index, pd.DatetimeIndex):
        return
    days = encoder.transform.memory * usual_step(index) / DAY
    for feature, columns in encoder.column_slices():
        cycles = days / _CYCLES.get(feature.label, np.inf)
        correlations = np.abs([measures.ahead[columns, 0], measures.size_ahead[columns, 0]])
        largest = float(np.nan_to_num(correlations).max())
        if (
            feature.label in asked
            and cycles > 0.5
            and abs(cycles - round(cycles)) < 0.02
            and largest <= measures.chance
        ):
            problem = f"`{feature.label}` repeats the season that {encoder.transform.label} removes"
            text = f"{problem}: what it tells of the next value ({largest:.3f} at most) may be chance; leave it out"
            yield Finding("season", text, feature.columns[0])


def below_zero(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find a target that was never below zero, of which a band would be.

    The 5th percentile of the changes that are learnt, or of those from row to row, is about the lower edge of a 90 %
    band one step ahead of each row; further ahead it lies deeper.
    """
    dataset = inputs.ready.dataset
    transform, y = dataset.encoder.transform, inputs.training.to_numpy(dtype=np.float64)
    lowest = float(dataset.target.min())
    lag = max(1, transform.memory)
    if transform.positive or lowest < 0 or len(y) <= lag:
        return
    unbroken = dataset.segments[lag : len(y)] == dataset.segments[: len(y) - lag]
    before = y[:-lag][unbroken]
    fall = -float(np.quantile(y[lag:][unbroken] - before, 0.05)) if len(before) else 0.0
    share = float(np.mean(before < fall)) if fall > 0 else 0.0
    if share < BELOW:
        return
    positive = stay_positive(transform.label) if lowest > 0 else None
    remedy = "forecast with floor=0" if positive is None else f"learn transform={positive}, or forecast with floor=0"
    yield Finding(
        "below",
        f"`{dataset.encoder.target}` is never below {number(lowest)} in {len(dataset):,} rows, but a band of "
        f"{transform.label} would be below 0 after {rows_text(share)}, where a fall of {number(fall)} leads; {remedy}",
    )
