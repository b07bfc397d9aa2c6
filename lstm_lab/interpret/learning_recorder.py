"""Records, after each epoch of a training, a few held-out forecasts and the gates of one window."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.errors import DataError
from lstm_lab.interpret.free_run import GATES, FreeRun
from lstm_lab.interpret.learning import Learning
from lstm_lab.simulation.simulator import GrowingPaths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.events import TrainingListener

__all__ = ["FREE_SECONDS", "SHARE", "SNAPSHOTS", "LearningRecorder"]

SHARE = 0.02
"""Share of a training's time that recording takes, at most, once it has taken `FREE_SECONDS`."""
FREE_SECONDS = 0.5
SNAPSHOTS = 48
"""Epochs that are kept, at most: of more, every second, every fourth, … and always the best."""
_ORIGINS, _HORIZON, _STEPS, _UNITS = 4, 24, 48, 24


@dataclass(frozen=True, slots=True)
class _Snapshot:
    forecasts: NDArray[np.float32]
    """(origins, horizon)."""
    gates: Mapping[str, NDArray[np.float16]]
    """(steps, units) each."""


class LearningRecorder:
    """Called after every epoch with its number, the best so far, and the network.

    Parameters
    ----------
    dataset
        The rows that are trained on; origins lie in its validation rows.
    model
        The network, before its training.
    listener
        Hears of each epoch that is recorded.
    warm
        Whether the network was trained before.
    clock
        A monotonic clock, in seconds.

    Raises
    ------
    DataError, TraceError
        No forecast of validation rows; a layer that is not followed.
    """

    def __init__(
        self,
        dataset: Dataset,
        model: Any,
        listener: TrainingListener | None = None,
        *,
        warm: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        FreeRun.refuse(model, "watch=True")
        rows, horizon, first = _origins(dataset)
        self._dataset, self._listener, self._warm, self._clock = dataset, listener, warm, clock
        self._origins = dataset.origins(rows, horizon)
        self._horizon = horizon
        stretch = slice(first, int(rows[-1]) + horizon)
        self._observed = pd.Series(dataset.store.target(stretch), dataset.index[stretch], name=dataset.encoder.target)
        self._starts = rows - first
        last = int(rows[-1])
        self._window = dataset.index[last - min(_STEPS, dataset.lookback) : last]
        self._layer = next(layer.name for layer in model.layers if hasattr(layer, "cell"))
        self._snapshots: dict[int, _Snapshot] = {}
        self._stride = 1
        self._spent = 0.0
        self._began = clock()

    def __call__(self, epoch: int, best: int, model: Any) -> None:
        """Record an epoch, unless recording has taken its share of the time, and tell the listener."""
        now = self._clock()
        if self._spent > FREE_SECONDS and self._spent > SHARE * (now - self._began):
            return
        self._add(epoch, best, model)
        if self._listener is not None:
            self._listener.on_learning(self._learning([epoch], pd.DataFrame(), best))
        self._spent += self._clock() - now

    def result(self, history: pd.DataFrame, kept: int, model: Any) -> Learning:
        """Return what was recorded, with the kept epoch among it.

        Parameters
        ----------
        history
            Losses by epoch.
        kept
            The kept epoch.
        model
            The network, with the weights of that epoch.
        """
        if kept not in self._snapshots:
            self._snapshots[kept] = self._snapshot(model)
        return self._learning(sorted(self._snapshots), history, kept)

    def _add(self, epoch: int, best: int, model: Any) -> None:
        self._snapshots[epoch] = self._snapshot(model)
        while True:
            for other in list(self._snapshots):
                if other % self._stride and other not in {best, epoch}:
                    del self._snapshots[other]
            if len(self._snapshots) <= SNAPSHOTS:
                return
            self._stride *= 2

    def _learning(self, epochs: Sequence[int], history: pd.DataFrame, kept: int) -> Learning:
        chosen = [self._snapshots[epoch] for epoch in epochs]
        return Learning(
            target=self._dataset.encoder.target,
            epochs=np.array(epochs),
            kept=kept,
            history=history,
            observed=self._observed,
            starts=self._starts,
            forecasts=np.stack([snapshot.forecasts for snapshot in chosen]),
            gates={name: np.stack([snapshot.gates[name] for snapshot in chosen]) for name in chosen[0].gates},
            layer=self._layer,
            window=self._window,
            warm=self._warm,
        )

    def _snapshot(self, model: Any) -> _Snapshot:
        run, origins, horizon = FreeRun(model), self._origins, self._horizon
        # An untrained network of logarithms may leave the range of numbers; that is then what it forecasts.
        with np.errstate(all="ignore"):
            paths = GrowingPaths(self._dataset.encoder, origins, np.zeros((len(origins), 1, horizon)))
            output = run.encode(origins.windows)
            signals = run.first.signals[-len(self._window) :]
            for step in range(horizon - 1):
                output = run.step(paths.append(step, output.astype(np.float32)))
            paths.add(horizon - 1, output.astype(np.float32))
            forecasts = paths.simulated[:, 0].astype(np.float32)
        gates = {
            name: np.stack([row[name][-1, :_UNITS] for row in signals]).astype(np.float16)
            for name in GATES[run.first.kind]
        }
        return _Snapshot(forecasts, gates)


def _origins(dataset: Dataset) -> tuple[NDArray[np.int64], int, int]:
    """Choose origins among the newest validation rows, without overlap, a horizon, and the first row to draw."""
    borders = dataset.borders[:-1]
    rows = [cuts.calibration - cuts.validation for cuts in dataset.cuts]
    series = int(np.argmax(rows))  # of many series, the one with the most validation rows
    cuts, begins = dataset.cuts[series], int(borders[series])
    start, stop = begins + cuts.validation, begins + cuts.calibration
    horizon = max(1, min(_HORIZON, (stop - start) // _ORIGINS - 1))
    chosen: list[int] = []
    for row in dataset.possible(start, stop, horizon)[::-1].tolist():
        if not chosen or row + horizon < chosen[-1]:
            chosen.append(row)
        if len(chosen) == _ORIGINS:
            break
    if not chosen:
        raise DataError(
            f"watch=True draws forecasts of validation rows, and none of the {stop - start} has a whole window of"
            f" {dataset.lookback} rows before it; give more rows or a shorter lookback, or leave watch=True out"
        )
    shown = max(begins, chosen[-1] - max(2 * horizon, 12))
    return np.array(chosen[::-1]), horizon, shown
