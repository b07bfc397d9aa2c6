"""Checks of a network's inputs before training: a line for each problem found, with its remedy.

A check says something only where a measurement does; what it measures and its limit stand beside each other here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.data.auto import AUTO
from lstm_lab.data.features import parse_features
from lstm_lab.data.split import Split
from lstm_lab.data.time_index import DAY, uneven_steps, usual_step
from lstm_lab.data.transforms import choose_transform, weigh
from lstm_lab.diagnostics.column_statistics import measure_columns
from lstm_lab.errors import DataError
from lstm_lab.forecasting.floor import stay_positive
from lstm_lab.formatting import moment, number, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lstm_lab.data.features import Feature
    from lstm_lab.data.preparation import Prepared
    from lstm_lab.data.seasonality import Candidate
    from lstm_lab.data.transforms import TransformChoice
    from lstm_lab.diagnostics.column_statistics import ColumnStatistics
    from lstm_lab.options import InputOptions

__all__ = ["Finding", "InputAnalysis", "run_checks"]

ALIKE = 0.98
"""Correlation above which two columns count as the same."""
FORETELLS = 0.95
"""Correlation with the next target above which a column is likely to contain it."""
FEW = 300
"""Training windows below which a network has little to learn from."""
BELOW = 0.05
"""Share of the rows after which a fall as large as one row in twenty shows would end below zero, from which it is
reported of a series that never was below zero."""
FLAT = 0.005
"""Share of the rows with an undefined feature from which it is reported."""
MOSTLY = 0.9
"""Share of the rows with one and the same value from which it is reported."""
BEYOND = 3.0
"""Standard deviations by which later rows leave the range of the training rows from which it is reported."""
FAR = 20.0
"""Standard deviations from its mean that make a value worth looking at."""
FADES = 0.5
"""Autocorrelation at lag 1 below which holding a covariate at its last value is reported."""
LOST = 0.1
"""Share of the training rows that a warmup may cost."""
LOST_AGAIN = 0.01
"""The same where gaps make it begin anew, which max_gap could spare."""
WORSE = 1.5
"""How many times the best naive error that of the transform asked for may be."""
UNEVEN = 0.05
"""Share of uneven steps above which the times as a whole are uneven."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of the inputs, and its remedy."""

    kind: str
    """Name of the check."""
    text: str
    column: str | None = None
    """The input column concerned; None where it is no single one."""


@dataclass(frozen=True, eq=False)
class InputAnalysis:
    """A series prepared for training, and everything measured of its inputs."""

    ready: Prepared
    options: InputOptions

    @cached_property
    def raw(self) -> np.ndarray:
        """The columns before they are standardised, (rows, columns) float64."""
        return self.ready.dataset.encoder.raw(self.ready.dataset.frame, self.ready.dataset.segments)

    @cached_property
    def measures(self) -> ColumnStatistics:
        """Numbers of each column."""
        return measure_columns(self.ready, self.raw, self.options.lookback)

    @cached_property
    def training(self) -> pd.Series[float]:
        """The target in the training rows."""
        return self.ready.dataset.frame[self.ready.dataset.encoder.target].iloc[self.ready.dataset.cuts[0].train_rows]

    @cached_property
    def choice(self) -> TransformChoice:
        """What ``auto`` makes of the training rows."""
        return choose_transform(self.training.to_numpy(dtype=np.float64), self.training.index)

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every transform that ``auto`` considers, and the one that is learnt."""
        learnt, y = self.ready.dataset.encoder.transform.label, self.training.to_numpy(dtype=np.float64)
        known = any(candidate.label == learnt for candidate in self.choice.candidates)
        asked = None if known else weigh(learnt, y)
        bad = np.flatnonzero(y <= 0)
        first_bad = f", the first, {number(y[bad[0]])}, at {moment(self.training.index[bad[0]])}" if len(bad) else ""
        return tuple(
            replace(candidate, note=candidate.note + first_bad)
            if candidate.label in {"log", "log_return"} and not candidate.feasible
            else candidate
            for candidate in (*self.choice.candidates, *([] if asked is None else [asked]))
        )

    @cached_property
    def split(self) -> Split | DataError:
        """The windows of each part, or why there are none."""
        dataset = self.ready.dataset
        dataset.matrix  # noqa: B018 - what cannot be encoded is refused; only that there are no windows is a finding
        try:
            return dataset.checked_split()
        except DataError as missing:
            return missing

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, the transformed target first."""
        return self.ready.dataset.encoder.columns

    @cached_property
    def column_features(self) -> tuple[Feature | None, ...]:
        """The feature that each column belongs to; None for the target."""
        return (None, *(feature for feature in self.ready.dataset.encoder.features for _ in feature.columns))


def run_checks(inputs: InputAnalysis) -> tuple[Finding, ...]:
    """Return the findings of every check, the gravest first."""
    return tuple(finding for check in _CHECKS for finding in check(inputs))


def _rows(share: float) -> str:
    return f"{percent(share)} of the training rows"


def _few_windows(inputs: InputAnalysis) -> Iterator[Finding]:
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


def _leaking_covariates(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find covariates that nearly equal the next target, as a leak would."""
    measures = inputs.measures
    for column, feature in enumerate(inputs.column_features):
        ahead = measures.ahead[column, 0]
        if feature is not None and feature.source == "column" and abs(ahead) > FORETELLS > abs(measures.ahead[0, 0]):
            name = inputs.columns[column]
            text = f"`{name}` says the next target almost exactly (correlation {ahead:.3f}); is it known by then?"
            yield Finding("foretold", text, name)


def _worse_transform(inputs: InputAnalysis) -> Iterator[Finding]:
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


def _gaps(inputs: InputAnalysis) -> Iterator[Finding]:
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


def _uneven_steps(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find steps that are not the usual one, and are no gap."""
    index = inputs.training.index
    steps = uneven_steps(index) & (np.diff(inputs.ready.dataset.segments[: len(index)]) == 0)
    count = int(steps.sum())
    if count == 0:
        return
    text = f"{count:,} of {len(steps):,} steps are not the usual {_step(index)}, though no gap"
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


def _lost_rows(inputs: InputAnalysis) -> Iterator[Finding]:
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
        f"`{name}` loses {warmup} rows {after}, {_rows(share)} in all; one that looks back less far loses fewer",
        slowest.columns[0] if slowest is not None and by_feature else None,
    )


def _missing_values(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find values that were missing."""
    notes = inputs.ready.dataset.frame.attrs.get("lstm_lab", {})
    rows = f"{len(inputs.ready.dataset.frame):,} rows"
    filled, dropped = int(notes.get("filled_values", 0)), int(notes.get("dropped_rows", 0))
    if filled > 0:
        text = f"{filled:,} missing values were filled in, among {rows}; look whether long runs of them are as you wish"
        yield Finding("missing", text)
    if dropped > 0:
        yield Finding("missing", f"{dropped:,} rows were dropped and {rows} are left; to the network they never were")


def _doubtful_dates(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find rows that are only counted although a column looks like dates, and dates that have two readings."""
    notes = inputs.ready.dataset.frame.attrs.get("lstm_lab", {})
    if notes.get("counted"):
        yield Finding("counted", str(notes["counted"]))
    dates = notes.get("dates", {})
    if dates.get("note"):
        yield Finding(
            "dates", f"`{dates['column']}` is read {dates['note']}; set dayfirst or date_format if it is not so"
        )


def _texts_read(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find text that was read as numbers, and lines that were left out."""
    for note in inputs.ready.dataset.frame.attrs.get("lstm_lab", {}).get("notes", ()):
        yield Finding("read", f"{note}; see decimal, na_values and header in lab.load if that is not what it means")


def _repeated_target(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find features that are the transformed target."""
    encoder = inputs.ready.dataset.encoder
    parsed = parse_features(
        inputs.ready.input_choice.features, [str(name) for name in inputs.ready.dataset.frame.columns], encoder.target
    )
    used = {feature.text for feature in encoder.features}
    for feature in parsed:
        if feature.text not in used:
            yield Finding(
                "twice", f"`{feature.label}` is what the network learns, and so its first input; it is not given twice"
            )


def _constant_columns(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find columns that are constant, or almost always have one value."""
    measures = inputs.measures
    for at, name in enumerate(inputs.columns):
        usual = number(measures.usual[at])
        if measures.sd[at] == 0:
            remedy = "so there is nothing to learn" if at == 0 else "and tells the network nothing; leave it out"
            yield Finding("constant", f"`{name}` is {usual} in every training row, {remedy}", name)
        elif measures.same[at] >= MOSTLY and measures.undefined[at] < FLAT:
            text = f"`{name}` is {usual} in {_rows(measures.same[at])}"
            yield Finding(
                "mostly", f"{text}, so what it tells rests on the few others; try a sum or mean over more rows", name
            )


def _undefined_values(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find indicators that are often undefined because the target did not change."""
    for at, feature in enumerate(inputs.column_features):
        share = inputs.measures.undefined[at]
        if feature is not None and feature.fallback is not None and share >= FLAT:
            flat = "had no width" if feature.name == "bollinger" else "had no change to measure"
            text = f"`{feature.label}` {flat} on {_rows(share)} ({feature.fallback:g} is used)"
            yield Finding("undefined", f"{text}; a longer one has so less often", inputs.columns[at])


def _similar_columns(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find columns that nearly repeat an earlier one."""
    for at, name in enumerate(inputs.columns):
        twin = repeated(inputs.measures, at)
        if twin is not None and twin < at:
            r = inputs.measures.alike[at, twin]
            yield Finding(
                "alike",
                f"`{name}` nearly repeats `{inputs.columns[twin]}` (correlation {r:.3f}); one of them is enough",
                name,
            )


def repeated(measures: ColumnStatistics, at: int) -> int | None:
    """Return the other column that column `at` nearly repeats; None where there is none."""
    sizes = np.abs(np.nan_to_num(measures.alike[at]))
    sizes[at] = 0.0
    most = int(np.argmax(sizes))
    return most if sizes[most] > ALIKE else None


def _range_left(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find columns whose later values leave the range of the training rows."""
    measures, cut = inputs.measures, inputs.ready.dataset.cuts[0].validation
    share = 1 - cut / len(inputs.raw)
    for at, name in enumerate(inputs.columns):
        if measures.beyond[at] >= BEYOND and measures.sd[at] > 0:
            learnt = inputs.ready.dataset.encoder.transform.label
            remedy = _REMEDIES.get(learnt, "look at those rows") if at == 0 else "give its change, or leave it out"
            far = number(round(measures.beyond[at], 1))
            text = f"`{name}` leaves the range of the training rows in the newest {percent(share)}, by {far} sd"
            yield Finding("beyond", f"{text}; {remedy}", name)


def _outliers(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find values so far out that they set the scale for all others."""
    measures, cut = inputs.measures, inputs.ready.dataset.cuts[0].validation
    for at, name in enumerate(inputs.columns):
        sd = measures.sd[at]
        reach = max(measures.maximum[at] - measures.mean[at], measures.mean[at] - measures.minimum[at])
        if sd > 0 and reach >= FAR * sd:
            row = int(np.nanargmax(np.abs(inputs.raw[:cut, at] - measures.mean[at])))
            value, when = number(inputs.raw[row, at]), moment(inputs.ready.dataset.frame.index[row])
            text = f"`{name}` is {value} at {when}, {reach / sd:.0f} sd from its mean; check that row"
            yield Finding("far", text, name)


def _held_covariates(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find covariates that are held at their last value, though that says little of the next."""
    for at, feature in enumerate(inputs.column_features):
        r = inputs.measures.persistence[at]
        if feature is not None and feature.source == "column" and r < FADES:
            name = inputs.columns[at]
            text = f"a forecast holds `{name}` at its last value, which says little of the next (correlation {r:.2f})"
            yield Finding("held", f"{text}; give its future with known=, or leave it out", name)


def _removed_season(inputs: InputAnalysis) -> Iterator[Finding]:
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


def _below_zero(inputs: InputAnalysis) -> Iterator[Finding]:
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
        f"{transform.label} would be below 0 after {_rows(share)}, where a fall of {number(fall)} leads; {remedy}",
    )


_CYCLES = {"hour": 1.0, "dayofweek": 7.0, "month": 365.25, "dayofyear": 365.25}
"""Days in the cycle of each calendar pair."""
_REMEDIES = {
    "none": "learn its change (transform=diff)",
    "log": "learn its change (transform=diff)",
    "log_return": "its changes may not be in proportion to its level, so try transform=diff",
}
"""What to do about a transformed target that leaves the range of the training rows."""
_CHECKS: tuple[Callable[[InputAnalysis], Iterator[Finding]], ...] = (
    _few_windows,
    _leaking_covariates,
    _worse_transform,
    _gaps,
    _uneven_steps,
    _lost_rows,
    _missing_values,
    _doubtful_dates,
    _texts_read,
    _constant_columns,
    _undefined_values,
    _similar_columns,
    _repeated_target,
    _range_left,
    _below_zero,
    _outliers,
    _held_covariates,
    _removed_season,
)
