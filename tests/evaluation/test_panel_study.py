"""Comparisons and ablations of many series: the same origins for all, differences by series, the mask's effect."""

import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import DataError, ForecastError, OptionError
from lstm_lab.evaluation.kinds import BASE, MASK, UNCALIBRATED
from lstm_lab.evaluation.panel_ablate import PanelAblation
from lstm_lab.evaluation.panel_compare import PanelComparison
from lstm_lab.evaluation.panel_study import described
from lstm_lab.evaluation.scoring import difference_by_series
from lstm_lab.events import ProgressListener
from tests.data.panels import made_panel

IDS = {"id": "store", "target": "units", "time": "day"}
NETWORK = {"lookback": 10, "units": [4], "dense": [], "epochs": 2, "transform": "log"}
JUDGED = {"horizon": 3, "origins": 5, "paths": 50, "seeds": [0, 1]}


@pytest.fixture(scope="module")
def panel():
    return made_panel(8, rows=(90, 140), seed=4)


@pytest.fixture(scope="module")
def comparison(panel):
    return lab.compare(panel, **IDS, **NETWORK, **JUDGED, kinds=["lstm", "rnn", "naive", "seasonal_naive"])


@pytest.fixture(scope="module")
def ragged():
    """Series that go up and down by turns, too short for a window: what a network makes of padding decides."""
    rng = np.random.default_rng(0)
    parts = []
    for number in range(16):
        count = int(rng.integers(14, 19))
        units = 10.0 + 3.0 * (-1.0) ** np.arange(count) + 0.05 * rng.normal(size=count)
        parts.append(pd.DataFrame({"store": f"s{number:02d}", "day": np.arange(count), "units": units}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def ablation(ragged):
    network = {"lookback": 30, "units": [6], "dense": [], "dropout": 0, "transform": "none", "supervise": "every"}
    return lab.ablate(
        ragged, **IDS, **network, changes=[MASK], seeds=[1], epochs=30, learning_rate=0.02, horizon=1, paths=50
    )


def test_differences_are_told_by_series(comparison):
    table = comparison.scores
    assert isinstance(comparison, PanelComparison)
    assert table.index.tolist() == [
        *[("naive", 0), ("seasonal_naive", 0)],
        *[(kind, seed) for seed in (0, 1) for kind in ("lstm", "rnn")],
    ]
    errors = comparison.by_id
    assert errors.index.tolist() == [f"s{number:02d}" for number in range(8)]
    gaps = errors["lstm"] - errors["naive"]
    gap = comparison.gap("lstm", "naive")
    assert gap.mean == pytest.approx(gaps.mean())
    assert gap.error == pytest.approx(gaps.std(ddof=1) / np.sqrt(8))
    assert comparison.mean_error("lstm") == pytest.approx(errors["lstm"].mean())
    told = dict(comparison.summary_table().rows)
    assert told["judged at"].startswith("8 series, 5 origins each")
    assert "8 series" in comparison.verdict + str(comparison.best_network)


def test_what_was_trained_on_is_counted_without_ids_that_a_training_left_out(comparison):
    assert comparison.details["trained on"] == "753 rows of 8 ids, the older ones of each"  # of 942
    fitted = replace(next(iter(comparison.fitted.values())), trained_rows=700, trained_ids=6)
    told = described(comparison.models, fitted)["trained on"]
    assert told == "700 rows of 6 ids, the older ones of each; 2 of 8 have too few"


def test_every_kind_is_judged_on_the_newest_rows_of_each_id_and_on_the_same_ones(comparison, panel):
    first = next(iter(comparison.models.values())).outcome
    for judged in comparison.models.values():
        np.testing.assert_array_equal(judged.outcome.series, first.series)
        assert judged.outcome.times.equals(first.times)
        np.testing.assert_array_equal(judged.outcome.actual, first.actual)
    for number, name in enumerate(comparison.ids):
        days = panel[panel.store == name].day.sort_values().reset_index(drop=True)
        newest = days[len(days) - round(0.2 * len(days)) :]
        assert set(first.times[first.series == number]) <= set(newest)


def test_the_naive_forecast_of_a_series_repeats_its_last_value(comparison, panel):
    judged = comparison.models["naive", 0]
    values = panel.set_index(["store", "day"])["units"]
    for number, name in enumerate(comparison.ids):
        own = judged.outcome.series == number
        before = [values[name, time - pd.Timedelta(days=1)] for time in judged.outcome.times[own]]
        np.testing.assert_allclose(judged.outcome.points["naive"][own], np.repeat(np.array(before)[:, None], 3, axis=1))


def test_nothing_judged_reaches_a_training(comparison, panel):
    before = comparison.models["lstm", 1].outcome
    earliest = np.searchsorted(before.series, np.arange(8))
    first = panel.store.map(dict(zip(comparison.ids, before.times[earliest], strict=True)))
    moved = panel.assign(units=panel.units.where(panel.day < first, 5 * panel.units))
    again = lab.compare(moved, **IDS, **NETWORK, **JUDGED, kinds=["lstm"])
    after = again.models["lstm", 1].outcome
    for name in ("lower", "upper"):
        np.testing.assert_array_equal(getattr(before, name)[earliest], getattr(after, name)[earliest])
    np.testing.assert_array_equal(before.points["lstm"][earliest], after.points["lstm"][earliest])
    assert not np.array_equal(before.points["lstm"], after.points["lstm"])


def test_a_comparison_is_drawn_and_written(comparison):
    figure = comparison.plot()
    assert "mean changes of a series" in figure.axes[1].get_xlabel().replace("\n", " ")
    assert figure.axes[2].get_xlabel().replace("\n", " ") == "measured coverage of the band (calibrated 90 %)"
    text = repr(comparison)
    assert "Comparison for units" in text
    assert "MASE" in text
    assert "image/png" in comparison._repr_mimebundle_()[0]


def test_a_network_without_a_mask_is_clearly_worse_on_short_series(ablation):
    assert isinstance(ablation, PanelAblation)
    errors = ablation.summary["mase"]
    assert errors[BASE] < 2  # in changes from one turn to the same one, which are noise
    assert errors[MASK] > 10 * errors[BASE]  # the mean of a series that goes up and down
    assert ablation.summary["clear"][MASK]
    assert ablation.gap(MASK, BASE).mean > 10 * ablation.gap(MASK, BASE).error
    told = dict(ablation.summary_table().rows)
    assert "training windows, masked" in told["padding"]
    assert [line[3] for line in ablation.summary_table().table if line[0] == MASK] == ["clear"]
    assert ablation.plot().axes[1].get_yticklabels()[1].get_text() == MASK


def test_an_ablation_tells_what_calibration_does(panel):
    short = {**JUDGED, "seeds": [0]}
    result = lab.ablate(panel, **IDS, **NETWORK, **short, changes=["loss: mse", "lookback: double"])
    assert result.variants[:1] == (BASE,)
    assert set(result.variants) == {BASE, "loss: mse", "lookback: double", UNCALIBRATED}
    base, bare = result.models[BASE, 0].outcome, result.models[UNCALIBRATED, 0].outcome
    assert not np.array_equal(base.lower, bare.lower)
    assert result.summary["mase_effect"][UNCALIBRATED] == 0
    assert result.models["lookback: double", 0].outcome.times.equals(base.times)


def test_processes_and_a_folder_give_the_same_numbers(panel, tmp_path):
    options = {**IDS, **NETWORK, **JUDGED, "seeds": [0], "kinds": ["lstm", "naive"]}
    here = lab.compare(panel, **options, checkpoint=str(tmp_path / "state"))
    again = lab.compare(panel, **options, checkpoint=str(tmp_path / "state"))
    there = lab.compare(panel, **options, workers=1)
    for other in (again, there):
        for name in ("lower", "upper", "crps"):
            values = (getattr(each.models["lstm", 0].outcome, name) for each in (here, other))
            np.testing.assert_array_equal(*values)


def test_stop_before_the_first_network_is_told(panel):
    stop = threading.Event()
    stop.set()
    with pytest.raises(ForecastError, match="stopped before any model was judged; let it run longer"):
        lab.compare(panel, **IDS, **NETWORK, **JUDGED, stop=stop)


def test_progress_counts_networks_and_stop_keeps_the_complete_ones(panel):
    stop, steps = threading.Event(), []

    class StopSoon(ProgressListener):
        def on_progress(self, progress):
            steps.append((progress.done, progress.total))
            if progress.done == 1:
                stop.set()

    options = {**IDS, **NETWORK, **JUDGED, "seeds": [0], "kinds": ["rnn", "lstm", "naive"]}
    result = lab.compare(panel, **options, stop=stop, listener=StopSoon())
    assert sorted(result.summary.index) == ["naive", "rnn"]
    assert result.details["stopped"] == "with 1 of 2 networks judged"
    assert steps == [(1, 2)]


def test_gaps_by_series_leave_out_those_that_are_not_judged():
    gap = difference_by_series(np.array([2.0, 4.0, np.nan]), np.array([1.0, 1.0, 1.0]))
    assert gap == (2.0, 1.0)
    assert difference_by_series(np.array([2.0]), np.array([1.0])).error == np.inf


@pytest.mark.parametrize(
    ("call", "options", "error", "message"),
    [
        ("compare", {"kinds": ["lstm", "ets"]}, OptionError, "kinds of many series are .*, got 'ets'; leave it out"),
        ("compare", {"kinds": ["naive"]}, OptionError, r"needs a network, got kinds=\['naive'\]; add one of lstm"),
        (
            "compare",
            {"adapt": True},
            OptionError,
            "adapt= says how a band follows one series, got adapt=True with many",
        ),
        ("compare", {"horizon": 90}, DataError, "judging needs 90 known steps .* shorten the horizon or raise test="),
        (
            "ablate",
            {"changes": [MASK]},
            OptionError,
            "no window is padded, .* leave 'mask: off' out",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(panel, call, options, error, message):
    with pytest.raises(error, match=message) as refused:
        getattr(lab, call)(panel, **IDS, **NETWORK, **{**JUDGED, **options})
    assert "\n" not in str(refused.value)


def test_one_series_has_no_mask_to_leave_out(panel):
    one = panel[panel.store == "s00"].set_index("day")["units"]
    with pytest.raises(OptionError, match="'mask: off' reads padding as data, and one series has none; leave it out"):
        lab.ablate(one, changes=[MASK], lookback=10)
