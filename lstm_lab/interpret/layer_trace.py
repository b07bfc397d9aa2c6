"""What one recurrent layer did at every step, and the quantities that follow from it.

Arrays are float64, (time, units) for a single sequence and (batch, time, units) for several, with time in the order of
the layer's input even where the layer went through it backwards. At masked steps a gate did nothing, so gates and
candidate are NaN there, while cell and hidden hold the state that was carried over; every derived quantity is taken
over the seen steps alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from lstm_lab.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Decomposition", "GRUTrace", "LSTMTrace", "LayerTrace", "RNNTrace", "Saturation"]

LEFT, RIGHT = 0.1, 0.9
"""Where a gate counts as shut and as open: Karpathy, Johnson and Fei-Fei, Visualizing and Understanding Recurrent
Networks, 2015 (arXiv 1506.02078), section 4.2."""


@dataclass(frozen=True, slots=True, eq=False)
class Saturation:
    """How often each unit's gate was shut or open, as shares of the seen steps, (units,) each."""

    left: np.ndarray
    """Share of steps below 0.1: shut."""
    right: np.ndarray
    """Share of steps above 0.9: open."""


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition:
    """How the state came about: ``kept + written`` is the state, exactly; arrays as in the layer."""

    kept: np.ndarray
    """f·c₋₁ of an LSTM, z·h₋₁ of a GRU; the whole state at a masked step."""
    written: np.ndarray
    """i·g of an LSTM, (1 - z)·g of a GRU; nothing at a masked step."""
    state: np.ndarray
    """c of an LSTM, h of a GRU."""
    squashed: np.ndarray
    """tanh(c) of an LSTM (or whatever its activation is), the state itself of a GRU."""
    shown: np.ndarray
    """What the layer says of its state: h = o·tanh(c) of an LSTM, the state itself of a GRU."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerTrace:
    """One pass of one recurrent layer; see the module for how its arrays are laid out."""

    kind: ClassVar[Literal["lstm", "gru", "rnn"]]
    gates: ClassVar[tuple[str, ...]] = ()
    """Signals that lie between 0 and 1."""
    keeper: ClassVar[str | None] = None
    """The gate that says how much of the state is kept."""

    name: str
    direction: Literal["forward", "backward"]
    mask: np.ndarray
    """(…, time), True where the layer looked."""
    hidden: np.ndarray
    before: np.ndarray
    """The hidden state each step started from."""
    verified: float
    """Largest difference between the replayed hidden state and the layer's own output."""
    tolerance: float
    """Largest difference that the rounding of the layer's dtype explains, where it was largest."""
    dtype: str
    """The layer's compute dtype."""
    read: np.ndarray
    """What the layer read, (…, time, features)."""
    activation: str = "tanh"
    """The function that the candidate and the state pass through, by its name in Keras."""

    @property
    def units(self) -> int:
        """Count the units."""
        return int(self.hidden.shape[-1])

    @property
    def steps(self) -> int:
        """Count the steps of the layer's input."""
        return int(self.hidden.shape[-2])

    @property
    def window(self) -> int:
        """Count the seen steps, of the longest sequence if there are several."""
        return int(self.mask.sum(axis=-1).max())

    @property
    def state(self) -> np.ndarray:
        """Return the memory of the layer: the cell state of an LSTM, the hidden state of the others."""
        return self.hidden

    @property
    def signals(self) -> Mapping[str, np.ndarray]:
        """List the names of all signals, gates first."""
        return {"hidden": self.hidden}

    @property
    def decay(self) -> np.ndarray | None:
        """Return -ln of the share kept at each step; None for a layer without such a gate."""
        return None

    @cached_property
    def half_life(self) -> np.ndarray | None:
        """Compute the half-life of each unit's memory in steps, (units,), by the keeping gate alone.

        ln 2 / mean(-ln f) over the seen steps, with -ln f = softplus(-z) from the pre-activation z of a sigmoid gate:
        if f stayed the same, f^n = 1/2 at n = ln 2 / -ln f. (Tallec and Ollivier, Can recurrent neural networks warp
        time?, 2018, arXiv 1804.11188, have the forgetting time 1/(1 - f); taken in logs it is exact for any f.)

        Always finite: what was not seen to fade within the window is capped at the window's length; `half_life_text`
        says so. A layer without gates (SimpleRNN) has none and gives None.
        """
        if self.decay is None:
            return None
        rate = self.decay[self.mask].mean(axis=0)
        with np.errstate(divide="ignore"):
            return np.asarray(np.minimum(np.log(2.0) / rate, float(self.window)))

    @property
    def half_life_text(self) -> tuple[str, ...]:
        """Write each unit's half-life, as ``"12.4"`` or ``"> 60"`` where it is longer than the window."""
        lives = () if self.half_life is None else self.half_life
        return tuple(f"> {self.window}" if life >= self.window else f"{life:.3g}" for life in lives)

    @cached_property
    def retention(self) -> np.ndarray | None:
        """Average the share kept in one step over the seen steps, (units,): the mean of f, or of a GRU's z."""
        return None if self.keeper is None else self.signals[self.keeper][self.mask].mean(axis=0)

    @cached_property
    def retention_over_window(self) -> np.ndarray | None:
        """Return the share of the first state that is left at the end, (units,): the product of f over the seen steps.

        The geometric mean over sequences, if there are several.
        """
        if self.decay is None:
            return None
        total = np.where(self.mask[..., None], self.decay, 0.0).sum(axis=-2)
        return np.asarray(np.exp(-total.reshape(-1, self.units).mean(axis=0)))

    @cached_property
    def saturation(self) -> Mapping[str, Saturation]:
        """How often each gate was shut (< 0.1) or open (> 0.9), by the gate's name (Karpathy et al. 2015, 4.2)."""
        unmasked = {gate: self.signals[gate][self.mask] for gate in self.gates}
        return {gate: Saturation((of < LEFT).mean(axis=0), (of > RIGHT).mean(axis=0)) for gate, of in unmasked.items()}

    def __getattr__(self, name: str) -> np.ndarray:
        if name.startswith("_"):
            raise AttributeError(name)
        has = ", ".join(self.signals)
        raise AttributeError(f"layer {self.name!r} is of kind {self.kind} and has no {name!r}; it has {has}")


@dataclass(frozen=True, kw_only=True, eq=False)
class LSTMTrace(LayerTrace):
    """i, f, o = σ(z); g = tanh(z); c = f·c₋₁ + i·g; h = o·tanh(c) (Gers, Schmidhuber and Cummins 2000)."""

    kind = "lstm"
    gates = ("forget", "input", "output")
    keeper = "forget"

    input: np.ndarray
    forget: np.ndarray
    output: np.ndarray
    candidate: np.ndarray
    cell: np.ndarray
    cell_before: np.ndarray
    """The cell state each step started from."""
    squashed: np.ndarray
    """tanh(c), or whatever the layer's activation is."""
    pre_forget: np.ndarray
    """The forget gate's pre-activation."""
    forgetting: np.ndarray
    """-ln f."""

    @property
    def state(self) -> np.ndarray:
        """Return the cell state."""
        return self.cell

    @property
    def decay(self) -> np.ndarray:
        """Return -ln f."""
        return self.forgetting

    @property
    def signals(self) -> Mapping[str, np.ndarray]:
        """List the signals: gates, candidate, cell and hidden."""
        names = (*self.gates, "candidate", "cell", "hidden")
        return {name: self.__dict__[name] for name in names}

    @cached_property
    def decomposition(self) -> Decomposition:
        """Split the cell state into what was kept and what was written: c = f·c₋₁ + i·g, and h = o·tanh(c)."""
        unmasked = self.mask[..., None]
        kept_share = np.where(unmasked, self.forget * self.cell_before, self.cell)
        written = np.where(unmasked, self.input * self.candidate, 0.0)
        return Decomposition(kept_share, written, self.cell, self.squashed, self.hidden)


@dataclass(frozen=True, kw_only=True, eq=False)
class GRUTrace(LayerTrace):
    """z, r = σ(·); h = z·h₋₁ + (1 - z)·g, with z the share kept, as Keras has it (Cho et al. 2014)."""

    kind = "gru"
    gates = ("update", "reset")
    keeper = "update"

    update: np.ndarray
    reset: np.ndarray
    candidate: np.ndarray
    pre_update: np.ndarray
    """The update gate's pre-activation."""
    forgetting: np.ndarray
    """-ln z."""

    @property
    def decay(self) -> np.ndarray:
        """Return -ln z."""
        return self.forgetting

    @property
    def signals(self) -> Mapping[str, np.ndarray]:
        """List the signals: gates, candidate and hidden."""
        names = (*self.gates, "candidate", "hidden")
        return {name: self.__dict__[name] for name in names}

    @cached_property
    def decomposition(self) -> Decomposition:
        """Split the state into what was kept and what was written: h = z·h₋₁ + (1 - z)·g."""
        unmasked = self.mask[..., None]
        kept_share = np.where(unmasked, self.update * self.before, self.hidden)
        written = np.where(unmasked, (1.0 - self.update) * self.candidate, 0.0)
        return Decomposition(kept_share, written, self.hidden, self.hidden, self.hidden)


@dataclass(frozen=True, kw_only=True, eq=False)
class RNNTrace(LayerTrace):
    """h = tanh(x·W + h₋₁·U + b): no gate, so no half-life and nothing to split (Elman 1990)."""

    kind = "rnn"


def only_gated(layer: LayerTrace) -> LSTMTrace | GRUTrace:
    """Refuse a layer without gates."""
    if isinstance(layer, LSTMTrace | GRUTrace):
        return layer
    raise TraceError(f"layer {layer.name!r} is a SimpleRNN and has no gates; choose an LSTM or GRU layer")
