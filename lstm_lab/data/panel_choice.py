"""What most series of a panel would choose: the transform, its inputs and the season, from training rows alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.data.encoding.auto import AUTO, InputChoice, choose_inputs, season_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lstm_lab.data.windows.cuts import Cuts

__all__ = ["SAMPLED", "choose_panel_inputs", "usual_season"]

SAMPLED = 40
"""Series that are asked, at most, evenly spread over the panel."""
_UNSIGNED = {"log": "none", "log_return": "diff"}
"""What is learnt instead where a series of the panel is not positive."""


def choose_panel_inputs(  # noqa: PLR0917 - what is asked for, then the rows
    transform: str,
    features: Sequence[str],
    target: NDArray[np.float64],
    index: pd.Index,
    borders: NDArray[np.int64],
    cuts: Sequence[Cuts],
    chosen: InputChoice | None = None,
) -> InputChoice:
    """Replace ``auto`` by what most of up to `SAMPLED` series choose, each from its training rows.

    Parameters
    ----------
    transform, features
        As for `lstm_lab.data.encoding.auto.choose_inputs`.
    target
        (rows,) the target of all series.
    index
        (rows,) its times.
    borders, cuts
        Where each series and its parts begin.
    chosen
        What more series than these have chosen: it is kept, and its reason counts these series alone.
    """
    if chosen is not None and transform != AUTO:
        return chosen
    series = list(_sample(target, index, borders, cuts))
    if transform != AUTO or (len(borders) == 2 and chosen is None):
        return choose_inputs(transform, features, series[0])
    choices = [choose_inputs(transform, features, each) for each in series]
    signed = any(each.to_numpy().min() <= 0 for each in series) or _not_positive(target, borders, cuts)
    labels = [_UNSIGNED.get(choice.transform, choice.transform) if signed else choice.transform for choice in choices]
    if chosen is None:
        label, _ = Counter(labels).most_common(1)[0]
        inputs, _ = Counter(
            choice.features for choice, own in zip(choices, labels, strict=True) if own == label
        ).most_common(1)[0]
    else:
        label, inputs = chosen.transform, chosen.features
    votes = labels.count(label)
    companions = [text for text in inputs if text not in features]
    beside = f" with {', '.join(companions)}" if companions else ""
    asked = f"{len(series)} series looked at" if len(series) < len(borders) - 1 else f"{len(series)} series"
    return InputChoice(label, inputs, f"{label}{beside}: the best naive forecast for {votes} of the {asked}")


def usual_season(target: NDArray[np.float64], index: pd.Index, borders: NDArray[np.int64], cuts: Sequence[Cuts]) -> int:
    """Find the season that most of up to `SAMPLED` series have, in rows; 1 for none."""
    seasons = Counter(season_of(each) for each in _sample(target, index, borders, cuts))
    return seasons.most_common(1)[0][0]


def _sample(
    target: NDArray[np.float64], index: pd.Index, borders: NDArray[np.int64], cuts: Sequence[Cuts]
) -> Iterator[pd.Series[float]]:
    """Yield the training rows of some series; one that never changes chooses nothing, unless all are like that."""
    trained = np.flatnonzero([each.validation > 0 for each in cuts])  # a new id has no training rows
    numbers = trained[np.unique(np.linspace(0, len(trained) - 1, min(SAMPLED, len(trained))).round().astype(int))]
    rows = [slice(int(borders[number]), int(borders[number]) + cuts[number].validation) for number in numbers]
    changing = [part for part in rows if np.ptp(target[part]) > 0] if len(rows) > 1 else rows
    for part in changing or rows:
        yield pd.Series(target[part], index=index[part])


def _not_positive(target: NDArray[np.float64], borders: NDArray[np.int64], cuts: Sequence[Cuts]) -> bool:
    """Return whether a training row of any series has no logarithm."""
    series = np.repeat(np.arange(len(cuts)), np.diff(borders))
    training = np.arange(len(target)) - borders[series] < np.array([each.validation for each in cuts])[series]
    return bool((target[training] <= 0).any())
