"""Checks of the input columns: constant, repeated, leaking, undefined, out of range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.encoding.features import parse_features
from lstm_lab.diagnostics.input_analysis import Finding, rows_text
from lstm_lab.formatting import moment, number, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lstm_lab.diagnostics.column_statistics import ColumnStatistics
    from lstm_lab.diagnostics.input_analysis import InputAnalysis


__all__ = [
    "constant_columns",
    "held_covariates",
    "leaking_covariates",
    "outliers",
    "range_left",
    "repeated",
    "repeated_target",
    "similar_columns",
    "undefined_values",
]

ALIKE = 0.98
"""Correlation above which two columns count as the same."""
FORETELLS = 0.95
"""Correlation with the next target above which a column is likely to contain it."""
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
_REMEDIES = {
    "none": "learn its change (transform=diff)",
    "log": "learn its change (transform=diff)",
    "log_return": "its changes may not be in proportion to its level, so try transform=diff",
}
"""What to do about a transformed target that leaves the range of the training rows."""


def leaking_covariates(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find covariates that nearly equal the next target, as a leak would."""
    measures = inputs.measures
    for column, feature in enumerate(inputs.column_features):
        ahead = measures.ahead[column, 0]
        if feature is not None and feature.source == "column" and abs(ahead) > FORETELLS > abs(measures.ahead[0, 0]):
            name = inputs.columns[column]
            text = f"`{name}` says the next target almost exactly (correlation {ahead:.3f}); is it known by then?"
            yield Finding("foretold", text, name)


def repeated_target(inputs: InputAnalysis) -> Iterator[Finding]:
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


def constant_columns(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find columns that are constant, or almost always have one value."""
    measures = inputs.measures
    for at, name in enumerate(inputs.columns):
        usual = number(measures.usual[at])
        if measures.sd[at] == 0:
            remedy = "so there is nothing to learn" if at == 0 else "and tells the network nothing; leave it out"
            yield Finding("constant", f"`{name}` is {usual} in every training row, {remedy}", name)
        elif measures.same[at] >= MOSTLY and measures.undefined[at] < FLAT:
            text = f"`{name}` is {usual} in {rows_text(measures.same[at])}"
            yield Finding(
                "mostly", f"{text}, so what it tells rests on the few others; try a sum or mean over more rows", name
            )


def undefined_values(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find indicators that are often undefined because the target did not change."""
    for at, feature in enumerate(inputs.column_features):
        share = inputs.measures.undefined[at]
        if feature is not None and feature.fallback is not None and share >= FLAT:
            flat = "had no width" if feature.name == "bollinger" else "had no change to measure"
            text = f"`{feature.label}` {flat} on {rows_text(share)} ({feature.fallback:g} is used)"
            yield Finding("undefined", f"{text}; a longer one has so less often", inputs.columns[at])


def similar_columns(inputs: InputAnalysis) -> Iterator[Finding]:
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


def range_left(inputs: InputAnalysis) -> Iterator[Finding]:
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


def outliers(inputs: InputAnalysis) -> Iterator[Finding]:
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


def held_covariates(inputs: InputAnalysis) -> Iterator[Finding]:
    """Find covariates that are held at their last value, though that says little of the next."""
    for at, feature in enumerate(inputs.column_features):
        r = inputs.measures.persistence[at]
        if feature is not None and feature.source == "column" and r < FADES:
            name = inputs.columns[at]
            text = f"a forecast holds `{name}` at its last value, which says little of the next (correlation {r:.2f})"
            yield Finding("held", f"{text}; give its future with known=, or leave it out", name)
