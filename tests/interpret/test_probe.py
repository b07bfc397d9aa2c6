"""Which unit tells of something, and a text coloured by it."""

import numpy as np
import pytest

import lstm_lab as lab
from lstm_lab.models.backend import keras

TEXT = "ab$\n(c) " * 2


@pytest.fixture(scope="module")
def traced():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((len(TEXT), 1)), keras.layers.LSTM(3), keras.layers.Dense(1)])
    return lab.trace(model, np.sin(np.arange(len(TEXT)))[:, None])


def test_correlations_are_numpys_and_the_strongest_unit_comes_first(traced):
    values = np.arange(len(TEXT)) % 4 == 1
    table = traced.correlate(values)
    expected = np.corrcoef(traced.layers[0].cell[:, 1], values)[0, 1]
    assert table.loc[1, "cell"] == pytest.approx(expected)
    assert table.abs().max(axis=1).is_monotonic_decreasing
    assert traced.correlate(traced.layers[0].cell[:, 2]).loc[2, "cell"] == pytest.approx(1.0)
    assert traced.correlate(traced.layers[0].cell[:, 2]).index[0] == 2
    assert (traced.correlate(np.ones(len(TEXT))) == 0).all().all()


def test_a_text_is_coloured_by_the_units_state(traced):
    letters = traced.letters(TEXT, unit=2)
    assert letters.values == pytest.approx(traced.layers[0].cell[:, 2])
    panel = letters.plot(columns=8).axes[0]
    assert len(panel.patches) == len(TEXT)
    assert [text.get_text() for text in panel.texts[:4]] == ["a", "b", r"\$", "↵"]
    red, _, blue, _ = panel.patches[int(np.argmax(letters.values))].get_facecolor()
    assert (red > blue) == (letters.values.max() > 0)
    assert letters.png()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda tr: tr.letters("ab", unit=0), "a character for each of the 16 steps of one sequence, got 2"),
        (lambda tr: tr.letters(TEXT, unit=3), "unit must be between 0 and 2, got 3"),
        (lambda tr: tr.letters(TEXT, unit=0, signal="sum"), "has no signal 'sum'; it has"),
        (lambda tr: tr.letters(TEXT, unit=0, layer=1), "layer must be between 0 and 0, got 1"),
        (lambda tr: tr.correlate([1.0]), r"a value for each of its 16 steps, got values of shape \(1,\)"),
    ],
)
def test_what_does_not_fit_the_trace_is_refused(traced, call, message):
    with pytest.raises(lab.LabError, match=message):
        call(traced)
