"""Rows that are read from where they lie give the training of rows that TensorFlow copied."""

import gc
import weakref

import numpy as np
import pytest

from lstm_lab.data.memory.mapped import is_mapped, mapped_array
from lstm_lab.data.windows.windows import most_windows, windows_of
from lstm_lab.models.build import build_forecaster, reference_stack
from lstm_lab.options import TrainOptions
from lstm_lab.training import row_reader
from lstm_lab.training.fit import fit, measured_windows

ROWS, LOOKBACK, COLUMNS = 400, 12, 3


@pytest.fixture
def matrix():
    return np.random.default_rng(0).normal(size=(ROWS, COLUMNS)).astype(np.float32)


def trained(matrix, supervise):
    windows = windows_of(matrix, np.zeros(ROWS, dtype=np.int64), LOOKBACK)
    options = TrainOptions(lookback=LOOKBACK, units=(4,), dense=(), supervise=supervise, batch=16, epochs=2, seed=3)
    forecaster = build_forecaster(reference_stack(options), LOOKBACK, COLUMNS, seed=3)
    train, validation = np.split(np.arange(len(windows)), [300])
    history = fit(forecaster, windows, train, validation, options).history.drop(columns="seconds")
    return history, forecaster.model.get_weights()


@pytest.mark.parametrize("supervise", ["every", "last"])
def test_a_training_on_a_file_is_the_training_on_a_copy(matrix, supervise, monkeypatch):
    history, weights = trained(matrix, supervise)
    on_disk = mapped_array(matrix.shape, np.float32)
    on_disk[:] = matrix
    assert is_mapped(on_disk)
    gathered = []
    taken = row_reader.taken
    monkeypatch.setattr(row_reader, "taken", lambda rows, at: gathered.append(at.shape) or taken(rows, at))
    monkeypatch.setattr(row_reader, "_COPIED", 0)
    for values in (on_disk, matrix):
        gathered.clear()
        again, other = trained(values, supervise)
        assert history.equals(again)
        for first, second in zip(weights, other, strict=True):
            np.testing.assert_array_equal(first, second)
        # What is gathered is a batch of windows each time, with the row behind each; all windows never lie in memory.
        assert {shape[1] for shape in gathered} == {LOOKBACK + 1}
        assert max(shape[0] for shape in gathered) <= 16


def test_a_long_series_is_validated_by_a_sample():
    everything = np.arange(100_000)
    assert [most_windows(lookback) for lookback in (1, 60, 500, 1460)] == [10_000, 10_000, 4_000, 2_000]
    chosen = measured_windows(everything, 1460)
    assert len(chosen) == 2_000
    assert set(np.diff(chosen)) == {50}
    np.testing.assert_array_equal(measured_windows(everything[:2_000], 1460), everything[:2_000])


def test_a_matrix_is_let_go_after_its_training(matrix, monkeypatch):
    """TensorFlow keeps every function that it has called: none may hold the rows."""
    monkeypatch.setattr(row_reader, "_COPIED", 0)
    values = matrix.copy()
    held = weakref.ref(values)
    trained(values, "last")
    del values
    gc.collect()
    assert held() is None
