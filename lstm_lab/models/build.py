"""Stacks of layers that make a forecaster: the reference stack, and the check and build of a user's own."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import LabError, StackError, first_line
from lstm_lab.models.backend import keras, refuse_forked
from lstm_lab.models.clone import copy_layer, stable_names
from lstm_lab.models.forecaster import Forecaster, describe, from_model, is_functional
from lstm_lab.models.keras_private import producer, same_seed_names
from lstm_lab.models.network_size import refuse_too_large
from lstm_lab.models.stack_cell import SourcedLayer, read_stack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lstm_lab.options import TrainOptions

__all__ = [
    "Forecaster",
    "SourcedLayer",
    "build_forecaster",
    "describe",
    "from_model",
    "read_stack",
    "reference_stack",
]

_CELLS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}
_RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)
_INITIALIZERS = {
    "orthogonal": keras.initializers.Orthogonal,
    "glorot": keras.initializers.GlorotUniform,
    "gaussian": keras.initializers.RandomNormal,
}
"""Saxe et al. (2014), arXiv:1312.6120; Glorot & Bengio (2010), AISTATS; a normal of deviation 0.05."""


_DROPOUTS = (keras.layers.Dropout, keras.layers.AlphaDropout, keras.layers.GaussianDropout)


@same_seed_names()
def reference_stack(options: TrainOptions) -> list[keras.Layer]:
    """Make the stack that most tutorials teach: (cell, dropout) per entry of units, dense ReLU layers, one output."""
    layers: list[keras.Layer] = []
    kernel, recurrent = _INITIALIZERS[options.kernel_init], _INITIALIZERS[options.recurrent_init]
    for units in options.units:
        starts = {"kernel_initializer": kernel(), "recurrent_initializer": recurrent()}
        layers.append(_CELLS[options.cell](units, **starts))
        if options.dropout > 0:
            layers.append(keras.layers.Dropout(options.dropout))
    layers.extend(keras.layers.Dense(units, activation="relu") for units in options.dense)
    return [*layers, keras.layers.Dense(1)]


@same_seed_names()
def build_forecaster(
    layers: Sequence[SourcedLayer | keras.Layer],
    lookback: int,
    columns: int,
    *,
    forget_bias: float = 1.0,
    seed: int = 0,
    supervise: str = "last",
) -> Forecaster:
    """Build a network from copies of layers; the layers themselves stay as they are.

    A layer that has weights already keeps them. For any other, the same seed gives the same weights bit for bit, and
    neither NumPy's, Python's nor TensorFlow's global generator is read or set.

    ``return_sequences`` is set from what follows: True where the next layer that cares needs the time axis (recurrent,
    convolution, pooling, Flatten, ...), False where it must not have one (RepeatVector) or where nothing follows that
    cares; before Reshape, Permute or a layer of the user's own class, what the user wrote stands. A `keras.Sequential`
    counts as its layers; one functional `keras.Model` may stand for the whole stack, and keeps its weights; an
    ``Input`` is checked and left out.

    Parameters
    ----------
    layers
        In order; from `read_stack`, `reference_stack` or by hand.
    lookback, columns
        Shape of a window.
    forget_bias
        Initial bias of the forget gates of every LSTM layer with ``unit_forget_bias`` (Keras's default), set after
        building: in Keras's gate order i, f, c, o it is the second quarter of the bias.
    seed
        Of the initialisers and dropouts that have none of their own.
    supervise
        ``"every"`` refuses layers that cannot give a forecast at every step.

    Raises
    ------
    StackError
        If the layers do not make one number of a window: the line, the reason, the remedy.
    """
    refuse_forked()
    sourced = _checked(list(_flattened(layers)), lookback, columns)
    if len(sourced) == 1 and is_functional(sourced[0].layer):
        forecaster = from_model(_cloned(sourced[0], seed), lookback, columns)
    else:
        unrolled = any(getattr(source.layer, "unroll", False) for source in sourced)
        chained = None
        with suppress(StackError):
            chained = _chained(sourced, lookback if unrolled else None, lookback, columns, seed)
        # Some layers, like Flatten before Dense, must know the length of a window.
        if chained is None:
            chained = _chained(sourced, lookback, lookback, columns, seed)
        forecaster = chained
        _set_forget_bias(forecaster.layers, sourced, forget_bias)
    if supervise == "every" and forecaster.every_refused is not None:
        raise StackError(
            f"supervise='every' needs a forecast at every step of a window, but {forecaster.every_refused}; "
            "use supervise='last'"
        )
    return forecaster


def _flattened(layers: Sequence[SourcedLayer | keras.Layer]) -> Iterator[SourcedLayer]:
    """Yield every layer with its source; the layers of a Sequential instead of itself."""
    for item in layers:
        source = item if isinstance(item, SourcedLayer) else SourcedLayer(item)
        if not isinstance(source.layer, keras.Layer | keras.KerasTensor):
            kind = type(source.layer).__name__
            raise StackError(
                f"a stack is made of Keras layers, got {source.layer!r} ({kind}); write LSTM(32), Dense(1)"
            )
        if isinstance(source.layer, keras.Sequential):
            yield from (replace(source, layer=layer) for layer in source.layer.layers)
        else:
            yield source


def _checked(sources: list[SourcedLayer], lookback: int, columns: int) -> list[SourcedLayer]:
    """Return the layers without inputs that fit, and refuse those that no stack can use."""
    layers = [source for source in sources if not _is_input(source, lookback, columns)]
    if not layers:
        raise StackError("a stack needs at least one layer, got none; write for example LSTM(32) and Dense(1)")
    layer_ids: set[int] = set()
    for source in layers:
        layer = source.layer
        if id(layer) in layer_ids:
            raise StackError(
                f"{source.location}: the same layer object stands twice in the stack; make a new one each time"
            )
        layer_ids.add(id(layer))
        if getattr(layer, "stateful", False):
            raise StackError(f"{source.location}: stateful=True, but windows are shuffled; leave it out")
        _refuse_full_dropout(source)
        _refuse_constant_output(source)
        _refuse_whole_numbers(source)
        if getattr(layer, "return_state", False):
            raise StackError(f"{source.location}: return_state=True gives more than one output; leave it out")
    return layers


def _refuse_full_dropout(source: SourcedLayer) -> None:
    """Refuse a layer that drops every output, as dropout=1 is refused: its weights would never be trained."""
    inside = getattr(source.layer, "layers", ())
    wrapped = [getattr(source.layer, name, None) for name in ("forward_layer", "backward_layer", "layer")]
    for layer in (source.layer, *inside, *wrapped):
        names = ("rate",) if isinstance(layer, _DROPOUTS) else ("dropout", "recurrent_dropout")
        rates = [getattr(layer, name, 0.0) for name in names]
        if any(isinstance(rate, int | float) and rate >= 1 for rate in rates):
            raise StackError(
                f"{source.location}: drops every output, and nothing is learnt; use a rate below 1, such as 0.2"
            )


def _refuse_constant_output(source: SourcedLayer) -> None:
    """Refuse an output of one number with a softmax over it: the network would forecast the same always."""
    one = isinstance(source.layer, keras.layers.Dense) and source.layer.units == 1
    if one and getattr(source.layer.activation, "__name__", "") in {"softmax", "log_softmax"}:
        raise StackError(f"{source.location}: a softmax over one number is always the same; leave activation= out")


def _refuse_whole_numbers(source: SourcedLayer) -> None:
    """Refuse a layer that computes in whole numbers, which have no gradient."""
    dtype = str(source.layer.compute_dtype)
    if "float" not in dtype:
        raise StackError(f"{source.location}: computes in {dtype}, which cannot be trained; leave dtype= out")


def _is_input(source: SourcedLayer, lookback: int, columns: int) -> bool:
    """Return whether a line is an input; refuse one of another shape, and a layer that was called."""
    layer = source.layer
    if isinstance(layer, keras.KerasTensor):
        if not isinstance(producer(layer), keras.layers.InputLayer):
            raise StackError(
                f"{source.location}: is the output of a layer that was called; write the layer alone, LSTM(8)"
            )
        shape = tuple(layer.shape)
    elif isinstance(layer, keras.layers.InputLayer):
        shape = tuple(layer.batch_shape)
    else:
        return False
    if len(shape) != 3 or shape[1] not in {None, lookback} or shape[2] != columns:
        raise StackError(
            f"{source.location}: takes shape {shape[1:]}, but a window is ({lookback}, {columns}); leave the line out"
        )
    return True


def _cloned(source: SourcedLayer, seed: int) -> keras.Model:
    """Copy a functional model with its weights, for a built one cannot be told from a trained one."""
    rng = np.random.default_rng(seed)

    def copied(operation: Any) -> Any:
        if not isinstance(operation, keras.Layer):  # an operation such as x * 2 has no weights
            return operation
        return copy_layer(replace(source, layer=operation), rng, name=operation.name, sequences=None)

    clone = keras.models.clone_model(source.layer, clone_function=copied)
    clone.set_weights(source.layer.get_weights())
    return clone


def _chained(sources: list[SourcedLayer], time: int | None, lookback: int, columns: int, seed: int) -> Forecaster:
    """Copy the layers, call each on the last one's output, carry existing weights over, check the result."""
    rng = np.random.default_rng(seed)
    names = stable_names([source.layer for source in sources])
    copies = []
    size = 0
    x = inputs = keras.Input((time, columns), name="window")
    for position, (source, name) in enumerate(zip(sources, names, strict=True)):
        following = [later.layer for later in sources[position + 1 :]]
        layer = copy_layer(source, rng, name=name, sequences=_sequences(source.layer, following))
        size = refuse_too_large(layer, source, x.shape[-1], size)
        x = _called(layer, source, x)
        if source.layer.weights:
            _carry_weights(source, layer)
        copies.append(layer)
    if x.shape != (None, 1):
        shape = tuple(x.shape[1:])
        raise StackError(
            f"{sources[-1].location}: the stack must end in one number a window, got shape {shape}; "
            f"{'end it with Dense(1)' if len(shape) == 1 else 'put a recurrent or pooling layer before Dense(1)'}"
        )
    try:
        model = keras.Model(inputs, x, name="forecaster")
    except ValueError as error:
        raise StackError(f"the layers make no model: {first_line(error)}; give each layer a name of its own") from error
    if time is None:
        _check_length(model, lookback, columns)
    return Forecaster(model, tuple(copies), lookback, columns)


def _check_length(model: keras.Model, lookback: int, columns: int) -> None:
    """Refuse a network that is open in time and yet cannot take this length, such as a Reshape to another size."""
    try:
        model.compute_output_spec(keras.KerasTensor((None, lookback, columns)))
    except (ValueError, TypeError) as error:
        raise StackError(f"the layers cannot take a window of {lookback} rows: {first_line(error)}") from error


def _called(layer: keras.Layer, source: SourcedLayer, x: Any) -> Any:
    """Call a layer symbolically; an error of Keras becomes one line with the user's line in front."""
    try:
        y = layer(x)
    except LabError:
        raise
    except Exception as error:  # a layer of the user's own raises what it likes
        raise StackError(
            f"{source.location}: cannot take an input of shape (batch, {', '.join(map(str, x.shape[1:]))}): "
            f"{first_line(error)}; change this layer or the one before"
        ) from error
    if not isinstance(y, keras.KerasTensor):
        raise StackError(f"{source.location}: gives {type(y).__name__}, not one tensor; use a layer with one output")
    return y


def _sequences(layer: keras.Layer, following: list[keras.Layer]) -> bool | None:
    """Decide a recurrent layer's ``return_sequences`` from the layers that follow; None for any other layer."""
    if not isinstance(layer, _RECURRENT):
        return None
    for later in following:
        if isinstance(later, (*_RECURRENT, keras.layers.Flatten, keras.layers.TimeDistributed)):
            return True
        rank = _rank(later)
        if rank is not None:
            return rank >= 3
        own = not type(later).__module__.startswith("keras.")
        if own or isinstance(later, keras.layers.Reshape | keras.layers.Permute | keras.layers.Lambda):
            return bool(layer.return_sequences)
    return False


def _rank(layer: keras.Layer) -> int | None:
    """Return the number of axes that a layer demands, the batch's included, if it says so before it is built."""
    specs = layer.input_spec if isinstance(layer.input_spec, list) else [layer.input_spec]
    spec = specs[0] if specs else None
    if spec is None:
        return None
    return spec.ndim if spec.ndim is not None else spec.min_ndim if (spec.min_ndim or 0) >= 3 else None


def _carry_weights(source: SourcedLayer, layer: keras.Layer) -> None:
    try:
        layer.set_weights(source.layer.get_weights())
    except ValueError as error:
        had = [tuple(weight.shape) for weight in source.layer.weights]
        raise StackError(
            f"{source.location}: has weights of shapes {had}, which do not fit its input here; make a new layer"
        ) from error


def _set_forget_bias(layers: tuple[keras.Layer, ...], sources: list[SourcedLayer], forget_bias: float) -> None:
    for layer, source in zip(layers, sources, strict=True):
        for cell in [] if source.layer.weights else _lstm_cells(layer):
            if cell.use_bias and cell.unit_forget_bias:
                bias = cell.bias.numpy()
                bias[cell.units : 2 * cell.units] = forget_bias
                cell.bias.assign(bias)


def _lstm_cells(layer: Any) -> Iterator[keras.layers.LSTMCell]:
    """Find the LSTM cells in a layer and its wrappers."""
    if isinstance(layer, keras.layers.LSTMCell):
        yield layer
    for name in ("cell", "layer", "forward_layer", "backward_layer"):
        if (inner := getattr(layer, name, None)) is not None:
            yield from _lstm_cells(inner)
    for inner in getattr(layer, "cells", ()):
        yield from _lstm_cells(inner)
