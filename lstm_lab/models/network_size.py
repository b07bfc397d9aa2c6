"""The size of a network before it is built, so that one that fits in no memory is refused while it is described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstm_lab.data.memory.budget import free_memory, in_bytes
from lstm_lab.errors import StackError
from lstm_lab.models.backend import keras

if TYPE_CHECKING:
    from lstm_lab.models.stack_cell import SourcedLayer

__all__ = ["parameters_of", "refuse_too_large"]

_BYTES = 24
"""Bytes of a parameter while it is trained: weight, gradient and Adam's two averages in the copy that is trained, the
weight itself and that of the best epoch."""
_GATES = ((keras.layers.LSTM, 4), (keras.layers.GRU, 3), (keras.layers.SimpleRNN, 1))


def parameters_of(layer: Any, columns: int) -> int:
    """Count the parameters that a layer would have for an input of so many columns; 0 for a kind that is not known.

    Parameters
    ----------
    layer
        A Keras layer, built or not.
    columns
        Size of the last axis of its input.
    """
    if isinstance(layer, keras.layers.Bidirectional):
        return 2 * parameters_of(layer.forward_layer, columns)
    if isinstance(layer, keras.layers.TimeDistributed):
        return parameters_of(layer.layer, columns)
    for kind, gates in _GATES:
        if isinstance(layer, kind):
            return int(gates * layer.units * (layer.units + columns + 1))
    if isinstance(layer, keras.layers.Dense):
        return int(layer.units * (columns + 1))
    if isinstance(layer, keras.layers.Conv1D):
        return int(layer.filters * (layer.kernel_size[0] * columns + 1))
    return 0


def refuse_too_large(layer: Any, source: SourcedLayer, columns: int | None, before: int) -> int:
    """Refuse a layer that would not fit in memory beside those before it.

    Parameters
    ----------
    layer
        The next layer, not built yet.
    source
        Where it was written, and the option that stands for it.
    columns
        Size of the last axis of its input; None where it is not known.
    before
        Parameters of the layers before it.

    Returns
    -------
    int
        Parameters up to this layer.

    Raises
    ------
    StackError
        One line with the estimate and the remedy.
    """
    parameters = before + (0 if columns is None else parameters_of(layer, columns))
    free = free_memory()
    if free is not None and parameters * _BYTES > free:
        remedy = f"use fewer {source.option}=" if source.option else "use fewer units in the stack"
        raise StackError(
            f"{source.location}: a network fits in memory, and up to here this one has {parameters:,} parameters, which"
            f" take about {in_bytes(parameters * _BYTES)} to train where {in_bytes(free)} are free; {remedy}"
        )
    return parameters
