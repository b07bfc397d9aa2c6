"""`Run.resume`: training on from a run's weights, with newer rows too, in every face."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import DataError, OptionError
from lstm_lab.events import TrainingListener
from lstm_lab.notebook.commands import RESUME

OPTIONS = {
    "transform": "none",
    "features": ["hour"],
    "lookback": 6,
    "units": [4],
    "dense": [],
    "dropout": 0.2,
    "epochs": 3,
    "batch": 16,
    "learning_rate": 0.01,
}


def series(rows=240):
    rng = np.random.default_rng(0)
    index = pd.date_range("2024", periods=rows, freq="h")
    return pd.DataFrame({"y": np.sin(np.arange(rows) / 5) + 0.1 * rng.normal(size=rows)}, index=index)


def bits(run):
    return b"".join(np.ascontiguousarray(weight).tobytes() for weight in run.model.get_weights())


class Killed(BaseException):
    """What no code of ours catches."""


class KilledAtEpoch(TrainingListener):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch(self, batch):
        if batch.epoch == self.epoch:
            raise Killed


@pytest.fixture(scope="module")
def run():
    return lab.train(series(), **OPTIONS)


@pytest.fixture(scope="module")
def longer(run):
    return run.resume(epochs=2, learning_rate=0.003)


def test_training_goes_on_from_the_weights_and_leaves_the_run_alone(run):
    before, history, options = bits(run), run.history.copy(), run.options
    more = run.resume(epochs=2, learning_rate=0.003, name="more")
    assert bits(run) == before
    pd.testing.assert_frame_equal(run.history, history)
    assert run.options is options
    assert more.history.index.tolist() == [0, 1, 2]
    # Epoch 0 is the run's network over the same validation rows.
    assert more.history.loc[0, "val_loss"] == pytest.approx(run.metrics["val_loss"], rel=1e-6)
    assert more.history.loc[1:, "learning_rate"].tolist() == pytest.approx([0.003, 0.003])
    assert more.history["best"].sum() == 1
    assert more.metrics["val_loss"] == more.history["val_loss"].min()
    assert more.metrics["val_loss"] < run.metrics["val_loss"]
    assert (more.options.epochs, more.options.seed, more.name) == (2, 1, "more")
    assert more.end.message.startswith("trained 2 more epochs; kept epoch ")
    assert bits(more) != before
    assert more.encoder == run.encoder


def test_the_same_call_gives_the_same_bits_and_another_seed_others(run, longer):
    assert bits(run.resume(epochs=2, learning_rate=0.003)) == bits(longer)
    assert bits(run.resume(epochs=2, learning_rate=0.003, seed=7)) != bits(longer)


def test_weights_that_no_epoch_makes_better_are_kept(run):
    worse = run.resume(epochs=1, learning_rate=5)
    assert bits(worse) == bits(run)
    assert worse.history.index[worse.history["best"]].tolist() == [0]
    assert "kept the weights that it began with, as no epoch had a lower loss than their " in worse.end.message


def test_a_saved_run_goes_on_as_the_run_itself(run, longer, tmp_path):
    loaded = lab.load_run(run.save(tmp_path / "run.lstm")).resume(epochs=2, learning_rate=0.003)
    assert bits(loaded) == bits(longer)
    again = lab.load_run(loaded.save(tmp_path / "longer.lstm"))
    pd.testing.assert_frame_equal(again.history, loaded.history)
    np.testing.assert_array_equal(again.forecast(2, paths=20).paths, loaded.forecast(2, paths=20).paths)


def test_newer_rows_are_trained_on_with_the_encoding_of_the_run(run):
    frame = series(300)
    today = run.resume(frame, epochs=1)
    assert len(today.dataset) == 300
    (cuts,), (before,) = today.dataset.cuts, run.dataset.cuts
    assert (cuts.validation, cuts.calibration, cuts.rows, cuts.expired) == (240, 270, 300, 0)
    assert (before.validation, before.rows) == (192, 240)
    np.testing.assert_array_equal(today.dataset.matrix[:240], run.dataset.matrix)
    assert bits(run.on(frame.iloc[240:]).resume(epochs=1)) == bits(today)
    assert len(run.dataset) == 240
    with pytest.raises(DataError, match="newer rows come after"):
        run.resume(series(200))


def test_a_resumed_training_that_was_killed_goes_on(run, longer, tmp_path):
    options = {"epochs": 2, "learning_rate": 0.003, "checkpoint": str(tmp_path)}
    with pytest.raises(Killed):
        run.resume(listener=KilledAtEpoch(2), **options)
    again = run.resume(**options)
    assert bits(again) == bits(longer)
    columns = ["loss", "val_loss", "mae", "val_mae", "best"]
    pd.testing.assert_frame_equal(again.history[columns], longer.history[columns], check_exact=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 0}, "epochs should be greater than or equal to 1, got 0"),
        ({"units": [8]}, "there is no option 'units'"),
        ({"checkpoint_seconds": 3}, "checkpoint_seconds= says how often"),
    ],
)
def test_what_no_training_can_go_on_with_is_refused(run, options, words):
    with pytest.raises(OptionError) as refused:
        run.resume(**options)
    assert words in str(refused.value)


def test_a_magic_trains_on_and_its_result_is_the_last_run(run, longer, shell, do):
    shell.user_ns |= {"first": run, "newer": series(300)}
    more, out, err = do("%lstm_resume --run first --epochs 2 --learning-rate 0.003 -o second")
    assert err == ""
    assert bits(more) == bits(longer)
    assert "trained 2 more epochs" in out
    assert shell.user_ns["second"] is more
    today, out, _ = do("%lstm_resume newer --epochs 1")
    assert "Run: y" in out
    assert len(today.dataset) == 300
    for example in RESUME.examples:  # on the last run
        value, _, err = do(example)
        assert err == ""
        assert value.end.message.startswith("trained 3 more epochs")
    assert do("%lstm_resume newer --run nobody")[2].startswith("UsageError: there is no run called 'nobody'")


def test_the_command_line_trains_a_saved_run_on(run, longer, tmp_path, monkeypatch, capsys):
    from lstm_lab.cli.main import main

    monkeypatch.chdir(tmp_path)
    run.save("first.lstm")
    line = ["resume", "first.lstm", "--epochs", "2", "--learning-rate", "0.003", "--horizon", "2", "--paths", "10"]
    assert main([*line, "--out", "second.lstm,table.csv"]) == 0
    assert "trained 2 more epochs" in capsys.readouterr().out
    assert bits(lab.load_run("second.lstm")) == bits(longer)
    assert len(pd.read_csv("table.csv")) == 2
    series(300).to_csv("today.csv", index_label="time")
    assert main(["resume", "first.lstm", "--newer", "today.csv", "--epochs", "1", "--out", "today.lstm"]) == 0
    assert len(lab.load_run("today.lstm").dataset) == 300
    assert main(["resume", "no.lstm"]) == 2
    assert "there is no file no.lstm" in capsys.readouterr().err
