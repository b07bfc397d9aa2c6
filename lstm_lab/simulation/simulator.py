"""Monte Carlo roll-outs: many simulated futures of a series, all in one batch.

A step is: the network forecasts the next standardised target, noise is added, the encoder turns it into a value in the
original unit, and the features are computed again on the path that now ends with that value. So a simulated price
moves its own Bollinger position. The network is one compiled call a step; the features are NumPy on all paths at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from lstm_lab.errors import ForecastError
from lstm_lab.simulation.network import Network

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from lstm_lab.data.encoder import Encoder
    from lstm_lab.data.origins import Origins
    from lstm_lab.simulation.network import Encoded
    from lstm_lab.simulation.residuals import Residuals

__all__ = ["CHUNK", "Rollout", "SimulationSettings", "Simulator"]

CHUNK = 50
"""Paths drawn together. A path follows from the seed, its chunk and its number there: more paths keep the first."""

Rollout: TypeAlias = Literal["window", "state"]

_ELEMENTS = 50_000_000
"""Values that a batch may hold in its largest layer (200 MB); more origins than that allows are simulated in turn."""


@dataclass(frozen=True)
class SimulationSettings:
    """Settings of a simulation.

    Attributes
    ----------
    rollout
        ``window`` re-encodes the sliding window at each step; ``state`` encodes it once and carries the state.
    dropout_masks
        ``step`` draws fresh dropout masks at every pass; ``path`` keeps one for a path's whole trajectory.
    residuals
        What to add at each step before it is fed back; None for nothing.
    seed
        Same seed, same machine: same paths, bit for bit.
    """

    rollout: Rollout
    dropout_masks: Literal["path", "step"]
    residuals: Residuals | None
    seed: int


class Simulator:
    """Simulates futures with a trained network.

    Parameters
    ----------
    model
        Keras model, (batch, lookback, columns) -> (batch, 1) standardised target.
    encoder
        The encoder of the model's inputs.
    """

    def __init__(self, model: Any, encoder: Encoder) -> None:
        self.model = model
        self.encoder = encoder

    def __reduce__(self) -> tuple[type[Simulator], tuple[Any, Encoder]]:
        """Pickle and copy without what is compiled, which belongs to this process and is compiled again."""
        return Simulator, (self.model, self.encoder)

    @cached_property
    def network(self) -> Network:
        """The network operation by operation, compiled when it is first run.

        Raises
        ------
        ForecastError
            The model holds dropout whose masks cannot be replaced.
        """
        return Network(self.model)

    def allowed(self, rollout: Literal["auto", "window", "state"], preferred: Rollout) -> Rollout:
        """Choose the roll-out, and refuse ``state`` for a stack that cannot carry one.

        Raises
        ------
        ForecastError
            A layer needs the whole window at each step.
        """
        blocker = self.network.stateless_layer()
        if rollout == "state" and blocker is not None:
            raise ForecastError(
                f"rollout 'state' carries the state from step to step, but layer {blocker!r} needs the whole window;"
                " use rollout='window'"
            )
        if rollout == "auto":
            return "window" if blocker is not None else preferred
        return rollout

    def chunk(
        self, origins: Origins, horizon: int, settings: SimulationSettings, number: int = 0
    ) -> NDArray[np.float64]:
        """Simulate `CHUNK` futures from every origin.

        Parameters
        ----------
        origins
            Where the futures start.
        horizon
            Steps to simulate.
        settings
            How.
        number
            Which chunk; every number gives other paths.

        Returns
        -------
        ndarray
            (origins, CHUNK, horizon) in the target's own unit.

        Raises
        ------
        ForecastError
            A path left the range of numbers.
        """
        # Without dropout or noise there is one future: simulated once, its copies are identical to the last bit.
        one_future = settings.residuals is None and not self.network.stochastic
        draws = 1 if one_future else CHUNK
        per_origin = draws * self.network.largest_output(origins.windows.shape[1])
        block = max(1, _ELEMENTS // per_origin)
        parts = [
            self._block(origins[start : start + block], horizon, settings, number, draws)
            for start in range(0, len(origins), block)
        ]
        paths = np.repeat(np.concatenate(parts), CHUNK // draws, axis=1)
        if not np.isfinite(paths).all():
            step = int(np.argmax(~np.isfinite(paths).all(axis=(0, 1)))) + 1
            raise ForecastError(
                f"simulated values must stay finite, but a path left the range of numbers at step {step};"
                " shorten the horizon, or train with another transform or longer"
            )
        return paths

    def _block(
        self, origins: Origins, horizon: int, settings: SimulationSettings, number: int, draws: int
    ) -> NDArray[np.float64]:
        """Simulate `draws` futures from each of some origins, (origins, draws, horizon)."""
        count, tail = len(origins), origins.tails.shape[1]
        encoder = origins.encoder(self.encoder)
        values = np.empty((count, draws, tail + horizon))
        values[..., :tail] = origins.tails[:, None]
        noise = np.zeros((count, draws, horizon))
        if settings.residuals is not None:
            noise = settings.residuals.draw(origins.rows, draws, horizon, (settings.seed, number), origins.series)
        roll_out = _RollOut(self.network, origins, horizon, settings, number, draws=draws)
        for step in range(horizon):
            forecast = roll_out.forecast().reshape(count, draws) + noise[..., step]
            values[..., tail + step] = encoder.decode(forecast, values[..., step : tail + step])
            if step + 1 < horizon:
                newest = values[..., step + 1 : tail + step + 1]
                roll_out.advance(encoder.encode_step(newest, origins.known[:, None, step]))
        return values[..., tail:]


class _RollOut:
    """The network's part of a roll-out: forecast the next step, then append one row to every path."""

    def __init__(
        self, network: Network, origins: Origins, horizon: int, settings: SimulationSettings, number: int, *, draws: int
    ) -> None:
        self._network = network
        self._draws = draws
        self._carry = settings.rollout == "state"
        self._keep = settings.dropout_masks == "path"
        self._seeds = np.random.SeedSequence([settings.seed, number]).generate_state(2 * horizon).view(np.int32)
        self._step = 0
        self._lookback = origins.windows.shape[1]
        self._rows: NDArray[np.float32] | None = None
        self._first = origins.windows
        self._lengths = origins.lengths
        self._masked = origins.masked
        self._horizon = horizon
        self._encoded: Encoded = network.encode(
            origins.windows, self._seed(), draws, copies=draws, fresh=not self._keep, lengths=self._known_lengths(1)
        )

    def forecast(self) -> NDArray[np.float64]:
        """Return the standardised forecast of the next step, (rows,)."""
        return np.asarray(self._encoded.output, dtype=np.float64)

    def advance(self, newest: NDArray[np.float32]) -> None:
        """Append the newest input row of every path, (origins, draws, columns)."""
        self._step += 1
        row = newest.reshape(-1, newest.shape[-1])
        masks = self._encoded.masks if self._keep else None
        if self._carry:
            self._encoded = self._network.step(row, self._encoded.states, self._seed(), self._draws, masks=masks)
        else:
            self._encoded = self._network.encode(
                self._slide(row) if self._lengths is None else self._grow(row, self._lengths),
                self._seed(),
                self._draws,
                copies=1,
                fresh=not self._keep,
                masks=masks,
                lengths=self._known_lengths(self._draws),
            )

    def _seed(self) -> NDArray[np.int32]:
        return self._seeds[2 * self._step : 2 * self._step + 2]

    def _known_lengths(self, copies: int) -> NDArray[np.int64] | None:
        """Return the real steps of each path's window as the network is told them, by now."""
        if self._lengths is None or not self._masked:
            return None
        return np.repeat(np.minimum(self._lengths + self._step, self._lookback), copies)

    def _grow(self, row: NDArray[np.float32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Append a row behind every path's last real step; the oldest leaves once a window is whole."""
        starts = np.repeat(lengths, self._draws)
        if self._rows is None:
            shape = (len(row), self._lookback + self._horizon, row.shape[-1])
            self._rows = np.zeros(shape, np.float32)
            self._rows[:, : self._lookback] = np.repeat(self._first, self._draws, axis=0)
        paths = np.arange(len(row))
        self._rows[paths, starts + self._step - 1] = row
        first = np.maximum(starts + self._step - self._lookback, 0)
        return np.asarray(self._rows[paths[:, None], first[:, None] + np.arange(self._lookback)])

    def _slide(self, row: NDArray[np.float32]) -> NDArray[np.float32]:
        """Append a row to every path's window and drop the oldest, (rows, lookback, columns)."""
        if self._rows is None:
            self._rows = np.empty((len(row), self._lookback + self._horizon, row.shape[-1]), np.float32)
            self._rows[:, : self._lookback] = np.repeat(self._first, self._draws, axis=0)
        self._rows[:, self._lookback + self._step - 1] = row
        return self._rows[:, self._step : self._step + self._lookback]
