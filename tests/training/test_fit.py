"""Training: events, halts, best weights, seeds, and no look at what it must not see."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from lstm_lab.data.windows.cuts import cut_rows
from lstm_lab.data.windows.split import divide
from lstm_lab.data.windows.windows import Windows, windows_of
from lstm_lab.errors import DataError, OptionError, StackError
from lstm_lab.events import TrainingListener
from lstm_lab.models.backend import keras, tf, without_retracing_warnings
from lstm_lab.models.build import build_forecaster, reference_stack
from lstm_lab.models.stack_cell import SourcedLayer
from lstm_lab.options import TrainOptions
from lstm_lab.training.batches import TrainingBatches
from lstm_lab.training.fit import fit
from lstm_lab.training.objective import resolved
from lstm_lab.training.optimizer import cycle, optimizer_of
from lstm_lab.training.trainer import acquire

ROWS, LOOKBACK = 200, 8
OPTIONS = TrainOptions(
    units=(4,),
    dense=(),
    dropout=0.1,
    lookback=LOOKBACK,
    batch=32,
    epochs=3,
    learning_rate=0.02,
    seed=3,
    supervise="last",
)


def series(rows=ROWS):
    """Column 0 follows column 1 of the row before, so there is something to learn."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(rows, 2)).astype(np.float32)
    matrix[1:, 0] = 0.3 * matrix[1:, 0] + 0.9 * matrix[:-1, 1]
    return matrix


def parts(matrix, validation=0.2):
    windows = windows_of(matrix, np.zeros(len(matrix), int), LOOKBACK)
    cuts = cut_rows(len(matrix), validation=validation, calibration=0.1)
    return windows, divide(windows, np.array([0, cuts.rows]), (cuts,))


def trained(matrix=None, *, options=OPTIONS, validation=0.2, **changes):
    """Train a fresh small network; give it with what training said."""
    options = options.model_copy(update={key: changes.pop(key) for key in list(changes) if hasattr(options, key)})
    windows, split = parts(series() if matrix is None else matrix, validation)
    forecaster = build_forecaster(reference_stack(options), LOOKBACK, 2, seed=options.seed)
    return forecaster, fit(forecaster, windows, split.train, split.validation, options, **changes)


class Listener(TrainingListener):
    """Keeps every event; may act at a certain batch."""

    def __init__(self, act=None, at=None):
        self.plan, self.batches, self.epochs, self.ends = None, [], [], []
        self._act, self._at = act, at

    def on_start(self, plan):
        self.plan = plan

    def on_batch(self, batch):
        self.batches.append(batch)
        if (batch.epoch, batch.batch) == self._at:
            self._act()

    def on_epoch(self, epoch):
        self.epochs.append(epoch)

    def on_end(self, end):
        self.ends.append(end)


def interrupt():
    raise KeyboardInterrupt


def test_events_tell_the_whole_story():
    listener = Listener()
    forecaster, training = trained(listener=listener, baseline=0.0)
    windows, split = parts(series())
    plan = listener.plan
    assert (plan.epochs, plan.batches) == (3, -(-len(split.train) // 32))
    assert (plan.windows, plan.validation_windows) == (len(split.train), len(split.validation))
    assert plan.title == forecaster.describe()
    assert plan.parameters == forecaster.model.count_params()
    targets = windows.targets(split.validation).astype(np.float64)
    huber = np.where(np.abs(targets) <= 1, targets**2 / 2, np.abs(targets) - 0.5).mean()
    assert plan.baseline == pytest.approx(huber, rel=1e-5)
    assert [(b.epoch, b.batch) for b in listener.batches] == [
        (e, b + 1) for e in (1, 2, 3) for b in range(plan.batches)
    ]
    assert [epoch.loss for epoch in listener.epochs] == [b.loss for b in listener.batches if b.batch == plan.batches]
    assert listener.ends == [training.end]
    history = training.history
    assert history.index.tolist() == [1, 2, 3]
    assert history.columns.tolist() == ["loss", "val_loss", "mae", "val_mae", "learning_rate", "seconds", "best"]
    assert history["val_loss"].tolist() == [epoch.val_loss for epoch in listener.epochs]
    assert np.allclose(history["learning_rate"], 0.02)
    assert history.index[history["best"]].tolist() == [training.end.best_epoch]
    assert (training.end.reason, training.end.epochs) == ("finished", 3)


@pytest.mark.parametrize(("loss", "supervise"), [("huber", "last"), ("mse", "every"), ("mae", "last")])
def test_validation_is_the_plain_loss_at_the_last_step(loss, supervise):
    forecaster, training = trained(loss=loss, delta=0.7, supervise=supervise, epochs=2)
    windows, split = parts(series())
    error = forecaster.model.predict(windows.inputs(split.validation), verbose=0)[:, 0].astype(np.float64)
    error = np.abs(error - windows.targets(split.validation))
    expected = {
        "huber": np.where(error <= 0.7, error**2 / 2, 0.7 * (error - 0.35)),
        "mse": error**2,
        "mae": error,
    }[loss].mean()
    kept = training.history.loc[training.end.best_epoch]
    assert kept["val_loss"] == pytest.approx(expected, rel=1e-5)
    assert kept["val_mae"] == pytest.approx(error.mean(), rel=1e-5)
    assert kept["val_loss"] == training.history["val_loss"].min()


@pytest.mark.parametrize("supervise", ["last", "every"])
def test_the_history_tells_the_mean_absolute_error_with_the_weights_of_the_loss(supervise):
    _, training = trained(loss="mae", supervise=supervise, weights="linear")
    # Keras divides the loss by the rows of each batch, a metric by the weights of the whole epoch.
    np.testing.assert_allclose(training.history["mae"], training.history["loss"], rtol=0.01)
    np.testing.assert_allclose(training.history["val_mae"], training.history["val_loss"], rtol=1e-5)


def test_learning_happens_and_beats_no_change():
    _, training = trained(epochs=25, dropout=0.0)
    assert training.history["val_loss"].min() < 0.5 * training.plan.baseline


def test_early_stopping_keeps_the_best_epoch():
    listener = Listener()
    options = OPTIONS.model_copy(update={"units": (16,), "learning_rate": 0.1})
    noise = np.random.default_rng(1).normal(size=(120, 2)).astype(np.float32)
    forecaster, training = trained(noise, options=options, epochs=60, patience=2, listener=listener)
    end = training.end
    assert end.reason == "early"
    assert end.epochs == end.best_epoch + 2
    assert training.history["val_loss"].idxmin() == end.best_epoch
    assert f"stopped early after {end.epochs} of 60 epochs" in end.message
    assert f"kept epoch {end.best_epoch}, the best validation loss" in end.message
    assert listener.epochs[-1].patience_left == 0
    windows, split = parts(noise)
    forecaster.model.compile(loss=keras.losses.Huber())
    again = forecaster.model.evaluate(windows.inputs(split.validation), windows.targets(split.validation), verbose=0)
    assert again == pytest.approx(training.history["val_loss"].min(), rel=1e-5)


def test_without_validation_the_newest_epoch_is_kept_and_patience_has_no_say():
    _, training = trained(validation=0.0, epochs=4, patience=1)
    assert training.end.best_epoch == training.end.epochs == 4
    assert training.history["val_loss"].isna().all()
    assert training.plan.baseline is None
    assert "no validation" in training.end.message


def halted(how, at, **changes):
    stop = threading.Event()
    listener = Listener(interrupt if how == "interrupted" else stop.set, at)
    forecaster, training = trained(stop=stop, listener=listener, epochs=9, **changes)
    assert training.end.reason == how
    assert listener.ends == [training.end]
    assert (listener.batches[-1].epoch, listener.batches[-1].batch) == at
    return forecaster, training


@pytest.mark.parametrize(("how", "supervise"), [("interrupted", "last"), ("stopped", "every")])
def test_a_halt_in_the_middle_keeps_the_best_epoch_and_the_history(how, supervise):
    forecaster, training = halted(how, (3, 2), supervise=supervise)
    assert len(training.history) == training.end.epochs == 2
    assert training.end.message.startswith(f"{how} after 2 of 9 epochs; kept epoch {training.end.best_epoch}, the best")
    assert "\n" not in training.end.message
    reference, _ = trained(epochs=training.end.best_epoch, supervise=supervise)
    for kept, expected in zip(forecaster.model.get_weights(), reference.model.get_weights(), strict=True):
        assert np.array_equal(kept, expected)


@pytest.mark.parametrize("how", ["interrupted", "stopped"])
def test_a_halt_before_the_first_epoch_keeps_the_current_weights_and_says_so(how):
    forecaster, training = halted(how, (1, 2))
    assert training.history.empty
    assert training.end.best_epoch == training.end.epochs == 0
    assert "kept the weights as they were, for no epoch was complete" in training.end.message
    fresh = build_forecaster(reference_stack(OPTIONS), LOOKBACK, 2, seed=3)
    assert not np.array_equal(forecaster.model.get_weights()[0], fresh.model.get_weights()[0])


def test_a_stop_at_the_last_batch_of_an_epoch_still_counts_it():
    _, split = parts(series())
    _, training = halted("stopped", (2, -(-len(split.train) // 32)))
    assert training.end.epochs == 2


def test_an_error_of_a_listener_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        trained(listener=Listener(lambda: 1 // 0, (1, 1)))


def test_divergence_is_an_error_that_names_the_remedy():
    wild = series() * np.float32(1e30)
    with pytest.raises(StackError, match=r"no finite number in the first epoch .*try learning_rate=0.001"):
        trained(wild, loss="mse")


def test_divergence_after_a_good_epoch_keeps_it(monkeypatch):
    class Poison(Listener):
        def on_epoch(self, epoch):
            super().on_epoch(epoch)
            if epoch.epoch == 2:
                self.model.set_weights([np.full_like(weight, np.nan) for weight in self.model.get_weights()])

    windows, split = parts(series())
    forecaster = build_forecaster(reference_stack(OPTIONS), LOOKBACK, 2)
    listener = Poison()

    def watched(*given, **options):
        trainer = acquire(*given, **options)
        listener.model = trainer.network
        return trainer

    monkeypatch.setattr("lstm_lab.training.fit.acquire", watched)
    options = OPTIONS.model_copy(update={"epochs": 9})
    training = fit(forecaster, windows, split.train, split.validation, options, listener=listener)
    assert (training.end.reason, training.end.epochs) == ("early", 2)
    assert "the loss was no finite number in epoch 3, try learning_rate=0.001; kept epoch" in training.end.message
    assert all(np.isfinite(weight).all() for weight in forecaster.model.get_weights())


def test_no_training_window_is_refused():
    windows, split = parts(series())
    forecaster = build_forecaster(reference_stack(OPTIONS), LOOKBACK, 2)
    with pytest.raises(DataError, match="at least one window, got none"):
        fit(forecaster, windows, split.train[:0], split.validation, OPTIONS)


def test_supervise_every_needs_layers_that_allow_it():
    windows, split = parts(series())
    layers = [keras.layers.Bidirectional(keras.layers.LSTM(3)), keras.layers.Dense(1)]
    options = OPTIONS.model_copy(update={"supervise": "every"})
    with pytest.raises(StackError, match="use supervise='last'"):
        fit(build_forecaster(layers, LOOKBACK, 2), windows, split.train, split.validation, options)


@pytest.mark.parametrize("supervise", ["last", "every"])
def test_no_row_from_the_training_cut_on_changes_a_weight(supervise):
    windows, split = parts(series())
    cut = windows.target_rows[split.train[-1]] + 1
    assert cut == cut_rows(len(windows.matrix), validation=0.2, calibration=0.1).validation
    changed = series()
    changed[cut:] = 77.0
    fits = []
    for matrix in (series(), changed):
        forecaster = build_forecaster(reference_stack(OPTIONS), LOOKBACK, 2)
        options = OPTIONS.model_copy(update={"supervise": supervise})
        view = Windows(matrix, LOOKBACK, windows.target_rows, windows.weights)
        fit(forecaster, view, split.train, split.train[:0], options)
        fits.append(forecaster.model.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*fits, strict=True))
    changed[cut - 1] = 77.0
    forecaster = build_forecaster(reference_stack(OPTIONS), LOOKBACK, 2)
    fit(
        forecaster,
        Windows(changed, LOOKBACK, windows.target_rows, windows.weights),
        split.train,
        split.train[:0],
        options,
    )
    assert not np.array_equal(forecaster.model.get_weights()[0], fits[0][0])


def test_every_counts_training_targets_alone_even_in_a_split_with_holes():
    windows, _ = parts(series())
    train = np.r_[0:40, 60:90]
    feed = TrainingBatches(windows, train, 16, 0, every=True, burn_in=LOOKBACK // 4)
    counted = np.zeros(ROWS, bool)
    for (inputs, targets, weights), _ in zip(feed.dataset(), range(feed.per_epoch), strict=False):
        assert inputs.shape[1:] == (LOOKBACK, 2)
        assert targets.shape[1:] == (LOOKBACK, 1)
        burnt, rest = np.split(weights.numpy(), [LOOKBACK // 4], axis=1)
        assert not burnt.any()
        hit = np.isin(windows.matrix[:, 0], targets.numpy()[:, LOOKBACK // 4 :][rest > 0])
        counted |= hit
    assert set(np.flatnonzero(counted)) == set(windows.target_rows[train])


def test_one_target_a_window_reads_every_window_in_the_order_that_seed_and_pass_always_gave():
    """What was trained before windows could lie a stride apart is trained again by naming its options."""
    windows, split = parts(series())
    options = resolved(OPTIONS.model_copy(update={"batch": None, "learning_rate": None}))
    assert (options.stride, options.batch, options.learning_rate) == (1, 64, 1e-3)
    feed = TrainingBatches.of(windows, split.train, options)
    stream = iter(feed.dataset())
    ends = tf.constant(windows.target_rows[split.train], tf.int64)
    for turn in range(2):
        order = tf.random.experimental.stateless_shuffle(ends, seed=[options.seed, turn]).numpy()
        inputs, targets = [
            np.concatenate(part) for part in zip(*(next(stream)[:2] for _ in range(feed.per_epoch)), strict=True)
        ]
        real = slice(0, len(order))
        assert np.array_equal(targets[real, 0], windows.matrix[order, 0])
        assert np.array_equal(inputs[real], windows.matrix[order[:, None] + np.arange(-LOOKBACK, 0)])


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("stride", [3, 6])
def test_with_a_stride_each_target_counts_with_its_own_weight_over_many_passes(every, stride):
    windows, _ = parts(series())
    train = np.r_[0:60, 75:110]
    windows = windows.weighted("linear", train)
    feed = TrainingBatches(windows, train, 8, 0, every=every, stride=stride, burn_in=LOOKBACK // 4)
    place = {float(value): row for row, value in enumerate(windows.matrix[:, 0])}
    counted = np.zeros(ROWS)
    passes = 600
    for (_, targets, weights), _ in zip(feed.dataset(), range(passes * feed.per_pass), strict=False):
        rows = [place[float(value)] for value in targets.numpy().ravel()]
        np.add.at(counted, rows, weights.numpy().ravel())
    assert set(np.flatnonzero(counted)) == set(windows.target_rows[train])
    ratio = counted[windows.target_rows[train]] / windows.weights[train]
    np.testing.assert_allclose(ratio / ratio.mean(), 1, atol=0.25)
    # The newest rows before each hole would count far less if they were weighed like the others.
    assert ratio[[59, 94]].mean() / ratio.mean() == pytest.approx(1, abs=0.1)
    each = LOOKBACK if every else 1
    assert counted.sum() / (passes * feed.per_pass * feed.size * each) == pytest.approx(1, rel=0.03)


def test_an_epoch_of_strided_windows_makes_as_many_passes_as_it_takes_to_learn_something():
    windows, split = parts(series())
    feed = TrainingBatches.of(
        windows, split.train, resolved(OPTIONS.model_copy(update={"supervise": "every", "batch": 16}))
    )
    assert (feed.stride, feed.burn_in) == (4, 2)
    assert len(feed.grid) == 1 + -(-(len(split.train) - 1) // 4)
    assert feed.per_pass == -(-len(feed.grid) // 16)
    assert feed.per_epoch >= 24
    assert feed.per_epoch % feed.per_pass == 0
    listener = Listener()
    trained(supervise="every", batch=16, epochs=1, listener=listener)
    assert len(listener.batches) == listener.plan.batches == feed.per_epoch


def test_what_is_left_open_follows_from_the_supervision_and_is_kept_with_the_training():
    last = resolved(TrainOptions(lookback=LOOKBACK, supervise="last"))
    assert (last.stride, last.batch, last.learning_rate, last.burn_in) == (1, 64, 1e-3, None)
    every = resolved(TrainOptions(lookback=LOOKBACK, supervise="auto"))
    assert (every.supervise, every.stride, every.batch, every.learning_rate) == ("every", 4, 16, 3e-3)
    assert every.burn_in == 2
    assert resolved(TrainOptions(lookback=LOOKBACK, supervise="auto"), "a layer looks ahead") == last
    given = resolved(TrainOptions(lookback=LOOKBACK, supervise="auto", batch=5, stride=2, burn_in=0))
    assert (given.stride, given.batch, given.learning_rate, given.burn_in) == (2, 5, 3e-3, 0)
    assert resolved(given) == given
    _, training = trained(epochs=1)
    assert training.options == resolved(OPTIONS.model_copy(update={"epochs": 1}))


def test_layers_that_see_a_whole_window_are_trained_at_its_last_step():
    windows, split = parts(series())
    layers = [keras.layers.Bidirectional(keras.layers.LSTM(3)), keras.layers.Dense(1)]
    options = OPTIONS.model_copy(update={"supervise": "auto", "epochs": 1})
    training = fit(build_forecaster(layers, LOOKBACK, 2), windows, split.train, split.validation, options)
    assert (training.options.supervise, training.options.stride) == ("last", 1)
    _, training = trained(supervise="auto", epochs=1)
    assert (training.options.supervise, training.options.stride) == ("every", LOOKBACK // 2)


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("burn_in= is shorter than the lookback of 8 rows, got 8; for example burn_in=2", {"supervise": "every"}),
        ("burn_in= needs a target at every step, got burn_in=8, but supervise='last'; leave it out", {}),
    ],
)
def test_a_burn_in_that_leaves_nothing_is_refused(message, options):
    with pytest.raises(OptionError) as refused:
        trained(options=OPTIONS.model_copy(update={**options, "burn_in": LOOKBACK}))
    assert str(refused.value) == message


def test_a_cycle_rises_to_the_rate_and_falls_to_zero_over_all_steps():
    assert cycle(0, 100) == pytest.approx(1 / 25)
    assert cycle(30, 100) == pytest.approx(1)
    assert cycle(65, 100) == pytest.approx(0.5)
    assert cycle(100, 100) == pytest.approx(0)
    _, training = trained(epochs=4, schedule="cycle")
    batches = training.plan.batches
    expected = [0.02 * cycle(batches * epoch - 1, 4 * batches) for epoch in (1, 2, 3, 4)]
    assert training.history["learning_rate"].tolist() == pytest.approx(expected, rel=1e-5)


def test_clip_limits_the_global_norm_of_a_step():
    assert optimizer_of(resolved(OPTIONS)).global_clipnorm is None
    free, held = (trained(epochs=1, clip=clip)[0].model.get_weights() for clip in (1e9, 1e-9))
    plain, _ = trained(epochs=1)
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(free, plain.model.get_weights(), strict=True))
    # Adam divides by the gradient's own size but for epsilon, 1e-7: a hundredth of that moves nothing far.
    start = build_forecaster(reference_stack(OPTIONS), LOOKBACK, 2, seed=3).model.get_weights()
    assert max(np.abs(a - b).max() for a, b in zip(held, start, strict=True)) < 0.01
    assert max(np.abs(a - b).max() for a, b in zip(free, start, strict=True)) > 0.03


def test_fit_is_plain_keras_over_the_same_batches_and_fillers_count_nothing():
    windows, split = parts(series())
    options = OPTIONS.model_copy(update={"dropout": 0.0, "epochs": 1})
    train = split.train[:101]  # 4 batches of 26, so 3 places are filled
    fresh, plain = (build_forecaster(reference_stack(options), LOOKBACK, 2).model for _ in range(2))
    forecaster = build_forecaster(reference_stack(options), LOOKBACK, 2)
    fit(forecaster, windows, train, split.validation, options)
    plain.compile(optimizer=keras.optimizers.Adam(options.learning_rate), loss=keras.losses.Huber())
    feed = TrainingBatches(windows, train, options.batch, options.seed, every=False)
    sizes = []
    for (inputs, targets, weights), _ in zip(feed.dataset(), range(feed.per_epoch), strict=False):
        real = weights.numpy() > 0
        sizes.append(int(real.sum()))
        plain.train_on_batch(inputs.numpy()[real], targets.numpy()[real])
    assert sizes == [26, 26, 26, 23]
    for mine, theirs in zip(forecaster.model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)
    assert not np.allclose(plain.get_weights()[0], fresh.get_weights()[0])


@pytest.mark.parametrize("every", [False, True])
def test_batches_hold_every_window_once_an_epoch_with_its_targets_and_weights(every):
    windows, split = parts(series())
    windows = windows.weighted("linear", split.train)
    feed = TrainingBatches(windows, split.train, 32, 5, every=every, burn_in=LOOKBACK // 4)
    stream = iter(feed.dataset())
    epochs = []
    for _ in range(2):
        batches = [next(stream) for _ in range(feed.per_epoch)]
        epochs.append([np.concatenate([batch[k].numpy() for batch in batches]) for k in range(3)])
    real = epochs[0][2].reshape(len(epochs[0][2]), -1)[:, -1] > 0
    (first, targets, weights), (second, _, _) = [[part[real] for part in epoch] for epoch in epochs]
    assert len(first) == len(split.train)
    assert not np.array_equal(first, second)
    order = np.array([np.flatnonzero((windows.inputs(split.train) == x).all(axis=(1, 2)))[0] for x in first])
    assert sorted(order) == list(range(len(split.train)))
    if every:
        np.testing.assert_array_equal(targets[..., 0], windows.step_targets(split.train)[order])
        assert weights.mean() == pytest.approx(1, rel=0.05)
        scale = weights[:, -1] / windows.weights[split.train][order]
    else:
        np.testing.assert_array_equal(targets[:, 0], windows.targets(split.train)[order])
        scale = weights / windows.weights[split.train][order]
    full = feed.size * (feed.per_epoch - 1)
    np.testing.assert_allclose(scale[:full], scale[0], rtol=1e-5)
    np.testing.assert_allclose(scale[full:].sum(), scale[0] * feed.size, rtol=1e-5)


def test_weights_steer_the_training():
    windows, split = parts(series())
    results = []
    for scheme in ("uniform", "exponential"):
        forecaster = build_forecaster(reference_stack(OPTIONS), LOOKBACK, 2)
        fit(forecaster, windows.weighted(scheme, split.train), split.train, split.train[:0], OPTIONS)
        results.append(forecaster.model.get_weights()[0])
    assert not np.allclose(*results)


@pytest.mark.parametrize("supervise", ["last", "every"])
def test_same_seed_same_weights_whatever_the_global_seeds(supervise):
    results = []
    for other in (1, 2):
        tf.random.set_seed(other)
        np.random.seed(other)  # noqa: NPY002 - the global state must have no say
        random.seed(other)
        forecaster, training = trained(supervise=supervise, dropout=0.3)
        results.append((forecaster.model.get_weights(), training.history["val_loss"].tolist()))
    assert all(np.array_equal(a, b) for a, b in zip(results[0][0], results[1][0], strict=True))
    assert results[0][1] == results[1][1]
    different, _ = trained(supervise=supervise, dropout=0.3, seed=4)
    assert not np.array_equal(different.model.get_weights()[0], results[0][0][0])


def digest():
    """Train and give the weights' bits: what two processes must agree on."""
    forecaster, _ = trained(units=(24, 16), dense=(8,), epochs=2, dropout=0.2)
    return b"".join(weight.tobytes() for weight in forecaster.model.get_weights()).hex()


def test_same_seed_same_weights_in_two_processes(tmp_path):
    code = f"import runpy; print(runpy.run_path({__file__!r})['digest']())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert told.stdout.strip() == digest()
    assert not told.stderr


def test_a_second_ctrl_c_loses_nothing():
    class Twice(Listener):
        def on_end(self, end):
            signal.raise_signal(signal.SIGINT)
            super().on_end(end)

    listener = Twice(act=lambda: signal.raise_signal(signal.SIGINT), at=(2, 1))
    _, training = trained(listener=listener)
    assert training.end.reason == "interrupted"
    assert training.end.epochs == len(training.history) == 1
    assert listener.ends == [training.end]


class RaisesInTraining(keras.layers.Layer):
    def call(self, x, training=False):  # noqa: FBT002 - Keras's signature
        if training:
            raise ValueError("not\nwhile training")
        return x


def test_what_a_layer_raises_in_training_alone_is_one_line():
    layers = [keras.layers.LSTM(3), RaisesInTraining(), keras.layers.Dense(1)]
    windows, split = parts(series())
    forecaster = build_forecaster([SourcedLayer(layer, "here") for layer in layers], LOOKBACK, 2)
    with pytest.raises(StackError, match=r"^a layer of the stack fails in training: not; mend that layer$"):
        fit(forecaster, windows, split.train, split.validation, OPTIONS)


def test_a_function_at_the_address_of_a_freed_one_is_no_reason_to_warn(caplog):
    log = tf.get_logger()
    with without_retracing_warnings():
        log.warning("5 out of the last 5 calls to <function f> triggered tf.function retracing. Tracing is expensive")
        log.warning("something else")
    log.warning("6 out of the last 6 calls to <function f> triggered tf.function retracing. Tracing is expensive")
    assert [record.getMessage()[:9] for record in caplog.records] == ["something", "6 out of "]
