import gzip
import threading

import numpy as np
import pandas as pd
import pytest
import scipy.stats

import lstm_lab as lab
from lstm_lab.cli.main import main
from lstm_lab.errors import DataError, OptionError, RunError
from lstm_lab.evaluation.benchmark import OWN, SETTINGS, bench, published
from lstm_lab.evaluation.benchmark_data import BENCHMARKS, read_benchmark
from lstm_lab.evaluation.benchmark_scores import LEVELS, naive2, normal_quantiles, scores, seasonal_naive
from lstm_lab.events import ProgressListener, TrainingListener
from lstm_lab.options import ForecastOptions, TrainOptions, shared_out
from lstm_lab.run import Run


def m4_files(folder, name, series, test):
    """Write series as M4 does: a row an id, quoted, padded with empty cells."""
    for part, rows in (("train", series), ("test", test)):
        width = max(map(len, rows.values()))
        table = pd.DataFrame([[*values, *[np.nan] * (width - len(values))] for values in rows.values()], list(rows))
        table.columns = [f"V{number + 2}" for number in range(width)]
        table.rename_axis("V1").to_csv(folder / f"{name}-{part}.csv")


@pytest.fixture
def weekly(tmp_path):
    rng = np.random.default_rng(0)
    rows = {f"W{number}": 50 + np.cumsum(rng.normal(size=100 + 10 * number)) for number in range(3)}
    m4_files(tmp_path, "Weekly", {k: v[:-13] for k, v in rows.items()}, {k: v[-13:] for k, v in rows.items()})
    return tmp_path


def test_m4_files_are_cut_at_the_end_of_their_training_part(weekly):
    data = read_benchmark("m4-weekly", weekly)
    assert data.ids == ["W0", "W1", "W2"]
    assert data.actual.shape == (1, 3, 13)
    history = data.history(0)
    assert history.index.names == ["id", "time"]
    assert history.groupby(level="id").size().tolist() == [87, 97, 107]
    np.testing.assert_array_equal(data.actual[0, 2], data.series["W2"][-13:])
    np.testing.assert_array_equal(history.loc["W1", "value"], data.series["W1"][:-13])


def test_ett_has_a_series_a_column_and_origins_a_week_apart(tmp_path):
    hours = pd.date_range("2016-07-01", periods=168 * 20 + 30, freq="h", name="date")
    for name in ("ETTh1", "ETTh2"):
        pd.DataFrame({"HUFL": np.arange(len(hours)) * 1.0, "OT": 5.0}, index=hours).to_csv(tmp_path / f"{name}.csv")
    data = read_benchmark("ett-1h", tmp_path)
    assert data.ids == ["ETTh1 HUFL", "ETTh1 OT", "ETTh2 HUFL", "ETTh2 OT"]
    assert data.actual.shape == (20, 4, 168)
    assert data.actual[0, 0, 0] == 30
    assert data.actual[19, 0, -1] == len(hours) - 1
    assert data.history(3).loc["ETTh1 HUFL"].index[-1] == hours[30 + 3 * 168 - 1]


def test_exchange_rates_may_be_packed_and_stop_at_the_row_of_the_published_table(tmp_path):
    table = np.arange(7588 * 2.0).reshape(-1, 2)
    with gzip.open(tmp_path / "exchange_rate.txt.gz", "wt") as file:
        np.savetxt(file, table, delimiter=",")
    data = read_benchmark("exchange-rate", tmp_path)
    assert [len(values) for values in data.series.values()] == [6221, 6221]
    assert data.actual[0, 0, 0] == table[6221 - 150, 0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("m4-hour", "there is no benchmark 'm4-hour'; did you mean 'm4-hourly'"),
        ("ett-1h", "ett-1h needs ETTh1.csv and ETTh2.csv"),
    ],
)
def test_a_wrong_name_or_folder_is_refused(weekly, name, message):
    with pytest.raises((DataError, OptionError), match=message):
        read_benchmark(name, weekly)


def test_files_that_are_not_the_published_ones_are_refused(tmp_path):
    for part in ("train", "test"):
        (tmp_path / f"Weekly-{part}.csv").write_text("id,a\nW1,high\n")
    with pytest.raises(DataError, match=r"Weekly-train.csv, Weekly-test.csv cannot be read as published .*anew"):
        read_benchmark("m4-weekly", tmp_path)
    m4_files(tmp_path, "Weekly", {"W1": [1.0]}, {"W1": [1.0] * 13})
    with pytest.raises(DataError, match="needs 15 rows in every series"):
        read_benchmark("m4-weekly", tmp_path)


def test_scores_follow_their_formulas(weekly):
    data = read_benchmark("m4-weekly", weekly)
    quantiles = np.array([[normal_quantiles(past, seasonal_naive(past, 13, 1), 1) for past in data.past(0)]])
    result = scores(data, quantiles)
    actual, median = data.actual[0], quantiles[0, :, LEVELS.index(0.5)]
    error = np.abs(actual - median)
    scale = np.array([np.abs(np.diff(past)).mean() for past in data.past(0)])[:, None]
    assert result["sMAPE"] == pytest.approx(np.mean(200 * error / (np.abs(actual) + np.abs(median))))
    assert result["MASE"] == pytest.approx(np.mean(error / scale))
    assert result["ND"] == pytest.approx(error.sum() / np.abs(actual).sum())
    lower, upper = quantiles[0, :, 0], quantiles[0, :, -1]
    score = (
        upper
        - lower
        + 40 * np.where(actual < lower, lower - actual, 0)
        + 40 * np.where(actual > upper, actual - upper, 0)
    )
    assert result["MSIS"] == pytest.approx(np.mean(score / scale))
    losses = [
        2 * np.abs((actual - quantiles[0, :, k]) * ((actual <= quantiles[0, :, k]) - level))
        for k, level in enumerate(LEVELS)
        if level not in (0.025, 0.975)
    ]
    assert result["SQL"] == pytest.approx(np.mean(np.mean(losses, axis=0) / scale))
    assert result["wQL"] == pytest.approx(np.mean(losses, axis=0).sum() / np.abs(actual).sum())
    assert result["coverage"] == np.mean((lower <= actual) & (actual <= upper))


def test_a_forecast_of_zero_for_a_series_of_zeros_has_no_percentage_error(weekly):
    data = read_benchmark("m4-weekly", weekly)
    data.actual[0, :2] = 0
    quantiles = np.zeros((1, 3, len(LEVELS), 13))
    assert scores(data, quantiles)["sMAPE"] == pytest.approx(200 / 3)  # all of it the third series'


def test_normal_quantiles_widen_with_each_season_ahead():
    past = np.tile([1.0, 3.0], 20) + np.arange(40) // 2 * 0.5
    quantiles = normal_quantiles(past, seasonal_naive(past, 5, 2), 2)
    deviation = 0.5  # of differences over a season
    expected = scipy.stats.norm.ppf(LEVELS)[:, None] * deviation * np.sqrt([1, 1, 2, 2, 3])
    np.testing.assert_allclose(quantiles - seasonal_naive(past, 5, 2), expected)


def test_naive2_follows_the_season_and_the_level():
    season = np.array([0.5, 1.0, 1.5, 1.0])
    past = np.tile(season, 30) * 100
    np.testing.assert_allclose(naive2(past[:-1], 6, 4), [100, 50, 100, 150, 100, 50])
    np.testing.assert_allclose(naive2(past, 6, 4), np.resize(season, 6) * 100)


@pytest.mark.parametrize("past", [np.arange(10.0), np.full(60, 3.0), np.random.default_rng(1).normal(9, 1, 60)])
def test_naive2_repeats_the_last_value_without_a_season(past):
    np.testing.assert_array_equal(naive2(past, 3, 7), np.full(3, past[-1]))


def test_every_benchmark_has_settings_and_published_rows_with_its_metrics():
    assert set(SETTINGS) == set(BENCHMARKS)
    for name, protocol in BENCHMARKS.items():
        table = published(name)
        assert len(table) > 0
        assert set(protocol.metrics) <= set(table.columns)
        assert table[list(protocol.metrics)].notna().any(axis=1).all()


TINY = {"units": 4, "dense": (), "lookback": 8, "epochs": 1, "paths": 50, "combine": False}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("m4")
    rng = np.random.default_rng(0)
    rows = {f"W{number}": 50 + np.cumsum(rng.normal(size=90 + 10 * number)) for number in range(3)}
    m4_files(folder, "Weekly", {k: v[:-13] for k, v in rows.items()}, {k: v[-13:] for k, v in rows.items()})
    return bench("m4-weekly", folder, seeds=(0, 1), **TINY)


def test_the_networks_row_stands_among_the_published_ones(result):
    table = result.summary
    assert table.index.is_unique
    assert table["OWA"].dropna().is_monotonic_increasing
    assert table.loc[OWN, "source"] == "here"
    assert table.loc["Naive2 (computed here)", "OWA"] == pytest.approx(1)
    assert table.loc["ES-RNN (Smyl; winner of M4)", "MSIS"] == 22.034
    own = result.scores
    assert own.index.tolist() == [0, 1]
    np.testing.assert_allclose(table.loc[OWN, ["OWA", "MASE"]].astype(float), own[["OWA", "MASE"]].mean())
    relative = (
        own["sMAPE"] / result.baselines.loc["Naive2", "sMAPE"],
        own["MASE"] / result.baselines.loc["Naive2", "MASE"],
    )
    np.testing.assert_allclose(own["OWA"], sum(relative) / 2)
    assert own["OWA"].nunique() == 2
    assert (own[["training_seconds", "forecast_seconds", "peak_megabytes"]] > 0).all(axis=None)


def test_the_text_names_protocol_options_costs_and_place(result):
    text = repr(result)
    for part in ("M4 weekly", "seeds", "0, 1", "units=4", "s of CPU a seed", "MB at most", "lstm_lab", "place"):
        assert part in text


def test_picture_and_view_have_a_row_for_every_model_that_is_ranked(result):
    marks, ranked = result.marks, result.summary["OWA"].dropna()
    assert list(marks.names) == list(ranked.index)
    own = marks.names.index(OWN)
    drawn = result.widget().wire.arrays()["values"][0]
    np.testing.assert_allclose(drawn[own], result.scores["OWA"], rtol=1e-6)
    others = np.delete(drawn, own, axis=0)
    np.testing.assert_allclose(others[:, 0], ranked.drop(OWN), rtol=1e-6)
    assert np.isnan(others[:, 1]).all()
    assert result.widget().wire.get("words")[0] == result.verdict
    labels = [label.get_text() for label in result.plot().axes[1].get_yticklabels()]
    assert labels[own] == OWN
    assert len(labels) == len(ranked)


def test_a_forecast_is_that_of_the_run_at_the_origin(result):
    training, simulation = shared_out({**SETTINGS["m4-weekly"], **TINY}, TrainOptions, ForecastOptions)
    run = lab.train(result.data.history(0), id="id", target="value", seed=0, **training)
    forecasts = run.forecast(13, interval=95, seed=0, **simulation)
    quantiles = np.array([[[forecasts[name].quantile(level) for level in LEVELS] for name in result.data.ids]])
    assert scores(result.data, quantiles)["MASE"] == pytest.approx(result.scores.loc[0, "MASE"], rel=1e-6)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"horizon": 5}, "fixes horizon=, got 5; leave it out"),
        ({"seed": 1}, "fixes seed=, got 1; seeds= takes several"),
    ],
)
def test_what_the_protocol_fixes_is_refused(weekly, option, message):
    with pytest.raises(OptionError, match=message):
        bench("m4-weekly", weekly, **option)


class Stopping(TrainingListener, ProgressListener):
    """Sets the flag once a training with this number has begun."""

    def __init__(self, number, stop):
        self.left, self.stop = number, stop

    def on_start(self, plan):  # noqa: ARG002 - the listener's signature
        self.left -= 1
        if self.left == 0:
            self.stop.set()


def test_a_seed_that_was_stopped_is_left_out(weekly):
    stop = threading.Event()
    result = bench("m4-weekly", weekly, seeds=(0, 1, 2), stop=stop, listener=Stopping(2, stop), **TINY)
    assert result.scores.index.tolist() == [0]
    assert "stopped before the others" in repr(result)
    with pytest.raises(RunError, match="stopped before one seed was complete"):
        bench("m4-weekly", weekly, seeds=(0, 1), stop=stop, **TINY)


def test_a_series_too_short_for_the_features_is_named(weekly):
    message = "needs a forecast of every series, but 2 of 3 have too few rows to train on, such as 'W0'; use a lower"
    with pytest.raises(OptionError, match=message):
        bench("m4-weekly", weekly, seeds=(0,), **TINY, features="log_momentum(77)")


def test_an_interrupted_forecast_gives_no_row(weekly, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "forecast", interrupted)
    with pytest.raises(RunError, match="stopped before one seed was complete"):
        bench("m4-weekly", weekly, seeds=(0,), **TINY)


def test_the_command_line_leaves_the_table(weekly, capsys, monkeypatch):
    monkeypatch.chdir(weekly)
    flags = "--seeds 3 --units 4 --dense none --lookback 8 --epochs 1 --paths 50 --combine off --out own.csv"
    assert main(["bench", "m4-weekly", "--data", ".", *flags.split()]) == 0
    out = capsys.readouterr().out
    assert "Benchmark m4-weekly" in out
    assert pd.read_csv("own.csv", index_col="model").loc[OWN, "source"] == "here"
