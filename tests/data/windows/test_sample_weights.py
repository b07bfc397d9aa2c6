from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_lab.data.windows.sample_weights import curve, effective_sample_size, sample_weights
from lstm_lab.errors import OptionError

SCHEMES = ["uniform", "linear", "exponential", "exponential:1.5", "exponential:700"]


@settings(deadline=None)
@given(st.sampled_from(SCHEMES), st.integers(1, 2000))
def test_weights_have_mean_one_and_never_fall(scheme, count):
    weights = sample_weights(scheme, count)
    assert weights.shape == (count,)
    assert weights.mean() == pytest.approx(1.0, rel=1e-12)
    assert np.all(np.diff(weights) >= 0)
    assert np.all(np.isfinite(weights))


def test_ratio_of_newest_to_oldest_is_what_the_name_says():
    assert np.allclose(sample_weights("uniform", 5), 1.0)
    linear, exponential, own = (sample_weights(scheme, 11) for scheme in ("linear", "exponential", "exponential:1"))
    assert linear[-1] / linear[0] == pytest.approx(2.0)
    assert exponential[-1] / exponential[0] == pytest.approx(np.exp(3.0))
    assert own[5] / own[0] == pytest.approx(np.exp(0.5))


def test_curve_keeps_the_shape_of_its_ages():
    t = np.linspace(0, 1, 6).reshape(2, 3)
    assert np.allclose(curve("linear", t), 0.5 + 0.5 * t)
    assert np.allclose(curve("exponential", t) * np.exp(3), np.exp(3 * t))


@pytest.mark.parametrize("scheme", ["", "quadratic", "exponential:", "exponential:-1", "linear:2", "exponential:inf"])
def test_an_unknown_scheme_is_refused_in_one_line(scheme):
    with pytest.raises(OptionError, match="uniform, linear, exponential") as refused:
        sample_weights(scheme, 3)
    assert repr(scheme) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_effective_sample_size_counts_equal_windows():
    assert effective_sample_size(np.ones(50)) == pytest.approx(50)
    assert effective_sample_size(np.array([0.0, 7.0, 0.0])) == pytest.approx(1)
    assert effective_sample_size(np.array([])) == 0
    # 0.5 to 1 in the limit of many windows: mean² / mean square = 0.75² / (7/12)
    assert effective_sample_size(sample_weights("linear", 10_000)) / 10_000 == pytest.approx(
        0.5625 / (7 / 12), rel=1e-3
    )
