"""Numbers and sizes at their ends: told in one line, or refused with an estimate, never another library's error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.dates.time_index import future_index
from lstm_lab.errors import DataError, ForecastError, LabError, OptionError, StackError
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.forecasting.predictor import _overgrown
from lstm_lab.models.backend import keras
from lstm_lab.models.network_size import parameters_of
from lstm_lab.models.stack_cell import read_stack

OPTIONS = {"transform": "none", "lookback": 6, "epochs": 1, "batch": 32}
SMALL = {"units": [3], "dense": []}


def series(rows=200):
    rng = np.random.default_rng(0)
    return pd.DataFrame({"y": 3 + np.sin(np.arange(rows) / 5) + 0.1 * rng.normal(size=rows)})


@pytest.fixture(scope="module")
def run():
    return lab.train(series(), **OPTIONS, **SMALL)


class NotANumber(keras.layers.Layer):
    def call(self, x):
        return keras.ops.log(x - 1e9)


class NotANumberInTraining(keras.layers.Layer):
    def call(self, x, training=False):  # noqa: FBT002 - Keras's signature
        return x * float("nan") if training else x


@pytest.mark.parametrize("still", ["zeros", "flat", "season"])
def test_a_validation_stretch_that_stands_still_is_described(still):
    frame = series()
    if still == "season":
        frame["y"] = np.tile([1.0, 2, 5, 2, 3, 9, 4, 1], 25)
    else:
        frame.iloc[120:] = 0.0 if still == "zeros" else frame.iloc[119]
    run = lab.train(frame, **OPTIONS | {"transform": "seasonal_diff(8)" if still == "season" else "diff"}, **SMALL)
    assert "the naive forecast's is 0, for nothing changes in the validation rows" in repr(run)
    assert np.isfinite(run.forecast(2, paths=20).paths).all()


def test_one_path_has_no_spread_that_is_no_number(run):
    table = run.forecast(2, paths=1).frame
    assert table["std"].tolist() == [0.0, 0.0]
    assert not table.isna().to_numpy().any()


def test_a_training_that_diverged_says_so_in_its_first_line(run):
    broken = lab.train(series(), loss="mse", learning_rate=50, **OPTIONS, **SMALL)
    first = repr(broken).splitlines()[0]
    assert first.startswith("Run: y, diverged: its loss is ")
    assert first.endswith(" times the naive forecast's; train again with learning_rate=0.001")
    assert repr(run).splitlines()[0] == "Run: y"
    assert repr(broken.forecast(3, paths=60)).splitlines()[0] == "Forecast of y, by a network whose training diverged"
    assert repr(run.forecast(3, paths=60)).splitlines()[0] == "Forecast of y"


def test_forecasts_of_many_series_say_that_the_training_diverged():
    stores = pd.DataFrame({"id": np.repeat(["a", "b"], 150), "y": np.tile(series().to_numpy()[:150, 0], 2)})
    broken = lab.train(stores, target="y", id="id", learning_rate=50, loss="mse", **OPTIONS, **SMALL)
    assert "diverged: its loss is" in repr(broken).splitlines()[0]
    drawn = broken.forecast(3, paths=60)
    assert repr(drawn).splitlines()[0] == "Forecasts of y, by a network whose training diverged"
    assert drawn.details["training"].endswith("learning_rate=0.001")


@pytest.mark.parametrize(("layer", "name"), [(NotANumber, "not_a_number"), (NotANumberInTraining, "not_a_number_in")])
def test_nan_of_a_layer_is_not_blamed_on_the_learning_rate(layer, name):
    with pytest.raises(StackError) as refused:
        lab.train(series(), stack=[keras.layers.LSTM(3), layer(), keras.layers.Dense(1)], **OPTIONS)
    text = str(refused.value)
    assert text.startswith("the loss was no finite number in the first step, before any weight was changed: layer ")
    assert name in text
    assert "learning_rate" not in text


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.LSTM(5),
        keras.layers.GRU(5),
        keras.layers.SimpleRNN(5),
        keras.layers.Dense(5),
        keras.layers.Conv1D(5, 3),
        keras.layers.Bidirectional(keras.layers.LSTM(5)),
        keras.layers.Dropout(0.1),
    ],
)
def test_parameters_are_counted_before_a_layer_is_built(layer):
    # A GRU of Keras has two biases, one of which the estimate leaves out.
    extra = 3 * 5 if isinstance(layer, keras.layers.GRU) else 0
    expected = parameters_of(layer, 7)
    layer(np.zeros((2, 6, 7), np.float32))
    assert expected == layer.count_params() - extra


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"units": [128128], "dense": []}, "use fewer units="),
        ({"units": [3], "dense": [200_000, 200_000]}, "use fewer dense="),
        ({"stack": "LSTM(128128)\nDense(1)", "namespace": {}}, "use fewer units in the stack"),
    ],
)
def test_a_network_too_large_for_memory_is_refused_before_it_is_built(options, remedy):
    with pytest.raises(StackError, match=r"has 65,668,162,560 parameters|has 40,\d+,\d+,\d+ parameters") as refused:
        lab.train(series(), **OPTIONS, **options)
    assert str(refused.value).endswith(f"are free; {remedy}")


@pytest.mark.parametrize(
    ("horizon", "paths", "words"),
    [
        (10**9, 60, "horizon should be less than or equal to 1000000, got 1000000000"),
        (10**30, 60, "horizon should be less than or equal to 1000000"),
        (10**6, 100_000, "forecasting 1,000,000 steps with 100,000 paths needs about 3200.0 GB of memory"),
    ],
)
def test_a_forecast_too_long_is_refused_with_an_estimate(run, horizon, paths, words):
    with pytest.raises(LabError) as refused:
        run.forecast(horizon, paths=paths)
    assert words in str(refused.value)


def test_dates_beyond_the_calendar_are_refused():
    months = pd.DatetimeIndex(list(pd.date_range("2000-01-01", periods=300, freq="MS")))
    with pytest.raises(DataError, match=r"100,000 steps after 2024-12-01 go beyond the dates .*; shorten horizon="):
        future_index(months, 100_000)


def test_paths_at_the_largest_number_are_told_of():
    paths = np.full((4, 3), 1.0)
    assert _overgrown(paths) == {}
    paths[1, 2] = np.finfo(np.float64).max
    assert _overgrown(paths)["too large"].startswith("25 % of the paths grew to 1.8e308")


@pytest.mark.parametrize("q", ["x", b"x", [0.1, "x"], object()])
def test_a_quantile_that_is_no_number_is_refused(run, q):
    with pytest.raises(ForecastError, match="a quantile's level is a number between 0 and 1"):
        run.forecast(2, paths=50).quantile(q)


@pytest.mark.parametrize("at", ["²", "9" * 5000, "--1"])
def test_a_position_that_is_no_number_is_refused(run, at):
    with pytest.raises(DataError, match="at takes a position"):
        run.gates(at=at)


@pytest.mark.parametrize(
    "option", [{"features": ["lag(" + "9" * 40 + ")"]}, {"transform": f"seasonal_diff({'9' * 5000})"}]
)
def test_arguments_of_many_digits_are_refused(option):
    with pytest.raises(OptionError) as refused:
        lab.train(series(), **OPTIONS | option, **SMALL)
    assert len(str(refused.value)) <= 1000


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_number_of_very_many_digits_in_a_file_is_refused_in_one_line(tmp_path, digits):
    (tmp_path / "rows.csv").write_text("y\n" + "\n".join(["1"] * 40 + ["9" * digits] + ["2"] * 30))
    with pytest.raises(DataError) as refused:
        lab.load(tmp_path / "rows.csv", target="y")
    assert len(str(refused.value)) <= 1000


@pytest.mark.parametrize("body", ["LSTM(3)\nreturn 1", "-" * 100_000 + "1", "LSTM(3)\0", "(" * 5000])
def test_a_body_that_python_cannot_read_is_one_line(body):
    with pytest.raises(StackError) as refused:
        read_stack(body, {})
    assert len(str(refused.value)) <= 1000
    assert "\n" not in str(refused.value)


def test_a_message_is_one_line_of_at_most_a_thousand_characters():
    assert str(DataError("first\nsecond\r\nthird")) == "first second third"
    long = str(OptionError("got " + "x" * 20_000_000 + "; use y"))
    assert len(long) == 1000
    assert long.startswith("got xxx")
    assert long.endswith("xxx; use y")
    assert str(LabError()) == ""


@pytest.mark.parametrize("transform", ["none", "log_return", "log", "auto"])
@pytest.mark.parametrize(("size", "word"), [(1e38, "large"), (1.7e308, "large"), (1e-38, "small"), (1e-310, "small")])
def test_values_that_lose_their_squares_or_digits_are_refused(transform, size, word):
    frame = pd.DataFrame({"y": size * (0.9 + 0.1 * np.sin(np.arange(200) / 5))})
    with pytest.raises(DataError, match=rf"^'y' has values too {word} to be scaled, up to .*; (divide|multiply) it by"):
        lab.train(frame, **OPTIONS | {"transform": transform}, **SMALL)


@pytest.mark.parametrize("size", [1.0, 1e140, 1e300, np.finfo(np.float64).max])
def test_mean_and_spread_of_paths_are_finite_however_far_they_grow(size):
    shares = np.random.default_rng(0).uniform(0.5, 1, (60, 3))
    index = pd.RangeIndex(3)
    history = pd.Series([0.5, 1.0])
    forecast = Forecast(shares * size, index, history, "y", "predictive")
    np.testing.assert_allclose(forecast.frame["std"] / size, shares.std(axis=0, ddof=1), rtol=1e-12)
    np.testing.assert_allclose(forecast.frame["mean"] / size, shares.mean(axis=0), rtol=1e-12)
