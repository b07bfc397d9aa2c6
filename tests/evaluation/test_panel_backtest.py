"""Backtests of many series: scaled by series, clustered by series, the worst first, bad bands by name."""

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import ForecastError, OptionError
from lstm_lab.evaluation.holdout import judge_on_newest
from lstm_lab.evaluation.panel_backtest import PanelBacktest, PanelOutcome, seasonal_scales
from tests.data.panels import made_panel

IDS = {"id": "store", "target": "units", "time": "day"}
NETWORK = {"lookback": 14, "units": [5], "dense": [], "epochs": 3, "seed": 1}
HORIZON = 5


@pytest.fixture(scope="module")
def whole():
    return made_panel(8, rows=(150, 220), end="2023-12-31", seed=4)


@pytest.fixture(scope="module")
def run(whole):
    return lab.train(whole[whole.day < "2023-12-01"], **IDS, **NETWORK)


@pytest.fixture(scope="module")
def newest(run, whole):
    return lab.backtest(run, whole, horizon=HORIZON, origins=20, paths=100)


def made(errors, inside, interval=90.0):
    """Make a backtest of given errors, (series, origins, horizon), and share of hits of each series."""
    series, origins, horizon = errors.shape
    rng = np.random.default_rng(0)
    actual = np.zeros((series * origins, horizon))
    hits = rng.random(errors.shape) < np.asarray(inside)[:, None, None]
    upper = np.where(hits, 1.0, -1.0).reshape(actual.shape)
    outcome = PanelOutcome(
        series=np.repeat(np.arange(series), origins),
        times=pd.DatetimeIndex(np.tile(pd.date_range("2024-01-01", periods=origins), series)),
        actual=actual,
        points={"network": errors.reshape(actual.shape), "naive": np.ones_like(actual)},
        lower=np.full_like(actual, -1.0),
        upper=upper,
        crps=np.ones(len(actual)),
    )
    ids = tuple(f"s{number}" for number in range(series))
    return PanelBacktest(ids, outcome, np.full(series, 2.0), 0, "y", interval, "calibrated", {})


def test_errors_are_scaled_and_the_worst_series_comes_first():
    errors = np.ones((3, 4, 2)) * np.array([1.0, 3.0, 2.0])[:, None, None]
    result = made(errors, [0.9, 0.9, 0.9])
    assert result.by_id.index.tolist() == ["s1", "s2", "s0"]
    assert result.by_id["network"].tolist() == [1.5, 1.0, 0.5]
    assert result.summary.loc["network", "mase"] == pytest.approx(1.0)
    assert result.summary.loc["network", "mase_se"] == pytest.approx(np.std([0.5, 1.5, 1.0], ddof=1) / np.sqrt(3))
    assert result.summary.index.tolist() == ["naive", "network"]
    assert result.summary["best_on"].to_dict() == pytest.approx({"naive": 2 / 3, "network": 1 / 3})
    assert result.baseline == "naive"
    assert result.verdict == "network's error is 100 % above naive's; with 3 series that may be chance"
    assert dict(result.summary_table().rows)["worst ids"] == "'s1'"


@pytest.mark.parametrize(("series", "named"), [(1, None), (4, "'s3', 's2'"), (30, "'s29', 's28', 's27', 's26', 's25'")])
def test_at_most_half_of_the_series_are_listed_as_the_worst(series, named):
    errors = np.ones((series, 4, 2)) * np.arange(1, series + 1)[:, None, None]
    assert dict(made(errors, [0.9] * series).summary_table().rows).get("worst ids") == named


def test_only_bands_that_are_off_by_more_than_chance_are_named():
    result = made(np.ones((20, 40, 3)), [0.9] * 18 + [0.5, 1.0])
    assert result.off == ("s18",)  # 40 origins that all hit hold no variance, and are within chance
    told = dict(result.summary_table().rows)["off by more than chance"]
    assert "'s18' 5" in told
    assert dict(result.summary_table().rows)["judged"].startswith("20 series, 40 origins each, ")
    assert made(np.ones((20, 40, 3)), [0.9] * 20).off == ()


def test_scales_are_seasonal_changes_of_training_rows_alone():
    target = np.array([0.0, 1, 2, 3, 100, 5, 5, 5, 5, 7.0])
    series = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    training = np.array([1, 1, 1, 1, 0, 1, 1, 1, 1, 0], dtype=bool)
    scales = seasonal_scales(target, training, series, 2, 3)
    assert scales[0] == 2
    assert np.isnan(scales[1:]).all()
    short = seasonal_scales(target[:2], training[:2], series[:2], 7, 1)
    assert short.tolist() == [1.0]


def test_newer_rows_are_judged_from_the_runs_last_row_on(newest, run, whole):
    assert newest.ids == run.dataset.ids
    assert newest.outcome.times.min() == pd.Timestamp("2023-12-08")
    assert newest.outcome.times.max() == pd.Timestamp("2023-12-27")
    assert np.bincount(newest.outcome.series).tolist() == [20] * 8
    observed = whole.set_index(["store", "day"])["units"]
    first = newest.frame.loc[("s03", pd.Timestamp("2023-12-10"))]["actual"]
    assert first.tolist() == [observed["s03", day] for day in pd.date_range("2023-12-10", periods=HORIZON)]
    assert 0.75 < newest.coverage.share < 1.0
    assert "over 8 series" in str(newest.coverage)


def test_naive_forecasts_repeat_the_last_value_before_their_origin(newest, whole):
    naive = newest.outcome.points["naive"][newest.outcome.times == pd.Timestamp("2023-12-10")]
    lasts = whole[whole.day == "2023-12-09"].sort_values("store")["units"].to_numpy()
    np.testing.assert_allclose(naive, np.repeat(lasts[:, None], HORIZON, axis=1))


def test_no_value_after_an_origin_moves_its_forecast(newest, run, whole):
    changed = whole.assign(units=whole.units.where(whole.day < "2023-12-20", 3 * whole.units))
    again = lab.backtest(run, changed, horizon=HORIZON, origins=20, paths=100)
    early = newest.outcome.times < pd.Timestamp("2023-12-20")
    for name in newest.outcome.points:
        np.testing.assert_array_equal(again.outcome.points[name][early], newest.outcome.points[name][early])
    np.testing.assert_array_equal(again.outcome.upper[early], newest.outcome.upper[early])


def test_calibration_rows_are_shared_out_without_newer_ones(run):
    result = lab.backtest(run, horizon=3, origins=4, paths=50)
    for number, cuts in enumerate(run.dataset.cuts):
        own = result.outcome.times[result.outcome.series == number]
        first = run.dataset.index[run.dataset.borders[number] + (cuts.calibration + cuts.rows) // 2]
        assert own.min() >= first
    assert "earlier half calibrates" in result.details["origins lie in"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"refit": 2},
            r"refit= is for one series, got refit=2 for many: .* or backtest run.series\(id\)",
        ),
        ({"workers": 2}, "workers= is for one series, got workers=2 for many: .* in batches that fill the processor"),
        ({"adapt": True}, "adapt= is for one series, got adapt=True for many: steering follows .*; leave it out"),
        ({"checkpoint": "state"}, "checkpoint= is for one series, got checkpoint='state' for many: .* one task"),
        ({"baselines": ["naive", "ets"]}, "baselines of many series are naive and seasonal_naive, got 'ets'"),
    ],
)
def test_options_of_one_series_are_refused_in_one_line(run, options, message):
    with pytest.raises(OptionError, match=message) as refused:
        lab.backtest(run, horizon=3, **options)
    assert "\n" not in str(refused.value)


def test_rows_too_few_for_the_horizon_are_refused(run):
    with pytest.raises(ForecastError, match="needs an origin with 200 known steps after it"):
        lab.backtest(run, horizon=200)


def test_the_newest_share_of_every_series_is_judged(whole):
    result = judge_on_newest(whole, **IDS, **NETWORK, test=0.2, horizon=3, origins=3, paths=50)
    counts = whole.groupby("store").size()
    for number, name in enumerate(result.ids):
        own = result.outcome.times[result.outcome.series == number]
        days = whole[whole.store == name].day.sort_values()
        assert own.min() >= days.iloc[int(counts[name]) - round(0.2 * int(counts[name]))]


def test_picture_and_view_show_every_id_beside_the_best_baseline(newest):
    table, drawn = newest.by_id, newest.widget().wire
    assert drawn.get("names") == table.index.tolist()
    errors, changes, shares = drawn.arrays()["values"][:, :, 0]
    np.testing.assert_allclose(errors, table[newest.network], rtol=1e-6)
    np.testing.assert_allclose(changes, 100 * (table[newest.network] / table[newest.baseline] - 1), rtol=1e-4)
    np.testing.assert_allclose(shares, table["coverage"], rtol=1e-6)
    np.testing.assert_allclose(drawn.arrays()["intervals"][2], table[["coverage_low", "coverage_high"]], rtol=1e-6)
    assert drawn.get("words")[0] == newest.verdict
    assert newest.plot().axes[0].texts[-1].get_text().startswith(newest.verdict[:20])


def test_only_the_worst_of_many_series_are_drawn():
    errors = np.linspace(1, 2, 40)[:, None, None] * np.ones((40, 2, 2))
    marks = made(errors, np.full(40, 0.9)).marks
    assert (len(marks.names), marks.names[0], marks.names[-1]) == (30, "s39", "s10")
    assert marks.words[1].startswith("the worst 30 of 40 series")
    assert marks.remarks[0] == "2 origins"
