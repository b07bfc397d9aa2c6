"""What `04-gates` finds out."""

import re

import pytest


def test_the_lstm_by_hand_agrees_with_the_trace_and_with_keras(text):
    (cells,) = re.findall(r"largest difference of the cells to the trace: (\S+)", text)
    assert float(cells) < 1e-5
    ((hand, keras),) = re.findall(r"forecast by hand (\S+), by Keras (\S+),", text)
    assert float(hand) == pytest.approx(float(keras), abs=2e-6)
    (parts,) = re.findall(r"c - \(kept \+ written\): at most (\S+)", text)
    assert float(parts) < 1e-5
    assert re.search(r"was recalled .* lstm, forget bias 1 over 10 steps; lstm, forget bias 2 over 10, 50 steps", text)
