from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_lab.data.windows.cuts import cut_rows
from lstm_lab.data.windows.split import divide, refuse_empty_parts
from lstm_lab.data.windows.stride_grid import StrideGrid
from lstm_lab.data.windows.windows import windows_of
from lstm_lab.errors import DataError, OptionError


def series(rows, warmup=0, gaps=()):
    """Rows numbered in both columns, so that a window's values say which rows it holds."""
    segments = np.zeros(rows, dtype=np.int64)
    for gap in gaps:
        segments[gap:] += 1
    matrix = np.stack([np.arange(rows), np.arange(rows) + 0.5], axis=1).astype(np.float32)
    starts = [0, *gaps]
    for start in starts:
        matrix[start : start + warmup] = np.nan
    return matrix, segments


def divided(windows, cuts, segments=None):
    borders = np.array([0, cuts.rows])
    split = divide(windows, borders, (cuts,))
    segments = np.zeros(cuts.rows, dtype=np.int64) if segments is None else segments
    refuse_empty_parts(split, windows, segments, borders, (cuts,))
    return split


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60),
    st.integers(1, 6),
)
def test_windows_are_exactly_those_without_a_gap_or_a_missing_value(rows, lookback):
    segments = np.cumsum([gap for gap, _ in rows])
    matrix = np.array([[0.0, np.nan if hole else 1.0] for _, hole in rows], dtype=np.float32)
    expected = [
        end
        for end in range(lookback, len(rows))
        if segments[end - lookback] == segments[end] and not np.isnan(matrix[end - lookback : end + 1]).any()
    ]
    if not expected:
        with pytest.raises(DataError, match="a window needs"):
            windows_of(matrix, segments, lookback)
        return
    windows = windows_of(matrix, segments, lookback)
    assert windows.target_rows.tolist() == expected
    assert np.isfinite(windows.inputs()).all()


def test_inputs_are_the_rows_before_the_target():
    windows = windows_of(*series(20), lookback=4)
    assert len(windows) == 16
    which = np.array([0, 15])
    assert windows.inputs(which)[..., 0].tolist() == [[0, 1, 2, 3], [15, 16, 17, 18]]
    assert windows.targets(which).tolist() == [4, 19]
    assert windows.step_targets(which).tolist() == [[1, 2, 3, 4], [16, 17, 18, 19]]
    assert windows.inputs().dtype == np.float32
    assert windows.weights.tolist() == [1.0] * 16


def test_gathering_a_batch_copies_only_the_batch():
    windows = windows_of(*series(5000), lookback=50)
    assert windows.inputs(np.arange(8)).base is None
    assert windows.inputs(slice(0, 8)).shape == (8, 50, 2)
    assert windows.matrix.nbytes < 1e5 < windows.inputs().nbytes


def test_a_gap_costs_a_lookback_and_a_warmup():
    whole = windows_of(*series(100, warmup=3), lookback=10)
    broken = windows_of(*series(100, warmup=3, gaps=(50,)), lookback=10)
    assert len(whole) - len(broken) == 13


def test_weighted_gives_the_training_windows_mean_one():
    windows = windows_of(*series(60), lookback=5)
    train = np.arange(40)
    weighted = windows.weighted("exponential", train)
    assert weighted.weights[train].mean() == pytest.approx(1.0)
    assert weighted.weights[39] / weighted.weights[0] == pytest.approx(np.exp(3))
    assert np.all(weighted.weights[40:] == 1.0)
    assert np.all(windows.weights == 1.0)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.integers(1, 12), st.floats(0, 1 - 2**-24))
def test_a_pass_reads_each_run_s_newest_window_and_others_at_most_a_stride_apart(runs, stride, offset):
    ends = np.concatenate([100 * place + np.arange(length) for place, length in enumerate(runs)])
    grid = StrideGrid.of(ends, stride)
    chosen = ends[grid.chosen(offset)]
    assert len(grid) == len(np.unique(chosen)) == sum(1 + -(-(length - 1) // stride) for length in runs) or stride == 1
    for place, length in enumerate(runs):
        mine = chosen[chosen // 100 == place] - 100 * place
        assert mine[-1] == length - 1
        assert np.diff(mine).max(initial=0) <= stride
        assert mine[0] < stride
    offsets = (np.arange(2000) + 0.5) / 2000
    often = np.mean([np.bincount(grid.chosen(one), minlength=len(ends)) for one in offsets], axis=0)
    np.testing.assert_allclose(often, grid.probability, atol=2e-3)


def test_a_stride_of_one_reads_every_window_whatever_the_offset():
    grid = StrideGrid.of(np.array([4, 5, 6, 20, 21]), 1)
    assert grid.chosen(0.0).tolist() == grid.chosen(1 - 2**-24).tolist() == [0, 1, 2, 3, 4]


@settings(deadline=None)
@given(st.integers(60, 400), st.floats(0, 0.4), st.floats(0, 0.4), st.integers(1, 8))
def test_every_target_is_in_exactly_one_part_and_parts_follow_in_time(rows, validation, calibration, lookback):
    windows = windows_of(*series(rows), lookback=lookback)
    cuts = cut_rows(rows, validation=validation, calibration=calibration)
    split = divided(windows, cuts)
    parts = np.concatenate([split.train, split.validation, split.calibration])
    assert parts.tolist() == list(range(len(windows)))
    assert windows.target_rows[split.train].max() < cuts.validation
    assert cuts.train_rows == slice(0, cuts.validation)
    if len(split.validation) > 0:
        assert windows.target_rows[split.validation].min() >= cuts.validation
        assert windows.target_rows[split.validation].max() < cuts.calibration
    assert (len(split.validation) == 0) == (validation == 0)
    assert (len(split.calibration) == 0) == (calibration == 0)


def test_a_short_series_says_what_it_has_and_what_it_takes():
    with pytest.raises(DataError) as refused:
        windows_of(*series(50, warmup=20), lookback=60)
    assert "needs 81 rows (lookback 60 + warmup 20 + 1 target), got 50" in str(refused.value)
    assert "lower lookback to at most 29" in str(refused.value)
    assert len(windows_of(*series(50, warmup=20), lookback=29)) == 1


def test_a_series_in_short_pieces_says_so():
    with pytest.raises(DataError, match=r"got 10 in a stretch without a gap \(of 3; see max_gap=\)"):
        windows_of(*series(30, gaps=(10, 20)), lookback=10)


def test_a_part_without_a_window_is_refused():
    windows = windows_of(*series(40), lookback=38)
    with pytest.raises(DataError, match="has its target in the 32 train rows"):
        divided(windows, cut_rows(40))


def accepted(rows, lookback, warmup, gaps, shares):
    """Divide as a training does; the refusal where it is refused."""
    matrix, segments = series(rows, warmup, gaps)
    cuts = cut_rows(rows, validation=shares[0], calibration=shares[1])
    borders = np.array([0, rows])
    try:
        windows = windows_of(matrix, segments, lookback, warmup=warmup, borders=borders, cuts=(cuts,))
        divided(windows, cuts, segments)
    except DataError as refused:
        return str(refused)
    return None


@pytest.mark.parametrize("shares", [(0.0, 0.0), (0.1, 0.1), (0.2, 0.0), (0.0, 0.3), (0.3, 0.4)])
@pytest.mark.parametrize("warmup", [0, 1, 7, 30])
def test_each_lookback_remedy_is_accepted_at_the_first_try(warmup, shares):
    followed = largest = 0
    for rows, lookback in itertools.product(range(10, 121, 5), (1, 2, 9, 40, 119, 200)):
        for gaps in ((), (rows // 2,), (rows - 3,), (rows // 3, 2 * rows // 3)):
            refused = accepted(rows, lookback, warmup, gaps, shares)
            if refused is None:
                continue
            lower = re.search(r"lower lookback to at most (\d+)$", refused)
            if lower is None:  # then no lookback helps
                assert refused.endswith("features that look back less far")
                assert accepted(rows, 1, warmup, gaps, shares)
                continue
            most = int(lower[1])
            assert 1 <= most < lookback
            assert accepted(rows, most, warmup, gaps, shares) is None
            assert accepted(rows, most + 1, warmup, gaps, shares) is not None
            followed, largest = followed + 1, max(largest, most)
    assert followed > 40
    assert largest >= 5


@pytest.mark.parametrize("warmup", [0, 7, 30])
@pytest.mark.parametrize("rows", [10, 25, 60])
def test_the_train_rows_that_are_asked_for_are_enough(rows, warmup):
    need = int(re.search(r"needs (\d+) train rows", accepted(rows, 60, warmup, (), (0.1, 0.1)))[1])
    fewest = next(more for more in range(rows, 200) if cut_rows(more).validation >= need)
    assert accepted(fewest, 60, warmup, (), (0.1, 0.1)) is None
    assert accepted(fewest - 1, 60, warmup, (), (0.1, 0.1)) is not None


@pytest.mark.parametrize(("validation", "calibration"), [(-0.1, 0.1), (0.5, 0.5), (0.1, 1.0)])
def test_shares_that_leave_no_training_row_are_refused(validation, calibration):
    with pytest.raises(OptionError, match="together below 1"):
        cut_rows(100, validation=validation, calibration=calibration)
