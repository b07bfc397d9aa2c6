"""What a stack becomes: one network that forecasts a step, and the same network with a forecast at every step."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import StackError
from lstm_lab.models.backend import forget_kernels, keras
from lstm_lab.models.keras_private import same_seed_names

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Forecaster", "describe", "from_model", "is_chain", "is_functional"]

_SILENT = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.AlphaDropout,
    keras.layers.Activation,
    keras.layers.Masking,
)
_PER_STEP = (
    *_SILENT,
    keras.layers.Dense,
    keras.layers.UnitNormalization,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ELU,
    keras.layers.Rescaling,
    keras.layers.TimeDistributed,
)


@dataclass(frozen=True, eq=False)
class Forecaster:
    """A network that forecasts one step, ready to be trained.

    Notes
    -----
    `every` is built over the same layer objects as `model`. Only the recurrent layer that gives its last output alone
    has a twin that gives all of them, and the twin holds the *same cell object*: there is one set of variables, so
    training either network trains both, and nothing has to be copied between them.
    """

    model: keras.Model
    """(batch, lookback, columns) -> (batch, 1); pure Keras, so it saves and loads without custom objects."""
    layers: tuple[keras.Layer, ...]
    lookback: int
    columns: int
    chained: bool = True
    """Each layer takes the output of the one before and nothing else."""

    def __post_init__(self) -> None:
        """Let go of what TensorFlow keeps of earlier networks."""
        forget_kernels()

    @cached_property
    def every_refused(self) -> str | None:
        """Why these layers cannot give a forecast at every step of a window, in words; None if they can."""
        if not self.chained:
            return "its layers are no simple chain"
        for layer in self.layers:
            if not _runs_forward(layer):
                return f"{_label(layer)} looks at more of the window than the steps so far"
        if not any(isinstance(layer, keras.layers.RNN) for layer in self.layers):
            return "it has no recurrent layer"
        return None

    @cached_property
    def every(self) -> keras.Model | None:
        """(batch, time, columns) -> (batch, time, 1) with the same weights, or None: see `every_refused`.

        The output at the last step is that of `model`; the output at step j has seen the steps up to j alone.
        """
        if self.every_refused is not None:
            return None
        x = inputs = keras.Input(self.model.input_shape[1:], name="window")
        for layer in self.layers:
            x = _twin(layer)(x)
        return keras.Model(inputs, x, name="forecaster_every")

    @same_seed_names()
    def clone(self) -> Forecaster:
        """Build the same network anew, with variables of its own."""
        return from_model(keras.models.clone_model(self.model), self.lookback, self.columns)

    def describe(self) -> str:
        """Describe in one line what the network is: ``"LSTM 128 → Dense 32 → 1 (70,113 parameters)"``."""
        return describe(self.layers)


def from_model(model: keras.Model, lookback: int, columns: int) -> Forecaster:
    """Wrap a whole Keras model, built or loaded; nothing is copied.

    Raises
    ------
    StackError
        If it does not map (batch, lookback, columns) to (batch, 1).
    """
    if not is_functional(model):
        raise StackError(f"a model must be Sequential or functional, and built, got {model!r}; give its layers instead")
    inputs, outputs = model.input_shape, model.output_shape
    fits = isinstance(inputs, tuple) and len(inputs) == 3 and inputs[1] in {None, lookback} and inputs[2] == columns
    if not fits:
        raise StackError(
            f"a model must take windows of shape ({lookback}, {columns}), got input {inputs}; "
            f"build it with Input(({lookback}, {columns}))"
        )
    if outputs != (None, 1):
        raise StackError(f"a model must give one number a window, (None, 1), got {outputs}; end it with Dense(1)")
    layers = tuple(layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer))
    return Forecaster(model, layers, lookback, columns, chained=is_chain(model))


def describe(layers: Sequence[keras.Layer]) -> str:
    """Describe in one line what a stack of built layers is, its last output layer as its size alone."""
    labels = [_label(layer) for layer in layers if not isinstance(layer, _SILENT)]
    if isinstance(layers[-1], keras.layers.Dense):
        labels[-1] = str(layers[-1].units)
    parameters = sum(layer.count_params() for layer in layers)
    return f"{' → '.join(labels)} ({parameters:,} parameters)"


def _label(layer: keras.Layer) -> str:
    """Return the usual name of a layer with its size: ``LSTM 128``, ``Bidirectional GRU 8``, ``Flatten``."""
    if isinstance(layer, keras.layers.Bidirectional):
        return f"Bidirectional {_label(layer.forward_layer)}"
    size = getattr(layer, "units", getattr(layer, "filters", None))
    return type(layer).__name__ if size is None else f"{type(layer).__name__} {size}"


def is_functional(layer: Any) -> bool:
    """Return whether a layer is a whole model with known inputs."""
    return isinstance(layer, keras.Model) and bool(getattr(layer, "inputs", None))


def is_chain(model: keras.Model) -> bool:
    """Return whether, by a model's configuration, each layer takes the previous one's output and nothing else."""
    if isinstance(model, keras.Sequential):
        return True
    configs = model.get_config()["layers"]
    for before, config in itertools.pairwise(configs):
        arguments = [node["args"] for node in config["inbound_nodes"]]
        if len(arguments) != 1 or len(arguments[0]) != 1 or not isinstance(arguments[0][0], dict):
            return False
        if arguments[0][0]["config"]["keras_history"] != [before["name"], 0, 0]:
            return False
    return True


def _runs_forward(layer: keras.Layer) -> bool:
    """Return whether a layer's output at a step depends on the steps up to it alone; an unknown layer's may not."""
    if isinstance(layer, keras.layers.RNN):
        return not layer.go_backwards
    if isinstance(layer, keras.layers.Conv1D):
        return bool(layer.padding == "causal") and tuple(layer.strides) == (1,)
    if isinstance(layer, keras.layers.BatchNormalization):
        # Behind the last recurrent layer it was built for two axes and takes no third.
        return layer.axis in {-1, 2} and layer.input_spec.ndim == 3
    if isinstance(layer, keras.layers.LayerNormalization):
        return list(np.ravel(layer.axis)) == [-1]
    return isinstance(layer, _PER_STEP)


@same_seed_names()
def _twin(layer: keras.Layer) -> keras.Layer:
    """Return a layer itself, or, for a recurrent one that gives its last output alone, one over the same cell."""
    if not isinstance(layer, keras.layers.RNN) or layer.return_sequences:
        return layer
    config = {**layer.get_config(), "return_sequences": True}
    if type(layer) is keras.layers.RNN:  # from its configuration it gets, and keeps, the variables of another cell
        return keras.layers.RNN(layer.cell, **{name: value for name, value in config.items() if name != "cell"})
    twin = type(layer).from_config(config)
    twin.cell = layer.cell
    return twin
