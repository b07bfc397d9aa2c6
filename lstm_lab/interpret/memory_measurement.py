"""Measures networks one after another: how far back the gradient reaches, over how many steps a value is recalled."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.errors import TraceError
from lstm_lab.events import Progress, WorkPlan
from lstm_lab.interpret.attribution import AttributionInput, connectivity, gradients
from lstm_lab.interpret.recall_task import BATCH, SUCCESS, Learner, build, explained_variance, sequences

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

    from lstm_lab.events import ProgressListener
    from lstm_lab.interpret.recall_task import Variant

__all__ = ["FAINT", "MemoryMeasurement", "TrainingSequences", "training_sequences"]

_WINDOWS = 64
"""Sequences over which the gradient's norm is averaged."""
_FLOW_STEPS = 100
"""Length of the sequences on which the gradient is looked at, where no data are given."""
FAINT = 0.01
"""Share of its largest above which a gradient counts as felt."""
_TOLD_EVERY = 20
"""Updates after which it is told again how far the work is."""
_BUILDING = 1.0
"""Seconds that a network takes before its first update."""
_COST_SECONDS = 1.3e-4
"""Seconds of a step of an update, see `_cost`: 3 ms for 10 steps and 18 ms for 100 of an LSTM, on two cores."""
_PRODUCTS_PER_SECOND = 6e10
"""Floating-point operations of large networks; small ones take the time of their steps instead."""
_TRIAL = 512
"""Fresh sequences on which recall is judged."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSequences:
    """What the networks read while gradients are looked at."""

    x: np.ndarray
    y: np.ndarray
    label: str

    def batches(self, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Draw training batches for ever."""
        while True:
            selection = rng.integers(0, len(self.x), BATCH)
            yield self.x[selection], self.y[selection]


def training_sequences(x: np.ndarray | None, y: np.ndarray | None, seed: int) -> TrainingSequences:
    """Return windows and their targets, or sequences of the recall task where there are none."""
    if x is None or y is None:
        task = sequences(_FLOW_STEPS, 4096, np.random.default_rng(seed))
        return TrainingSequences(*task, f"{_FLOW_STEPS} steps of noise after the value to recall")
    if x.ndim != 3 or y.shape != (len(x),):
        raise TraceError(f"memory takes x (windows, time, features) and y (windows,), got {x.shape} and {y.shape}")
    return TrainingSequences(x.astype(np.float32), y.astype(np.float32), f"windows of {x.shape[1]} steps")


class MemoryMeasurement:
    """Does the measuring and keeps what is done, so that a halt loses nothing."""

    def __init__(
        self,
        *,
        units: int,
        updates: int,
        seed: int,
        listener: ProgressListener | None,
        stop: threading.Event | None,
    ) -> None:
        self.units, self.updates, self.seed = units, updates, seed
        self.listener, self.stop = listener, stop
        self.partial: Callable[[], Any] = lambda: None
        """Gives the result so far."""
        self.done = self.total = 0
        self._spent = self._cost = 0.0
        self.flows: list[pd.DataFrame] = []
        self.recalled: list[dict[str, Any]] = []

    def halted(self) -> bool:
        """Whether a stop was requested."""
        return self.stop is not None and self.stop.is_set()

    def plan(self, shape: Sequence[int], variants: int, recalls: Sequence[int], seeds: int = 1) -> None:
        """Plan the measurement: `variants` networks on sequences of (steps, features), one more at each distance."""
        steps, features = shape
        lengths = [steps] * variants + [recall + 1 for recall in recalls for _ in range((variants + 1) * seeds)]
        self.total = len(lengths)
        self._cost = float(sum(_cost(length) for length in lengths))
        if self.listener is not None:
            products = 24.0 * BATCH * self.units * (self.units + features) * sum(lengths)
            update = _COST_SECONDS * self._cost + products / _PRODUCTS_PER_SECOND
            self.listener.on_work(WorkPlan("measuring", self.total, _BUILDING * self.total + self.updates * update))

    def _tell(self, label: str, share: float) -> None:
        if self.listener is not None:
            self.listener.on_progress(Progress(label, self.done, self.total, share))

    def _show(self, line: str) -> None:
        if self.listener is not None:
            self.listener.on_partial(self.partial(), line)

    def flow(self) -> pd.DataFrame:
        """Return all gradients by distance that were measured, a row per network, state and distance."""
        if not self.flows:
            return pd.DataFrame(columns=["network", "cell", "forget_bias", "state", "distance", "norm", "relative"])
        return pd.concat(self.flows, ignore_index=True)

    def measure(self, data: TrainingSequences, variants: Sequence[Variant], model: Any | None) -> None:
        """Look at gradients before and after training; all the untrained ones first, for they cost next to nothing."""
        steps, features = data.x.shape[1:]
        networks = [build(variant, steps, features, self.units, self.seed) for variant in variants]
        if model is not None:
            self._look(model, "this network", None, "trained", data)
        for variant, network in zip(variants, networks, strict=True):
            self._look(network, variant.label, variant, "initial", data)
        self._show("")
        for variant, network in zip(variants, networks, strict=True):
            batches = data.batches(np.random.default_rng(self.seed))
            if self._train(Learner(network), batches, f"gradients: {variant.label}", steps) is None:
                return
            self._look(network, variant.label, variant, "trained", data)
            flow = self.flows[-1]
            felt = flow.loc[flow["relative"] >= FAINT, "distance"].max()
            self._show(f"{variant.label}: gradient above 1 % for {felt} steps after training")

    def examine(self, variants: Sequence[Variant], distances: Sequence[int], seeds: int = 1) -> None:
        """Train every variant to recall at every distance with each seed, the short distances first."""
        for steps in distances:
            learners = {variant: Learner(build(variant, steps + 1, 2, self.units, self.seed)) for variant in variants}
            for seed in range(self.seed, self.seed + seeds):
                trial = sequences(steps, _TRIAL, np.random.default_rng(seed + 1))
                for variant, learner in learners.items():
                    self._recall(variant, learner, steps, seed, trial)

    def _recall(
        self, variant: Variant, learner: Learner, steps: int, seed: int, trial: tuple[np.ndarray, np.ndarray]
    ) -> None:
        started = time.perf_counter()
        learner.begin(build(variant, steps + 1, 2, self.units, seed).get_weights())
        rng = np.random.default_rng(seed)
        batches = iter(lambda: sequences(steps, BATCH, rng), None)
        updates = self._train(learner, batches, f"recall over {steps} steps: {variant.label}", steps + 1, trial)
        if updates is None:
            return
        explained = explained_variance(learner.model, *trial)
        described = {"network": variant.label, "cell": variant.cell, "forget_bias": variant.forget_bias}
        row = {**described, "steps": steps, "seed": seed}
        seconds = time.perf_counter() - started
        scores = {"explained": explained, "success": explained >= SUCCESS, "updates": updates, "seconds": seconds}
        self.recalled.append({**row, **scores})
        self._show(f"{variant.label}: {math.floor(100 * max(explained, 0.0))}% recalled over {steps} steps")

    def _train(
        self,
        learner: Learner,
        batches: Any,
        label: str,
        length: int,
        trial: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> int | None:
        """Train on sequences of a length to the end, or to success on the trial; None if it was halted on the way."""
        if self.halted():
            return None
        good = None if trial is None else (lambda: explained_variance(learner.model, *trial) >= SUCCESS)
        updates = 0
        for updates in learner.learn(batches, self.updates, good):
            if self.halted():
                return None
            if updates % _TOLD_EVERY == 0:
                self._tell(label, (self._spent + _cost(length) * updates / self.updates) / self._cost)
        self.done += 1
        self._spent += _cost(length)
        self._tell(label, self._spent / self._cost)
        return updates

    def _look(self, network: Any, label: str, variant: Variant | None, state: str, data: TrainingSequences) -> None:
        """Measure the gradient's norm at each distance."""
        x = data.x[:: max(1, len(data.x) // _WINDOWS)][:_WINDOWS]
        question = AttributionInput(network, x, np.ones(x.shape[:2], bool), np.ones(x.shape[2]), 1.0)
        gradient = connectivity(question, gradients(question)).gradient
        norm = np.sqrt((gradient**2).sum(axis=2).mean(axis=0))[::-1]
        columns = {
            "network": label,
            "cell": None if variant is None else variant.cell,
            "forget_bias": None if variant is None else variant.forget_bias,
            "state": state,
            "distance": np.arange(len(norm)),
            "norm": norm,
            "relative": norm / max(float(norm.max()), np.finfo(float).tiny),
        }
        self.flows.append(pd.DataFrame(columns))


def _cost(length: int) -> float:
    """Estimate how long an update with sequences of a length takes, in the unit of one step."""
    return length + 20.0
