"""What is measured of every input column, against pandas and closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.dates.time_index import uneven_steps
from lstm_lab.data.encoding.transforms import choose_transform, weigh
from lstm_lab.data.preparation import prepare
from lstm_lab.diagnostics.column_statistics import measure_columns
from lstm_lab.options import InputOptions

RNG = np.random.default_rng(0)


def walk(rows=400, **columns):
    close = 50 * np.exp(np.random.default_rng(1).normal(0, 0.02, rows).cumsum())
    return pd.DataFrame({"close": close, **columns}, index=pd.date_range("2020-01-01", periods=rows))


def measured(frame, **options):
    chosen = InputOptions.of({"target": "close", "transform": "log_return", "features": (), **options})
    ready = prepare(frame, chosen)
    raw = ready.dataset.encoder.raw(ready.dataset.frame, ready.dataset.segments)
    return ready, raw, measure_columns(ready, raw, chosen.lookback)


@pytest.fixture(scope="module")
def example():
    frame = walk(other=RNG.normal(size=400).cumsum())
    return measured(frame, features=("bollinger(5, 2)", "volatility(8)", "other"), lookback=12)


def test_correlations_ahead_are_those_of_pandas(example):
    ready, raw, found = example
    table = pd.DataFrame(raw[: ready.dataset.cuts[0].validation], columns=ready.dataset.encoder.columns).dropna()
    learnt = table.iloc[:, 0]
    size = (learnt - learnt.mean()).abs()
    for at, name in enumerate(table.columns):
        for lag in (1, 2, 7, 12):
            assert found.ahead[at, lag - 1] == pytest.approx(table[name].corr(learnt.shift(-lag)), abs=1e-12)
            assert found.size_ahead[at, lag - 1] == pytest.approx(table[name].corr(size.shift(-lag)), abs=1e-12)
        assert found.persistence[at] == pytest.approx(table[name].autocorr(1), abs=1e-12)
    np.testing.assert_allclose(found.alike, table.corr().to_numpy(), atol=1e-12)
    assert found.ahead.shape == (4, 12)
    assert found.pairs == len(table) - 1
    assert found.chance == pytest.approx(2 / np.sqrt(len(table) - 1))


def test_the_plain_numbers_are_those_of_the_rows_that_the_encoding_is_fitted_on(example):
    ready, raw, found = example
    table = pd.DataFrame(raw[: ready.dataset.cuts[0].validation])
    np.testing.assert_array_equal(found.lost, table.isna().sum())
    assert found.lost.tolist() == [1, 4, 8, 0]
    table = table.dropna()
    np.testing.assert_allclose(found.mean, ready.dataset.encoder.mean)
    np.testing.assert_allclose(found.sd, ready.dataset.encoder.scale)
    np.testing.assert_array_equal(found.minimum, table.min())
    np.testing.assert_array_equal(found.maximum, table.max())
    assert found.rows == len(table)


def test_no_pair_reaches_over_a_gap():
    """Two stretches that say opposite things: across the gap there would be a pair more."""
    frame = walk(200)
    late = frame.index[100:] + pd.Timedelta(days=60)
    broken = frame.set_axis(frame.index[:100].append(late))
    for options, pairs in (({}, 158), ({"features": ("momentum(3)",)}, 154 - 0)):
        ready, raw, found = measured(broken, **options)
        usable = np.isfinite(raw[: ready.dataset.cuts[0].validation]).all(axis=1)
        expected = sum(
            usable[at] and usable[at + 1] and ready.dataset.segments[at] == ready.dataset.segments[at + 1]
            for at in range(ready.dataset.cuts[0].validation - 1)
        )
        assert found.pairs == expected
        assert found.pairs < ready.dataset.cuts[0].validation - 1
        assert pairs >= found.pairs


def test_rows_after_training_change_nothing_but_how_far_they_are_out():
    frame = walk(400, other=RNG.normal(size=400).cumsum())
    options = {"features": ("other", "rsi(5)"), "lookback": 10}
    ready, _, before = measured(frame, **options)
    wild = frame.copy()
    wild.iloc[ready.dataset.cuts[0].validation :] *= 40
    after = measured(wild, **options)[2]
    for name in before.__slots__:
        if name != "beyond":
            np.testing.assert_array_equal(getattr(before, name), getattr(after, name), err_msg=name)
    assert after.beyond[1] > before.beyond[1]


def test_how_far_later_rows_are_out_is_in_standard_deviations():
    other = np.tile([-1.0, 1.0], 100)
    other[190] = 8.0
    other[195] = -4.0
    found = measured(walk(200, other=other), features=("other",))[2]
    assert found.beyond[1] == pytest.approx(7.0, rel=1e-3)
    assert measured(walk(200, other=np.tile([-1.0, 1.0], 100)), features=("other",))[2].beyond[1] == 0.0


def test_a_constant_column_has_no_correlation_and_no_spread():
    found = measured(walk(200, flat=np.full(200, 0.1)), features=("flat",))[2]
    assert found.sd[1] == 0.0
    assert (found.same[1], found.usual[1]) == (1.0, 0.1)
    assert np.isnan(found.ahead[1]).all()
    assert np.isnan(found.alike[1, 0])


@pytest.mark.parametrize(("feature", "reach"), [("bollinger(5, 2)", 5), ("rsi(5)", 6)])
def test_where_an_indicator_had_nothing_to_measure_is_counted(feature, reach):
    frame = walk(300)
    frame.iloc[100:130] = 42.0
    ready, raw, found = measured(frame, transform="diff", features=(feature,))
    expected = 30 - reach + 1
    rows = np.isfinite(raw[: ready.dataset.cuts[0].validation]).all(axis=1).sum()
    assert found.undefined[1] == pytest.approx(expected / rows)
    assert measured(walk(300), transform="diff", features=(feature,))[2].undefined[1] == 0.0


def test_an_rsi_of_fifty_that_was_measured_is_not_taken_for_one_that_could_not_be():
    frame = walk(200)
    frame["close"] = 50.0 + np.tile([0.0, 1.0], 100)
    ready, raw, found = measured(frame, transform="diff", features=("rsi(2)",))
    assert (raw[5 : ready.dataset.cuts[0].validation, 1] == 50.0).all()
    assert found.undefined[1] == 0.0


def test_one_more_transform_is_weighed_like_those_of_auto():
    y = walk(400)["close"].to_numpy()
    index = pd.date_range("2020-01-01", periods=400)
    for candidate in choose_transform(y, index).candidates:
        assert weigh(candidate.label, y) == candidate
    assert weigh("seasonal_diff(11)", y).error > 0
    assert weigh("diff", y[:3]) is None


@pytest.mark.parametrize(
    ("index", "odd"),
    [
        (pd.date_range("2020-01-01", periods=50, freq="h"), 0),
        (pd.date_range("2020-01-31", periods=50, freq="ME"), 0),
        (pd.date_range("2000-12-31", periods=30, freq="YE"), 0),
        (pd.bdate_range("2020-01-01", periods=60).delete([20]), 0),
        (pd.date_range("2020-03-20", periods=20, freq="D", tz="Europe/Berlin"), 0),
        (pd.date_range("2020-01-01", periods=50, freq="h").delete([20]), 1),
        (pd.date_range("2020-01-31", periods=50, freq="ME").delete([20]), 1),
        (pd.RangeIndex(50), 0),
        (pd.Index([0.0, 1.0, 2.0, 3.5, 4.5]), 1),
    ],
)
def test_steps_that_are_not_the_usual_one_are_marked(index, odd):
    marked = uneven_steps(index)
    assert marked.shape == (len(index) - 1,)
    assert marked.sum() == odd


def test_encoded_is_raw_standardised():
    ready = prepare(lab.example("co2"), InputOptions.of({"features": ("momentum(3)",), "transform": "diff"}))
    raw = ready.dataset.encoder.raw(ready.dataset.frame, ready.dataset.segments)
    encoded = ready.dataset.encoder.encode(ready.dataset.frame, ready.dataset.segments)
    np.testing.assert_allclose(
        encoded, (raw - ready.dataset.encoder.mean) / ready.dataset.encoder.scale, rtol=1e-5, atol=1e-6
    )
