from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lstm_lab.data.encoding.features import _KINDS, feature, feature_names, parse_features
from lstm_lab.errors import DataError, OptionError

PATH_FEATURES = [
    "log_return",
    "bollinger(5, 2)",
    "bollinger(1, 2)",
    "volatility(4)",
    "momentum(3)",
    "rsi(6)",
    "lag(2)",
    "seasonal(4, 3)",
    "log_momentum(3)",
    "log_seasonal(4, 3)",
]
ANY_FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)


def one(text, columns=(), target="y"):
    return parse_features([text], columns, target)[0]


@pytest.fixture
def own_features():
    """Let a test register features and forget them after it."""
    before = dict(_KINDS)
    yield
    _KINDS.clear()
    _KINDS.update(before)


def walks(least=12):
    shapes = st.tuples(st.integers(1, 3), st.integers(least, 40))
    return shapes.flatmap(lambda shape: hnp.arrays(np.float64, shape, elements=st.floats(0.01, 1e6)))


@pytest.mark.parametrize("text", PATH_FEATURES)
@settings(deadline=None, max_examples=40)
@given(walks(), st.data())
def test_a_feature_of_a_prefix_is_the_prefix_of_the_feature(text, y, data):
    found = one(text)
    cut = data.draw(st.integers(1, y.shape[-1]))
    # Sums may be taken in another order, which shows in the last digits of a difference of large values.
    atol = 1e-9 * np.abs(y).max() if text.startswith(("mom", "lag", "sea")) else 1e-6
    np.testing.assert_allclose(found.function(y[..., :cut]), found.function(y)[..., :cut], rtol=1e-9, atol=atol)


@pytest.mark.parametrize("text", PATH_FEATURES)
@settings(deadline=None, max_examples=40)
@given(walks())
def test_a_value_needs_its_warmup_and_no_more(text, y):
    found = one(text)
    values = found.function(y)
    assert values.shape == y.shape
    assert values.dtype == np.float64
    assert np.isnan(values[..., : found.warmup]).all()
    assert np.isfinite(values[..., found.warmup :]).all()
    newest = found.function(y[..., -found.warmup - 1 :])[..., -1]
    np.testing.assert_allclose(newest, values[..., -1], rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("text", PATH_FEATURES)
def test_features_against_pandas(text):
    y = pd.Series(50 * np.exp(0.02 * np.random.default_rng(1).normal(size=300).cumsum()))
    logs = np.log(y)
    returns = logs.diff()
    middle, spread = y.rolling(5).mean(), y.rolling(5).std(ddof=0)
    rises, falls = y.diff().clip(lower=0).rolling(6).mean(), (-y.diff()).clip(lower=0).rolling(6).mean()
    expected = {
        "log_return": returns,
        "bollinger(5, 2)": (y - (middle - 2 * spread)) / (4 * spread),
        "bollinger(1, 2)": y * 0 + 0.5,
        "volatility(4)": returns.rolling(4).std(ddof=0),
        "momentum(3)": y - y.shift(3),
        "rsi(6)": 100 - 100 / (1 + rises / falls),
        "lag(2)": y.shift(2),
        "seasonal(4, 3)": (y.shift(3) + y.shift(7) + y.shift(11)) / 3 - y.shift(3),
        "log_momentum(3)": np.log(y / y.shift(3)),
        "log_seasonal(4, 3)": (logs.shift(3) + logs.shift(7) + logs.shift(11)) / 3 - logs.shift(3),
    }[text]
    np.testing.assert_allclose(one(text).function(y.to_numpy()), expected, rtol=1e-7, atol=1e-9)


@settings(deadline=None, max_examples=300)
@given(
    hnp.arrays(np.float64, st.integers(1, 40), elements=ANY_FINITE),
    st.integers(1, 20),
    st.floats(1e-300, 1e300),
)
def test_bollinger_is_finite_for_any_finite_prices(y, n, k):
    found = one(f"bollinger({n}, {k!r})")
    assert np.isfinite(found.function(y)[found.warmup :]).all()


@pytest.mark.parametrize("level", [0.0, 1.0, 0.1, -3.3, 1e308, -1.7e308, 5e-324, 1e-310, 1 / 3])
def test_bollinger_is_a_half_where_the_band_has_no_width(level):
    assert np.all(one("bollinger(20, 2)").function(np.full(60, level))[19:] == 0.5)


def test_bollinger_is_a_half_where_the_band_is_too_narrow_to_divide_by():
    y = np.tile([0.3, 0.1 + 0.2], 30)
    assert y[0] != y[1]
    assert np.all(one("bollinger(20, 2)").function(y)[19:] == 0.5)
    # A band a thousand times wider than rounding is a band.
    wide = np.tile([0.3, 0.3 * (1 + 1e-12)], 30)
    np.testing.assert_allclose(one("bollinger(20, 2)").function(wide)[20:22], [0.25, 0.75], rtol=1e-3)


@pytest.mark.parametrize("scale", [1e-300, 1e-5, 1.0, 1e300])
def test_bollinger_has_no_unit(scale):
    y = 50 + np.random.default_rng(0).normal(size=100).cumsum()
    found = one("bollinger(20, 2)")
    np.testing.assert_allclose(found.function(y * scale), found.function(y), rtol=1e-9)


def test_bollinger_keeps_its_digits_far_from_zero():
    y = np.random.default_rng(0).integers(0, 100, 80).astype(float)
    found = one("bollinger(10, 2)")
    # Cumulative sums of squares would have lost every digit at this height.
    np.testing.assert_allclose(found.function(y + 2.0**40), found.function(y), rtol=1e-9)


def test_a_path_below_zero_gives_numbers():
    y = np.array([[3.0, 1.0, -1.0, 0.0, 2.0, 4.0]])
    np.testing.assert_allclose(one("log_return").function(y)[0, 1:], [np.log(1 / 3), 0, 0, 0, np.log(2)])
    assert np.isfinite(one("volatility(2)").function(y)[0, 2:]).all()
    np.testing.assert_allclose(one("log_momentum(2)").function(y)[0, 2:], [0, 0, 0, 0])
    np.testing.assert_allclose(one("log_momentum(5)").function(y)[0, 5:], [np.log(4 / 3)])
    # No value of two rows of which one has no logarithm; else (log 2 + log 4) / 2 - log 4.
    np.testing.assert_allclose(one("log_seasonal(1, 2)").function(y)[0, 2:], [0, 0, 0, np.log(2 / 4) / 2])


def test_what_many_seasons_say_takes_the_noise_out_of_the_seasonal_naive_forecast():
    rng = np.random.default_rng(3)
    y = 1e6 + 10 * np.sin(2 * np.pi * np.arange(2000) / 24) + rng.normal(size=2000)
    beyond = one("seasonal(24, 7)").function(y)[200:-1]
    last_season = y[201 - 24 : -24]
    naive, averaged = (np.abs(forecast - y[201:]).mean() for forecast in (last_season, last_season + beyond))
    # One season's own noise is all of the naive error's second half; of seven, a seventh is left.
    assert averaged / naive == pytest.approx(np.sqrt((1 + 1 / 7) / 2), rel=0.05)


def test_rsi_at_its_ends():
    found = one("rsi(5)")
    assert np.all(found.function(np.arange(20.0))[5:] == 100)
    assert np.all(found.function(-np.arange(20.0))[5:] == 0)
    assert np.all(found.function(np.ones(20))[5:] == 50)
    huge = np.tile([1.7e308, -1.7e308], 10)
    assert np.isfinite(found.function(huge)[5:]).all()


def test_calendar_pairs_lie_on_the_circle_where_the_clock_says():
    times = pd.date_range("2024-01-01", periods=24 * 366, freq="h")
    for name, columns in {n: (f"{n}_sin", f"{n}_cos") for n in ("hour", "dayofweek", "month", "dayofyear")}.items():
        found = one(name)
        pair = found.function(times)
        assert (found.source, found.warmup, found.columns) == ("time", 0, columns)
        np.testing.assert_allclose((pair**2).sum(axis=1), 1.0)
    hour = one("hour").function(times)
    np.testing.assert_allclose(hour[[0, 6, 12, 18]], [[0, 1], [1, 0], [0, -1], [-1, 0]], atol=1e-12)
    np.testing.assert_allclose(one("dayofweek").function(times)[24], [np.sin(2 * np.pi / 7), np.cos(2 * np.pi / 7)])
    half_past = one("hour").function(pd.DatetimeIndex(["2024-01-01 01:30:36"]))
    np.testing.assert_allclose(half_past, [[np.sin(2 * np.pi * 1.51 / 24), np.cos(2 * np.pi * 1.51 / 24)]])
    assert len(np.unique(one("month").function(times).round(6), axis=0)) == 12
    assert len(np.unique(one("dayofyear").function(times).round(9), axis=0)) == 366


def test_hour_is_the_local_hour():
    noon = pd.DatetimeIndex(["2024-07-01 12:00"]).tz_localize("Europe/Berlin")
    np.testing.assert_allclose(one("hour").function(noon), [[0, -1]], atol=1e-12)


@pytest.mark.parametrize(
    ("text", "label", "warmup"),
    [
        ("bollinger", "bollinger(20, 2)", 19),
        ("bollinger()", "bollinger(20, 2)", 19),
        (" bollinger( k = 1.5, n=10 ) ", "bollinger(10, 1.5)", 9),
        ("bollinger(10.0, 2)", "bollinger(10, 2)", 9),
        ("rsi", "rsi(14)", 14),
        ("lag(7)", "lag(7)", 7),
        ("log_return", "log_return", 1),
        ("hour()", "hour", 0),
    ],
)
def test_texts_are_brought_to_one_form(text, label, warmup):
    found = one(text)
    assert (found.label, found.warmup) == (label, warmup)
    assert one(found.text).label == label


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("bolinger(20)", "did you mean 'bollinger'?"),
        ("humidty", "did you mean 'humidity'?"),
        ("humidity(3)", "did you mean 'humidity'?"),
        ("zzzzz", "choose from 'log_return', 'bollinger'"),
        ("lag(0)", "n is at least 1, got 0"),
        ("lag(-2)", "n is at least 1, got -2"),
        ("lag(1.5)", "whole number, got 1.5"),
        ("lag('a')", "n is a number, got 'a'"),
        ("lag(True)", "n is a number, got True"),
        ("lag(n)", "arguments are numbers"),
        ("lag(2, 3)", "write lag(n=1)"),
        ("lag(m=3)", "write lag(n=1)"),
        ("lag(2", "stand in parentheses"),
        ("lag(2) + 1", "stand in parentheses"),
        ("lag(__import__('os'))", "arguments are numbers"),
        ("lag(*[1])", "arguments are numbers"),
        ("bollinger(20, 0)", "k is above 0, got 0"),
        ("bollinger(20, 1e999)", "k is a number, got inf"),
        ("hour(3)", "write hour"),
        ("", "no feature"),
    ],
)
def test_a_wrong_text_is_explained_in_one_line(text, hint):
    with pytest.raises(OptionError) as refused:
        one(text, columns=["y", "humidity"])
    assert hint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_columns_name_means_the_column_and_parentheses_mean_the_feature():
    found = parse_features(["hour", "hour()", "price (USD)", "y"], ["y", "hour", "price (USD)"], "y")
    assert [(f.label, f.source) for f in found] == [
        ("hour", "column"),
        ("hour", "time"),
        ("price (USD)", "column"),
        ("y", "path"),
    ]


def test_repetitions_are_dropped():
    assert [f.label for f in parse_features(["rsi", "rsi(14)", "rsi(n=14)", "lag"], [], "y")] == ["rsi(14)", "lag(1)"]


def test_batches_of_any_shape():
    y = np.random.default_rng(0).random((2, 3, 30)) + 1
    for text, (i, j) in itertools.product(PATH_FEATURES, [(0, 0), (1, 2)]):
        np.testing.assert_allclose(one(text).function(y)[i, j], one(text).function(y[i, j]), rtol=1e-12, atol=1e-12)


@pytest.mark.usefixtures("own_features")
def test_a_feature_of_ones_own():
    @feature(warmup=lambda n: n - 1)
    def spread(y, n: int = 4):
        out = np.full(y.shape, np.nan)
        windows = np.lib.stride_tricks.sliding_window_view(y, n, axis=-1)
        out[..., n - 1 :] = np.ptp(windows, axis=-1)
        return out

    assert "spread" in feature_names()
    found = one("spread(3)")
    assert (found.label, found.warmup, found.columns) == ("spread(3)", 2, ("spread(3)",))
    assert found.function(np.array([1.0, 5.0, 2.0, 2.0]))[2:].tolist() == [4, 3]
    with pytest.raises(OptionError, match="n is at least 1"):
        one("spread(0)")


@pytest.mark.usefixtures("own_features")
def test_a_warmup_of_other_arguments_than_the_features_is_refused():
    @feature(warmup=lambda n: n)
    def spread(y, n: int = 4, k: int = 2):
        return y - n - k

    with pytest.raises(OptionError, match=r"takes the feature's arguments \(n, k\), got a function of n; for example"):
        one("spread(3)")


@pytest.mark.usefixtures("own_features")
def test_the_decorator_works_bare():
    @feature
    def doubled(y):
        return 2 * y

    assert doubled(3) == 6
    assert one("doubled").function(np.ones(3)).tolist() == [2, 2, 2]


@pytest.mark.usefixtures("own_features")
@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (lambda y: y - y.mean(axis=-1, keepdims=True), "must not look ahead"),
        (lambda y: np.cumsum(y, axis=-1), "needs more than its declared warmup"),
        (lambda y: y[..., 1:], "shape"),
        (lambda y: np.where(np.arange(y.shape[-1]) < 3, np.nan, y), "no value after its declared warmup of 0"),
    ],
)
def test_a_feature_that_breaks_its_promise_is_refused(function, complaint):
    function.__name__ = "mine"
    feature(function)
    with pytest.raises(DataError, match=complaint):
        one("mine")


def test_a_built_in_name_is_taken():
    def rsi(y):
        return y

    with pytest.raises(OptionError, match="'rsi', which is built in"):
        feature(rsi)


@pytest.mark.parametrize("label", ["bollinger(5, 2)", "volatility(5)", "rsi(4)", "log_return", "log_momentum(3)"])
@pytest.mark.parametrize("shift", [0.0, -0.5])
def test_a_path_s_end_alone_has_the_last_value_of_the_whole_path_to_the_bit(label, shift):
    (feature,) = parse_features([label], ["y"], "y")
    paths = np.exp(np.random.default_rng(0).normal(0, 1, (9, 30))) + shift  # with a shift, some have no logarithm
    whole = feature.function(paths)[:, -1]
    np.testing.assert_array_equal(feature.function(paths[:, -feature.warmup - 1 :])[:, -1], whole)
    assert len(np.unique(whole)) > 3


def test_a_band_of_the_smallest_and_the_largest_floats_is_that_of_their_multiples():
    (feature,) = parse_features(["bollinger(5, 2)"], ["y"], "y")
    path = np.random.default_rng(0).integers(1, 2**20, (4, 12)).astype(np.float64)
    for exponent in (-1074, 1003):
        np.testing.assert_array_equal(feature.function(np.ldexp(path, exponent)), feature.function(path))
