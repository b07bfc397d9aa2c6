"""Looking inside a run: the window that was asked for, dates on the trace, numbers in the target's unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import DataError, OptionError
from lstm_lab.events import ProgressListener
from lstm_lab.interpret.inspection import row_at

LOOKBACK = 8


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    days = pd.date_range("2021-01-01", periods=160, freq="D", name="date")
    frame = pd.DataFrame({"price": 50 * np.exp(np.cumsum(0.02 * rng.normal(size=160)))}, index=days)
    return pd.concat([frame.iloc[:40], frame.iloc[80:]])


@pytest.fixture(scope="module")
def run(frame):
    options = {"transform": "log_return", "features": ["bollinger(5, 2)"], "lookback": LOOKBACK, "units": [6, 4]}
    return lab.train(frame, dense=[], epochs=1, dropout=0.1, **options)


def test_the_newest_window_with_its_dates(run, frame):
    found = run.gates()
    assert found.index.equals(frame.index[-LOOKBACK:])
    assert found.feature_names == run.encoder.columns
    assert found.history.equals(frame["price"].iloc[-LOOKBACK:])
    assert [layer.hidden.shape for layer in found.layers] == [(LOOKBACK, 6), (LOOKBACK, 4)]
    assert found.forecast.index[0] == frame.index[-1] + pd.Timedelta(days=1)


def test_a_time_a_text_and_a_position_mean_the_same_row(run, frame):
    time = frame.index[-20]
    traces = [run.gates(at=at) for at in (time, str(time.date()), time.date(), -20, len(frame) - 20, "-20")]
    assert all(found.index[-1] == time for found in traces)
    assert all(np.array_equal(found.layers[0].cell, traces[0].layers[0].cell) for found in traces)
    assert traces[0].forecast.index[0] == frame.index[-19]


def test_the_forecast_is_the_models_in_the_targets_unit(run, frame):
    found = run.gates(at=-20)
    z = float(found.output[0, 0])
    expected = frame["price"].iloc[-20] * np.exp(z * run.encoder.scale[0] + run.encoder.mean[0])
    assert found.forecast.iloc[0] == pytest.approx(expected, rel=1e-6)
    assert found.scale.output == pytest.approx(expected * run.encoder.scale[0], rel=1e-4)


def test_looking_inside_compiles_no_predict_function_of_which_tensorflow_would_warn(run):
    run.gates()
    run.gates(windows=3)
    assert run.model.predict_function is None


def test_many_windows_count_back_from_the_forecast(run):
    found = run.gates(windows=12)
    assert found.windows == 12
    assert list(found.index[[0, -1]]) == [-LOOKBACK, -1]
    assert found.layers[0].hidden.shape == (12, LOOKBACK, 6)
    assert np.all(found.connectivity.step.low <= found.connectivity.step.high)
    assert run.gates(windows=10_000).windows == len(run.dataset.windows) + 1


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (10_000, "between -120 and 119"),
        (-121, "between -120 and 119"),
        ("2021-02-20", "no row at 2021-02-20; the nearest is 2021-02-09"),
        ("2035-01-01", "the nearest is 2021-06-09"),
        ("2021-03-23", "the nearest row is"),
        (3, "the nearest row is 2021-01-12"),
        ("soon", "for example 2021-06-09"),
        (1.5, "float"),
    ],
)
def test_a_row_that_is_not_there_is_explained_in_one_line(run, at, words):
    with pytest.raises(DataError, match=words) as raised:
        run.gates(at=at)
    assert "\n" not in str(raised.value)


def test_windows_are_held_to_their_option(run):
    with pytest.raises(OptionError, match="windows"):
        run.gates(windows=0)


@pytest.mark.parametrize("at", [-20, "2021-03-01", pd.Timestamp("2021-03-01")])
def test_one_window_and_many_are_not_asked_for_together(run, at):
    with pytest.raises(OptionError, match="at= looks at one window and windows= at many") as raised:
        run.gates(at=at, windows=3)
    assert "\n" not in str(raised.value)
    assert str(raised.value).endswith("leave out one of them")


def test_rows_without_times_take_positions():
    values = pd.DataFrame({"y": np.sin(np.arange(80.0))})
    run = lab.train(values, transform="none", lookback=6, units=[3], dense=[], epochs=1)
    assert run.gates(at=-1).index[-1] == 79
    with pytest.raises(DataError, match="no times"):
        run.gates(at="2020-01-01")


def test_memory_of_a_run_stands_beside_fresh_networks(run):
    class Heard(ProgressListener):
        labels = ()

        def on_progress(self, progress):
            self.labels = (*self.labels, progress.label)

    heard = Heard()
    found = run.memory(units=2, updates=1, listener=heard)
    assert set(found.flow["network"]) >= {"this network", "rnn", "gru", "lstm, forget bias 1"}
    assert found.flow["distance"].max() == LOOKBACK - 1
    assert sum(label.startswith("gradients") for label in heard.labels) == 5
    assert set(found.recall["steps"]) == {LOOKBACK}
    with pytest.raises(OptionError, match="unit"):
        run.memory(unit=3)


def test_true_is_no_position():
    with pytest.raises(DataError, match=r"^at takes a time or a position, got bool; -1 is the newest row$"):
        row_at(pd.date_range("2024-01-01", periods=3), at=True)


@pytest.mark.parametrize("at", [pd.NaT, "yesterday noon", ""])
def test_what_is_no_time_is_refused_with_one(at):
    with pytest.raises(DataError, match=r"^at takes a time or a position, got .*; for example 2024-01-03$"):
        row_at(pd.date_range("2024-01-01", periods=3), at)
