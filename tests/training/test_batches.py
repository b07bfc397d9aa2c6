"""Training batches: static inputs are left out of some windows, so that an unknown level is known."""

import numpy as np

from lstm_lab.data.windows.windows import Windows
from lstm_lab.training.batches import TrainingBatches


def test_levels_are_left_out_of_a_share_of_the_windows_and_other_columns_never():
    rows = 400
    matrix = np.ones((rows, 4), np.float32)
    windows = Windows(matrix, 5, np.arange(5, rows), np.ones(rows - 5), levels=(slice(1, 3),))
    batches = TrainingBatches(windows, np.arange(rows - 5), batch=79, seed=1, every=False)
    inputs = np.concatenate([part for part, _, _ in batches.dataset().take(5 * batches.per_epoch).as_numpy_iterator()])
    assert (inputs[..., [0, 3]] == 1).all()
    left_out = (inputs[..., 1:3] == 0).all(axis=(1, 2))
    assert ((inputs[..., 1:3] == 1).all(axis=(1, 2)) | left_out).all()
    assert 0.07 < left_out.mean() < 0.13
    again = np.concatenate([part for part, _, _ in batches.dataset().take(5 * batches.per_epoch).as_numpy_iterator()])
    np.testing.assert_array_equal(inputs, again)
