"""Verified gate traces: what every gate of a trained network did at every step of a sequence.

>>> tr = trace(model, x)  # doctest: +SKIP
>>> tr.layers[0].forget  # doctest: +SKIP
>>> tr.verified  # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import pandas as pd

from lstm_lab.errors import TraceError, named_keywords
from lstm_lab.interpret.attribution import (
    AttributionInput,
    Connectivity,
    Gradients,
    Occlusion,
    connectivity,
    gradients,
    occlusion,
)
from lstm_lab.interpret.cell_step import CellStep, choose_cell
from lstm_lab.interpret.description import Scale, describe, heading, layer_line
from lstm_lab.interpret.probe import correlate, letters_of
from lstm_lab.interpret.ragged import Traces, is_ragged, refuse_ragged_mistakes
from lstm_lab.interpret.recording import record, recurrent_layers
from lstm_lab.interpret.recurrences import find
from lstm_lab.interpret.verify import cells_of, layer_traces
from lstm_lab.interpret.what_if import holds_of, intervene
from lstm_lab.models.backend import keras
from lstm_lab.results import Result, Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lstm_lab.interpret.held import Hold
    from lstm_lab.interpret.layer_trace import LayerTrace
    from lstm_lab.interpret.patches import SeriesWindows
    from lstm_lab.interpret.probe import Letters
    from lstm_lab.interpret.recurrences import Recurrences

__all__ = ["Scale", "Trace", "Traces", "trace"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Trace(Result):
    """What a network did inside while it read a sequence, or several, checked against its own output."""

    layers: tuple[LayerTrace, ...]
    """Every pass of a recurrent layer, in the order the model made them; a Bidirectional makes two."""
    batch: np.ndarray
    """(batch, time, features), as the model took it."""
    output: np.ndarray
    """The model's output, (batch, …)."""
    index: pd.Index
    """One label a step: times for a window of a Run."""
    feature_names: tuple[str, ...]
    scale: Scale
    model: Any = field(repr=False)
    history: pd.Series[float] | None = None
    """The target over the window in its own unit, if the caller knows it."""
    forecast: pd.Series[float] | None = None
    """What was forecast from this window, if the caller knows it."""
    untraced: tuple[str, ...] = ()
    """Recurrent layers whose cells cannot be replayed."""
    decode: Callable[[np.ndarray], np.ndarray] | None = field(default=None, repr=False)
    """Turns outputs into forecasts in the target's unit, if the caller knows how."""
    series: SeriesWindows | None = field(default=None, repr=False)
    """Every window of the series that this one is from, if the caller knows them; `find` looks through them."""
    holds: tuple[Hold, ...] = ()
    """What `what_if` holds."""
    unchanged: Trace | None = field(default=None, repr=False)
    """The trace of the network as it is, where `what_if` has changed something."""

    @property
    def verified(self) -> float:
        """Return the largest difference between a replayed hidden state and the layer's own output."""
        return max(layer.verified for layer in self.layers)

    @property
    def windows(self) -> int:
        """Count the sequences that were traced together."""
        return len(self.batch)

    @property
    def opening(self) -> int:
        """Choose the layer to look at first, by its place in `layers`: the longest median half-life of its units.

        The first of those that share it, and the first layer where none has a half-life.
        """
        lives = [-1.0 if layer.half_life is None else float(np.median(layer.half_life)) for layer in self.layers]
        return int(np.argmax(lives))

    @property
    def slow_to_differentiate(self) -> bool:
        """Whether the gradient is not computed yet and will take seconds, as it does over many steps."""
        return "_gradients" not in self.__dict__ and len(self.index) * len(self.layers) > 2_000

    @property
    def inputs(self) -> np.ndarray:
        """Return the input of the model: (time, features) of a single sequence, (batch, time, features) of several."""
        return self.batch[0] if self.windows == 1 else self.batch

    @property
    def mask(self) -> np.ndarray:
        """Return the unmasked steps of the input, (batch, time), by the first layer that reads as many steps."""
        same = [layer.mask for layer in self.layers if layer.steps == len(self.index)]
        return np.atleast_2d(same[0]) if same else np.ones(self.batch.shape[:2], bool)

    @cached_property
    def connectivity(self) -> Connectivity:
        """How much the output would move if one input at one step moved by a standard deviation: the gradient."""
        return connectivity(self._question, self._gradients)

    @cached_property
    def occlusion(self) -> Occlusion:
        """How much the output moves when a step or a feature is replaced by its mean: the check of the gradient."""
        return occlusion(self._question, self._gradients)

    @cached_property
    def unit_influence(self) -> tuple[np.ndarray, ...]:
        """How much the output would move if a unit spoke differently by its standard deviation, (units,) a layer.

        The L2 norm over the steps of ∂ŷ/∂h times the standard deviation of h over the seen steps.
        """
        spreads = [layer.hidden[layer.mask].std(axis=0) for layer in self.layers]
        by_layer = [self._gradients.units.get(layer.name.split("/cell ")[0]) for layer in self.layers]
        return tuple(
            spread * each * abs(self.scale.output)
            if each is not None and each.shape == spread.shape
            else np.zeros_like(spread)
            for each, spread in zip(by_layer, spreads, strict=True)
        )

    @cached_property
    def link(self) -> str:
        """Identify network and window: views of equal ones show the same step and unit of it."""
        seen = self.unchanged or self
        return hashlib.blake2b(seen.batch.tobytes() + seen.output.tobytes(), digest_size=6).hexdigest()

    def cell(self, *, layer: int | None = None, unit: int | None = None, step: int = -1) -> CellStep:
        """Show the recurrent cell as textbooks draw it, with the numbers of one unit at one step.

        Parameters
        ----------
        layer
            Number of the layer in `layers`; by default `opening`.
        unit
            Number of the unit; by default the one with the longest half-life.
        step
            Step of the window, from 0, or counted back from the last with -1.

        Returns
        -------
        CellStep
            Its numbers and equations; in a notebook a view that plays the whole window.

        Raises
        ------
        TraceError
            A trace of several windows, or no such layer, unit or step.

        Examples
        --------
        Two units that read a sine:

        >>> keras.utils.set_random_seed(1)
        >>> model = keras.Sequential([keras.Input((24, 1)), keras.layers.LSTM(2, name="lstm"), keras.layers.Dense(1)])
        >>> cell = trace(model, np.sin(np.arange(24) / 3)[:, None]).cell(unit=0, step=5)
        >>> cell
        Unit 0 of lstm at step 5
          c = 0.86 · (−0.70) + 0.40 · (−0.71) = −0.89
          h = 0.56 · tanh(−0.89) = −0.40
          It keeps 86 % of its memory −0.70, adds −0.28, and shows 56 % of what it then holds.
        """
        return choose_cell(self, layer, unit, step)

    def correlate(self, values: Any, *, layer: int | None = None) -> pd.DataFrame:
        """Compute which units tell of something: correlations of their signals with a value known at each step.

        Parameters
        ----------
        values
            (steps,) numbers, or True and False.
        layer
            Number of the layer in `layers`; by default `opening`.

        Returns
        -------
        pandas.DataFrame
            A row for each unit, a column for each signal, the unit with the largest correlation first.

        Raises
        ------
        TraceError
            Not a value for each step, no such layer, or a trace of several sequences.

        Examples
        --------
        >>> tr = run.gates()  # doctest: +SKIP
        >>> tr.correlate(tr.history > tr.history.mean())  # doctest: +SKIP
        """
        return correlate(self._layer(layer), values)

    def letters(
        self, text: str, *, unit: int, signal: Literal["cell", "hidden"] = "cell", layer: int | None = None
    ) -> Letters:
        """Colour a text that the network has read, a character at each step, by a state of one unit.

        Parameters
        ----------
        text
            A character for each step of the trace.
        unit
            Number of the unit.
        signal
            The state: ``cell``, which only an LSTM has, or ``hidden``.
        layer
            Number of the layer in `layers`; by default `opening`.

        Returns
        -------
        Letters
            Text and values; a picture of both.

        Raises
        ------
        TraceError
            Another length than the trace's, or no such layer, unit or signal.

        Examples
        --------
        >>> tr = run.gates()  # doctest: +SKIP
        >>> tr.letters("x" * len(tr.index), unit=0)  # doctest: +SKIP
        """
        return letters_of(self._layer(layer), text, unit, signal)

    def find(
        self,
        *,
        steps: Iterable[int] | int | None = None,
        units: Iterable[int] | int | None = None,
        layer: int | None = None,
        signal: str | None = None,
        matches: int = 8,
    ) -> Recurrences:
        """Find where in the whole series the same units did nearly the same as at some steps of this window.

        The network reads every window of the series once, as many together as some 50 MB of gates hold, and the same
        steps of each are compared: 1,400 windows of 60 steps and 32 units take about 3 s on a core. The distance is the
        root mean square of the differences, each unit's in its own standard deviation over the series: 0 is the same,
        and two independent patches are about 1.4 apart. Matches share no step with each other or with this one. A trace
        of an array, whose series is not known, is searched itself, along all its steps.

        Parameters
        ----------
        steps
            Steps of the window, from 0, that follow each other; by default the newest ten.
        units
            Numbers of the units; by default all.
        layer
            Number of the layer in `layers`; by default `opening`.
        signal
            A gate or a state by its name; by default the cell state, of a GRU or RNN the hidden state.
        matches
            How many are listed, at most.

        Returns
        -------
        Recurrences
            The matches with their times and distances, what the series did there and after, and what chance gives.

        Raises
        ------
        TraceError
            A trace of several windows, no such layer, unit, step or signal, or masked steps.

        Examples
        --------
        >>> matches = run.gates().find(steps=range(5, 10), units=[0, 2]).matches  # doctest: +SKIP
        >>> run.gates(at=matches["at"][0]).forecast  # doctest: +SKIP
        """
        number = self.opening if layer is None else layer
        self._layer(number)
        if self.unchanged is not None:
            raise TraceError("find looks for what the network does as it is; use trace.unchanged.find(...)")
        looked_for: dict[str, Any] = {"units": units, "steps": steps, "signal": signal}
        return find(self, number, self.series, history=self.history, **looked_for, matches=matches)

    def _layer(self, number: int | None) -> LayerTrace:
        chosen = self.opening if number is None else number
        if not 0 <= chosen < len(self.layers):
            raise TraceError(f"layer must be between 0 and {len(self.layers) - 1}, got {chosen}; see trace.layers")
        return self.layers[chosen]

    def what_if(
        self,
        *,
        inputs: Any = None,
        layer: int | None = None,
        units: Iterable[int] | int | None = None,
        steps: Iterable[int] | int | None = None,
        **gates: float,
    ) -> Trace:
        """Trace the same network with other inputs, or with gates held at a value; changes add up.

        Parameters
        ----------
        inputs
            What the network reads instead, of the shape of `inputs`.
        layer
            Number of the layer whose gates are held; by default `opening`.
        units, steps
            Numbers of the units and of the steps at which they are held; by default all.
        **gates
            ``forget``, ``input``, ``output`` of an LSTM, ``update``, ``reset`` of a GRU, from 0, shut, to 1, open; or
            ``candidate``.

        Returns
        -------
        Trace
            With the output, and where it is known the forecast, that follow; `unchanged` is the network as it is. A
            layer with a held gate runs on its own states in float64, and is checked against the replay; later layers
            are verified as ever.

        Raises
        ------
        TraceError
            Nothing is changed, or there is no such layer, gate, unit or step.
        VerificationError
            The changed network cannot be followed as exactly as it is shown.

        Examples
        --------
        >>> tr = run.gates()  # doctest: +SKIP
        >>> tr.what_if(forget=1.0, units=[3], steps=range(10, 20)).forecast - tr.forecast  # doctest: +SKIP
        >>> tr.what_if(inputs=tr.inputs * 1.1).layers[0].cell  # doctest: +SKIP
        """
        if inputs is None and not gates:
            raise TraceError("what_if needs a change: inputs=, or a gate such as forget=1.0")
        number = self.opening if layer is None else layer
        holds = self.holds + holds_of(self.layers, number, units, steps, gates)
        batch = self.batch if inputs is None else _as_batch(self.model, inputs)
        if batch.shape != self.batch.shape:
            raise TraceError(f"inputs must have the shape of trace.inputs, {self.inputs.shape}; got {batch.shape[1:]}")
        output, layers = intervene(self.model, batch, holds)
        forecast = None
        if self.forecast is not None and self.decode is not None:
            forecast = pd.Series(self.decode(output[:, 0]), self.forecast.index, name=self.forecast.name)
        original = self.unchanged or self
        history = self.history if np.array_equal(batch, original.batch) else None
        return replace(
            self,
            layers=layers,
            batch=batch,
            output=output,
            forecast=forecast,
            history=history,
            holds=holds,
            unchanged=original,
        )

    def describe(self) -> str:
        """Describe in three to six sentences the memory, the gates and what moved the output."""
        return describe(self)

    @property
    def heading(self) -> str:
        """Title of whatever shows the trace."""
        return heading(self)

    def summary_table(self) -> Summary:
        """Name the layers, how long they remember and how well the replay agrees."""
        rows = [(layer.name, layer_line(layer)) for layer in self.layers]
        windows = "" if self.windows == 1 else f" in each of {self.windows} windows"
        inputs = f"{len(self.feature_names)} input{'s' if len(self.feature_names) > 1 else ''}"
        rows.append(("read", f"{len(self.index)} steps of {inputs}{windows}"))
        rows.append(("verified", f"largest difference to the layers' own output {self.verified:.1g}"))
        rows += [("what if", str(hold)) for hold in self.holds]
        if self.unchanged is not None:
            rows.append(("output", self._moved(self.unchanged)))
        if self.untraced:
            rows.append(("not traced", ", ".join(self.untraced)))
        return Summary(self.heading, tuple(rows))

    def __repr__(self) -> str:
        return f"{self.describe()}\n\n{self.summary_table().text()}"

    def _moved(self, original: Trace) -> str:
        """Say by how much the output, or the forecast, differs from the network's own."""
        pairs = (original.output, self.output)
        if self.forecast is not None and original.forecast is not None:
            pairs = (original.forecast.to_numpy(), self.forecast.to_numpy())
        before, after = (float(values.mean()) for values in pairs)
        return f"{before:.4g} as it is, {after:.4g} with the change"

    @cached_property
    def _gradients(self) -> Gradients:
        if self.holds:
            raise TraceError("a gate is held, and a gradient is that of the network as it is; see trace.unchanged")
        return gradients(self._question)

    @property
    def _question(self) -> AttributionInput:
        sizes = np.ones(len(self.feature_names)) if self.scale.inputs is None else np.asarray(self.scale.inputs)
        return AttributionInput(self.model, self.batch, self.mask, sizes, self.scale.output)


@overload
def trace(
    model: Any,
    x: np.ndarray,
    *,
    index: pd.Index | Sequence[Any] | None = None,
    feature_names: Sequence[str] | None = None,
    scale: Scale | None = None,
) -> Trace: ...


@overload
def trace(
    model: Any,
    x: Sequence[Any],
    *,
    index: Sequence[Any] | None = None,
    feature_names: Sequence[str] | None = None,
    scale: Scale | None = None,
) -> Trace | Traces: ...


@named_keywords
def trace(
    model: Any,
    x: Any,
    *,
    index: Any = None,
    feature_names: Sequence[str] | None = None,
    scale: Scale | None = None,
) -> Trace | Traces:
    """Recompute the inside of a model's recurrent layers for an input, and check it against the model.

    Parameters
    ----------
    model
        A built `keras.Model` with one input and at least one LSTM, GRU, SimpleRNN, Bidirectional or RNN of such cells,
        of any dtype policy. It is run in inference mode, where dropout is off, and is left as it was.
    x
        (time, features) or (batch, time, features); (time,) or (batch, time) for a model that starts with an embedding.
        Several sequences are traced together, and the derived quantities taken over all of them. Of a list of arrays
        (time, features) of different lengths each is traced by itself, without any padding.
    index
        A label for each step, for example its date; counted from 0 without it. For sequences of different lengths a
        list of indexes.
    feature_names
        A name for each input column.
    scale
        The units of inputs and output for connectivity; without it inputs count as standardised, the output as it is.

    Returns
    -------
    Trace
        Gates, states and derived quantities of every layer; `Trace.verified` is the largest difference found. For
        sequences of different lengths a `Traces`, which holds a `Trace` of each.

    Raises
    ------
    TraceError
        If the model is not built or has no recurrent layer that can be replayed, or x has a wrong shape, missing or
        infinite values, or is masked throughout.
    VerificationError
        If the replay is further from the layer's own output than rounding explains.

    Examples
    --------
    >>> tr = lab.trace(model, x)  # doctest: +SKIP
    >>> tr.layers[0].half_life_text[:3]  # doctest: +SKIP
    ('2.31', '> 60', '11.4')
    """
    _check_model(model)
    if is_ragged(x):
        refuse_ragged_mistakes(x, index)
        labels = [None] * len(x) if index is None else index
        arrays = [np.asarray(part) for part in x]
        parts = zip(arrays, labels, strict=True)
        return Traces(tuple(_trace(model, part, label, feature_names, scale) for part, label in parts))
    return _trace(model, x, index, feature_names, scale)


def _trace(model: Any, x: Any, index: Any, feature_names: Sequence[str] | None, scale: Scale | None) -> Trace:
    """Trace an array, see `trace`."""
    batch = _as_batch(model, x)
    recording = record(model, batch)
    calls = [call for call in recording.calls if cells_of(call.layer)]
    if not calls:
        names = ", ".join(recurrent_layers(model))
        raise TraceError(
            f"{model.name} called no layer that can be replayed (it has {names}); LSTM, GRU, SimpleRNN can be, where "
            "the model calls them: trace a keras.Sequential of one alone"
        )
    return Trace(
        layers=tuple(layer for call in calls for layer in layer_traces(call)),
        batch=batch,
        output=recording.output,
        index=_labels(index, batch.shape[1]),
        feature_names=_names(feature_names, batch),
        scale=Scale() if scale is None else scale,
        model=model,
        untraced=tuple(call.name for call in recording.calls if not cells_of(call.layer)),
    )


def _check_model(model: Any) -> None:
    """Refuse what is no built Keras model with one input and a recurrent layer."""
    if not isinstance(model, keras.Model):
        raise TraceError(f"trace takes a keras.Model, got {type(model).__name__}; for a Run use run.gates()")
    if not model.built:
        raise TraceError(f"{model.name} is not built, so it has no weights; call it once on data: model(x[None])")
    if not recurrent_layers(model):
        raise TraceError(f"{model.name} has no recurrent layer; trace takes models with LSTM, GRU or SimpleRNN layers")
    if len(getattr(model, "inputs", None) or [None]) > 1:
        raise TraceError(
            f"{model.name} has {len(model.inputs)} inputs, trace takes one; wrap it in a keras.Model of one input"
        )


def _as_batch(model: Any, x: Any) -> np.ndarray:
    """Convert x to the model's shape and dtype, (batch, time, …); refuse what does not fit or is not finite."""
    shape = _input_shape(model)
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise TraceError(f"x must be numbers, got dtype {array.dtype}; pass a float array (time, features)")
    batch = array[None] if array.ndim == len(shape) - 1 else array
    fits = batch.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, batch.shape, strict=True)
    )
    if not fits or batch.size == 0:
        expected = ", ".join("any" if size is None else str(size) for size in shape)
        raise TraceError(
            f"x of shape {array.shape} does not fit {model.name}; it takes (batch, time, …) = ({expected})"
        )
    if batch.dtype.kind == "f" and not np.isfinite(batch).all():
        position = tuple(int(i) for i in np.argwhere(~np.isfinite(batch))[0])
        raise TraceError(f"x has missing or infinite values, the first at {position}; fill or drop them before tracing")
    return batch if len(shape) == 2 else batch.astype(_input_dtype(model), copy=False)


def _input_shape(model: Any) -> tuple[int | None, ...]:
    """Return the shape the model takes; a subclassed model does not say and is assumed to read features over time."""
    inputs = getattr(model, "inputs", None)
    return tuple(inputs[0].shape) if inputs else (None, None, None)


def _input_dtype(model: Any) -> str:
    inputs = getattr(model, "inputs", None)
    return str(inputs[0].dtype) if inputs else "float32"


def _labels(index: pd.Index | Sequence[Any] | None, steps: int) -> pd.Index:
    labels = pd.RangeIndex(steps) if index is None else pd.Index(index)
    if len(labels) != steps:
        raise TraceError(f"index must name each of the {steps} steps of x, got {len(labels)}; pass one label a step")
    return labels


def _names(given: Sequence[str] | None, batch: np.ndarray) -> tuple[str, ...]:
    columns = batch.shape[2] if batch.ndim > 2 else 1
    names = tuple(f"input {column}" for column in range(columns)) if given is None else tuple(given)
    if len(names) != columns:
        raise TraceError(f"feature_names must name each of the {columns} inputs of x, got {len(names)}")
    return names
