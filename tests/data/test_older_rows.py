"""The fingerprint of a series: of its values, wherever they lie, and without keeping what it read."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.memory.mapped import mapped_array, released
from lstm_lab.data.older_rows import fingerprint

STATUS = Path("/proc/self/status")


def mapped_frame(rows):
    values = mapped_array((2, rows), np.float64)
    values[:] = np.random.default_rng(0).normal(size=(2, rows))
    released(values)
    return pd.DataFrame(values.T, columns=["a", "b"], copy=False)


def of_files():
    """Read the resident bytes of mapped files."""
    line = next(line for line in STATUS.read_text(encoding="utf-8").splitlines() if line.startswith("RssFile"))
    return 1000 * int(line.split()[1])


def test_a_fingerprint_is_that_of_the_same_values_in_memory():
    frame = mapped_frame(1_000)
    digest = hashlib.sha256(np.arange(1_000.0).tobytes())
    for name in frame:
        digest.update(frame[name].to_numpy().tobytes())
    assert fingerprint(frame, ["a", "b"]) == digest.hexdigest() == fingerprint(frame.copy(), ["a", "b"])
    assert fingerprint(frame.astype({"a": np.float32}), ["a"]) != fingerprint(frame, ["a"])


@pytest.mark.skipif(not STATUS.exists(), reason="resident memory is read from /proc")
def test_a_fingerprint_gives_the_memory_of_a_mapped_file_back():
    frame = mapped_frame(2_000_000)
    before = of_files()
    fingerprint(frame, ["a", "b"])
    assert of_files() - before < 8e6  # the file has 32 MB
