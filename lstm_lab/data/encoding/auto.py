"""The choice of ``auto``: the transform to learn and the inputs that go with it, from the training rows alone.

A network that is trained one step ahead and rolled out over many is best given as its target what is hard to foresee,
and as inputs what the naive forecasts know. With a season there are two such targets. Inside: the change since the last
season, ``seasonal_diff(24)``, whose roll-out cannot drift away from the season. Beside: the change since the last row,
with the same step of the last season as an input; near at hand this knows more, where a row's change is small.

Measured on hourly and half-hourly series (LSTM(32) x 2, the last fifth judged at 60 origins, a day ahead), the
median's error inside against beside: solar power 7.4 and 12.2, electricity 73 and 115, hired bicycles 100 and 110, a
motorway 0.0193 and 0.0226, a national grid 529 and 723; but humidity 16.8 and 13.6, and temperature 3.27 and 3.30. The
mean change over a row was 0.9 to 2.1 of that over a season in the first five, below 0.31 in the other two. Elsewhere
either may win: 667 and 607 for a grid at 0.7, 313 and 268 for a road at 0.95, both well below seasonal naive.
An average over several seasons, beside the last one, then took temperature to 3.17, humidity to 13.2, the motorway to
0.0177 and the bicycles to 87.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.data.dates.time_index import DAY, segments, usual_step
from lstm_lab.data.encoding.seasonality import recurs
from lstm_lab.data.encoding.transforms import choose_transform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lstm_lab.data.encoding.transforms import TransformChoice

__all__ = ["AUTO", "InputChoice", "choose_inputs", "season_of"]

AUTO = "auto"

NEAR = 0.5
"""The season stands beside the target where a row changes it by less than this share of what a season does."""
RECURS = 0.2
"""Two seasons are used where the changes over one recur over the other at least so much; see `recurs`."""
SEASONS = 7
"""Seasons that are averaged, at most."""
LOST = 0.1
"""Share of the training rows that a second, longer season or an average over seasons may cost as its warmup."""
NEWEST = 500_000
"""Training rows that transform and season are chosen by, at most: the search takes 300 bytes a row."""


@dataclass(frozen=True, slots=True)
class InputChoice:
    """Transform and input features of a training, and the reason for the choice."""

    transform: str
    features: tuple[str, ...]
    reason: str
    """One line."""


def choose_inputs(transform: str, features: Sequence[str], training: pd.Series[float]) -> InputChoice:
    """Replace ``auto`` by the transform and features chosen from the training rows.

    Parameters
    ----------
    transform
        A transform's label, or ``auto``.
    features
        Features' texts; ``auto`` among them stands for the companions of the seasons that an ``auto`` transform finds,
        and for nothing beside a transform that was named.
    training
        The target in the training rows, by time.

    Returns
    -------
    InputChoice
        Without any ``auto``.
    """
    named = tuple(text for text in features if text != AUTO)
    if transform != AUTO:
        return InputChoice(transform, named, f"{transform}: as asked")
    training = _newest(training)
    y = training.to_numpy(dtype=np.float64)
    choice = choose_transform(y, training.index)
    season = choice.season
    if season is None or AUTO not in features:
        return InputChoice(choice.label, named, choice.reason)
    seasons = _seasons(y, season, choice)
    inside = np.mean(np.abs(np.diff(y))) >= NEAR * np.mean(np.abs(y[season:] - y[:-season]))
    learnt = choice.label if inside else _change(choice)
    latest = ["momentum(1)"] if inside else []
    lags = [f"momentum({length - 1})" for length in seasons if not (inside and length == season)]
    companions = dict.fromkeys([*latest, *lags, *_averages(seasons, training.index), *_calendar(seasons, training)])
    why = choice.reason.partition(": ")[2]
    rows = " and ".join(map(str, seasons))
    reason = f"{learnt} with {', '.join(companions)} for seasons of {rows} rows: {why}"
    return InputChoice(learnt, (*named, *(text for text in companions if text not in named)), reason)


def _newest(training: pd.Series[float]) -> pd.Series[float]:
    """Return the newest `NEWEST` rows; all where only older ones have values without a logarithm."""
    newest = training.iloc[-NEWEST:]
    return training if newest.min() > 0 >= training.min() else newest


def _change(choice: TransformChoice) -> str:
    """Return the label of the change since the last row that suits the series: diff or log_return."""
    return next(
        candidate.label
        for candidate in choice.candidates
        if candidate.label in {"diff", "log_return"} and candidate.feasible
    )


def _seasons(y: np.ndarray, chosen: int, choice: TransformChoice) -> tuple[int, ...]:
    """List the chosen season and any other that recurs with it, the shortest first."""
    seasons = {chosen}
    for other in choice.seasons:
        short, long = sorted((chosen, other))
        affordable = other < chosen or other <= LOST * len(y)
        if short < long and affordable and recurs(y, short, long) >= RECURS:
            seasons.add(other)
    return tuple(sorted(seasons))


def _averages(seasons: Sequence[int], index: pd.Index) -> tuple[str, ...]:
    """Return features that average over as many seasons as cost few rows, in every stretch between gaps."""
    stretches = np.bincount(segments(index))
    texts = []
    for season in seasons:
        for count in range(SEASONS, 1, -1):
            lost = int(np.minimum(stretches, season * count).sum())
            if lost <= LOST * len(index):
                texts.append(f"seasonal({season}, {count})")
                break
    return tuple(texts)


def _calendar(seasons: Sequence[int], training: pd.Series[float]) -> tuple[str, ...]:
    """Return the calendar features that tell where in its seasons a row lies."""
    index = training.index
    if not isinstance(index, pd.DatetimeIndex):
        return ()
    step = usual_step(index)
    return tuple(dict.fromkeys(pair for season in seasons for pair in _pairs(season * step / DAY, step)))


def _pairs(days: float, step: float) -> tuple[str, ...]:
    """Return the calendar features for a season of so many days in rows of so many seconds."""
    if step < DAY and days <= 1.01:
        return ("hour",)
    if days < 8:
        return ("hour", "dayofweek") if step < DAY else ("dayofweek",)
    return ("dayofyear",) if step < 20 * DAY else ("month",)


def season_of(training: pd.Series[float]) -> int:
    """Find the season whose naive forecast is best over the newest training rows; 1 where there is none."""
    training = training.iloc[-NEWEST:]
    candidates = choose_transform(training.to_numpy(np.float64), training.index).candidates
    errors = {each.season: each.error for each in candidates if each.season is not None and np.isfinite(each.error)}
    return min(errors, key=lambda season: errors[season], default=1)
