"""What stands beside an exported step: all that a program must know to make its rows and to read its forecasts."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from lstm_lab.export.litert_file import contents
from lstm_lab.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lstm_lab.data.encoding.encoder import Encoder
    from lstm_lab.data.encoding.features import Feature
    from lstm_lab.export.step import Step

__all__ = ["TRANSFORMS", "manual"]

TRANSFORMS = {
    "none": ("y_t", "y = z"),
    "log": ("log(y_t)", "y = exp(z)"),
    "diff": ("y_t - y_{t-1}", "y = y[-1] + z"),
    "log_return": ("log(y_t / y_{t-1})", "y = y[-1] * exp(z)"),
    "seasonal_diff": ("y_t - y_{t-N}", "y = y[-N] + z"),
    "seasonal_log_return": ("log(y_t / y_{t-N})", "y = y[-N] * exp(z)"),
}
"""How each transform is taken and inverted, N being the rows in a season."""
_USAGE = (
    "row: float32 [1, columns], (value - mean) / scale of each column in order, all known at that row",
    "states: float32, zero before the first row; after it the output whose name ends in _next",
    "feed lookback rows, oldest first: forecast is then z of the next row's first column, as in Keras",
    "or never set the states back, and feed each row once: measured, see mean_absolute_error.onward",
    "z * scale[0] + mean[0] is the transformed target; inverse takes it to y, y[-1] being the last value",
    "further ahead: make the next row from the forecast and go on; after a gap, begin with states of zero",
)


def manual(step: Step, content: bytes, encoder: Encoder, **facts: Any) -> dict[str, Any]:
    """Return all that a program must know, what it needs at every row first.

    Parameters
    ----------
    step
        What was converted.
    content
        The LiteRT file.
    encoder
        What makes the rows.
    **facts
        What else is to be said, as it is.

    Returns
    -------
    dict
        What JSON can hold.
    """
    inside = contents(content)
    meaning, inverse = _transform(encoder.transform.label)
    return {
        "lstm_lab": __version__,
        "target": encoder.target,
        "columns": list(encoder.columns),
        "meaning": [meaning, *(line for feature in encoder.features for line in _meaning(feature))],
        "scaler": encoder.scaler,
        "mean": encoder.mean.tolist(),
        "scale": encoder.scale.tolist(),
        "states": {state.name: [1, state.size] for state in step.states},
        **facts,
        "transform": encoder.transform.label,
        "inverse": inverse,
        "inputs": ["row", *(state.name for state in step.states)],
        "outputs": ["forecast", *(state.successor for state in step.states)],
        "usage": list(_USAGE),
        "bytes": len(content),
        "multiply_adds": inside.multiply_adds,
        "operators": dict(inside.operators),
    }


def _transform(label: str) -> tuple[str, str]:
    """Write how a transform is taken, and how it is inverted."""
    season = re.fullmatch(r"(\w+)\((\d+)\)", label)
    taken, inverse = TRANSFORMS[season[1] if season else label]
    return (taken.replace("N", season[2]), inverse.replace("N", season[2])) if season else (taken, inverse)


def _meaning(feature: Feature) -> Iterator[str]:
    """Describe each column of a feature, y being the target."""
    if feature.source == "column":
        yield f"{feature.label} at that row"
    elif feature.source == "time":
        for function in ("sine", "cosine"):
            yield f"{function} of 2 pi times the share of the cycle that has gone by: {feature.label}"
    else:
        yield (inspect.getdoc(feature.function) or feature.label).split("\n", 1)[0].removesuffix(".")
