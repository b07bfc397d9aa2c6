"""A stream: what each push gives, that it is what a backtest would give, and that its bands learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import DataError, OptionError
from lstm_lab.forecasting import metrics
from lstm_lab.simulation.simulator import CHUNK

HORIZON = 3
TRAIN = {"transform": "diff", "features": ["wind"], "units": [4], "dense": [], "lookback": 8, "epochs": 1}


def table(rows=420):
    rng = np.random.default_rng(5)
    index = pd.date_range("2021-03-01", periods=rows, freq="D", name="day")
    wind = np.sin(np.arange(rows) / 9) + rng.normal(0, 0.1, rows)
    return pd.DataFrame({"price": 50 + rng.normal(0, 1, rows).cumsum() + wind, "wind": wind}, index=index)


@pytest.fixture(scope="module")
def run():
    return lab.train(table().iloc[:300], target="price", calibration=0.25, **TRAIN)


def pushed(stream, frame):
    return [stream.push(row, time) for time, row in frame.iterrows()]


def test_each_push_gives_what_a_backtest_gives_from_there(run):
    rows = slice(300, 340)
    forecasts = pushed(run.stream(HORIZON, paths=CHUNK, adapt=False, renew=False), table().iloc[rows])
    judged = lab.backtest(
        run, table(), horizon=HORIZON, origins=1000, paths=CHUNK, renew=False, baselines=()
    ).forecasts["network"]
    for number, forecast in enumerate(forecasts):
        expected = judged.at(table().index[300 + number])
        assert forecast.index.equals(expected.index)
        assert forecast.kind == expected.kind == "calibrated"
        np.testing.assert_allclose(forecast.paths, expected.paths, rtol=1e-5)


def test_scaled_noise_follows_the_stream_as_it_does_in_a_backtest(run):
    frame = table()
    frame.iloc[310:316, 0] += [9, -9, 9, -9, 9, -9]
    stream = run.stream(HORIZON, paths=CHUNK, noise="scaled", calibrate=False)
    forecasts = pushed(stream, frame.iloc[300:325])
    judged = lab.backtest(
        run, frame, horizon=HORIZON, origins=1000, paths=CHUNK, noise="scaled", calibrate=False, baselines=()
    ).forecasts["network"]
    for number, forecast in enumerate(forecasts):
        np.testing.assert_allclose(forecast.paths, judged.at(frame.index[300 + number]).paths, rtol=1e-5)
    assert forecasts[16].paths[:, 0].std() > 2 * forecasts[8].paths[:, 0].std()


def test_only_so_many_rows_are_kept(run):
    stream = run.stream(HORIZON, paths=CHUNK)
    pushed(stream, table().iloc[300:])
    assert stream.rows == 420
    assert len(stream._frame) == 240
    assert len(stream._correction._pending) == HORIZON


def test_the_band_follows_a_change_of_regime_and_tells_what_it_held(run):
    frame = table()
    rng = np.random.default_rng(9)
    frame.loc[frame.index[300:], "price"] = frame["price"].iloc[299] + rng.normal(0, 4, 120).cumsum()
    widths, shares = {}, {}
    for adapt, renew in ((False, False), (True, True)):
        stream = run.stream(HORIZON, paths=CHUNK, adapt=adapt, renew=renew)
        forecasts = pushed(stream, frame.iloc[300:])
        late = forecasts[60:-HORIZON]
        edges = np.array([one.quantile((0.05, 0.95)) for one in late])
        actual = np.array([frame["price"].reindex(one.index) for one in late])
        shares[adapt] = float(metrics.inside(edges[:, 0], edges[:, 1], actual).mean())
        widths[adapt] = float((edges[:, 1] - edges[:, 0]).mean())
        everything = np.array([one.quantile((0.05, 0.95)) for one in forecasts[:-HORIZON]])
        happened = np.array([frame["price"].reindex(one.index) for one in forecasts[:-HORIZON]])
        held = metrics.inside(everything[:, 0], everything[:, 1], happened).mean()
        assert stream.coverage.share == pytest.approx(held)
        assert stream.coverage.origins == 120 - HORIZON
        assert forecasts[-1].coverage == stream.coverage
        assert "of this stream's bands" in repr(forecasts[-1])
    assert shares[False] < 0.6
    assert shares[True] > shares[False] + 0.2
    assert widths[True] > 2 * widths[False]


def test_rows_come_in_several_shapes_and_the_next_time_is_guessed(run):
    row = table().iloc[300]
    made = [run.stream(HORIZON, paths=CHUNK).push(each) for each in (row, dict(row), {**row, "other": 1.0})]
    for forecast in made:
        np.testing.assert_array_equal(forecast.paths, made[0].paths)
        assert forecast.index[0] == table().index[301]
        assert forecast.history.iloc[-1] == row["price"]


def test_after_a_gap_it_waits_for_a_window(run):
    stream = run.stream(HORIZON, paths=CHUNK)
    later = table().iloc[300:].set_axis(pd.date_range("2022-06-01", periods=120, name="day"))
    forecasts = pushed(stream, later.iloc[:10])
    need = run.options.lookback + run.encoder.warmup
    assert [one is None for one in forecasts] == [True] * (need - 1) + [False] * (11 - need)
    assert "2022-06-10" in repr(stream)


@pytest.mark.parametrize(
    ("row", "time", "message"),
    [
        (5.0, None, r"a row has a value for each of price, wind, got none for wind"),
        ({"price": 5.0, "wnd": 1.0}, None, r"got none for wind; did you mean 'wnd'\?"),
        ({"price": "five", "wind": 1.0}, None, r"a row is numbers, got \{'price': 'five'"),
        ({"price": np.nan, "wind": 1.0}, None, r"finite values, got nan in 'price'; fill it"),
        ({"price": 5.0, "wind": 1.0}, "2021-12-25", r"comes after the last one, 2021-12-25, got 2021-12-25; push in"),
        ({"price": 5.0, "wind": 1.0}, "2021-12-26T00:00Z", r"no zone and rows that are pushed are in UTC; take it off"),
        ({"price": 5.0, "wind": 1.0}, "tomorrow?", r"time is a label as 2021-12-25 is, got 'tomorrow\?'"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_in_one_line_and_not_taken_in(run, row, time, message):
    stream = run.stream(HORIZON, paths=CHUNK)
    with pytest.raises(DataError, match=message) as refused:
        stream.push(row, time)
    assert "\n" not in str(refused.value)
    assert stream.rows == 300
    assert stream.push(table().iloc[300]) is not None


def test_a_run_without_calibration_rows_streams_what_it_can():
    run = lab.train(table()["price"].iloc[:300], calibration=0, **{**TRAIN, "features": []})
    stream = run.stream(HORIZON, paths=CHUNK)
    forecast = stream.push(51.0)
    assert forecast.kind == "dropout spread"
    assert forecast.coverage is None
    for value in table()["price"].iloc[301:305]:
        forecast = stream.push(value)
    assert "held" in repr(stream)  # what a band that nothing calibrates held is known too


@pytest.mark.parametrize("value", [10**400, True, b"1", None], ids=["large", "on", "bytes", "none"])
def test_what_is_no_number_is_not_pushed(run, value):
    stream = run.stream(HORIZON, paths=CHUNK)
    rows = stream.rows
    with pytest.raises(DataError, match=r"^a row is numbers, got "):
        stream.push({"price": value, "wind": 1.0})
    assert stream.rows == rows


@pytest.mark.parametrize("horizon", [10**400, True], ids=["large", "on"])
def test_a_horizon_that_is_none_is_refused(run, horizon):
    with pytest.raises(OptionError, match=r"^horizon should "):
        run.forecast(horizon)
