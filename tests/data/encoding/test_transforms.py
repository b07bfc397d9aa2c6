from __future__ import annotations

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lstm_lab.data.encoding.transforms import choose_transform, parse_transform, weigh
from lstm_lab.errors import OptionError

LABELS = ["none", "log", "diff", "log_return", "seasonal_diff(2)", "seasonal_diff(7)", "seasonal_log_return(3)"]
EPS = np.finfo(np.float64).eps


def paths(label):
    """Batches of paths that are long enough, positive where the transform needs it."""
    positive = parse_transform(label).positive
    values = st.floats(1e-100, 1e100) if positive else st.floats(-1e100, 1e100)
    shapes = st.tuples(st.integers(1, 3), st.integers(8, 40))
    return shapes.flatmap(lambda shape: hnp.arrays(np.float64, shape, elements=values))


def close(label, got, y):
    """Hold the round trip of y, less its head, to what rounding can do.

    Sums of n changes are off by at most n ulps of the largest value on the way (the head's too); logarithms up to
    L = max|log y| carry an absolute error of about L ulps each, which becomes a relative error of y, n times over.
    """
    n = y.shape[-1]
    wanted = y[..., parse_transform(label).memory :]
    if parse_transform(label).positive:
        bound = 4 * n * (np.abs(np.log(y)).max() + 1) * EPS * wanted
    else:
        bound = 4 * n * EPS * np.abs(y).max()
    return got.shape == wanted.shape and np.all(np.abs(got - wanted) <= bound)


@pytest.mark.parametrize("label", LABELS)
@settings(deadline=None, max_examples=60)
@given(st.data())
def test_inverse_undoes_forward(label, data):
    transform = parse_transform(label)
    y = data.draw(paths(label))
    z = transform.forward(y)
    m = transform.memory
    assert z.shape == y.shape
    assert np.isnan(z[..., :m]).all()
    assert np.isfinite(z[..., m:]).all()
    back = transform.inverse(z[..., m:], y[..., :m])
    assert close(label, back, y)


@pytest.mark.parametrize("label", LABELS)
@settings(deadline=None, max_examples=30)
@given(st.data())
def test_steps_one_at_a_time_agree_with_the_whole_inverse(label, data):
    transform = parse_transform(label)
    y = data.draw(paths(label))
    m = transform.memory
    z = transform.forward(y)[..., m:]
    path = y[..., :m]
    for step in range(z.shape[-1]):
        path = np.concatenate([path, transform.invert_step(z[..., step], path)[..., None]], axis=-1)
    assert close(label, path[..., m:], y)


@pytest.mark.parametrize("label", LABELS)
@settings(deadline=None, max_examples=30)
@given(st.data())
def test_forward_of_a_prefix_is_the_prefix_of_forward(label, data):
    transform = parse_transform(label)
    y = data.draw(paths(label))
    cut = data.draw(st.integers(1, y.shape[-1]))
    np.testing.assert_array_equal(transform.forward(y[..., :cut]), transform.forward(y)[..., :cut])


def test_forward_against_values_worked_out_by_hand():
    y = np.array([1.0, 2.0, 4.0, 3.0])
    assert parse_transform("diff").forward(y)[1:].tolist() == [1, 2, -1]
    assert parse_transform("seasonal_diff(2)").forward(y)[2:].tolist() == [3, 1]
    np.testing.assert_allclose(parse_transform("log_return").forward(y)[1:], np.log([2, 2, 0.75]))
    np.testing.assert_allclose(parse_transform("log").forward(y), np.log(y))
    np.testing.assert_allclose(parse_transform("seasonal_log_return(2)").forward(y)[2:], np.log([4, 1.5]))
    step = parse_transform("seasonal_log_return(2)").invert_step(np.log(3.0), y)
    assert step == pytest.approx(12.0)  # three times the value two rows before the next


def test_forward_leaves_its_input_alone_and_gives_a_copy():
    y = np.arange(1.0, 9.0)
    kept = y.copy()
    for label in LABELS:
        parse_transform(label).forward(y)[...] = -1
        parse_transform(label).inverse(y, np.ones(7))[...] = -1
    np.testing.assert_array_equal(y, kept)


@pytest.mark.parametrize("label", ["log", "log_return", "seasonal_log_return(2)"])
def test_a_wild_path_stays_positive_and_finite(label):
    transform = parse_transform(label)
    out = transform.inverse(np.array([[800.0, 900.0], [-800.0, -900.0]]), np.ones((2, 2)))
    assert np.all(np.isfinite(out))
    assert np.all(out > 0)
    assert np.isfinite(transform.forward(out)[..., transform.memory :]).all()


@pytest.mark.parametrize("label", LABELS)
def test_a_transform_survives_pickling(label):
    again = pickle.loads(pickle.dumps(parse_transform(label)))  # noqa: S301 - our own bytes
    assert (again.label, again.memory) == (label, parse_transform(label).memory)


@pytest.mark.parametrize(
    ("label", "hint"),
    [
        ("logreturn", "did you mean 'log_return'?"),
        ("seasonal", "did you mean 'seasonal_diff(n)'?"),
        ("seasonal_diff", "for example seasonal_diff(24)"),
        ("seasonal_diff(1)", "at least 2"),
        ("seasonal_diff(2.5)", "whole number"),
        ("seasonal_diff(n)", "whole number"),
        ("seasonal_log_return", "for example seasonal_log_return(24)"),
        ("seasonal_log_retrun(24)", "did you mean 'seasonal_log_return(n)'?"),
        ("zzz", "choose from 'none'"),
    ],
)
def test_a_wrong_label_is_explained_in_one_line(label, hint):
    with pytest.raises(OptionError) as refused:
        parse_transform(label)
    assert hint in str(refused.value)
    assert repr(label) in str(refused.value)


def test_labels_are_read_with_spaces_and_keywords():
    assert parse_transform(" seasonal_diff( n = 24 ) ").label == "seasonal_diff(24)"


def noise(rows, seed=0):
    return np.random.default_rng(seed).normal(size=rows)


HOURS = pd.date_range("2024-01-01", periods=2000, freq="h")


@pytest.mark.parametrize(
    ("y", "index", "expected"),
    [
        (10 + 5 * np.sin(np.arange(2000) * 2 * np.pi / 24) + 0.5 * noise(2000), HOURS, "seasonal_diff(24)"),
        (10 + np.sin(np.arange(2000) * 2 * np.pi / 168) * 9 + 0.1 * noise(2000), HOURS, "seasonal_diff(168)"),
        (noise(2000).cumsum(), HOURS, "diff"),
        (5 + noise(2000), HOURS, "none"),
        (100 * np.exp(0.02 * noise(2000).cumsum()), pd.bdate_range("2010", periods=2000), "log_return"),
        (1000 + noise(2000).cumsum(), pd.bdate_range("2010", periods=2000), "diff"),
        (10 + 5 * np.sin(np.arange(600) * 2 * np.pi / 17) + 0.3 * noise(600), pd.RangeIndex(600), "seasonal_diff(17)"),
        (np.ones(100), pd.RangeIndex(100), "none"),
        (np.arange(3.0), pd.RangeIndex(3), "none"),
    ],
)
def test_auto_finds_what_made_the_series(y, index, expected):
    choice = choose_transform(y, index)
    assert choice.label == expected
    assert choice.reason.startswith(expected)
    assert "\n" not in choice.reason
    assert choice.label in {one.label for one in choice.candidates if one.feasible}


def test_errors_of_large_values_are_written_without_an_exponent():
    reason = choose_transform(1e6 * (5 + noise(2000)), HOURS).reason
    assert re.findall(r"\d[\d,]*,000\b", reason)
    assert "e+" not in reason


def test_auto_on_the_bundled_series():
    from lstm_lab.data.sources.bundled import EXAMPLES, example

    chosen = {}
    for name in ("temperature", "co2", "oil"):
        one = EXAMPLES[name]
        frame = example(name).iloc[: int(0.8 * len(example(name)))]
        chosen[name] = choose_transform(frame[one.target].to_numpy(), frame.index).label
    assert chosen == {"temperature": "seasonal_diff(24)", "co2": "seasonal_diff(52)", "oil": "log_return"}


def test_the_naive_errors_are_those_of_a_plain_loop():
    y = 20 + 3 * np.sin(np.arange(400) * 2 * np.pi / 24) + noise(400)
    found = {one.label: one for one in choose_transform(y, HOURS[:400]).candidates}
    errors = {"diff": [], "seasonal_diff(24)": [], "none": []}
    drift, usual = np.diff(y).mean(), (y[24:] - y[:-24]).mean()
    for origin in range(200, 370):
        for step in range(1, 31):
            season = origin + step - 24 * (1 + (step > 24))
            errors["diff"].append(y[origin] + step * drift - y[origin + step])
            errors["seasonal_diff(24)"].append(y[season] + usual * (1 + (step > 24)) - y[origin + step])
            errors["none"].append(y[: origin + 1].mean() - y[origin + step])
    for label, missed in errors.items():
        assert found[label].error == pytest.approx(np.mean(np.abs(missed)), rel=1e-9)


def test_what_cannot_be_used_says_why():
    found = {one.label: one for one in choose_transform(noise(60), HOURS[:60]).candidates}
    assert not found["log_return"].feasible
    assert "not positive" in found["log_return"].note
    assert "fewer than two seasons of 168" in found["seasonal_diff(168)"].note
    assert np.isnan(found["log"].error)


def test_a_series_that_may_reach_zero_gets_no_logarithm():
    """Log returns chosen on such rows would refuse the first zero of the rows to come."""
    index = pd.date_range("2024-01-01", periods=2000, freq="h")
    night = np.exp(2 * np.sin(2 * np.pi * np.arange(2000) / 24) + 0.1 * noise(2000).cumsum() / 10)
    found = {one.label: one for one in choose_transform(night, index).candidates}
    assert not found["log_return"].feasible
    assert "below 10% of itself within 30 rows" in found["log"].note
    calm = {one.label: one for one in choose_transform(np.sqrt(night), index).candidates}
    assert calm["log_return"].feasible


@settings(deadline=None, max_examples=50)
@given(hnp.arrays(np.float64, st.integers(1, 80), elements=st.floats(-1e6, 1e6)))
def test_auto_always_chooses_something_that_can_be_used(y):
    assume(np.ptp(y) == 0 or np.ptp(y) > 1e-9)
    label = choose_transform(y, pd.RangeIndex(len(y))).label
    assert np.isfinite(parse_transform(label).forward(y)[parse_transform(label).memory :]).all()


def test_a_transform_that_auto_does_not_consider_is_measured_as_the_others():
    y = np.exp(0.001 * np.arange(600)) * (20 + 3 * np.sin(np.arange(600) * 2 * np.pi / 24) + 0.1 * noise(600))
    growth, change = weigh("seasonal_log_return(24)", y), weigh("seasonal_diff(24)", y)
    assert growth.label == "seasonal_log_return(24)"
    assert growth.season == 24
    usual = np.log(y[24:] / y[:-24]).mean()
    missed = []
    for origin in np.unique(np.linspace(300, 569, 400).astype(int)):
        for step in range(1, 31):
            back = 1 + (step > 24)
            missed.append(y[origin + step - 24 * back] * np.exp(usual * back) - y[origin + step])
    assert growth.error == pytest.approx(np.abs(missed).mean(), rel=1e-9)
    assert growth.error < change.error


@pytest.mark.parametrize(
    ("first", "rows", "why"), [(0, 100, "1 training rows are not positive"), (1, 50, "fewer than two")]
)
def test_a_seasonal_logarithm_that_cannot_be_used_says_why(first, rows, why):
    candidate = weigh("seasonal_log_return(24)", np.arange(first, first + rows, dtype=float))
    assert not candidate.feasible
    assert why in candidate.note
