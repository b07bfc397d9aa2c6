"""A forecast from an earlier row, beside what happened after it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.errors import ForecastError
from lstm_lab.forecasting.predictor import Predictor
from lstm_lab.forecasting.reveal import Reveal

if TYPE_CHECKING:
    from lstm_lab.data.dataset import Dataset
    from lstm_lab.fitted import FittedModel
    from lstm_lab.options import ForecastOptions

__all__ = ["reveal_newest"]


def reveal_newest(fitted: FittedModel, dataset: Dataset, options: ForecastOptions) -> Reveal:
    """Forecast the newest rows of a dataset from the row before them, and reveal them.

    The band is not calibrated: its calibration rows are the very ones that are forecast.

    Parameters
    ----------
    fitted
        The network.
    dataset
        Its rows.
    options
        Horizon, paths and noise.

    Raises
    ------
    ForecastError
        There is no whole window before the newest rows.
    """
    row = len(dataset) - options.horizon
    if row not in dataset.possible(0, len(dataset), options.horizon):
        raise ForecastError(
            f"the rows hold no window and {options.horizon} values after it; choose a smaller horizon, such as "
            f"{{reveal horizon={max(options.horizon // 2, 1)}}}"
        )
    plain = options.model_copy(update={"calibrate": False, "combine": False})
    predictor = Predictor(fitted, dataset, plain)
    origin = dataset.origins(np.array([row]), options.horizon)
    before = dataset.frame[fitted.target].iloc[max(row - max(240, 4 * options.horizon), 0) : row]
    nothing = np.empty((0, options.horizon))
    forecast = predictor.result(predictor.paths(origin), None, nothing, dataset.index[row:], before)
    details = {**forecast.details, "calibration": "none, for what is forecast are the calibration rows"}
    return Reveal(replace(forecast, details=details), dataset.target[row:])
