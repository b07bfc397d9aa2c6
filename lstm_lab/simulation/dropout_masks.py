"""Dropout masks that are drawn from a seed, applied, and can be reused in later passes.

Srivastava et al. (2014) for the mask itself; Gal & Ghahramani (2016) for keeping one mask over time, which makes a
path one sampled network; Klambauer et al. (2017) for alpha dropout.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import ForecastError
from lstm_lab.models.backend import keras, tf
from lstm_lab.models.keras_private import parts_of, set_cell_masks, set_mask
from lstm_lab.models.shadow import shadowed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    _Draw = Callable[[Sequence[Any], Any], Any]

__all__ = ["DROPPING", "Masks", "check_masks", "draws", "rate_of", "with_masks"]

_BERNOULLI = (keras.layers.Dropout, keras.layers.SpatialDropout1D)
_GAUSSIAN = (keras.layers.GaussianDropout, keras.layers.GaussianNoise)
DROPPING = (*_BERNOULLI, *_GAUSSIAN, keras.layers.AlphaDropout)
"""Layers that act only while training, and that a Monte Carlo path keeps on."""
_RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)
_RATES = ("dropout", "recurrent_dropout", "_dropout")
"""Attributes in which Keras' layers keep the rate of dropout inside them."""
_SATURATED = -1.6732632423543772 * 1.0507009873554805
"""What alpha dropout puts in the place of a dropped value: where SELU ends for very negative inputs."""


def rate_of(layer: Any) -> float:
    """Return the strength of a dropout layer: its rate, or its deviation for Gaussian noise; 0 for any other layer."""
    if not isinstance(layer, DROPPING):
        return 0.0
    return float(layer.stddev if isinstance(layer, keras.layers.GaussianNoise) else layer.rate)


def draws(layer: Any) -> bool:
    """Return whether a layer draws masks: a dropout layer, one inside it, or a recurrent cell with dropout."""
    parts = parts_of(layer)
    return any(rate_of(part) > 0 for part in parts) or any(_cell_rate(part) > 0 for part in parts)


def _cell_rate(part: Any) -> float:
    """Return the larger dropout rate of a cell of LSTM, GRU or SimpleRNN; 0 for anything else."""
    if not hasattr(part, "reset_recurrent_dropout_mask"):
        return 0.0
    return max(float(part.dropout), float(part.recurrent_dropout))


def check_masks(layer: Any) -> None:
    """Refuse a layer whose masks cannot be replaced: its dropout would silently be off.

    Raises
    ------
    ForecastError
        The layer draws its own random numbers.
    """
    parts = parts_of(layer)
    if isinstance(layer, keras.Model):  # its layers are walked one by one
        for part in parts[1:]:
            check_masks(part)
        return
    if isinstance(layer, _RECURRENT):
        own = not all(_plain_cells(inner) for inner in _directions(layer)) and any(map(_inner_rate, parts))
    elif isinstance(layer, keras.layers.TimeDistributed):
        own = draws(layer) or any(map(_inner_rate, parts))
    else:
        covered = any(rate_of(part) > 0 for part in parts)
        own = any(
            (_inner_rate(part) > 0 and not (covered and isinstance(part, keras.layers.MultiHeadAttention)))
            or _own_generator(part)
            for part in parts
        )
    if own:
        raise ForecastError(
            f"paths are sampled through dropout whose masks we draw, but {type(layer).__name__} {layer.name!r} draws"
            " its own; set its rate to 0 and put a Dropout layer after it"
        )


def _inner_rate(part: Any) -> float:
    """Return the largest rate that a layer holds in itself and not in a dropout layer."""
    if isinstance(part, DROPPING):
        return 0.0
    rates = [getattr(part, name, 0.0) for name in _RATES]
    return max(float(rate) if isinstance(rate, int | float) else 0.0 for rate in rates)


def _own_generator(part: Any) -> bool:
    """Return whether a layer of the user's own holds a random generator."""
    return not type(part).__module__.startswith("keras.") and bool(getattr(part, "_seed_generators", ()))


def _directions(layer: Any) -> list[Any]:
    """Return a recurrent layer itself, or the two that a Bidirectional runs."""
    return [layer.forward_layer, layer.backward_layer] if isinstance(layer, keras.layers.Bidirectional) else [layer]


def _plain_cells(layer: Any) -> bool:
    """Return whether all cells of a recurrent layer are Keras' own, or have no dropout."""
    cell = getattr(layer, "cell", None)
    cells = getattr(cell, "cells", [cell])
    return all(hasattr(part, "reset_recurrent_dropout_mask") or _inner_rate(part) == 0 for part in cells)


@contextmanager
def with_masks(layer: Any, step_input: Any, source: Masks) -> Iterator[None]:
    """Make a layer use masks from `source` where it would draw its own, for the length of a block.

    A recurrent cell caches its masks for a call (`DropoutRNNCell`): ours are put there. Dropout layers inside another
    layer, as in attention, are answered for.

    Parameters
    ----------
    layer
        Any operation; one without dropout inside is left alone.
    step_input
        (rows, features), what a recurrent layer reads at a step.
    source
        Draws the masks.
    """
    with ExitStack() as stack:
        if isinstance(layer, _RECURRENT):
            for direction in _directions(layer) if draws(layer) else []:
                stack.enter_context(_cell_masks(direction.cell, step_input, source))
        else:
            for part in parts_of(layer)[1:]:
                if rate_of(part) > 0:
                    stack.enter_context(shadowed(part, "call", _dropper(part, source)))
        yield


def _dropper(layer: Any, source: Masks) -> Callable[..., Any]:
    def call(x: Any, training: Any = None) -> Any:  # noqa: ARG001 - Keras passes it on
        return source.drop(layer, x)

    return call


@contextmanager
def _cell_masks(cell: Any, step_input: Any, source: Masks) -> Iterator[None]:
    """Set the masks of a cell, or of each of stacked cells, for the length of a block."""
    size, dropping = step_input.shape[-1], []
    for part in getattr(cell, "cells", [cell]):
        if _cell_rate(part) > 0:
            mask = source.inner(part, part.dropout, size, step_input)
            set_cell_masks(part, mask, source.inner(part, part.recurrent_dropout, part.units, step_input))
            dropping.append(part)
        size = part.output_size
    try:
        yield
    finally:
        for part in dropping:
            part.reset_dropout_mask()
            part.reset_recurrent_dropout_mask()


class Masks:
    """The masks of one pass, in the order in which the layers ask for them.

    Parameters
    ----------
    paths
        Paths of a chunk; each has masks of its own.
    seeds
        (chunks, 2) int32 tensor; mask k of a chunk is drawn from its seed and k alone, so that a chunk has the same
        masks whatever others are drawn beside it.
    fresh
        Whether a mask differs from step to step of a window, or holds for all of it.
    earlier
        Masks of an earlier pass, to be used instead of drawing.
    """

    def __init__(self, paths: int, seeds: Any, *, fresh: bool, earlier: Sequence[Any] | None = None) -> None:
        self.used: list[Any] = []
        self.paths = tf.shape(seeds)[0] * paths
        """Paths of an origin, those of all chunks."""
        self._chunk = paths
        self._seeds = seeds
        self._fresh = fresh
        self._earlier = earlier

    def drop(self, layer: Any, x: Any) -> Any:
        """Apply a dropout layer with the next mask to x, (rows, units), (rows, time, units) or of more axes."""
        mask = tf.cast(self._next(_drawing(layer), self._sizes(layer, x)), x.dtype)
        if len(mask.shape) > len(x.shape):  # kept from a window, applied to a single step
            mask = mask[:, 0]
        by_path = tf.reshape(x, tf.concat([[-1, self.paths], tf.shape(x)[1:]], axis=0))
        changed = tf.ensure_shape(tf.reshape(_changed(layer, by_path, mask), tf.shape(x)), x.shape)
        steps = getattr(x, "_keras_mask", None)  # AutoGraph reads no assignment within a condition, and warns
        if steps is not None:
            set_mask(changed, steps)
        return changed

    def _sizes(self, layer: Any, x: Any) -> list[Any]:
        """Return the shape of one path's mask: the axis of time is shared where a mask holds for the whole window."""
        sizes = [tf.shape(x)[axis] if size is None else size for axis, size in enumerate(x.shape)][1:]
        if len(sizes) == 2 and (not self._fresh or isinstance(layer, keras.layers.SpatialDropout1D)):
            sizes[0] = 1
        noise_shape = getattr(layer, "noise_shape", None)
        if noise_shape is not None:
            sizes = [1 if noise_size == 1 else size for noise_size, size in zip(noise_shape[1:], sizes, strict=True)]
        return sizes

    def inner(self, cell: Any, rate: float, size: int, like: Any) -> Any:
        """Draw the mask inside a recurrent cell: (rows, size), one per gate where the cell wants that; None at 0."""
        if rate == 0:
            return None
        rows = tf.shape(like)[0]

        def draw_mask() -> Any:
            mask = self._next(_bernoulli(rate), [size])
            return tf.cast(tf.tile(mask, [rows // self.paths, 1]), like.dtype)

        gates = getattr(cell, "dropout_mask_count", None)
        return draw_mask() if gates is None else [draw_mask() for _ in range(gates)]

    def _next(self, draw: _Draw, shape: Sequence[Any]) -> Any:
        """Return the next mask, (paths, *shape)."""
        slot = len(self.used)
        if self._earlier is None:

            def of_chunk(seed: Any) -> Any:
                return draw([self._chunk, *shape], tf.random.experimental.stateless_fold_in(seed, slot))

            by_chunk = tf.map_fn(of_chunk, self._seeds, fn_output_signature=tf.float32)
            mask = tf.reshape(by_chunk, [-1, *shape])
        else:
            mask = self._earlier[slot]
        self.used.append(mask)
        return mask


def _changed(layer: Any, x: Any, mask: Any) -> Any:
    """Apply a mask as its layer would."""
    if isinstance(layer, keras.layers.GaussianNoise):
        return x + mask
    if not isinstance(layer, keras.layers.AlphaDropout):
        return x * mask
    # Scaled and shifted so that mean and variance stay those of the input.
    scale = ((1 - layer.rate) * (1 + layer.rate * _SATURATED**2)) ** -0.5
    return scale * (x * mask + _SATURATED * (1 - mask)) - scale * _SATURATED * layer.rate


def _drawing(layer: Any) -> _Draw:
    """Return the function that draws a dropout layer's mask: a factor of x, or for Gaussian noise a term."""
    rate = rate_of(layer)
    if isinstance(layer, keras.layers.AlphaDropout):
        return _bernoulli(rate, 1.0)
    if isinstance(layer, _BERNOULLI):
        return _bernoulli(rate)
    if isinstance(layer, keras.layers.GaussianDropout):
        return _normal(1.0, (rate / (1.0 - rate)) ** 0.5)
    return _normal(0.0, rate)


def _bernoulli(rate: float, kept_value: float | None = None) -> _Draw:
    """Draw 0 with probability `rate`, else `kept_value`; by default 1 / (1 - rate), so that the mean stays 1."""

    def draw(shape: Sequence[Any], seed: Any) -> Any:
        uniform = tf.random.stateless_uniform(shape, seed, alg="philox")
        return tf.where(uniform >= rate, 1.0 / (1.0 - rate) if kept_value is None else kept_value, 0.0)

    return draw


def _normal(mean: float, deviation: float) -> _Draw:
    def draw(shape: Sequence[Any], seed: Any) -> Any:
        return tf.random.stateless_normal(shape, seed, mean, deviation, alg="philox")

    return draw
