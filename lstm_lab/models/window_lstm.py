"""Keras' LSTM for training: a window is one operation forwards, and its gradient needs one product a step.

TensorFlow derives the gradient of Keras' loop over a window by itself: dozens of operations a step, among them a
product for each kernel and for the input. Here a step back computes the gradient of the gates alone and hands it on by
one product with the recurrent kernel; the gradients of the kernels, the bias and the input are then products over all
steps at once. So a gradient step takes less time, and less of it to compile. (`BlockLSTMGradV2`, TensorFlow's own
gradient of the operation, gives other numbers than Keras' layer.)

Shapes: time steps T, rows of a batch B, features F, units U.
"""

from __future__ import annotations

from typing import Any

from lstm_lab.models.backend import keras, not_on_tape, on_gpu, tell_tape, tf
from lstm_lab.models.fused_lstm import block_lstm, is_fusible, joined
from lstm_lab.models.keras_private import same_seed_names

__all__ = ["WindowLSTM", "for_training", "lstm_sequence"]


def lstm_sequence(x: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    """Compute the hidden states of an LSTM that starts at zero, (T, B, U), whose gradient is this module's.

    A gradient tape is told of it; nothing is registered with TensorFlow, which would keep the graph for good.

    Parameters
    ----------
    x
        (T, B, F) float32.
    kernel, recurrent, bias
        (F, 4U), (U, 4U) and (4U,), in Keras' order of the gates: input, forget, candidate, output.
    """
    with not_on_tape():
        zeros = tf.zeros((tf.shape(x)[1], recurrent.shape[0]), tf.float32)
        passed = block_lstm(x, [zeros, zeros], *joined(kernel, recurrent, bias))
        # Where no tape records it, as from outside a compiled function, a gradient is refused rather than wrong.
        hidden = tf.raw_ops.PreventGradient(input=passed.h, message="WindowLSTM has a gradient for a tape alone")

    def gradient(upstream: Any) -> tuple[Any, ...]:
        by_gates = tf.reshape(_gradient_of_gates(passed, upstream, zeros, recurrent), (-1, recurrent.shape[1]))
        earlier = tf.reshape(_one_step_earlier(passed.h, zeros), (-1, recurrent.shape[0]))
        inputs = tf.reshape(x, (-1, kernel.shape[0]))
        return (
            tf.reshape(tf.matmul(by_gates, kernel, transpose_b=True), tf.shape(x)),
            tf.matmul(inputs, by_gates, transpose_a=True),
            tf.matmul(earlier, by_gates, transpose_a=True),
            tf.reduce_sum(by_gates, axis=0),
        )

    tell_tape(hidden, [x, kernel, recurrent, bias], gradient)
    return hidden


def _gradient_of_gates(passed: Any, upstream: Any, zeros: Any, recurrent: Any) -> Any:
    """Compute the gradient of what the gates' activations are given, (T, B, 4U), backwards through time.

    Parameters
    ----------
    passed
        What `block_lstm` gave: gates i, f and o, candidate ci, cell state cs, its tanh co, hidden state h.
    upstream
        (T, B, U) gradient of the hidden states.
    zeros
        (B, U).
    recurrent
        (U, 4U).
    """
    # d activation / d its argument: g (1 - g) for a gate, 1 - tanh² for the candidate; times what the gate multiplies.
    factors = tf.concat(
        [
            passed.ci * passed.i * (1.0 - passed.i),
            _one_step_earlier(passed.cs, zeros) * passed.f * (1.0 - passed.f),
            passed.i * (1.0 - tf.square(passed.ci)),
            passed.co * passed.o * (1.0 - passed.o),
        ],
        axis=2,
    )
    to_memory, forget = passed.o * (1.0 - tf.square(passed.co)), passed.f
    steps = tf.shape(upstream)[0]

    def one_back(step: Any, hidden: Any, memory: Any, gates: Any) -> tuple[Any, ...]:
        # Gathered, for a slice is compiled of four operations.
        gradient, into_memory, into_gates, kept = (
            tf.gather(each, step) for each in (upstream, to_memory, factors, forget)
        )
        hidden += gradient
        memory += hidden * into_memory
        by_gates = tf.concat([memory, memory, memory, hidden], axis=1) * into_gates
        before = tf.matmul(by_gates, recurrent, transpose_b=True)
        return step - 1, before, memory * kept, gates.write(step, by_gates)

    gates = tf.TensorArray(tf.float32, steps, element_shape=(upstream.shape[1], recurrent.shape[1]))
    first = (steps - 1, zeros, zeros, gates)
    return tf.while_loop(lambda step, *_: step >= 0, one_back, first, parallel_iterations=1)[-1].stack()


def _one_step_earlier(states: Any, zeros: Any) -> Any:
    """Shift states (T, B, U) by a step, the first being zero."""
    return tf.concat([zeros[None], states[:-1]], axis=0)


class WindowLSTM(keras.layers.LSTM):  # type: ignore[misc] # Keras has no types
    """Keras' LSTM over whole windows, computed by `lstm_sequence`; with a mask or an initial state, as Keras does."""

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool = False,  # noqa: FBT001, FBT002 - Keras' signature
    ) -> Any:
        """Map windows (batch, time, features) to the output, (batch, time, units) or (batch, units)."""
        if initial_state is not None or mask is not None:
            return super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        cell = self.cell
        variables = (tf.convert_to_tensor(weight) for weight in (cell.kernel, cell.recurrent_kernel, cell.bias))
        hidden = lstm_sequence(tf.transpose(sequences, (1, 0, 2)), *variables)
        return tf.transpose(hidden, (1, 0, 2)) if self.return_sequences else hidden[-1]


@same_seed_names()
def for_training(model: Any) -> Any:
    """Build a model over the same variables whose LSTM layers are `WindowLSTM`, where that computes the same.

    Parameters
    ----------
    model
        Sequential or functional. Other layers are in both models, and every cell is.

    Returns
    -------
    keras.Model
        The model itself where no layer is such an LSTM, and on a GPU, where Keras' layer is one of cuDNN's.
    """
    if on_gpu() or not any(_has_twin(layer) for layer in model.layers):
        return model
    return keras.models.clone_model(model, clone_function=_twin)


def _has_twin(layer: Any) -> bool:
    return is_fusible(layer) and not layer.return_state and not layer.stateful


def _twin(layer: Any) -> Any:
    """Return a `WindowLSTM` over the layer's own cell; any other layer itself."""
    if not _has_twin(layer):
        return layer
    twin = WindowLSTM.from_config(layer.get_config())
    twin.cell = layer.cell
    return twin
