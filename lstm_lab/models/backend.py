"""The one door to Keras and TensorFlow: quiet, and refusing a backend that the lab was not written for."""

from __future__ import annotations

import gc
import itertools
import os
import re
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import LabError
from lstm_lab.execution.interrupts import held_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

__all__ = [
    "forget_kernels",
    "free_graphs",
    "keras",
    "not_on_tape",
    "on_one_device",
    "refuse_forked",
    "tell_tape",
    "tf",
    "with_one_stack_trace",
    "without_chatter",
    "without_retracing_warnings",
]

_CHATTER = re.compile(
    rb"I\d{4} |WARNING: All log messages before absl::InitializeLog"
    rb"|W\d{4} .*(tf_tfl_flatbuffer_helpers|flatbuffer_export)|fully_quantize: |INFO: Created TensorFlow Lite"
)


@contextmanager
def without_chatter() -> Iterator[None]:
    """Hold back file descriptor 2 and hand on all but TensorFlow's informational lines.

    TensorFlow's C++ libraries write theirs while they load, before any log level applies, and while they convert, so
    nothing short of the file descriptor reaches them. Whatever else was written comes out in the end, failed or not.
    """
    try:
        saved_descriptor = os.dup(2)
    except OSError:  # a process without standard error has nothing to keep quiet
        yield
        return
    with tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(saved_descriptor, 2)
            os.close(saved_descriptor)
            held.seek(0)
            for line in held:
                if not _CHATTER.match(line):
                    os.write(2, line)


def _check(backend: str) -> None:
    if backend != "tensorflow":
        raise LabError(
            f"lstm_lab needs Keras on TensorFlow, got the backend {backend!r};"
            " set the environment variable KERAS_BACKEND=tensorflow and restart Python"
        )


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "keras" not in sys.modules:
    # Asked before Keras loads, for it would first complain of the other backend's missing packages.
    _check(os.environ.setdefault("KERAS_BACKEND", "tensorflow"))
# What an import that was broken off leaves behind: parts of TensorFlow without TensorFlow.
_HALF = "tensorflow" not in sys.modules and any(name.startswith("tensorflow.") for name in sys.modules)
try:
    # Ctrl-C would break off an import that cannot be done twice: it waits for the end of it.
    with held_back(), without_chatter():
        import keras

        _check(keras.backend.backend())
        import tensorflow as tf
except Exception as failed:
    if not _HALF or isinstance(failed, LabError):
        raise
    raise LabError(
        "TensorFlow can be imported only once in a process, and an earlier import of it was broken off;"
        " restart the kernel"
    ) from None


@contextmanager
def without_retracing_warnings() -> Iterator[None]:
    """Hold back TensorFlow's warning that a function was traced often.

    It tells functions apart by their address, which a later network's function takes over from one that is freed: after
    a few trainings it complains of Keras' training step, which is traced once for each network.
    """

    def is_other(record: Any) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()

    tf.get_logger().addFilter(is_other)
    try:
        yield
    finally:
        tf.get_logger().removeFilter(is_other)


_first_trace: Any = None


@contextmanager
def with_one_stack_trace() -> Iterator[None]:
    """Give all operations of functions that are traced in a block one stack trace, that of the first.

    TensorFlow takes one for each operation, down to the code of the user's cell, and keeps, for good, every one that
    differs. A cell that is run again is new code, so the functions of a training's dataset left 80 kB each time.
    Within a block of our own functions nobody reads them; code of the user's does not belong there.
    """
    global _first_trace  # noqa: PLW0603 - for the process
    from tensorflow.python.util import tf_stack  # noqa: PLC0415 - an interrupt at the import breaks off no second

    if not hasattr(tf_stack, "extract_stack"):  # TensorFlow's own, and no promise
        yield
        return
    if _first_trace is None:
        _first_trace = tf_stack.extract_stack(), tf_stack.extract_stack
    trace, extract_stack = _first_trace
    tf_stack.extract_stack = lambda *_, **__: trace
    try:
        yield
    finally:  # of two threads the one that is longer in the block takes traces again, and is slower for it
        tf_stack.extract_stack = extract_stack


def on_gpu() -> bool:
    """Return whether TensorFlow computes on a GPU."""
    return bool(tf.config.list_logical_devices("GPU"))


_forked = False


def _mark_forked() -> None:
    global _forked  # noqa: PLW0603 - a process learns of its birth once
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mark_forked)


def refuse_forked() -> None:
    """Refuse to compute in a process that was forked after TensorFlow started: its threads are gone, and it would hang.

    Raises
    ------
    LabError
        One line with the remedy.
    """
    if _forked:
        raise LabError(
            "TensorFlow works in the process that started it, and this one was forked from that; start processes with"
            " multiprocessing.get_context('spawn'), or use workers="
        )


_NETWORKS_BETWEEN = 16
_networks = itertools.count(1)


def forget_kernels() -> None:
    """Empty TensorFlow's cache of kernels at every 16th network that is made, so that few of earlier ones are kept.

    TensorFlow keeps, for good, the kernel of every operation that has run with attributes of its own, some 40 kB each.
    The name of a variable is one, and Keras counts the names of seed generators over the whole process: each training
    left four kernels that nothing could run again. `keras.backend.clear_session` empties the cache too, but it also
    counts the user's layers anew. A kernel that another thread runs is freed after it.

    Kept functions lose theirs too, and TensorFlow optimises the graph of each again at its next call. At every network
    this took half of a small training and four fifths of its first forecast, though nothing was traced.
    """
    if next(_networks) % _NETWORKS_BETWEEN == 0:
        from tensorflow.python.eager import context  # noqa: PLC0415 - an interrupt at the import above breaks off no second

        context.context().clear_kernel_cache()


_MOST_DROPPED = 4
_dropped = 0


def free_graphs() -> None:
    """Count a compiled network that was dropped, and free the graphs of every fourth and of those before it.

    A graph is a cycle of references, which Python collects only once there is a quarter as much garbage as there are
    objects, and TensorFlow alone has very many: until then every new network added 15 MB. A collection
    takes 0.3 s, a fraction of the compilation of four functions.
    """
    global _dropped  # noqa: PLW0603 - counted over the caches of the process
    _dropped += 1
    if _dropped >= _MOST_DROPPED:
        _dropped = 0
        gc.collect()


def on_one_device(optimizer: Any) -> Any:
    """Let an optimiser take gradients as they are, not summed over devices, where there is one; return it.

    The sum over one device changes no number, but TensorFlow registers a gradient for it, and keeps, for good, the
    graph of every training step that it is compiled into: some 8 MB for the smallest network.
    """
    if not tf.distribute.has_strategy():
        optimizer._all_reduce_sum_gradients = _unchanged  # noqa: SLF001 - Keras has no other place to say it
    return optimizer


def _unchanged(gradients_and_variables: Any) -> Any:
    return gradients_and_variables


def not_on_tape() -> AbstractContextManager[None]:
    """Keep what is computed in a block from every gradient tape."""
    from tensorflow.python.eager import record  # noqa: PLC0415 - an interrupt at the import above breaks off no second

    stopped: AbstractContextManager[None] = record.stop_recording()
    return stopped


def tell_tape(output: Any, inputs: Sequence[Any], gradient: Callable[[Any], tuple[Any, ...]]) -> None:
    """Tell gradient tapes that an output follows from inputs, and the function from its gradient to theirs.

    `tf.custom_gradient` does so too, but in a compiled function it registers the gradient as well, and TensorFlow
    keeps, for good, what is registered and the graph that it is part of.
    """
    from tensorflow.python.eager import record  # noqa: PLC0415 - an interrupt at the import above breaks off no second

    record.record_operation("told", [output], list(inputs), gradient)
