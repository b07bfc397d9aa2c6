"""A forecaster as a chain of layers whose dropout masks are ours.

Keras draws a new dropout mask at each call and from its own counter. A Monte Carlo path needs the opposite: masks that
follow from a seed, that can be kept for a whole trajectory, and that the window and the state roll-out share. So the
chain walks the model's own layers (same weights, nothing copied) and replaces only what Keras would have drawn.

Shapes: a row is one (origin, path) pair, rows = origins * paths, the paths of an origin side by side. Path j has the
same mask at every origin, so a forecast does not depend on which other origins share its batch.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from lstm_lab.errors import ForecastError
from lstm_lab.models.backend import keras, tf
from lstm_lab.simulation.dropout_masks import DROPPING, Masks, rate_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Chain", "Encoded"]

_POINTWISE = (
    keras.layers.Dense,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ELU,
    keras.layers.LayerNormalization,
    keras.layers.BatchNormalization,
    keras.layers.Rescaling,
    keras.layers.Identity,
    *DROPPING,
)


class Encoded(NamedTuple):
    """What an input left in the network (a tuple, for TensorFlow's traced functions return nothing richer)."""

    output: Any
    """Standardised forecast of the next step, (rows,) float32."""
    states: list[Any]
    """Per recurrent layer its list of states, each (rows, units)."""
    masks: list[Any]
    """The masks that were used; feed them back to keep them."""


class Chain:
    """The layers of a forecaster, callable on whole windows or one step at a time.

    Parameters
    ----------
    model
        A built chain of Keras layers, (batch, time, columns) -> (batch, 1).

    Raises
    ------
    ForecastError
        The model is no chain, or holds dropout whose masks cannot be ours.
    """

    def __init__(self, model: Any) -> None:
        self.layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
        for layer in self.layers:
            _check(layer)
        # The same cell objects under a layer that also returns its states: shared weights, nothing copied.
        self._carriers = {
            position: keras.layers.RNN(
                layer.cell, return_sequences=layer.return_sequences, return_state=True, dtype=layer.dtype_policy
            )
            for position, layer in enumerate(self.layers)
            if _carries(layer)
        }
        self.encode = tf.function(self._encode, reduce_retracing=True)
        self.step = tf.function(self._step, reduce_retracing=True)

    @property
    def stochastic(self) -> bool:
        """Whether any layer draws a mask."""
        return any(_draws(layer) for layer in self.layers)

    def stateless_layer(self) -> str | None:
        """Name the first layer for which no carried state can stand in for the window; None if there is none."""
        if not self._carriers:
            return str(self.layers[0].name)
        last = max(self._carriers)
        for position, layer in enumerate(self.layers):
            if position in self._carriers:
                steps_on = layer.return_sequences == (position < last)
            else:
                steps_on = isinstance(layer, _POINTWISE)
            if not steps_on:
                return str(layer.name)
        return None

    def _encode(
        self, windows: Any, seed: Any, paths: int, *, copies: int, fresh: bool, masks: list[Any] | None = None
    ) -> Encoded:
        """Run whole windows through the chain.

        Parameters
        ----------
        windows
            (rows / copies, lookback, columns) float32.
        seed
            (2,) int32; the masks follow from it.
        paths
            Paths of an origin.
        copies
            `paths` while the paths of an origin still share its window, else 1. What they share is computed once:
            it is repeated only where the first mask tells the paths apart.
        fresh
            Whether a mask differs from step to step of the window, or holds for all of it.
        masks
            Masks of an earlier call, to keep them.
        """
        source = Masks(paths, seed, fresh=fresh, kept=masks)
        x: Any = windows
        states: list[Any] = []
        for position, layer in enumerate(self.layers):
            if copies > 1 and _draws(layer):
                x, states, copies = _repeat(x, copies), _repeat(states, copies), 1
            if position in self._carriers:
                with _cell_masks(layer, x[:, 0], source):
                    x, *state = self._carriers[position](x, training=_draws(layer))
                states.append(state)
            else:
                x = _apply(layer, x, source)
        if copies > 1:
            x, states = _repeat(x, copies), _repeat(states, copies)
        return Encoded(tf.cast(x[:, 0], tf.float32), states, source.used)

    def _step(
        self, newest: Any, states: list[Any], seed: Any, paths: int, *, masks: list[Any] | None = None
    ) -> Encoded:
        """Run one more input row, (rows, columns) float32, through the chain from carried states."""
        source = Masks(paths, seed, fresh=True, kept=masks)
        x, carried = newest, []
        remaining = iter(states)
        for position, layer in enumerate(self.layers):
            if position in self._carriers:
                with _cell_masks(layer, x, source):
                    x, state = layer.cell(x, next(remaining), training=_draws(layer))
                carried.append(list(state))
            else:
                x = _apply(layer, x, source)
        return Encoded(tf.cast(x[:, 0], tf.float32), carried, source.used)


def _carries(layer: Any) -> bool:
    """Whether the layer's state can be carried forward in time."""
    return isinstance(layer, keras.layers.RNN) and not layer.go_backwards


def _draws(layer: Any) -> bool:
    """Whether the layer draws masks, between layers or inside a recurrent cell."""
    return rate_of(layer) > 0 or (_carries(layer) and _inner_rate(layer) > 0)


def _inner_rate(layer: Any) -> float:
    """Give the largest dropout rate inside a layer that is not itself a dropout layer."""
    inner = getattr(layer, "forward_layer", layer)
    cell = getattr(inner, "cell", inner)
    parts = [inner, cell, *getattr(cell, "cells", [])]
    names = ("dropout", "recurrent_dropout", "_dropout")
    rates = [getattr(part, name, 0.0) for part in parts for name in names]
    return max(float(rate) for rate in rates if isinstance(rate, int | float))


def _check(layer: Any) -> None:
    """Refuse what a chain cannot run, or would run with its dropout silently off."""
    if any(len(node.input_tensors) > 1 for node in layer._inbound_nodes):  # noqa: SLF001 - Keras offers no public way
        raise ForecastError(
            f"paths are sampled through a chain of layers, but {layer.name} has several inputs;"
            " build the forecaster from a list of layers"
        )
    plain_cell = _carries(layer) and not hasattr(layer.cell, "cells")
    foreign = isinstance(layer, keras.layers.AlphaDropout) or (
        not isinstance(layer, DROPPING) and not plain_cell and _inner_rate(layer) > 0
    )
    if foreign:
        raise ForecastError(
            f"paths are sampled through dropout whose masks we draw, but {type(layer).__name__} {layer.name!r} draws"
            " its own; set its rate to 0 and put a Dropout layer after it"
        )


def _repeat(nested: Any, copies: int) -> Any:
    """Give every path of an origin its own copy of what they shared."""
    return tf.nest.map_structure(lambda tensor: tf.repeat(tensor, copies, axis=0), nested)


def _apply(layer: Any, x: Any, source: Masks) -> Any:
    """Call a layer as in inference, but for the dropout whose masks are ours."""
    if rate_of(layer) == 0:
        return layer(x, training=False) if layer._call_has_training_arg else layer(x)  # noqa: SLF001 - Keras asks so too
    return source.drop(layer, x)


@contextmanager
def _cell_masks(layer: Any, step_input: Any, source: Masks) -> Iterator[None]:
    """Put our masks where a recurrent cell caches its own for the length of a call (`DropoutRNNCell`)."""
    cell = layer.cell
    if not _draws(layer):
        yield
        return
    cell._dropout_mask = source.inner(cell, cell.dropout, step_input.shape[-1], step_input)  # noqa: SLF001 - see above
    cell._recurrent_dropout_mask = source.inner(cell, cell.recurrent_dropout, cell.units, step_input)  # noqa: SLF001
    try:
        yield
    finally:
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()
