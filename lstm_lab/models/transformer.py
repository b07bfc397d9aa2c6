"""A small Transformer as a chain of layers, to be compared with recurrent networks on equal terms.

Vaswani et al. (2017), "Attention is all you need"; normalisation before each part as in Xiong et al. (2020), ICML,
which trains without a warmup of the learning rate. Dropout stands between the blocks as layers of its own, as in the
reference stack, so a Monte Carlo path keeps its masks here too and nothing in the roll-out knows of attention.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.models.backend import keras

if TYPE_CHECKING:
    from lstm_lab.options import TrainOptions

__all__ = ["CausalBlock", "LastStep", "TimeCode", "transformer_stack"]


@keras.saving.register_keras_serializable(package="lstm_lab")
class TimeCode(keras.layers.Layer):  # type: ignore[misc] # Keras has no types
    """Positional encoding: sines and cosines of each step's distance from the end of the window, added to the input.

    Counted from the end, so that the newest step looks alike whatever the length of the window.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True

    def call(self, x: Any, mask: Any = None) -> Any:
        """Map (batch, time, units) to the same shape; behind padding the end is the last real step."""
        units = x.shape[-1]
        rates = 10_000.0 ** (-np.arange(0, units, 2, dtype=np.float32) / units)
        steps = keras.ops.cast(keras.ops.arange(keras.ops.shape(x)[1])[::-1], "float32")
        if mask is not None:
            padding = keras.ops.sum(keras.ops.cast(keras.ops.logical_not(mask), "float32"), axis=1)
            steps = keras.ops.maximum(steps - padding[:, None], 0.0)
        angles = steps[..., None] * rates
        code = keras.ops.concatenate([keras.ops.sin(angles), keras.ops.cos(angles)], axis=-1)[..., :units]
        return x + keras.ops.cast(code, x.dtype)


@keras.saving.register_keras_serializable(package="lstm_lab")
class CausalBlock(keras.layers.Layer):  # type: ignore[misc] # likewise
    """One block: multi-head attention of each step to itself and the steps before, then two dense layers; no dropout.

    Parameters
    ----------
    heads
        Attention heads; they share the units of the input among them.
    inner
        Units of the hidden dense layer.
    seed
        Of all initial weights.
    """

    def __init__(self, heads: int, inner: int, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.heads, self.inner, self.seed = heads, inner, seed
        self.supports_masking = True  # no step sees a later one, so none sees padding behind its sequence

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the weights for inputs of (batch, time, units)."""
        units = int(shape[-1] or 0)
        if units % self.heads != 0:
            raise ValueError(f"{units} units cannot be shared among {self.heads} heads; use a multiple of {self.heads}")
        seeds = iter([None] * 4 if self.seed is None else np.random.default_rng(self.seed).integers(2**31, size=4))
        whole = (None, None, units)
        self.before_attention = self._norm(whole)
        self.project = self._dense(3 * units, whole, next(seeds))
        self.merge = self._dense(units, whole, next(seeds))
        self.before_dense = self._norm(whole)
        self.widen = self._dense(self.inner, whole, next(seeds), "gelu")
        self.narrow = self._dense(units, (None, None, self.inner), next(seeds))

    def _norm(self, shape: tuple[int | None, ...]) -> Any:
        layer = keras.layers.LayerNormalization()
        layer.build(shape)
        return layer

    def _dense(self, units: int, shape: tuple[int | None, ...], seed: Any, activation: str | None = None) -> Any:
        start = keras.initializers.GlorotUniform(None if seed is None else int(seed))
        layer = keras.layers.Dense(units, activation=activation, kernel_initializer=start)
        layer.build(shape)
        return layer

    def call(self, x: Any) -> Any:
        """Map (batch, time, units) to the same shape; step t sees the steps up to t alone."""
        x = x + self.merge(self._attended(self.project(self.before_attention(x))))
        return x + self.narrow(self.widen(self.before_dense(x)))

    def _attended(self, projected: Any) -> Any:
        ops = keras.ops
        batch, time, units = ops.shape(projected)[0], ops.shape(projected)[1], projected.shape[-1] // 3
        # (batch, time, 3 * units) -> three of (batch, time, heads, units / heads)
        parts = ops.split(ops.reshape(projected, (batch, time, 3 * self.heads, units // self.heads)), 3, axis=2)
        query, key, value = parts
        scores = ops.einsum("bqhd,bkhd->bhqk", query, key) / (units // self.heads) ** 0.5
        later = ops.arange(time)[None, :] > ops.arange(time)[:, None]
        weights = ops.softmax(ops.where(later, ops.cast(-1e9, scores.dtype), scores), axis=-1)
        return ops.reshape(ops.einsum("bhqk,bkhd->bqhd", weights, value), (batch, time, units))

    def get_config(self) -> dict[str, Any]:
        """Return all arguments."""
        return {**super().get_config(), "heads": self.heads, "inner": self.inner, "seed": self.seed}


@keras.saving.register_keras_serializable(package="lstm_lab")
class LastStep(keras.layers.Layer):  # type: ignore[misc] # likewise
    """Keep the newest step: (batch, time, units) to (batch, units)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True

    def call(self, x: Any, mask: Any = None) -> Any:
        """Drop the earlier steps, and padding behind the newest."""
        if mask is None:
            return x[:, -1]
        newest = keras.ops.sum(keras.ops.cast(mask, "int32"), axis=1) - 1
        return keras.ops.take_along_axis(x, keras.ops.maximum(newest, 0)[:, None, None], axis=1)[:, 0]

    def compute_mask(self, x: Any, mask: Any = None) -> None:
        """Return no mask on: there is one step left."""


def transformer_stack(options: TrainOptions) -> list[Any]:
    """Make the reference stack with attention in the place of recurrence.

    An embedding as wide as the first entry of `units` (rounded up to a multiple of 4, for four heads), one causal block
    and one dropout per entry, then the same dense layers.
    """
    units = -(-options.units[0] // 4) * 4
    layers: list[Any] = [keras.layers.Dense(units), TimeCode()]
    for _ in options.units:
        layers.append(CausalBlock(heads=4, inner=2 * units))
        if options.dropout > 0:
            layers.append(keras.layers.Dropout(options.dropout))
    layers += [keras.layers.LayerNormalization(), LastStep()]
    layers += [keras.layers.Dense(size, activation="relu") for size in options.dense]
    return [*layers, keras.layers.Dense(1)]
