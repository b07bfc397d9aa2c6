"""How far into the past a recurrent network can look: gradients by distance, and a task that needs them.

What a network cannot feel it cannot learn. The gradient of its output by an input k steps ago is a product of k
Jacobians and shrinks, or grows, about geometrically with k (Hochreiter 1991; Bengio, Simard and Frasconi 1994); an
LSTM's cell multiplies by its forget gate instead, which training and the initial forget bias can hold near 1 (Gers,
Schmidhuber and Cummins 2000; Jozefowicz, Zaremba and Sutskever 2015).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.errors import TraceError
from lstm_lab.events import Progress
from lstm_lab.nn.influence import Question, connectivity, gradients
from lstm_lab.nn.recall import BATCH, SUCCESS, VARIANTS, Variant, build, explained_variance, learn, sequences
from lstm_lab.showing import Shown, Summary

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

    from lstm_lab.events import EndReason, ProgressListener

__all__ = ["RECALL_STEPS", "Memory", "memory"]

RECALL_STEPS = (10, 20, 50, 100, 200)
_WINDOWS = 64
"""Sequences over which the gradient's norm is averaged."""
_FLOW_STEPS = 100
"""Length of the sequences on which the gradient is looked at, where no data are given."""
_TRIAL = 512
"""Fresh sequences on which recall is judged."""
_FAINT = 0.01


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Memory(Shown):
    """How far cells of equal size feel and recall the past."""

    flow: pd.DataFrame
    """A row per network, state and distance: network, cell, forget_bias, state (initial or trained), distance, norm
    (root mean square over windows of the L2 norm of ∂ŷ/∂x over the inputs) and relative (norm by its largest)."""
    recall: pd.DataFrame
    """A row per cell and distance: network, cell, forget_bias, steps, explained (share of variance), success, updates,
    seconds. Empty if it was not asked for."""
    units: int
    updates: int
    """Gradient steps each network was given, at most."""
    data: str
    """What the networks read."""
    reason: EndReason = "finished"

    @property
    def frame(self) -> pd.DataFrame:
        """Give the gradient's norm by distance, a column per network and state."""
        return self.flow.pivot_table(index="distance", columns=["network", "state"], values="norm", sort=False)

    @property
    def reach(self) -> pd.DataFrame:
        """Give the farthest distance at which the norm is still 1 % of its largest, a row per network."""
        felt = self.flow[self.flow["relative"] >= _FAINT]
        farthest = felt.pivot_table(index="network", columns="state", values="distance", aggfunc="max", sort=False)
        return farthest.reindex(columns=["initial", "trained"])

    @property
    def table(self) -> pd.DataFrame:
        """Give the recall table: networks by distance, the share of variance explained."""
        return self.recall.pivot_table(index="network", columns="steps", values="explained", sort=False)

    def describe(self) -> str:
        """Say in a few sentences how far each network feels and recalls, all of it from the numbers."""
        sentences = [f"Networks of one layer of {self.units} units read {self.data}."]
        parts = []
        for network, row in self.reach.iterrows():
            states = [f"{row[state]:.0f} steps {when}" for state, when in _WHEN if np.isfinite(row[state])]
            parts.append(f"{network} {' and '.join(states)}")
        if parts:
            sentences.append(f"The gradient stays above 1 % of its largest for: {'; '.join(parts)}.")
        if len(self.recall):
            sentences.append(self._recalled())
        if self.reason != "finished":
            sentences.append("It was stopped before its end; what is missing was not measured.")
        return " ".join(sentences)

    def _recalled(self) -> str:
        parts = []
        for network, rows in self.recall.groupby("network", sort=False):
            steps = [str(step) for step in rows.loc[rows["success"], "steps"]]
            parts.append(f"{network} over {', '.join(steps)} steps" if steps else f"{network} at no distance")
        return (
            f"A value seen once was recalled (at least {SUCCESS:.0%} of its variance explained on fresh sequences, "
            f"after at most {self.updates} updates) by: {'; '.join(parts)}."
        )

    def summary_table(self) -> Summary:
        """Give the reach of every network's gradient and what it recalled."""
        reach = [(str(name), _reach_line(row)) for name, row in self.reach.iterrows()]
        recalled = [
            (f"recall: {name}", _recall_line(rows)) for name, rows in self.recall.groupby("network", sort=False)
        ]
        return Summary(f"Memory of {self.units} units on {self.data}", (*reach, *recalled))

    def __repr__(self) -> str:
        return f"{self.describe()}\n\n{self.summary_table().text()}"


_WHEN = (("initial", "at initialisation"), ("trained", "after training"))


def _reach_line(row: pd.Series[float]) -> str:
    known = [f"{row[state]:.0f} steps {when}" for state, when in _WHEN if np.isfinite(row[state])]
    return f"gradient above 1 % for {', '.join(known)}"


def _recall_line(rows: pd.DataFrame) -> str:
    return ", ".join(f"{row.steps}: {row.explained:.0%}" for row in rows.itertuples())


def memory(
    x: np.ndarray | None = None,
    y: np.ndarray | None = None,
    *,
    model: Any | None = None,
    units: int = 16,
    recall: Sequence[int] = RECALL_STEPS,
    updates: int = 500,
    variants: Sequence[Variant] = VARIANTS,
    seed: int = 0,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
) -> Memory:
    """Compare how far RNN, GRU and LSTM of equal size feel and recall the past.

    Each network is one recurrent layer and a linear output. The gradient of its output by the input k steps ago is
    measured at initialisation and after training; then each learns to report a value seen once, N steps ago.

    Parameters
    ----------
    x, y
        Windows (windows, time, features) and what follows each (windows,), both standardised, to train on and to look
        at gradients over. Without them the recall task of 100 steps takes their place.
    model
        A trained network over windows like `x`, to be shown beside the others.
    units
        Of every network.
    recall
        Distances N at which a value is to be recalled; empty to leave the task out.
    updates
        Gradient steps with batches of 64, at most, for each network. With the defaults the whole takes about two
        minutes on two idle cores, most of it for N = 200.
    variants
        The networks; the recall task adds an LSTM with chrono initialisation to them.
    seed
        Same seed, same machine: same table.
    listener
        Hears how far it has come.
    stop
        Looked at before each update; what was measured by then is kept, as after an interrupt.

    Returns
    -------
    Memory
        Gradients by distance and the table of recall.

    Raises
    ------
    TraceError
        If x and y do not match.

    Examples
    --------
    >>> lab.memory(recall=[10, 50], updates=200).table  # doctest: +SKIP
    """
    data = _data(x, y, seed)
    total = len(variants) * (1 + len(recall)) + len(recall)
    work = _Work(units=units, updates=updates, seed=seed, listener=listener, stop=stop, total=total)
    reason: EndReason = "finished"
    try:
        work.measure(data, variants, model)
        work.examine((*variants, Variant("lstm", "chrono")), recall)
        reason = "stopped" if work.halted() else "finished"
    except KeyboardInterrupt:
        reason = "interrupted"
    recall_columns = ["network", "cell", "forget_bias", "steps", "explained", "success", "updates", "seconds"]
    table = pd.DataFrame(work.recalled, columns=recall_columns)
    return Memory(flow=work.flow(), recall=table, units=units, updates=updates, data=data.label, reason=reason)


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    """What the networks read while gradients are looked at."""

    x: np.ndarray
    y: np.ndarray
    label: str

    def batches(self, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Draw training batches for ever."""
        while True:
            which = rng.integers(0, len(self.x), BATCH)
            yield self.x[which], self.y[which]


def _data(x: np.ndarray | None, y: np.ndarray | None, seed: int) -> _Data:
    if x is None or y is None:
        made = sequences(_FLOW_STEPS, 4096, np.random.default_rng(seed))
        return _Data(*made, f"{_FLOW_STEPS} steps of noise after the value to recall")
    if x.ndim != 3 or y.shape != (len(x),):
        raise TraceError(f"memory takes x (windows, time, features) and y (windows,), got {x.shape} and {y.shape}")
    return _Data(x.astype(np.float32), y.astype(np.float32), f"windows of {x.shape[1]} steps")


class _Work:
    """Does the measuring and keeps what is done, so that a halt loses nothing."""

    def __init__(
        self,
        *,
        units: int,
        updates: int,
        seed: int,
        listener: ProgressListener | None,
        stop: threading.Event | None,
        total: int,
    ) -> None:
        self.units, self.updates, self.seed = units, updates, seed
        self.listener, self.stop, self.total = listener, stop, total
        self.done = 0
        self.flows: list[pd.DataFrame] = []
        self.recalled: list[dict[str, Any]] = []

    def halted(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    def flow(self) -> pd.DataFrame:
        if not self.flows:
            return pd.DataFrame(columns=["network", "cell", "forget_bias", "state", "distance", "norm", "relative"])
        return pd.concat(self.flows, ignore_index=True)

    def measure(self, data: _Data, variants: Sequence[Variant], model: Any | None) -> None:
        """Look at gradients before and after training; all the untrained ones first, for they cost next to nothing."""
        steps, features = data.x.shape[1:]
        networks = [build(variant, steps, features, self.units, self.seed) for variant in variants]
        if model is not None:
            self._look(model, "this network", None, "trained", data)
        for variant, network in zip(variants, networks, strict=True):
            self._look(network, variant.label, variant, "initial", data)
        for variant, network in zip(variants, networks, strict=True):
            batches = data.batches(np.random.default_rng(self.seed))
            if self._train(network, batches, f"gradients: {variant.label}") is None:
                return
            self._look(network, variant.label, variant, "trained", data)

    def examine(self, variants: Sequence[Variant], distances: Sequence[int]) -> None:
        """Let every variant learn to recall at every distance, the short ones first."""
        for steps in distances:
            trial = sequences(steps, _TRIAL, np.random.default_rng(self.seed + 1))
            for variant in variants:
                self._recall(variant, steps, trial)

    def _recall(self, variant: Variant, steps: int, trial: tuple[np.ndarray, np.ndarray]) -> None:
        started = time.perf_counter()
        network = build(variant, steps + 1, 2, self.units, self.seed)
        rng = np.random.default_rng(self.seed)
        batches = iter(lambda: sequences(steps, BATCH, rng), None)
        updates = self._train(network, batches, f"recall over {steps} steps: {variant.label}", trial)
        if updates is None:
            return
        explained = explained_variance(network, *trial)
        row = {"network": variant.label, "cell": variant.cell, "forget_bias": variant.forget_bias, "steps": steps}
        seconds = time.perf_counter() - started
        found = {"explained": explained, "success": explained >= SUCCESS, "updates": updates, "seconds": seconds}
        self.recalled.append({**row, **found})

    def _train(
        self, network: Any, batches: Any, label: str, trial: tuple[np.ndarray, np.ndarray] | None = None
    ) -> int | None:
        """Train to the end, or to success on the trial; None if it was halted on the way."""
        if self.halted():
            return None
        good = None if trial is None else (lambda: explained_variance(network, *trial) >= SUCCESS)
        updates = 0
        for updates in learn(network, batches, self.updates, good):  # noqa: B007 - the last one is what is asked for
            if self.halted():
                return None
        self.done += 1
        if self.listener is not None:
            self.listener.on_progress(Progress(label, self.done, self.total))
        return updates

    def _look(self, network: Any, label: str, variant: Variant | None, state: str, data: _Data) -> None:
        """Measure the gradient's norm at each distance."""
        x = data.x[:: max(1, len(data.x) // _WINDOWS)][:_WINDOWS]
        question = Question(network, x, np.ones(x.shape[:2], bool), np.ones(x.shape[2]), 1.0)
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
