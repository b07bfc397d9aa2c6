"""A study of the mask: on series where the effect is certain, and what it refuses."""

import threading

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.evaluation.mask_effect import MaskEffect

IDS = {"id": "store", "target": "units", "time": "day"}
SMALL = {"lookback": 30, "units": [6], "dense": [], "dropout": 0, "transform": "none", "supervise": "every"}


def alternating(series=20, longest=16):
    """Make series that go up and down by turns: the next value follows from the last, and padding holds neither."""
    rng = np.random.default_rng(0)
    parts = []
    for number in range(series):
        count = int(rng.integers(12, longest + 1))
        units = 10.0 + 3.0 * (-1.0) ** np.arange(count) + 0.05 * rng.normal(size=count)
        parts.append(pd.DataFrame({"store": f"s{number:02d}", "day": np.arange(count), "units": units}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def effect():
    return lab.mask_effect(alternating(), **IDS, **SMALL, seeds=[1], epochs=30, learning_rate=0.02)


def test_a_network_without_a_mask_learns_padding_and_misses_the_series(effect):
    padded = effect.summary["padded"]
    assert padded["mask: on"] < 0.3
    assert padded["mask: off"] > 0.7  # the mean of a series that goes from one to minus one
    assert effect.ratio > 3
    assert effect.clear
    assert effect.verdict.endswith("times as large, with every seed")


def test_the_study_tells_how_much_was_padded_and_is_drawn(effect):
    told = dict(effect.summary_table().rows)
    assert told["padded"] == f"{effect.windows} of {effect.windows} training windows, 100 %"
    assert [line[0] for line in effect.summary_table().table] == ["variant", "mask: on", "mask: off"]
    bundle, _ = effect._repr_mimebundle_()
    assert "image/png" in bundle


def test_seeds_that_overlap_are_no_effect():
    index = pd.MultiIndex.from_product([["mask: on", "mask: off"], [0, 1]], names=["variant", "seed"])
    scores = pd.DataFrame({"padded": [1.0, 2.0, 1.5, 2.5], "whole": np.nan}, index=index)
    found = MaskEffect(scores, 3, 4)
    assert not found.clear
    assert found.ratio == pytest.approx(4 / 3)
    assert found.verdict == "no clear effect: without a mask 1.3 times the error, but the seeds overlap"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mask": "off"}, "sets mask= itself, got mask='off'; leave it out"),
        ({"seeds": []}, r"at least one seed, got none; use seeds=\[0, 1, 2\]"),
        ({"lookback": 4, "epochs": 1}, "shorter than the lookback of 4 rows, got none; raise lookback="),
    ],
)
def test_what_makes_no_study_is_refused_in_one_line(options, message):
    with pytest.raises(lab.LabError, match=message) as refusal:
        lab.mask_effect(alternating(3), **IDS, **{**SMALL, **options})
    assert "\n" not in str(refusal.value)


def test_a_study_that_is_stopped_at_once_says_so():
    stop = threading.Event()
    stop.set()
    with pytest.raises(lab.LabError, match="stopped before both networks of a seed were trained"):
        lab.mask_effect(alternating(3), **IDS, **SMALL, epochs=2, stop=stop)
