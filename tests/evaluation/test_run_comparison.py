"""Runs beside each other: what their settings differ in, and losses of different units are told apart."""

import json

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import LabError
from lstm_lab.widgets.base import MIME
from lstm_lab.widgets.saved import ROOM

SMALL = {"target": "level", "lookback": 8, "dense": [], "dropout": 0.0, "seed": 0}


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(3)
    index = pd.date_range("2022-01-01", periods=240, freq="D")
    return pd.DataFrame({"level": np.sin(np.arange(240) / 5) + rng.normal(0, 0.2, 240)}, index)


@pytest.fixture(scope="module")
def runs(frame):
    small = lab.train(frame, units=[3], epochs=2, transform="none", **SMALL)
    large = lab.train(frame, units=[4], epochs=3, transform="none", **SMALL)
    return {"small": small, "large": large}


@pytest.fixture(scope="module")
def compared(runs):
    return lab.compare_runs(runs, 3, paths=50)


@pytest.mark.parametrize("wrong", ["x", None, 1, ["x", "y"], {"a": 1, "b": 2}], ids=str)
def test_what_is_no_run_is_refused_in_one_line(wrong):
    got = {"x": "got the text 'x'", "None": "got a NoneType", "1": "got a int"}.get(str(wrong), "got ")
    with pytest.raises(LabError, match=rf"^compare_runs takes .*{got}.*; for example compare_runs\(\[one, other\]\)$"):
        lab.compare_runs(wrong)


def test_a_backtest_takes_a_run(frame):
    for wrong, got in {"x": "the text 'x'", None: "a NoneType"}.items():
        with pytest.raises(LabError, match=rf"^backtest takes what train or load_run returned, got {got}; train one"):
            lab.backtest(wrong)
    with pytest.raises(LabError, match="got a DataFrame; train one first"):
        lab.backtest(frame)


def test_one_run_is_not_compared(runs):
    with pytest.raises(LabError, match="takes two runs or more, got a Run; for example"):
        lab.compare_runs(runs["small"])


def test_only_what_differs_is_told(compared):
    table = compared.differences
    assert {"units", "epochs", "network"} == set(table.index)
    assert list(table.loc["units"]) == ["3", "4"]
    assert "units 3 / 4" in compared.words
    assert "different units" not in compared.words


def test_losses_and_forecasts_are_those_of_the_runs(runs, compared):
    row = compared.frame.loc["large"]
    assert row.val_loss == runs["large"].metrics["val_loss"]
    assert row.epochs == 3
    assert np.array_equal(compared.forecasts["small"].paths, runs["small"].forecast(3, paths=50).paths)


def test_losses_of_another_transform_are_said_to_have_another_unit(frame, runs):
    other = lab.train(frame, units=[3], epochs=2, transform="diff", **SMALL)
    words = lab.compare_runs([runs["small"], other], 3, paths=50).words
    assert "transform none / diff" in words
    assert "losses are of different units, for transform differ" in words


def test_the_view_aligns_losses_and_bands(compared):
    view = compared.widget()
    try:
        arrays = view.wire.arrays()
        assert arrays["losses"].shape == (2, 2, 3)
        assert np.isnan(arrays["losses"][0, :, 2]).all()
        medians = arrays["bands"][:, 1, -3:]
        assert medians[1] == pytest.approx(compared.forecasts["large"].quantile(0.5), rel=1e-5)
        assert np.isnan(arrays["history"][-3:]).all()
        data, metadata = view._repr_mimebundle_()
        assert MIME in data
        assert len(json.dumps([data, metadata])) <= ROOM
    finally:
        view.close()


def test_mistakes_are_one_line(runs):
    with pytest.raises(LabError, match="needs two runs or more, got 1"):
        lab.compare_runs({"small": runs["small"]})
