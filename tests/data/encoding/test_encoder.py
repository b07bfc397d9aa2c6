from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.encoding.encoder import Encoder
from lstm_lab.data.encoding.features import _KINDS, feature
from lstm_lab.errors import DataError, OptionError

FEATURES = ["log_return", "bollinger(5, 2)", "rsi(4)", "lag(3)", "price", "hour", "humidity", "volatility(3)"]
TRANSFORMS = ["none", "log", "diff", "log_return", "seasonal_diff(6)", "seasonal_log_return(6)"]


def made(rows=120, seed=0):
    rng = np.random.default_rng(seed)
    index = pd.date_range("2024-01-01", periods=rows, freq="h", name="time")
    price = 50 * np.exp(0.02 * rng.normal(size=rows).cumsum())
    return pd.DataFrame({"price": price, "humidity": rng.random(rows)}, index=index)


def whole(frame):
    return np.zeros(len(frame), dtype=np.int64)


def fitted(frame, transform="log_return", features=FEATURES, rows=slice(0, 80), segments=None):
    segments = whole(frame) if segments is None else segments
    return Encoder.fit(frame, "price", transform, features, rows, segments)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_training_rows_are_standardised(transform):
    frame = made()
    encoder = fitted(frame, transform)
    rows = encoder.encode(frame, whole(frame))
    assert rows.dtype == np.float32
    assert rows.shape == (120, len(encoder.columns))
    assert np.isnan(rows[: encoder.warmup]).any(axis=1).all()
    assert np.isfinite(rows[encoder.warmup :]).all()
    train = rows[encoder.warmup : 80].astype(np.float64)
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(train.std(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_simulated_path_is_encoded_as_history_is(transform):
    frame = made()
    encoder = fitted(frame, transform)
    rows = encoder.encode(frame, whole(frame))
    known = encoder.known(frame)
    y = frame["price"].to_numpy()
    for row in range(encoder.warmup, 120):
        tail = np.stack([y[row + 1 - encoder.tail : row + 1]] * 2)
        np.testing.assert_allclose(encoder.encode_step(tail, known[row]), rows[[row, row]], rtol=1e-6, atol=1e-6)
    # A longer tail gives the same row, and one path alone needs no batch axis.
    np.testing.assert_allclose(encoder.encode_step(y, known[-1]), rows[-1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_decode_undoes_the_target_column(transform):
    frame = made()
    encoder = fitted(frame, transform)
    y = frame["price"].to_numpy()
    z = encoder.standardise(encoder.transform.forward(y))
    for row in range(encoder.tail, 120):
        got = encoder.decode(z[row : row + 1], y[None, row - encoder.tail : row])
        np.testing.assert_allclose(got, y[row], rtol=1e-12)
    np.testing.assert_allclose(encoder.unstandardise(encoder.standardise(y)), y)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_minmax_scales_the_training_rows_from_0_to_1_and_is_undone(transform):
    frame = made()
    encoder = Encoder.fit(frame, "price", transform, ["lag(3)", "humidity"], slice(0, 80), whole(frame), "minmax")
    train = encoder.encode(frame, whole(frame))[encoder.warmup : 80]
    np.testing.assert_allclose(train.min(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(train.max(axis=0), 1, atol=1e-6)
    y = frame["price"].to_numpy()
    np.testing.assert_allclose(encoder.unstandardise(encoder.standardise(y)), y)
    again = Encoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert again.scaler == "minmax"
    np.testing.assert_array_equal(again.scale, encoder.scale)


def test_minmax_of_a_column_that_never_changes_is_0():
    frame = made().assign(humidity=0.5)
    encoder = Encoder.fit(frame, "price", "none", ["humidity"], slice(0, 80), whole(frame), "minmax")
    np.testing.assert_array_equal(encoder.encode(frame, whole(frame))[:, 1], 0)


def test_output_zero_repeats_the_naive_forecast_with_its_usual_change():
    frame = made()
    encoder = fitted(frame, "seasonal_diff(6)", [])
    y = frame["price"].to_numpy()
    usual = (y[6:80] - y[:74]).mean()
    assert encoder.decode(np.zeros(()), y[:100]) == pytest.approx(y[94] + usual)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_rows_after_training_change_nothing(transform):
    frame, other = made(), made()
    other.iloc[80:] = np.random.default_rng(5).random((40, 2)) * 1e6 + 1
    before, after = fitted(frame, transform), fitted(other, transform)
    np.testing.assert_array_equal(before.mean, after.mean)
    np.testing.assert_array_equal(before.scale, after.scale)
    a, b = (one.encode(f, whole(f))[:80] for one, f in ((before, frame), (after, other)))
    np.testing.assert_array_equal(a, b)
    other.iloc[79, 0] *= 2
    assert not np.array_equal(fitted(other, transform).mean, before.mean)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_nothing_reaches_over_a_gap(transform):
    frame = made()
    segments = (np.arange(120) >= 50).astype(np.int64)
    encoder = fitted(frame, transform, segments=segments)
    rows = encoder.encode(frame, segments)
    second = encoder.encode(frame.iloc[50:], segments[50:])
    np.testing.assert_array_equal(rows[50:], second)
    assert np.isnan(rows[50 : 50 + encoder.warmup]).any(axis=1).all()
    changed = frame.copy()
    changed.iloc[:50] += 7
    np.testing.assert_array_equal(encoder.encode(changed, segments)[50:], rows[50:])


def test_the_transformed_target_comes_first_and_only_once():
    frame = made()
    encoder = fitted(frame, "log_return", ["log_return", "hour", "bollinger"])
    assert encoder.columns == ("log_return(price)", "hour_sin", "hour_cos", "bollinger(20, 2)")
    assert (encoder.warmup, encoder.tail) == (19, 20)
    assert fitted(frame, "none", ["price", "lag"]).columns == ("price", "lag(1)")
    assert fitted(frame, "diff", ["price", "humidity"]).columns == ("diff(price)", "price", "humidity")


def test_known_knows_the_calendar_and_what_it_is_told():
    frame = made()
    encoder = fitted(frame, "diff", ["hour", "humidity", "rsi"])
    rows = encoder.encode(frame, whole(frame))
    np.testing.assert_array_equal(encoder.known(frame)[90:, 1:4], rows[90:, 1:4])
    bare = frame.iloc[90:][[]]
    unknown = encoder.known(bare)
    assert np.isnan(unknown).all(axis=0).tolist() == [True, False, False, True, True]
    held = encoder.known(bare, last=rows[89])
    np.testing.assert_allclose(held[:, 3], rows[89, 3], rtol=1e-6)
    assert np.isnan(held[:, [0, 4]]).all()


def test_a_column_that_never_changes_is_only_centred():
    frame = made()
    frame["humidity"] = 0.1
    encoder = fitted(frame)
    place = encoder.columns.index("humidity")
    assert encoder.scale[place] == 1
    np.testing.assert_allclose(encoder.encode(frame, whole(frame))[:, place], 0, atol=1e-6)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_wild_path_is_encoded_as_finite_numbers(transform):
    frame = made()
    encoder = fitted(frame, transform)
    known = encoder.known(frame)[-1]
    for wild in (1e300, 1e-300, 1e40):
        tail = np.append(frame["price"].to_numpy(), wild)
        assert np.isfinite(encoder.encode_step(tail, known)).all()
    assert np.isfinite(encoder.decode(np.array([1e5, -1e5]), np.stack([tail, tail]))).all()


def test_an_encoder_survives_json_and_pickling():
    frame = made()
    frame["hour"] = np.arange(120.0)
    encoder = fitted(frame, "seasonal_diff(6)", [*FEATURES, "hour()"])
    for again in (
        Encoder.from_json(json.loads(json.dumps(encoder.to_json()))),
        pickle.loads(pickle.dumps(encoder)),  # noqa: S301 - our own bytes
    ):
        assert again.columns == encoder.columns
        assert (again.warmup, again.tail, again.covariates) == (encoder.warmup, encoder.tail, ("hour", "humidity"))
        np.testing.assert_array_equal(again.encode(frame, whole(frame)), encoder.encode(frame, whole(frame)))


def test_a_feature_of_ones_own_must_be_there_when_a_run_is_loaded():
    @feature
    def halved(y):
        return y / 2

    try:
        saved = fitted(made(), features=["halved"]).to_json()
    finally:
        del _KINDS["halved"]
    with pytest.raises(OptionError, match=r"'halved\(\)'.*must be registered before its run is loaded"):
        Encoder.from_json(saved)


@pytest.mark.parametrize(
    ("transform", "features", "label"),
    [("log", [], "log"), ("log_return", [], "log_return"), ("diff", ["volatility(3)"], "volatility(3)")],
)
def test_a_price_that_is_not_positive_is_refused_by_row(transform, features, label):
    frame = made()
    frame.iloc[[17, 30], 0] = [-36.98, 0.0]
    with pytest.raises(DataError) as refused:
        fitted(frame, transform, features)
    expected = f"{label} needs positive values, got -36.98 in 'price' at 2024-01-01 17:00:00 (2 such rows)"
    assert str(refused.value).startswith(expected)
    fitted(frame, "diff", ["momentum", "bollinger"])


def test_refusals_name_what_is_wrong():
    frame = made()
    with pytest.raises(DataError, match="needs at least 21 training rows without a gap"):
        fitted(frame, "diff", ["bollinger"], rows=slice(0, 15))
    with pytest.raises(DataError, match="hour needs times, got an index of int64"):
        fitted(frame.reset_index(drop=True), features=["hour"])
    frame.iloc[3, 1] = np.inf
    with pytest.raises(DataError, match=r"'humidity' must have a finite value in every row, got inf at .*03:00:00"):
        fitted(frame)
    with pytest.raises(DataError, match="too large to be scaled"):
        fitted(made() * 1e300, "none", [])
