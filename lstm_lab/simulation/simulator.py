"""Monte Carlo roll-outs: many simulated futures of a series, all in one batch.

A step is: the network forecasts the next standardised target, noise is added, the encoder turns it into a value in the
original unit, and the features are computed again on the path that now ends with that value. So a simulated price
moves its own Bollinger position. A state roll-out is one compiled loop over the horizon, a window roll-out one compiled
call a step; the features are NumPy on all paths at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from lstm_lab.errors import ForecastError
from lstm_lab.models.backend import on_gpu
from lstm_lab.simulation.network import Network
from lstm_lab.simulation.shared_networks import SharedNetwork

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from lstm_lab.data.encoding.encoder import Encoder
    from lstm_lab.data.windows.origins import Origins
    from lstm_lab.simulation.host_calls import Append
    from lstm_lab.simulation.residuals import Residuals

__all__ = ["CHUNK", "GrowingPaths", "Rollout", "SimulationSettings", "Simulator"]

CHUNK = 50
"""Paths drawn together. A path follows from the seed, its chunk and its number there: more paths keep the first."""

Rollout: TypeAlias = Literal["window", "state"]

_ELEMENTS = 50_000_000
"""Values that a batch may hold in its largest layer (200 MB); more paths than that allows are simulated in turn."""

_PRODUCTS = 8_000_000_000
"""Multiplications of a call, about 0.2 s of one core: enough for the speed of large matrices, few enough for Stop."""

_GPU_PRODUCTS = 160_000_000_000
"""Those of a call on a GPU: on an H200, 200 paths of a call took 1.1 times as long as 50, and 1,000 in four calls five
times."""


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
        """The network operation by operation; what is run is the compiled copy of its architecture.

        Raises
        ------
        ForecastError
            The model holds dropout whose masks cannot be replaced.
        """
        return Network(self.model)

    @cached_property
    def _shared(self) -> SharedNetwork:
        return SharedNetwork(self.network)

    def is_compiled(self, rollout: Rollout) -> bool:
        """Return whether the next roll-out need not wait for TensorFlow to compile it first."""
        return self._shared.is_compiled(rollout)

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
        """Simulate `CHUNK` futures from every origin, (origins, CHUNK, horizon): `chunks` of one number."""
        return self.chunks(origins, horizon, settings, range(number, number + 1))

    def batches(self, origins: Origins, horizon: int, settings: SimulationSettings, chunks: int) -> list[range]:
        """Divide so many chunks of paths into calls of `chunks`, between which Stop and progress have their turn.

        By size alone and never by the clock: where the last bits of a matrix product depend on its rows, the same seed
        still gives the same paths on the same machine.
        """
        lookback = origins.windows.shape[1]
        steps = lookback + horizon if settings.rollout == "state" else lookback * horizon
        work = len(origins) * self._draws(settings) * steps * self.network.weights
        products = _GPU_PRODUCTS if on_gpu() else _PRODUCTS
        most = max(1, min(products // work, self._chunks_in_memory(lookback, settings) // len(origins)))
        return [range(part[0], part[-1] + 1) for part in np.array_split(np.arange(chunks), -(-chunks // most))]

    def chunks(
        self, origins: Origins, horizon: int, settings: SimulationSettings, numbers: range
    ) -> NDArray[np.float64]:
        """Simulate some chunks of `CHUNK` futures from every origin, as many at a time as memory allows.

        Parameters
        ----------
        origins
            Where the futures start.
        horizon
            Steps to simulate.
        settings
            How.
        numbers
            Which chunks; every number gives other paths, and the same ones whatever other numbers are drawn with it
            (up to the last bits of float32, where the machine's matrix products depend on their rows).

        Returns
        -------
        ndarray
            (origins, len(numbers) * CHUNK, horizon) in the target's own unit.

        Raises
        ------
        ForecastError
            A path left the range of numbers.
        """
        most = self._chunks_in_memory(origins.windows.shape[1], settings)
        together = min(most, len(numbers))
        block = most // together
        parts = [
            [
                self._block(origins[first : first + block], horizon, settings, numbers[start : start + together])
                for first in range(0, len(origins), block)
            ]
            for start in range(0, len(numbers), together)
        ]
        paths = np.concatenate([np.concatenate(part) for part in parts], axis=1)
        if not np.isfinite(paths).all():
            step = int(np.argmax(~np.isfinite(paths).all(axis=(0, 1)))) + 1
            raise ForecastError(
                f"simulated values must stay finite, but a path left the range of numbers at step {step};"
                " shorten the horizon, or train with another transform or longer"
            )
        return paths

    def _draws(self, settings: SimulationSettings) -> int:
        """Count the different paths of a chunk: without dropout or noise there is one future."""
        return 1 if settings.residuals is None and not self.network.stochastic else CHUNK

    def _chunks_in_memory(self, lookback: int, settings: SimulationSettings) -> int:
        """Count how many chunks of one origin are simulated together, at most."""
        return max(1, _ELEMENTS // (self._draws(settings) * self.network.largest_output(lookback)))

    def _block(
        self, origins: Origins, horizon: int, settings: SimulationSettings, numbers: range
    ) -> NDArray[np.float64]:
        """Simulate some chunks from each of some origins, (origins, len(numbers) * CHUNK, horizon)."""
        draws = self._draws(settings)
        if draws == 1:  # its copies are identical to the last bit
            paths = self._paths(origins, horizon, settings, numbers[:1], 1)
            return np.repeat(paths, len(numbers) * CHUNK, axis=1)
        return self._paths(origins, horizon, settings, numbers, draws)

    def _paths(
        self, origins: Origins, horizon: int, settings: SimulationSettings, numbers: range, draws: int
    ) -> NDArray[np.float64]:
        """Simulate chunks of `draws` futures, (origins, len(numbers) * draws, horizon)."""
        seeds = [np.random.SeedSequence([settings.seed, number]).generate_state(2 * horizon) for number in numbers]
        by_step = np.stack(seeds).view(np.int32).reshape(len(numbers), horizon, 2)
        growing = GrowingPaths(self.encoder, origins, _noise(origins, horizon, settings, numbers, draws))
        fresh = settings.dropout_masks == "step"
        with self._shared.borrowed() as network:
            if settings.rollout == "state":
                lengths = origins.lengths if origins.masked else None
                output = network.carry(origins.windows, by_step, draws, growing.append, fresh=fresh, lengths=lengths)
            else:
                output = _slide(network, origins, by_step, draws, growing.append, fresh=fresh)
        growing.add(horizon - 1, output)
        return growing.simulated


def _noise(
    origins: Origins, horizon: int, settings: SimulationSettings, numbers: range, draws: int
) -> NDArray[np.float64]:
    """Draw the noise of some chunks, (origins, len(numbers) * draws, horizon), each from its own number."""
    if settings.residuals is None:
        return np.zeros((len(origins), len(numbers) * draws, horizon))
    draw = settings.residuals.draw
    drawn = [draw(origins.rows, draws, horizon, (settings.seed, number), origins.series) for number in numbers]
    return np.concatenate(drawn, axis=1)


class GrowingPaths:
    """Paths in the target's unit that grow by a value a step, and the input rows that follow from them."""

    def __init__(self, encoder: Encoder, origins: Origins, noise: NDArray[np.float64]) -> None:
        self._encoder = origins.encoder(encoder)
        self._known = origins.known
        self._noise = noise
        self._tail = origins.tails.shape[1]
        count, paths, horizon = noise.shape
        self._values = np.empty((count, paths, self._tail + horizon))
        self._values[..., : self._tail] = origins.tails[:, None]

    @property
    def simulated(self) -> NDArray[np.float64]:
        """The simulated values, (origins, paths, horizon)."""
        return self._values[..., self._tail :]

    # A path that left the range of floats is infinite from there on: the forecast refuses it in words of its own.
    @np.errstate(over="ignore", invalid="ignore")
    def add(self, step: int, output: NDArray[np.float32]) -> None:
        """Append the value that a standardised forecast, (rows,), and the step's noise give."""
        noise = self._noise[..., step]
        forecast = output.astype(np.float64).reshape(noise.shape) + noise
        tail = self._values[..., step : self._tail + step]
        self._values[..., self._tail + step] = self._encoder.decode(forecast, tail)

    @np.errstate(over="ignore", invalid="ignore")
    def append(self, step: int, output: NDArray[np.float32]) -> NDArray[np.float32]:
        """Append a value, and compute the newest input row of every path, (rows, columns)."""
        self.add(step, output)
        newest = self._values[..., step + 1 : self._tail + step + 1]
        row = self._encoder.encode_step(newest, self._known[:, None, step])
        return row.reshape(-1, row.shape[-1])


def _slide(
    network: Network, origins: Origins, seeds: NDArray[np.int32], draws: int, append: Append, *, fresh: bool
) -> NDArray[np.float32]:
    """Encode the window anew at each step, with the newest row behind it; return the last step's forecast, (rows,)."""
    windows = _SlidingWindows(origins, seeds.shape[0] * draws, seeds.shape[1])
    encoded = network.encode(
        origins.windows, seeds[:, 0], draws, shared=True, fresh=fresh, lengths=windows.known_lengths(0, 1)
    )
    for step in range(1, seeds.shape[1]):
        moved = windows.moved(step, append(step - 1, np.asarray(encoded.output)))
        encoded = network.encode(
            moved,
            seeds[:, step],
            draws,
            shared=False,
            fresh=fresh,
            masks=None if fresh else encoded.masks,
            lengths=windows.known_lengths(step, windows.paths),
        )
    return np.asarray(encoded.output)


class _SlidingWindows:
    """The window of every path, moved on by a row a step."""

    def __init__(self, origins: Origins, paths: int, horizon: int) -> None:
        self.paths = paths
        self._lengths = origins.lengths
        self._masked = origins.masked
        count, self._lookback, columns = origins.windows.shape
        self._rows = np.zeros((count * paths, self._lookback + horizon - 1, columns), np.float32)
        self._rows[:, : self._lookback] = np.repeat(origins.windows, paths, axis=0)

    def moved(self, step: int, row: NDArray[np.float32]) -> NDArray[np.float32]:
        """Append the row of a step, from 1, to every path's window and drop the oldest, (rows, lookback, columns)."""
        if self._lengths is not None:
            return self._grown(step, row, self._lengths)
        self._rows[:, self._lookback + step - 1] = row
        return self._rows[:, step : step + self._lookback]

    def known_lengths(self, step: int, copies: int) -> NDArray[np.int64] | None:
        """Return the real steps of each path's window as the network is told them, by now."""
        if self._lengths is None or not self._masked:
            return None
        return np.repeat(np.minimum(self._lengths + step, self._lookback), copies)

    def _grown(self, step: int, row: NDArray[np.float32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Append a row behind every path's last real step; the oldest leaves once a window is whole."""
        starts = np.repeat(lengths, self.paths)
        paths = np.arange(len(row))
        self._rows[paths, starts + step - 1] = row
        first = np.maximum(starts + step - self._lookback, 0)
        return np.asarray(self._rows[paths[:, None], first[:, None] + np.arange(self._lookback)])
