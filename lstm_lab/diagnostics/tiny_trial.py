"""What a choice does to a forecast: a tiny network trained with it in a few seconds, beside the run's own band."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.errors import OptionError
from lstm_lab.events import TrainingListener
from lstm_lab.fitted import FittedModel
from lstm_lab.forecasting.predictor import Predictor
from lstm_lab.models.stack import forecaster_of
from lstm_lab.options import ForecastOptions
from lstm_lab.training.fit import fit
from lstm_lab.training.movable_loss import movable_trainer

if TYPE_CHECKING:
    from collections.abc import Callable

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.events import Batch, Epoch
    from lstm_lab.forecasting.forecast import Forecast
    from lstm_lab.models.forecaster import Forecaster
    from lstm_lab.options import TrainOptions
    from lstm_lab.run import Run
    from lstm_lab.training.trainer import Trainer

__all__ = ["SECONDS", "UNITS", "TinyForecast", "TinyTrial"]

UNITS = 6
SECONDS = 3.0
"""Of training, at most, once the network is compiled."""
_EPOCHS, _HORIZON, _PATHS = 12, 20, 50


@dataclass(frozen=True, slots=True)
class TinyForecast:
    """The forecast of a tiny network that was trained with a choice, and how it was trained."""

    forecast: Forecast
    epochs: int
    seconds: float
    stopped: bool


class _Deadline(TrainingListener):
    """Stops a training some seconds after its first batch, before which it was compiled, and tells of its epochs."""

    def __init__(self, stop: threading.Event, told: Callable[[int, int], None] | None = None) -> None:
        self._stop, self._end, self._told = stop, float("inf"), told

    def on_epoch(self, epoch: Epoch) -> None:
        """Tell how many epochs are done."""
        if self._told is not None:
            self._told(epoch.epoch, _EPOCHS)

    def on_batch(self, batch: Batch) -> None:
        """Look at the clock."""
        now = time.monotonic()
        if (batch.epoch, batch.batch) == (1, 1):
            self._end = now + SECONDS
        if now > self._end:
            self._stop.set()


@dataclass(frozen=True, eq=False)
class TinyTrial:
    """Trains a tiny network on the rows of a run, with one choice of the run's changed.

    The network is compiled once: weights are given to it with every batch, and its loss and delta are variables.

    Parameters
    ----------
    run
        Of one series.
    """

    run: Run
    units = UNITS
    seconds = SECONDS

    @classmethod
    def of(cls, run: Run) -> TinyTrial | None:
        """Return the trial of a run; None for one of many series."""
        return None if run.dataset.is_panel else cls(run)

    @cached_property
    def own(self) -> Forecast:
        """The run's forecast as the tiny network's is made: so many steps and paths, not calibrated."""
        return self._forecast(self.run.fitted, self.run.dataset)

    @cached_property
    def _compiled(self) -> dict[str, Trainer]:
        """The compiled network, once there is one."""
        return {}

    def _trainer(self, forecaster: Forecaster, options: TrainOptions, dataset: Dataset) -> Trainer:
        """Return the compiled network, with a choice's loss."""
        if "trainer" not in self._compiled:
            masked = dataset.windows.known_lengths is not None
            self._compiled["trainer"] = movable_trainer(forecaster, options, masked=masked)
        trainer = self._compiled["trainer"]
        trainer.loss.set(options.loss, options.delta)
        return trainer

    def forecast(
        self,
        stop: threading.Event | None = None,
        told: Callable[[int, int], None] | None = None,
        **choice: str | float,
    ) -> TinyForecast:
        """Train a tiny network with a choice, for some seconds at most, and forecast with it.

        Parameters
        ----------
        stop
            Ends the training; the weights of the best epoch so far forecast.
        told
            Hears after each epoch how many of how many are done.
        **choice
            Options of training that differ from the run's: ``weights``, ``loss``, ``delta``.

        Raises
        ------
        OptionError
            A run of many series.
        """
        if self.run.dataset.is_panel:
            raise OptionError(
                "a tiny network is retrained for one series, and this run has many; look at run.series(id) instead"
            )
        options = self._options(**choice)
        dataset = replace(self.run.dataset, weighting=str(choice.get("weights", self.run.dataset.weighting)))
        split = dataset.checked_split()
        forecaster = forecaster_of(None, None, options, len(dataset.encoder.columns))
        stop = threading.Event() if stop is None else stop
        asked = threading.Event()
        fitted = fit(
            forecaster,
            dataset.windows,
            split.train,
            split.validation,
            options,
            baseline=dataset.naive_output(split.validation),
            listener=_Deadline(asked, told),
            stop=_Either(stop, asked),
            trainer=self._trainer(forecaster, options, dataset),
        )
        model = FittedModel.of(forecaster.model, dataset, max_gap=options.max_gap, stack=forecaster.describe())
        made = self._forecast(model, dataset)
        return TinyForecast(made, fitted.end.epochs, fitted.end.seconds, stop.is_set())

    def _options(self, **choice: str | float) -> TrainOptions:
        """Return the run's options with the choice, of a network that is trained in seconds."""
        chosen = type(self.run.options).of(choice)
        given = {name: getattr(chosen, name) for name in choice}
        tiny = {"units": (UNITS,), "dense": (), "epochs": _EPOCHS, "patience": _EPOCHS, "supervise": "auto"}
        tiny |= {"batch": None, "stride": None, "learning_rate": 0.01, "burn_in": None}
        return self.run.options.model_copy(update={**tiny, **given})

    @staticmethod
    def _forecast(fitted: FittedModel, dataset: Dataset) -> Forecast:
        options = ForecastOptions.of({"horizon": _HORIZON, "paths": _PATHS, "calibrate": False}).resolved()
        forecast: Forecast = Predictor(fitted, dataset, options).draw()
        return forecast

    @property
    def horizon(self) -> int:
        """Steps of the forecasts."""
        return _HORIZON

    def band(self, forecast: Forecast) -> np.ndarray:
        """Return lower edge, median and upper edge of a forecast, (3, horizon)."""
        low, high = forecast.levels
        return np.asarray(forecast.quantile((low, 0.5, high)), dtype=np.float32)


class _Either(threading.Event):
    """An event that is set once one of two is."""

    def __init__(self, *events: threading.Event) -> None:
        super().__init__()
        self._events = events

    def is_set(self) -> bool:
        """Return whether one of them is set."""
        return any(event.is_set() for event in self._events)
