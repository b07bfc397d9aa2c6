"""How far into the past a recurrent network can look: gradients by distance, and a task that needs them.

What a network cannot feel it cannot learn. The gradient of its output by an input k steps ago is a product of k
Jacobians and shrinks, or grows, about geometrically with k (Hochreiter 1991; Bengio, Simard and Frasconi 1994); an
LSTM's cell multiplies by its forget gate instead, which training and the initial forget bias can hold near 1 (Gers,
Schmidhuber and Cummins 2000; Jozefowicz, Zaremba and Sutskever 2015).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.errors import named_keywords
from lstm_lab.events import ProgressListener, check_listening
from lstm_lab.interpret.memory_measurement import FAINT, MemoryMeasurement, training_sequences
from lstm_lab.interpret.recall_task import SUCCESS, VARIANTS, Variant
from lstm_lab.results import Result, Summary

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from lstm_lab.events import EndReason


__all__ = ["RECALL_STEPS", "Memory", "distances_within", "memory"]

RECALL_STEPS = (10, 20, 50, 100, 200)
"""Distances of the recall task, unless others are asked for."""
_RECALL_COLUMNS = ["network", "cell", "forget_bias", "steps", "seed", "explained", "success", "updates", "seconds"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Memory(Result):
    """How far cells of equal size feel and recall the past."""

    flow: pd.DataFrame
    """A row per network, state and distance: network, cell, forget_bias, state (initial or trained), distance, norm
    (root mean square over windows of the L2 norm of ∂ŷ/∂x over the inputs) and relative (norm by its largest)."""
    recall: pd.DataFrame
    """A row per cell, distance and seed: network, cell, forget_bias, steps, seed, explained (share of variance),
    success, updates, seconds. Empty if it was not asked for."""
    units: int
    updates: int
    """Gradient steps each network was given, at most."""
    data: str
    """What the networks read."""
    reason: EndReason = "finished"

    @property
    def frame(self) -> pd.DataFrame:
        """Return the gradient's norm by distance, a column per network and state."""
        return self.flow.pivot_table(index="distance", columns=["network", "state"], values="norm", sort=False)

    @property
    def reach(self) -> pd.DataFrame:
        """Return the farthest distance at which the norm is still 1 % of its largest, a row per network."""
        felt = self.flow[self.flow["relative"] >= FAINT]
        farthest = felt.pivot_table(index="network", columns="state", values="distance", aggfunc="max", sort=False)
        return farthest.reindex(columns=["initial", "trained"])

    @property
    def table(self) -> pd.DataFrame:
        """Return the recall table: networks by distance, the share of variance explained, mean over the seeds."""
        return self.recall.pivot_table(index="network", columns="steps", values="explained", sort=False)

    @property
    def recalled(self) -> pd.DataFrame:
        """Return how many seeds recalled the value: networks by distance."""
        return self.recall.pivot_table(index="network", columns="steps", values="success", aggfunc="sum", sort=False)

    @property
    def seeds(self) -> int:
        """Count the seeds of the recall task."""
        return int(self.recall["seed"].nunique())

    def describe(self) -> str:
        """Describe in a few sentences how far back each network's gradient reaches and how far it recalls."""
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
            good = rows.groupby("steps", sort=False)["success"].agg(["sum", "count"])
            steps = [
                str(step) if count == 1 else f"{step} ({wins} of {count} seeds)"
                for step, wins, count in good.itertuples()
                if wins
            ]
            parts.append(f"{network} over {', '.join(steps)} steps" if steps else f"{network} at no distance")
        return (
            f"A value seen once was recalled (at least {SUCCESS:.0%} of its variance explained on fresh sequences, "
            f"after at most {self.updates} updates) by: {'; '.join(parts)}."
        )

    def summary_table(self) -> Summary:
        """Return the reach of every network's gradient and what it recalled."""
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
    # Rounded down, so that what falls short of the mark does not read as the mark; below 0 nothing is recalled.
    means = rows.groupby("steps", sort=False)["explained"].mean()
    shares = zip(means.index, means.to_numpy(np.float64), strict=True)
    return ", ".join(f"{steps}: {math.floor(100 * max(share, 0.0))}%" for steps, share in shares)


def distances_within(lookback: int) -> tuple[int, ...]:
    """Return the usual distances of the recall task that a window spans; of a short window its own length alone.

    >>> distances_within(60), distances_within(5)
    ((10, 20, 50), (5,))
    """
    return tuple(steps for steps in RECALL_STEPS if steps <= lookback) or (lookback,)


@named_keywords
def memory(
    x: np.ndarray | None = None,
    y: np.ndarray | None = None,
    *,
    model: Any | None = None,
    units: int = 16,
    recall: Sequence[int] = RECALL_STEPS,
    updates: int = 500,
    variants: Sequence[Variant] = VARIANTS,
    seeds: int = 1,
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
        Distances N at which a value is to be recalled; empty to leave the task out. `Run.memory` asks for no distance
        that is longer than the run's lookback, unless it is named.
    updates
        Gradient steps with batches of 64, at most, for each network. With the defaults the whole takes some minutes
        on two cores, most of it for N = 200.
    variants
        The networks; the recall task adds an LSTM with chrono initialisation to them.
    seeds
        Trainings for each network and distance of the recall task, with seed, seed + 1, ...; gradients are measured
        with the first alone.
    seed
        Same seed, same machine: same table.
    listener
        Hears about how long it will take, and how far it has come.
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
    check_listening(listener, stop, ProgressListener)
    data = training_sequences(x, y, seed)
    work = MemoryMeasurement(units=units, updates=updates, seed=seed, listener=listener, stop=stop)

    def so_far(reason: EndReason) -> Memory:
        table = pd.DataFrame(work.recalled, columns=_RECALL_COLUMNS)
        return Memory(flow=work.flow(), recall=table, units=units, updates=updates, data=data.label, reason=reason)

    reason: EndReason = "finished"
    work.partial = partial(so_far, "finished")
    try:
        work.plan(data.x.shape[1:], len(variants), recall, seeds)
        work.measure(data, variants, model)
        work.examine((*variants, Variant("lstm", "chrono")), recall, seeds)
        reason = "stopped" if work.halted() else "finished"
    except KeyboardInterrupt:
        reason = "interrupted"
    return so_far(reason)
