"""Forecasts of many series: each as if it were alone, in one unit of its own, calibrated together."""

import cProfile
import pstats
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import DataError, ForecastError, OptionError
from tests.data.panels import made_panel
from tests.forecasting.panel_forecasts import drawn_panel

END = "2023-12-31"
HORIZON = 7
IDS = {"id": "store", "target": "units", "time": "day"}
NETWORK = {"lookback": 14, "units": [6], "dense": [], "epochs": 5, "seed": 1}


@pytest.fixture(scope="module")
def whole():
    return made_panel(30, rows=(200, 320), end=END, seed=2)


@pytest.fixture(scope="module")
def run(whole):
    known = whole[whole.day <= pd.Timestamp(END) - pd.Timedelta(days=HORIZON)]
    return lab.train(known, **IDS, static=["region", "size"], features=["auto", "promo"], short="skip", **NETWORK)


@pytest.fixture(scope="module")
def fcs(run):
    return run.forecast(HORIZON)


def test_a_panel_forecast_maps_ids_to_forecasts(fcs, run):
    assert list(fcs) == list(run.dataset.ids)
    assert len(fcs) == 30
    assert "s07" in fcs
    assert fcs.get("nowhere") is None
    forecast = fcs["s07"]
    assert forecast.paths.shape == (200, HORIZON)
    assert forecast.index[0] == pd.Timestamp("2023-12-25")
    assert forecast.history.index[-1] == pd.Timestamp("2023-12-24")
    assert forecast.history.iloc[-1] == run.frame.loc["s07", "units"].iloc[-1]
    assert forecast.kind == "calibrated"
    assert "over 30 series" in forecast.band_name()
    assert forecast.details["store"] == "s07"


def test_the_frame_is_long_and_holds_the_band_of_every_id(fcs):
    assert fcs.frame.index.names == ["store", "day"]
    assert fcs.frame.columns.tolist() == ["median", "lower", "upper"]
    pd.testing.assert_frame_equal(fcs.frame.loc["s07"], fcs["s07"].frame[["median", "lower", "upper"]])


def test_an_unknown_id_is_refused_with_its_neighbours(fcs, run):
    for call in (lambda: fcs["s7"], lambda: run.forecast(HORIZON, ids=["s01", "s7"])):
        with pytest.raises(DataError, match=r"no id 's7' in the run; did you mean .*'s07'\?$"):
            call()
    with pytest.raises(DataError, match=r"no id 'Oslo' in the run; it has 's\d\d'.*; a new id's rows go in data=$"):
        run.forecast(HORIZON, ids=["Oslo"])
    with pytest.raises(DataError, match=r"no id 'Oslo' in the run; it has 's\d\d'[^;]*$"):
        _ = fcs["Oslo"]


def test_a_forecast_of_no_id_is_refused(run):
    with pytest.raises(ForecastError, match="ids must name at least one id, got none"):
        run.forecast(HORIZON, ids=[])


def test_actual_values_that_are_no_table_are_refused(fcs):
    with pytest.raises(ForecastError, match=r"actual is a Series or a DataFrame .* got dict"):
        fcs.plot(actual={"s07": [1.0] * HORIZON})


def test_paths_of_an_id_do_not_depend_on_the_others(fcs, run):
    some = run.forecast(HORIZON, ids=["s20", "s07"])
    assert some.ids == ("s20", "s07")
    np.testing.assert_array_equal(some["s07"].paths, fcs["s07"].paths)
    np.testing.assert_array_equal(run.forecast(HORIZON, ids="s07")["s07"].paths, fcs["s07"].paths)


def test_rows_of_a_known_id_among_others_give_the_same_paths(fcs, run):
    rows = run.frame.loc[["s07", "s20"]].reset_index()
    other = rows[rows.store == "s20"].assign(store="a new one")
    again = run.forecast(HORIZON, data=pd.concat([other, rows]))
    np.testing.assert_array_equal(again["s07"].paths, fcs["s07"].paths)
    assert not np.array_equal(again["a new one"].paths, fcs["s20"].paths)


def test_more_paths_only_add_to_few(run):
    few, many = (run.forecast(HORIZON, ids=["s03"], paths=paths, calibrate=False, combine=False) for paths in (50, 100))
    np.testing.assert_array_equal(many["s03"].paths[:50], few["s03"].paths)


def test_a_new_id_is_forecast_in_its_own_unit_without_training(run):
    new = made_panel(1, seed=11, rows=(200, 201)).assign(
        store="new", region="west", units=lambda t: 1e6 + 1e5 * t.units / t.units.std()
    )
    forecast = run.forecast(HORIZON, data=new)["new"]
    assert 0.5e6 < np.median(forecast.paths) < 3e6
    width = forecast.frame["upper"] - forecast.frame["lower"]
    assert 1e4 < width.mean() < 1e6


def test_a_new_id_with_too_few_rows_is_named(run):
    new = made_panel(2, seed=11, rows=(100, 101)).assign(region="west")
    new = pd.concat([new[new.store == "s00"].iloc[-10:], new[new.store == "s01"]])
    assert run.forecast(HORIZON, data=new).left_out == ("s00",)
    with pytest.raises(DataError, match=r"needs \d+ rows since the last gap .* no id has more than 10; add rows"):
        run.forecast(HORIZON, data=new[new.store == "s00"])


def test_bands_of_all_ids_hold_about_their_nominal_share(fcs, whole):
    scores = fcs.score(whole)
    assert len(scores) == 30
    assert (scores["steps"] == HORIZON).all()
    assert 0.8 <= scores["coverage"].mean() <= 0.98
    assert 0.85 <= fcs.coverage.share <= 0.95
    assert scores["mae"].is_monotonic_decreasing
    one = fcs["s07"].score(whole[whole.store == "s07"].set_index("day"))
    for name in ("mae", "rmse", "crps", "coverage", "width"):
        assert scores.loc["s07", name] == pytest.approx(one[name])


def test_the_measured_coverage_is_that_of_the_ids(fcs):
    assert fcs.coverage_by_id.index.tolist() == list(fcs)
    assert fcs.coverage_by_id.mean() == pytest.approx(fcs.coverage.share, abs=0.03)


def test_ids_whose_coverage_is_off_are_named_with_it_and_few_are_listed():
    fcs = drawn_panel(12)
    shares = pd.Series(np.linspace(0.5, 1.0, 12), index=pd.Index(fcs.ids))
    told = dict(replace(fcs, coverage_by_id=shares, off=("s00", "s01")).summary_table().rows)
    assert told["coverage by id"] == "50 % ('s00') to 100 % ('s11')"
    assert told["off by more than chance"] == "'s00' 50 %, 's01' 55 %"
    few = replace(drawn_panel(2), coverage_by_id=shares[:2])
    told = dict(few.summary_table().rows)
    assert told["coverage by id"] == "'s00' 50 %, 's01' 55 %"
    assert told["off by more than chance"] == "no id"
    assert replace(few, off=("s00",)).sum().off == ()
    told = dict(replace(few, paths=few.paths[:, :20]).summary_table().rows)
    assert told["band"] == "none from fewer than 50 paths; use paths=200"
    assert not {"coverage by id", "off by more than chance"} & told.keys()


def test_a_total_of_unequal_ends_names_the_id_that_ends_early():
    fcs = drawn_panel(3)
    times = fcs.times.to_numpy().copy()
    times[: fcs.horizon] -= np.timedelta64(4000, "D")
    message = rf"but 1 of 3 end before others begin, at {fcs.times[0]:%Y-%m-%d}: 's00'; leave them out with ids="
    with pytest.raises(ForecastError, match=message):
        replace(fcs, times=pd.DatetimeIndex(times)).total()


@pytest.mark.parametrize("wrong", [["s01"], {"a": 1}, ("s01", ["s02"])], ids=str)
def test_an_id_that_is_several_values_is_refused_in_one_line(run, wrong):
    fcs = drawn_panel(2)
    calls = [fcs.__getitem__, run.series, lambda name: run.cell(id=name), lambda name: run.window(id=name)]
    for call in calls:
        with pytest.raises(DataError, match=r"^an id is one value, got .*; for example 's00'$"):
            call(wrong)


def test_the_total_is_the_sum_of_the_paths_widened_by_what_sums_showed(fcs, run):
    total = fcs.total()
    summed = fcs.paths.sum(axis=0)
    stretch = fcs.total_calibration.stretch
    median = np.median(summed, axis=0)
    np.testing.assert_allclose(total.paths, median + stretch * (summed - median))
    assert total.index.equals(fcs["s07"].index)
    assert total.coverage is fcs.total_calibration.coverage
    assert 4 <= total.coverage.origins <= fcs.total_calibration.origins
    assert total.kind == "calibrated"
    assert total.history.iloc[-1] == pytest.approx(run.frame.groupby(level="day")["units"].sum().iloc[-1])


def test_sums_over_weeks_are_those_of_each_path(fcs):
    weeks = fcs.sum("W")
    np.testing.assert_allclose(weeks["s07"].paths[:, 0], fcs["s07"].paths.sum(axis=1))
    assert weeks["s07"].index.tolist() == [pd.Timestamp("2023-12-25")]
    assert weeks.coverage is fcs.sum_coverages[HORIZON - 1]
    assert weeks.kind == "calibrated"
    assert f"coverage measured for {HORIZON} steps" in weeks.details["sum"]
    thin = replace(fcs, sum_coverages=()).sum("W")
    assert (thin.coverage, thin.kind) == (None, "predictive")
    np.testing.assert_allclose(weeks.total().paths[:, 0], fcs.paths.sum(axis=(0, 2)))
    with pytest.raises(ForecastError, match=r"freq is a length of time .*, got 'fortnight'; for example"):
        fcs.sum("fortnight")


def test_series_that_end_apart_have_no_total(run):
    rows = run.frame.loc[["s07", "s20"]].reset_index()
    early = rows[(rows.store == "s20") | (rows.day < "2023-12-01")]
    with pytest.raises(ForecastError, match="but 1 of 2 end before others begin, at 2023-12-25: 's07'; leave them out"):
        run.forecast(HORIZON, data=early).total()


def test_known_futures_come_by_id_and_time(run):
    times = pd.date_range("2023-12-25", periods=HORIZON)
    known = pd.DataFrame(
        {"store": np.repeat(["s07", "s20"], HORIZON), "day": np.tile(times, 2), "promo": np.arange(2.0 * HORIZON)}
    )
    fcs = run.forecast(HORIZON, ids=["s07", "s20"], known=known, calibrate=False)
    assert not np.array_equal(fcs.paths, run.forecast(HORIZON, ids=["s07", "s20"], calibrate=False).paths)
    with pytest.raises(DataError, match=r"a row for every id and step, got none for 's08', 2023-12-25.* add that row"):
        run.forecast(HORIZON, ids=["s07", "s08"], known=known)


def test_newer_rows_move_the_origin_and_a_new_id_joins(run, whole):
    newer = whole[(whole.day > pd.Timestamp(END) - pd.Timedelta(days=HORIZON)) & (whole.store < "s10")]
    new = whole[whole.store == "s20"].assign(store="later", region="west")
    later = run.on(pd.concat([newer, new]))
    assert "later" in later.dataset.ids
    fcs = later.forecast(HORIZON, ids=["s07", "s20", "later"])
    assert fcs["s07"].index[0] == pd.Timestamp("2024-01-01")
    assert fcs["s20"].index[0] == pd.Timestamp("2023-12-25")
    assert fcs["later"].index[0] == pd.Timestamp("2024-01-01")
    for number, name in enumerate(run.dataset.ids):
        moved = later.dataset.cuts[later.dataset.ids.index(name)]
        assert moved.validation == run.dataset.cuts[number].validation
    assert later.dataset.same_training(run.dataset)
    with pytest.raises(DataError, match="newer rows come after the run's last, and those of 's07' end at 2023-12-24"):
        run.on(run.frame.loc[["s07"]].reset_index())


def test_one_id_is_forecast_like_a_lone_series_to_the_last_bit():
    one = made_panel(1, rows=(200, 201), end=END)
    options = {"features": ["auto", "promo"], **NETWORK, "epochs": 2}
    with_id = lab.train(one, **IDS, **options).forecast(HORIZON)
    lone = lab.train(one.drop(columns="store"), target="units", time="day", **options).forecast(HORIZON)
    np.testing.assert_array_equal(with_id["s00"].paths, lone.paths)
    assert with_id["s00"].coverage == lone.coverage
    assert with_id.ids == ("s00",)
    with pytest.raises(OptionError, match="ids= belongs to a run of many series"):
        lab.train(one.drop(columns="store"), target="units", time="day", **options).forecast(HORIZON, ids=["s00"])


def work_of(call):
    """Count the Python calls and the operations that TensorFlow is asked for during a call; both follow from sizes."""
    profile = cProfile.Profile()
    result = profile.runcall(call)
    stats = pstats.Stats(profile)
    asked = sum(row[0] for (_, _, name), row in stats.stats.items() if "TFE_Py" in name)
    return result, stats.total_calls, asked


def test_one_id_asks_for_at_most_three_percent_more_work_than_a_lone_series():
    one = made_panel(1, rows=(200, 201), end=END)
    options = {**NETWORK, "epochs": 4}
    work = {}
    for source, keywords in [(one.drop(columns="store"), {"target": "units", "time": "day"}), (one, IDS)] * 2:
        run, training, trained = work_of(
            lambda source=source, keywords=keywords: lab.train(source, **keywords, **options)
        )
        _, drawing, drawn = work_of(lambda run=run: run.forecast(HORIZON))
        work["id" in keywords] = (training, drawing, trained, drawn)  # of the second round, where nothing is compiled
    assert work[True][2:] == work[False][2:]
    assert work[True][0] < 1.03 * work[False][0]
    assert work[True][1] < 1.03 * work[False][1]


def test_paths_that_do_not_fit_into_memory_are_refused_before_they_are_drawn(run, monkeypatch):
    monkeypatch.setattr("lstm_lab.data.memory.budget.free_memory", lambda: 1000)
    with pytest.raises(DataError, match=r"forecasting 30 ids with 200 paths needs about .* forecast fewer of them"):
        run.forecast(HORIZON)
