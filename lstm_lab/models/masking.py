"""A network over right-padded sequences: no PAD step reaches a real one, whatever value it holds.

Keras hands a mask from layer to layer beside the tensors. Some layers drop it, some ignore it without a word
(GlobalMaxPooling1D, Flatten, ``x[:, -1]``), and `keras.layers.Masking` guesses it from values. Here the mask comes from
the lengths of the sequences, PAD steps are set to 0 before the first layer reads them, and the model's own operations
are called one by one: each is known to leave PAD steps out, or the network is refused by the name of the layer.

A recurrent layer that goes forward needs no mask at all, for PAD follows the last real step: it runs as without
padding, fused kernels included, and the state after the last real step is gathered.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import StackError
from lstm_lab.models.backend import keras, tf
from lstm_lab.models.keras_private import parts_of, run_graph, set_mask, takes_mask, takes_training
from lstm_lab.models.shadow import shadowed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "MaskedNetwork",
    "last_real",
    "mask_of",
    "masked",
    "masked_output",
    "padded_output",
    "refuse_unmasked",
    "step_mask",
    "unpadded",
]

_STEP_BY_STEP = (
    keras.layers.Dense,
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.AlphaDropout,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ELU,
    keras.layers.UnitNormalization,
    keras.layers.Rescaling,
    keras.layers.TimeDistributed,
    keras.layers.Identity,
)
"""Layers whose output at a step depends on the input at that step alone."""
_MERGES = (
    keras.layers.Add,
    keras.layers.Subtract,
    keras.layers.Multiply,
    keras.layers.Average,
    keras.layers.Maximum,
    keras.layers.Minimum,
    keras.layers.Concatenate,
)
_TOLD = (
    *_MERGES,
    keras.layers.RNN,
    keras.layers.Bidirectional,
    keras.layers.GlobalAveragePooling1D,
    keras.layers.BatchNormalization,
    keras.layers.MultiHeadAttention,
    keras.layers.GroupQueryAttention,
    keras.layers.Attention,
    keras.layers.AdditiveAttention,
)
"""Layers of Keras that take the mask and leave PAD steps out."""
_REMEDIES = {
    "Flatten": "put GlobalAveragePooling1D or a recurrent layer in its place",
    "Masking": "leave it out, for the lengths of the series say which steps are padding",
    "AveragePooling1D": "pool over all steps with GlobalAveragePooling1D",
    "MaxPooling1D": "pool over all steps with GlobalMaxPooling1D",
    "Conv1D": "use padding='causal', strides=1 and channels last",
    "BatchNormalization": "use axis=-1",
    "LayerNormalization": "use axis=-1",
    "Concatenate": "use axis=-1",
    "GroupNormalization": "use LayerNormalization",
    "GlobalMaxPooling1D": "use channels last",
}


def step_mask(lengths: Any, steps: Any) -> Any:
    """Return the mask of real steps of right-padded sequences, (batch, steps) bool, from their lengths, (batch,)."""
    return tf.range(steps)[None, :] < tf.cast(lengths, tf.int32)[:, None]


def last_real(values: Any, mask: Any) -> Any:
    """Gather what stands at the last real step of right-padded sequences, (batch, time, units) -> (batch, units)."""
    last = tf.maximum(tf.reduce_sum(tf.cast(mask, tf.int32), axis=1) - 1, 0)
    return tf.gather(values, last, axis=1, batch_dims=1)


def mask_of(tensor: Any) -> Any:
    """Return the mask that a tensor carries; None without one."""
    return getattr(tensor, "_keras_mask", None)


def unpadded(windows: Any, mask: Any) -> Any:
    """Set the PAD steps of windows (batch, time, columns) to 0, and attach the mask, as `masked` reads it."""
    x = tf.where(mask[..., None], windows, tf.zeros_like(windows))
    set_mask(x, mask)
    return x


def masked_output(
    model: Any,
    windows: Any,
    mask: Any,
    *,
    training: bool = False,
    call: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any] | None = None,
    gathered: bool = True,
) -> Any:
    """Compute a model's output for right-padded sequences.

    Parameters
    ----------
    model
        A Sequential or functional `keras.Model` of one input, (batch, time, columns).
    windows
        (batch, time, columns); what stands at PAD steps is never read.
    mask
        (batch, time) bool, True at real steps, which come first.
    training
        Whether dropout and batch normalisation work as in training.
    call
        Calls an operation with its arguments; by default as it is, with `training`.
    gathered
        Run forward recurrent layers without a mask and gather their last real step; False gives every recurrent layer
        the mask itself, as a trace needs it. Either gives the same numbers.

    Raises
    ------
    StackError
        An operation that would read PAD steps: its name and the remedy.
    """
    x = unpadded(windows, mask)

    def plain(operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if takes_training(operation):
            kwargs = {**kwargs, "training": training}
        return operation(*args, **kwargs)

    # A copy without a mask, by which Keras' losses would weigh the steps once more.
    return tf.identity(_walk(model, x, plain if call is None else call, gathered=gathered))


def padded_output(model: Any, windows: np.ndarray, lengths: np.ndarray) -> Any:
    """Compute a model's output for windows (batch, time, columns) of some lengths (batch,), dropout off."""
    mask = np.arange(windows.shape[1]) < lengths[:, None]
    return masked_output(model, tf.constant(windows), tf.constant(mask))


def masked(
    operation: Any,
    args: Sequence[Any],
    kwargs: dict[str, Any],
    call: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any],
    *,
    gathered: bool = True,
) -> Any:
    """Call an operation of a graph so that no PAD step of its input reaches a real step of its output.

    Parameters
    ----------
    operation, args, kwargs
        What is called; a tensor that is padded carries its mask, as Keras' own do.
    call
        How it is called.
    gathered
        As for `masked_output`.
    """
    mask = _mask_of(args, kwargs)
    if mask is None:
        return call(operation, tuple(args), kwargs)
    if isinstance(operation, keras.Model) and _graph(operation) is not None:
        return _walk(operation, args[0], call, gathered=gathered)
    _refuse(operation)
    if isinstance(operation, keras.layers.GlobalMaxPooling1D):
        return call(operation, (_lowered(args[0], mask),), kwargs)
    if gathered and _goes_forward(operation):
        return _gathered(operation, args[0], mask, lambda bare: call(operation, (bare, *args[1:]), kwargs))
    if isinstance(operation, _TOLD) or _takes_mask(operation):
        output = call(operation, *_copied(args, kwargs))
        if isinstance(operation, _MERGES) and mask_of(output) is None:  # Keras drops it where one input has none
            set_mask(output, mask)
        return output
    # Step by step: Keras need not know of the mask, and some of these layers would warn of it.
    output = call(operation, (tf.identity(args[0]), *args[1:]), kwargs)
    set_mask(output, mask)
    return output


def refuse_unmasked(model: Any, lookback: int, columns: int) -> None:
    """Refuse a network that would read PAD steps, before it is trained.

    Raises
    ------
    StackError
        The layer that would read them, and the remedy.
    """
    for layer in parts_of(model):
        if isinstance(layer, keras.layers.Masking):
            _refuse(layer)
    windows = tf.TensorSpec((None, lookback, columns), tf.float32)
    tf.function(lambda x, mask: masked_output(model, x, mask), autograph=False).get_concrete_function(
        windows, tf.TensorSpec((None, lookback), tf.bool)
    )


class MaskedNetwork(keras.Model):  # type: ignore[misc] # Keras has no types
    """A network over (windows, lengths), with the variables of the network that it holds.

    Parameters
    ----------
    network
        (batch, time, columns) -> (batch, 1), or (batch, time, 1) at every step.
    """

    def __init__(self, network: Any) -> None:
        super().__init__(name=f"masked_{network.name}")
        self.network = network
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:  # noqa: FBT001, FBT002 - Keras' signature
        """Map windows (batch, time, columns) and their lengths (batch,) to the network's output."""
        windows, lengths = inputs
        return masked_output(self.network, windows, step_mask(lengths, tf.shape(windows)[1]), training=training)


def _walk(model: Any, x: Any, call: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any], *, gathered: bool) -> Any:
    """Run a model's graph, every operation by `masked`."""

    def calling(operation: Any) -> Callable[..., Any]:
        return lambda *args, **kwargs: masked(operation, args, kwargs, call, gathered=gathered)

    return run_graph(_graph(model), x, calling)


def _graph(model: Any) -> Any:
    """Return the functional graph of a model, None where it has none; a Sequential keeps its own inside."""
    graph = getattr(model, "_functional", None) or model
    return graph if hasattr(graph, "_nodes_by_depth") else None


def _mask_of(args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Find the mask of the first padded tensor among the arguments."""
    masks = (mask_of(value) for value in keras.tree.flatten((tuple(args), kwargs)))
    return next((mask for mask in masks if mask is not None), None)


def _copied(args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Copy padded tensors with their masks: MultiHeadAttention takes the masks off what it is given, for good."""

    def copied(value: Any) -> Any:
        if mask_of(value) is None:
            return value
        copy = tf.identity(value)
        set_mask(copy, mask_of(value))
        return copy

    return keras.tree.map_structure(copied, tuple(args)), keras.tree.map_structure(copied, kwargs)


def _goes_forward(operation: Any) -> bool:
    """Return whether an operation is a recurrent layer that PAD behind the last real step cannot reach."""
    return isinstance(operation, keras.layers.RNN) and not operation.go_backwards and not operation.return_state


def _gathered(layer: Any, x: Any, mask: Any, call: Callable[[Any], Any]) -> Any:
    """Run a forward recurrent layer without a mask; where it gives its last output alone, gather the last real one."""
    every = nullcontext() if layer.return_sequences else shadowed(layer, "return_sequences", value=True)
    with every:
        output = call(tf.identity(x))
    if not layer.return_sequences:
        return last_real(output, mask)
    set_mask(output, mask)
    return output


def _lowered(x: Any, mask: Any) -> Any:
    """Put the lowest number at PAD steps, so that no maximum is theirs."""
    return tf.where(mask[..., None], x, tf.constant(x.dtype.min, x.dtype))


def _refuse(operation: Any) -> None:
    """Refuse an operation that would read PAD steps."""
    reason = _reads_padding(operation)
    if reason is None:
        return
    kind = type(operation).__name__
    remedy = _REMEDIES.get(kind, "put GlobalAveragePooling1D or a recurrent layer before it")
    raise StackError(
        f"layer {operation.name!r} ({kind}) {reason}, and some series are shorter than the lookback, so that their"
        f" windows are padded; {remedy}, or leave them out with short='skip'"
    )


def _reads_padding(operation: Any) -> str | None:
    """Describe what an operation would do with PAD steps, in words; None where it leaves them out."""
    if not isinstance(operation, keras.Layer):
        return "is no layer, and what it does with padding is not known"
    if operation.activity_regularizer is not None:
        return "has a penalty on its activity, which would count padding"
    for kinds, problem in _RULES:
        if isinstance(operation, kinds):
            return problem(operation)
    if type(operation).__module__.startswith("keras."):
        return "would read padding as if it were data"
    return None if operation.supports_masking else "does not say that it supports masking"


def _recurrent_reads(layer: Any) -> str | None:
    if layer.zero_output_for_mask and not layer.return_sequences:
        return "has zero_output_for_mask=True, which gives 0 for every padded window"
    if layer.go_backwards and layer.return_sequences:
        return "gives its steps in reverse, where padding comes first"
    return None


def _convolution_reads(layer: Any) -> str | None:
    causal = layer.padding == "causal" and tuple(layer.strides) == (1,) and layer.data_format == "channels_last"
    return None if causal else "mixes padding into real steps"


def _pooling_reads(layer: Any) -> str | None:
    return None if layer.data_format == "channels_last" else "pools over columns"


def _joining_reads(layer: Any) -> str | None:
    return None if layer.axis in {-1, 2} else "joins along time, where padding would stand between real steps"


def _normalisation_reads(layer: Any) -> str | None:
    columns = list(np.ravel(layer.axis)) in ([-1], [2])
    return None if columns else "would count padding in its mean and variance"


_RULES: tuple[tuple[Any, Callable[[Any], str | None]], ...] = (
    (keras.layers.RNN, _recurrent_reads),
    (keras.layers.Conv1D, _convolution_reads),
    (keras.layers.GlobalMaxPooling1D, _pooling_reads),
    (keras.layers.Concatenate, _joining_reads),
    ((keras.layers.LayerNormalization, keras.layers.BatchNormalization), _normalisation_reads),
    ((*_STEP_BY_STEP, *_TOLD), lambda _: None),
)
"""What layers of Keras do with PAD steps, by kind; a layer that none of them knows is refused."""


def _takes_mask(operation: Any) -> bool:
    """Return whether a layer of the user's own takes a mask."""
    return not type(operation).__module__.startswith("keras.") and takes_mask(operation)
