"""The recipe's table: sides resolved to variants, effects by hand, spread over seeds, bands by their interval score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.evaluation.improvements import AS_GIVEN, PARTS
from lstm_lab.evaluation.kinds import BASE, CHANGES, DROPOUT_BAND, UNCALIBRATED

CHANGED = ["loss: mse", "scaler: min-max", "guard: off", "lookback: half", "band: dropout"]
OPTIONS = {
    "horizon": 3,
    "origins": 14,
    "paths": 50,
    "features": ["log_return", "bollinger(5, 2)"],
    "transform": "log_return",
    "units": [4],
    "dense": [],
    "lookback": 8,
    "epochs": 1,
    "calibration": 0.2,
}


def table():
    rng = np.random.default_rng(5)
    price = 50 * np.exp(rng.normal(0, 0.01, 400).cumsum())
    price[100:130] = price[100]
    return pd.DataFrame({"price": price}, index=pd.date_range("2021-03-01", periods=400, name="day"))


@pytest.fixture(scope="module")
def ablation():
    return lab.ablate(table(), changes=CHANGED, seeds=[0, 1], **OPTIONS)


def test_every_side_of_the_table_is_a_change_or_the_base():
    assert {side for part in PARTS for side in (part.without, part.fix)} <= {*CHANGES, *AS_GIVEN, UNCALIBRATED}


def test_a_part_is_in_the_table_where_both_its_sides_were_measured(ablation):
    sides = list(ablation.recipe.frame[["without", "fix"]].itertuples(index=False, name=None))
    assert sides == [
        ("loss: mse", "loss: huber"),
        ("scaler: min-max", "scaler: standard"),
        ("guard: off", "guard: on"),
        ("lookback: half", "lookback: as given"),
        (DROPOUT_BAND, UNCALIBRATED),
        (UNCALIBRATED, "band: calibrated"),
    ]


def test_an_effect_is_the_share_by_which_the_fix_changes_the_score_of_each_seed(ablation):
    row = ablation.recipe.frame.iloc[1]
    maes = [[ablation.forecasts[name, seed].errors.mean() for name in ("scaler: min-max", BASE)] for seed in (0, 1)]
    effects = [fixed / without - 1 for without, fixed in maes]
    assert row["effect"] == pytest.approx(np.mean(effects))
    assert row["spread"] == pytest.approx(np.std(effects, ddof=1))


def test_bands_are_judged_by_their_interval_score(ablation):
    row = ablation.recipe.frame.iloc[-2]
    assert row["score"] == "interval_score"
    thin, wide = ablation.forecasts[DROPOUT_BAND, 0], ablation.forecasts[UNCALIBRATED, 0]
    assert (thin.kind, wide.kind) == ("dropout spread", "predictive")
    assert thin.band[2].mean() - thin.band[0].mean() < wide.band[2].mean() - wide.band[0].mean()
    lower, _, upper = thin.band
    actual = thin.evaluated.actual
    by_hand = upper - lower + 20 * (np.maximum(lower - actual, 0) + np.maximum(actual - upper, 0))
    assert ablation.scores.loc[(DROPOUT_BAND, 0), "interval_score"] == pytest.approx(by_hand.mean())
    assert row["held_without"] < row["held_with"]


def test_a_base_that_has_not_the_fix_is_the_side_without():
    result = lab.ablate(table(), changes=["loss: huber"], seeds=[0], loss="mse", calibrate=False, **OPTIONS)
    (row,) = result.recipe.frame.to_dict("records")
    base, huber = result.scores.loc[BASE, "mae"], result.scores.loc["loss: huber", "mae"]
    assert row["effect"] == pytest.approx(huber.iloc[0] / base.iloc[0] - 1)
    assert np.isnan(row["spread"])


def test_the_picture_has_a_mark_a_seed_in_every_row(ablation):
    figure = ablation.recipe.plot()
    marks = [line for line in figure.axes[0].get_lines() if line.get_marker() == "o" and len(line.get_xdata())]
    assert [len(line.get_xdata()) for line in marks] == [2] * len(ablation.recipe.frame)
    axis = figure.axes[0].get_xlabel()
    assert ("logarithmic beyond ±2 %" in axis) == (figure.axes[0].get_xscale() == "symlog")
    hollow = [line.get_markerfacecolor() == "white" for line in marks]
    assert hollow == [not clear for clear in ablation.recipe.frame["clear"]]


def test_the_table_says_what_it_was_measured_on(ablation):
    text = repr(ablation.recipe)
    assert "What the recipe's parts do for price" in text
    assert "mean over 2 seeds" in text
    assert len(ablation.recipe.summary_table().table) == 1 + len(ablation.recipe.frame)


def test_a_study_holds_each_path_once(ablation):
    assert not ablation.scores.empty  # which takes the corrected paths
    assert {fitted.paths.size for fitted in ablation.fitted.values()} == {0}
    for key, forecasts in ablation.forecasts.items():
        assert forecasts.raw.base is None, key
        assert "paths" not in vars(forecasts), key
        assert [
            correction
            for correction in forecasts.corrections
            if correction.calibration and "knots" in vars(correction.calibration)
        ] == []
        tail = (100 - forecasts.evaluated.interval) / 200
        edges = np.quantile(forecasts.paths, [tail, 0.5, 1 - tail], axis=1)
        np.testing.assert_array_equal(edges, forecasts.band)
        np.testing.assert_array_equal(forecasts[1].paths, forecasts.paths[1])
