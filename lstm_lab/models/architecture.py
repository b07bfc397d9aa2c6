"""A network's architecture as a key: what a compiled function of it depends on beside its variables."""

from __future__ import annotations

import json
from typing import Any

from lstm_lab.models.backend import keras

__all__ = ["architecture_key"]


def architecture_key(model: Any) -> str | None:
    """Build a text that is the same for two models of the same layers; None where one is not Keras's own."""
    try:
        layers = json.dumps(_architecture(model.get_config()), sort_keys=True)
    except (TypeError, NotImplementedError):
        return None
    return f"{layers} {keras.config.dtype_policy().name}"


def _architecture(config: Any) -> Any:
    """Strip a configuration of what variables hold: seeds and initialisers.

    Raises
    ------
    TypeError
        Something in it is not Keras's own, so that its name does not say what it does.
    """
    if isinstance(config, dict):
        module = config.get("module")
        if module is not None and not str(module).startswith("keras"):
            raise TypeError(module)
        if config.get("class_name") == "Lambda":
            raise TypeError("Lambda")
        settings = {key: value for key, value in config.items() if key != "seed" and not key.endswith("_initializer")}
        return {key: _architecture(value) for key, value in settings.items()}
    if isinstance(config, list | tuple):
        return [_architecture(value) for value in config]
    return config
