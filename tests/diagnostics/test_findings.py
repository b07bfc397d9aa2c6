"""Findings appear where they are true, and only there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab

ROWS = 1000


def series(rows=ROWS, freq="h", seed=0):
    rng = np.random.default_rng(seed)
    y = 100 * np.exp(rng.normal(0, 0.01, rows).cumsum())
    return pd.DataFrame({"y": y}, index=pd.date_range("2020-01-06", periods=rows, freq=freq))


def steady(rows=ROWS, seed=7):
    """A covariate that moves slowly and stays where it has been."""
    return np.sin(np.arange(rows) / 15) + np.random.default_rng(seed).normal(0, 0.05, rows)


def found(frame, *features, **options):
    report = lab.features(frame, **{"target": "y", "features": features, "transform": "log_return", **options})
    return {one.kind: one.text for one in report.findings}


def test_nothing_is_found_where_nothing_is_wrong():
    assert found(series().assign(x=steady()), "bollinger(20, 2)", "hour", "x") == {}


def test_no_window_at_all_is_a_finding_and_not_a_failure():
    kinds = found(series(120), "rsi(14)", lookback=150)
    assert "lower lookback to at most" in kinds["windows"]
    report = lab.features(series(120), target="y", lookback=150)
    assert "no windows" in report.rows_in_words()
    assert "every part needs a window" in found(series(300), lookback=250)["windows"]


def test_few_windows_are_told_by_their_number():
    assert "only 151 training windows" in found(series(240), lookback=40)["windows"]
    assert "windows" not in found(series(500), lookback=40)


def test_a_column_that_holds_the_answer():
    frame = series()
    frame["leak"] = np.log(frame.y).diff().shift(-1).fillna(0.0)
    assert found(frame, "leak")["foretold"].startswith("`leak` says the next target almost exactly (correlation 1.000)")
    frame["late"] = np.log(frame.y).diff().fillna(0.0)
    assert "foretold" not in found(frame, "late")


def test_a_transform_that_starts_far_behind():
    text = found(series(), transform="none")["transform"]
    assert text.startswith("the naive forecast that none starts from is off by ")
    assert "transform" not in found(series(), transform="diff")
    assert "transform" not in found(series(), transform="auto")


def test_gaps_cost_windows_that_are_counted():
    frame = series()
    broken = frame.set_axis(frame.index[:300].append(frame.index[300:] + pd.Timedelta(days=9)))
    kinds = found(broken, "rsi(14)", lookback=30)
    whole = ROWS - 14 - 30
    assert kinds["gaps"].startswith(f"1 gap cuts the series into 2 stretches and costs 44 of {whole} windows")
    assert "2020-01-18 11:00 to 2020-01-27 12:00" in kinds["gaps"]
    assert kinds["warmup"].startswith("`rsi(14)` loses 14 rows at the start and after each gap")
    assert "gaps" not in found(broken, "rsi(14)", lookback=30, max_gap="20D")


def test_a_slow_feature_is_named_where_it_costs_much():
    assert "`seasonal(24, 7)` loses 167 rows at the start, 21 %" in found(series(), "seasonal(24, 7)")["warmup"]
    assert "warmup" not in found(series(), "rsi(14)")
    frame = series()
    broken = frame.set_axis(frame.index[:300].append(frame.index[300:] + pd.Timedelta(days=9)))
    assert "warmup" not in found(broken, "momentum(2)")


def test_uneven_steps():
    frame = series()
    kinds = found(frame.drop(frame.index[[50, 51, 400]]))
    assert kinds["steps"].startswith(
        "2 of 796 steps are not the usual 1 h, but too short for a gap (the first after 2020-01-08 01"
    )
    rng = np.random.default_rng(0)
    jittered = frame.set_axis(frame.index[0] + pd.to_timedelta(rng.uniform(30, 90, ROWS).cumsum(), unit="min"))
    assert "resample the series" in found(jittered)["steps"]
    assert "steps" not in found(series(freq="B"), transform="diff")
    assert "steps" not in found(series(200, freq="MS"), transform="diff", lookback=10)


def test_numbers_that_were_written_otherwise():
    frame = series()
    written = frame.assign(y=[f"${value:,.4f}" for value in frame.y])
    assert found(written)["read"].startswith(
        f"'y': '${frame.y.iloc[0]:,.4f}' is read as {frame.y.iloc[0]:.4f}; see decimal"
    )
    assert "read" not in found(frame)


def test_missing_values_that_were_filled_or_dropped():
    frame = series()
    frame.iloc[[5, 6, 700]] = np.nan
    assert found(frame, missing="interpolate")["missing"].startswith("3 missing values were filled in")
    assert found(frame, missing="drop")["missing"].startswith("3 rows were dropped and 997 rows are left")


def test_columns_that_never_or_hardly_ever_change():
    frame = series().assign(flat=3.0, rare=(np.arange(ROWS) % 20 == 0).astype(float), coin=np.arange(ROWS) % 2)
    kinds = found(frame, "flat", "rare", "coin")
    assert kinds["constant"].startswith("`flat` is 3 in every training row")
    assert kinds["mostly"].startswith("`rare` is 0 in 95 % of the training rows")
    assert not {"constant", "mostly"} & set(found(frame, "coin"))


def test_an_indicator_without_anything_to_measure():
    frame = series()
    frame.iloc[100:140] = 80.0
    kinds = found(frame, "bollinger(20, 2)", transform="diff")
    assert kinds["undefined"].startswith("`bollinger(20, 2)` had no width on 3 % of the training rows (0.5 is used)")
    assert "undefined" not in found(series(), "bollinger(20, 2)", "rsi(14)")


def test_duplicates_are_named_with_what_they_repeat():
    frame = series().assign(x=steady())
    frame["twice"] = 2 * frame.x + 1
    text = found(frame, "x", "twice")["alike"]
    assert text.startswith("`twice` nearly repeats `x` (correlation 1.000)")
    assert "alike" not in found(frame, "x")
    assert found(frame, "log_return")["twice"].startswith("`log_return` is what the network learns")
    assert "twice" not in found(frame, "momentum(3)")


def test_later_rows_outside_what_training_has_seen():
    x = steady()
    x[-30:] += 7 * x[:800].std() + np.ptp(x)
    text = found(series().assign(x=x), "x")["beyond"]
    assert text.startswith("`x` leaves the range of the training rows in the newest 20 %, by ")
    far = float(text.split(" sd;")[0].rsplit(" ", 1)[1])
    frame = series().assign(x=x)
    seen = frame.x[:800]
    assert far == pytest.approx((x.max() - seen.max()) / seen.std(ddof=0), abs=0.06)
    assert "beyond" not in found(series().assign(x=steady()), "x")


def test_a_target_near_zero_whose_log_returns_training_has_not_seen():
    cold = series()
    cold["y"] = 20 + steady() * 2
    cold.iloc[-60:] -= 17
    assert found(cold, transform="log_return")["beyond"].endswith("so try transform=diff")
    assert found(cold, transform="none")["beyond"].endswith("learn its change (transform=diff)")
    assert found(cold, transform="diff")["beyond"].endswith("look at those rows")


def test_one_value_far_out():
    x = steady()
    x[200] = 60.0
    text = found(series().assign(x=x), "x")["far"]
    assert text.startswith("`x` is 60 at 2020-01-14 08:00, ")
    assert "far" not in found(series().assign(x=steady()), "x")


def test_a_covariate_that_holding_does_not_serve():
    noise = np.random.default_rng(3).normal(size=ROWS)
    text = found(series().assign(x=noise), "x")["held"]
    assert text.startswith("a forecast holds `x` at its last value, which says little of the next (correlation ")
    assert "held" not in found(series().assign(x=steady()), "x")


def seasonal(rows=2000, *, louder=False, seed=0):
    """The same wave every day, and noise that is louder at night, or the same all day."""
    rng = np.random.default_rng(seed)
    hours = np.arange(rows) % 24
    noise = rng.normal(0, 1, rows) * (np.where(hours < 12, 0.2, 3.0) if louder else 1.0)
    y = 100 + 10 * np.sin(2 * np.pi * hours / 24) + noise
    return pd.DataFrame({"y": y}, index=pd.date_range("2020-01-01", periods=rows, freq="h"))


def test_the_hour_repeats_a_season_of_a_day_if_it_tells_nothing_more():
    kinds = found(seasonal(), "hour", transform="seasonal_diff(24)")
    assert kinds["season"].startswith("`hour` repeats the season that seasonal_diff(24) removes")
    assert "season" not in found(seasonal(louder=True), "hour", transform="seasonal_diff(24)")
    assert "season" not in found(seasonal(), "hour", transform="seasonal_diff(7)")
    assert "season" not in found(seasonal(), "hour", transform="diff")
    assert "season" not in found(seasonal(), "auto", transform="auto")


def test_rows_that_are_only_counted_although_a_column_looks_like_dates():
    days = [f"{day}. März 2023" for day in range(1, 29)] * 10
    frame = pd.DataFrame({"Tag": days[:280], "y": series(280).y.to_numpy()})
    with pytest.warns(UserWarning, match="'Tag'"):
        text = found(frame, transform="diff", lookback=10)["counted"]
    assert text.startswith("rows are only counted, though")
    assert "'Tag'" in text
    assert "counted" not in found(series(280), transform="diff", lookback=10)


def test_dates_that_could_be_read_in_another_way():
    frame = series(36).assign(month=[f"01/{month:02d}/{year}" for year in (2015, 2016, 2017) for month in range(1, 13)])
    options = {"time": "month", "transform": "diff", "lookback": 4}
    assert found(frame, **options)["dates"].startswith("`month` is read day first")
    assert "dates" not in found(frame, **options, dayfirst=True)


def near_zero(lowest, rows=ROWS):
    rng = np.random.default_rng(4)
    y = np.maximum(rng.normal(1.0, 2.0, rows), 0.0) + lowest
    return pd.DataFrame({"y": y}, index=pd.date_range("2020-01-06", periods=rows, freq="h"))


def test_a_target_that_was_never_below_zero_and_whose_band_would_be():
    text = found(near_zero(0.0), transform="diff")["below"]
    assert text.startswith("`y` is never below 0 in 1,000 rows, but a band of diff would be below 0 after ")
    assert text.endswith("; forecast with floor=0")
    assert found(near_zero(0.1), transform="diff")["below"].endswith("transform=log_return, or forecast with floor=0")
    assert found(near_zero(0.1), transform="none")["below"].endswith("transform=log, or forecast with floor=0")
    assert found(near_zero(0.1), transform="seasonal_diff(24)")["below"].endswith(
        "learn transform=seasonal_log_return(24), or forecast with floor=0"
    )


def test_a_band_that_cannot_reach_below_zero_is_no_finding():
    assert "below" not in found(near_zero(0.1), transform="log")  # stays above it
    assert "below" not in found(near_zero(-0.1), transform="diff")  # has been below
    assert "below" not in found(near_zero(100.0), transform="diff")  # far from it
    assert "below" not in found(series(), transform="diff")
    once = near_zero(0.0).clip(upper=0.0)
    once.iloc[::40] = 1.0  # falls in one row of forty: a 90 % band ends at 0
    assert "below" not in found(once, transform="diff")
