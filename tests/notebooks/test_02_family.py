"""What `02-family` finds out."""

import re

import pytest
from notebook_runs import outputs


def test_the_family_and_a_window_with_its_tensor_are_drawn(executed, text):
    assert sum("image/png" in output.get("data", {}) for output in outputs(executed)) >= 4
    assert "1 × 12 × 3: window, steps, inputs" in text
    assert "(1, 48, 1)" in text  # the first exercise


def test_a_network_without_order_does_not_notice_that_the_hours_are_shuffled_and_the_others_do(text):
    def moved(kind):
        (change,) = re.findall(rf"{kind}: shuffling moves the error by at most (\S+) °C", text)
        return float(change)

    for kind in ("each hour by itself", "attention, no positions"):
        assert moved(kind) < 0.01
    assert min(moved(kind) for kind in ("convolution", "plain RNN", "GRU", "LSTM")) > 0.5
    ((naive, of_day),) = re.findall(r"the last value as the forecast: (\S+) °C; the mean of the day: (\S+) °C", text)
    assert float(naive) < 2
    assert float(of_day) > 3
    lstm = re.search(r"LSTM: in order +(\d\S+) +\d", text)[1]
    assert float(lstm) == pytest.approx(float(naive), rel=0.4)


def test_a_shuffled_year_leaves_nothing_to_learn(text):
    for kind in ("each hour by itself", "LSTM"):
        (share,) = set(re.findall(rf"{kind}: the year shuffled +(−?-?\S+)", text))
        assert float(share.replace("−", "-")) < 2
    (share,) = set(re.findall(r"LSTM: the year in order +(\S+)", text))
    assert float(share) > 90
