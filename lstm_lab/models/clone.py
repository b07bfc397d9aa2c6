"""Copies of a user's layers: their objects stay untouched, every random seed is explicit, names are stable."""

from __future__ import annotations

import copy
import re
import warnings
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import StackError, first_line
from lstm_lab.models.backend import keras
from lstm_lab.models.keras_private import parts_of

if TYPE_CHECKING:
    import numpy as np

    from lstm_lab.models.stack_cell import SourcedLayer

__all__ = ["copy_layer", "stable_names"]

_LONGEST = 150
"""Characters of Keras' reason that are shown: it may hold the code of a function."""


def copy_layer(source: SourcedLayer, rng: np.random.Generator, *, name: str, sequences: bool | None) -> keras.Layer:
    """Make a fresh layer from a layer's configuration.

    Parameters
    ----------
    source
        The user's layer; it is only read.
    rng
        Draws a seed for every initialiser and dropout that was left without one.
    name
        The copy's name.
    sequences
        What to set ``return_sequences`` to; None leaves it.

    Returns
    -------
    keras.Layer
        Without weights; `SourcedLayer.layer` may have some to carry over once the copy is built.

    Raises
    ------
    StackError
        If the layer cannot be made from its configuration.
    """
    kind = type(source.layer)
    if any(isinstance(part, keras.layers.Lambda) for part in parts_of(source.layer)):
        raise StackError(
            f"{source.location}: a run with a Lambda could not be loaded again, for its function is code in the file;"
            " write a layer class, or Activation('tanh')"
        )
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The object being serialized includes a `lambda`")
            config = copy.deepcopy(source.layer.get_config())
        if isinstance(source.layer, keras.layers.Bidirectional):
            _spell_out_backward(config)
        if sequences is not None:
            _set_sequences(config, sequences=sequences)
        return kind.from_config({**_seeded(config, rng), "name": name})
    except (AttributeError, NotImplementedError, TypeError, ValueError) as error:
        reason = first_line(error).split(". ")[0]
        reason = reason if len(reason) <= _LONGEST else f"{reason[:_LONGEST]} ..."
        raise StackError(
            f"{source.location}: {kind.__name__} cannot be copied from its configuration ({reason}); "
            "use functions of keras, and a layer class whose get_config() holds all its arguments"
        ) from error


def stable_names(layers: list[keras.Layer]) -> list[str]:
    """Return names of layers by their order in this stack, so that a cell run again gives the same model.

    Keras counts its automatic names over the whole process (``lstm_7``); those are counted anew. A name that the
    user chose is kept.
    """
    counts: dict[str, int] = {}
    names = []
    for layer in layers:
        automatic = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(layer).__name__).lower()
        if re.fullmatch(rf"{re.escape(automatic)}(_\d+)?", layer.name) is None:
            names.append(layer.name)
            continue
        counts[automatic] = counts.get(automatic, 0) + 1
        names.append(f"{automatic}_{counts[automatic]}")
    return names


def _seeded(config: Any, rng: np.random.Generator) -> Any:
    """Replace every ``"seed": None`` of a nested configuration by a number."""
    if isinstance(config, dict):
        return {
            key: int(rng.integers(2**31)) if key == "seed" and value is None else _seeded(value, rng)
            for key, value in config.items()
        }
    if isinstance(config, list | tuple):
        return type(config)(_seeded(item, rng) for item in config)
    return config


def _spell_out_backward(config: dict[str, Any]) -> None:
    """Add the backward layer's own configuration; else it would start with the forward layer's weights."""
    if config.get("backward_layer") is None:
        backward = copy.deepcopy(config["layer"])
        backward["config"]["go_backwards"] = not config["layer"]["config"]["go_backwards"]
        backward["config"]["name"] = "backward_" + backward["config"]["name"].removeprefix("forward_")
        config["backward_layer"] = backward


def _set_sequences(config: dict[str, Any], *, sequences: bool) -> None:
    if "return_sequences" in config:
        config["return_sequences"] = sequences
    for inner in ("layer", "backward_layer"):
        if isinstance(config.get(inner), dict):
            config[inner]["config"]["return_sequences"] = sequences
