"""A copy of a network in which no layer draws a dropout mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lstm_lab.models.backend import keras
from lstm_lab.models.keras_private import same_seed_names

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["without_dropout"]

_RATES: Final = {
    "Dropout": "rate",
    "SpatialDropout1D": "rate",
    "AlphaDropout": "rate",
    "GaussianDropout": "rate",
    "GaussianNoise": "stddev",
}
"""What the strength of each layer of noise is called in its configuration."""
_INSIDE: Final = ("dropout", "recurrent_dropout")
"""Rates of dropout inside recurrent layers and attention."""


@same_seed_names()
def without_dropout(model: Any) -> Any:
    """Copy a network with the same weights and every rate of dropout set to 0.

    Parameters
    ----------
    model
        A Keras model.

    Returns
    -------
    keras.Model
        Of the same layers, names and weights.
    """

    def copied(layer: Any) -> Any:
        kind = type(layer)
        return kind.from_config(_silent(layer.get_config(), kind.__name__))

    copy = keras.models.clone_model(model, clone_function=copied)
    copy.set_weights(model.get_weights())
    return copy


def _silent(config: Mapping[str, Any], name: str | None = None) -> dict[str, Any]:
    """Return a configuration, and those of the layers inside it, with rates of 0."""
    strength = _RATES.get(str(name))
    return {
        key: 0.0 if key == strength or (key in _INSIDE and value) else _silent_value(value)
        for key, value in config.items()
    }


def _silent_value(value: Any) -> Any:
    if isinstance(value, dict):
        inside = value.get("config")
        if isinstance(inside, dict):
            return {**value, "config": _silent(inside, value.get("class_name"))}
        return _silent(value)
    return [_silent_value(item) for item in value] if isinstance(value, list) else value
