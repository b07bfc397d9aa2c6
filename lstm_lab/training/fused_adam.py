"""Adam whose step is one operation for each variable, for the training of a copy that nothing else holds."""

from __future__ import annotations

from typing import Any

from lstm_lab.models.backend import keras, tf

__all__ = ["FusedAdam"]


class FusedAdam(keras.optimizers.Adam):  # type: ignore[misc] # Keras has no types
    """Keras' Adam, computed by TensorFlow's operation: the same formula, in fewer passes over the memory.

    Keras writes the formula out, some 40 operations a variable, two thirds of all that a training step is compiled of.
    """

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Move variables by their gradients."""
        step = tf.cast(self.iterations.value + 1, tf.float32)
        self._powers = self.beta_1**step, self.beta_2**step
        super().apply(grads, trainable_variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move one variable; as Keras does it, where it is no float32 or its gradient is sparse."""
        if variable.dtype != tf.float32 or isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)
            return
        number = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[number].value.handle,
            v=self._velocities[number].value.handle,
            beta1_power=self._powers[0],
            beta2_power=self._powers[1],
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )
