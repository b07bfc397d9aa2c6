"""What moves a model's output: its gradient by each input at each step, and what really happens without that input.

The gradient says how the output would answer a small nudge, the occlusion what it owes to the value that was there. For
a nearly linear model the second is the first times the value's distance from its mean; how well the two agree is
therefore the best available hint of how far either may be believed.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_lab.errors import TraceError
from lstm_lab.interpret.recording import nudged, recurrent_layers, states_kept
from lstm_lab.models.backend import keras, tf
from lstm_lab.models.compiled_copies import CompiledShapes, compiled_copy

__all__ = [
    "AttributionInput",
    "Connectivity",
    "Gradients",
    "Occlusion",
    "Quartiles",
    "connectivity",
    "gradients",
    "occlusion",
    "rank_correlation",
]

BLOCKS = 64
"""Steps are occluded one by one up to here, and in as many blocks of equal length in a longer sequence."""
RUNS = 2048
"""Most occluded sequences that are run; of many windows, evenly spaced ones are taken."""


@dataclass(frozen=True, slots=True, eq=False)
class AttributionInput:
    """A model, what it read, and the units in which to say what moved its output."""

    model: Any
    batch: np.ndarray
    """(batch, time, features)."""
    mask: np.ndarray
    """(batch, time), True where the model looked."""
    input_scale: np.ndarray
    """Standard deviation of each input, (features,), in the model's unit."""
    output_scale: float
    """The output's unit per 1 of the model's output."""


@dataclass(frozen=True, slots=True, eq=False)
class Gradients:
    """How the model's output answers, in the model's own units."""

    inputs: np.ndarray | None
    """∂ŷ/∂x, (batch, time, features); None where x holds whole numbers or has other axes."""
    units: dict[str, np.ndarray]
    """By the name of the layer's call, the root mean square over windows of the L2 norm over steps of ∂ŷ/∂h, (units,):
    by what a unit says, whatever its layer's own recurrence makes of it later. Cells stacked in one layer share the
    topmost's."""


@dataclass(frozen=True, slots=True, eq=False)
class Quartiles:
    """Median and quartiles over windows; with one window all three are the same."""

    median: np.ndarray
    low: np.ndarray
    """The lower quartile."""
    high: np.ndarray
    """The upper quartile."""


@dataclass(frozen=True, slots=True, eq=False)
class Connectivity:
    """∂ŷ/∂x: the output's move, in its unit, per standard deviation of an input at a step. NaN at masked steps."""

    gradient: np.ndarray
    """(batch, time, features), signed."""
    step: Quartiles
    """The L2 norm over the features, (time,): what the step as a whole can do."""
    feature: Quartiles
    """The L2 norm over the steps, (features,)."""
    step_feature: Quartiles
    """The gradient's magnitude, (time, features)."""


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion:
    """ŷ minus what it would have been with a step, or a feature, replaced by its mean over the window."""

    step: np.ndarray
    """(time,), signed, median over windows, in the output's unit; a block's effect is spread evenly over its steps."""
    feature: np.ndarray
    """(features,), signed, median over windows."""
    block: int
    """How many steps were replaced together."""
    windows: int
    """How many windows were asked."""
    agreement: float | None
    """Rank correlation, over the steps, between this and what the gradient alone predicts; None below 4 steps."""


def gradients(question: AttributionInput) -> Gradients:
    """Differentiate the output by every input, and by what every unit says, at every step, in one run.

    Parameters
    ----------
    question
        Of a model with several outputs, the first is taken; of one that gives a sequence, the last step.
    """
    with compiled_copy(question.model) as model, states_kept(recurrent_layers(model).values()):
        inputs, by_source = _compiled(model, "gradients", question.batch)(tf.constant(question.batch))
    by_inputs = None if inputs is None or question.batch.ndim != 3 else np.asarray(inputs, dtype=np.float64)
    squares = {name: np.asarray(gradient, dtype=np.float64) ** 2 for name, gradient in by_source.items()}
    return Gradients(by_inputs, {name: np.sqrt(each.sum(axis=1).mean(axis=0)) for name, each in squares.items()})


def connectivity(question: AttributionInput, gradients: Gradients) -> Connectivity:
    """Compute by how much the output would change per standard deviation of an input.

    Parameters
    ----------
    question
        What was asked.
    gradients
        What `gradients` gave for it.

    Returns
    -------
    Connectivity
        In output units per standard deviation of input.

    Raises
    ------
    TraceError
        If x holds whole numbers, by which nothing can be differentiated, or is not (batch, time, features).
    """
    gradient = _by_inputs(question, gradients) * question.input_scale * question.output_scale
    gradient = np.where(question.mask[..., None], gradient, np.nan)
    squares = np.where(question.mask[..., None], gradient**2, 0.0)
    by_step = np.where(question.mask, np.sqrt(squares.sum(axis=2)), np.nan)
    by_feature = np.sqrt(squares.sum(axis=1))
    return Connectivity(gradient, _spread(by_step), _spread(by_feature), _spread(np.abs(gradient)))


def occlusion(question: AttributionInput, gradients: Gradients) -> Occlusion:
    """Replace each step, then each feature, by its mean over the window, and see how the output moves.

    Parameters
    ----------
    question, gradients
        As for `connectivity`.

    Returns
    -------
    Occlusion
        In the output's unit.
    """
    _by_inputs(question, gradients)
    steps, features = question.batch.shape[1:]
    block = -(-steps // BLOCKS)
    starts = range(0, steps, block)
    asked = max(1, min(len(question.batch), RUNS // (len(starts) + features + 1)))
    selection = np.linspace(0, len(question.batch) - 1, asked).round().astype(int)
    x, unmasked = question.batch[selection], question.mask[selection]
    mean = np.broadcast_to(_mean_over_seen(x, unmasked)[:, None], x.shape)
    variants = [x]
    for start in starts:
        here = (np.arange(steps) >= start) & (np.arange(steps) < start + block)
        variants.append(np.where(here[:, None] & unmasked[..., None], mean, x))
    variants += [np.where((np.arange(features) == column) & unmasked[..., None], mean, x) for column in range(features)]
    outputs = _predict(question.model, np.concatenate(variants)).reshape(len(variants), asked)
    effects = np.median(outputs[:1] - outputs[1:], axis=1) * question.output_scale
    widths = np.diff([*starts, steps])
    per_step = np.repeat(effects[: len(starts)] / widths, widths)
    expected = _expected(question, gradients, selection, mean, starts)
    agreement = rank_correlation(np.abs(expected), np.abs(effects[: len(starts)]))
    return Occlusion(per_step, effects[len(starts) :], block, asked, agreement)


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float | None:
    """Correlate the ranks of two sequences (Spearman), ties taking their mean rank; None below 4 pairs or if flat.

    >>> rank_correlation(np.array([1.0, 2, 3, 4]), np.array([10.0, 20, 30, 40]))
    1.0
    """
    both = np.isfinite(a) & np.isfinite(b)
    first, second = _ranks(a[both]), _ranks(b[both])
    if len(first) < 4 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return round(float(np.corrcoef(first, second)[0, 1]), 12)


def _ranks(values: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse])


def _expected(
    question: AttributionInput, gradients: Gradients, selection: np.ndarray, mean: np.ndarray, starts: range
) -> np.ndarray:
    """Compute the effect of each block's occlusion to first order, by the gradient: Σ ∂ŷ/∂x·(x - mean)."""
    gradient = _by_inputs(question, gradients)[selection] * question.output_scale
    share = np.where(question.mask[selection], (gradient * (question.batch[selection] - mean)).sum(axis=2), 0.0)
    return np.asarray(np.median(np.add.reduceat(share, list(starts), axis=1), axis=0))


def _mean_over_seen(x: np.ndarray, unmasked: np.ndarray) -> np.ndarray:
    """Average over the seen steps, (batch, features)."""
    counts = np.maximum(unmasked.sum(axis=1), 1)[:, None]
    return np.asarray(np.where(unmasked[..., None], x, 0.0).sum(axis=1) / counts, dtype=x.dtype)


def _spread(values: np.ndarray) -> Quartiles:
    """Compute median and quartiles over the first axis, NaN where no window has a value."""
    filled = np.where(np.isnan(values).all(axis=0), 0.0, values)
    low, median, high = np.nanquantile(filled, [0.25, 0.5, 0.75], axis=0)
    missing = np.isnan(values).all(axis=0)
    return Quartiles(*(np.where(missing, np.nan, each) for each in (median, low, high)))


_functions: CompiledShapes[Any] = CompiledShapes()


def _by_inputs(question: AttributionInput, gradients: Gradients) -> np.ndarray:
    if gradients.inputs is not None:
        return gradients.inputs
    whole = question.batch.dtype.kind != "f"
    reads = "whole numbers" if whole else f"x of shape {question.batch.shape}, not (batch, time, features)"
    raise TraceError(f"{question.model.name} reads {reads}, so no gradient says which step and input moved its output")


def _predict(model: Any, batch: np.ndarray) -> np.ndarray:
    """Compute the output of each sequence, (batch,), in batches of the size that a stateful model needs."""
    batch_size = None if not getattr(model, "inputs", None) else model.inputs[0].shape[0]
    size = min(256, len(batch)) if batch_size is None else batch_size
    padded_length = -(-len(batch) // size) * size  # one shape is compiled, so the last batch is filled with copies
    padded = np.concatenate([batch, np.repeat(batch[-1:], padded_length - len(batch), axis=0)])
    outputs = []
    with compiled_copy(model) as copy:
        function = _compiled(copy, "output", padded[:size])
        for start in range(0, padded_length, size):
            with states_kept(recurrent_layers(copy).values()):
                outputs.append(np.asarray(function(tf.constant(padded[start : start + size])), dtype=np.float64))
    return np.concatenate(outputs)[: len(batch)]


def _compiled(model: Any, what: str, batch: np.ndarray) -> Any:
    """Compile the model for one shape: Keras steps through time far faster then."""
    reference = weakref.ref(model)

    def compiled() -> Any:
        function = {"output": _output_of, "gradients": _gradients_of}[what]
        traced = tf.function(lambda inputs: function(reference(), inputs), autograph=False)
        return traced.get_concrete_function(tf.TensorSpec(batch.shape, batch.dtype))

    return _functions.get(model, (what, batch.shape, str(batch.dtype)), compiled)


def _output_of(model: Any, inputs: Any) -> Any:
    """Run the model to one number a sequence."""
    return _reduced(model(inputs, training=False))


def _reduced(outputs: Any) -> Any:
    """Return the first column of the last step."""
    output = keras.tree.flatten(outputs)[0]
    while len(output.shape) > 2:
        output = output[:, -1]
    return output if len(output.shape) == 1 else output[:, 0]


def _gradients_of(model: Any, inputs: Any) -> tuple[Any | None, dict[str, Any]]:
    return nudged(model, inputs, _reduced)
