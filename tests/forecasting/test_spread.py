"""Where the spread comes from: dropout, noise and calibration on and off, each with its coverage."""

import threading

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import LabError
from lstm_lab.forecasting.spread import Sources, silent
from lstm_lab.models.backend import keras
from lstm_lab.models.without_dropout import without_dropout

SMALL = {"lookback": 8, "units": [4], "dense": [], "epochs": 1, "seed": 0, "calibration": 0.3}
ASKED = {"horizon": 3, "paths": 100}


def series(rows=400):
    rng = np.random.default_rng(3)
    index = pd.date_range("2022-01-01", periods=rows, freq="D")
    return pd.Series(np.sin(np.arange(rows) / 5) + rng.normal(0, 0.2, rows), index, name="level").to_frame()


@pytest.fixture(scope="module")
def run():
    return lab.train(series(), target="level", dropout=0.3, **SMALL)


@pytest.fixture(scope="module")
def spread(run):
    return run.spread(**ASKED)


def test_all_sources_are_the_forecast_itself(run, spread):
    full = run.forecast(**ASKED)
    assert np.array_equal(spread.full.paths, full.paths)
    assert spread.full.coverage == full.coverage == spread.coverages[Sources(True, True, True)]
    assert len(spread.forecasts) == 8
    assert spread.absent == {}


def test_without_dropout_and_noise_there_is_one_path(spread):
    paths = spread.forecast(dropout=False, noise=False, calibration=False).paths
    assert np.ptp(paths, axis=0).max() == 0
    width = spread.frame["width"]
    assert width.loc[False, False, False] == 0
    assert width.loc[True, True, False] > width.loc[True, False, False] > 0
    assert width.loc[True, True, False] > width.loc[False, True, False] > 0


def test_the_network_without_dropout_forecasts_as_keras_does_where_it_infers(run):
    quiet = silent(run.fitted)
    window = run.dataset.newest(3).windows
    assert np.allclose(quiet.model(window, training=True), run.model(window, training=False), atol=1e-6)


def test_coverage_is_counted_at_the_calibration_origins(run, spread):
    alone = run.forecast(noise="none", calibrate=False, combine=False, **ASKED)
    drawn = run.spread(combine=False, **ASKED)
    assert np.array_equal(drawn.forecast(noise=False, calibration=False).paths, alone.paths)
    held = spread.frame["coverage"]
    assert held.loc[True, False, False] < held.loc[True, True, True]
    assert held.loc[False, False, False] == 0
    assert 0.75 < held.loc[False, False, True] <= 1


def test_a_network_without_dropout_says_so_and_has_the_other_switches():
    plain = lab.train(series(), target="level", dropout=0.0, **SMALL).spread(**ASKED)
    assert [tuple(sources) for sources in plain.forecasts] == [
        (False, True, True),
        (False, True, False),
        (False, False, True),
        (False, False, False),
    ]
    with pytest.raises(LabError, match=r"dropout is off: the network has none; train with dropout=0\.2"):
        plain.forecast(dropout=True)


@pytest.mark.parametrize("option", [{"noise": "none"}, {"calibrate": False}])
def test_a_switch_cannot_be_off_from_the_start(run, option):
    (name,) = option
    with pytest.raises(LabError, match=f"got {name}=.*; leave it out"):
        run.spread(**ASKED, **option)


def test_stopped_work_keeps_nothing_where_nothing_was_drawn(run):
    stop = threading.Event()
    stop.set()
    with pytest.raises(LabError, match="stopped before any spread was drawn"):
        run.spread(stop=stop, **ASKED)


def test_the_text_has_a_line_for_each_combination(spread):
    text = repr(spread)
    assert text.startswith("level: where the spread comes from")
    assert "dropout + noise + calibration" in text
    assert "nothing: one path" in text


def test_dropout_is_switched_off_wherever_it_stands():
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5, 2)),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True, dropout=0.4, recurrent_dropout=0.3)),
            layers.TimeDistributed(layers.Dropout(0.5)),
            layers.GaussianNoise(0.7),
            layers.SpatialDropout1D(0.2),
            layers.GRU(3, recurrent_dropout=0.5),
            layers.Dense(1),
        ]
    )
    window = np.random.default_rng(0).normal(size=(4, 5, 2)).astype(np.float32)
    quiet = without_dropout(model)
    assert np.allclose(quiet(window, training=True), model(window, training=False), atol=1e-6)
    assert [layer.name for layer in quiet.layers] == [layer.name for layer in model.layers]
