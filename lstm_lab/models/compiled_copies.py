"""Copies of networks whose compiled functions outlive the run that needed them first, so that the next compiles none.

TensorFlow takes half a second to compile a network for a trace, and never gives back all the memory of it. So what
runs a network of Keras's own layers compiled runs the copy of its architecture, whose weights are set to the network's.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from lstm_lab.models.architecture import architecture_key
from lstm_lab.models.backend import keras
from lstm_lab.models.kept_networks import KeptNetworks
from lstm_lab.models.keras_private import parts_of, same_seed_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["CACHE_SIZE", "CompiledShapes", "compiled_copy"]

Compiled = TypeVar("Compiled")

CACHE_SIZE = 4
"""Copies that are kept, the most recently used ones."""
_SHAPES = 4
"""Shapes of a model that stay compiled."""
_REPLACED = frozenset({"call", "__call__", "inner_loop"})

_copies: KeptNetworks[Any] = KeptNetworks()


class CompiledShapes(Generic[Compiled]):
    """What is compiled of each model for an input's shape: of a few shapes, and forgotten with the model."""

    def __init__(self) -> None:
        self._by_model: WeakKeyDictionary[Any, dict[Any, Compiled]] = WeakKeyDictionary()

    def get(self, model: Any, key: Any, compiled: Callable[[], Compiled]) -> Compiled:
        """Return what was compiled of a model for a shape, or compile it."""
        shapes = self._by_model.setdefault(model, {})
        if key not in shapes:
            if len(shapes) == _SHAPES:
                shapes.clear()
            shapes[key] = compiled()
        return shapes[key]

    def clear(self) -> None:
        """Forget all of it."""
        self._by_model.clear()


@contextmanager
def compiled_copy(model: Any) -> Iterator[Any]:
    """Yield a copy that has a model's weights and that nothing else runs for the length of the block.

    Parameters
    ----------
    model
        A built `keras.Model`; it is yielded itself where a copy might compute something else: with a layer or function
        that is not Keras's own, states kept from batch to batch, or methods that were replaced.
    """
    key = _key(model)
    copy = None if key is None else _copies.take(key) or _copied(model)
    if key is None or copy is None:
        yield model
        return
    for copied, weight in zip(copy.weights, model.weights, strict=True):
        copied.assign(weight)
    try:
        yield copy
    finally:
        _copies.put(key, copy, CACHE_SIZE)


def _key(model: Any) -> str | None:
    if not type(model).__module__.startswith("keras.") or model.run_eagerly:
        return None
    return None if any(_is_changed(part) for part in parts_of(model)) else architecture_key(model)


def _is_changed(part: Any) -> bool:
    """Return whether a layer carries anything that its configuration does not tell."""
    return bool(getattr(part, "stateful", False) or _REPLACED & vars(part).keys())


@same_seed_names()
def _copied(model: Any) -> Any:
    """Copy a model; None where Keras copies it to other layers."""
    copy = keras.models.clone_model(model)
    same = [type(part) for part in parts_of(copy)] == [type(part) for part in parts_of(model)]
    return copy if same and [each.shape for each in copy.weights] == [each.shape for each in model.weights] else None
