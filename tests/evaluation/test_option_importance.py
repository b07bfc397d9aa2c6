"""What mattered in a search: the option that decides is found, and none where chance decides."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_lab.evaluation.option_importance import FEWEST, option_importance
from lstm_lab.options import read_space

SPACE = read_space("units=8|16|32; dropout=0..0.5; learning_rate=1e-4..1e-1:log")


def trials(count, seed=0):
    rng = np.random.default_rng(seed)
    return [SPACE.draw(rng) for _ in range(count)]


def test_the_option_that_decides_is_found():
    values = trials(40)
    noise = 0.001 * np.random.default_rng(7).normal(size=40)
    scores = np.array([1.0 + (each["units"] != (16,)) for each in values]) + noise
    table = option_importance(SPACE, values, scores)
    assert table.index[0] == "units"
    assert table.loc["units", "share"] > 0.6
    assert table.loc["units", "best"] == "16"
    assert table["clear"].to_dict() == {"units": True, "dropout": False, "learning_rate": False}


def test_a_range_counts_in_three_parts_and_one_bad_trial_does_not_rule():
    values = trials(30)
    scores = np.array([each["dropout"] for each in values])
    scores[3] = 1e9
    table = option_importance(SPACE, values, scores)
    assert table.index[0] == "dropout"
    assert table.loc["dropout", "clear"]
    low = sorted(each["dropout"] for each in values)
    assert table.loc["dropout", "best"] == f"{low[0]:.4g} to {low[9]:.4g}"


def test_the_share_is_that_of_kruskal_and_wallis():
    stats = pytest.importorskip("scipy.stats")
    values = trials(24, 3)
    scores = np.random.default_rng(1).normal(size=24)
    table = option_importance(SPACE, values, scores)
    groups = [scores[[each["units"] == size for each in values]] for size in ((8,), (16,), (32,))]
    assert table.loc["units", "share"] == pytest.approx(stats.kruskal(*groups).statistic / 23)


def test_chance_alone_is_rarely_clear():
    clear = []
    for seed in range(40):
        scores = np.random.default_rng(1000 + seed).normal(size=20)
        clear += list(option_importance(SPACE, trials(20, seed), scores, seed)["clear"])
    assert np.mean(clear) < 0.1


def test_few_trials_tell_nothing_and_equal_ones_no_share():
    assert option_importance(SPACE, trials(FEWEST - 1), np.ones(FEWEST - 1)).empty
    table = option_importance(SPACE, trials(FEWEST), np.ones(FEWEST))
    assert (table["share"] == 0).all()
    assert not table["clear"].any()
