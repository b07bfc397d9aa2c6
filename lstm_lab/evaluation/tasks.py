"""Tasks of a worker process: simulate from some origins with a trained network, or sample a baseline.

Each task holds plain data alone and gives (origins, paths, horizon) arrays. Origins are cut into blocks of one size,
whatever the executor, for TensorFlow's last bits depend on the shape of a batch.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lstm_lab.data.windows.origins import Origins
from lstm_lab.execution.parallel import check_stop
from lstm_lab.forecasting.baselines import baseline
from lstm_lab.models.serialize import unpack
from lstm_lab.simulation.simulator import Simulator

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lstm_lab.data.encoding.encoder import Encoder
    from lstm_lab.models.serialize import PackedModel
    from lstm_lab.simulation.simulator import SimulationSettings

__all__ = ["BLOCK", "BaselineTask", "SampledPaths", "SimulationTask", "blocks", "keep", "simulate_all"]

BLOCK = 12
"""Origins of one task."""
_CACHED = 4
"""Networks that a process keeps alive between tasks."""


@dataclass(frozen=True, eq=False)
class SampledPaths:
    """Simulated futures from some origins."""

    paths: NDArray[np.float64]
    """(origins, paths, horizon) in the target's unit."""
    seconds: float
    """Seconds of the process that computed it."""


def blocks(count: int) -> Iterator[slice]:
    """Cut origins into blocks.

    >>> list(blocks(14))
    [slice(0, 12, None), slice(12, 14, None)]
    """
    for start in range(0, count, BLOCK):
        yield slice(start, min(start + BLOCK, count))


@dataclass(frozen=True, eq=False)
class SimulationTask:
    """Simulates futures with a trained network; the origins hold all that it knows of the series."""

    name: str
    model: PackedModel
    encoder: Encoder
    origins: Origins
    horizon: int
    settings: SimulationSettings
    chunks: int

    def __call__(self, stop: threading.Event | None = None) -> SampledPaths:
        """Simulate a full block; where there are fewer origins, the last is simulated again and left out."""
        started = time.perf_counter()
        simulator = _simulator(self.model, self.encoder)
        paths = _simulate(simulator, self.origins, self.horizon, self.settings, chunks=self.chunks, stop=stop)
        return SampledPaths(paths, time.perf_counter() - started)


@dataclass(frozen=True, eq=False)
class BaselineTask:
    """Samples futures with a baseline, each from the values before its origin alone."""

    cost: ClassVar[float] = 0.05
    """Relative to a training or a block of simulations; ETS and ARIMA, which are fitted at every origin, cost more."""

    name: str
    baseline: str
    values: NDArray[np.float64]
    """(rows,) the target up to the newest origin."""
    rows: NDArray[np.int64]
    """(origins,) row of each first forecast step."""
    horizon: int
    paths: int
    season: int
    seed: int

    def __call__(self, stop: threading.Event | None = None) -> SampledPaths:
        """Sample from every origin, each with random numbers of its own."""
        started = time.perf_counter()
        draw = baseline(self.baseline).draw
        sampled = []
        for row in self.rows:
            check_stop(stop)
            rng = np.random.default_rng([self.seed, int(row)])
            sampled.append(draw(self.values[:row], self.horizon, paths=self.paths, rng=rng, season=self.season))
        return SampledPaths(np.stack(sampled), time.perf_counter() - started)


def _simulate(
    simulator: Simulator,
    origins: Origins,
    horizon: int,
    settings: SimulationSettings,
    *,
    chunks: int,
    stop: threading.Event | None,
) -> NDArray[np.float64]:
    """Simulate from one block of origins, (origins, chunks * CHUNK, horizon)."""
    full = _filled(origins)
    parts = []
    for numbers in simulator.batches(full, horizon, settings, chunks):
        check_stop(stop)
        parts.append(simulator.chunks(full, horizon, settings, numbers))
    return np.concatenate(parts, axis=1)[: len(origins)]


def simulate_all(
    simulator: Simulator,
    origins: Origins,
    horizon: int,
    settings: SimulationSettings,
    *,
    chunks: int,
    stop: threading.Event | None = None,
) -> NDArray[np.float64]:
    """Simulate from any number of origins, block by block."""
    return np.concatenate(
        [
            _simulate(simulator, origins[part], horizon, settings, chunks=chunks, stop=stop)
            for part in blocks(len(origins))
        ]
    )


def _filled(origins: Origins) -> Origins:
    """Repeat the last origin up to a full block, so that every batch has one shape."""
    repeated = np.minimum(np.arange(BLOCK), len(origins) - 1)
    return Origins(origins.windows[repeated], origins.tails[repeated], origins.known[repeated], origins.rows[repeated])


_simulators: OrderedDict[str, Simulator] = OrderedDict()


def _key(model: PackedModel, encoder: Encoder) -> str:
    return model.digest + json.dumps(encoder.to_json(), sort_keys=True)


def keep(model: PackedModel, encoder: Encoder, simulator: Simulator) -> None:
    """Cache a network's simulator, so that tasks in this process need not build it again."""
    _simulators[_key(model, encoder)] = simulator
    while len(_simulators) > _CACHED:
        _simulators.popitem(last=False)


def _simulator(model: PackedModel, encoder: Encoder) -> Simulator:
    """Return the network's simulator from this process's cache, or build it."""
    key = _key(model, encoder)
    if key not in _simulators:
        keep(model, encoder, Simulator(unpack(model), encoder))
    _simulators.move_to_end(key)
    return _simulators[key]
