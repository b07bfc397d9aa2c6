"""A network packed as plain text and arrays, to be sent to another process and built again there.

Nothing of TensorFlow is pickled. A packed network holds its configuration as JSON and its weights as NumPy arrays, so
any executor can carry it, and two packings of the same network are the same bytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_lab.errors import RunError
from lstm_lab.models.backend import keras
from lstm_lab.models.keras_private import inbound_nodes, same_seed_names

__all__ = ["PackedModel", "fresh_layers", "pack", "unpack"]


@dataclass(frozen=True, eq=False)
class PackedModel:
    """A Keras model without Keras."""

    config: str
    """JSON, as `keras.Model.to_json` writes it."""
    weights: tuple[np.ndarray, ...]
    """In the order of `keras.Model.get_weights`."""
    digest: str
    """SHA-256 of configuration and weights."""


def pack(model: Any) -> PackedModel:
    """Pack a built model as its configuration and weights."""
    config, weights = model.to_json(), tuple(np.asarray(array) for array in model.get_weights())
    digest = hashlib.sha256(config.encode())
    for array in weights:
        digest.update(np.ascontiguousarray(array).tobytes())
    return PackedModel(config, weights, digest.hexdigest())


def unpack(packed: PackedModel) -> Any:
    """Build the model again, with its weights.

    Raises
    ------
    RunError
        A layer's class is not known in this process.
    """
    try:
        model = keras.models.model_from_json(packed.config)
    except (TypeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0].split(". ")[0]
        raise RunError(
            f"a network that works in other processes is made of layers that can be imported there, but {reason};"
            " put the layer's class in a module, or work without an executor"
        ) from error
    model.set_weights(list(packed.weights))
    return model


@same_seed_names()
def fresh_layers(model: Any) -> list[Any]:
    """Copy the layers of a chain without their weights, to train the same network anew.

    Raises
    ------
    RunError
        The model is no simple chain of layers.
    """
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    if any(len(node.input_tensors) > 1 for layer in layers for node in inbound_nodes(layer)):
        raise RunError("a network is trained anew from its chain of layers, but this model is none; use refit=False")
    return [type(layer).from_config(layer.get_config()) for layer in layers]
