"""A choice tried on a tiny network: what is trained, for how long, and what the view is told."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.diagnostics.tiny_trial import SECONDS, UNITS, TinyForecast, TinyTrial, _Deadline
from lstm_lab.diagnostics.training_choices import residual_losses, weighting
from lstm_lab.errors import OptionError
from lstm_lab.events import Batch
from lstm_lab.options import TrainOptions
from lstm_lab.training.movable_loss import MovableLoss
from lstm_lab.training.trainer import loss_function


@pytest.fixture(scope="module")
def run():
    rng = np.random.default_rng(0)
    values = 20 + 3 * np.sin(np.arange(200) / 3) + rng.normal(0, 0.2, 200)
    frame = pd.DataFrame({"y": values}, index=pd.date_range("2024-01-01", periods=200))
    return lab.train(frame, units=[4], dense=[], lookback=8, transform="diff", features=[], epochs=1)


@pytest.fixture(scope="module")
def trial(run):
    """A trial that no clock ends, however busy the machine is."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("lstm_lab.diagnostics.tiny_trial.SECONDS", 600.0)
        patched.setattr("lstm_lab.diagnostics.tiny_trial._EPOCHS", 4)
        yield TinyTrial(run)


def test_a_tiny_network_is_trained_with_the_choice_and_the_run_stays(run, trial):
    before = run.model.get_weights()
    linear, again = trial.forecast(weights="linear"), trial.forecast(weights="linear")
    steep = trial.forecast(weights="exponential:6")
    assert linear.forecast.paths.shape == (50, 20)
    assert np.array_equal(linear.forecast.paths, again.forecast.paths)
    assert not np.array_equal(linear.forecast.paths, steep.forecast.paths)
    assert all(map(np.array_equal, before, run.model.get_weights()))


@pytest.mark.parametrize(("loss", "delta"), [("mse", 1.0), ("mae", 1.0), ("huber", 0.4), ("huber", 2.0)])
def test_the_loss_that_moves_is_that_of_keras(loss, delta):
    rng = np.random.default_rng(0)
    actual, forecast, weights = rng.normal(size=(9, 1)), rng.normal(size=(9, 1)), rng.uniform(size=9)
    moved = MovableLoss()
    moved.set("mse", 1.0)
    moved.set(loss, delta)
    wanted = loss_function(TrainOptions.of({"loss": loss, **({"delta": delta} if loss == "huber" else {})}))
    arrays = [array.astype(np.float32) for array in (actual, forecast)]
    assert float(moved(*arrays, weights)) == pytest.approx(float(wanted(*arrays, weights)), rel=1e-6)


def test_another_loss_trains_otherwise_and_compiles_nothing_anew(trial):
    told = []
    near = trial.forecast(None, lambda done, of: told.append((done, of)), loss="huber", delta=0.1)
    compiled = trial._compiled["trainer"].network.train_function
    far = trial.forecast(loss="mse")
    assert trial._compiled["trainer"].network.train_function is compiled
    assert not np.array_equal(near.forecast.paths, far.forecast.paths)
    assert told == [(epoch, 4) for epoch in range(1, 5)]
    assert near.epochs == 4


def test_a_stop_keeps_what_there_is(trial):
    stop = threading.Event()
    stop.set()
    made = trial.forecast(stop, weights="linear")
    assert (made.epochs, made.stopped) == (0, True)
    assert np.isfinite(made.forecast.paths).all()


def test_an_unknown_choice_is_refused(trial):
    with pytest.raises(OptionError, match="weights"):
        trial.forecast(weights="steep")


def test_many_series_have_no_trial():
    panel = SimpleNamespace(dataset=SimpleNamespace(is_panel=True))
    assert TinyTrial.of(panel) is None
    with pytest.raises(OptionError, match=r"look at run.series\(id\) instead"):
        TinyTrial(panel).forecast(weights="linear")


def test_the_training_ends_some_seconds_after_its_first_batch(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr("lstm_lab.diagnostics.tiny_trial.time.monotonic", lambda: clock.now)
    stop = threading.Event()
    deadline = _Deadline(stop)
    monkeypatch.setattr("lstm_lab.diagnostics.tiny_trial.SECONDS", SECONDS)  # whatever the fixture above has set
    deadline.on_batch(Batch(1, 1, 0.5))
    clock.now += SECONDS
    deadline.on_batch(Batch(1, 2, 0.5))
    assert not stop.is_set()
    clock.now += 0.1
    deadline.on_batch(Batch(2, 1, 0.5))
    assert stop.is_set()


class Instant(TinyTrial):
    """Answers at once with the run's own forecast."""

    def forecast(self, stop=None, told=None, **choice):
        self.run.heard.append((choice, stop))
        told(3, 12)
        self.run.during()
        return TinyForecast(self.own, 3, 0.2, stop.is_set())


@pytest.fixture
def view(run):
    """The weights' view over a trial that answers at once."""
    stub = SimpleNamespace(dataset=run.dataset, fitted=run.fitted, heard=[], during=lambda: None)
    made = replace(weighting(run.dataset), trial=Instant(stub)).widget()
    yield made, stub
    made.close()


def test_the_page_asks_and_gets_both_bands(view):
    made, stub = view
    made.on_message("try", {"kind": "try", "weights": "linear"})
    assert stub.heard[0][0] == {"weights": "linear"}
    bands, times = made.wire.array("trial_bands"), made.wire.array("trial_times")
    assert bands.shape == (2, 3, 60)
    assert np.isnan(bands[:, :, :40]).all()
    assert np.isfinite(bands[:, :, 40:]).all()
    assert (len(times), len(made.wire.array("trial_history"))) == (60, 40)
    words = made.wire.get("trial_words")
    assert words == f"Tiny network, {UNITS} units, for illustration: weights linear; trained for 3 epochs, 0.2 s"
    assert made.wire.get("live") is False


def test_a_stop_that_arrives_meanwhile_ends_the_training(view):
    made, stub = view
    stub.during = lambda: made.on_message("stop", {"kind": "stop"})
    made.on_message("try", {"kind": "try", "weights": "linear"})
    assert "stopped after 3 epochs" in made.wire.get("trial_words")


def test_a_training_that_another_choice_overtakes_is_dropped(view):
    made, stub = view
    stub.during = lambda: made.on_message("stop", {"kind": "stop", "dropped": True})
    made.on_message("try", {"kind": "try", "weights": "linear"})
    assert stub.heard[0][1].is_set()
    assert (made.wire.get("trial_words"), made.wire.get("live")) == ("", False)
    assert "trial_bands" not in made.wire.arrays()


def test_how_far_it_has_come_is_shown(view):
    made, stub = view
    heard = []
    stub.during = lambda: heard.append(
        (made.wire.get("trial_share"), made.wire.get("trial_words"), made.wire.get("live"))
    )
    made.on_message("try", {"kind": "try", "weights": "linear"})
    assert heard == [(0.25, "A tiny network is trained with weights linear: epoch 3 of 12", True)]


def test_an_interrupt_or_a_refusal_leaves_the_view_ready(view):
    made, stub = view

    def interrupt():
        raise KeyboardInterrupt

    stub.during = interrupt
    made.on_message("try", {"kind": "try", "weights": "linear"})
    assert made.wire.get("live") is False
    assert made.wire.get("trial_words") == "The training with weights linear was interrupted"


def test_losses_have_a_trial_and_previews_of_data_none(run):
    losses = replace(residual_losses(run.fitted, "huber", 1.0), trial=TinyTrial.of(run)).widget()
    plain = weighting(run.dataset).widget()
    try:
        assert losses.wire.get("trial") == {"units": UNITS, "seconds": SECONDS}
        assert plain.wire.get("trial") is None
        plain.on_message("try", {"kind": "try", "weights": "linear"})
        assert "trial_bands" not in plain.wire.arrays()
    finally:
        losses.close()
        plain.close()
