"""Graphs that are run a few times at most, and are therefore not worth optimising."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from lstm_lab.models.backend import tf

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["as_traced"]


@contextmanager
def as_traced() -> Iterator[None]:
    """Run graphs as they were traced, without TensorFlow's optimiser.

    For a recurrent layer it finds nothing to make quicker, and it takes about as long as running 1,500 steps.
    """
    key = "disable_meta_optimizer"
    before = tf.config.optimizer.get_experimental_options().get(key, False)
    tf.config.optimizer.set_experimental_options({key: True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({key: before})
