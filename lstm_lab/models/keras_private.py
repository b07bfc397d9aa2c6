"""What the package needs of Keras and Keras keeps private: all of it here, to be looked at with every new Keras."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lstm_lab.models.backend import keras

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "inbound_nodes",
    "nodes_in_order",
    "parts_of",
    "producer",
    "run_graph",
    "same_seed_names",
    "set_cell_masks",
    "set_mask",
    "takes_mask",
    "takes_training",
]


@contextmanager
def same_seed_names() -> Iterator[None]:
    """Name random generators of layers that are made within a block as in every other such block.

    Keras numbers them over the whole process (``seed_generator_57``), and of every new name of a variable TensorFlow
    keeps some 36 kB for good: a layer with dropout, and every LSTM, would leave them each time it is made.
    """
    state = keras.src.backend.common.global_state
    numbers = state.get_global_attribute("object_name_uids", set_to_default=True, default=defaultdict(int))
    before = numbers["seed_generator"]
    numbers["seed_generator"] = 0
    try:
        yield
    finally:
        numbers["seed_generator"] = before


def parts_of(layer: Any) -> list[Any]:
    """List a layer and all layers inside it; an operation that is no layer has none."""
    return list(layer._flatten_layers()) if isinstance(layer, keras.Layer) else []


def inbound_nodes(layer: Any) -> list[Any]:
    """List the calls of a layer on symbolic inputs."""
    return list(layer._inbound_nodes)


def producer(tensor: Any) -> Any:
    """Return the operation whose output a symbolic tensor is: an InputLayer for ``Input(...)``."""
    return tensor._keras_history.operation


def nodes_in_order(graph: Any) -> Iterator[Any]:
    """Yield the calls of a functional graph in the order in which they are made."""
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        yield from graph._nodes_by_depth[depth]


def run_graph(graph: Any, x: Any, calling: Callable[[Any], Callable[..., Any]]) -> Any:
    """Run a functional graph of one input, every operation by the function that `calling` returns for it."""
    outputs = graph._run_through_graph([x], operation_fn=calling)
    flat = keras.tree.flatten(outputs)
    return flat[0] if len(flat) == 1 else outputs


def takes_training(layer: Any) -> bool:
    """Return whether a layer's call takes ``training``."""
    return bool(getattr(layer, "_call_has_training_arg", False))


def takes_mask(layer: Any) -> bool:
    """Return whether a layer's call takes ``mask``."""
    return bool(layer._call_has_mask_arg)


def set_mask(tensor: Any, mask: Any) -> None:
    """Attach the mask of its steps to a tensor, where Keras looks for it."""
    tensor._keras_mask = mask


def set_cell_masks(cell: Any, mask: Any, recurrent_mask: Any) -> None:
    """Set the dropout masks that a recurrent cell caches for a call."""
    cell._dropout_mask = mask
    cell._recurrent_dropout_mask = recurrent_mask
