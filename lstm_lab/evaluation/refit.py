"""Training as a task: a network is trained on the first rows of a series and forecasts from later ones."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lstm_lab.evaluation.tasks import simulate_all
from lstm_lab.execution.parallel import TaskStopped
from lstm_lab.forecasting.calibration_scores import origins_for
from lstm_lab.forecasting.past_forecasts import PastForecasts
from lstm_lab.forecasting.predictor import SCORE_CHUNKS, Predictor
from lstm_lab.models.serialize import fresh_layers, unpack
from lstm_lab.models.transformer import transformer_stack
from lstm_lab.options import TrainOptions
from lstm_lab.options.training import STACK_OPTIONS
from lstm_lab.run import train
from lstm_lab.simulation.residuals import with_later_errors
from lstm_lab.simulation.simulator import CHUNK

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.forecasting.forecast import Kind
    from lstm_lab.models.serialize import PackedModel
    from lstm_lab.options import ForecastOptions

__all__ = ["TrainingResult", "TrainingTask", "chunks_for", "used_options"]


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """Forecasts of a trained network, and the cost of its training."""

    paths: NDArray[np.float64]
    """(origins, paths, horizon) uncalibrated, in the target's unit."""
    past_forecasts: PastForecasts
    """Forecasts and outcomes over the network's own calibration rows; empty where there are too few."""
    uncalibrated: Kind
    stack: str
    transform: str
    end: str
    """How training ended, in one line."""
    parameters: int
    training_seconds: float
    seconds: float
    """Time that calibrating and drawing took."""
    drawing_seconds: float
    """Time that drawing alone took."""


@dataclass(frozen=True, eq=False)
class TrainingTask:
    """Train on the rows before `cut`, then draw futures from later rows."""

    name: str
    frame: pd.DataFrame
    cut: int
    rows: NDArray[np.int64]
    train: Mapping[str, Any]
    """Fields of `TrainOptions`."""
    forecast: ForecastOptions
    layers: PackedModel | None = None
    """A network to train from fresh weights, in place of the reference stack."""
    transformer: bool = False
    """Whether to use causal attention in place of recurrence."""
    known: tuple[str, ...] = ()
    """Covariates whose future counts as known."""

    def __call__(self, stop: threading.Event | None = None) -> TrainingResult:
        """Train, calibrate, draw; nothing after `cut` reaches training or calibration."""
        other = self.transformer or self.layers is not None
        run = train(
            self.frame.iloc[: self.cut], stack=self._stack(), stop=stop, **used_options(self.train, other_stack=other)
        )
        if run.end.reason in {"stopped", "interrupted"}:  # its network had less training than the others
            raise TaskStopped
        predictor = Predictor(run.fitted, run.dataset, self.forecast)
        started = time.perf_counter()
        past_forecasts = _past_forecasts(predictor, self.known, stop)
        calibrated = time.perf_counter()
        dataset = run.fitted.dataset(self.frame)
        horizon, paths = self.forecast.horizon, self.forecast.paths
        chunks = chunks_for(paths)
        origins = dataset.origins(self.rows, horizon, self.known)
        settings = predictor.settings
        if settings.residuals is not None:
            settings = replace(settings, residuals=with_later_errors(settings.residuals, run.model, dataset))
        paths_drawn = simulate_all(run.simulator, origins, horizon, settings, chunks=chunks, stop=stop)
        ended = time.perf_counter()
        return TrainingResult(
            paths=paths_drawn[:, :paths].copy(),  # a view would keep the rest of the last chunk
            past_forecasts=past_forecasts,
            uncalibrated=predictor.uncalibrated,
            stack=run.stack,
            transform=run.transform,
            end=run.end.message,
            parameters=int(run.model.count_params()),
            training_seconds=run.end.seconds,
            seconds=ended - started,
            drawing_seconds=ended - calibrated,
        )

    def _stack(self) -> list[Any] | None:
        if self.transformer:
            return transformer_stack(TrainOptions.of(self.train))
        return None if self.layers is None else fresh_layers(unpack(self.layers))


def used_options(options: Mapping[str, Any], *, other_stack: bool) -> dict[str, Any]:
    """Return the options of a training that have an effect: those of the reference stack only where it is built."""
    unused = set(STACK_OPTIONS if other_stack else ())
    unused |= {"delta"} if options.get("loss", "huber") != "huber" else set()
    return {name: value for name, value in options.items() if name not in unused}


def chunks_for(paths: int) -> int:
    """Return the number of chunks that hold `paths` paths."""
    return -(-paths // CHUNK)


def _past_forecasts(predictor: Predictor, known: tuple[str, ...], stop: threading.Event | None) -> PastForecasts:
    """Forecast from the network's own calibration rows, where there are enough of them."""
    options, dataset = predictor.options, predictor.dataset
    rows, _ = predictor.calibration_rows()
    calibrates = options.calibrate is not False
    enough = calibrates and len(rows) >= origins_for(options.interval)
    if len(rows) == 0 or not (enough or options.combines):
        return PastForecasts.empty(options.horizon)
    origins = dataset.origins(rows, options.horizon, known)
    simulator, settings = predictor.fitted.simulator, predictor.settings
    paths = simulate_all(simulator, origins, options.horizon, settings, chunks=SCORE_CHUNKS, stop=stop)
    return PastForecasts.of(rows, paths, dataset.actual(rows, options.horizon))
