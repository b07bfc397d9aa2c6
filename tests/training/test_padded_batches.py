"""Training on padded windows: what reaches loss, gradient and weights, and what forgetting the mask does."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from lstm_lab.data.windows.cuts import cut_rows
from lstm_lab.data.windows.split import divide
from lstm_lab.data.windows.windows import windows_of
from lstm_lab.errors import StackError
from lstm_lab.models.backend import keras, tf
from lstm_lab.models.build import build_forecaster, reference_stack
from lstm_lab.models.masking import masked_output, step_mask
from lstm_lab.options import TrainOptions
from lstm_lab.training.fit import fit
from lstm_lab.training.objective import resolved
from lstm_lab.training.padded_batches import FixedBatches, PaddedBatches, batches_of

LOOKBACK = 12
LENGTHS = np.array([5, 20, 9, 7, 13, 6, 11, 8, 30, 10])
BORDERS = np.concatenate([[0], np.cumsum(LENGTHS)])
OPTIONS = TrainOptions(units=(4,), dense=(), dropout=0.1, lookback=LOOKBACK, epochs=2, batch=8, burn_in=None, seed=1)


def panel(seed=0):
    """Draw series of different lengths; column 0 follows column 1 of the row before."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(BORDERS[-1], 2)).astype(np.float32)
    matrix[1:, 0] = 0.3 * matrix[1:, 0] + 0.9 * matrix[:-1, 1]
    segments = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
    cuts = [cut_rows(int(length)) for length in LENGTHS]
    shortest = np.where(LENGTHS > LOOKBACK + 2, LOOKBACK, 2)
    windows = windows_of(matrix, segments, LOOKBACK, borders=BORDERS, cuts=cuts, shortest=shortest)
    return windows, divide(windows, BORDERS, cuts)


def batches(supervise, kind=PaddedBatches, **changes):
    windows, split = panel()
    options = resolved(OPTIONS.model_copy(update={"supervise": supervise}))
    return kind.of(replace(windows, **changes), split.train, options)


def trained(supervise, stack=None, **changes):
    windows, split = panel()
    options = OPTIONS.model_copy(update={"supervise": supervise})
    layers = reference_stack(options) if stack is None else stack
    forecaster = build_forecaster(layers, LOOKBACK, 2, seed=1)
    done = fit(forecaster, replace(windows, **changes), split.train, split.validation, options)
    return forecaster.model.get_weights(), done.history.drop(columns="seconds")


def test_only_series_without_a_whole_window_have_padded_ones():
    windows, _ = panel()
    series = np.searchsorted(BORDERS, windows.target_rows, side="right") - 1
    assert set(LENGTHS[series[windows.lengths < LOOKBACK]]) == {5, 6, 7, 8, 9, 10, 11, 13}
    assert windows.lengths.min() == 2
    rows = windows.target_rows - BORDERS[series]
    assert np.array_equal(windows.lengths, np.minimum(rows, LOOKBACK))


def test_inputs_end_with_the_row_before_the_target_and_padding_follows():
    windows, _ = panel()
    inputs = replace(windows, padding=7.0).inputs()
    for values, length, row in zip(inputs, windows.lengths, windows.target_rows, strict=True):
        assert np.array_equal(values[:length], windows.matrix[row - length : row])
        assert (values[length:] == 7.0).all()


@pytest.mark.parametrize("supervise", ["every", "last"])
def test_no_value_of_padding_moves_a_bit_of_a_training(supervise):
    weights, history = trained(supervise)
    for value in (1e6, np.nan):
        others, told = trained(supervise, padding=value)
        assert all(np.array_equal(a, b) for a, b in zip(weights, others, strict=True))
        assert told.equals(history)


def test_no_value_of_padding_moves_a_bit_where_batches_are_normalised_and_pooled():
    layers = keras.layers
    stack = [
        layers.BatchNormalization(),
        layers.Bidirectional(layers.GRU(2)),
        layers.GlobalMaxPooling1D(),
        layers.Dense(1),
    ]
    first, second = (trained("last", stack, padding=value) for value in (0.0, 1e6))
    assert all(np.array_equal(a, b) for a, b in zip(first[0], second[0], strict=True))
    assert first[1].equals(second[1])


@pytest.mark.parametrize("supervise", ["every", "last"])
def test_batches_hold_like_lengths_and_every_chosen_window_once(supervise):
    made = batches(supervise)
    taken = made.dataset().take(made.per_pass)
    spans, count = [], 0
    for (inputs, lengths), _, weight in taken:
        assert inputs.shape[1] == lengths.numpy().max()
        used = lengths.numpy()[weight.numpy().reshape(len(lengths), -1).any(axis=1)]
        spans.append((used.min(), used.max()))
        count += len(used)
    assert count == len(made.grid)
    spans.sort()
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_every_real_step_after_the_burn_in_counts_alike_and_padding_nothing():
    made = batches("every")
    for (inputs, lengths), targets, weight in made.dataset().take(2 * made.per_pass):
        steps = np.arange(inputs.shape[1])
        real = steps < lengths.numpy()[:, None]
        burnt = np.minimum(made.burn_in, lengths.numpy() // 4)
        assert not weight.numpy()[~real].any()
        assert not weight.numpy()[steps < burnt[:, None]].any()
        assert np.isin(targets.numpy()[real][..., 0], made.windows.matrix[:, 0]).all()


def test_over_many_passes_each_target_counts_alike():
    windows, _ = panel()
    made = batches("every")
    total = np.zeros(len(windows.matrix))
    known = {float(value): row for row, value in enumerate(windows.matrix[:, 0])}
    for (inputs, _), targets, weight in made.dataset().take(200 * made.per_pass):
        rows = [known[value] for value in targets.numpy().ravel().tolist()]
        np.add.at(total, rows, weight.numpy().ravel() / inputs.shape[1])
    counted = total[total > 0]
    assert counted.max() / counted.min() < 1.3
    assert len(counted) == len(made.train)


@pytest.mark.parametrize("supervise", ["every", "last"])
def test_a_batch_has_the_loss_of_its_windows_one_by_one(supervise):
    made = batches(supervise)
    (inputs, lengths), targets, weight = next(iter(made.dataset().take(1)))
    forecaster = build_forecaster(reference_stack(OPTIONS), LOOKBACK, 2, seed=1)
    network = forecaster.every if supervise == "every" else forecaster.model
    forecast = masked_output(network, inputs, step_mask(lengths, inputs.shape[1]))
    loss = keras.losses.MeanSquaredError()(targets, forecast, sample_weight=weight)
    expected = 0.0
    for window, length, target, counts in zip(inputs, lengths.numpy(), targets.numpy(), weight.numpy(), strict=True):
        alone = network(window[None, :length], training=False).numpy().ravel()
        expected += float((alone - target.ravel()[: len(alone)]) ** 2 @ np.atleast_1d(counts)[: len(alone)])
    assert float(loss) == pytest.approx(expected / weight.numpy().size, rel=1e-5)


@pytest.mark.parametrize("supervise", ["every", "last"])
def test_padding_to_the_longest_is_the_same_objective(supervise):
    like, longest = (batches(supervise, kind) for kind in (PaddedBatches, FixedBatches))
    sums = []
    for made in (like, longest):
        parts = list(made.dataset().take(50 * made.per_pass))
        sums.append(np.mean([float(tf.reduce_sum(weight)) / weight.numpy().size for _, _, weight in parts]))
    assert {inputs[0].shape[1] for inputs, _, _ in longest.dataset().take(3)} == {LOOKBACK}
    assert sums[0] == pytest.approx(sums[1], rel=0.1)


def test_a_network_of_one_length_gets_windows_of_the_lookback():
    windows, split = panel()
    options = resolved(OPTIONS)
    assert type(batches_of(windows, split.train, options, fixed=True)) is FixedBatches
    whole = replace(windows, lengths=None)
    assert type(batches_of(whole, split.train, options, fixed=False)).__name__ == "TrainingBatches"


def test_without_a_mask_padding_is_a_target_like_any_other():
    made = batches("every", masked=False)
    inputs, targets, weight = next(iter(made.dataset().take(1)))
    assert inputs.shape[1] == LOOKBACK
    padding = (inputs.numpy() == 0).all(axis=-1)
    assert padding.any()
    assert (weight.numpy()[padding] > 0).any()
    assert not targets.numpy()[padding].any()


def test_a_network_that_learns_to_forecast_padding_misses_what_follows_a_short_series():
    """Series that stand at 1: whoever leaves padding out forecasts 1, who learns it forecasts its 0."""
    count, longest = 24, 16
    lengths = np.random.default_rng(0).integers(5, 9, count)
    borders = np.concatenate([[0], np.cumsum(lengths)])
    matrix = np.ones((borders[-1], 1), np.float32)
    segments = np.repeat(np.arange(count), lengths)
    windows = windows_of(matrix, segments, longest, borders=borders, shortest=np.full(count, 2))
    options = OPTIONS.model_copy(
        update={"lookback": longest, "supervise": "every", "epochs": 25, "dropout": 0.0, "learning_rate": 0.03}
    )
    found = {}
    for masked in (True, False):
        forecaster = build_forecaster(reference_stack(options), longest, 1, seed=1)
        train = np.arange(len(windows))
        given = replace(windows, masked=masked)
        fit(forecaster, given, train, train[:0], options)
        inputs, mask = given.inputs(), step_mask(windows.lengths, longest)
        seen = mask if masked else tf.ones_like(mask)
        found[masked] = masked_output(forecaster.model, tf.constant(inputs), seen).numpy().mean()
    assert found[True] == pytest.approx(1.0, abs=0.1)
    assert found[False] == pytest.approx(0.0, abs=0.1)


def test_what_would_read_padding_is_refused_before_the_first_epoch():
    with pytest.raises(StackError, match=r"layer 'flatten_1' \(Flatten\).*GlobalAveragePooling1D"):
        trained("last", [keras.layers.Flatten(), keras.layers.Dense(1)])
