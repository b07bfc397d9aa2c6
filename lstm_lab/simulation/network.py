"""A forecaster's graph of layers whose dropout masks are ours.

Keras draws a new dropout mask at each call and from its own counter. A Monte Carlo path needs the opposite: masks that
follow from a seed, that can be kept for a whole trajectory, and that the window and the state roll-out share. So the
model's own operations are walked (same weights, nothing copied) and only what Keras would have drawn is replaced.

Shapes: a row is one (origin, path) pair, rows = origins * paths, the paths of an origin side by side, chunk by chunk.
Path j has the same mask at every origin, so a forecast does not depend on which other origins share its batch; and each
chunk draws its masks from a seed of its own, so neither does it depend on which other chunks do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from lstm_lab.models.backend import keras, tf
from lstm_lab.models.fused_lstm import (
    VALUES_PER_UNIT,
    fused_sequence,
    fused_step,
    is_fusible,
    joined_weights,
    padded_states,
)
from lstm_lab.models.keras_private import nodes_in_order, run_graph, same_seed_names, set_mask, takes_training
from lstm_lab.models.masking import mask_of, masked, step_mask, unpadded
from lstm_lab.models.tracing import CompiledFunction
from lstm_lab.simulation.carried import first_whole_window_layer, has_state
from lstm_lab.simulation.dropout_masks import Masks, check_masks, draws, rate_of, with_masks
from lstm_lab.simulation.host_calls import called_back, registered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lstm_lab.simulation.host_calls import Append

    Apply: TypeAlias = Callable[[Any, Sequence[Any], dict[str, Any], "Masks"], Any]

__all__ = ["Encoded", "Network"]


class Encoded(NamedTuple):
    """Output, states and masks of a pass (a tuple, because TensorFlow's traced functions return nothing richer)."""

    output: Any
    """Standardised forecast of the next step, (rows,) float32."""
    states: list[Any]
    """Per recurrent layer its list of states, each (rows, units)."""
    masks: list[Any]
    """The masks that were used; feed them back to keep them."""


@dataclass(frozen=True, slots=True)
class Node:
    """One call of an operation in a model's graph."""

    operation: Any
    plain: bool
    """The call takes one tensor and no other argument."""
    sizes: tuple[tuple[int | None, ...], ...]
    """Shapes of the outputs."""


class Network:
    """A forecaster, callable on whole windows or one step at a time.

    Parameters
    ----------
    model
        A built Sequential or functional model, (batch, time, columns) -> (batch, 1).

    Raises
    ------
    ForecastError
        The model holds dropout whose masks cannot be replaced.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._nodes = _nodes(model)
        for operation in self._operations:
            check_masks(operation)
        self._carriers = {
            position: _carrier(layer)
            for position, layer in enumerate(self._operations if self.stateless_layer() is None else ())
            if has_state(layer)
        }
        self._encoding, self._padded_encoding, self._carrying, self._padded_carrying = (
            CompiledFunction(function, open_rows=True, autograph=False)
            for function in (self._encode, self._encode, self._carry, self._carry)
        )

    @property
    def _operations(self) -> list[Any]:
        return [node.operation for node in self._nodes]

    @cached_property
    def _is_chain(self) -> bool:
        """Whether each operation is a layer that takes the output of the one before and nothing else."""
        return all(node.plain and isinstance(node.operation, keras.Layer) for node in self._nodes)

    @cached_property
    def stochastic(self) -> bool:
        """Whether any layer draws a mask."""
        return any(draws(operation) for operation in self._operations)

    def stateless_layer(self) -> str | None:
        """Return the name of the first layer that needs the whole window at each step; None without one."""
        if not self._is_chain:
            return next(
                str(node.operation.name)
                for node in self._nodes
                if not (node.plain and isinstance(node.operation, keras.Layer))
            )
        return first_whole_window_layer(self._operations)

    def largest_output(self, lookback: int) -> int:
        """Count the values that the largest layer holds for one window: its output, of a fused one all it computes."""
        counts: list[int] = []
        for node in self._nodes:
            if is_fusible(node.operation):
                counts.append(lookback * node.operation.units * VALUES_PER_UNIT)
            counts.extend(prod(lookback if size is None else size for size in shape[1:]) for shape in node.sizes)
        return max(counts)

    @cached_property
    def weights(self) -> int:
        """Count the weights: a step of a path multiplies about once by each."""
        return int(self.model.count_params())

    @property
    def traces(self) -> int:
        """How often the network was compiled."""
        functions = (self._encoding, self._padded_encoding, self._carrying, self._padded_carrying)
        return sum(function.count for function in functions)

    def is_compiled(self, rollout: str) -> bool:
        """Return whether a roll-out of this kind has been compiled."""
        state = rollout == "state"
        functions = (self._carrying, self._padded_carrying) if state else (self._encoding, self._padded_encoding)
        return any(function.count > 0 for function in functions)

    def runs_as(self, other: Network) -> bool:
        """Return whether two networks are the same operations in the same order, over weights of the same shapes."""
        kinds = [[type(node.operation) for node in nodes] for nodes in (self._nodes, other._nodes)]
        shapes = [[weight.shape for weight in model.weights] for model in (self.model, other.model)]
        return kinds[0] == kinds[1] and shapes[0] == shapes[1] and self.stateless_layer() == other.stateless_layer()

    def encode(
        self,
        windows: Any,
        seeds: Any,
        paths: int,
        *,
        shared: bool,
        fresh: bool,
        masks: list[Any] | None = None,
        lengths: Any = None,
    ) -> Encoded:
        """Run whole windows through the network.

        Parameters
        ----------
        windows
            (origins, lookback, columns) float32 while the paths of an origin still share its window, else (rows, ...).
        seeds
            (chunks, 2) int32; the masks follow from them.
        paths
            Paths of a chunk.
        shared
            Whether the paths of an origin still share its window. What they share is computed once: in a chain, it is
            repeated only where the first mask tells the paths apart.
        fresh
            Whether a mask differs from step to step of the window, or holds for all of it.
        masks
            Masks of an earlier call, to keep them.
        lengths
            Real steps of each window, where some are padded behind them.
        """
        arrays = (windows, seeds, masks or [])
        if lengths is None:
            plain: Encoded = self._encoding(*arrays, paths=paths, shared=shared, fresh=fresh)
            return plain
        padded: Encoded = self._padded_encoding(*arrays, lengths, paths=paths, shared=shared, fresh=fresh)
        return padded

    def carry(
        self, windows: Any, seeds: Any, paths: int, append: Append, *, fresh: bool, lengths: Any = None
    ) -> NDArray[np.float32]:
        """Encode windows once and carry the states of a chain through a horizon, in one compiled loop.

        Parameters
        ----------
        windows
            (origins, lookback, columns) float32.
        seeds
            (chunks, horizon, 2) int32; the masks of a step follow from its seeds.
        paths
            Paths of a chunk.
        append
            Called after each step but the last with its number and its standardised forecast, (rows,); returns the
            input row that follows from it, (rows, columns) float32.
        fresh
            Whether masks are drawn at each step, or those of the first are kept.
        lengths
            (origins,) real steps of each window, where some are padded behind them.

        Returns
        -------
        ndarray
            Standardised forecast of the last step, (rows,) float32.
        """
        with registered(append, windows.shape[-1]) as number:
            arrays = (windows, seeds.reshape(-1, 2), np.int32(seeds.shape[1]), np.int32(number))
            if lengths is None:
                output = self._carrying(*arrays, paths=paths, fresh=fresh)
            else:
                output = self._padded_carrying(*arrays, lengths, paths=paths, fresh=fresh)
            last: NDArray[np.float32] = output.numpy()
        return last

    def _carry(
        self, windows: Any, seeds: Any, steps: Any, number: Any, lengths: Any = None, *, paths: int, fresh: bool
    ) -> Any:
        seeds = tf.reshape(seeds, (-1, steps, 2))
        encoded = self._encode(windows, seeds[:, 0], [], lengths, paths=paths, shared=True, fresh=fresh)
        kept = [] if fresh else encoded.masks
        fusible = [position for position in self._carriers if is_fusible(self._operations[position])]
        weights = {position: joined_weights(self._operations[position].cell) for position in fusible}
        start = [
            padded_states(state) if position in weights else state
            for position, state in zip(sorted(self._carriers), encoded.states, strict=True)
        ]

        def one_more(step: Any, output: Any, *flat: Any) -> tuple[Any, ...]:
            row = tf.numpy_function(called_back, [number, step, output], tf.float32)
            row = tf.ensure_shape(row, (None, windows.shape[-1]))
            states = tf.nest.pack_sequence_as(start, flat)
            following = self._step(row, states, seeds[:, step + 1], kept, weights, paths=paths)
            return step + 1, following.output, *tf.nest.flatten(following.states)

        first = (tf.constant(0), encoded.output, *tf.nest.flatten(start))
        shapes = (tf.TensorShape([]), *(tf.TensorShape([None, *tensor.shape[1:]]) for tensor in first[1:]))
        return tf.while_loop(
            lambda step, *_: step + 1 < steps, one_more, first, shape_invariants=shapes, parallel_iterations=1
        )[1]

    def _encode(
        self,
        windows: Any,
        seeds: Any,
        masks: list[Any],
        lengths: Any = None,
        *,
        paths: int,
        shared: bool,
        fresh: bool,
    ) -> Encoded:
        source = Masks(paths, seeds, fresh=fresh, earlier=masks or None)
        if lengths is not None:
            windows = unpadded(windows, step_mask(lengths, tf.shape(windows)[1]))
        apply = _apply if lengths is None else _apply_padded
        if self._is_chain:
            x, states, shared = self._through_chain(windows, source, apply, shared=shared)
        else:
            if shared and self.stochastic:
                windows, shared = _repeat(windows, source.paths), False
            x, states = _run_graph(self.model, windows, mask_of(windows), source, apply), []
        if shared:
            x, states = _repeat(x, source.paths), _repeat(states, source.paths)
        return Encoded(tf.cast(x[:, 0], tf.float32), states, source.used)

    def _through_chain(self, x: Any, source: Masks, apply: Apply, *, shared: bool) -> tuple[Any, list[Any], bool]:
        states: list[Any] = []
        for position, layer in enumerate(self._operations):
            if shared and draws(layer):
                x, states, shared = _repeat(x, source.paths), _repeat(states, source.paths), False
            if position not in self._carriers:
                x = apply(layer, (x,), {}, source)
                continue
            mask = mask_of(x)
            if mask is None and is_fusible(layer):
                x, state = fused_sequence(layer, x)
            else:
                with with_masks(layer, x[:, 0], source):
                    x, *state = self._carriers[position](x, mask=mask, training=draws(layer))
            states.append(state)
        return x, states, shared

    def _step(
        self, newest: Any, states: list[Any], seeds: Any, masks: list[Any], weights: dict[int, Any], *, paths: int
    ) -> Encoded:
        source = Masks(paths, seeds, fresh=True, earlier=masks or None)
        x, carried = newest, []
        remaining = iter(states)
        last = max(self._carriers)
        for position, layer in enumerate(self._operations):
            if position in self._carriers:
                x, state = _one_step(layer, weights.get(position), x, next(remaining), source)
                carried.append(state)
            elif position < last and rate_of(layer) == 0:
                # Before the last recurrent layer the layers were built for an axis of time.
                x = _apply(layer, (x[:, None],), {}, source)[:, 0]
            else:
                x = _apply(layer, (x,), {}, source)
        return Encoded(tf.cast(x[:, 0], tf.float32), carried, source.used)


@same_seed_names()
def _carrier(layer: Any) -> Any:
    """Build a layer around the same cell object that also returns its states: shared weights, nothing copied.

    Keras's own LSTM and GRU stay what they are, for on a GPU they are one operation of cuDNN's; their cells in a plain
    RNN are a dozen operations a step. With masks inside the cell they would draw Keras's.
    """
    if type(layer) not in (keras.layers.LSTM, keras.layers.GRU) or draws(layer):
        return keras.layers.RNN(
            layer.cell, return_sequences=layer.return_sequences, return_state=True, dtype=layer.dtype_policy
        )
    carrier = type(layer).from_config({**layer.get_config(), "return_state": True})
    carrier.cell = layer.cell
    return carrier


def _one_step(layer: Any, weights: Any, x: Any, states: Any, source: Masks) -> tuple[Any, list[Any]]:
    """Run a recurrent layer for one row, (rows, features) -> (rows, units), and return its new states.

    `weights` are those of a fusible layer, joined; None for any other.
    """
    if weights is not None:
        return fused_step(layer, weights, x, states)
    with with_masks(layer, x, source):
        output, carried = layer.cell(x, states, training=draws(layer))
    return output, list(carried)


def _graph(model: Any) -> Any:
    """Return the functional graph of a model; a Sequential keeps its own inside."""
    return getattr(model, "_functional", None) or model


def _nodes(model: Any) -> list[Node]:
    """List the calls of a model's graph in the order in which they are made."""
    nodes = []
    for node in nodes_in_order(_graph(model)):
        if node.is_input:
            continue
        arguments = node.arguments
        others = [name for name, value in arguments.kwargs.items() if value is not None and name != "training"]
        plain = len(arguments.args) == 1 == len(node.input_tensors) and not others
        sizes = tuple(tuple(tensor.shape) for tensor in node.outputs)
        nodes.append(Node(node.operation, plain, sizes))
    return nodes


def _run_graph(model: Any, x: Any, mask: Any, source: Masks, apply: Apply) -> Any:
    """Run a model's graph with the masks of `source`."""
    if mask is not None:
        set_mask(x, mask)

    def calling(operation: Any) -> Callable[..., Any]:
        return lambda *args, **kwargs: apply(operation, args, kwargs, source)

    return run_graph(_graph(model), x, calling)


def _apply_padded(operation: Any, args: Sequence[Any], kwargs: dict[str, Any], source: Masks) -> Any:
    """Call an operation as `_apply` does, so that it leaves padding out."""
    return masked(operation, args, kwargs, lambda inner, given, named: _apply(inner, given, named, source))


def _apply(operation: Any, args: Sequence[Any], kwargs: dict[str, Any], source: Masks) -> Any:
    """Call an operation as in inference, with dropout masks from `source`."""
    if rate_of(operation) > 0:
        return source.drop(operation, args[0])
    if isinstance(operation, keras.Model) and hasattr(_graph(operation), "_nodes_by_depth"):
        return _run_graph(operation, args[0], kwargs.get("mask"), source, _apply)
    if takes_training(operation):
        inside = isinstance(operation, keras.layers.RNN | keras.layers.Bidirectional) and draws(operation)
        kwargs = {**kwargs, "training": inside}
    step_input = args[0][:, 0] if isinstance(operation, keras.layers.RNN | keras.layers.Bidirectional) else None
    with with_masks(operation, step_input, source):
        return operation(*args, **kwargs)


def _repeat(nested: Any, copies: Any) -> Any:
    """Repeat tensors and their masks, so that every path of an origin has its own copy."""

    def repeated(tensor: Any) -> Any:
        copy, mask = tf.repeat(tensor, copies, axis=0), mask_of(tensor)
        if mask is not None:
            set_mask(copy, tf.repeat(mask, copies, axis=0))
        return copy

    return tf.nest.map_structure(repeated, nested)
