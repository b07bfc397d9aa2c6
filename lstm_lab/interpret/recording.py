"""Listening in on recurrent layers while the model runs: what each one received and what it gave back.

A layer's fused kernels never call its cell, so gates cannot be read off a running model. What can be recorded is a
layer's boundary: its input, mask and initial state, its own output at every step and its final state. From these and
the weights `lstm_lab.interpret.replay` recomputes the inside.
"""

from __future__ import annotations

import weakref
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import TraceError
from lstm_lab.interpret.graphs import as_traced
from lstm_lab.models.backend import keras, refuse_forked, tf
from lstm_lab.models.compiled_copies import CompiledShapes, compiled_copy
from lstm_lab.models.keras_private import parts_of
from lstm_lab.models.shadow import shadowed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Call", "Recording", "nudged", "record", "recurrent_layers", "states_kept"]


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One pass of a recurrent layer over its input, in the order in which the layer itself went through time."""

    layer: Any
    name: str
    sequences: np.ndarray
    """(batch, time, features), in float32 or float64, either of which holds the compute dtype's values exactly."""
    mask: np.ndarray
    """(batch, time), True where the layer looked."""
    start: tuple[np.ndarray, ...]
    """The state before the first step, (batch, units) each, flattened as Keras orders it."""
    outputs: np.ndarray
    """The layer's own output at every step, (batch, time, units); for stacked cells every state beside it, and for an
    LSTM its cell state, unless it ran as a fused kernel."""
    end: tuple[np.ndarray, ...]
    """The state after the last step, like `start`."""
    backwards: bool
    """Whether the layer went from the newest step to the oldest."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A model's output for an input and the calls of its recurrent layers, in the order they were made."""

    output: np.ndarray
    calls: tuple[Call, ...]


@dataclass(slots=True)
class _Tape:
    """Collects, while a model runs, tensors and the facts about them that are no tensors."""

    tensors: list[tuple[Any, ...]] = field(default_factory=list)
    facts: list[tuple[Any, str, bool]] = field(default_factory=list)
    tape: Any = None
    """Watches the zeros that are then added to what every layer gives on."""
    nudges: list[Any] = field(default_factory=list)

    replaced: Mapping[str, tuple[np.ndarray, ...]] = field(default_factory=dict)
    """The states that a call gives on in place of its own, (batch, time, units) each, by its name."""

    def add(self, layer: Any, name: str, tensors: tuple[Any, ...]) -> tuple[np.ndarray, ...] | None:
        """Note a call, and return the states that replace its own, if any."""
        seen = sum(known is layer for known, _, _ in self.facts)
        called = name if seen == 0 else f"{name} (call {seen + 1})"
        self.facts.append((layer, called, bool(layer.go_backwards)))
        self.tensors.append(tensors)
        return self.replaced.get(called)


_runners: CompiledShapes[tuple[Any, _Tape]] = CompiledShapes()


def recurrent_layers(model: Any) -> dict[str, Any]:
    """Find the recurrent layers that hold a cell, by the name a reader knows them by.

    A layer inside `keras.layers.Bidirectional` is found as ``"bidirectional/forward_lstm"``.
    """
    layers: dict[str, Any] = {}
    owners: dict[int, str] = {}
    for layer in parts_of(model):
        if isinstance(layer, keras.layers.Bidirectional):
            owners |= {id(child): f"{layer.name}/" for child in (layer.forward_layer, layer.backward_layer)}
    for layer in parts_of(model):
        if isinstance(layer, keras.layers.RNN):
            name = owners.get(id(layer), "") + layer.name
            layers[name if name not in layers else f"{name} ({len(layers) + 1})"] = layer
    return layers


def record(model: Any, x: np.ndarray, *, replaced: Mapping[str, tuple[np.ndarray, ...]] | None = None) -> Recording:
    """Run a model in inference mode and record every call of its recurrent layers.

    The model runs as a graph, traced once for each shape of input, since Keras steps through time far faster there; a
    model whose Python cannot be traced runs eagerly. The states of stateful layers are put back afterwards.

    Parameters
    ----------
    model
        A built `keras.Model` with a single input.
    x
        (batch, ...), as the model takes it.
    replaced
        States, (batch, time, units) each, that a call of a layer gives on in place of its own, by the call's name. The
        recorded call is its own all the same.

    Returns
    -------
    Recording
        Output and calls.

    Raises
    ------
    TraceError
        If the model cannot run on this input, or its recurrent layers run where they cannot be heard.
    """
    refuse_forked()
    layers = recurrent_layers(model)
    with states_kept(layers.values()):
        output, tensors, facts = _run(model, layers, x) if not replaced else _run_eagerly(model, layers, x, replaced)
    calls = [_call(fact, parts) for fact, parts in zip(facts, tensors, strict=True)]
    return Recording(_widened(keras.tree.flatten(output)[0]).astype(np.float64), tuple(calls))


@contextmanager
def states_kept(layers: Iterable[Any]) -> Iterator[None]:
    """Restore the states of stateful layers: a trace must not change the model."""
    stateful = [layer for layer in layers if layer.stateful and layer.states is not None]
    states = [variable for layer in stateful for variable in keras.tree.flatten(layer.states)]
    kept = [tf.identity(variable.value).numpy() for variable in states]
    try:
        yield
    finally:
        for variable, value in zip(states, kept, strict=True):
            variable.assign(value)


def nudged(model: Any, x: Any, output: Callable[[Any], Any]) -> tuple[Any | None, dict[str, Any]]:
    """Differentiate a model's output by what it reads and by what each recurrent layer gives on, at every step.

    Parameters
    ----------
    model
        A built `keras.Model`.
    x
        A tensor, (batch, ...).
    output
        Reduces the model's output to a number a sequence.

    Returns
    -------
    tuple
        The gradient by x, None if x holds whole numbers, and by the name of each call of a layer the gradient (batch,
        time, units) in the layer's own order through time.
    """
    smooth = x.dtype.is_floating
    with tf.GradientTape() as tape:
        if smooth:
            tape.watch(x)
        notes = _Tape(tape=tape)
        with _listening(recurrent_layers(model), notes):
            # None of the sequences sees another, so each keeps its own gradient of the sum.
            total = tf.reduce_sum(output(model(x, training=False)))
    sources = ([x] if smooth else []) + notes.nudges
    gradients = tape.gradient(total, sources, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    by_layer = gradients[1:] if smooth else gradients
    return gradients[0] if smooth else None, dict(zip([name for _, name, _ in notes.facts], by_layer, strict=True))


def _run(model: Any, layers: dict[str, Any], x: np.ndarray) -> tuple[Any, list[Any], list[tuple[Any, str, bool]]]:
    """Run as a graph if the model lets itself be traced, else eagerly."""
    try:
        with compiled_copy(model) as copy:
            copied = recurrent_layers(copy)
            output, tensors, facts = _run_compiled(copy, copied, x)
            own = dict(zip(map(id, copied.values()), layers.values(), strict=True))
        return output, tensors, [(own[id(layer)], name, backwards) for layer, name, backwards in facts]
    except (tf.errors.OperatorNotAllowedInGraphError, NotImplementedError, AttributeError):
        return _run_eagerly(model, layers, x, {})
    except (TypeError, ValueError, tf.errors.OpError) as refused:
        raise TraceError(_why(model, layers, x, refused)) from refused


def _run_compiled(
    model: Any, layers: dict[str, Any], x: np.ndarray
) -> tuple[Any, list[Any], list[tuple[Any, str, bool]]]:
    if model.run_eagerly:
        return _run_eagerly(model, layers, x, {})
    function, tape = _runners.get(model, (x.shape, str(x.dtype)), lambda: _compile(model, layers, x))
    with as_traced():
        output, tensors = function(tf.constant(x))
    return output, tensors, tape.facts


def _run_eagerly(
    model: Any, layers: dict[str, Any], x: np.ndarray, replaced: Mapping[str, tuple[np.ndarray, ...]]
) -> tuple[Any, list[Any], list[tuple[Any, str, bool]]]:
    tape = _Tape(replaced=replaced)
    with _listening(layers, tape):
        output = model(tf.constant(x), training=False)
    return output, tape.tensors, tape.facts


def _compile(model: Any, layers: dict[str, Any], x: np.ndarray) -> tuple[Any, _Tape]:
    """Trace the model for one shape; the graph holds the recorded tensors as outputs, never the model itself."""
    tape = _Tape()
    reference = weakref.ref(model)

    def run(inputs: Any) -> tuple[Any, list[Any]]:
        traced = reference()
        assert traced is not None  # noqa: S101 - the caller holds the model while it traces
        with _listening(layers, tape):
            output = traced(inputs, training=False)
        return output, list(tape.tensors)

    function = tf.function(run, autograph=False).get_concrete_function(tf.TensorSpec(x.shape, x.dtype))
    tape.tensors.clear()
    return function, tape


def _why(model: Any, layers: dict[str, Any], x: np.ndarray, refused: Exception) -> str:
    """Return the model's own error as one line."""
    reason = " ".join(str(refused).split())
    if "out of scope" in reason:
        names = ", ".join(layers)
        return (
            f"{model.name} runs a layer of its own ({names}) inside a loop like tf.map_fn, where it cannot be "
            "heard; trace a keras.Sequential of that layer alone"
        )
    return f"{model.name} cannot run on an input of shape {x.shape}: {reason[:200]}; call model(x) to see it in full"


@contextmanager
def _listening(layers: dict[str, Any], tape: _Tape) -> Iterator[None]:
    """Shadow each layer's `inner_loop`, the one place that sees cast inputs, state and mask, and take it back after."""
    with ExitStack() as stack:
        for name, layer in layers.items():
            stack.enter_context(shadowed(layer, "inner_loop", _recorder(layer, name, tape)))
            # A fused kernel may run both directions at once, past the layers of a Bidirectional, and when going
            # backwards it moves the padding from the front to the end.
            if getattr(layer, "use_cudnn", False) and ("/" in name or layer.go_backwards):
                stack.enter_context(shadowed(layer, "use_cudnn", value=False))
        yield


def _recorder(layer: Any, name: str, tape: _Tape) -> Any:
    """Return an `inner_loop` that records all steps of the layer, and returns what the layer would."""
    inner_loop = layer.inner_loop

    def listen(sequences: Any, initial_state: Any, mask: Any = None, training: bool = False) -> Any:  # noqa: FBT001, FBT002 - Keras' signature
        # A copy, for a stateful layer hands in its variables, which hold the last state by the time they are read.
        start = [tf.identity(state) for state in keras.tree.flatten(initial_state)]
        with ExitStack() as stack:
            stack.enter_context(shadowed(layer, "return_sequences", value=True))
            if _has_more_to_tell(layer):
                stack.enter_context(shadowed(layer.cell, "call", _with_states(layer.cell)))
            last, every, states = inner_loop(sequences, initial_state, mask, training=training)
        seen = [] if mask is None else keras.tree.flatten(mask)[:1]
        instead = tape.add(layer, name, (sequences, seen, start, every, keras.tree.flatten(states)))
        if instead is not None:
            every, *rest = [tf.cast(tf.constant(state), every.dtype) for state in instead]
            return every[:, -1], every, [state[:, -1] for state in (every, *rest)]
        if _has_more_to_tell(layer):
            width = layer.cell.output_size
            last, every = last[..., :width], every[..., :width]
        if tape.tape is not None:
            nudge = tf.zeros_like(every)
            tape.tape.watch(nudge)
            tape.nudges.append(nudge)
            last, every = last + nudge[:, -1], every + nudge
        return last, every, states

    return listen


def _has_more_to_tell(layer: Any) -> bool:
    """Return whether the cell has states that its output does not show: lower cells, an LSTM's cell state."""
    return isinstance(layer.cell, keras.layers.StackedRNNCells | keras.layers.LSTMCell)


def _with_states(cell: Any) -> Any:
    """Make a cell output the states that Keras does not: every state of stacked cells, an LSTM's cell state."""
    call, hidden = cell.call, 0 if isinstance(cell, keras.layers.StackedRNNCells) else 1

    def call_and_tell(inputs: Any, states: Any, **options: Any) -> tuple[Any, Any]:
        output, after = call(inputs, states, **options)
        return keras.ops.concatenate([output, *keras.tree.flatten(after)[hidden:]], axis=-1), after

    return call_and_tell


def _call(fact: tuple[Any, str, bool], parts: tuple[Any, ...]) -> Call:
    """Convert a recorded call to NumPy arrays, in the layer's own order through time."""
    layer, name, backwards = fact
    sequences, seen, start, outputs, end = parts
    x = _widened(sequences)
    mask = np.array(seen[0], bool).reshape(x.shape[:2]) if seen else np.ones(x.shape[:2], bool)
    if backwards:
        x, mask = x[:, ::-1], mask[:, ::-1]
    after = tuple(_widened(state) for state in end)
    return Call(layer, name, x, mask, tuple(_widened(state) for state in start), _widened(outputs), after, backwards)


def _widened(tensor: Any) -> np.ndarray:
    """Convert a tensor to a NumPy array; one of 16 bits becomes float32, without rounding."""
    array = np.asarray(tf.convert_to_tensor(tensor).numpy())
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)
