"""Arithmetic in float64 beside a bound on how far a layer, which computes in a dtype of its own, may be from it.

Every operation carries the error of its operands on and adds what the dtype's rounding of its own result may lose:
running error analysis, as in Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, section 3.3.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import TraceError
from lstm_lab.models.backend import keras, tf

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Activation", "Inexact", "Product", "Rounding", "product"]

_UNIT_ROUNDOFF = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
_LEAST = {"float64": 2.0**-1022, "float32": 2.0**-126, "float16": 2.0**-25, "bfloat16": 2.0**-126}
"""What a result may lose near zero: TensorFlow flushes subnormal numbers, float16 alone keeps them and rounds."""
_TF32 = 2.0**-10
"""Two roundings of the inputs of a matrix product on NVIDIA's tensor cores, which TensorFlow uses for float32."""
_TOGETHER = {"softmax", "log_softmax", "sparsemax"}
"""Activations in which one unit's value depends on the others'; none changes faster than twice its inputs."""
_SAMPLES = 4096


@dataclass(frozen=True, slots=True)
class Rounding:
    """What operations of a compute dtype may lose."""

    dtype: str
    sequences: int
    """How many rows the layer multiplies at once, for the way a product is summed may depend on it."""
    unit: float
    """Unit roundoff of the layer and of the replay itself."""

    @classmethod
    def in_dtype(cls, dtype: str, sequences: int) -> Rounding:
        """Look the dtype up."""
        return cls(dtype, sequences, _UNIT_ROUNDOFF[dtype] + _UNIT_ROUNDOFF["float64"])

    def of(self, value: np.ndarray) -> np.ndarray:
        """Bound the rounding of one operation's result."""
        bound: np.ndarray = np.abs(value)
        bound *= self.unit
        bound += _LEAST[self.dtype]
        return bound

    def gamma(self, terms: int, columns: int) -> float:
        """Bound the error of a sum of products, as a multiple of the sum of their magnitudes; see `Product`."""
        unit = _unit_of_sums(self.dtype, self.sequences, terms, columns)
        return float(min(terms, 8 * terms**0.5) * unit / max(1 - terms * unit, 0.5))


@dataclass(frozen=True, slots=True, eq=False)
class Inexact:
    """A value in float64 and a bound on the layer's distance from it."""

    value: np.ndarray
    error: np.ndarray

    @classmethod
    def exact(cls, value: np.ndarray) -> Inexact:
        """Wrap what the layer itself reported."""
        return cls(value, np.zeros_like(value))

    def plus(self, other: Inexact, rounding: Rounding) -> Inexact:
        """Add, with one rounding."""
        value = self.value + other.value
        error = self.error + other.error
        return Inexact(value, _rounded(error, value, rounding))

    def times(self, other: Inexact, rounding: Rounding) -> Inexact:
        """Multiply elementwise, with one rounding."""
        value = self.value * other.value
        error = (np.abs(self.value) + self.error) * other.error
        error += np.abs(other.value) * self.error
        return Inexact(value, _rounded(error, value, rounding))

    def where(self, condition: np.ndarray, other: Inexact) -> Inexact:
        """Return the other's values where a condition does not hold."""
        if condition.all():
            return self
        return Inexact(np.where(condition, self.value, other.value), np.where(condition, self.error, other.error))

    def split(self, parts: int) -> list[Inexact]:
        """Cut what lies side by side, (..., parts · units), into its parts."""
        values, errors = (np.split(array, parts, axis=-1) for array in (self.value, self.error))
        return [Inexact(value, error) for value, error in zip(values, errors, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """x·W for many rows at once, with the bound left open until a part of it is asked for.

    Let u be the unit roundoff in which the products are summed and γ(k) = min(k, 8√k)·u/(1 - k·u). A sum of k rounded
    terms lies within γ(k) times the sum of the magnitudes: the first branch always (Higham 2002, section 3.1), the
    second for independent roundings, except with a probability of 2·exp(-8²/2) = 3e-14 (Higham and Mary, A new approach
    to probabilistic rounding error analysis, SIAM J. Sci. Comput. 2019). That sum is at most ‖x‖₂·‖w‖₂ (Cauchy and
    Schwarz), which costs no second product.
    """

    value: np.ndarray
    """(..., columns)."""
    rows: np.ndarray
    """γ·‖x‖₂, (..., 1)."""
    columns: np.ndarray
    """‖w‖₂ of every column, (columns,)."""
    rounding: Rounding

    @classmethod
    def of(cls, x: np.ndarray, kernel: np.ndarray, rounding: Rounding) -> Product:
        """Multiply x, (..., terms), by a kernel, (terms, columns)."""
        flat = x.reshape(-1, x.shape[-1])
        # In one go: sequence by sequence, the threads of BLAS would meet far more often than they work.
        value = (flat @ kernel).reshape(*x.shape[:-1], kernel.shape[-1])
        size = rounding.gamma(*kernel.shape) * np.sqrt(np.einsum("...i,...i->...", x, x))[..., None]
        return cls(value, size, np.linalg.norm(kernel, axis=0), rounding)

    def at(self, where: Any) -> Inexact:
        """Return some of the rows with their bound."""
        value = self.value[where]
        return Inexact(value, _rounded(self.rows[where] * self.columns, value, self.rounding))


def product(x: Inexact, kernel: np.ndarray, rounding: Rounding) -> Inexact:
    """Multiply what is itself inexact by a kernel: |x - x̂| may reach E, so ŷ may be off by E·|W| more."""
    result = Product.of(x.value, kernel, rounding)
    off = Product.of(x.error, np.abs(kernel), rounding).value
    exact = result.at(...)
    return Inexact(exact.value, exact.error + (1.0 + rounding.gamma(*kernel.shape) + rounding.unit) * off)


@dataclass(frozen=True, slots=True)
class Activation:
    """A layer's own activation function, in float64, with the error of its evaluation in the compute dtype."""

    function: Any
    rounding: Rounding

    def __call__(self, pre: Inexact) -> Inexact:
        """Apply it: E[a(z)] = |a(z ± E[z]) - a(z)| + ε, where ε is the measured error of its own evaluation."""
        value = self.exactly(pre.value)
        error = self._spread(pre, value) + self._own_error(pre.value)
        return Inexact(value, _rounded(error, value, self.rounding))

    def _own_error(self, values: np.ndarray) -> float:
        if self.function in _SMOOTH:
            return _error_anywhere(self.function, self.rounding.dtype)
        return 0.0 if self.function in _NUMPY else _error_at(self.function, self.rounding.dtype, values)

    def exactly(self, values: np.ndarray) -> np.ndarray:
        """Apply it in float64, without a bound."""
        known = _NUMPY.get(self.function)
        return _evaluated(self.function, values, "float64") if known is None else known(values)

    def _spread(self, pre: Inexact, value: np.ndarray) -> np.ndarray:
        """Bound how far the value moves while its argument moves by its error."""
        if self.function in {keras.activations.linear, keras.activations.relu}:
            return pre.error
        if getattr(self.function, "__name__", "") in _TOGETHER:
            return np.broadcast_to(2 * pre.error.max(axis=-1, keepdims=True), value.shape)
        slope = _SLOPES.get(self.function)
        if slope is not None:
            # The slope grows by no more than e^2δ over a distance δ, and (e^2E - 1)/2 ≤ E + 2·E² up to E = 1/2.
            moved = slope(value) * (pre.error + 2 * pre.error**2)
            return moved if pre.error.max(initial=0.0) <= 0.5 else np.where(pre.error <= 0.5, moved, 2.0)
        up, down = (self.exactly(pre.value + sign * pre.error) for sign in (1, -1))
        return np.asarray(np.maximum(np.abs(up - value), np.abs(down - value)))


def _sigmoid(values: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.exp(np.negative(np.maximum(values, -700.0)))
    result += 1.0
    np.reciprocal(result, out=result)
    return result


_SMOOTH: dict[Any, Callable[[np.ndarray], np.ndarray]] = {
    keras.activations.sigmoid: _sigmoid,
    keras.activations.tanh: np.tanh,
}
_NUMPY: dict[Any, Callable[[np.ndarray], np.ndarray]] = {
    **_SMOOTH,
    keras.activations.linear: np.array,
    keras.activations.relu: lambda values: np.maximum(values, 0.0),
}
"""What NumPy computes just as well: the first evaluation by TensorFlow in a process costs more than all the replay."""


_SLOPES: dict[Any, Callable[[np.ndarray], np.ndarray]] = {
    keras.activations.sigmoid: lambda value: value - value**2,
    keras.activations.tanh: lambda value: 1.0 - value**2,
}
"""Of the smooth ones at a value; both stay within a range of 2."""


def _rounded(error: np.ndarray, value: np.ndarray, rounding: Rounding) -> np.ndarray:
    """Add one rounding to an error, in place: of the value that the layer has, which is off by that error."""
    error *= 1.0 + rounding.unit
    error += rounding.of(value)
    return error


@functools.cache
def _error_anywhere(function: Any, dtype: str) -> float:
    """Measure how far a smooth activation is off in a dtype, over all arguments that matter to it."""
    return _error_at(function, dtype, np.linspace(-20.0, 20.0, _SAMPLES + 1))


def _error_at(function: Any, dtype: str, values: np.ndarray) -> float:
    """Measure how far an activation is off in a dtype at these arguments."""
    arguments = np.asarray(tf.cast(tf.cast(tf.constant(values), dtype), "float64"))
    known = _NUMPY.get(function)
    exact = _evaluated(function, arguments, "float64") if known is None else known(arguments)
    return float(np.abs(_evaluated(function, arguments, dtype) - exact).max(initial=0.0))


def _evaluated(function: Any, values: np.ndarray, dtype: str) -> np.ndarray:
    try:
        result = function(tf.cast(tf.constant(values), dtype))
    except (TypeError, ValueError, tf.errors.InvalidArgumentError) as refused:
        name = getattr(function, "__name__", type(function).__name__)
        raise TraceError(
            f"activation {name} cannot be evaluated in {dtype}; write it without a fixed dtype"
        ) from refused
    return np.array(tf.cast(result, "float64"))


@functools.cache
def _unit_of_sums(dtype: str, rows: int, terms: int, columns: int) -> float:
    """Return the unit roundoff with which this machine sums the products of a dtype."""
    if dtype == "float32" and tf.config.list_logical_devices("GPU"):
        return _TF32
    wide = dtype in {"float16", "bfloat16"} and _sums_in_float32(dtype, rows, terms, columns)
    return _UNIT_ROUNDOFF["float32" if wide else dtype] + _UNIT_ROUNDOFF["float64"]


def _sums_in_float32(dtype: str, rows: int, terms: int, columns: int) -> bool:
    """Try whether the products of a 16-bit dtype are summed in float32, as most machines do, and rounded once."""
    rng = np.random.default_rng(0)
    unit, wide = _UNIT_ROUNDOFF[dtype], terms * _UNIT_ROUNDOFF["float32"]
    for _ in range(-(-_SAMPLES // (rows * columns))):
        x, kernel = (tf.cast(rng.normal(size=size), dtype) for size in ((rows, terms), (terms, columns)))
        product = np.asarray(tf.cast(keras.ops.matmul(x, kernel), "float64"))
        x, kernel = (np.asarray(tf.cast(factor, "float64")) for factor in (x, kernel))
        exact = x @ kernel
        sizes = np.abs(x) @ np.abs(kernel)
        if (np.abs(product - exact) > (1 + wide) * (unit * np.abs(exact) + wide * sizes) + _LEAST[dtype]).any():
            return False
    return True
