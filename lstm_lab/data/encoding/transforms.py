"""Target transforms: none, the logarithm, or the change since the last value or the last season, of either.

A transform is exact in both directions. Its inverse is taken for each simulated path, in the original unit, before
any quantile is; a network that outputs the mean then repeats the naive forecast that the transform implies.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.dates.time_index import usual_seasons
from lstm_lab.data.encoding.seasonality import HORIZON, ORIGINS, Candidate, measure, measure_growth, peaks
from lstm_lab.errors import OptionError, did_you_mean
from lstm_lab.formatting import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NAMES", "Transform", "TransformChoice", "choose_transform", "parse_transform", "weigh"]

NAMES = ("none", "log", "diff", "log_return", "seasonal_diff(n)", "seasonal_log_return(n)")
_LARGEST = float(np.finfo(np.float64).max)
_SMALLEST = float(np.finfo(np.float64).tiny)
_LARGEST_LOG = math.log(_LARGEST)

Array2 = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Transform:
    """A target transform with its exact inverse, over a trailing time axis."""

    label: str
    memory: int
    """How many of the last values in the original unit `invert_step` needs."""
    positive: bool
    """Whether only positive values have a transform."""
    forward: Callable[[np.ndarray], np.ndarray]
    """y (..., time) -> z (..., time) float64, NaN in the first `warmup` places."""
    invert_step: Array2
    """z (...), tail (..., at least memory) -> y (...): one step in the original unit."""
    inverse: Array2
    """z (..., n), head (..., at least memory) -> y (..., n); head ends just before the first z."""
    season: int | None = None
    """Rows in the season whose change it is."""

    @property
    def warmup(self) -> int:
        """Rows at the start of a stretch that have no transform: those the memory takes."""
        return self.memory

    def __reduce__(self) -> tuple[Callable[[str], Transform], tuple[str]]:
        """Pickle the label alone, so that a transform travels to another process."""
        return parse_transform, (self.label,)


def _exp(z: np.ndarray) -> np.ndarray:
    """Exponentiate within the positive floats, so that a wild path stays a number that has a logarithm."""
    grown: np.ndarray = np.clip(np.exp(np.minimum(z, _LARGEST_LOG)), _SMALLEST, _LARGEST)
    return grown


def _log(y: np.ndarray) -> np.ndarray:
    """Compute the logarithm; a value that has none becomes NaN, without a warning."""
    values = np.asarray(y, dtype=np.float64)
    return np.log(values, out=np.full(values.shape, np.nan), where=values > 0)


def _change(y: np.ndarray, lag: int) -> np.ndarray:
    """Subtract the value `lag` places earlier; NaN where there is none."""
    values = np.asarray(y, dtype=np.float64)
    out = np.full(values.shape, np.nan)
    np.subtract(values[..., lag:], values[..., :-lag], out=out[..., lag:])
    return out


def _none() -> Transform:
    return Transform(
        label="none",
        memory=0,
        positive=False,
        forward=lambda y: np.array(y, dtype=np.float64),
        invert_step=lambda z, _: np.asarray(z, dtype=np.float64),
        inverse=lambda z, _: np.array(z, dtype=np.float64),
    )


def _logarithm() -> Transform:
    return Transform(
        label="log",
        memory=0,
        positive=True,
        forward=_log,
        invert_step=lambda z, _: _exp(z),
        inverse=lambda z, _: _exp(z),
    )


def _seasonal_diff(season: int, label: str) -> Transform:
    def add(z: np.ndarray, tail: np.ndarray) -> np.ndarray:
        return np.asarray(tail[..., -season] + z, dtype=np.float64)

    def add_all(z: np.ndarray, head: np.ndarray) -> np.ndarray:
        start = np.broadcast_to(head[..., -season:], (*z.shape[:-1], season))
        out = np.concatenate([start, np.asarray(z, dtype=np.float64)], axis=-1)
        for first in range(season, out.shape[-1], season):
            block = out[..., first : first + season]
            block += out[..., first - season : first][..., : block.shape[-1]]
        return out[..., season:]

    return Transform(
        label=label,
        memory=season,
        positive=False,
        forward=lambda y: _change(y, season),
        invert_step=add,
        inverse=add_all,
        season=season if season > 1 else None,
    )


def _seasonal_log_return(season: int, label: str) -> Transform:
    of_logs = _seasonal_diff(season, label)
    return Transform(
        label=label,
        memory=season,
        positive=True,
        forward=lambda y: of_logs.forward(_log(y)),
        invert_step=lambda z, tail: _exp(of_logs.invert_step(z, _log(tail))),
        inverse=lambda z, head: _exp(of_logs.inverse(z, _log(head))),
        season=of_logs.season,
    )


_PLAIN: dict[str, Callable[[], Transform]] = {
    "none": _none,
    "log": _logarithm,
    "diff": lambda: _seasonal_diff(1, "diff"),
    "log_return": lambda: _seasonal_log_return(1, "log_return"),
}
_SEASONAL: dict[str, Callable[[int, str], Transform]] = {
    "seasonal_diff": _seasonal_diff,
    "seasonal_log_return": _seasonal_log_return,
}


def parse_transform(label: str) -> Transform:
    """Read a transform from its label.

    Parameters
    ----------
    label
        ``none``, ``log``, ``diff``, ``log_return``, ``seasonal_diff(n)`` or ``seasonal_log_return(n)`` with a whole n
        of at least 2.
        ``auto`` is no transform but a question to `choose_transform`.

    Returns
    -------
    Transform
        The transform with its inverse.

    Raises
    ------
    OptionError
        The label is unknown or n is not a whole number of at least 2.

    Examples
    --------
    >>> parse_transform("seasonal_diff(24)").memory
    24
    """
    text = label.strip()
    if text in _PLAIN:
        return _PLAIN[text]()
    match = re.fullmatch(r"(\w+)\s*(?:\((?:\s*n\s*=)?([^()]*)\))?", text)
    seasonal = None if match is None else _SEASONAL.get(match[1])
    if match is None or seasonal is None:
        name = text.partition("(")[0]
        raise OptionError(f"there is no transform {label!r}; {did_you_mean(name, [*NAMES, 'auto'])}")
    name, season = match[1], (match[2] or "").strip()
    if not re.fullmatch(r"[0-9]{1,12}", season) or int(season) < 2:
        raise OptionError(
            f"{name} takes the rows in a season, a whole number of at least 2, got {label!r}; for example {name}(24)"
        )
    return seasonal(int(season), f"{name}({int(season)})")


MARGIN = 0.97
"""A candidate replaces a simpler one if its error is below this share of the simpler one's."""


@dataclass(frozen=True, slots=True)
class TransformChoice:
    """What ``transform="auto"`` chose."""

    label: str
    reason: str
    """One line: what was chosen, and its naive error against that of the others."""
    candidates: tuple[Candidate, ...]

    @property
    def season(self) -> int | None:
        """Rows in the season that was chosen, if one was."""
        return next((each.season for each in self.candidates if each.label == self.label), None)

    @property
    def seasons(self) -> tuple[int, ...]:
        """Rows in each season that could be measured."""
        seasons = [candidate.season for candidate in self.candidates if candidate.feasible]
        return tuple(season for season in seasons if season is not None)


def choose_transform(y: np.ndarray, index: pd.Index) -> TransformChoice:
    """Choose the transform whose naive forecast is best over the next steps; the network then learns to correct it.

    Parameters
    ----------
    y
        (rows,) the target in the training rows alone.
    index
        (rows,) their times, which say what seasons to try; without times, peaks of the autocorrelation do.

    Returns
    -------
    TransformChoice
        Label, reason and all candidates. Each naive forecast adds the mean of its transformed target, as a network
        with output 0 would: the mean so far (none, log), the last value and its usual drift (diff), its usual growth
        (log_return), or the value one season earlier and its usual change (seasonal_diff). Between diff and
        log_return, whose naive forecasts hardly differ, the likelihood of the changes decides: prices move in
        proportion to their level.
    """
    values = np.asarray(y, dtype=np.float64)
    rows = len(values)
    horizon, origins = _origins(rows)
    if horizon < 1 or np.ptp(values) == 0:
        why = "the training rows are all alike" if horizon >= 1 else f"{rows} training rows are too few to compare"
        return TransformChoice("none", f"none: {why}", (Candidate("none", np.nan, feasible=True, note=why),))
    seasons = usual_seasons(index) or peaks(values)
    candidates = measure(values, seasons, origins, horizon)
    best = _pick([candidate for candidate in candidates if candidate.feasible])
    others = [
        candidate
        for candidate in candidates
        if candidate.feasible and candidate.label != best.label and not _twins(candidate, best)
    ]
    against = ", ".join(
        f"{_three_digits(candidate.error)} for {candidate.label}"
        for candidate in sorted(others, key=lambda candidate: candidate.error)[:2]
    )
    off = f"{best.note} is off by {_three_digits(best.error)} on average over {horizon} rows"
    reason = f"{best.label}: {off}, against {against}"
    return TransformChoice(best.label, reason, candidates)


def _three_digits(error: float) -> str:
    """Write an error with as many digits as matter, and no exponent where it is large: 4,110, not 4.11e+03."""
    return number(float(f"{error:.3g}"))


def weigh(label: str, y: np.ndarray) -> Candidate | None:
    """Measure the naive forecast of one transform as `choose_transform` does, whether or not it would consider it.

    Parameters
    ----------
    label
        As `parse_transform` gives it.
    y
        (rows,) the target in the training rows alone.

    Returns
    -------
    Candidate or None
        None where the rows are too few to compare.
    """
    horizon, origins = _origins(len(y))
    transform, values = parse_transform(label), np.asarray(y, dtype=np.float64)
    if horizon < 1:
        return None
    if transform.season is not None and transform.positive:
        return measure_growth(values, transform.season, origins, horizon)
    candidates = measure(values, () if transform.season is None else (transform.season,), origins, horizon)
    return next(candidate for candidate in candidates if candidate.label == label)


def _origins(rows: int) -> tuple[int, np.ndarray]:
    """Return how far ahead, and from which rows, naive forecasts are compared."""
    horizon = min(HORIZON, rows // 4)
    return horizon, np.unique(np.linspace(rows // 2, max(rows - horizon - 1, rows // 2), ORIGINS).astype(np.int64))


def _twins(first: Candidate, other: Candidate) -> bool:
    return {first.label, other.label} == {"diff", "log_return"}


def _pick(candidates: list[Candidate]) -> Candidate:
    """Return the best candidate; an earlier one, being simpler, gives way only to one that is clearly better."""
    best = candidates[0]
    for candidate in candidates[1:]:
        if candidate.error < MARGIN * best.error:
            best = candidate
    return best
