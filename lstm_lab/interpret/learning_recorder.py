"""Records, after each epoch of a training, a few held-out forecasts and the gates of one window."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.interpret.free_run import GATES, FreeRun
from lstm_lab.interpret.held_out import HeldOut
from lstm_lab.interpret.learning import PATHS, Learning
from lstm_lab.interpret.recording import recurrent_layers, states_kept
from lstm_lab.models.masking import padded_output
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
_STEPS, _UNITS = 48, 24
_EDGES = (0.1, 0.9)
_UNITS_A_PATH = 15
"""All paths take 1 + units / `_UNITS_A_PATH` times as long as one, until it is measured: on a CPU 0.7 times with 8
units, 5 with 64, 9 with 128."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    forecasts: NDArray[np.float32]
    """(origins, horizon)."""
    gates: Mapping[str, NDArray[np.float16]]
    """(steps, units) each; none of a network that is not followed."""
    band: NDArray[np.float32]
    """(2, origins, horizon) lower and upper edge of the paths; NaN where none were drawn."""


class LearningRecorder:
    """Called after every epoch with its number, the best so far, and the network.

    A chain of recurrent and dense layers runs in NumPy, several steps ahead, and its gates are recorded. Of any other
    network each held-out row is forecast from those before it by one call of the network itself.

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
    DataError
        No forecast of validation rows.
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
        self._dataset, self._listener, self._warm, self._clock = dataset, listener, warm, clock
        self._unfollowed = FreeRun.refused(model)
        self._held_out = HeldOut.of(dataset, one_step=bool(self._unfollowed))
        self._origins = dataset.origins(self._held_out.rows, self._held_out.horizon)
        last = int(self._held_out.rows[-1])
        self._window = dataset.index[last - min(_STEPS, dataset.lookback) : last]
        self._layer = "" if self._unfollowed else next(layer.name for layer in model.layers if hasattr(layer, "cell"))
        self._draws = not self._unfollowed and FreeRun.draws(model)
        self._times = 1 + max((getattr(layer, "units", 0) for layer in model.layers), default=0) / _UNITS_A_PATH
        self._fan_seconds: float | None = None
        self._snapshots: dict[int, _Snapshot] = {}
        self._stride = 1
        self._spent = 0.0
        self._began = clock()

    def __call__(self, epoch: int, best: int, model: Any) -> None:
        """Record an epoch, unless recording has taken its share of the time, and tell the listener."""
        now = self._clock()
        if self._spent > FREE_SECONDS and self._spent > SHARE * (now - self._began):
            return
        self._add(epoch, best, model, room=max(FREE_SECONDS, SHARE * (now - self._began)) - self._spent)
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
            self._snapshots[kept] = self._snapshot(model, room=0.0)
        return self._learning(sorted(self._snapshots), history, kept)

    def _add(self, epoch: int, best: int, model: Any, *, room: float) -> None:
        self._snapshots[epoch] = self._snapshot(model, room=room)
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
            observed=self._held_out.observed,
            starts=self._held_out.starts,
            forecasts=np.stack([snapshot.forecasts for snapshot in chosen]),
            gates={name: np.stack([snapshot.gates[name] for snapshot in chosen]) for name in chosen[0].gates},
            layer=self._layer,
            window=self._window,
            warm=self._warm,
            ids=self._held_out.ids,
            borders=self._held_out.borders,
            unfollowed=self._unfollowed,
            draws=self._draws,
            bands=np.stack([snapshot.band for snapshot in chosen]),
        )

    def _snapshot(self, model: Any, *, room: float) -> _Snapshot:
        """Forecast, and draw a fan where it takes no more than so many seconds."""
        # An untrained network of logarithms may leave the range of numbers; that is then what it forecasts.
        with np.errstate(all="ignore"):
            if self._unfollowed:
                return self._called(model)
            began = self._clock()
            run = FreeRun(model)
            forecasts = self._ahead(run, 1)[:, 0]
            likely = self._times * (self._clock() - began) if self._fan_seconds is None else self._fan_seconds
            band = np.full((2, *forecasts.shape), np.nan, np.float32)
            if self._draws and likely <= room:
                began = self._clock()
                paths = self._ahead(FreeRun(model, PATHS), PATHS)
                band[:] = np.quantile(paths, _EDGES, axis=1)
                self._fan_seconds = self._clock() - began
        signals = run.first.signals[: self._dataset.lookback][-len(self._window) :]
        gates = {
            name: np.stack([row[name][-1, :_UNITS] for row in signals]).astype(np.float16)
            for name in GATES[run.first.kind]
        }
        return _Snapshot(forecasts, gates, band)

    def _ahead(self, run: FreeRun, paths: int) -> NDArray[np.float32]:
        """Forecast all steps, (origins, paths, horizon) in the target's unit."""
        origins, horizon = self._origins, self._held_out.horizon
        growing = GrowingPaths(self._dataset.encoder, origins, np.zeros((len(origins), paths, horizon)))
        output = run.encode(origins.windows)
        for step in range(horizon - 1):
            output = run.step(growing.append(step, output.astype(np.float32)))
        growing.add(horizon - 1, output.astype(np.float32))
        return growing.simulated.astype(np.float32)

    def _called(self, model: Any) -> _Snapshot:
        """Forecast each held-out row by a call of the network itself."""
        origins = self._origins
        with states_kept(recurrent_layers(model).values()):
            if origins.lengths is None or not origins.masked:
                output = model(origins.windows, training=False)
            else:
                output = padded_output(model, origins.windows, origins.lengths)
        growing = GrowingPaths(self._dataset.encoder, origins, np.zeros((len(origins), 1, 1)))
        growing.add(0, np.asarray(output)[:, 0].astype(np.float32))
        forecasts = growing.simulated[:, 0].astype(np.float32)
        return _Snapshot(forecasts, {}, np.full((2, *forecasts.shape), np.nan, np.float32))
