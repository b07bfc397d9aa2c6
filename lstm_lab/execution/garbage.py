"""Networks that are done with, freed after every few seconds of work."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

_WORTH_COLLECTING = 3.0
"""Seconds of work after which a collection, which takes 0.3 s, does not count."""
_worked = 0.0


@contextmanager
def freed_networks() -> Iterator[None]:
    """Count the time of some work that builds networks, and free them once it comes to `_WORTH_COLLECTING`.

    A network is a cycle of references, which Python collects only once there is a quarter as much garbage as there are
    objects, and TensorFlow alone has very many: a study of small networks held 60 MB of those it had done with.
    """
    global _worked  # noqa: PLW0603 - summed over all work of the process
    started = time.perf_counter()
    yield
    _worked += time.perf_counter() - started
    if _worked >= _WORTH_COLLECTING:
        _worked = 0.0
        gc.collect()
