"""Dropout masks that follow from a seed and can be kept: drawn, applied, handed back.

Srivastava et al. (2014) for the mask itself; Gal & Ghahramani (2016) for keeping one mask over time, which makes a
path one sampled network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstm_lab.models.backend import keras, tf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    _Draw = Callable[[Sequence[Any], Any], Any]

__all__ = ["DROPPING", "Masks", "rate_of"]

_BERNOULLI = (keras.layers.Dropout, keras.layers.SpatialDropout1D)
_GAUSSIAN = (keras.layers.GaussianDropout, keras.layers.GaussianNoise)
DROPPING = (*_BERNOULLI, *_GAUSSIAN)
"""Layers that act only while training, and that a Monte Carlo path keeps on."""


def rate_of(layer: Any) -> float:
    """Give the strength of a dropout layer: its rate, or its deviation for Gaussian noise; 0 for any other layer."""
    if not isinstance(layer, DROPPING):
        return 0.0
    return float(layer.stddev if isinstance(layer, keras.layers.GaussianNoise) else layer.rate)


class Masks:
    """The masks of one pass, in the order in which the layers ask for them.

    Parameters
    ----------
    paths
        Paths of an origin; each has masks of its own.
    seed
        (2,) int32 tensor; mask k of the pass is drawn from it and k alone.
    fresh
        Whether a mask differs from step to step of a window, or holds for all of it.
    kept
        Masks of an earlier pass, to be used instead of drawing.
    """

    def __init__(self, paths: int, seed: Any, *, fresh: bool, kept: Sequence[Any] | None = None) -> None:
        self.used: list[Any] = []
        self._paths = paths
        self._seed = seed
        self._fresh = fresh
        self._kept = kept

    def drop(self, layer: Any, x: Any) -> Any:
        """Apply a dropout layer with our mask to x, (rows, units) or (rows, time, units)."""
        steps = tf.shape(x)[1] if self._fresh and not isinstance(layer, keras.layers.SpatialDropout1D) else 1
        shape = [self._paths, x.shape[-1]] if len(x.shape) == 2 else [self._paths, steps, x.shape[-1]]
        mask = tf.cast(self._next(_drawing(layer), shape), x.dtype)
        if len(mask.shape) > len(x.shape):  # kept from a window, applied to a single step
            mask = mask[:, 0]
        by_path = tf.reshape(x, tf.concat([[-1, self._paths], tf.shape(x)[1:]], axis=0))
        changed = by_path + mask if isinstance(layer, keras.layers.GaussianNoise) else by_path * mask
        return tf.ensure_shape(tf.reshape(changed, tf.shape(x)), x.shape)

    def inner(self, cell: Any, rate: float, size: int, like: Any) -> Any:
        """Draw the mask inside a recurrent cell: (rows, size), one per gate where the cell wants that; None at 0."""
        if rate == 0:
            return None
        rows = tf.shape(like)[0]

        def one() -> Any:
            mask = self._next(_bernoulli(rate), [self._paths, size])
            return tf.cast(tf.tile(mask, [rows // self._paths, 1]), like.dtype)

        gates = getattr(cell, "dropout_mask_count", None)
        return one() if gates is None else [one() for _ in range(gates)]

    def _next(self, draw: _Draw, shape: Sequence[Any]) -> Any:
        slot = len(self.used)
        if self._kept is None:
            mask = draw(shape, tf.random.experimental.stateless_fold_in(self._seed, slot))
        else:
            mask = self._kept[slot]
        self.used.append(mask)
        return mask


def _drawing(layer: Any) -> _Draw:
    """Say how a dropout layer's mask is drawn: what x is multiplied by (for Gaussian noise, what is added)."""
    rate = rate_of(layer)
    if isinstance(layer, _BERNOULLI):
        return _bernoulli(rate)
    if isinstance(layer, keras.layers.GaussianDropout):
        return _normal(1.0, (rate / (1.0 - rate)) ** 0.5)
    return _normal(0.0, rate)


def _bernoulli(rate: float) -> _Draw:
    """Inverted dropout: 0 with probability `rate`, else 1 / (1 - rate), so that the mean stays 1."""

    def draw(shape: Sequence[Any], seed: Any) -> Any:
        uniform = tf.random.stateless_uniform(shape, seed, alg="philox")
        return tf.where(uniform >= rate, 1.0 / (1.0 - rate), 0.0)

    return draw


def _normal(mean: float, deviation: float) -> _Draw:
    def draw(shape: Sequence[Any], seed: Any) -> Any:
        return tf.random.stateless_normal(shape, seed, mean, deviation, alg="philox")

    return draw
