"""Training on many series as a task: on the older rows of each, and forecasts from origins within the newest."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.evaluation.panel_plan import backtest_by_id
from lstm_lab.evaluation.refit import used_options
from lstm_lab.execution.parallel import TaskStopped
from lstm_lab.models.transformer import transformer_stack
from lstm_lab.options import BacktestOptions, TrainOptions
from lstm_lab.run import train

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lstm_lab.evaluation.panel_backtest import PanelBacktest
    from lstm_lab.options import ForecastOptions
    from lstm_lab.run import Run

    Array = NDArray[np.float64]

__all__ = ["PanelTask", "PanelTaskResult"]


@dataclass(frozen=True, eq=False)
class PanelTaskResult:
    """Forecasts of one network from origins of many series, and what the network cost."""

    rows: NDArray[np.int64]
    """(origins,) row of each first forecast step in the whole frame, rising."""
    point: Array
    """(origins, horizon) medians."""
    lower: Array
    upper: Array
    crps: Array
    naive: Array
    """(naive, origins, horizon) the naive forecast, and the seasonal naive one where there is a season."""
    bare_band: Array
    """(2, origins, horizon) lower and upper edge without calibration; (0, origins, horizon) where nobody asked."""
    bare_crps: Array
    """(origins,) CRPS without calibration."""
    overlap: int
    season: int
    kind: str
    stack: str
    transform: str
    parameters: int
    training_seconds: float
    forecast_seconds: float
    trained_rows: int
    """Rows of the ids that it was trained on."""
    trained_ids: int


@dataclass(frozen=True, eq=False)
class PanelTask:
    """Train on the older rows of every series, then forecast the newest ones."""

    name: str
    frame: pd.DataFrame
    """By (id, time), as loaded."""
    older: NDArray[np.bool_]
    """(rows,) rows that training may see."""
    train: Mapping[str, Any]
    """Fields of `TrainOptions`."""
    forecast: ForecastOptions
    origins: int | None
    """Of a series, at most."""
    transformer: bool = False
    """Whether to use causal attention in place of recurrence."""
    uncalibrated: bool = False
    """Whether the band without calibration is wanted too."""

    def __call__(self, stop: threading.Event | None = None) -> PanelTaskResult:
        """Train and forecast; nothing but the older rows reaches training or calibration."""
        stack = transformer_stack(TrainOptions.of(self.train)) if self.transformer else None
        options = used_options(self.train, other_stack=self.transformer)
        run = train(self.frame[self.older], stack=stack, stop=stop, **options)
        if run.end.reason in {"stopped", "interrupted"}:  # its network had less training than the others
            raise TaskStopped
        started = time.perf_counter()
        judged = self._judged(run, self.forecast, stop)
        seconds = time.perf_counter() - started
        bare = self._judged(run, self.forecast.model_copy(update={"calibrate": False}), stop) if self._bare else None
        if stop is not None and stop.is_set():
            raise TaskStopped
        rows = self._rows(judged)
        kept = np.flatnonzero(~self.older[rows])  # an id that training left out is new: its older rows are not judged
        outcome, points = judged.outcome, judged.outcome.points
        own = points[judged.network]
        edges = np.empty((0, *own.shape)) if bare is None else np.stack([bare.outcome.lower, bare.outcome.upper])
        return PanelTaskResult(
            rows=rows[kept],
            point=own[kept],
            lower=outcome.lower[kept],
            upper=outcome.upper[kept],
            crps=outcome.crps[kept],
            naive=np.stack([points[name] for name in ("naive", "seasonal naive") if name in points])[:, kept],
            bare_band=edges[:, kept],
            bare_crps=(outcome if bare is None else bare.outcome).crps[kept],
            overlap=judged.overlap,
            season=run.season,
            kind=judged.kind,
            stack=run.stack,
            transform=run.transform,
            parameters=int(run.model.count_params()),
            training_seconds=run.end.seconds,
            forecast_seconds=seconds,
            trained_rows=len(run.dataset),
            trained_ids=len(run.dataset.ids),
        )

    @property
    def _bare(self) -> bool:
        return self.uncalibrated and self.forecast.calibrate is not False

    def _judged(self, run: Run, forecast: ForecastOptions, stop: threading.Event | None) -> PanelBacktest:
        chosen: dict[str, Any] = {"baselines": ("naive", "seasonal_naive")}
        chosen |= {} if self.origins is None else {"origins": self.origins}
        return backtest_by_id(run, self.frame, BacktestOptions.of(chosen), forecast, stop=stop)

    def _rows(self, judged: PanelBacktest) -> NDArray[np.int64]:
        """Find the first forecast rows of a backtest in the whole frame."""
        ids = pd.Index([judged.ids[number] for number in judged.outcome.series], tupleize_cols=False)
        wanted = pd.MultiIndex.from_arrays([ids, judged.outcome.times])
        return np.asarray(self.frame.index.get_indexer(wanted), dtype=np.int64)
