"""The long-memory task: a value is seen once, marked, and asked for many steps later.

Everything between is noise of the same kind, so the network must shut its gates on it. After Hochreiter and
Schmidhuber, Long Short-Term Memory, Neural Computation 9 (1997), experiment 2, and Bengio, Simard and Frasconi,
Learning Long-Term Dependencies with Gradient Descent is Difficult, IEEE Transactions on Neural Networks 5 (1994).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lstm_lab.models.backend import forget_kernels, keras, on_one_device, tf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["SUCCESS", "VARIANTS", "Learner", "Variant", "build", "explained_variance", "sequences"]

SUCCESS = 0.9
"""Share of the value's variance that a network must explain on fresh sequences to be said to recall it."""
BATCH = 64
LEARNING_RATE = 5e-3
CHECK_EVERY = 50


@dataclass(frozen=True, slots=True)
class Variant:
    """A recurrent layer to compare."""

    cell: Literal["rnn", "gru", "lstm"]
    forget_bias: float | Literal["chrono"] | None = None
    """Initial bias of the forget gate; ``"chrono"`` spreads it as ln(1 … N) for the N steps to span."""

    @property
    def label(self) -> str:
        """Name of the variant in a table."""
        if self.forget_bias is None:
            return self.cell
        bias = "ln(1 … N)" if self.forget_bias == "chrono" else f"{self.forget_bias:g}"
        return f"{self.cell}, forget bias {bias}"


VARIANTS = (Variant("rnn"), Variant("gru"), *(Variant("lstm", bias) for bias in (0.0, 1.0, 2.0)))


def sequences(steps: int, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw sequences of noise whose first value is marked and is the target after the last step.

    Parameters
    ----------
    steps
        Steps from the marked value to the last step.
    count
        Number of sequences.
    rng
        Random generator.

    Returns
    -------
    tuple of arrays
        Inputs (count, steps + 1, 2), uniform noise between -1 and 1 and the mark of the value to keep, and the values
        (count,).
    """
    x = np.zeros((count, steps + 1, 2), dtype=np.float32)
    x[..., 0] = rng.uniform(-1, 1, size=(count, steps + 1))
    x[:, 0, 1] = 1.0
    return x, x[:, 0, 0].copy()


def build(variant: Variant, steps: int, features: int, units: int, seed: int) -> Any:
    """Build a network of one recurrent layer and a linear output, (batch, steps, features) -> (batch, 1).

    The chrono initialisation is that of Tallec and Ollivier, Can recurrent neural networks warp time?, 2018, eq. 16.
    """
    random = {
        "kernel_initializer": keras.initializers.GlorotUniform(seed=seed),
        "recurrent_initializer": keras.initializers.Orthogonal(seed=seed + 1),
    }
    forget_kernels()
    makers: dict[str, Callable[[], Any]] = {
        "rnn": lambda: keras.layers.SimpleRNN(units, **random),
        "gru": lambda: keras.layers.GRU(units, **random),
        "lstm": lambda: keras.layers.LSTM(units, **random),
    }
    layer = makers[variant.cell]()
    head = keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed=seed + 2))
    model = keras.Sequential([keras.Input((steps, features)), layer, head])
    if variant.forget_bias is not None:
        kernel, recurrent, bias = layer.get_weights()
        layer.set_weights([kernel, recurrent, _biases(bias, variant.forget_bias, steps, seed)])
    return model


def _biases(bias: np.ndarray, forget: float | Literal["chrono"], steps: int, seed: int) -> np.ndarray:
    """Set an LSTM's forget biases, and for chrono the input biases against them (Keras orders i, f, c, o)."""
    units = len(bias) // 4
    if forget == "chrono":
        spread = np.log(np.random.default_rng(seed).uniform(1, max(steps - 1, 2), units))
        bias[:units], bias[units : 2 * units] = -spread, spread
    else:
        bias[units : 2 * units] = forget
    return bias


class Learner:
    """A network with its gradient steps on squared error, by Adam and with clipped gradients.

    The step is traced once, which takes as long as a hundred steps: `begin` starts the same network anew.

    Parameters
    ----------
    model
        (batch, steps, features) -> (batch, 1).
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._optimizer = on_one_device(keras.optimizers.Adam(LEARNING_RATE, clipnorm=1.0))
        self._optimizer.build(model.trainable_variables)
        self._start = [np.asarray(variable) for variable in self._optimizer.variables]
        self._step: Any = None

    def begin(self, weights: Sequence[np.ndarray]) -> None:
        """Start with other weights, and with an optimiser that has seen nothing."""
        self.model.set_weights(weights)
        for variable, value in zip(self._optimizer.variables, self._start, strict=True):
            variable.assign(value)

    def learn(
        self,
        batches: Iterator[tuple[np.ndarray, np.ndarray]],
        updates: int,
        good_enough: Callable[[], bool] | None = None,
    ) -> Iterator[int]:
        """Train step by step, so that the caller can halt at any update.

        Parameters
        ----------
        batches
            Inputs and targets (batch,), all of one size, as many as are asked for.
        updates
            Gradient steps, at most.
        good_enough
            Asked every 50 updates; true ends the training.

        Yields
        ------
        int
            The updates done.
        """
        for done in range(1, updates + 1):
            x, y = (tf.constant(part) for part in next(batches))
            if self._step is None:
                # Concrete at once: TensorFlow counts calls that trace, and would warn of a few networks in a row.
                self._step = tf.function(self._update, autograph=False).get_concrete_function(x, y)
            self._step(x, y)
            yield done
            if good_enough is not None and done % CHECK_EVERY == 0 and good_enough():
                return

    def _update(self, x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.model(x, training=True)[:, 0] - y))
        self._optimizer.apply(tape.gradient(loss, self.model.trainable_variables))


def explained_variance(model: Any, x: np.ndarray, y: np.ndarray) -> float:
    """Return the share of the target's variance that the model explains, 1 - MSE / variance; 0 or less is no recall."""
    error = y - model(tf.constant(x), training=False).numpy()[:, 0]
    return float(1 - np.mean(error**2) / np.var(y))
