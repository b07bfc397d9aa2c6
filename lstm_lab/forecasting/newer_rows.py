"""Newer rows for a run: the same network, a later origin, and bands that learn from what has happened since."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.data.known_future import read_rows
from lstm_lab.data.origins import Observed
from lstm_lab.data.windows import Cuts, split_at
from lstm_lab.errors import DataError
from lstm_lab.forecasting.online_correction import REACH
from lstm_lab.formatting import moment

if TYPE_CHECKING:
    from lstm_lab.data.loading import Source
    from lstm_lab.run import Run

__all__ = ["continued", "longer"]


def longer(run: Run, source: Source) -> pd.DataFrame:
    """Load newer rows by the rules of the run, and put the run's own in front if they come without them.

    Parameters
    ----------
    run
        The run.
    source
        The whole longer series, or its newest rows; where both have a row, this one counts.

    Raises
    ------
    DataError
        No row is newer than the run's last, or the rows cannot be loaded.
    """
    covariates = run.encoder.covariates
    later = read_rows(source, run.frame, run.options, target=run.target, covariates=covariates, what="newer rows")
    used = [run.target, *covariates]
    earlier = run.frame.index < later.index[0]
    if earlier.any():
        later = pd.concat([run.frame.loc[earlier, used], later[used]])
    if not later.index[-1] > run.frame.index[-1]:
        raise DataError(
            f"newer rows come after the run's last, {moment(run.frame.index[-1])}, but these end at"
            f" {moment(later.index[-1])}; {_remedy(run.frame.index)}"
        )
    return later


def _remedy(own: pd.Index) -> str:
    """Say what would make rows newer ones."""
    if isinstance(own, pd.DatetimeIndex):
        return "leave them out to stay within the run's own rows"
    return "give the whole longer series, or number them on from the run's last"


def continued(run: Run, source: Source) -> Run:
    """Give a run that knows newer rows, see `Run.on`."""
    frame = longer(run, source)
    observed = Observed.of(frame, run.encoder, run.options.lookback, run.options.max_gap)
    split = split_at(observed.windows, _cuts(run, frame))
    made = replace(
        run,
        observed=observed,
        windows=observed.windows.weighted(run.options.weights, split.train),
        split=split,
        experiences={},
    )
    vars(made)["simulator"] = run.simulator  # its compiled steps depend on network and encoder alone
    if _same_training(run, made):
        for name in vars(run).keys() & {"season", "_earlier_errors"}:  # which follow from these rows
            vars(made)[name] = vars(run)[name]
    return made


def _same_training(run: Run, made: Run) -> bool:
    """Tell whether the rows of training and validation are what they were: a longer series may bring them revised."""
    first, second = (
        one.observed.matrix[: one.split.cuts.calibration - one.split.cuts.forgotten] for one in (run, made)
    )
    return np.array_equal(first, second, equal_nan=True)


def _cuts(run: Run, frame: pd.DataFrame) -> Cuts:
    """Leave training and validation where they were, and let the newest rows calibrate."""
    cuts, rows = run.split.cuts, len(frame)
    validation, begun = (_place(run, frame, row) for row in (cuts.validation, cuts.calibration - cuts.forgotten))
    remembered = cuts.remembered or round(REACH * (cuts.rows - cuts.calibration))
    first = max(begun, rows - remembered) if remembered else begun
    return Cuts(validation, first, rows, forgotten=first - begun, remembered=remembered)


def _place(run: Run, frame: pd.DataFrame, row: int) -> int:
    """Find a cut of the run, by its time, in a frame that may have other rows before it."""
    times = run.frame.index
    if row == len(times):  # nothing was held out after it
        return int(frame.index.searchsorted(times[-1], side="right"))
    return int(frame.index.searchsorted(times[row], side="left"))
