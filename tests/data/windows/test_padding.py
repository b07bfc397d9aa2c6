"""Masks, batches of like lengths, and the share of padding among the computed steps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import lstm_lab as lab
from lstm_lab.data.windows.padding import like_lengths, step_mask, unused_lookback
from lstm_lab.errors import LabError

LENGTHS = np.random.default_rng(0).integers(10, 501, 300)


def test_a_mask_is_true_up_to_each_length():
    assert step_mask(np.array([0, 2, 3]), 3).tolist() == [[False] * 3, [True, True, False], [True] * 3]


@pytest.mark.parametrize(("count", "batch"), [(300, 64), (64, 64), (65, 64), (3, 8), (128, 1)])
def test_every_sequence_is_in_one_batch_of_like_lengths(count, batch):
    lengths = LENGTHS[:count]
    batches = like_lengths(lengths, batch, np.random.default_rng(1))
    assert batches.shape == (-(-count // batch), batch)
    assert np.array_equal(np.sort(batches[batches >= 0]), np.arange(count))
    spans = sorted((lengths[row[row >= 0]].min(), lengths[row[row >= 0]].max()) for row in batches)
    assert all(low[1] <= high[0] for low, high in pairwise(spans))


def test_two_passes_hold_other_batches_in_another_order():
    rng = np.random.default_rng(1)
    first, second = (like_lengths(LENGTHS, 64, rng) for _ in range(2))
    assert not np.array_equal(np.sort(first, axis=1), np.sort(second, axis=1))
    again = like_lengths(LENGTHS, 64, np.random.default_rng(1))
    assert np.array_equal(first, again)


def test_padded_steps_are_those_of_a_count_by_hand():
    found = lab.padded_steps([3, 1, 4, 2], batch=2)
    assert (found.real, found.to_longest, found.by_length) == (10, 16, 2 * 2 + 2 * 4)
    assert found.shares["by_length"] == pytest.approx(1 - 10 / 12)
    assert found.speedup == pytest.approx(16 / 12)


def test_batches_of_like_lengths_compute_almost_no_padding():
    found = lab.padded_steps(LENGTHS, batch=16)
    assert found.shares["to_longest"] > 0.45
    assert found.shares["by_chance"] > 0.4
    assert found.shares["by_length"] < 0.05
    lines = {line[0]: line[2] for line in found.summary_table().table}
    assert lines["of like lengths"] == f"{100 * found.shares['by_length']:.0f} %"
    assert "image/png" in found._repr_mimebundle_()[0]


def test_sequences_of_one_length_need_no_padding():
    found = lab.padded_steps([7] * 10, batch=4)
    assert set(found.shares.values()) == {0.0}


@pytest.mark.parametrize(
    ("lengths", "options", "message"),
    [
        ([], {}, r"at least one step, got lengths \[\]"),
        ([3, 0], {}, "leave out empty"),
        ([3], {"batch": 0}, "batch=64"),
    ],
)
def test_lengths_that_make_no_batch_are_refused(lengths, options, message):
    with pytest.raises(LabError, match=message):
        lab.padded_steps(lengths, **options)


@pytest.mark.parametrize("lookback", [140, 141, 560])
def test_a_lookback_of_few_times_the_longest_window_is_not_warned_of(lookback):
    assert unused_lookback(np.array([3, 140]), lookback) == ""
    assert unused_lookback(None, lookback) == ""


def test_a_lookback_far_longer_than_any_window_names_one_that_reads_as_much():
    assert unused_lookback(np.array([3, 140]), 561) == (
        "lookback is 561 rows, but the longest training window has 140, so all are padded; lookback=140 reads as much"
    )
